//! Partitions whose time is over.

use super::{Deed, Found, News, Wish};
use crate::{
    error::{Error, Result},
    model::{health::Facts, ident::QualifiedName, maintenance::OnExpiry},
    ops::{
        archive::{self, Expired},
        partition::{self, Half, Site, Then, concurrently},
    },
    pg::{Session, catalog},
};

const ARCHIVED: &str = "archived";
const DROPPED: &str = "dropped";

/// How the comment of an expired partition begins.
fn beginning(table: &QualifiedName) -> String {
    format!("Quarterdeck: expired partition of {table}, to be ")
}

/// The whole comment.
fn mark(table: &QualifiedName, fate: &str, bounds: &str) -> String {
    format!("{}{fate}; it was {bounds}", beginning(table))
}

/// What the rest of a comment says: the fate, and the bounds.
fn read_mark(rest: &str) -> Option<(&str, &str)> {
    rest.split_once("; it was ")
}

/// Expired partitions whose fate this run may bring about, and those that wait for another one.
pub(super) async fn marked(
    session: &Session,
    table: &QualifiedName,
    on_expiry: OnExpiry,
) -> Result<(Vec<QualifiedName>, Vec<QualifiedName>)> {
    let all = catalog::marked(session, &beginning(table)).await?;
    let may = |fate: &str| match on_expiry {
        OnExpiry::Detach => false,
        OnExpiry::Drop => fate == DROPPED,
        // What was to be dropped loses nothing by being archived first.
        OnExpiry::Archive => fate == ARCHIVED || fate == DROPPED,
    };
    let (now, later): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| read_mark(&one.rest).is_some_and(|(fate, _)| may(fate)));
    let names = |all: Vec<catalog::Marked>| all.into_iter().map(|one| one.name).collect();
    Ok((names(now), names(later)))
}

/// Detaches a partition, and drops it where that is wanted; what is to be archived is marked.
pub(super) async fn expire(
    session: &mut Session,
    wish: &Wish,
    (found, site): (&Found, &Site),
    part: &QualifiedName,
    said: &mut (dyn FnMut(News) + Send),
) -> Result<Deed> {
    let table = &site.table.name;
    let bounds = bounds(&found.facts, part)?;
    let on_expiry = wish.keep.on_expiry;
    if site.default.is_some() {
        let then = match on_expiry {
            OnExpiry::Detach => Then::Nothing,
            OnExpiry::Drop => Then::Drop,
            OnExpiry::Archive => Then::Mark(mark(table, ARCHIVED, bounds)),
        };
        let change = site.detach(part, &then);
        let outcome = change.run(session, wish.patience, &mut |one| said(News::Attempt(one))).await?;
        super::fit::in_time(found, wish, outcome)?;
        let is_dropped = on_expiry == OnExpiry::Drop;
        return Ok(if is_dropped { Deed::Dropped(part.clone()) } else { Deed::Detached(part.clone()) });
    }
    // Between its two transactions nobody can say what is to become of it: it is said before.
    let fate = match on_expiry {
        OnExpiry::Detach => None,
        OnExpiry::Drop => Some(DROPPED),
        OnExpiry::Archive => Some(ARCHIVED),
    };
    if let Some(fate) = fate {
        partition::mark(session, part, &mark(table, fate, bounds)).await?;
    }
    concurrently(session, table, part, Half::Both).await?;
    Ok(Deed::Detached(part.clone()))
}

fn bounds<'a>(facts: &'a Facts, part: &QualifiedName) -> Result<&'a str> {
    let bounds = facts.parts.iter().find(|one| one.name == *part).map(|one| one.bounds.as_str());
    bounds.ok_or_else(|| Error::Bug(format!("no bounds of {part}")))
}

/// Archives or drops a table that was an expired partition.
pub(super) async fn settle(
    session: &mut Session,
    wish: &Wish,
    site: &Site,
    part: &QualifiedName,
    said: &mut (dyn FnMut(News) + Send),
) -> Result<Deed> {
    if wish.keep.on_expiry != OnExpiry::Archive {
        partition::drop(session, part).await?;
        return Ok(Deed::Dropped(part.clone()));
    }
    let folder = wish.archive_dir.as_ref().ok_or_else(|| Error::Bug("an archive without a folder".into()))?;
    let table = &site.table.name;
    let marked = catalog::marked(session, &beginning(table)).await?;
    let rest = marked.iter().find(|one| one.name == *part).and_then(|one| read_mark(&one.rest));
    let (_, bounds) = rest.ok_or_else(|| Error::Changed {
        table: part.plain(),
        what: "its comment says no longer that it is an expired partition".into(),
    })?;
    let columns = catalog::load_table(session, &part.to_string()).await?;
    let columns: Vec<_> = columns.insertable().map(|column| column.name.to_string()).collect();
    let expired = Expired {
        table: table.clone(),
        name: part.clone(),
        bounds: bounds.to_owned(),
        columns: columns.join(", "),
    };
    let manifest =
        archive::archive_and_drop(session, &expired, folder, &mut |bytes| said(News::Archived(bytes)))
            .await?;
    Ok(Deed::Archived(Box::new(manifest)))
}
