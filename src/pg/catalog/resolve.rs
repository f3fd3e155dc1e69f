//! Which table a typed name means: the role's own search_path first, then the only one of that name anywhere.

use std::cmp::Reverse;

use super::{ident, name, typed_name};
use crate::{
    error::{Error, Result},
    model::{
        ident::{Ident, QualifiedName},
        table::Oid,
    },
    pg::Session,
};

/// The OID of the table that `typed_name` means.
pub async fn resolve(session: &Session, typed_name: &str) -> Result<Oid> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_resolve.sql");
    let typed = typed_name::parse(typed_name)?;
    let schema = typed.schema.as_ref();
    let (schema_folded, schema_exact) = (schema.map(|s| &s.folded), schema.map(|s| &s.exact));
    let params: crate::pg::session::Params<'_> =
        &[&typed.name.folded, &typed.name.exact, &schema_folded, &schema_exact];
    let found: Vec<(Oid, QualifiedName, bool)> = session
        .query("resolve name", SQL, params)
        .await?
        .iter()
        .map(|row| (row.get(0), name(row, 1), row.get(3)))
        .collect();
    match &found[..] {
        [] => Err(unknown(session, typed_name, &typed.name.folded).await?),
        // The query's order is the search's, so the first is what SQL would take.
        [(oid, ..)] => Ok(*oid),
        [(oid, _, on_path), ..] if *on_path || schema.is_some() => Ok(*oid),
        several => Err(ambiguous(typed_name, several)),
    }
}

fn ambiguous(typed_name: &str, found: &[(Oid, QualifiedName, bool)]) -> Error {
    let names: Vec<_> = found.iter().map(|(_, name, _)| name.plain()).collect();
    Error::Usage {
        reason: format!("{typed_name} could be {}", names.join(" or ")),
        remedy: "type the schema too".into(),
    }
}

async fn unknown(session: &Session, typed_name: &str, wanted: &str) -> Result<Error> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_names.sql");
    let rows = session.query("read table names", SQL, &[]).await?;
    let database: String =
        session.query_one("name database", "SELECT current_database()::text", &[]).await?.get(0);
    let near = nearest(wanted, rows.iter().map(|row| (name(row, 0), ident(row, 1))));
    Ok(Error::Refused {
        id: "QD-001",
        object: typed_name.to_owned(),
        reason: format!("there is no such table in database {database} that this role can see"),
        remedy: if near.is_empty() {
            "look at the list of tables, or check database and role".into()
        } else {
            format!("did you mean {}", near.join(" or "))
        },
    })
}

/// How many near matches are worth reading.
const NEAR: usize = 3;

/// The names most like `wanted`, best first, none that is far.
fn nearest(wanted: &str, names: impl Iterator<Item = (QualifiedName, Ident)>) -> Vec<String> {
    let mut near: Vec<_> = names
        .filter_map(|(full, short)| Some((likeness(wanted, &short.as_str().to_lowercase())?, full.plain())))
        .collect();
    near.sort_unstable_by_key(|(likeness, full)| (Reverse(*likeness), full.clone()));
    near.into_iter().take(NEAR).map(|(_, full)| full).collect()
}

/// In thousandths, the share of letter pairs that two names have in common; `None` below a third.
fn likeness(a: &str, b: &str) -> Option<usize> {
    let pairs = |text: &str| -> Vec<(char, char)> {
        // The ends count too, so that one-letter names have pairs.
        let padded: Vec<char> = [' '].into_iter().chain(text.chars()).chain([' ']).collect();
        padded.windows(2).map(|pair| (pair[0], pair[1])).collect()
    };
    let (ours, mut theirs) = (pairs(a), pairs(b));
    let all = ours.len() + theirs.len();
    let mut common = 0;
    for pair in ours {
        if let Some(at) = theirs.iter().position(|other| *other == pair) {
            theirs.swap_remove(at);
            common += 1;
        }
    }
    let likeness = 2_000 * common / all;
    (likeness >= 333).then_some(likeness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_matches_are_the_alike_ones() {
        let names = ["chat_messages", "chat_sessions", "users", "Chat_Message", "x"];
        let all = || names.iter().map(|n| (QualifiedName::new("public", *n), Ident::new(*n)));
        assert_eq!(
            nearest("chat_mesages", all()),
            ["public.chat_messages", "public.Chat_Message", "public.chat_sessions"]
        );
        assert_eq!(nearest("usrs", all()), ["public.users"]);
        assert!(nearest("zzz", all()).is_empty());
    }
}
