//! Screen 5: one table, and the pages about it, each named after the command that does the same without a console.
//!
//! A page (and the wizard) asks the desk a [`Question`] and keeps its answer; what takes longer is a [`work::Chore`], of which one runs at a
//! time. What is asked is remembered, so that an answer that comes too late is told from the one that is waited for.

pub mod duty;
pub mod health;
pub mod ids;
pub mod maintain;
pub mod may;
pub mod retain;
pub mod work;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::{
    duty::Duty,
    health::Look,
    work::{Ended, Work},
};
use crate::{
    engine::{
        ids::Install,
        maintain::{Found, Wish},
        plan::compare::Weighed,
        retain::{self as retention, Instead, Retention},
        row::{Wanted, WholeRow},
    },
    error::Report,
    model::{
        audit::{Audit, Audited},
        id_report::IdReport,
        ident::QualifiedName,
        maintenance::Task,
        plan::Request,
    },
    tui::app::{
        allowed::selected_table,
        deed::Deed,
        form::Form,
        keys,
        list::{List, Load},
        model::{Model, Screen, Tone},
        msg::Effect,
        overlay::{Detail, Overlay},
        row, wizard,
    },
};

/// A page of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Page {
    /// What of it wants doing.
    #[default]
    Health,
    /// What is due, and doing it.
    Maintain,
    /// What its statements reach.
    Audit,
    /// What its ids are like.
    Ids,
    /// Letting go of old rows by deletion.
    Retain,
}

impl Page {
    /// All of them, as they lie side by side.
    pub const ALL: [Self; 5] = [Self::Health, Self::Maintain, Self::Audit, Self::Ids, Self::Retain];

    /// Its name, which is the command's.
    pub fn title(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Maintain => "maintain",
            Self::Audit => "audit",
            Self::Ids => "ids",
            Self::Retain => "retain",
        }
    }
}

/// What a page asks of the desk.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// What is due.
    Due(Wish),
    /// What the statements on a table reach.
    Audit(String),
    /// How a program works with a table.
    Guide(String),
    /// What the ids of a table are like.
    Ids(String),
    /// What installing `uuidv7()` would do.
    Install(Install),
    /// Which rows would go.
    Doomed(retention::Wish),
    /// What each strategy would make of a table that the wizard is about.
    Weigh(Request),
    /// What both sides have in a differing row, whole, now.
    Row(Box<Wanted>),
}

/// What the desk says.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To [`Question::Due`].
    Due(Arc<Found>),
    /// To [`Question::Audit`].
    Audit(Arc<Audit>),
    /// To [`Question::Guide`], a paragraph each.
    Guide(Vec<String>),
    /// To [`Question::Ids`].
    Ids(Arc<IdReport>),
    /// To [`Question::Install`]: its SQL, statement by statement.
    Install(Vec<String>),
    /// To [`Question::Doomed`].
    Doomed(Arc<Doomed>),
    /// To [`Question::Weigh`].
    Weighed(Arc<Weighed>),
    /// To [`Question::Row`].
    Row(Arc<WholeRow>),
}

/// Rows that would go, and what could be done instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Doomed {
    /// What was found.
    pub found: Retention,
    /// What needs no deletion.
    pub instead: Instead,
}

/// What a page knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet<T> {
    /// What was asked last.
    pub asked: Option<Question>,
    /// What came of it.
    pub found: Load<T>,
    /// When it came.
    pub at: Option<DateTime<Utc>>,
    /// What is filled in; nothing where nobody has.
    pub form: Option<Form>,
}

impl<T> Default for Sheet<T> {
    fn default() -> Self {
        Self { asked: None, found: Load::Nothing, at: None, form: None }
    }
}

impl<T> Sheet<T> {
    fn ask(&mut self, question: Question) -> Vec<Effect> {
        // The same is asked once at a time, however often its key is pressed.
        if self.asked.as_ref() == Some(&question) {
            return Vec::new();
        }
        // What is there stays in sight until the new one comes.
        if self.found.ready().is_none() {
            self.found = Load::Loading;
        }
        self.asked = Some(question.clone());
        vec![Effect::Ask(question)]
    }

    fn take(&mut self, found: Load<T>, now: DateTime<Utc>) {
        self.found = found;
        (self.asked, self.at) = (None, Some(now));
    }
}

