//! Sessions: browsers that are logged in.

use crate::base::{Result, WallTime};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::people::{Login, PersonId, SecretHash};
use rusqlite::{Connection, Row, named_params};

impl Database {
    /// All sessions, those that have not been used for long included.
    pub fn sessions(&self) -> Result<Vec<Login>> {
        const SQL: &str = "SELECT secret_hash, user_id, created_90k, used_90k FROM session ORDER BY secret_hash";
        let what = || "list sessions";
        self.read(|conn| {
            let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
            statement.query_map((), from_row).or_sql(what)?.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Begins a session. A user has at most [`MAX_SESSIONS`]: those that were not used for longest end.
    pub fn add_session(&self, new: &Login) -> Result<()> {
        const INSERT_SQL: &str = "INSERT INTO session (secret_hash, user_id, created_90k, used_90k)
            VALUES (:hash, :user, :created, :used)";
        const TRIM_SQL: &str = "DELETE FROM session WHERE user_id = :user AND secret_hash NOT IN
            (SELECT secret_hash FROM session WHERE user_id = :user ORDER BY secret_hash = :hash DESC, used_90k DESC LIMIT :most)";
        let Login { secret_hash: hash, user, created, used } = new;
        let params = named_params! {":hash": hash, ":user": user, ":created": created.0, ":used": used.0};
        self.write(|tx| {
            tx.execute(INSERT_SQL, params).or_sql(|| "begin a session")?;
            tx.execute(TRIM_SQL, named_params! {":user": user, ":hash": hash, ":most": MAX_SESSIONS})
                .or_sql(|| "end old sessions")?;
            Ok(())
        })
    }

    /// Notes that a session is used; one that has ended stays ended.
    pub fn use_session(&self, hash: &SecretHash, now: WallTime) -> Result<()> {
        const SQL: &str = "UPDATE session SET used_90k = :now WHERE secret_hash = :hash";
        self.write(|tx| {
            tx.execute(SQL, named_params! {":hash": hash, ":now": now.0}).or_sql(|| "note the use of a session")?;
            Ok(())
        })
    }

    /// Ends a session, if it is there.
    pub fn end_session(&self, hash: &SecretHash) -> Result<()> {
        const SQL: &str = "DELETE FROM session WHERE secret_hash = :hash";
        self.write(|tx| {
            tx.execute(SQL, named_params! {":hash": hash}).or_sql(|| "end a session")?;
            Ok(())
        })
    }
}

/// Ends the sessions of a user, but for one.
pub(super) fn end_of_user(conn: &Connection, user: PersonId, except: Option<&SecretHash>) -> Result<()> {
    const SQL: &str = "DELETE FROM session WHERE user_id = :user AND secret_hash IS NOT :except";
    conn.execute(SQL, named_params! {":user": user, ":except": except}).or_sql(|| "end a user's sessions")?;
    Ok(())
}

/// Of a user at a time: the browsers of a person, and some that were forgotten.
pub(super) const MAX_SESSIONS: i64 = 16;

fn from_row(row: &Row<'_>) -> rusqlite::Result<Login> {
    Ok(Login {
        secret_hash: row.get(0)?,
        user: row.get(1)?,
        created: WallTime(row.get(2)?),
        used: WallTime(row.get(3)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;
    use crate::store::db::testing::temp_db;
    use crate::store::people::{NewUser, Rights};

    #[test]
    fn sessions_begin_are_used_and_end() {
        let (_dir, db) = temp_db();
        let new = NewUser { name: "ann".into(), password_hash: Secret::new("$"), rights: Rights::OWNER };
        let user = db.add_user(&new).unwrap().id;
        let login = |n: u8, used| Login { secret_hash: [n; 32], user, created: WallTime(1), used: WallTime(used) };
        db.add_session(&login(1, 100)).unwrap();
        db.use_session(&[1; 32], WallTime(7)).unwrap();
        db.use_session(&[2; 32], WallTime(7)).unwrap();
        assert_eq!(db.sessions().unwrap(), [login(1, 7)]);
        // A clock that was set back does not end what begins now.
        (2..=MAX_SESSIONS as u8 + 1).for_each(|n| db.add_session(&login(n, 100 - i64::from(n))).unwrap());
        let left: Vec<u8> = db.sessions().unwrap().iter().map(|login| login.secret_hash[0]).collect();
        assert_eq!(left, (2..=MAX_SESSIONS as u8 + 1).collect::<Vec<_>>(), "the one used longest ago has ended");
        db.add_session(&login(99, 0)).unwrap();
        assert!(db.sessions().unwrap().contains(&login(99, 0)));
        db.end_session(&[99; 32]).unwrap();
        db.end_session(&[99; 32]).unwrap();
        assert!(!db.sessions().unwrap().contains(&login(99, 0)));
    }
}
