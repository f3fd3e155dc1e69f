//! What screen 5 looks at, when it looks again, and what can be mended from it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    error::Report,
    model::{
        explain,
        health::{Finding, Health},
    },
    tui::app::{
        allowed::selected_table,
        list::Load,
        model::{Model, Screen, Tone},
        msg::Effect,
        overlay::Detail,
    },
};

/// Seconds between two looks while the screen is in front.
const AGAIN_S: i64 = 5;

/// The last look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The table, as SQL.
    pub of: Option<String>,
    /// What was found.
    pub found: Load<Arc<Health>>,
    /// When it was asked for.
    pub asked_at: Option<DateTime<Utc>>,
    /// It has not come yet.
    pub is_asked: bool,
    /// The object that is being mended.
    pub mending: Option<String>,
}

/// The table to look at: the migration's after its swap, the selected one where it is partitioned, else the last one.
pub fn table(model: &Model) -> Option<String> {
    let swapped = model.status().filter(|status| status.migration.phase.is_swapped());
    let of_migration = swapped.map(|status| status.migration.table.to_string());
    let selected =
        selected_table(model).filter(|table| table.partitioned).map(|table| table.name.to_string());
    of_migration.or(selected).or_else(|| model.health.of.clone())
}

/// Looks, where the screen is in front and the last look is old.
pub fn due(model: &mut Model) -> Vec<Effect> {
    let old = model.health.asked_at.is_none_or(|at| model.now - at >= TimeDelta::seconds(AGAIN_S));
    // What is asked about, or read, stays as it is.
    let free = model.screen == Screen::Health && model.overlays.is_empty();
    if free && old && !model.health.is_asked { look(model) } else { Vec::new() }
}

/// Looks now.
pub fn look(model: &mut Model) -> Vec<Effect> {
    let Some(of) = table(model) else { return Vec::new() };
    if model.health.of.as_ref() != Some(&of) {
        model.health.found = Load::Loading;
        model.cursors.health.selected = 0;
    }
    model.health.of = Some(of.clone());
    model.health.asked_at = Some(model.now);
    model.health.is_asked = true;
    vec![Effect::Look(of)]
}

/// The answer; one about another table than the last one asked about is too late.
pub fn looked(model: &mut Model, of: &str, found: Result<Arc<Health>, Report>) {
    if model.health.of.as_deref() != Some(of) {
        return;
    }
    model.health.is_asked = false;
    // The finding that a question is about stays the one under the cursor.
    if model.overlays.is_empty() {
        model.health.found = found.into();
    }
}

/// Findings that pass the filter.
pub fn shown(model: &Model) -> Vec<&Finding> {
    let all = model.health.found.ready().map_or(&[][..], |health| health.findings.as_slice());
    let shows = |one: &Finding| {
        let text = format!("{} {} {} {}", one.id, one.severity.word(), one.object, one.reason);
        model.cursors.health.shows(&text)
    };
    all.iter().filter(|one| shows(one)).collect()
}

/// The finding under the cursor.
pub fn selected(model: &Model) -> Option<&Finding> {
    let shown = shown(model);
    model.cursors.health.at(shown.len()).map(|at| shown[at])
}

/// The SQL of a finding, as it is copied.
pub fn sql(finding: &Finding) -> String {
    finding.sql.join(";\n") + ";\n"
}

/// A finding with its SQL, and why it matters.
pub fn detail(finding: &Finding) -> Detail {
    let mut text = vec![finding.reason.clone(), format!("→ {}", finding.remedy)];
    if !finding.sql.is_empty() {
        text.push(String::new());
        text.extend(finding.sql.iter().map(|sql| format!("{sql};")));
    }
    if let Some(more) = explain::find(&finding.id) {
        text.extend([String::new(), more.means.to_owned(), more.matters.to_owned(), more.remedy.to_owned()]);
    }
    Detail {
        title: format!("{} {}: {}", finding.id, finding.severity.word(), finding.object),
        text,
        scroll: 0,
    }
}

/// Runs the SQL of the finding under the cursor.
pub fn mend(model: &mut Model) -> Vec<Effect> {
    let Some(finding) = selected(model).filter(|finding| finding.safe) else { return Vec::new() };
    let (object, sql) = (finding.object.clone(), finding.sql.clone());
    model.health.mending = Some(object.clone());
    vec![Effect::Mend { object, sql }]
}

/// It has run, or has failed; what is there now is looked at.
pub fn mended(model: &mut Model, object: &str, done: Result<(), Report>) -> Vec<Effect> {
    model.health.mending = None;
    match done {
        Ok(()) => model.say(Tone::Calm, format!("done: {object}")),
        Err(report) => model.say(Tone::Danger, report.message),
    }
    look(model)
}
