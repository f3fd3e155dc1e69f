//! Partitions whose time is over.

use chrono::{DateTime, Utc};

use super::{Deed, Found, News, Wish, fit};
use crate::{
    error::{Error, Result},
    model::{
        health::{Cover, Facts, Part},
        ident::QualifiedName,
        maintenance::{Fate, Mark, OnExpiry},
        table::Oid,
    },
    ops::{
        archive,
        partition::{self, Site, Then},
    },
    pg::{
        Session, catalog,
        expired::{self, Marked},
    },
};

/// Expired partitions whose fate this run may bring about, and those that wait for another one.
pub(super) async fn marked(
    session: &Session,
    (table, oid): (&QualifiedName, Oid),
    wish: &Wish,
    now: DateTime<Utc>,
) -> Result<(Vec<Marked>, Vec<QualifiedName>)> {
    let before = wish.keep.retain.and_then(|age| age.before(now));
    let may = |mark: &Mark| {
        let fate = match wish.keep.on_expiry {
            OnExpiry::Detach => false,
            OnExpiry::Drop => mark.fate == Fate::Drop,
            // What was to be dropped loses nothing by being archived first.
            OnExpiry::Archive => true,
        };
        fate && before.is_some_and(|before| mark.ended <= before)
    };
    let all = expired::marked(session, table, oid).await?;
    let (now, later): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| may(&one.mark));
    Ok((now, later.into_iter().map(|one| one.name).collect()))
}

/// What a partition that is expired by this run says of itself.
fn mark(facts: &Facts, part: &Part, wish: &Wish, before: Option<String>) -> Option<Mark> {
    let fate = match wish.keep.on_expiry {
        OnExpiry::Detach => return None,
        OnExpiry::Drop => Fate::Drop,
        OnExpiry::Archive => Fate::Archive,
    };
    let ends = wish.keep.retain?.before(facts.table.now)?;
    let ended = part.range.as_ref()?.to.filter(|ended| *ended <= ends)?;
    Some(Mark { ended, fate, bounds: part.bounds.clone(), before })
}

/// Detaches a partition, and drops it where that is wanted; what is to be archived is marked.
pub(super) async fn expire(
    session: &mut Session,
    wish: &Wish,
    (found, site): (&Found, &Site),
    part: &Part,
    said: &mut (dyn FnMut(News) + Send),
) -> Result<Deed> {
    let comment = catalog::comment(session, part.oid).await?;
    let mark = mark(&found.facts, part, wish, comment);
    let name = (&part.name, part.oid);
    // A foreign table cannot be locked by its name; its rows are somebody else's, and it is only detached.
    let marked = mark.filter(|_| !part.foreign).map_or(Then::Nothing, Then::Mark);
    if site.default.is_none() && !part.foreign {
        let mut tell = |who| said(News::Waits(part.name.clone(), who));
        partition::concurrently(session, site, name, &marked, &mut tell).await?;
        return Ok(Deed::Detached(part.name.clone()));
    }
    let is_dropped = wish.keep.on_expiry == OnExpiry::Drop && !part.foreign;
    let change = site.detach(name, if is_dropped { &Then::Drop } else { &marked });
    let outcome = change.run(session, wish.patience, &mut |one| said(News::Attempt(one))).await?;
    fit::in_time(found, outcome)?;
    Ok(if is_dropped { Deed::Dropped(part.name.clone()) } else { Deed::Detached(part.name.clone()) })
}

/// Finishes what was half detached, and says on it what is to become of it, where it is expired.
pub(super) async fn finalize(
    session: &Session,
    wish: &Wish,
    found: &Found,
    part: &QualifiedName,
    said: &mut (dyn FnMut(News) + Send),
) -> Result<Deed> {
    let (facts, table) = (&found.facts, &found.facts.table.name);
    if let Some(half) = facts.parts.iter().find(|one| one.name == *part) {
        let comment = catalog::comment(session, half.oid).await?;
        let says =
            comment.as_deref().is_some_and(|comment| comment.starts_with(&Mark::beginning(table, found.oid)));
        if let Some(mark) = mark(facts, half, wish, comment).filter(|_| !says) {
            partition::mark(session, (table, found.oid), part, &mark).await?;
        }
    }
    let mut tell = |who| said(News::Waits(part.clone(), who));
    partition::finalize(session, table, part, &mut tell).await?;
    Ok(Deed::Finalized(part.clone()))
}

/// The partition of a name.
pub(super) fn part<'a>(facts: &'a Facts, name: &QualifiedName) -> Result<&'a Part> {
    let part = Cover::of(facts).ranges.into_iter().map(|(part, _)| part).find(|part| part.name == *name);
    part.ok_or_else(|| Error::Bug(format!("no partition {name}")))
}

/// Archives or drops a table that was an expired partition.
pub(super) async fn settle(
    session: &mut Session,
    wish: &Wish,
    (table, marked): (&QualifiedName, &Marked),
    said: &mut (dyn FnMut(News) + Send),
) -> Result<Deed> {
    if wish.keep.on_expiry != OnExpiry::Archive {
        expired::drop(session, marked).await?;
        return Ok(Deed::Dropped(marked.name.clone()));
    }
    let folder = wish.archive_dir.as_ref().ok_or_else(|| Error::Bug("an archive without a folder".into()))?;
    let mut wrote = |bytes| said(News::Archived(bytes));
    let manifest = archive::archive_and_drop(session, (table, marked), folder, &mut wrote).await?;
    Ok(Deed::Archived(Box::new(manifest)))
}
