//! Ownership: one process runs a migration. A session advisory lock and a sign of life every second say who lives, the
//! epoch who may write.
//!
//! Every new owner, also one that follows a dead one, first ends what sessions the last owner left, then raises
//! the epoch (the update waits for every transaction that holds the fence).

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    pg::{Session, Target, journal},
};

/// How long a take-over waits for the old owner's sessions to end, and who was slower for the new owner's name.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The advisory lock's key.
pub fn lock_key(id: Uuid) -> i64 {
    let (high, low) = id.as_u64_pair();
    i64::from_ne_bytes((high ^ low).to_ne_bytes())
}

/// What the sessions of one owner call themselves, so that the next one finds them.
pub fn purpose(id: Uuid, what: &str) -> String {
    let hex = id.simple().to_string();
    format!("{} {what}", &hex[hex.len() - 12..])
}

/// Whether to take a migration from a live owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Only where no owner lives, or none has been heard of for 40 s (`read_owner.sql`).
    IfFree,
    /// Also from a live one: its sessions are terminated.
    TakeOver,
    /// After this process's connection was lost: only where nobody has owned it since. What it left is terminated, since
    /// the server may not know yet that nobody is there.
    Again(Term),
}

/// One owner's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The number of the fence.
    pub epoch: i64,
    /// Since when, by the server's clock.
    pub since: DateTime<Utc>,
    /// The same moment by a clock of this process that only goes forward.
    pub began: Instant,
}

impl Term {
    /// The server's clock, which whatever is decided by time goes by: this machine's may be wrong, and may jump.
    pub fn now(&self) -> DateTime<Utc> {
        self.since + self.began.elapsed()
    }
}

/// The session that holds ownership, and the epoch it has.
#[derive(Debug)]
pub struct Ownership {
    /// Keep it open: its end gives ownership up.
    pub session: Session,
    /// The number every writing transaction asks for, and since when.
    pub term: Term,
    /// Who owned it before, as `host:pid`, if somebody did.
    pub before: Option<String>,
}

/// Becomes the owner; `None` where somebody else lives and `claim` does not allow taking over.
pub async fn claim(target: &Target, id: Uuid, claim: Claim) -> Result<Option<Ownership>> {
    let mut session = Session::open(target, &purpose(id, "owner")).await?;
    journal::install(&mut session).await?;
    may_own(&session, id).await?;
    let claim = match claim {
        Claim::Again(term) => again(&session, id, term).await?,
        claim @ (Claim::IfFree | Claim::TakeOver) => claim,
    };
    if !try_lock(&session, id).await? {
        if claim == Claim::IfFree && !silent(&session, id).await? {
            drop(session);
            named(target, id).await?;
            return Ok(None);
        }
        end_sessions(&session, id).await?;
        if !try_lock(&session, id).await? {
            return Err(Error::Busy {
                object: "ownership".into(),
                reason: "another console took the migration over at the same moment".into(),
                remedy: "see who with `quarterdeck status`".into(),
            });
        }
    }
    end_sessions(&session, id).await?;
    let before = owner_before(&session, id).await?;
    let term = raise_epoch(&mut session, id).await?;
    Ok(Some(Ownership { session, term, before }))
}

/// After a lost connection: whether the term is still this process's. Where it is over, another process has owned the
/// migration, and what that one decided is not undone by one that slept through it. A server that does not know the term
/// was a standby that had not heard of it: there it is free for whoever is first.
async fn again(session: &Session, id: Uuid, term: Term) -> Result<Claim> {
    const STANDBY: &str = "SELECT pg_is_in_recovery()";
    const SQL: &str = "SELECT f.epoch, o.host, o.pid, o.since, m.table_schema || '.' || m.table_name \
                       FROM quarterdeck.fence f JOIN quarterdeck.migration m ON m.id = f.migration_id \
                       LEFT JOIN quarterdeck.owner o USING (migration_id) WHERE f.migration_id = $1";
    if session.query_one("look for a standby", STANDBY, &[]).await?.get(0) {
        return Err(Error::Connect {
            target: session.target().place(),
            reason: "the server is a standby and takes no writes".into(),
            remedy: "promote it, or bring the primary back".into(),
        });
    }
    let Some(row) = session.query_opt("read term", SQL, &[&id]).await? else {
        return Err(Error::Changed {
            table: format!("migration {id}"),
            what: "the journal does not know it".into(),
        });
    };
    let epoch: i64 = row.get(0);
    let owner = (
        row.get::<_, Option<String>>(1),
        row.get::<_, Option<i64>>(2),
        row.get::<_, Option<DateTime<Utc>>>(3),
    );
    let ours = (Some(host()), Some(i64::from(std::process::id())), Some(term.since));
    if epoch == term.epoch && owner == ours {
        Ok(Claim::TakeOver)
    } else if epoch < term.epoch {
        Ok(Claim::IfFree)
    } else {
        Err(Error::Fenced { table: row.get(4), epoch: term.epoch })
    }
}

