//! Checks of the server, the role's rights and what is going on.

use super::{Case, Check, Hit, refuse, warn};
use crate::model::{
    server::{LongTransaction, ServerFacts},
    strategy::Strategy,
};

/// The oldest version that is supported.
const OLDEST: i32 = 14;
/// The newest version that was tried.
const NEWEST: i32 = 18;
/// Transactions older than this are worth naming, in seconds: capture retries for about as long.
const LONG_S: i64 = 10;

/// Id and remedy of the check that comes first of all.
pub(super) const TOO_OLD: (&str, &str) = ("QD-002", "use PostgreSQL 14 or later");

pub(super) const CHECKS: &[Check] = &[
    refuse(TOO_OLD.0, TOO_OLD.1, version_too_old),
    warn("QD-003", "try it on a copy first", version_untried),
    refuse("QD-004", "connect to the primary", standby),
    refuse("QD-005", "connect as the table's owner, as a member of its role, or as a superuser", not_owner),
    refuse(
        "QD-006",
        "GRANT CREATE ON DATABASE to this role; where schema quarterdeck exists, USAGE, CREATE on it and SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN it",
        no_journal,
    ),
    refuse("QD-007", "GRANT CREATE ON SCHEMA to this role and to the table's owner", no_create),
    refuse("QD-008", "GRANT the missing rights on the table to this role", lacks_rights),
    refuse(
        "QD-009",
        "GRANT SELECT, REFERENCES, UPDATE on that table to this role; BYPASSRLS where it has row security",
        referenced_rights,
    ),
    refuse(
        "QD-010",
        "connect as a member of the view's owner too, or give the view to the table's owner",
        view_rights,
    ),
    refuse("QD-085", "let its owner GRANT it to this role", used_rights),
    refuse("QD-011", "COMMIT PREPARED or ROLLBACK PREPARED it", prepared),
    refuse("QD-012", "wait until it is done: no lock makes it yield", wraparound),
    warn("QD-013", "let it end before capture and before the swap", long_transactions),
    warn(
        "QD-014",
        "make sure that it allows CREATE, ALTER and DROP of tables and triggers by this role",
        event_triggers,
    ),
    warn("QD-015", "raise max_locks_per_transaction, or choose a longer period", lock_room),
    warn(
        "QD-097",
        "rehearse it (`swap --rehearse`) and give `--lock-budget` what that says, or choose a longer period",
        long_exchange,
    ),
    warn("QD-016", "GRANT pg_read_all_stats to this role to have them shown", blind),
    refuse("QD-017", "look at it with `quarterdeck status`; resume it with `run`, or abort it", migration),
];

fn major(server: &ServerFacts) -> i32 {
    server.version_num / 10_000
}

/// Why the server is too old, if it is.
pub(super) fn too_old(server: &ServerFacts) -> Option<String> {
    let major = major(server);
    (major < OLDEST).then(|| format!("PostgreSQL {major} is older than {OLDEST}"))
}

fn version_too_old(case: &Case<'_>) -> Vec<Hit> {
    too_old(case.server).map(|reason| ("server".into(), reason)).into_iter().collect()
}

fn version_untried(case: &Case<'_>) -> Vec<Hit> {
    if major(case.server) <= NEWEST {
        return Vec::new();
    }
    vec![(
        "server".into(),
        format!("PostgreSQL {} is newer than {NEWEST}, the last one tried", major(case.server)),
    )]
}

fn standby(case: &Case<'_>) -> Vec<Hit> {
    if !case.server.in_recovery {
        return Vec::new();
    }
    vec![("server".into(), "it is a standby, which cannot be written".into())]
}

fn not_owner(case: &Case<'_>) -> Vec<Hit> {
    let rights = &case.around.rights;
    let (role, owner) = (case.server.role.as_str(), case.table.owner.as_str());
    if !rights.owns {
        return case
            .about_table(Some(format!("it belongs to {owner}, and {role} is not a member of that role")));
    }
    let reason = || format!("{role} may not SET ROLE {owner}, so the twin could not belong to it");
    case.about_table((!rights.may_give).then(reason))
}

fn no_journal(case: &Case<'_>) -> Vec<Hit> {
    if case.server.may_journal {
        return Vec::new();
    }
    let reason = format!(
        "{} may not create and write in it, and the journal must live there",
        case.server.role.as_str()
    );
    vec![(format!("schema quarterdeck of database {}", case.server.database), reason)]
}

fn no_create(case: &Case<'_>) -> Vec<Hit> {
    if case.around.rights.may_create {
        return Vec::new();
    }
    let (role, owner) = (case.server.role.as_str(), case.table.owner.as_str());
    vec![(
        format!("schema {}", case.table.name.schema.as_str()),
        format!("{role} and the table's owner {owner} must both be allowed to create in it"),
    )]
}

