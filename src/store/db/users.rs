//! Users: who logs in with a password.

use crate::base::{Error, Kind, Result, Secret};
use crate::store::db::error::SqlResult;
use crate::store::db::rights::{self, Whose};
use crate::store::db::{Database, sessions};
use crate::store::people::{NewUser, PersonId, Role, User, UserEdit, checked_user_name};
use rusqlite::{Connection, OptionalExtension, named_params};

impl Database {
    /// All users in the order in which they were added.
    pub fn users(&self) -> Result<Vec<User>> {
        self.read(list)
    }

    /// Adds the first owner. `Conflict` when there is one already, also when two try at the same time.
    pub fn add_first_owner(&self, new: &NewUser) -> Result<User> {
        self.write(|tx| match owners(tx)? {
            0 => add(tx, new),
            _ => Err(Error::new(Kind::Conflict, "there is an owner already: log in")),
        })
    }

    /// Adds a user. `Conflict` when the name is taken or there are too many.
    pub fn add_user(&self, new: &NewUser) -> Result<User> {
        self.write(|tx| add(tx, new))
    }

    /// Changes a user. `Conflict` when nobody would be owner any more.
    pub fn edit_user(&self, id: PersonId, edit: &UserEdit) -> Result<User> {
        const SQL: &str = "UPDATE user SET name = ifnull(:name, name), password_hash = ifnull(:hash, password_hash),
            role = ifnull(:role, role), limited = ifnull(:limited, limited) WHERE id = :id";
        let name = edit.name.as_deref().map(checked_user_name).transpose()?;
        self.write(|tx| {
            let before = get(tx, id)?;
            if let Some(name) = &name {
                refuse_taken_name(tx, name, id)?;
            }
            let params = named_params! {
                ":id": id,
                ":name": name,
                ":hash": edit.password_hash.as_ref().map(Secret::reveal),
                ":role": edit.rights.as_ref().map(|rights| rights.role().word()),
                ":limited": edit.rights.as_ref().map(|rights| rights.cameras().is_some()),
            };
            tx.execute(SQL, params).or_sql(|| format!("edit user {:?}", before.name))?;
            if let Some(rights) = &edit.rights {
                rights::write(tx, Whose::User, id, rights)?;
            }
            if edit.password_hash.is_some() {
                sessions::end_of_user(tx, id, edit.kept_session.as_ref())?;
            }
            must_have_owner(tx, &before)?;
            get(tx, id)
        })
    }

    /// Removes a user, whose sessions end. `Conflict` for the last owner.
    pub fn remove_user(&self, id: PersonId) -> Result<()> {
        const SQL: &str = "DELETE FROM user WHERE id = :id";
        self.write(|tx| {
            let before = get(tx, id)?;
            tx.execute(SQL, named_params! {":id": id}).or_sql(|| format!("remove user {:?}", before.name))?;
            must_have_owner(tx, &before)
        })
    }
}

/// There are few, so all are read.
fn list(conn: &Connection) -> Result<Vec<User>> {
    const SQL: &str = "SELECT id, name, password_hash, role, limited FROM user ORDER BY id";
    let what = || "list users";
    let mut cameras = rights::cameras(conn, Whose::User)?;
    let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    let mut users = Vec::new();
    while let Some(row) = rows.next().or_sql(what)? {
        let read = || -> rusqlite::Result<(PersonId, String, String, String, bool)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        };
        let (id, name, hash, role, limited) = read().or_sql(what)?;
        let rights = rights::read(&role, limited, cameras.remove(&id))?;
        users.push(User { id, name, password_hash: Secret::new(hash), rights });
    }
    Ok(users)
}

fn get(conn: &Connection, id: PersonId) -> Result<User> {
    let found = list(conn)?.into_iter().find(|user| user.id == id);
    found.ok_or_else(|| Error::new(Kind::NotFound, format!("user {id}: there is none")))
}

fn add(conn: &Connection, new: &NewUser) -> Result<User> {
    const SQL: &str = "INSERT INTO user (name, password_hash, role, limited)
        VALUES (:name, :hash, :role, :limited) RETURNING id";
    let name = checked_user_name(&new.name)?;
    refuse_taken_name(conn, &name, 0)?;
    if list(conn)?.len() >= MAX_USERS {
        return Err(Error::new(Kind::Conflict, format!("there are {MAX_USERS} users already")));
    }
    let params = named_params! {
        ":name": name,
        ":hash": new.password_hash.reveal(),
        ":role": new.rights.role().word(),
        ":limited": new.rights.cameras().is_some(),
    };
    let id = conn.query_row(SQL, params, |row| row.get(0)).or_sql(|| format!("add user {name:?}"))?;
    rights::write(conn, Whose::User, id, &new.rights)?;
    get(conn, id)
}

/// More than any house has; it bounds what is held in memory.
const MAX_USERS: usize = 64;

fn refuse_taken_name(conn: &Connection, name: &str, except: PersonId) -> Result<()> {
    const SQL: &str = "SELECT 1 FROM user WHERE name = :name AND id <> :except";
    let params = named_params! {":name": name, ":except": except};
    match conn.query_row(SQL, params, |_| Ok(())).optional().or_sql(|| "look for a user's name")? {
        Some(()) => Err(Error::new(Kind::Conflict, format!("user {name:?}: another one has this name"))),
        None => Ok(()),
    }
}

fn owners(conn: &Connection) -> Result<i64> {
    const SQL: &str = "SELECT count(*) FROM user WHERE role = 'owner'";
    conn.query_row(SQL, (), |row| row.get(0)).or_sql(|| "count owners")
}

