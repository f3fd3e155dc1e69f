//! One migration in mid-copy, its events and its plan, for the renderers' tests. Names in it are hostile.

use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use uuid::Uuid;

use crate::{
    engine::{
        command::{Asked, Asker, Command},
        event::{Body, Event},
        status::{
            Condition, Diff, DiffKind, Migration, Owner, Pace, PeriodStatus, Readiness, Rows, Signal,
            SignalState, Status, Verification,
        },
    },
    error::{Kind, Report},
    model::{
        attached::Attached,
        calendar::Zone,
        clock::Clock,
        history::History,
        ident::{Ident, QualifiedName},
        period::Every,
        phase::{LeafState, Phase, State},
        plan::{Cost, Finding, Plan, Severity, Statement, Step},
        scheme::Scheme,
        strategy::Strategy,
        table::{Column, Facts, Index, IndexRole, Table},
    },
};

/// Compares with a file in `tests/snapshots`; `INSTA_UPDATE=always` writes it.
pub(crate) fn snapshot(name: &str, text: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    insta::with_settings!({ snapshot_path => folder, prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 5, 4, 14, 2, 31).unwrap() + chrono::TimeDelta::seconds(seconds)
}

/// In mid-copy, slowed, with an owner elsewhere.
pub(crate) fn copying() -> Status {
    Status {
        at: at(0),
        migration: Migration {
            id: id(),
            table: QualifiedName::new("public", "chat_messages"),
            strategy: "online".into(),
            phase: Phase::Copying,
            state: State::Running,
            key: "(id, created_at)".into(),
            by: "created_at".into(),
            every: Every::Quarter,
            zone: Zone::UTC,
            waiting: None,
            pausing: true,
            swapped_at: None,
        },
        owner: Some(Owner {
            host: "db-admin\x1b[31m".into(),
            pid: 4_711,
            since: at(-3_600),
            alive: true,
            ours: false,
        }),
        rows: Rows {
            source: 11_730_123,
            exact: true,
            copied: 3_804_811,
            log_pending: 318,
            log_bytes: 49_152,
            log_oldest_s: Some(0.8),
            log_trend: Some(12.0),
            replayed: 9_321,
        },
        periods: periods(),
        chunks: Arc::new(vec![]),
        lanes: vec![],
        throttle: throttle(),
        pace: Pace { rows_per_s: Some(184_300.5), eta_s: Some((1_140.0, 1_380.0)), ..Pace::default() },
        verification: Verification {
            verified_at: Some(at(-60)),
            diffs: Arc::new(vec![Diff {
                leaf: "chat_messages_2024_q2".into(),
                key: "id=7, created_at=2024-05-01".into(),
                key_values: vec!["7".into(), "2024-05-01".into()],
                kind: DiffKind::Changed,
                columns: vec![("body".into(), Some("a|b".into()), None)],
            }]),
            ..Verification::default()
        },
        readiness: Readiness {
            blockers: Vec::new(),
            conditions: vec![
                Condition { name: "log".into(), holds: true, detail: "318 rows".into() },
                Condition { name: "verified".into(), holds: false, detail: "2 rows differ".into() },
            ],
        },
        last_error: Some("copy chunk: out of\nshared memory [53200]".into()),
    }
}

fn throttle() -> Vec<Signal> {
    vec![
        Signal { signal: "operator".into(), state: SignalState::Ok, detail: String::new() },
        Signal {
            signal: "standby-lag".into(),
            state: SignalState::Slow,
            detail: "standby b\u{202e} 4.1 s > 3 s".into(),
        },
    ]
}

fn periods() -> Vec<PeriodStatus> {
    vec![
        period("2024 Q1", Some((2024, 1)), LeafState::Verified, (1_902_400, 1_902_400, Some(0))),
        period("2024 Q2", Some((2024, 4)), LeafState::Differs, (1_902_411, 1_902_409, Some(2))),
        period("2024 Q3", Some((2024, 7)), LeafState::Copying, (7_925_312, 2, None)),
        period("DEFAULT", None, LeafState::Sealed, (0, 0, None)),
    ]
}

/// Before the census, without an owner.
pub(crate) fn planned() -> Status {
    let mut status = copying();
    status.migration.phase = Phase::Planned;
    status.migration.state = State::Stopped;
    status.migration.pausing = false;
    status.migration.waiting = Some("nobody runs it".into());
    status.owner = None;
    status.rows = Rows { source: 11_000_000, ..Rows::default() };
    status.periods.clear();
    status.throttle.clear();
    status.readiness.conditions.clear();
    status.pace = Pace::default();
    status.verification = Verification::default();
    status.last_error = None;
    status
}

fn id() -> Uuid {
    Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_002a)
}

