//! Audits the statements on a table: against its partitions where it has some, else against an empty copy of what it will be.

mod against;

use tokio_postgres::error::SqlState;

use self::against::{Against, subject};
use crate::{
    engine::plan,
    error::{Error, Kind, Result},
    model::{
        audit::{
            Audit, Audited, Column, Described, Gist, Reach, Rewrite, Sample, Source, Subject, Verdict,
            conditions, reach, reads, rewrite, values,
        },
        ident::{Ident, QualifiedName},
        plan::{Finding, Plan, Request, Severity},
        sql::{Compared, Comparison, Shape, preparable, renamed},
    },
    ops::audit,
    pg::{Session, Tx, catalog},
};

/// The most statements of a server that are planned.
const PLANNED: i64 = 1_000;
/// The most statements on a table that are shown.
pub const MOST: usize = 500;
/// The most that an audit in short looks at.
const BRIEFLY: usize = 25;

/// Where statements come from.
#[derive(Debug)]
pub enum Origin {
    /// pg_stat_statements, the dearest first, until so many are on the table.
    Server(usize),
    /// A file, by its name.
    File(String, Vec<Source>),
}

/// Audits the table of `request`, which says how it would be partitioned where it is not.
pub async fn audit(session: &mut Session, request: &Request, from: Origin) -> Result<Audit> {
    let (subject, against) = subject(session, request).await?;
    let most = if let Origin::Server(most) = from { most } else { usize::MAX };
    let (words, since, sources) = match from {
        Origin::File(name, sources) => {
            (name, None, sources.into_iter().map(|source| (source, None)).collect())
        }
        Origin::Server(_) => {
            let found = catalog::statements(session, &subject.table, PLANNED).await?;
            let found = found.ok_or_else(catalog::not_collected)?;
            ("pg_stat_statements".to_owned(), found.since, found.all)
        }
    };
    // A lock on the table is let go before anything is planned.
    let row = audit::sample(session, &subject.table, &subject.columns).await?.into_iter().collect();
    let tx = session.begin().await?;
    let audited = all(&tx, &subject, &against, (&row, sources, most)).await;
    let statements = match audited {
        Ok(statements) => statements,
        Err(error) => return Err(tx.undo(error).await),
    };
    tx.rollback().await?;
    let mut audit = Audit {
        table: subject.table.plain(),
        by: subject.by.as_str().to_owned(),
        against: against.words(),
        leaves: subject.leaves.len(),
        from: words,
        since,
        statements,
    };
    audit.rank();
    Ok(audit)
}

/// The dearest statements in short; nothing where the server does not collect them, or this role may not see or plan them.
pub async fn briefly(session: &mut Session, request: &Request) -> Result<Option<Gist>> {
    // Most servers have none: nothing else is read for that.
    if !catalog::collects_statements(session).await? {
        return Ok(None);
    }
    match audit(session, request, Origin::Server(BRIEFLY)).await {
        Ok(audit) => Ok(Some(audit.gist())),
        Err(error) if error.connection_lost() => Err(error),
        Err(error) => {
            tracing::debug!(%error, "no audit");
            Ok(None)
        }
    }
}

/// A plan, with what an audit says to it.
pub async fn plan(session: &mut Session, request: &Request) -> Result<Plan> {
    let mut plan = plan::plan(session, request).await?;
    let trouble = briefly(session, request).await?.and_then(|gist| gist.trouble());
    if let Some(reason) = trouble {
        let object = plan.scheme.source().plain();
        let remedy =
            format!("`quarterdeck audit {}` names them, and how to write them instead", request.table);
        plan::warn(
            &mut plan,
            Finding { id: "QD-162".into(), severity: Severity::Warn, object, reason, remedy },
        );
    }
    Ok(plan)
}

/// The table of `request` as a guide shows it.
pub async fn guide(session: &mut Session, request: &Request) -> Result<Described> {
    let (subject, _) = subject(session, request).await?;
    let table = catalog::load_table(session, &request.table).await?;
    let text = |name: &Ident| name.as_str().to_owned();
    let columns = table.columns.iter().map(|column| Column {
        name: text(&column.name),
        type_sql: column.type_sql.clone(),
        not_null: column.not_null,
    });
    Ok(Described {
        schema: text(&table.name.schema),
        name: text(&table.name.name),
        by: text(&subject.by),
        key: subject.key.iter().map(text).collect(),
        columns: columns.collect(),
    })
}

async fn all(
    tx: &Tx<'_>,
    subject: &Subject,
    against: &Against,
    (row, sources, most): (&Sample, Vec<(Source, Option<Ident>)>, usize),
) -> Result<Vec<Audited>> {
    audit::prepare(tx, &subject.table).await?;
    if let Against::Copy { scheme, leaves } = against {
        audit::copy(tx, scheme, leaves).await?;
    }
    // Planning calls functions, whose word it is that they change nothing.
    audit::read_only(tx).await?;
    let mut statements = Vec::new();
    for (source, role) in sources {
        if statements.len() == most {
            break;
        }
        let planner = Planner { tx, subject, against, row, role: role.as_ref() };
        let audited = planner.audited(source).await?;
        if audited.verdict != Verdict::Elsewhere {
            statements.push(audited);
        }
    }
    Ok(statements)
}

