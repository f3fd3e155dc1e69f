//! What maintaining a partitioned table asks of the catalogue beside its health.

use tokio_postgres::Row;

use super::{around::beginning, ident, name};
use crate::{
    error::{Error, Result},
    model::{
        ident::{Ident, QualifiedName, literal},
        maintenance::Mark,
        table::Oid,
    },
    pg::{Session, Tx, session::Params},
};

/// A table that was an expired partition.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    const SQL: &str = include_str!("../../../assets/sql/maintain_expired.sql");
    let beginning = Mark::beginning(table, oid);
    let rows = session.query("look for expired partitions", SQL, &[&beginning, &oid]).await?;
    let marked = |row: &Row| {
        let rest: String = row.get(3);
        let comment = format!("{beginning}{rest}");
        Some(Marked { name: name(row, 0), oid: row.get(2), mark: Mark::read(&rest)?, comment })
    };
    Ok(rows.iter().filter_map(marked).collect())
}

/// Gives partitions that say they had expired, and are partitions again, the comment back that they had.
pub async fn unmark(session: &Session, table: &QualifiedName, oid: Oid) -> Result<()> {
    const SQL: &str = "SELECT c.oid::regclass::text, substr(obj_description(c.oid, 'pg_class'), length($2) + 1) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                       WHERE i.inhparent = $1 AND NOT i.inhdetachpending AND starts_with(obj_description(c.oid, 'pg_class'), $2)";
    let beginning = Mark::beginning(table, oid);
    for row in session.query("look for marked partitions", SQL, &[&oid, &beginning]).await? {
        let (part, rest): (String, String) = (row.get(0), row.get(1));
        let before = Mark::read(&rest).and_then(|mark| mark.before);
        let before = before.as_deref().map_or_else(|| "NULL".into(), literal);
        session.batch("take mark back", &format!("COMMENT ON TABLE {part} IS {before}")).await?;
    }
    Ok(())
}

/// The comment of a table.
pub async fn comment(session: &Session, table: Oid) -> Result<Option<String>> {
    const SQL: &str = "SELECT obj_description($1::oid, 'pg_class')";
    Ok(session.query_one("read comment", SQL, &[&table]).await?.get(0))
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
pub async fn drop_marked(session: &mut Session, marked: &Marked) -> Result<()> {
    let tx = session.begin().await?;
    if let Err(error) = claim(&tx, marked).await {
        return tx.rollback().await.and(Err(error));
    }
    tx.batch("drop partition", &format!("DROP TABLE {}", marked.name)).await?;
    tx.commit("drop partition").await
}

/// The columns that COPY writes: all but generated ones, as SQL, in their order.
pub async fn copied_columns(tx: &Tx<'_>, table: Oid) -> Result<Vec<String>> {
    const SQL: &str = "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum";
    let rows = tx.query("read columns", SQL, &[&table]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
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

/// What is in the way of moving rows out of DEFAULT, in words.
pub async fn in_the_way_of_moves(session: &Session, table: Oid, default: Oid) -> Result<Vec<String>> {
    const SQL: &str = include_str!("../../../assets/sql/maintain_hinders.sql");
    let rows = session.query("look for what hinders", SQL, &[&table, &default]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Whether pg_partman makes the partitions of a table: the table of its configuration that says so.
pub async fn partman_of(session: &Session, table: &QualifiedName) -> Result<Option<String>> {
    const SQL: &str = "SELECT n.nspname::text, c.relname::text FROM pg_extension e \
                       JOIN pg_depend d ON d.refobjid = e.oid AND d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_class'::regclass \
                       JOIN pg_class c ON c.oid = d.objid AND c.relname = 'part_config' JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE e.extname = 'pg_partman' AND has_table_privilege(c.oid, 'SELECT')";
    let Some(row) = session.query_opt("look for pg_partman", SQL, &[]).await? else { return Ok(None) };
    let config = name(&row, 0);
    let ask = format!(
        "SELECT FROM {config} WHERE parent_table IN ({}, {})",
        literal(&table.plain()),
        literal(&table.to_string())
    );
    Ok(session.query_opt("look into pg_partman", &ask, &[]).await?.map(|_| config.plain()))
}

/// The first of `name`, `name_2`, `name_3`, … that no relation and no type has, and that is not `promised`.
pub async fn free_name(
    session: &Session,
    wanted: &QualifiedName,
    promised: &[Ident],
) -> Result<QualifiedName> {
    const SQL: &str = "SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND starts_with(relname, $2) \
                       UNION SELECT typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = $1 AND starts_with(typname, $2)";
    let head = beginning(&wanted.name);
    let rows = session.query("look for a free name", SQL, &[&wanted.schema.as_str(), &head]).await?;
    let taken: Vec<Ident> = rows.iter().map(|row| ident(row, 0)).chain(promised.iter().cloned()).collect();
    let names = (1..).map(|n| match n {
        1 => wanted.name.clone(),
        n => wanted.name.with_suffix(&format!("_{n}")),
    });
    let free = names.into_iter().find(|name| !taken.contains(name));
    Ok(free.map_or_else(|| wanted.clone(), |name| wanted.sibling(name)))
}
