//! The same statement, told when.

use super::{Subject, Verdict};
use crate::model::{ident::Ident, sql::Shape};

/// A statement that would reach fewer partitions, or work at all, and what it asks of who writes it; the new parameters come last.
pub fn rewrite(sql: &str, subject: &Subject, verdict: &Verdict) -> Option<(String, String)> {
    let shape = Shape::of(sql);
    match verdict {
        Verdict::Fails(_) => conflict(sql, &shape, subject),
        Verdict::Reaches(_) if verdict.reaches_all() => condition(sql, &shape, subject),
        Verdict::Reaches(_) | Verdict::Inserts | Verdict::Unplanned(_) | Verdict::Elsewhere => None,
    }
}

/// `ON CONFLICT (id)` becomes `ON CONFLICT (id, created_at)`, which a partitioned table has a key for.
fn conflict(sql: &str, shape: &Shape<'_>, subject: &Subject) -> Option<(String, String)> {
    let (columns, from, to) = shape.conflict()?;
    let by = subject.by.as_str();
    let is_key = columns.iter().all(|column| subject.key.iter().any(|key| key.as_str() == column));
    if !is_key || columns.iter().any(|column| column == by) {
        return None;
    }
    let key: Vec<_> = subject.key.iter().map(bare).collect();
    let asks = format!(
        "a row of the same {} and another {by} is no conflict any more; where it must be, plan with --ids-table",
        columns.join(", ")
    );
    Some((format!("{}{}{}", &sql[..from], key.join(", "), &sql[to..]), asks))
}

/// The condition says when, too.
fn condition(sql: &str, shape: &Shape<'_>, subject: &Subject) -> Option<(String, String)> {
    if shape.joins_outer() {
        return None;
    }
    let (from, to) = shape.condition()?;
    let called = shape.called(&subject.table)?;
    let called = if called == subject.table.name.to_string() { bare(&subject.table.name) } else { called };
    let (column, next) = (format!("{called}.{}", bare(&subject.by)), shape.params() + 1);
    let by = subject.by.as_str();
    // One row is of one time; several are of a range.
    let equated = shape.equated(&called);
    let mut rest = subject.key.iter().filter(|key| key.as_str() != by).peekable();
    let is_one = rest.peek().is_some() && rest.all(|key| equated.iter().any(|name| name == key.as_str()));
    let (when, asks) = if is_one {
        let asks = format!("the {by} of the row: keep it beside the id wherever that is kept");
        (format!("{column} = ${next}"), asks)
    } else {
        let asks = format!("the time range that is wanted: from ${next} up to ${}", next + 1);
        (format!("{column} >= ${next} AND {column} < ${}", next + 1), asks)
    };
    let condition = &sql[from..to];
    // An OR behind it would be of both.
    let has_or = condition.to_uppercase().contains("OR");
    let condition = if has_or { format!("({condition})") } else { condition.to_owned() };
    Some((format!("{}{condition} AND {when}{}", &sql[..from], &sql[to..]), asks))
}

/// A name as a person writes it, where that is safe: no keyword has an underscore, but for those that begin so.
pub(super) fn bare(name: &Ident) -> String {
    let text = name.as_str();
    let is_plain = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let is_keyword = ["current_", "session_", "local", "system_"].iter().any(|start| text.starts_with(start));
    let is_safe =
        is_plain && text.contains('_') && text.starts_with(|c: char| c.is_ascii_lowercase()) && !is_keyword;
    if is_safe { text.to_owned() } else { name.to_string() }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::model::{
        audit::Reach,
        clock::Clock,
        ident::{Ident, QualifiedName},
        period::Period,
    };

    fn subject() -> Subject {
        let now: DateTime<Utc> = "2024-01-01T00:00:00Z".parse().unwrap();
        let idents = |names: &[&str]| names.iter().map(|name| Ident::new(*name)).collect();
        Subject {
            table: QualifiedName::new("public", "m"),
            by: Ident::new("created_at"),
            clock: Clock::Timestamptz,
            key: idents(&["id", "created_at"]),
            columns: idents(&["id", "session_id", "created_at"]),
            planned: QualifiedName::new("public", "m"),
            leaves: Vec::new(),
            period: Period { lower: now, upper: now + chrono::TimeDelta::days(90) },
        }
    }

    #[test]
    fn a_condition_is_told_when() {
        let all = Verdict::Reaches(Reach { touched: 4, leaves: 4, at_most: false });
        let of = |sql: &str| rewrite(sql, &subject(), &all).map(|(sql, _)| sql);
        assert_eq!(
            of("SELECT * FROM m WHERE id = $1 -- by id").unwrap(),
            "SELECT * FROM m WHERE id = $1 AND \"m\".created_at = $2 -- by id"
        );
        assert_eq!(
            of("SELECT * FROM public.m AS x WHERE session_id = $1 OR parent = $1 ORDER BY created_at LIMIT $2").unwrap(),
            "SELECT * FROM public.m AS x WHERE (session_id = $1 OR parent = $1) AND x.created_at >= $3 AND x.created_at < $4 ORDER BY created_at LIMIT $2"
        );
        assert_eq!(of("SELECT * FROM m"), None);
        assert_eq!(of("SELECT * FROM o LEFT JOIN m ON m.id = o.id WHERE o.id = $1"), None);
        // Not one row, or not of this table.
        for several in [
            "SELECT * FROM m WHERE id = $1 OR session_id = $2",
            "SELECT * FROM m WHERE NOT id = $1",
            "UPDATE m SET id = $1 WHERE id > $2",
            "SELECT * FROM m JOIN o ON m.session_id = o.s WHERE o.id = $1",
            "SELECT * FROM m WHERE id = $1 + 1",
            "SELECT * FROM m WHERE id = ANY ($1)",
            "SELECT * FROM m WHERE a + id = $1",
        ] {
            assert!(of(several).unwrap().contains("created_at >= $"), "{several}: {:?}", of(several));
        }
        for one in [
            "DELETE FROM m WHERE session_id = $2 AND id = $1 RETURNING 1",
            "SELECT * FROM m x WHERE x.id = 'a'",
        ] {
            assert!(of(one).unwrap().contains("created_at = $"), "{one}: {:?}", of(one));
        }
    }

    #[test]
    fn a_conflict_is_one_of_the_whole_key() {
        let fails = Verdict::Fails("no unique constraint".into());
        let sql = "INSERT INTO m VALUES ($1) ON CONFLICT (id) DO NOTHING";
        assert_eq!(
            rewrite(sql, &subject(), &fails).unwrap().0,
            "INSERT INTO m VALUES ($1) ON CONFLICT (\"id\", created_at) DO NOTHING"
        );
        assert_eq!(
            rewrite("INSERT INTO m VALUES ($1) ON CONFLICT (session_id) DO NOTHING", &subject(), &fails),
            None
        );
    }
}
