//! Events as sentences, the same for the console's log, for plain lines and for the report.

use std::time::Duration;

use crate::{
    engine::{
        command::{Asked, Command},
        event::Body,
    },
    error::Report,
    model::{
        figures::{count, span},
        throttle::Speed,
    },
};

/// How an event is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Calm,
    /// Something was verified.
    Good,
    /// Something is slower or other than planned.
    Warn,
    /// Something failed or differs.
    Danger,
}

/// How the event is meant.
pub fn tone(body: &Body) -> Tone {
    match body {
        Body::Owned { .. }
        | Body::Phase { .. }
        | Body::StepStarted { .. }
        | Body::StepFinished { .. }
        | Body::CensusTaken { .. }
        | Body::LeafSealed { .. }
        | Body::Repaired { .. }
        | Body::Swapped { .. }
        | Body::Reversed { .. }
        | Body::Accepted { .. }
        | Body::Done { .. }
        | Body::Resumed { .. }
        | Body::Throttled { speed: Speed::Full, .. } => Tone::Calm,
        Body::LeafVerified { diffs, .. } | Body::Verified { diffs, .. } => {
            if *diffs == 0 {
                Tone::Good
            } else {
                Tone::Danger
            }
        }
        Body::ForeignKeyValidated { .. } => Tone::Good,
        Body::LockAttempt { won, .. } => {
            if *won {
                Tone::Calm
            } else {
                Tone::Warn
            }
        }
        Body::StepRetried { .. }
        | Body::ChunkFailed { .. }
        | Body::Refused { .. }
        | Body::Paused { .. }
        | Body::Throttled { .. }
        | Body::Reconnecting { .. }
        | Body::Warning { .. } => Tone::Warn,
        Body::DuplicateKey { .. } | Body::Failed { .. } => Tone::Danger,
        Body::Closed { exit_code, .. } => match exit_code {
            0 => Tone::Calm,
            5 => Tone::Warn,
            _ => Tone::Danger,
        },
    }
}

/// A short word for the kind of event, at most ten letters.
pub fn word(body: &Body) -> &'static str {
    match body {
        Body::Owned { .. } => "owner",
        Body::Phase { .. } => "phase",
        Body::StepStarted { .. } | Body::StepRetried { .. } | Body::StepFinished { .. } => "step",
        Body::CensusTaken { .. } => "census",
        Body::ChunkFailed { .. } => "chunk",
        Body::LeafSealed { .. } => "seal",
        Body::LeafVerified { .. } | Body::Verified { .. } => "verify",
        Body::Repaired { .. } => "repair",
        Body::ForeignKeyValidated { .. } => "validate",
        Body::LockAttempt { .. } => "lock",
        Body::Swapped { .. } => "swap",
        Body::Reversed { .. } => "reverse",
        Body::DuplicateKey { .. } => "duplicate",
        Body::Accepted { .. } | Body::Done { .. } | Body::Refused { .. } => "command",
        Body::Paused { .. } => "paused",
        Body::Resumed { .. } => "resumed",
        Body::Throttled { .. } => "throttle",
        Body::Reconnecting { .. } => "connection",
        Body::Warning { .. } => "warning",
        Body::Failed { .. } => "failed",
        Body::Closed { .. } => "closed",
    }
}

