//! Tokens: what programs are let in with.

use crate::base::{Error, Kind, Result, WallTime};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::db::rights::{self, Whose};
use crate::store::people::{NewToken, PersonId, SecretHash, Token, checked_token_name};
use rusqlite::{Connection, named_params};

impl Database {
    /// All tokens in the order in which they were made.
    pub fn tokens(&self) -> Result<Vec<Token>> {
        self.read(list)
    }

    /// Adds a token. `Conflict` when the name is taken or there are too many.
    pub fn add_token(&self, new: &NewToken) -> Result<Token> {
        const SQL: &str = "INSERT INTO token (name, secret_hash, created_90k, role, limited)
            VALUES (:name, :hash, :created, :role, :limited) RETURNING id";
        let name = checked_token_name(&new.name)?;
        self.write(|tx| {
            let others = list(tx)?;
            if others.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
                return Err(Error::new(Kind::Conflict, format!("token {name:?}: another one has this name")));
            }
            if others.len() >= MAX_TOKENS {
                return Err(Error::new(Kind::Conflict, format!("there are {MAX_TOKENS} tokens already")));
            }
            let params = named_params! {
                ":name": name,
                ":hash": new.secret_hash,
                ":created": new.created.0,
                ":role": new.rights.role().word(),
                ":limited": new.rights.cameras().is_some(),
            };
            let id: PersonId = tx.query_row(SQL, params, |row| row.get(0)).or_sql(|| format!("add token {name:?}"))?;
            rights::write(tx, Whose::Token, id, &new.rights)?;
            list(tx)?.pop().ok_or_else(|| Error::new(Kind::Internal, "the new token is not there"))
        })
    }

    /// Takes a token back.
    pub fn remove_token(&self, id: PersonId) -> Result<()> {
        const SQL: &str = "DELETE FROM token WHERE id = :id";
        self.write(|tx| match tx.execute(SQL, named_params! {":id": id}).or_sql(|| format!("remove token {id}"))? {
            0 => Err(Error::new(Kind::NotFound, format!("token {id}: there is none"))),
            _ => Ok(()),
        })
    }
}

/// It bounds what is held in memory.
const MAX_TOKENS: usize = 64;

fn list(conn: &Connection) -> Result<Vec<Token>> {
    const SQL: &str = "SELECT id, name, secret_hash, created_90k, role, limited FROM token ORDER BY id";
    let what = || "list tokens";
    let mut cameras = rights::cameras(conn, Whose::Token)?;
    let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next().or_sql(what)? {
        let read = || -> rusqlite::Result<(PersonId, String, SecretHash, i64, String, bool)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        };
        let (id, name, secret_hash, created, role, limited) = read().or_sql(what)?;
        let rights = rights::read(&role, limited, cameras.remove(&id))?;
        tokens.push(Token { id, name, secret_hash, created: WallTime(created), rights });
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::{new_camera, temp_db};
    use crate::store::people::{Rights, Role};

    #[test]
    fn tokens_are_added_told_apart_and_taken_back() {
        let (_dir, db) = temp_db();
        let porch = db.add_camera(&new_camera("porch")).unwrap().uuid;
        let rights = Rights::new(Role::Viewer, Some(vec![porch])).unwrap();
        let new = |name: &str, n: u8, rights: &Rights| {
            let (name, rights) = (name.to_owned(), rights.clone());
            db.add_token(&NewToken { name, secret_hash: [n; 32], created: WallTime(5), rights })
        };
        let token = new(" backup ", 1, &rights).unwrap();
        assert_eq!((token.name.as_str(), &token.rights), ("backup", &rights));
        let other = new("dashboard", 2, &Rights::OWNER).unwrap();
        assert_eq!(new("BACKUP", 3, &Rights::OWNER).unwrap_err().kind(), Kind::Conflict);
        assert_eq!(db.tokens().unwrap(), [token.clone(), other.clone()]);
        db.remove_token(token.id).unwrap();
        assert_eq!(db.remove_token(token.id).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(db.tokens().unwrap(), [other]);
    }
}
