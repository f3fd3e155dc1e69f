//! `adopt`, before and after the exchange: unique indexes built beside the application's writes, and the CHECK that
//! holds every row before the bound.
//!
//! Nothing here needs a strong lock for longer than a moment. A CONCURRENTLY statement runs in no transaction, so no
//! fence can be held in it: who takes a migration over ends its sessions first. Each can be repeated after a death at
//! any instant; an index that was left invalid is dropped first.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    error::{Error, Result},
    model::{
        history::BOUND,
        ident::{Ident, QualifiedName},
        plan::Statement,
        scheme::Scheme,
        table::Index,
    },
    pg::{
        Fence, Session,
        lock::{Brief, Mode, Patience, Record, Report},
        script::Script,
    },
};

/// How long a concurrent build waits for the transactions that are older than it. Nobody waits for it meanwhile.
const OUTWAITS: Duration = Duration::from_hours(24);

/// A unique index on the table, which becomes its primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    name: QualifiedName,
    table: QualifiedName,
    columns: Vec<Ident>,
    include: Vec<Ident>,
    options: Vec<String>,
}

impl Key {
    /// The wider key, with the partition column; `None` where the key has it already.
    pub fn wide(scheme: &Scheme) -> Option<Self> {
        let (key, name) = (scheme.narrow_key()?, scheme.wide_index()?);
        let columns: Vec<Ident> = scheme.twin_key().into_iter().map(|column| column.name.clone()).collect();
        let include = key.include.iter().filter(|name| !columns.contains(name)).cloned().collect();
        Some(Self { name, table: scheme.source().clone(), columns, include, options: key.options.clone() })
    }

    /// The old key, of history.
    pub fn narrow(scheme: &Scheme) -> Option<Self> {
        let (key, name) = (scheme.narrow_key()?, scheme.narrow_index()?);
        let Index { key: columns, include, options, .. } = key.clone();
        let columns = columns.into_iter().flatten().collect();
        Some(Self { name, table: scheme.history(), columns, include, options })
    }

    /// Its name.
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }

    /// Builds it, unless it is there and valid. Repeatable.
    pub async fn build(&self, session: &Session) -> Result<()> {
        let made = match self.state(session).await? {
            State::Valid => return Ok(()),
            State::Invalid => {
                self.drop(session).await?;
                self.make(session).await
            }
            State::Missing => self.make(session).await,
        };
        made?;
        match self.state(session).await? {
            State::Valid => Ok(()),
            State::Missing | State::Invalid => Err(Error::Changed {
                table: self.table.plain(),
                what: format!("index {} was built and is not valid", self.name.name.as_str()),
            }),
        }
    }

    async fn make(&self, session: &Session) -> Result<()> {
        wait_long(session).await?;
        session.batch("build key", &self.create_sql()).await
    }

    /// Drops it if it is there, in whatever state.
    pub async fn remove(&self, session: &Session) -> Result<()> {
        match self.state(session).await? {
            State::Missing => Ok(()),
            State::Valid | State::Invalid => self.drop(session).await,
        }
    }

    async fn drop(&self, session: &Session) -> Result<()> {
        wait_long(session).await?;
        session.batch("drop key", &self.drop_sql()).await
    }

    /// Whether it is ready to become the primary key.
    pub async fn is_valid(&self, session: &Session) -> Result<bool> {
        Ok(self.state(session).await? == State::Valid)
    }

    async fn state(&self, session: &Session) -> Result<State> {
        const SQL: &str = "SELECT indisvalid AND indisready FROM pg_index WHERE indexrelid = to_regclass($1)";
        let row = session.query_opt("look for key", SQL, &[&self.name.to_string()]).await?;
        Ok(match row.map(|row| row.get(0)) {
            None => State::Missing,
            Some(false) => State::Invalid,
            Some(true) => State::Valid,
        })
    }

    fn create_sql(&self) -> String {
        let list = |names: &[Ident]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let part = |word: &str, text: String| {
            if text.is_empty() { text } else { format!(" {word} ({text})") }
        };
        format!(
            "CREATE UNIQUE INDEX CONCURRENTLY {} ON {} ({}){}{}",
            self.name.name,
            self.table,
            list(&self.columns),
            part("INCLUDE", list(&self.include)),
            part("WITH", self.options.join(", "))
        )
    }

    fn drop_sql(&self) -> String {
        format!("DROP INDEX CONCURRENTLY IF EXISTS {}", self.name)
    }

    /// What `plan --sql` shows.
    pub fn statements(&self) -> Vec<Statement> {
        vec![Statement { label: "build key".into(), sql: self.create_sql() }]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Missing,
    Invalid,
    Valid,
}

/// For statements that lock nobody out. The session's own limit comes back with the next one.
async fn wait_long(session: &Session) -> Result<()> {
    session.batch("set lock_timeout", &format!("SET lock_timeout = {}", OUTWAITS.as_millis())).await
}

