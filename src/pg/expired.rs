//! Expired partitions that were detached: each says in its comment what is to become of it.
//!
//! Whoever brings that about claims it first: under the lock it must still be what it was when it was looked at.

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::{
    error::{Error, Result},
    model::{
        ident::{QualifiedName, literal},
        maintenance::Mark,
        table::Oid,
    },
    pg::{Session, Tx, session::Params},
};

/// A table that was an expired partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    /// Its name.
    pub name: QualifiedName,
    /// Its OID.
    pub oid: Oid,
    /// What it says of itself.
    pub mark: Mark,
    /// The whole comment.
    comment: String,
}

/// Tables that say that they are expired partitions of `table`.
pub async fn marked(session: &Session, table: &QualifiedName, oid: Oid) -> Result<Vec<Marked>> {
    const SQL: &str = include_str!("../../assets/sql/maintain_expired.sql");
    let beginning = Mark::beginning(table, oid);
    let rows = session.query("look for expired partitions", SQL, &[&beginning, &oid]).await?;
    let marked = |row: &Row| {
        let rest: String = row.get(3);
        let comment = format!("{beginning}{rest}");
        Some(Marked {
            name: QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)),
            oid: row.get(2),
            mark: Mark::read(&rest)?,
            comment,
        })
    };
    Ok(rows.iter().filter_map(marked).collect())
}

/// Gives partitions that say they had expired, and are partitions again, the comment back that they had; how many.
pub async fn unmark(session: &Session, table: &QualifiedName, oid: Oid) -> Result<usize> {
    const SQL: &str = "SELECT c.oid::regclass::text, substr(obj_description(c.oid, 'pg_class'), length($2) + 1) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                       WHERE i.inhparent = $1 AND NOT i.inhdetachpending AND starts_with(obj_description(c.oid, 'pg_class'), $2)";
    let beginning = Mark::beginning(table, oid);
    let rows = session.query("look for marked partitions", SQL, &[&oid, &beginning]).await?;
    for row in &rows {
        let (part, rest): (String, String) = (row.get(0), row.get(1));
        let before = Mark::read(&rest).and_then(|mark| mark.before);
        let before = before.as_deref().map_or_else(|| "NULL".into(), literal);
        session.batch("take mark back", &format!("COMMENT ON TABLE {part} IS {before}")).await?;
    }
    Ok(rows.len())
}

/// Takes an expired partition for itself, if it still is what it was when it was looked at.
pub async fn claim(tx: &Tx<'_>, marked: &Marked) -> Result<()> {
    const SAYS: &str = "SELECT FROM pg_class WHERE oid = $1 AND oid = $2::text::regclass AND NOT relispartition AND obj_description(oid, 'pg_class') = $3";
    tx.batch("lock partition", &format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", marked.name)).await?;
    let params: Params<'_> = &[&marked.oid, &marked.name.to_string(), &marked.comment];
    match tx.query_opt("look at partition again", SAYS, params).await? {
        Some(_) => Ok(()),
        None => Err(changed(&marked.name)),
    }
}

/// Drops an expired partition, if it still is what it was.
pub async fn drop(session: &mut Session, marked: &Marked) -> Result<()> {
    let tx = session.begin().await?;
    if let Err(error) = claim(&tx, marked).await {
        return Err(tx.undo(error).await);
    }
    tx.batch("drop partition", &format!("DROP TABLE {}", marked.name)).await?;
    tx.commit("drop partition").await
}

/// Something is not what a decision was made by.
pub fn changed(object: &QualifiedName) -> Error {
    Error::Refused {
        id: "QD-166",
        object: object.plain(),
        reason: "it is not what it was when it was looked at; nothing was changed".into(),
        remedy: "run it again".into(),
    }
}