/// Nothing is committed when the last owner would go.
fn must_have_owner(conn: &Connection, changed: &User) -> Result<()> {
    if changed.rights.role() == Role::Owner && owners(conn)? == 0 {
        let why = format!("user {:?}: is the last owner; make somebody else an owner first", changed.name);
        return Err(Error::new(Kind::Conflict, why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::WallTime;
    use crate::store::db::Film;
    use crate::store::db::testing::{new_camera, reopen, temp_db};
    use crate::store::people::{Login, Rights};

    fn new_user(name: &str, rights: Rights) -> NewUser {
        NewUser { name: name.into(), password_hash: Secret::new("$argon2id$1"), rights }
    }

    fn viewer(cameras: Option<Vec<uuid::Uuid>>) -> Rights {
        Rights::new(Role::Viewer, cameras).unwrap()
    }

    #[test]
    fn the_first_owner_is_made_once() {
        let (dir, db) = temp_db();
        db.add_user(&new_user("ann", viewer(None))).unwrap();
        let owner = db.add_first_owner(&new_user(" owner ", Rights::OWNER)).unwrap();
        assert_eq!(owner.name, "owner");
        let again = db.add_first_owner(&new_user("other", Rights::OWNER)).unwrap_err();
        assert_eq!((again.kind(), again.to_string().as_str()), (Kind::Conflict, "there is an owner already: log in"));
        assert_eq!(reopen(&dir, db).users().unwrap()[1], owner);
    }

    #[test]
    fn a_viewers_cameras_are_kept_and_go_with_the_camera() {
        let (_dir, db) = temp_db();
        let [porch, gate] = ["porch", "gate"].map(|name| db.add_camera(&new_camera(name)).unwrap().uuid);
        let user = db.add_user(&new_user("ann", viewer(Some(vec![gate, porch, gate])))).unwrap();
        assert_eq!(user.rights.cameras().unwrap(), [porch, gate]);
        db.remove_camera(porch, Film::Condemn).unwrap();
        assert_eq!(db.users().unwrap()[0].rights, viewer(Some(vec![gate])));
        db.remove_camera(gate, Film::Condemn).unwrap();
        assert_eq!(db.users().unwrap()[0].rights, viewer(Some(vec![])), "none is not all");
        let edit = |rights| db.edit_user(user.id, &UserEdit { rights: Some(rights), ..UserEdit::default() });
        assert_eq!(edit(viewer(Some(vec![gate]))).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(edit(viewer(None)).unwrap().rights, viewer(None));
    }

    #[test]
    fn the_last_owner_stays_owner() {
        let (_dir, db) = temp_db();
        let first = db.add_first_owner(&new_user("first", Rights::OWNER)).unwrap();
        let demote = UserEdit { rights: Some(viewer(None)), ..UserEdit::default() };
        let why = "user \"first\": is the last owner; make somebody else an owner first";
        assert_eq!(db.remove_user(first.id).unwrap_err().to_string(), why);
        assert_eq!(db.edit_user(first.id, &demote).unwrap_err().to_string(), why);
        assert_eq!(db.users().unwrap(), std::slice::from_ref(&first), "nothing of it happened");
        let second = db.add_user(&new_user("second", Rights::OWNER)).unwrap();
        db.edit_user(first.id, &demote).unwrap();
        assert_eq!(db.remove_user(second.id).unwrap_err().kind(), Kind::Conflict);
        db.remove_user(first.id).unwrap();
        assert_eq!(db.remove_user(first.id).unwrap_err().kind(), Kind::NotFound);
    }

    #[test]
    fn names_differ_by_more_than_case() {
        let (_dir, db) = temp_db();
        let ann = db.add_user(&new_user("Ann", viewer(None))).unwrap();
        let bob = db.add_user(&new_user("bob", viewer(None))).unwrap();
        assert_eq!(db.add_user(&new_user("ann", viewer(None))).unwrap_err().kind(), Kind::Conflict);
        let rename = |user: &User, name: &str| {
            db.edit_user(user.id, &UserEdit { name: Some(name.into()), ..UserEdit::default() })
        };
        assert_eq!(rename(&bob, "ANN").unwrap_err().kind(), Kind::Conflict);
        assert_eq!(rename(&ann, "ANN").unwrap().name, "ANN");
    }

    #[test]
    fn a_new_password_ends_the_users_other_sessions() {
        let (_dir, db) = temp_db();
        let [ann, bob] = ["ann", "bob"].map(|name| db.add_user(&new_user(name, viewer(None))).unwrap().id);
        let login = |n: u8, user| Login { secret_hash: [n; 32], user, created: WallTime(1), used: WallTime(1) };
        let all = [login(1, ann), login(2, ann), login(3, bob)];
        all.iter().for_each(|login| db.add_session(login).unwrap());
        db.edit_user(ann, &UserEdit { name: Some("Anne".into()), ..UserEdit::default() }).unwrap();
        assert_eq!(db.sessions().unwrap(), all);
        let kept_session = Some([2; 32]);
        let password_hash = Some(Secret::new("$argon2id$2"));
        db.edit_user(ann, &UserEdit { password_hash, kept_session, ..UserEdit::default() }).unwrap();
        assert_eq!(db.sessions().unwrap(), all[1..]);
        db.remove_user(ann).unwrap();
        assert_eq!(db.sessions().unwrap(), all[2..]);
    }

    #[test]
    fn there_is_an_end_to_users() {
        let (_dir, db) = temp_db();
        (0..MAX_USERS).for_each(|n| _ = db.add_user(&new_user(&n.to_string(), viewer(None))).unwrap());
        assert_eq!(db.add_user(&new_user("one more", viewer(None))).unwrap_err().kind(), Kind::Conflict);
    }
}
