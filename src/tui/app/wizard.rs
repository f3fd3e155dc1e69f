//! The plan wizard: table → key → period → strategy → options → preview → start. It never starts unasked.
//!
//! Starting and opening a migration live here too, since both end in a link.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    engine::plan::compare::Weighed,
    error::Report,
    model::{
        incoming::Choice,
        listing::TableListing,
        period::Every,
        plan::{Plan, Request},
        strategy::Strategy,
    },
    tui::{
        app::{
            allowed,
            deed::{self, Deed},
            fold,
            list::Load,
            model::{Connection, Job, Model, Screen, Tone},
            moves::stepped,
            msg::{Effect, Tie},
            options::{self, Options},
            overlay::{Detail, Overlay},
            upkeep::Question,
        },
        keymap::Move,
    },
};

/// The most periods that can be prepared ahead.
pub const MAX_AHEAD: u32 = 24;

/// A page of the wizard. (The table is chosen on screen 0.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The partition column.
    Key,
    /// The length of a period.
    Every,
    /// The strategy.
    Strategy,
    /// What else is to be chosen.
    Options,
    /// The plan, with SQL, locks and cost.
    Preview,
}

/// The wizard's state.
#[derive(Clone, Debug, PartialEq)]
pub struct Wizard {
    /// The table.
    pub table: TableListing,
    /// The page in front.
    pub page: Page,
    /// Index into the table's time keys.
    pub key: usize,
    /// Index into [`Every::ALL`].
    pub every: usize,
    /// Periods kept ready after the newest row's.
    pub ahead: u32,
    /// With a DEFAULT partition.
    pub default_leaf: bool,
    /// Index into [`Strategy::ALL`].
    pub strategy: usize,
    /// The last choices.
    pub options: Options,
    /// The table's size and span, and what each strategy would make of it.
    pub weighed: Load<Arc<Weighed>>,
    /// The plan.
    pub plan: Load<Arc<Plan>>,
    /// The step looked at.
    pub step: usize,
    /// Lines of the step scrolled.
    pub scroll: usize,
}

impl Wizard {
    /// What the choices ask for.
    pub fn request(&self) -> Request {
        let request = Request {
            by: self.table.keys().nth(self.key).map(|key| key.name.as_str().to_owned()),
            every: Every::ALL[self.every.min(Every::ALL.len() - 1)],
            ahead: self.ahead,
            default_leaf: self.default_leaf,
            strategy: self.chosen_strategy(),
            ..Request::of(&self.table.name.plain())
        };
        options::fill(self, request)
    }

    /// What the choices ask for, whatever the strategy and what hangs on it: as the strategies are weighed.
    fn weighing(&self) -> Request {
        let of = Request::of(&self.table.name.plain());
        let Request { by, every, ahead, default_leaf, .. } = self.request();
        Request { by, every, ahead, default_leaf, ..of }
    }

    /// The strategy.
    pub fn chosen_strategy(&self) -> Strategy {
        Strategy::ALL[self.strategy.min(Strategy::ALL.len() - 1)]
    }
}

/// Opens the wizard on the selected table.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let Some(table) = allowed::selected_table(model).cloned() else { return Vec::new() };
    let usual = if table.partitioned { Strategy::Repartition } else { Strategy::Online };
    let strategy = Strategy::ALL.iter().position(|strategy| *strategy == usual).unwrap_or(0);
    let quarter = Every::ALL.iter().position(|every| *every == Every::Quarter).unwrap_or(0);
    model.overlays.push(Overlay::Wizard(Box::new(Wizard {
        table,
        page: Page::Key,
        key: 0,
        every: quarter,
        ahead: 2,
        default_leaf: true,
        strategy,
        options: Options::default(),
        weighed: Load::Nothing,
        plan: Load::Nothing,
        step: 0,
        scroll: 0,
    })));
    Vec::new()
}

/// Moves inside the page.
pub fn moved(wizard: &mut Wizard, step: Move, page: usize, furthest: usize) {
    match wizard.page {
        Page::Key => wizard.key = stepped(wizard.key, step, page, wizard.table.keys().count()),
        Page::Every => wizard.every = stepped(wizard.every, step, page, Every::ALL.len()),
        Page::Strategy => wizard.strategy = stepped(wizard.strategy, step, page, Strategy::ALL.len()),
        Page::Options => {
            let rows = options::rows(wizard).len();
            wizard.options.selected = stepped(wizard.options.selected, step, page, rows);
        }
        Page::Preview => through(wizard, step, page, furthest),
    }
}

/// The preview: left and right choose the step, the rest scrolls its text.
fn through(wizard: &mut Wizard, step: Move, page: usize, furthest: usize) {
    let steps = wizard.plan.ready().map_or(0, |plan| plan.steps.len());
    let to = match step {
        Move::Left => wizard.step.saturating_sub(1),
        Move::Right => wizard.step + 1,
        Move::Up
        | Move::Down
        | Move::PageUp
        | Move::PageDown
        | Move::Top
        | Move::Bottom
        | Move::NextChunk => {
            wizard.scroll = stepped(wizard.scroll.min(furthest), step, page, furthest.saturating_add(1));
            return;
        }
    };
    wizard.step = to.min(steps.saturating_sub(1));
    wizard.scroll = 0;
}