/// In words, how far a build of `table` is, and whom it waits for.
pub async fn progress(session: &Session, scheme: &Scheme) -> Result<Option<String>> {
    const SQL: &str = include_str!("../../assets/sql/index_progress.sql");
    let Some(row) = session.query_opt_again("index progress", SQL, &[&scheme.table.oid]).await? else {
        return Ok(None);
    };
    let (phase, done, total): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
    let far = if total > 0 { format!(", block {done} of {total}") } else { String::new() };
    let locker: Option<i32> = row.get(3);
    let whom = locker.map(|pid| {
        let (who, state): (String, String) = (row.get(4), row.get(5));
        let since = row.get::<_, Option<i64>>(6).map(|s| format!(" for {s} s")).unwrap_or_default();
        format!("; it waits for pid {pid} ({who}), {state}{since}")
    });
    Ok(Some(format!("the key is built: {phase}{far}{}", whom.unwrap_or_default())))
}

/// The newest row's time; refused where it is infinite, which no bound can be after.
pub async fn newest(session: &Session, scheme: &Scheme) -> Result<Option<DateTime<Utc>>> {
    let sql = newest_sql(scheme);
    let row = session.query_one("read newest row", &sql, &[]).await?;
    if row.get::<_, Option<bool>>(1).unwrap_or(false) {
        return Err(Error::Refused {
            id: "QD-060",
            object: scheme.source().plain(),
            reason: format!("a row's {} is infinite: it belongs to no period", scheme.by.as_str()),
            remedy: "correct such rows, then run again; or abort".into(),
        });
    }
    Ok(row.get(0))
}

fn newest_sql(scheme: &Scheme) -> String {
    let by = &scheme.by;
    format!(
        "SELECT CASE WHEN isfinite(newest) THEN newest END, newest = 'infinity' \
         FROM (SELECT max({by}) AS newest FROM ONLY {}) AS rows",
        scheme.source()
    )
}

/// The CHECK is switched on: later rows are refused from now on, those that there are have not been looked at.
pub async fn bound_on(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    bound: DateTime<Utc>,
    (patience, report): (Patience, Report<'_>),
) -> Result<()> {
    if has_bound(session, scheme).await? {
        return Ok(());
    }
    bound_brief(scheme, bound).run(session, fence, patience, report).await
}

/// The rows that there are are looked at; readers and writers go on.
pub async fn validate_bound(session: &Session, scheme: &Scheme) -> Result<()> {
    wait_long(session).await?;
    session.batch("validate bound", &validate_sql(scheme)).await
}

/// The CHECK is gone, if it was there.
pub async fn bound_off(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    (patience, report): (Patience, Report<'_>),
) -> Result<()> {
    if has_bound(session, scheme).await? {
        unbound_brief(scheme).run(session, fence, patience, report).await?;
    }
    Ok(())
}

async fn has_bound(session: &Session, scheme: &Scheme) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = $1 AND conname = $2)";
    Ok(session.query_one("look for bound", SQL, &[&scheme.table.oid, &BOUND]).await?.get(0))
}

fn bound_brief(scheme: &Scheme, bound: DateTime<Utc>) -> Brief {
    let sql = format!(
        "ALTER TABLE {} ADD CONSTRAINT {} CHECK {} NOT VALID",
        scheme.source(),
        Ident::new(BOUND),
        scheme.before(bound)
    );
    on_source(scheme, "bound", sql)
}

fn unbound_brief(scheme: &Scheme) -> Brief {
    let sql = format!("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", scheme.source(), Ident::new(BOUND));
    on_source(scheme, "bound", sql)
}

fn validate_sql(scheme: &Scheme) -> String {
    format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", scheme.source(), Ident::new(BOUND))
}

fn on_source(scheme: &Scheme, step: &'static str, sql: String) -> Brief {
    let source = scheme.source();
    let mut script = Script::new();
    script.add(step, sql);
    Brief {
        step,
        quiet: vec![source.clone()],
        locks: vec![(Mode::AccessExclusive, source.clone())],
        script,
        record: Record::Nothing,
    }
}

/// What `plan --sql` shows of the bound.
pub fn bound_statements(scheme: &Scheme, bound: DateTime<Utc>) -> Vec<Statement> {
    let mut shown = vec![Statement { label: "read newest row".into(), sql: newest_sql(scheme) }];
    shown.extend(bound_brief(scheme, bound).statements());
    shown.push(Statement { label: "validate bound".into(), sql: validate_sql(scheme) });
    shown
}

/// What `plan --sql` shows of an abort, beside the twin.
pub fn removal_statements(scheme: &Scheme) -> Vec<Statement> {
    let mut shown = unbound_brief(scheme).statements();
    let keys = [Key::wide(scheme), Key::narrow(scheme)];
    shown
        .extend(keys.iter().flatten().map(|key| Statement { label: "drop key".into(), sql: key.drop_sql() }));
    shown
}
