//! What may go: found out, counted, and refused where it would do harm.

use chrono::{DateTime, Utc};
use tokio_postgres::error::SqlState;

use super::{Retention, SMALL_BLOCKS, Wish};
use crate::{
    error::{Error, Result},
    model::{
        clock::Clock,
        figures,
        ident::{Ident, QualifiedName},
        retention::{Census, Marker, Rule, is_condition, markers},
        sql::{Kind, tokens},
        table::{Oid, Table},
    },
    ops::retention::{self, Heap},
    pg::{
        Session, catalog,
        expired::changed,
        meaning::{renamed, still_means},
        measure,
    },
};

/// Looks, counts, and refuses what would do harm; changes nothing, whatever the condition calls.
pub async fn look(session: &Session, wish: &Wish) -> Result<Retention> {
    if !is_condition(&wish.condition) {
        return Err(Error::Usage {
            reason: format!("--where {:?} is not one condition", wish.condition),
            remedy: "write it as behind WHERE, without a semicolon, parameters or a parenthesis too many"
                .into(),
        });
    }
    let table = catalog::load_table(session, &wish.table).await?;
    let heaps = retention::heaps(session, &table).await?;
    if heaps.is_empty() || heaps.iter().any(|heap| heap.foreign) {
        return Err(no_table(&table));
    }
    let (by, by_type) = by(&table, wish)?;
    let markers: Vec<Marker> = if wish.takes_unprocessed { Vec::new() } else { markers(&table) };
    let rule = Rule { condition: wish.condition.clone(), by, by_type, older_than: wish.older_than, markers };
    let now = measure::now(session).await?;
    let before = wish.older_than.before(now).and_then(|before| before.checked_sub_signed(rule.margin()));
    let before = before.ok_or_else(|| Error::Usage {
        reason: format!("--older-than {} is before every calendar", wish.older_than),
        remedy: "say a shorter time".into(),
    })?;
    refuse_cascades(session, &table.name, table.oid).await?;
    retention::as_application(session).await?;
    retention::read_only(session, "on").await?;
    let census = census(session, &table, (&heaps, &rule), (wish, before)).await;
    retention::read_only(session, "off").await?;
    Ok(Retention {
        table: table.name.clone(),
        census: census?,
        rule,
        oid: table.oid,
        heaps,
        wish: wish.clone(),
    })
}

/// What is refused at a look is refused at the deletion, and what was looked at is still that; nothing is counted again.
pub(super) async fn again(session: &Session, asked: &Retention) -> Result<()> {
    retention::as_tool(session).await?;
    still_means(session, &asked.table, asked.oid).await?;
    let table = catalog::load_oid(session, asked.oid).await?;
    let heaps = retention::heaps(session, &table).await?;
    let is_there = |heap: &&Heap| heaps.iter().any(|now| (now.oid, &now.name) == (heap.oid, &heap.name));
    if let Some(other) = asked.heaps.iter().find(|heap| !is_there(heap)) {
        return Err(renamed(&other.name));
    }
    refuse_cascades(session, &asked.table, asked.oid).await?;
    let by_type = table.column(&asked.rule.by).map(|column| column.type_sql.as_str());
    let is_marked = asked.wish.takes_unprocessed || markers(&table) == asked.rule.markers;
    if !is_marked || by_type != Some(asked.rule.by_type.as_str()) {
        return Err(changed(&asked.table));
    }
    retention::as_application(session).await
}

async fn census(
    session: &Session,
    table: &Table,
    (heaps, rule): (&[Heap], &Rule),
    (wish, before): (&Wish, DateTime<Utc>),
) -> Result<Census> {
    let (mut index, mut doomed, mut oldest) = (None, 0, None);
    for heap in heaps {
        let found =
            retention::index(session, heap, rule, before).await.map_err(|error| not_sql(wish, error))?;
        if found.is_none() && !wish.may_scan && heap.blocks > SMALL_BLOCKS {
            return Err(unindexed(table, heap, rule));
        }
        if retention::takes_unprocessed(session, heap, rule, before).await? {
            return Err(unprocessed(&table.name, rule));
        }
        let (rows, first) = retention::count(session, heap, rule, before).await?;
        doomed += rows;
        oldest = oldest.into_iter().chain(first).min();
        index = index.or(found);
    }
    Ok(Census {
        rows: retention::estimate(session, heaps).await?,
        doomed,
        oldest,
        before,
        index,
        markers: rule.markers.iter().map(Marker::words).collect(),
    })
}

