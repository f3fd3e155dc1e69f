//! The page *health*: what it looks at, when it looks again, and what can be mended from it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    error::Report,
    model::{
        explain,
        health::{Finding, Health},
    },
    tui::app::{
        list::Load,
        model::{Model, Screen},
        msg::Effect,
        overlay::Detail,
        upkeep::{
            Page,
            work::{self, Chore},
        },
    },
};

/// Seconds between two looks while the screen is in front.
const AGAIN_S: i64 = 5;

/// The last look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// What was found.
    pub found: Load<Arc<Health>>,
    /// When it was asked for.
    pub asked_at: Option<DateTime<Utc>>,
    /// It has not come yet.
    pub is_asked: bool,
}

/// Looks, where the screen is in front and the last look is old.
pub fn due(model: &mut Model) -> Vec<Effect> {
    let old = model.upkeep.health.asked_at.is_none_or(|at| model.now - at >= TimeDelta::seconds(AGAIN_S));
    // What is asked about, or read, stays as it is.
    let free = model.screen == Screen::Health && model.overlays.is_empty();
    let free = free && model.upkeep.page == Page::Health;
    if free && old && !model.upkeep.health.is_asked { look(model) } else { Vec::new() }
}

/// Looks now.
pub fn look(model: &mut Model) -> Vec<Effect> {
    let Some(of) = model.upkeep.of.as_ref().map(ToString::to_string) else { return Vec::new() };
    if model.upkeep.health.is_asked {
        return Vec::new();
    }
    if matches!(model.upkeep.health.found, Load::Nothing) {
        model.upkeep.health.found = Load::Loading;
    }
    model.upkeep.health.asked_at = Some(model.now);
    model.upkeep.health.is_asked = true;
    vec![Effect::Look(of)]
}

/// The answer; one about another table than the last one asked about is too late.
pub fn looked(model: &mut Model, of: &str, found: Result<Arc<Health>, Report>) {
    if model.upkeep.of.as_ref().is_none_or(|table| table.to_string() != of) {
        return;
    }
    model.upkeep.health.is_asked = false;
    // The finding that a question is about stays the one under the cursor.
    if model.overlays.is_empty() {
        model.upkeep.health.found = found.into();
    }
}

/// Findings that pass the filter.
pub fn shown(model: &Model) -> Vec<&Finding> {
    let all = model.upkeep.health.found.ready().map_or(&[][..], |health| health.findings.as_slice());
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
    let chore = Chore::Mend { object: finding.object.clone(), sql: finding.sql.clone() };
    work::start(model, chore)
}
