//! The foot of a page: what runs, or how the last chore of the page ended.
//!
//! ```text
//! ├─ retain public.event_outbox ── 12 s ───────────────────────────────────────────────────────────────┤
//! │ 70,928 of 170,928  ████████████▌──────────────  41.4 %   184k rows/s   batches of 4,096            │
//! │ waits: standby b 4.1 s > 3 s                                                                       │
//! ```

use ratatui::layout::Rect;

use crate::{
    model::{figures, retention::Progress},
    tui::{
        app::{
            model::Model,
            upkeep::work::{self, Chore, Ended, Outcome, Told, Work},
        },
        glyphs,
        harmless::wrap,
        widgets::{
            bar::bar,
            pen::{Pen, Piece},
        },
    },
};

/// The most rows of how a chore ended.
const MOST: u16 = 8;

/// Draws the foot, and says what is left of the page.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) -> Rect {
    let page = model.upkeep.page;
    let running = model.upkeep.work.as_ref().filter(|work| work.chore.page() == page);
    let lines: Vec<Piece> = match (running, work::last(model, page)) {
        (Some(_), _) => vec![(String::new(), pen.theme.text); 2],
        (None, Some(Ended { outcome: Ok(Outcome::Said(lines, _)), .. })) => {
            lines.iter().map(|line| (line.clone(), pen.theme.text)).collect()
        }
        (None, Some(Ended { outcome: Err(report), .. })) => {
            let hint = report.hint.iter().map(|hint| (format!("→ {hint}"), pen.theme.text));
            let failed = (format!("{} {}", glyphs::BROKEN, report.message), pen.theme.danger);
            std::iter::once(failed).chain(hint).collect()
        }
        // The lab's figures are the page's own.
        (None, Some(Ended { outcome: Ok(Outcome::Measured(..)), .. }) | None) => return area,
    };
    let columns = usize::from(area.width.saturating_sub(2));
    let wanted: usize = lines.iter().map(|(line, _)| wrap(line, columns).len().max(1)).sum();
    let wanted = u16::try_from(wanted).unwrap_or(u16::MAX).min(MOST).saturating_add(1);
    let height = wanted.min(area.height / 2);
    if height < 2 {
        return area;
    }
    let foot = Rect { y: area.bottom() - height, height, ..area };
    let body = Rect { y: foot.y + 1, height: height - 1, ..foot };
    if let Some(work) = running {
        let since = figures::span(figures::seconds_between(work.since, model.now).floor().max(1.0));
        pen.titled(area, foot.y, &format!("{}, for {since}", work.title));
        progress(pen, body, work);
    } else if let Some(ended) = work::last(model, page) {
        pen.titled(area, foot.y, &format!("{}, {}", ended.title, figures::ago(ended.at, model.now)));
        super::sentences(pen, body, &lines);
    }
    Rect { height: area.height - height, ..area }
}

/// How far it is, where that can be told.
pub(super) fn share(work: &Work) -> Option<f64> {
    let (Chore::Retain(doomed), Some(Told::Deleted(progress))) = (&work.chore, &work.told) else {
        return None;
    };
    let doomed = doomed.found.census.doomed.max(1);
    Some(figures::share(progress.deleted.cast_signed(), doomed).min(1.0))
}

fn progress(pen: &mut Pen<'_>, area: Rect, work: &Work) {
    let theme = *pen.theme;
    match &work.told {
        None => {
            super::sentences(pen, area, &[("begun …".into(), theme.dim)]);
        }
        Some(Told::Line(line)) => {
            super::sentences(pen, area, &[(line.clone(), theme.text)]);
        }
        Some(Told::Deleted(told)) => deleted(pen, area, work, told),
    }
}

fn deleted(pen: &mut Pen<'_>, area: Rect, work: &Work, told: &Progress) {
    let theme = *pen.theme;
    let Chore::Retain(doomed) = &work.chore else { return };
    let counted = figures::count(doomed.found.census.doomed);
    let room = area.width.saturating_sub(2);
    let text = format!("{} of {counted}  ", figures::count(told.deleted.cast_signed()));
    let x = pen.text((area.x + 1, area.y), room, &text, theme.strong);
    let share = share(work).unwrap_or_default();
    let rest = format!(
        "  {}   {} rows/s   batches of {}",
        figures::percent(share),
        figures::short(told.rate),
        figures::count(told.batch.into())
    );
    let used = u16::try_from(rest.chars().count()).unwrap_or(u16::MAX);
    let columns = area.right().saturating_sub(x + used + 1);
    bar(pen, (x, area.y), columns, share, theme.copied);
    pen.text((x + columns, area.y), area.right().saturating_sub(x + columns), &rest, theme.text);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let waits = match told.waits_for.as_slice() {
        [] => (format!("{} batches, {} vacuums on the way", told.batches, told.vacuums), theme.dim),
        reasons => (format!("{} waits: {}", glyphs::WARNING, reasons.join(" · ")), theme.warn),
    };
    super::sentences(pen, below, &[waits]);
}
