//! The evidence in the questions about swap and reverse: what must hold, live, while the question is open.

use crate::{
    model::{figures, strategy::Strategy},
    tui::{app::model::Model, glyphs, overlays::confirm::heading, theme::Theme, widgets::dialog::Paragraph},
};

/// Adds the evidence.
pub fn evidence(text: &mut Vec<Paragraph>, theme: &Theme, model: &Model) {
    let Some(status) = model.status() else { return };
    text.extend([Vec::new(), heading(theme, "must hold")]);
    let width =
        status.readiness.conditions.iter().map(|condition| condition.name.chars().count()).max().unwrap_or(0);
    for condition in &status.readiness.conditions {
        // Green is for what was compared, also among what holds.
        let held = if condition.name == "verified" { theme.verified } else { theme.text };
        let (sign, style) =
            if condition.holds { (glyphs::HOLDS, held) } else { (glyphs::BROKEN, theme.danger) };
        let detail = if condition.holds { theme.text } else { theme.danger };
        text.push(vec![
            (format!("{sign} "), style),
            (format!("{:width$}  ", condition.name), theme.strong),
            (condition.detail.clone(), detail),
        ]);
    }
    if status.readiness.conditions.is_empty() {
        text.push(vec![("nothing is known yet".into(), theme.dim)]);
    }
    as_it_stands(text, theme, model);
}

/// What there is, when it was compared, and the log; nothing where nothing is copied.
pub fn as_it_stands(text: &mut Vec<Paragraph>, theme: &Theme, model: &Model) {
    let Some(status) = model.status() else { return };
    if status.migration.strategy() == Strategy::Adopt {
        return;
    }
    let (copied, source) = (figures::count(status.rows.copied), figures::count(status.rows.source));
    text.push(vec![(format!("{copied} of {source} rows copied; {}", standing(model)), theme.text)]);
}

/// When it was verified, and how the log stands, in one line.
fn standing(model: &Model) -> String {
    let Some(status) = model.status() else { return String::new() };
    let verified = match status.verification.verified_at {
        Some(at) => format!("verified {}", figures::ago(at, model.now)),
        None => "not verified".into(),
    };
    let rows = &status.rows;
    let trend = rows.log_trend.map(|trend| {
        let sign = if trend > 0.5 { "+" } else { "" };
        format!(" ({sign}{}/s)", figures::short(trend))
    });
    format!("{verified} · log {} rows{}", figures::count(rows.log_pending), trend.unwrap_or_default())
}
