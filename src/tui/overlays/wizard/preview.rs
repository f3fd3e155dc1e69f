//! The plan: its steps at the left, the chosen step's cost, locks, way back and SQL at the right.

use ratatui::layout::Rect;

use crate::{
    error::Report,
    model::{
        figures,
        plan::{Cost, Plan, Step},
    },
    tui::{
        app::{list::first_shown, wizard::Wizard},
        glyphs,
        overlays::{
            confirm::{heading, sentence},
            sql,
        },
        theme::Theme,
        widgets::{
            dialog::{self, Paragraph},
            pen::Pen,
        },
    },
};

/// Columns of the list of steps.
const STEPS: u16 = 22;

/// Draws the plan.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, wizard: &Wizard, plan: &Plan) {
    let list = Rect { width: STEPS.min(area.width / 3), ..area };
    steps(pen, list, wizard, plan);
    let x = list.right();
    for y in area.y..area.bottom() {
        let border = pen.theme.border;
        pen.sign((x, y), "│", border);
    }
    let border = pen.theme.border;
    pen.sign((x, area.y.saturating_sub(1)), "┬", border);
    let right = Rect { x: x + 1, width: area.right().saturating_sub(x + 1), ..area };
    let text = plan.steps.get(wizard.step).map(|step| described(pen.theme, step, plan)).unwrap_or_default();
    dialog::text(pen, right, &text, wizard.scroll);
}

fn steps(pen: &mut Pen<'_>, area: Rect, wizard: &Wizard, plan: &Plan) {
    let theme = *pen.theme;
    let first = first_shown(wizard.step, plan.steps.len(), usize::from(area.height));
    for (y, (at, step)) in (area.y..area.bottom()).zip(plan.steps.iter().enumerate().skip(first)) {
        let number = format!("{:>2} ", at + 1);
        pen.text((area.x + 1, y), 3, &number, theme.dim);
        pen.text((area.x + 4, y), area.width.saturating_sub(5), &step.name, theme.text);
        if at == wizard.step {
            pen.tint(Rect { y, height: 1, ..area }, theme.selected);
            pen.sign((area.x, y), glyphs::SELECTED, theme.accent.patch(theme.selected));
        }
    }
}

fn described(theme: &Theme, step: &Step, plan: &Plan) -> Vec<Paragraph> {
    let mut text = vec![sentence(theme.strong, step.summary.as_str())];
    text.push(vec![("cost      ".into(), theme.dim), (cost(&step.cost), theme.text)]);
    for (at, lock) in step.locks.iter().enumerate() {
        let label = if at == 0 { "locks     " } else { "          " };
        text.push(vec![(label.into(), theme.dim), (lock.clone(), theme.text)]);
    }
    let undo = step.undo.as_deref().unwrap_or("there is none");
    text.push(vec![("way back  ".into(), theme.dim), (undo.into(), theme.text)]);
    sql::add(&mut text, theme, &step.statements);
    if !plan.warnings.is_empty() {
        text.extend([Vec::new(), heading(theme, "preflight says")]);
    }
    for finding in &plan.warnings {
        let sign = (format!("{} ", glyphs::WARNING), theme.warn);
        let words = format!("{}: {} ({}) → {}", finding.object, finding.reason, finding.id, finding.remedy);
        text.push(vec![sign, (words, theme.text)]);
    }
    text
}

fn cost(cost: &Cost) -> String {
    let mut parts = Vec::new();
    if cost.rows > 0 {
        parts.push(format!("{} rows", figures::count(cost.rows)));
    }
    if cost.bytes > 0 {
        parts.push(format!("{} on disk", figures::bytes(cost.bytes)));
    }
    if cost.wal_bytes > 0 {
        parts.push(format!("{} of WAL", figures::bytes(cost.wal_bytes)));
    }
    if cost.seconds > 0 {
        parts.push(format!("about {}", figures::span(figures::float(cost.seconds))));
    }
    if parts.is_empty() { "next to nothing".into() } else { parts.join(" · ") }
}

/// Preflight says no: why, and what would make it acceptable.
pub(super) fn refused(pen: &mut Pen<'_>, area: Rect, report: &Report, scroll: usize) {
    let theme = *pen.theme;
    let mut text: Vec<Paragraph> = vec![Vec::new()];
    let mut say = |message: String, hint: Option<&String>| {
        text.push(vec![(format!("{} ", glyphs::BROKEN), theme.danger), (message, theme.danger)]);
        text.extend(hint.map(|hint| vec![("→ ".into(), theme.dim), (hint.clone(), theme.text)]));
    };
    if report.refusals.is_empty() {
        say(report.message.clone(), report.hint.as_ref());
    }
    for refusal in &report.refusals {
        say(refusal.to_string(), Some(&refusal.remedy));
    }
    text.push(Vec::new());
    if let Some(id) = &report.id {
        text.push(sentence(theme.dim, format!("`quarterdeck explain {id}` says more")));
    }
    text.push(sentence(theme.dim, "nothing was touched"));
    dialog::text(pen, area, &text, scroll);
}