fn period(
    title: &str,
    month: Option<(i32, u32)>,
    state: LeafState,
    rows: (i64, i64, Option<i64>),
) -> PeriodStatus {
    let start = month.map(|(year, month)| Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).unwrap());
    PeriodStatus {
        title: title.into(),
        leaf: format!("chat_messages_{}", title.to_lowercase().replace(' ', "_")),
        period: start.and_then(|start| Every::Quarter.period_of(start)),
        state,
        source_rows: rows.0,
        target_rows: rows.1,
        diffs: rows.2,
        verified_at: None,
        bytes: (0, 0),
        priority: 0,
    }
}

/// What happened, a line of each colour.
pub(crate) fn events() -> Vec<Event> {
    let by = Asker { role: "dba".into(), from: "ana@laptop".into(), face: "cli".into() };
    let bodies = [
        Body::Owned { owner: "laptop pid 4711".into(), epoch: 3, instead_of: Some("db1 pid 9".into()) },
        Body::Phase { from: Phase::Census, to: Phase::Copying },
        Body::CensusTaken { rows: 2_000_000, chunks: 256, periods: 9 },
        Body::Verified { rows: 2_000_000, in_log: 12, diffs: 0, took_ms: 3_100 },
        Body::LockAttempt {
            step: "swap".into(),
            attempt: 2,
            held_ms: 18,
            won: false,
            blocker: Some("pid 8841,\x07 idle in transaction".into()),
        },
        Body::Accepted { asked: Asked { command: Command::Pause, by } },
        Body::Failed { step: "copy".into(), error: report() },
        Body::Closed { end: "failed".into(), exit_code: 1 },
    ];
    (1..).zip(bodies).map(|(seq, body)| Event { seq, at: at(seq), body }).collect()
}

fn report() -> Report {
    Report {
        kind: Kind::Failed,
        id: None,
        message: "copy chunk: out of\nshared memory".into(),
        hint: Some("raise max_locks_per_transaction".into()),
        sqlstate: Some("53200".into()),
        refusals: Vec::new(),
    }
}

/// Two steps; the second cannot be undone.
pub(crate) fn plan() -> Plan {
    let statement = |label: &str, sql: &str| Statement { label: label.into(), sql: sql.into() };
    Plan {
        scheme: scheme(),
        steps: vec![
            Step {
                name: "capture".into(),
                summary: "append every changed key to a log".into(),
                statements: vec![
                    statement("create log", "CREATE TABLE quarterdeck.log_2a (\n    seq bigint\n)"),
                    statement(
                        "capture on",
                        "CREATE TRIGGER \"evil\x1b\" AFTER INSERT ON public.chat_messages;",
                    ),
                ],
                locks: vec!["SHARE ROW EXCLUSIVE on public.chat_messages, ≤ 50 ms".into()],
                cost: Cost::default(),
                undo: Some("DROP TRIGGER, then the log".into()),
            },
            Step {
                name: "finish".into(),
                summary: "drop the old table\n-- not a comment".into(),
                statements: vec![],
                locks: vec!["ACCESS EXCLUSIVE on public.chat_messages_old".into()],
                cost: Cost { rows: 2_000_000, bytes: 650_000_000, wal_bytes: 1_280_000_000, seconds: 95 },
                undo: None,
            },
        ],
        warnings: vec![Finding {
            id: "QD-013".into(),
            severity: Severity::Warn,
            object: "public.chat_messages".into(),
            reason: "pid 8841 has been idle in a transaction for 4 min".into(),
            remedy: "let it end before capture and before the swap".into(),
        }],
    }
}

fn scheme() -> Scheme {
    let column = |name: &str, type_sql: &str| Column {
        name: Ident::new(name),
        type_sql: type_sql.into(),
        not_null: true,
        generated: false,
        identity: None,
        comparable: true,
        exact_hash: false,
        findable: true,
        owned_sequence: None,
        statistics_target: None,
        options: vec![],
    };
    let key = Index {
        name: Ident::new("chat_messages_pkey"),
        role: IndexRole::PrimaryKey,
        key: vec![Some(Ident::new("id"))],
        include: vec![],
        definition: "PRIMARY KEY (id)".into(),
        valid: true,
        deferrable: false,
        options: vec![],
        comment: None,
        constraint_comment: None,
        tablespace: None,
        targets: vec![],
    };
    Scheme {
        id: id(),
        table: Table {
            name: QualifiedName::new("public", "chat_messages"),
            oid: 16_384,
            owner: Ident::new("shop"),
            columns: vec![column("id", "uuid"), column("created_at", "timestamp with time zone")],
            indexes: vec![key],
            constraints: vec![],
            triggers: vec![],
            views: vec![],
            grants: vec![],
            comment: None,
            attached: Attached::default(),
            facts: Facts::default(),
        },
        by: Ident::new("created_at"),
        clock: Clock::Timestamptz,
        every: Every::Quarter,
        zone: Zone::UTC,
        ahead: 2,
        default_leaf: true,
        strategy: Strategy::Online,
        incoming: crate::model::incoming::Incoming::default(),
        history: History::Range,
        ids_table: false,
    }
}