fn no_table(table: &Table) -> Error {
    Error::Refused {
        id: "QD-170",
        object: table.name.plain(),
        reason:
            "it is no table with rows of its own: a view, a foreign table, or one with a foreign partition"
                .into(),
        remedy: "name the table that holds the rows".into(),
    }
}

/// The column by which rows are old: as somebody says, the one that the condition asks not to be null, or the only time.
fn by(table: &Table, wish: &Wish) -> Result<(Ident, String)> {
    let by = by_column(table, wish)?;
    let type_sql = table.column(&by).map(|column| column.type_sql.clone()).unwrap_or_default();
    Ok((by, type_sql))
}

fn by_column(table: &Table, wish: &Wish) -> Result<Ident> {
    let is_time = |name: &Ident| {
        table.column(name).is_some_and(|column| Clock::of_time_type(&column.type_sql).is_some())
    };
    let usage = |reason: String, remedy: &str| Err(Error::Usage { reason, remedy: remedy.into() });
    if let Some(by) = &wish.by {
        let by = Ident::new(by.as_str());
        let known = is_time(&by);
        return if known {
            Ok(by)
        } else {
            usage(
                format!("{} has no time column {}", table.name.plain(), by.as_str()),
                "say --by with a column that is a time",
            )
        };
    }
    let mut asked = not_null(&wish.condition).into_iter().map(Ident::new).filter(is_time);
    let mut times =
        table.columns.iter().filter(|column| column.time_clock().is_some()).map(|column| &column.name);
    match (asked.next(), asked.next(), times.next(), times.next()) {
        (Some(by), None, ..) => Ok(by),
        (None, _, Some(only), None) => Ok(only.clone()),
        _ => usage(
            format!("by which time rows of {} are old is not clear", table.name.plain()),
            "say --by with a column that is a time",
        ),
    }
}

/// The columns of `column IS NOT NULL`.
fn not_null(condition: &str) -> Vec<String> {
    let code: Vec<_> = tokens(condition).into_iter().filter(|token| token.kind != Kind::Gap).collect();
    let words = ["IS", "NOT", "NULL"];
    let fours = code.windows(4).filter(|four| (0..3).all(|at| four[at + 1].is(condition, words[at])));
    fours.filter_map(|four| four[0].name(condition)).collect()
}

pub(super) async fn refuse_cascades(session: &Session, table: &QualifiedName, oid: Oid) -> Result<()> {
    let cascades = retention::cascades(session, oid).await?;
    if cascades.is_empty() {
        return Ok(());
    }
    Err(Error::Refused {
        id: "QD-169",
        object: table.plain(),
        reason: format!("rows of other tables would go, or change, with its rows: {}", cascades.join(", ")),
        remedy:
            "delete those rows first, by a retention of their own, and make the foreign key one that refuses"
                .into(),
    })
}

/// The condition is the operator's: what the server does not understand of it is his to mend.
fn not_sql(wish: &Wish, error: Error) -> Error {
    match error.sqlstate().map(SqlState::code) {
        Some(state) if state.starts_with("42") && state != "42501" => Error::Usage {
            reason: format!("--where {:?}: {error}", wish.condition),
            remedy: "write it as behind WHERE".into(),
        },
        _ => error,
    }
}

fn unprocessed(table: &QualifiedName, rule: &Rule) -> Error {
    let markers: Vec<_> = rule.markers.iter().map(Marker::words).collect();
    Error::Refused {
        id: "QD-167",
        object: table.plain(),
        reason: format!("--where takes rows that nobody has processed: {}", markers.join("; ")),
        remedy: "ask in --where for rows that were processed; or say --even-unprocessed, where that column means something else".into(),
    }
}

fn unindexed(table: &Table, heap: &Heap, rule: &Rule) -> Error {
    let each = if table.is_partitioned() { ", and likewise on the other partitions" } else { "" };
    Error::Refused {
        id: "QD-168",
        object: heap.name.plain(),
        reason: format!(
            "no index leads to the oldest rows: for each batch {} would be read or sorted from the beginning",
            figures::bytes(heap.blocks.saturating_mul(8_192))
        ),
        remedy: format!("{}{each}; or say --full-scan", rule.index_sql(&heap.name)),
    }
}