/// The screen's state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Upkeep {
    /// The table it is about.
    pub of: Option<QualifiedName>,
    /// The page in front.
    pub page: Page,
    /// Health.
    pub health: Look,
    /// What is due.
    pub maintain: Sheet<Arc<Found>>,
    /// Statements.
    pub audit: Sheet<Arc<Audit>>,
    /// Ids.
    pub ids: Sheet<Arc<IdReport>>,
    /// Rows that would go.
    pub retain: Sheet<Arc<Doomed>>,
    /// What installing would do, while it is asked about.
    pub install: Option<(Install, Vec<String>)>,
    /// The lab that is asked about.
    pub lab: Option<work::Chore>,
    /// What runs.
    pub work: Option<Work>,
    /// How chores of this visit ended, whatever table they were about; the last one last.
    pub ended: Vec<Ended>,
}

/// Comes to the screen from another one: the table under the cursor of the list, where it comes from there; else the
/// migration's; else the one it was about.
pub fn enter(model: &mut Model, from: Screen) -> Vec<Effect> {
    let listed = selected_table(model).map(|table| table.name.clone());
    let migrated = model.status().map(|status| status.migration.table.clone());
    let before = model.upkeep.of.clone();
    let of = match from {
        // A filter that nothing passes chooses nothing.
        Screen::Tables if model.tables.ready().is_some_and(|all| !all.is_empty()) => listed,
        Screen::Tables => migrated.or(before),
        Screen::Health => before.or(migrated).or(listed),
        Screen::Layout | Screen::Quarters | Screen::Backfill | Screen::Validation | Screen::Log => {
            migrated.or(before).or(listed)
        }
    };
    if model.upkeep.of != of {
        let before = std::mem::take(&mut model.upkeep);
        let Upkeep { page, work, ended, .. } = before;
        model.upkeep = Upkeep { of, page, work, ended, ..Upkeep::default() };
        model.cursors.health = List::default();
    }
    arrive(model)
}

/// The page `by` places on.
pub fn turn(model: &mut Model, by: usize) -> Vec<Effect> {
    let at = Page::ALL.iter().position(|page| *page == model.upkeep.page).unwrap_or(0);
    model.upkeep.page = Page::ALL[(at + by) % Page::ALL.len()];
    model.cursors.health = List::default();
    arrive(model)
}

/// A page comes to the front: what is dear to find out is asked once.
fn arrive(model: &mut Model) -> Vec<Effect> {
    let upkeep = &model.upkeep;
    match upkeep.page {
        Page::Audit if !matches!(upkeep.audit.found, Load::Nothing) => Vec::new(),
        Page::Ids if !matches!(upkeep.ids.found, Load::Nothing) => Vec::new(),
        Page::Retain if upkeep.retain.found.ready().is_some() => Vec::new(),
        Page::Health | Page::Maintain | Page::Audit | Page::Ids | Page::Retain => read(model),
    }
}

/// Asks what the page in front is about.
pub fn read(model: &mut Model) -> Vec<Effect> {
    let Some(of) = model.upkeep.of.clone() else { return Vec::new() };
    match model.upkeep.page {
        Page::Health => health::look(model),
        Page::Maintain => match maintain::wish(model) {
            Ok(wish) => model.upkeep.maintain.ask(Question::Due(wish)),
            Err(_) => Vec::new(),
        },
        Page::Audit => model.upkeep.audit.ask(Question::Audit(of.to_string())),
        Page::Ids => model.upkeep.ids.ask(Question::Ids(of.to_string())),
        Page::Retain => match retain::wish(model) {
            Ok(wish) => model.upkeep.retain.ask(Question::Doomed(wish)),
            Err(_) => Vec::new(),
        },
    }
}