fn lacks_rights(case: &Case<'_>) -> Vec<Hit> {
    let lacks = &case.around.rights.lacks;
    let reason = || format!("{} lacks {} on it", case.server.role.as_str(), lacks.join(", "));
    case.about_table((!lacks.is_empty()).then(reason))
}

fn referenced_rights(case: &Case<'_>) -> Vec<Hit> {
    let reason =
        "a foreign key references it, and this role may not lock it, not reference it, or not read all of it";
    case.around.rights.referenced.iter().map(|name| (name.plain(), reason.into())).collect()
}

fn view_rights(case: &Case<'_>) -> Vec<Hit> {
    let reason = "the view must follow the table at the swap, and this role may not replace it";
    case.around.rights.views.iter().map(|name| (name.plain(), reason.into())).collect()
}

fn used_rights(case: &Case<'_>) -> Vec<Hit> {
    let role = case.server.role.as_str();
    let hit = |(object, right): &(String, String)| {
        (object.clone(), format!("the table uses it, or a view over it, and {role} lacks {right} on it"))
    };
    case.around.rights.used.iter().map(hit).collect()
}

fn prepared(case: &Case<'_>) -> Vec<Hit> {
    let reason = "it holds a lock on the table, or on one that the table references";
    case.around.prepared.iter().map(|gid| (format!("prepared transaction {gid}"), reason.into())).collect()
}

fn wraparound(case: &Case<'_>) -> Vec<Hit> {
    let pid = case.around.wraparound_vacuum;
    let hit = |pid: i32| (case.name(), format!("autovacuum, pid {pid}, is preventing wraparound on it"));
    pid.map(hit).into_iter().collect()
}

fn long_transactions(case: &Case<'_>) -> Vec<Hit> {
    let long = case.around.long_transactions.iter().filter(|t| t.age_s.is_some_and(|age| age >= LONG_S));
    let hit = |t: &LongTransaction| {
        let state = t.state.as_deref().unwrap_or("in an unknown state");
        (format!("pid {}", t.pid), format!("{}, {state}, open for {} s", t.who, t.age_s.unwrap_or_default()))
    };
    long.map(hit).collect()
}

fn event_triggers(case: &Case<'_>) -> Vec<Hit> {
    let names = case.around.event_triggers.iter();
    names
        .map(|name| (format!("event trigger {name}"), "it sees every table we make and drop".into()))
        .collect()
}

/// Partitions as far as they can be foreseen, with DEFAULT.
fn leaves(case: &Case<'_>) -> Option<usize> {
    case.by().and_then(|by| case.periods(&by.name).ok()).map(|periods| periods.len() + 1)
}

fn lock_room(case: &Case<'_>) -> Vec<Hit> {
    let Some(leaves) = leaves(case) else { return Vec::new() };
    // A leaf, its TOAST table and that one's index, and its own indexes, all locked by one transaction.
    let locks = leaves * (3 + case.table.indexes.len());
    let locks = i64::try_from(locks).unwrap_or(i64::MAX);
    let reason = format!(
        "{leaves} partitions with their indexes take {locks} locks of the server's {}",
        case.server.lock_slots
    );
    case.about_table((locks > case.server.lock_slots / 2).then_some(reason))
}

/// What the exchange does to each partition under its lock takes some half a millisecond, and what it does for each
/// foreign key twice that (ARCHITECTURE.md, *Measurements*): at 150 of these halves it comes near the usual budget.
const NEAR_THE_BUDGET: usize = 150;

fn long_exchange(case: &Case<'_>) -> Vec<Hit> {
    let by_leaf = matches!(case.request.strategy, Strategy::Online | Strategy::Repartition);
    let Some(leaves) = leaves(case).filter(|_| by_leaf) else { return Vec::new() };
    let keys = case.table.foreign_keys().count();
    let reason = format!(
        "the swap treats {leaves} partitions and their {} foreign keys under its lock, which may take longer than the budget of 100 ms",
        leaves * keys
    );
    case.about_table((leaves * (1 + 2 * keys) > NEAR_THE_BUDGET).then_some(reason))
}

fn blind(case: &Case<'_>) -> Vec<Hit> {
    if case.server.sees_sessions {
        return Vec::new();
    }
    let reason = "it cannot see how long other sessions' transactions are open, so none is warned of";
    vec![(format!("role {}", case.server.role.as_str()), reason.into())]
}

fn migration(case: &Case<'_>) -> Vec<Hit> {
    let phase = case.around.migration.iter();
    phase.map(|phase| (case.name(), format!("a migration of it is in the journal, phase {phase}"))).collect()
}
