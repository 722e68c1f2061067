//! Users, programs and their rights, as the API tells and takes them.

use crate::base::{Error, Kind, Result};
use crate::store::people::{PersonId, Rights, Role};
use crate::web::auth::Person;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// Somebody who is logged in, or may.
#[derive(Debug, Serialize)]
pub(super) struct PersonJson<'a> {
    /// Null for a program, and where nobody logs in.
    pub(super) id: Option<PersonId>,
    pub(super) name: &'a str,
    role: Role,
    /// Null: all of them.
    cameras: Option<&'a [Uuid]>,
}

impl<'a> PersonJson<'a> {
    pub(super) fn new(id: Option<PersonId>, name: &'a str, rights: &'a Rights) -> Self {
        Self { id, name, role: rights.role(), cameras: rights.cameras() }
    }

    pub(super) fn of(person: &'a Person) -> Self {
        Self::new(person.user, &person.name, &person.rights)
    }
}

/// `role` and `cameras` of a question.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) role: Option<Role>,
    /// Left out; or null, which is all of them; or these.
    pub(super) cameras: Option<Option<Vec<Uuid>>>,
}

impl Wanted {
    /// The rights of somebody new.
    pub(super) fn rights(self) -> Result<Rights> {
        let role = self.role.ok_or_else(|| Error::new(Kind::BadInput, "the body: role: it is missing"))?;
        Rights::new(role, self.cameras.flatten())
    }

    /// What becomes of these rights, if anything. An owner has all cameras: who becomes one keeps no bounds.
    pub(super) fn change(self, before: &Rights) -> Result<Option<Rights>> {
        if self.role.is_none() && self.cameras.is_none() {
            return Ok(None);
        }
        let role = self.role.unwrap_or(before.role());
        let cameras = match self.cameras {
            Some(cameras) => cameras,
            None if role == Role::Owner => None,
            None => before.cameras().map(<[Uuid]>::to_vec),
        };
        Rights::new(role, cameras).map(Some)
    }
}

/// For a field that may be left out, or null, which is something else.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(d).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_change_as_far_as_they_are_named() {
        let camera = Uuid::from_u128(7);
        let some = Rights::new(Role::Viewer, Some(vec![camera])).unwrap();
        let all = Rights::new(Role::Viewer, None).unwrap();
        let change = |role, cameras, before: &Rights| Wanted { role, cameras }.change(before);
        assert_eq!(change(None, None, &some).unwrap(), None);
        assert_eq!(change(Some(Role::Viewer), None, &some).unwrap().as_ref(), Some(&some));
        assert_eq!(change(None, Some(None), &some).unwrap().as_ref(), Some(&all));
        assert_eq!(change(Some(Role::Owner), None, &some).unwrap(), Some(Rights::OWNER));
        assert_eq!(change(Some(Role::Viewer), None, &Rights::OWNER).unwrap().as_ref(), Some(&all));
        assert_eq!(change(None, Some(Some(vec![camera])), &Rights::OWNER).unwrap_err().kind(), Kind::BadInput);
        assert_eq!(Wanted::default().rights().unwrap_err().to_string(), "the body: role: it is missing");
    }
}