/// The event in words, one line, without its time.
pub fn sentence(body: &Body) -> String {
    match body {
        Body::Owned { owner, epoch, instead_of } => match instead_of {
            Some(before) => format!("{owner} owns the migration (epoch {epoch}), instead of {before}"),
            None => format!("{owner} owns the migration (epoch {epoch})"),
        },
        Body::Phase { from, to } => format!("{from} → {to}"),
        Body::StepStarted { step } => format!("{step}: begins"),
        Body::StepRetried { step, attempt, reason } => {
            format!("{step}: attempt {attempt} failed and is repeated: {reason}")
        }
        Body::StepFinished { step, took_ms, message } => format!("{step}: {message} ({})", took(*took_ms)),
        Body::CensusTaken { rows, chunks, periods } => {
            format!("{} rows in {chunks} chunks and {periods} periods", count(*rows))
        }
        Body::ChunkFailed { chunk, attempt, error } => {
            format!("chunk {chunk}: attempt {attempt} failed: {}", reported(error))
        }
        Body::LeafSealed { leaf, rows, took_ms } => {
            format!("{leaf}: sealed, {} rows ({})", count(*rows), took(*took_ms))
        }
        Body::LeafVerified { leaf, rows, diffs } => format!("{leaf}: {}", compared(*rows, *diffs)),
        Body::Verified { rows, in_log, diffs, took_ms } => {
            let (verdict, in_log, took) = (compared(*rows, *diffs), count(*in_log), took(*took_ms));
            format!("{verdict}, {in_log} left out because they are in the log ({took})")
        }
        Body::LockAttempt { step, attempt, held_ms, won, blocker } => {
            let outcome = if *won { "won" } else { "lost" };
            let to = blocker.as_ref().map(|who| format!(" to {who}")).unwrap_or_default();
            format!("{step}: lock attempt {attempt} {outcome}{to}; writers waited {held_ms} ms")
        }
        Body::Repaired { keys } => format!("{} keys put into the log; a clean pass is owed", count(*keys)),
        Body::ForeignKeyValidated { constraint } => format!("{constraint}: validated on every leaf"),
        Body::Swapped { held_ms } => {
            format!("the partitioned table owns the name; the application waited {held_ms} ms")
        }
        Body::Reversed { held_ms } => {
            format!("the old table has its name again; writers waited {held_ms} ms")
        }
        Body::DuplicateKey { key } => {
            format!("two rows share the old table's key {key}: reverse is blocked")
        }
        Body::Accepted { asked } => format!("{} taken on{}", ordered(asked), by(asked)),
        Body::Done { asked } => format!("{} done{}", ordered(asked), by(asked)),
        Body::Refused { asked, reason } => format!("{} refused: {reason}{}", ordered(asked), by(asked)),
        Body::Paused { message } | Body::Warning { message } => message.clone(),
        Body::Resumed { by } => format!("resumed by {by}"),
        Body::Throttled { speed: Speed::Full, .. } => "at full speed".into(),
        Body::Throttled { speed: Speed::Slow, reasons } => format!("slowed by {}", reasons.join("; ")),
        Body::Throttled { speed: Speed::Stop, reasons } => format!("held by {}", reasons.join("; ")),
        Body::Reconnecting { attempt, in_s, reason } => {
            format!("connection lost, attempt {attempt} in {in_s} s: {reason}")
        }
        Body::Failed { step, error } => format!("{step}: {}", reported(error)),
        Body::Closed { end, exit_code } => format!("{end} (exit code {exit_code})"),
    }
}

fn compared(rows: i64, diffs: i64) -> String {
    match diffs {
        0 => format!("{} rows equal", count(rows)),
        _ => format!("{} of {} rows differ", count(diffs), count(rows)),
    }
}

/// `, asked by dba (ana@laptop)`.
fn by(asked: &Asked) -> String {
    format!(", asked by {} ({})", asked.by.role, asked.by.from)
}

/// The command with its object: `cancel chunk 7`.
fn ordered(asked: &Asked) -> String {
    match &asked.command {
        Command::CancelChunk { chunk } | Command::RetryChunk { chunk } => {
            format!("{} {chunk}", asked.command.word())
        }
        Command::Reorder { leaf, up } => format!("{leaf} {}", if *up { "earlier" } else { "later" }),
        Command::EndBlocker { pid } => format!("{} {pid}", asked.command.word()),
        Command::Workers { workers } => format!("{workers} workers"),
        Command::Tune { settings, workers } => {
            let workers = workers.map(|workers| format!("workers={workers}"));
            let each: Vec<_> = settings.iter().map(ToString::to_string).chain(workers).collect();
            format!("tune {}", each.join(" "))
        }
        Command::Finish { drop_source: true } => "finish and drop the old table".to_owned(),
        Command::Reverse { move_rows: true } => "reverse and move later rows".to_owned(),
        Command::Finish { drop_source: false }
        | Command::Pause
        | Command::Resume
        | Command::Stop
        | Command::Abort
        | Command::Verify
        | Command::Repair
        | Command::Swap
        | Command::Rehearse
        | Command::Reverse { move_rows: false } => asked.command.word().to_owned(),
    }
}

fn reported(error: &Report) -> String {
    match &error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message.clone(),
    }
}

fn took(ms: u64) -> String {
    span(Duration::from_millis(ms).as_secs_f64())
}