/// Refuses a role that could not go on with what another one began: log and functions belong to that one, and the swap
/// would be too late to find it out.
async fn may_own(session: &Session, id: Uuid) -> Result<()> {
    const SQL: &str = "SELECT pg_get_userbyid(relowner)::text, current_user::text FROM pg_class \
                       WHERE oid = to_regclass($1) AND NOT pg_has_role(relowner, 'USAGE')";
    let log = format!("quarterdeck.log_{}", purpose(id, "").trim_end());
    let Some(row) = session.query_opt("look for the log's owner", SQL, &[&log]).await? else { return Ok(()) };
    let (theirs, ours): (String, String) = (row.get(0), row.get(1));
    Err(Error::Refused {
        id: "QD-086",
        object: journal::read::migration(session, id).await?.scheme.source().plain(),
        reason: format!("its migration was begun by role {theirs}, of which {ours} is not a member"),
        remedy: format!("connect as {theirs} or as a member of it"),
    })
}

async fn try_lock(session: &Session, id: Uuid) -> Result<bool> {
    let row =
        session.query_one("ownership lock", "SELECT pg_try_advisory_lock($1)", &[&lock_key(id)]).await?;
    Ok(row.get(0))
}

/// Whether the server holds the lock for an owner that is not heard of any more: behind a network, or a proxy, that still
/// acknowledges what nobody reads.
async fn silent(session: &Session, id: Uuid) -> Result<bool> {
    Ok(journal::read::owner(session, id).await?.is_some_and(|owner| !owner.alive))
}

/// Somebody else was faster. Waits until the journal names it, which comes some statements after its lock: who asks the
/// journal next finds an owner. Under a name that the other one does not take for a dead owner's session.
async fn named(target: &Target, id: Uuid) -> Result<()> {
    let session = Session::open(target, "contest").await?;
    let began = tokio::time::Instant::now();
    while began.elapsed() < PATIENCE {
        if journal::read::owner(&session, id).await?.is_some_and(|owner| owner.alive) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

async fn owner_before(session: &Session, id: Uuid) -> Result<Option<String>> {
    const SQL: &str = "SELECT host || ':' || pid FROM quarterdeck.owner WHERE migration_id = $1";
    Ok(session.query_opt("read last owner", SQL, &[&id]).await?.map(|row| row.get(0)))
}

/// Terminates the last owner's sessions and waits until they are gone: a worker of a dead process may still be
/// in the middle of a statement.
async fn end_sessions(session: &Session, id: Uuid) -> Result<()> {
    const SQL: &str = include_str!("../../assets/sql/end_sessions.sql");
    let pattern = format!("quarterdeck {}%", purpose(id, ""));
    let began = tokio::time::Instant::now();
    loop {
        let left: i64 = session.query_one("end last owner's sessions", SQL, &[&pattern]).await?.get(0);
        if left == 0 {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(Error::Busy {
                object: "ownership".into(),
                reason: format!("{left} sessions of the last owner do not end"),
                remedy: "look at pg_stat_activity for application_name 'quarterdeck …' and end them".into(),
            });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn raise_epoch(session: &mut Session, id: Uuid) -> Result<Term> {
    const RAISE: &str =
        "UPDATE quarterdeck.fence SET epoch = epoch + 1 WHERE migration_id = $1 RETURNING epoch";
    const OWNER: &str = "INSERT INTO quarterdeck.owner (migration_id, epoch, host, pid) VALUES ($1, $2, $3, $4) \
                         ON CONFLICT (migration_id) DO UPDATE SET epoch = excluded.epoch, host = excluded.host, \
                         pid = excluded.pid, since = now(), live = NULL, live_at = NULL \
                         RETURNING since";
    let tx = session.begin().await?;
    let row = tx.query_opt("raise epoch", RAISE, &[&id]).await?;
    let epoch: i64 =
        row.ok_or_else(|| Error::Bug(format!("migration {id} has no fence in the journal")))?.get(0);
    let pid = i64::from(std::process::id());
    let since = tx.query_one("journal owner", OWNER, &[&id, &epoch, &host(), &pid]).await?.get(0);
    tx.commit("raise epoch").await?;
    Ok(Term { epoch, since, began: Instant::now() })
}

/// This machine's name.
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .unwrap_or_else(|| "unknown host".into())
}
