//! Audits the statements on a table: against its partitions where it has some, else against an empty copy of what it will be.

mod against;

use self::against::{Against, subject};
use crate::{
    engine::plan,
    error::{Error, Kind, Result},
    model::{
        audit::{
            Audit, Audited, Brief, Column, Described, Rewrite, Sample, Source, Subject, Verdict, conditions,
            reach, rewrite, values,
        },
        ident::{Ident, QualifiedName},
        plan::{Finding, Plan, Request, Severity},
        sql::{Shape, preparable, renamed},
    },
    ops::audit,
    pg::{Session, Tx, catalog},
};

/// The most statements that are planned.
pub const MOST: i64 = 500;
/// The most that are planned for an audit in short.
const BRIEFLY: i64 = 25;

/// Where statements come from.
#[derive(Debug)]
pub enum From {
    /// pg_stat_statements: so many, the dearest first.
    Server(i64),
    /// A file, by its name.
    File(String, Vec<Source>),
}

/// Audits the table of `request`, which says how it would be partitioned where it is not.
pub async fn audit(session: &mut Session, request: &Request, from: From) -> Result<Audit> {
    let (subject, against) = subject(session, request).await?;
    let (words, since, sources) = match from {
        From::File(name, sources) => (name, None, sources.into_iter().map(|source| (source, None)).collect()),
        From::Server(most) => {
            let found = catalog::statements(session, &subject.table, most).await?;
            let found = found.ok_or_else(catalog::not_collected)?;
            ("pg_stat_statements".to_owned(), found.since, found.all)
        }
    };
    let tx = session.begin().await?;
    let audited = all(&tx, subject, &against, sources).await;
    tx.rollback().await?;
    let (subject, statements) = audited?;
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
pub async fn briefly(session: &mut Session, request: &Request) -> Result<Option<Brief>> {
    match audit(session, request, From::Server(BRIEFLY)).await {
        Ok(audit) => Ok(Some(audit.brief())),
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
    let trouble = briefly(session, request).await?.and_then(|brief| brief.trouble());
    plan.warnings.extend(trouble.map(|reason| Finding {
        id: "QD-162".into(),
        severity: Severity::Warn,
        object: plan.scheme.source().plain(),
        reason,
        remedy: format!("`quarterdeck audit {}` names them, and how to write them instead", request.table),
    }));
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
    mut subject: Subject,
    against: &Against,
    sources: Vec<(Source, Option<Ident>)>,
) -> Result<(Subject, Vec<Audited>)> {
    // A table's lock is asked for first: an old reader of ours is nobody's trouble.
    let row = audit::sample(tx, &subject.table, &subject.columns).await?.into_iter().collect();
    audit::prepare(tx, &subject.table).await?;
    if let Against::Copy { scheme, leaves, .. } = against {
        audit::copy(tx, scheme, leaves).await?;
        audit::TEMPORARY.clone_into(&mut subject.schema);
    }
    let mut statements = Vec::new();
    for (source, role) in sources {
        let planner = Planner { tx, subject: &subject, against, row: &row, role: role.as_ref() };
        let audited = planner.audited(source).await?;
        if audited.verdict != Verdict::Elsewhere {
            statements.push(audited);
        }
    }
    Ok((subject, statements))
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
        let is_blind =
            verdict.reaches_all() && looks_for.iter().any(|column| column == self.subject.by.as_str());
        looks_for.retain(|column| column != self.subject.by.as_str());
        let shape = Shape::of(&source.sql);
        let changes = matches!(shape.verb(), Some("UPDATE" | "INSERT" | "MERGE"));
        let moves_rows = changes && verdict != Verdict::Elsewhere && shape.sets(&self.subject.by);
        let rewrite = match rewrite(&source.sql, self.subject, &verdict, &looks_for) {
            Some((sql, asks)) => Some(self.rewritten(&source, sql, asks).await?),
            None => None,
        };
        Ok(Audited { source, verdict, looks_for, is_blind, moves_rows, rewrite })
    }

    async fn rewritten(&self, source: &Source, sql: String, asks: String) -> Result<Rewrite> {
        let other = Source { sql: sql.clone(), ..source.clone() };
        let reach = match self.planned(&other).await?.0 {
            Verdict::Reaches(reach) => Some(reach),
            Verdict::Inserts | Verdict::Fails(_) | Verdict::Unplanned(_) | Verdict::Elsewhere => None,
        };
        Ok(Rewrite { sql, asks, reach })
    }

    async fn planned(&self, source: &Source) -> Result<(Verdict, Vec<String>)> {
        let Subject { table, columns, leaves, schema, .. } = self.subject;
        let sql = preparable(&source.sql);
        let sql = if self.against.is_copy() { renamed(&sql, table, &temporary(table)) } else { sql };
        let values = |types: &[String]| values(source, self.subject, types, self.row);
        let plan = match audit::explain(self.tx, &sql, self.role, values).await {
            Ok(plan) => plan,
            Err(error) => return self.unplanned(source, error).map(|verdict| (verdict, Vec::new())),
        };
        let Some(reach) = reach(&plan, (schema, table.name.as_str()), leaves) else {
            return Ok((Verdict::Elsewhere, Vec::new()));
        };
        let looks_for = conditions(&plan, leaves, columns);
        let inserts = reach.touched == 0 && Shape::of(&source.sql).verb() == Some("INSERT");
        Ok((if inserts { Verdict::Inserts } else { Verdict::Reaches(reach) }, looks_for))
    }

    /// Why a statement has no plan: the partitioned table lets it fail, or it cannot be planned from its text alone.
    fn unplanned(&self, source: &Source, error: Error) -> Result<Verdict> {
        if error.connection_lost() || error.kind() == Kind::Bug {
            return Err(error);
        }
        // 42P10: no unique constraint matches ON CONFLICT.
        let no_key = error.sqlstate().is_some_and(|state| state.code() == "42P10");
        let reason = error.to_string();
        let reason = reason.split_once(": ").map_or(reason.as_str(), |(_, reason)| reason).to_owned();
        let is_on_it = Shape::of(&source.sql).mentions(&self.subject.table.name);
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