/// An answer; one to another question than the last one is too late.
pub fn answered(model: &mut Model, question: &Question, answer: Result<Answer, Report>) {
    let now = model.now;
    withdraw(model, question, &answer);
    let upkeep = &mut model.upkeep;
    let is_asked = |asked: &Option<Question>| asked.as_ref() == Some(question);
    match question {
        Question::Due(_) if is_asked(&upkeep.maintain.asked) => {
            let pick = |answer| if let Answer::Due(found) = answer { Some(found) } else { None };
            upkeep.maintain.take(load(answer, pick), now);
        }
        Question::Audit(_) if is_asked(&upkeep.audit.asked) => {
            let pick = |answer| if let Answer::Audit(audit) = answer { Some(audit) } else { None };
            upkeep.audit.take(load(answer, pick), now);
        }
        Question::Ids(_) if is_asked(&upkeep.ids.asked) => {
            let pick = |answer| if let Answer::Ids(report) = answer { Some(report) } else { None };
            upkeep.ids.take(load(answer, pick), now);
        }
        Question::Doomed(_) if is_asked(&upkeep.retain.asked) => {
            let pick = |answer| if let Answer::Doomed(doomed) = answer { Some(doomed) } else { None };
            upkeep.retain.take(load(answer, pick), now);
        }
        Question::Weigh(request) => {
            let pick = |answer| if let Answer::Weighed(weighed) = answer { Some(weighed) } else { None };
            wizard::weighed(model, request, &load(answer, pick));
        }
        Question::Row(wanted) => {
            let pick = |answer| if let Answer::Row(row) = answer { Some(row) } else { None };
            row::answered(model, wanted, &load(answer, pick));
        }
        Question::Guide(of) if upkeep.of.as_ref().is_some_and(|table| table.to_string() == *of) => {
            guided(model, answer);
        }
        Question::Install(install) => ids::planned(model, install, answer),
        Question::Due(_)
        | Question::Audit(_)
        | Question::Ids(_)
        | Question::Doomed(_)
        | Question::Guide(_) => {}
    }
}

/// A question before a chore shows what will be done: where that turns out to be something else, it is not asked any more.
fn withdraw(model: &mut Model, question: &Question, answer: &Result<Answer, Report>) {
    let Some(Overlay::Ask(ask)) = model.overlays.last() else { return };
    let is_same = match (ask.deed, question, answer) {
        (Deed::Upkeep(Duty::Maintain | Duty::MaintainDropping), Question::Due(_), Ok(Answer::Due(found))) => {
            let known = model.upkeep.maintain.found.ready();
            known.is_some_and(|known| (known.oid, &known.due) == (found.oid, &found.due))
        }
        (Deed::Upkeep(Duty::Retain), Question::Doomed(_), Ok(Answer::Doomed(doomed))) => {
            let known = model.upkeep.retain.found.ready();
            known.is_some_and(|known| {
                (known.found.oid, &known.found.rule) == (doomed.found.oid, &doomed.found.rule)
                    && known.found.census.doomed == doomed.found.census.doomed
            })
        }
        (Deed::Upkeep(Duty::Maintain | Duty::MaintainDropping), Question::Due(_), Err(_))
        | (Deed::Upkeep(Duty::Retain), Question::Doomed(_), Err(_)) => false,
        _ => return,
    };
    if !is_same {
        model.overlays.pop();
        keys::deafen(model);
        model.say(Tone::Warn, "what is to be done has changed meanwhile: look, and ask again");
    }
}

/// The desk answers what it is asked: another answer is none.
fn load<T>(answer: Result<Answer, Report>, pick: fn(Answer) -> Option<T>) -> Load<T> {
    match answer {
        Ok(answer) => pick(answer).map_or(Load::Nothing, Load::Ready),
        Err(report) => Load::Failed(report),
    }
}

fn guided(model: &mut Model, answer: Result<Answer, Report>) {
    // Whoever reads something else by now asks again.
    if model.screen != Screen::Health || model.upkeep.page != Page::Audit || !model.overlays.is_empty() {
        return;
    }
    model.notice = None;
    let detail = match answer {
        Ok(Answer::Guide(text)) => Detail { title: "how a program works with it".into(), text, scroll: 0 },
        Ok(_) => return,
        Err(report) => Detail::of_error("no guide", &report),
    };
    model.overlays.push(Overlay::Detail(detail));
}

/// Asks for the guide.
pub fn guide(model: &mut Model) -> Vec<Effect> {
    let Some(of) = model.upkeep.of.clone() else { return Vec::new() };
    model.say(Tone::Calm, "writing the guide …");
    vec![Effect::Ask(Question::Guide(of.to_string()))]
}