/// What a statement is planned with.
struct Planner<'a> {
    tx: &'a Tx<'a>,
    subject: &'a Subject,
    against: &'a Against,
    row: &'a Sample,
    role: Option<&'a Ident>,
}

impl Planner<'_> {
    async fn audited(&self, source: Source) -> Result<Audited> {
        let (verdict, mut looks_for) = self.planned(&source).await?;
        let (by, shape) = (self.subject.by.as_str(), Shape::of(&source.sql));
        // Of an array, or of what a query finds, the server knows only while it runs in which partitions it lies.
        let is_array = |one: &Compared| one.column == by && one.how == Comparison::Any;
        let is_late = matches!(verdict, Verdict::Reaches(reach) if reach.at_most)
            || shape.compared().iter().any(is_array);
        let is_blind = verdict.reaches_all() && !is_late && looks_for.iter().any(|column| column == by);
        looks_for.retain(|column| column != by);
        let changes = matches!(shape.verb(), Some("UPDATE" | "INSERT" | "MERGE"));
        let moves_rows = changes && verdict != Verdict::Elsewhere && shape.sets(&self.subject.by);
        let rewrite = match rewrite(&source.sql, self.subject, &verdict) {
            Some((sql, asks)) => self.rewritten(&source, sql, asks).await?,
            None => None,
        };
        Ok(Audited { source, verdict, looks_for, is_blind, moves_rows, rewrite })
    }

    /// What cannot be planned is not proposed.
    async fn rewritten(&self, source: &Source, sql: String, asks: String) -> Result<Option<Rewrite>> {
        let other = Source { sql: sql.clone(), ..source.clone() };
        Ok(match self.planned(&other).await?.0 {
            Verdict::Reaches(reach) => Some(Rewrite { sql, asks, reach: Some(reach) }),
            Verdict::Inserts => Some(Rewrite { sql, asks, reach: None }),
            Verdict::Fails(_) | Verdict::Unplanned(_) | Verdict::Elsewhere => None,
        })
    }

    async fn planned(&self, source: &Source) -> Result<(Verdict, Vec<String>)> {
        let Subject { table, planned, columns, leaves, .. } = self.subject;
        let sql = preparable(&source.sql);
        let sql = if self.against.is_copy() { renamed(&sql, table, &temporary(table)) } else { sql };
        let values = |types: &[String]| values(source, self.subject, types, self.row);
        let plan = match audit::explain(self.tx, &sql, self.role, values).await {
            Ok(plan) => plan,
            Err(error) => return self.unplanned(source, error).map(|verdict| (verdict, Vec::new())),
        };
        let shape = Shape::of(&source.sql);
        let reach = match reach(&plan, planned, leaves) {
            Some(reach) if reach.touched > 0 || shape.reads(table) => reach,
            None if self.against.is_copy() && reads(&plan[0]["Plan"], table) => {
                let why = "it reads the table through a view or a function: that shows when it is converted";
                return Ok((Verdict::Unplanned(why.into()), Vec::new()));
            }
            // The planner already saw that no row can match.
            None if shape.reads(table) => Reach { touched: 0, leaves: leaves.len(), at_most: false },
            Some(_) | None => return Ok((Verdict::Elsewhere, Vec::new())),
        };
        let looks_for = conditions(&plan, leaves, columns);
        let inserts = reach.touched == 0 && shape.verb() == Some("INSERT");
        Ok((if inserts { Verdict::Inserts } else { Verdict::Reaches(reach) }, looks_for))
    }

    /// Why a statement has no plan: the partitioned table lets it fail, or it cannot be planned from its text alone.
    fn unplanned(&self, source: &Source, error: Error) -> Result<Verdict> {
        if error.connection_lost() || error.kind() == Kind::Bug {
            return Err(error);
        }
        let shape = Shape::of(&source.sql);
        // 42P10: no unique constraint matches ON CONFLICT; 42704: none has the name.
        let no_key = match error.sqlstate().map(SqlState::code) {
            Some("42P10") => shape.conflict().is_some(),
            Some("42704") => self.against.is_copy() && shape.names_constraint(),
            _ => false,
        };
        let reason = error.to_string();
        let reason = reason.split_once(": ").map_or(reason.as_str(), |(_, reason)| reason).to_owned();
        let is_on_it = shape.reads(&self.subject.table) || self.role.is_none();
        Ok(match (no_key, is_on_it) {
            (true, true) => Verdict::Fails(reason),
            (_, true) => Verdict::Unplanned(reason),
            (_, false) => Verdict::Elsewhere,
        })
    }
}

fn temporary(table: &QualifiedName) -> String {
    format!("{}.{}", audit::TEMPORARY, table.name)
}
