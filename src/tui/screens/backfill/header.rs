//! The two rows above the heat map: how much, how fast, how long.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use crate::{
    engine::status::Status,
    model::{
        figures,
        phase::{LeafState, Phase, State},
    },
    tui::{
        glyphs,
        theme::Theme,
        widgets::{
            bar::bar,
            pen::{Pen, Piece, columns_of},
            sparkline::sparkline,
        },
    },
};

/// The most columns of the sparkline; one column is one sample.
const SPARK: u16 = 60;

/// Draws the rows.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, status: &Status, now: DateTime<Utc>) {
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    progress(pen, line, status);
    if area.height > 1 {
        times(pen, Rect { y: line.y + 1, ..line }, status, now);
    }
}

/// What is being done, and its share: copying, or the verifier's pass. Where all is copied, the rows that were changed
/// meanwhile are not missing: they came by the log.
fn done(theme: &Theme, status: &Status) -> (Vec<Piece>, f64) {
    let rows = &status.rows;
    let about = if rows.exact { "" } else { "≈ " };
    let by_log = rows.source - rows.copied;
    let (verb, done, of, share) = match status.verification.running {
        Some((read, of)) => {
            ("compared", read, format!(" / {}", figures::count(of)), figures::share(read, of))
        }
        None if status.is_copied() && by_log > 0 => {
            ("copied", rows.copied, format!(" + {} by the log", figures::count(by_log)), 1.0)
        }
        None => {
            let share = status.share().unwrap_or_default();
            ("copied", rows.copied, format!(" / {about}{}", figures::count(rows.source)), share)
        }
    };
    let pieces =
        vec![(format!("{verb} "), theme.dim), (figures::count(done), theme.strong), (of, theme.text)];
    (pieces, share)
}

fn progress(pen: &mut Pen<'_>, line: Rect, status: &Status) {
    let theme = *pen.theme;
    let (left, share) = done(&theme, status);
    let rate = status.pace.rows_per_s.map(|rate| format!("{} rows/s", figures::short(rate)));
    let rate = rate.filter(|_| is_copying(status) && !is_stalled(status));
    let mut right: Vec<Piece> = vec![(format!("{:>7}", figures::percent(share)), theme.strong)];
    right.extend(rate.map(|rate| (format!("   {rate}"), theme.accent)));
    if columns_of(&left) + columns_of(&right) + 12 > line.width {
        right.truncate(1);
    }
    let end = pen.pieces((line.x, line.y), line.width, &left);
    let taken = columns_of(&right);
    pen.pieces((line.right().saturating_sub(taken), line.y), taken, &right);
    let room = line.right().saturating_sub(taken + end + 4);
    let verified = status.periods.iter().all(|period| period.state == LeafState::Verified);
    let style = match status.verification.running {
        Some(_) => theme.copying,
        None if verified && !status.periods.is_empty() => theme.verified,
        None => theme.copied,
    };
    bar(pen, (end + 2, line.y), room, share, style);
}

fn times(pen: &mut Pen<'_>, line: Rect, status: &Status, now: DateTime<Utc>) {
    let theme = *pen.theme;
    let pace = &status.pace;
    let mut pieces = vec![eta(pen, status, now)];
    for (word, seconds) in [("active", pace.active_s), ("paused", pace.paused_s), ("slowed", pace.slowed_s)] {
        if seconds >= 1.0 {
            pieces.push((format!("   {word} "), theme.dim));
            pieces.push((figures::span(seconds), theme.text));
        }
    }
    let spark = line.width.saturating_sub(columns_of(&pieces) + 9).min(SPARK);
    let room = line.width;
    while columns_of(&pieces) > room && pieces.len() > 2 {
        pieces.truncate(pieces.len() - 2);
    }
    pen.pieces((line.x, line.y), room, &pieces);
    if spark >= 8 && !pace.history.is_empty() {
        let x = line.right() - spark;
        pen.text((x - 5, line.y), 5, "rate ", theme.dim);
        sparkline(pen, (x, line.y), spark, &pace.history, theme.copying);
    }
}

/// The time left as a range with a clock time, or the word for why there is none.
fn eta(pen: &Pen<'_>, status: &Status, now: DateTime<Utc>) -> Piece {
    let theme = pen.theme;
    let migration = &status.migration;
    if let Some(age) = status.verification.snapshot_s {
        return (format!("verifying, snapshot {} old", figures::span(age)), theme.text);
    }
    let differs = status.periods.iter().any(|period| period.state == LeafState::Differs);
    if matches!(migration.phase, Phase::Verifying | Phase::Filling)
        && differs
        && status.verification.running.is_none()
    {
        return (format!("{} rows differ: 4 shows them, f repairs", glyphs::BROKEN), theme.danger);
    }
    if !is_copying(status) {
        return (phase_words(migration.phase).into(), theme.text);
    }
    match (migration.state, status.pace.eta_s) {
        (State::Paused | State::Stopped | State::Failed | State::Unknown, _) => {
            (migration.state.word().into(), theme.warn)
        }
        (State::Running, Some(range)) => {
            #[expect(clippy::cast_possible_truncation, reason = "seconds; saturates")]
            let middle = f64::midpoint(range.0, range.1) as i64;
            let at = TimeDelta::try_seconds(middle).and_then(|left| now.checked_add_signed(left));
            let clock = at.map(|at| format!(" (≈ {} UTC)", figures::clock(at))).unwrap_or_default();
            (format!("ETA {}{clock}", figures::range(range)), theme.strong)
        }
        (State::Running, None) if status.rows.copied >= status.rows.source => {
            ("all counted rows are copied".into(), theme.text)
        }
        (State::Running, None) if is_stalled(status) => ("stalled: no row comes".into(), theme.warn),
        (State::Running, None) => ("ETA after three chunks".into(), theme.dim),
    }
}

/// There is a rate, and no time left that it would tell.
fn is_stalled(status: &Status) -> bool {
    status.pace.rows_per_s.is_some() && status.pace.eta_s.is_none()
}

/// Chunks are being copied, or are to be.
fn is_copying(status: &Status) -> bool {
    let filling = status.migration.phase == Phase::Filling && !status.is_copied() && status.rows.exact;
    status.migration.phase == Phase::Copying || filling
}

fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Planned => "planned, nothing is done yet",
        Phase::Capturing => "switching capture on",
        Phase::Census => "counting rows by block range and period",
        Phase::Copying => "copying",
        Phase::Replaying => "all sealed, replaying the log",
        Phase::Verifying => "comparing source and twin",
        Phase::Ready => "verified and kept in step: ready to swap",
        Phase::Swapping => "exchanging the names",
        Phase::ReverseWindow => "swapped: the old table is kept in step",
        Phase::Reversing => "giving the names back",
        Phase::Finished => "finished",
        Phase::Reversed => "given back and kept in step: may be swapped again",
        Phase::Aborting => "removing everything of ours",
        Phase::Aborted => "aborted: everything of ours is gone",
        Phase::Renaming => "giving the name to an empty partitioned table",
        Phase::Filling => "filling: counting, copying, comparing",
        Phase::Widening => "widening the key, beside the application",
        Phase::Adopting => "attaching the old table whole",
        Phase::Adopted => "adopted: the old table is a partition",
        Phase::Releasing => "taking the old table out again",
    }
}