/// Goes on to the next page; from the preview, asks whether to start.
pub fn next(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Wizard(wizard)) = model.overlays.last_mut() else { return Vec::new() };
    match wizard.page {
        Page::Key => {
            wizard.page = Page::Every;
            return weigh(wizard);
        }
        Page::Every => {
            wizard.page = Page::Strategy;
            return weigh(wizard);
        }
        Page::Strategy => {
            wizard.page = Page::Options;
            wizard.options.selected = 0;
        }
        Page::Options => {
            if let Err(reason) = options::zone(wizard) {
                model.say(Tone::Warn, reason);
                return Vec::new();
            }
            wizard.page = Page::Preview;
            (wizard.plan, wizard.step, wizard.scroll) = (Load::Loading, 0, 0);
            return vec![Effect::MakePlan(wizard.request())];
        }
        Page::Preview => {
            let request = wizard.request();
            let deed = match (request.strategy, request.incoming) {
                (Strategy::RenameFirst, _) => Deed::StartRenaming,
                (_, Choice::Drop) => Deed::StartDropping,
                (_, Choice::Refuse | Choice::Keep) => Deed::Start,
            };
            return deed::ask(model, deed);
        }
    }
    Vec::new()
}

/// Asks what the strategies would make of it; what is known by now stays in sight.
fn weigh(wizard: &mut Wizard) -> Vec<Effect> {
    if wizard.weighed.ready().is_none() {
        wizard.weighed = Load::Loading;
    }
    vec![Effect::Ask(Question::Weigh(wizard.weighing()))]
}

/// It is known; an answer to other choices than those on screen is too late.
pub fn weighed(model: &mut Model, request: &Request, weighed: &Load<Arc<Weighed>>) {
    let wizards = model.overlays.iter_mut().filter_map(Overlay::wizard_mut);
    for wizard in wizards.filter(|wizard| wizard.weighing() == *request) {
        wizard.weighed = weighed.clone();
    }
}

/// Goes back one page, or closes the wizard.
pub fn back(model: &mut Model) {
    let Some(Overlay::Wizard(wizard)) = model.overlays.last_mut() else { return };
    wizard.page = match wizard.page {
        Page::Key => {
            model.overlays.pop();
            return;
        }
        Page::Every => Page::Key,
        Page::Strategy => Page::Every,
        Page::Options => Page::Strategy,
        Page::Preview => Page::Options,
    };
    wizard.plan = Load::Nothing;
}

/// More or fewer periods ahead.
pub fn ahead(model: &mut Model, by: i32) {
    if let Some(Overlay::Wizard(wizard)) = model.overlays.last_mut() {
        wizard.ahead = wizard.ahead.saturating_add_signed(by).min(MAX_AHEAD);
    }
}

/// With or without DEFAULT; on the page of options, the next value of the selected one.
pub fn toggle(model: &mut Model) {
    if let Some(Overlay::Wizard(wizard)) = model.overlays.last_mut() {
        match wizard.page {
            Page::Options => options::change(wizard),
            Page::Key | Page::Every | Page::Strategy | Page::Preview => {
                wizard.default_leaf = !wizard.default_leaf;
            }
        }
    }
}

/// The plan has come, or not.
pub fn planned(model: &mut Model, request: &Request, plan: &Result<Arc<Plan>, Report>) {
    let wizards = model.overlays.iter_mut().filter_map(Overlay::wizard_mut);
    // A plan that comes late may not be the plan of the choices now on screen.
    for wizard in wizards.filter(|wizard| wizard.page == Page::Preview && wizard.request() == *request) {
        wizard.plan = plan.clone().into();
    }
}

/// Starts what the preview shows: called when the question was answered with yes.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Wizard(wizard)) = model.overlays.last() else { return Vec::new() };
    let Load::Ready(plan) = &wizard.plan else { return Vec::new() };
    let effect = Effect::Start(wizard.request(), Arc::clone(plan));
    model.connection = Connection::Opening;
    model.job = Job::default();
    vec![effect]
}

/// Opens a migration of the journal.
pub fn reopen(model: &mut Model, id: Uuid) -> Vec<Effect> {
    if model.status().is_none_or(|status| status.migration.id != id) {
        model.job = Job::default();
    }
    model.connection = Connection::Opening;
    vec![Effect::Open(id)]
}

/// The migration is linked, or could not be.
pub fn linked(model: &mut Model, linked: Result<Tie, Report>) {
    match linked {
        Ok(Tie { source, plan, past }) => {
            model.overlays.retain(|overlay| matches!(overlay, Overlay::Panic(_)));
            model.connection = Connection::Open;
            (model.job.source, model.job.plan) = (source, plan);
            fold::past(model, past);
            if model.screen == Screen::Tables {
                model.screen = Screen::Backfill;
            }
        }
        Err(report) => {
            // What was on screen is known no longer.
            (model.connection, model.job) = (Connection::None, Job::default());
            model.overlays.push(Overlay::Detail(Detail::of_error("it could not be opened", &report)));
        }
    }
}
