//! `User`, `Login` and `Token`: who may enter, and what for.

use crate::base::{Error, Kind, Result, Secret, WallTime};
use crate::store::camera::checked_label;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Everything.
    Owner,
    /// See cameras and their film.
    Viewer,
}

impl Role {
    /// Its word in the database and in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Viewer => "viewer",
        }
    }

    /// The role of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Owner, Self::Viewer].into_iter().find(|role| role.word() == word)
    }
}

/// A role, and which cameras it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    role: Role,
    /// `None`: all, also those to come.
    cameras: Option<Vec<Uuid>>,
}

impl Rights {
    /// Those of an owner.
    pub const OWNER: Self = Self { role: Role::Owner, cameras: None };

    /// `BadInput` for an owner of some cameras: owners have them all.
    pub fn new(role: Role, cameras: Option<Vec<Uuid>>) -> Result<Self> {
        if role == Role::Owner && cameras.is_some() {
            return Err(Error::new(Kind::BadInput, "cameras: an owner has all of them; only a viewer may have some"));
        }
        Ok(Self { role, cameras })
    }

    /// Owner or viewer.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The cameras, when they are not all of them.
    pub fn cameras(&self) -> Option<&[Uuid]> {
        self.cameras.as_deref()
    }

    /// The camera is one of these.
    pub fn may_see(&self, camera: Uuid) -> bool {
        self.cameras.as_ref().is_none_or(|some| some.contains(&camera))
    }
}

/// The number of a user or a token; it is never used again.
pub type PersonId = i64;

/// Somebody who logs in with a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their row.
    pub id: PersonId,
    /// Trimmed, 1 to 64 characters; of no other user, whatever the case of ASCII letters.
    pub name: String,
    /// Argon2id in the PHC text form.
    pub password_hash: Secret,
    /// What they may do.
    pub rights: Rights,
}

/// A user to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// See [`User::name`]; blanks around it go.
    pub name: String,
    /// Argon2id in the PHC text form.
    pub password_hash: Secret,
    /// What they may do.
    pub rights: Rights,
}

/// Changes of a user: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserEdit {
    /// See [`User::name`].
    pub name: Option<String>,
    /// A new one ends the user's sessions.
    pub password_hash: Option<Secret>,
    /// But this one.
    pub kept_session: Option<SecretHash>,
    /// What they may do from now on.
    pub rights: Option<Rights>,
}

/// BLAKE3 of a secret that only a browser or a program has.
pub type SecretHash = [u8; 32];

/// A browser that is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// Of what its cookie says.
    pub secret_hash: SecretHash,
    /// Whose it is.
    pub user: PersonId,
    /// When the password was given.
    pub created: WallTime,
    /// When it was used last, to a day or so.
    pub used: WallTime,
}

/// What a program is let in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its row.
    pub id: PersonId,
    /// What it is for. As a user's name, but of tokens.
    pub name: String,
    /// Of the token itself.
    pub secret_hash: SecretHash,
    /// When it was made.
    pub created: WallTime,
    /// What the program may do.
    pub rights: Rights,
}

/// A token to be added.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// See [`Token::name`]; blanks around it go.
    pub name: String,
    /// Of the token itself.
    pub secret_hash: SecretHash,
    /// Now.
    pub created: WallTime,
    /// What the program may do.
    pub rights: Rights,
}

/// The name of a user without the blanks around it, or why it is none.
pub fn checked_user_name(name: &str) -> Result<String> {
    checked_label("user", name)
}

/// The name of a token without the blanks around it, or why it is none.
pub fn checked_token_name(name: &str) -> Result<String> {
    checked_label("token", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_has_all_cameras_and_a_viewer_may_have_some() {
        let [porch, gate] = [1, 2].map(Uuid::from_u128);
        assert!(Rights::new(Role::Owner, Some(vec![porch])).is_err());
        let some = Rights::new(Role::Viewer, Some(vec![porch])).unwrap();
        assert!(some.may_see(porch) && !some.may_see(gate));
        assert!(!Rights::new(Role::Viewer, Some(vec![])).unwrap().may_see(porch));
        assert!(Rights::new(Role::Viewer, None).unwrap().may_see(gate) && Rights::OWNER.may_see(gate));
    }

    #[test]
    fn names_are_told_apart_by_more_than_blanks() {
        assert_eq!(checked_user_name(" ann ").unwrap(), "ann");
        assert_eq!(checked_user_name("").unwrap_err().to_string(), "user name \"\": must not be empty");
        assert_eq!(checked_token_name(" ").unwrap_err().to_string(), "token name \"\": must not be empty");
    }
}
