//! What maintaining a partitioned table asks of the catalogue beside its health.

use super::{around::beginning, ident, name};
use crate::{
    error::Result,
    model::{
        health::Partman,
        ident::{Ident, QualifiedName, literal},
        table::Oid,
    },
    pg::{Session, Tx},
};

/// The comment of a table.
pub async fn comment(session: &Session, table: Oid) -> Result<Option<String>> {
    const SQL: &str = "SELECT obj_description($1::oid, 'pg_class')";
    Ok(session.query_one("read comment", SQL, &[&table]).await?.get(0))
}

/// The columns that COPY writes: all but generated ones, as SQL, in their order.
pub async fn copied_columns(tx: &Tx<'_>, table: Oid) -> Result<Vec<String>> {
    const SQL: &str = "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum";
    let rows = tx.query("read columns", SQL, &[&table]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What is in the way of moving rows out of DEFAULT, in words.
pub async fn in_the_way_of_moves(session: &Session, table: Oid, default: Oid) -> Result<Vec<String>> {
    const SQL: &str = include_str!("../../../assets/sql/maintain_hinders.sql");
    let rows = session.query("look for what hinders", SQL, &[&table, &default]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// In whose care the partitions of a table are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Care {
    /// Not in pg_partman's.
    Nobodys,
    /// In pg_partman's.
    Partmans(Partman),
    /// This role may not read pg_partman's configuration, which is this table.
    Hidden(QualifiedName),
}

/// Looks into the configuration of pg_partman, whatever schema that is in. Versions 4 and 5 name a table alike.
pub async fn care_of(session: &Session, table: &QualifiedName) -> Result<Care> {
    const SQL: &str = "SELECT n.nspname::text, c.relname::text, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') FROM pg_extension e \
                       JOIN pg_depend d ON d.refobjid = e.oid AND d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_class'::regclass \
                       JOIN pg_class c ON c.oid = d.objid AND c.relname = 'part_config' JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE e.extname = 'pg_partman'";
    let Some(row) = session.query_opt("look for pg_partman", SQL, &[]).await? else {
        return Ok(Care::Nobodys);
    };
    let config = name(&row, 0);
    if !row.get::<_, bool>(2) {
        return Ok(Care::Hidden(config));
    }
    let ask = format!(
        "SELECT parent_table FROM {config} WHERE parent_table IN ({}, {})",
        literal(&table.plain()),
        literal(&table.to_string())
    );
    let found = session.query_opt("look into pg_partman", &ask, &[]).await?;
    Ok(found.map_or(Care::Nobodys, |row| Care::Partmans(Partman { config, parent: row.get(0) })))
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