/// Opens the form of the page in front.
pub fn options(model: &mut Model) -> Vec<Effect> {
    let mut form = match model.upkeep.page {
        Page::Maintain => model.upkeep.maintain.form.clone().unwrap_or_else(maintain::form),
        Page::Retain => model.upkeep.retain.form.clone().unwrap_or_else(retain::form),
        Page::Ids => ids::lab_form(),
        Page::Health | Page::Audit => return Vec::new(),
    };
    form.selected = 0;
    model.overlays.push(Overlay::Form(form));
    Vec::new()
}

/// Tasks that pass the filter.
pub fn shown_due(model: &Model) -> Vec<&Task> {
    let all = model.upkeep.maintain.found.ready().map_or(&[][..], |found| found.due.as_slice());
    let words = |task: &Task| {
        let said = task.said().into_iter();
        said.map(|(verb, what)| format!("{verb} {what}")).collect::<Vec<_>>().join(" ")
    };
    all.iter().filter(|task| model.cursors.health.shows(&words(task))).collect()
}

/// Statements that pass the filter.
pub fn shown_statements(model: &Model) -> Vec<&Audited> {
    let all = model.upkeep.audit.found.ready().map_or(&[][..], |audit| audit.statements.as_slice());
    let shows =
        |one: &&Audited| model.cursors.health.shows(&format!("{} {}", one.verdict.words(), one.source.sql));
    all.iter().filter(shows).collect()
}

/// The statement under the cursor.
pub fn selected_statement(model: &Model) -> Option<&Audited> {
    let shown = shown_statements(model);
    model.cursors.health.at(shown.len()).map(|at| shown[at])
}

/// How many rows the list of the page in front has.
pub fn len(model: &Model) -> usize {
    match model.upkeep.page {
        Page::Health => health::shown(model).len(),
        Page::Maintain => shown_due(model).len(),
        Page::Audit => shown_statements(model).len(),
        Page::Ids | Page::Retain => 0,
    }
}

/// The selected row of the page in front, in full.
pub fn detail(model: &Model) -> Option<Detail> {
    match model.upkeep.page {
        Page::Health => health::selected(model).map(health::detail),
        Page::Audit => {
            let audit = model.upkeep.audit.found.ready()?;
            selected_statement(model).map(|one| of_statement(audit, one))
        }
        Page::Maintain | Page::Ids | Page::Retain => None,
    }
}

fn of_statement(audit: &Audit, one: &Audited) -> Detail {
    let mut text = vec![one.source.sql.clone(), String::new(), one.line()];
    text.extend(audit.notes(one).into_iter().map(|note| format!("! {note}")));
    if let Some(rewrite) = &one.rewrite {
        let reach = rewrite.reach.map(|reach| format!(", which {}", reach.words())).unwrap_or_default();
        text.extend([
            String::new(),
            format!("instead{reach}; it asks for {}", rewrite.asks),
            rewrite.sql.clone(),
        ]);
    }
    Detail { title: "a statement on the table".into(), text, scroll: 0 }
}

/// What is copied of the page in front.
pub fn copied(model: &Model) -> Option<String> {
    let upkeep = &model.upkeep;
    match upkeep.page {
        Page::Health => health::selected(model).filter(|one| !one.sql.is_empty()).map(health::sql),
        Page::Audit => {
            let one = selected_statement(model)?;
            let sql = one.rewrite.as_ref().map_or(&one.source.sql, |rewrite| &rewrite.sql);
            Some(format!("{};\n", sql.trim_end().trim_end_matches(';')))
        }
        Page::Ids => {
            let report = upkeep.ids.found.ready()?;
            let lines = [vec![report.title()], report.lines(), report.of_indexes()];
            Some(lines.concat().join("\n") + "\n")
        }
        Page::Retain => {
            let doomed = upkeep.retain.found.ready()?;
            Some(doomed.found.due(&doomed.instead).join("\n") + "\n")
        }
        Page::Maintain => match &work::last(model, Page::Maintain)?.outcome {
            Ok(work::Outcome::Said(lines, _)) => Some(lines.join("\n") + "\n"),
            Ok(work::Outcome::Measured(..)) => None,
            Err(report) => Some(report.message.clone() + "\n"),
        },
    }
}
