//! Capture: from the moment it is on, the key of every row that is written lands in the log, in the writer's transaction.
//!
//! It is switched on in one short transaction; before it stands nothing has been read, so that what the census
//! sees and the log does not hold cannot have changed. Reverse capture is part of the swap.

use tokio_postgres::types::ToSql;

use crate::{
    error::Result,
    model::{
        carry::{self, Carry},
        ident::Ident,
        plan::Statement,
        scheme::Scheme,
        triggers,
    },
    pg::{
        Fence, Session, journal,
        lock::{Brief, Mode, Patience, Record, Report},
        script::Script,
    },
};

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    let mut shown = log_statements(scheme);
    shown.extend(switch(scheme).statements());
    shown
}

/// What `plan --sql` shows of [`make_log`].
pub fn log_statements(scheme: &Scheme) -> Vec<Statement> {
    let mut shown = log(scheme);
    shown.append(functions(scheme));
    shown.statements()
}

/// Switches capture on, or finds it on after a crash; the journal has the fingerprint afterwards.
pub async fn begin(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    patience: Patience,
    report: Report<'_>,
) -> Result<()> {
    make_log(session, fence, scheme).await?;
    let mut brief = switch(scheme);
    if is_on(session, scheme).await? {
        brief = Brief { quiet: Vec::new(), locks: Vec::new(), script: Script::new(), ..brief };
    }
    brief.run(session, fence, patience, report).await
}

/// Whether every trigger of capture is there and fires always.
pub async fn is_on(session: &Session, scheme: &Scheme) -> Result<bool> {
    const SQL: &str = "SELECT count(*) FROM pg_trigger \
                       WHERE tgrelid = to_regclass($1) AND tgenabled = 'A' AND tgname::text = ANY ($2)";
    let names = triggers::capture_names(scheme);
    let params: [&(dyn ToSql + Sync); 2] = [&scheme.source().to_string(), &names];
    let found: i64 = session.query_one("look for capture", SQL, &params).await?.get(0);
    Ok(usize::try_from(found) == Ok(names.len()))
}

/// Log and functions. Nobody waits for them. Repeatable.
pub async fn make_log(session: &mut Session, fence: &Fence, scheme: &Scheme) -> Result<()> {
    const EXISTS: &str = "SELECT to_regclass($1) IS NOT NULL";
    let tx = session.begin().await?;
    fence.hold(&tx).await?;
    let exists: bool = tx.query_one("look for log", EXISTS, &[&scheme.log().to_string()]).await?.get(0);
    if !exists {
        log(scheme).run(&tx).await?;
    }
    functions(scheme).run(&tx).await?;
    tx.commit("make log").await
}

/// A queue: many short-lived rows. Vacuum comes early and does not truncate, which would take ACCESS EXCLUSIVE.
const LOG_OPTIONS: &str = "vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, \
                           autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000, \
                           autovacuum_vacuum_cost_delay = 0";

/// The log takes types and collations of its key from the source. Its own key is there so that a publication FOR ALL
/// TABLES does not forbid the dequeue (TRAPS 57); the index on the logged key is not unique, and begins with
/// the partition column: replay asks for the keys of sealed leaves.
fn log(scheme: &Scheme) -> Script {
    let log = scheme.log();
    let columns: Vec<_> = scheme
        .log_key()
        .into_iter()
        .zip(scheme.logged_columns())
        .map(|(logged, column)| format!("s.{} AS {logged}", column.name))
        .collect();
    let mut script = Script::new();
    script.add(
        "make log",
        format!(
            "CREATE TABLE {log} WITH ({LOG_OPTIONS}) AS SELECT {} FROM ONLY {} s WITH NO DATA",
            columns.join(", "),
            scheme.source()
        ),
    );
    script.add(
        "make log",
        format!(
            "ALTER TABLE {log} ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
             ADD COLUMN at timestamptz NOT NULL DEFAULT now()"
        ),
    );
    let index = Ident::new(format!("{}_key", log.name.as_str()));
    script.add("make log", format!("CREATE INDEX {index} ON {log} ({})", scheme.log_index().join(", ")));
    script.add("make log", format!("REVOKE ALL ON {log} FROM PUBLIC"));
    script
}

fn functions(scheme: &Scheme) -> Script {
    let mut script = Script::new();
    script.add("make capture functions", carry::functions(scheme, Carry::Log));
    script.add("make capture functions", triggers::guard_functions(scheme));
    // All of them have the migration's digits in their names.
    let log = scheme.log();
    let digits = log.name.as_str().trim_start_matches("log");
    script.add("close log", journal::close(digits));
    script
}

fn switch(scheme: &Scheme) -> Brief {
    let source = scheme.source();
    let mut script = Script::new();
    script.extend("capture on", triggers::capture(scheme, source));
    Brief {
        step: "capture",
        quiet: vec![source.clone()],
        locks: vec![(Mode::ShareRowExclusive, source.clone())],
        script,
        record: Record::Fingerprint,
    }
}
