//! Names and what they mean: between a look and a deed a table may have taken another one's name.

use crate::{
    error::{Error, Result},
    model::{ident::QualifiedName, table::Oid},
    pg::Session,
};

/// Refuses unless the name still means the table that was looked at.
pub async fn still_means(session: &Session, name: &QualifiedName, oid: Oid) -> Result<()> {
    const SQL: &str = "SELECT pg_catalog.to_regclass($1::text)::oid";
    let now: Option<Oid> =
        session.query_one("look what a name means", SQL, &[&name.to_string()]).await?.get(0);
    if now == Some(oid) { Ok(()) } else { Err(renamed(name)) }
}

/// A name means something else than it did.
pub fn renamed(name: &QualifiedName) -> Error {
    Error::Refused {
        id: "QD-166",
        object: name.plain(),
        reason: "the name means another table than when it was looked at, or none".into(),
        remedy: "look again, with --dry-run, what it means now".into(),
    }
}
