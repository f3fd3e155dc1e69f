//! A question before a deed: what happens, what must hold, locks, SQL, the way back, and the answer.
//!
//! ```text
//! ╭ swap: exchange the names ─────────────────────────────────────────────╮
//! │ what happens, evidence, locks, SQL, the way back               ┃ scrolls
//! ├─ type the table's name to confirm ────────────────────────────────────┤
//! │ chat_mess▏                                                            │
//! ╰ enter do it  esc back ────────────────────────────────────────────────╯
//! ```

use ratatui::{layout::Rect, style::Style};

use crate::{
    engine::{
        plan::{ending, first},
        status::PeriodStatus,
    },
    model::{
        ident::Ident,
        phase::{Phase, State},
        plan::{Plan, Step},
        strategy::Strategy,
    },
    tui::{
        app::{
            deed::{Ask, Deed, name_of, refusal},
            leaving::is_at_work,
            model::Model,
            upkeep::health,
        },
        frame::footer,
        glyphs,
        overlays::{adopting, blockers, limits, sql, swap, upkeep},
        theme::Theme,
        widgets::{
            dialog::{self, Paragraph},
            pen::Pen,
        },
    },
};

/// Columns of the window where the screen has them.
const WIDTH: u16 = 92;

/// Draws it.
pub fn draw(pen: &mut Pen<'_>, screen: Rect, ask: &Ask, model: &Model) {
    let theme = *pen.theme;
    let text = paragraphs(&theme, ask, model);
    let width = WIDTH.min(screen.width.saturating_sub(4));
    let wanted = dialog::lines(&text, width.saturating_sub(2)).saturating_add(4);
    let height = wanted.min(screen.height.saturating_sub(2));
    let typed = ask.deed.is_typed() && ask.deed != Deed::Tune;
    let danger = if typed { theme.danger } else { theme.accent };
    let inner = dialog::open(pen, screen, (width, height), &(title(ask.deed), danger));
    let answer = inner.bottom().saturating_sub(2);
    let body = Rect { height: inner.height.saturating_sub(2), ..inner };
    dialog::text(pen, body, &text, ask.scroll);
    let name = name_of(model, ask.deed).unwrap_or_default();
    let heading = if ask.deed.wants_name() {
        format!("type {name} to confirm")
    } else if ask.deed == Deed::Tune {
        "type SIGNAL=SLOW..STOP, SIGNAL=off or SIGNAL=default".into()
    } else if ask.deed.is_typed() {
        "type a pid to end what it does".into()
    } else {
        "really?".into()
    };
    pen.titled(inner, answer, &heading);
    answer_line(pen, Rect { y: answer + 1, height: 1, ..inner }, ask, model);
    footer::of_overlay(pen, inner, model);
}

/// What is typed so far, or y/N; and why it cannot be confirmed, live.
fn answer_line(pen: &mut Pen<'_>, line: Rect, ask: &Ask, model: &Model) {
    let theme = *pen.theme;
    let (x, y) = (line.x + 1, line.y);
    let room = line.width.saturating_sub(2);
    let end = if ask.deed.is_typed() {
        let end = pen.text((x, y), room, &ask.typed, theme.strong);
        pen.text((end, y), 1, glyphs::CURSOR, theme.accent)
    } else {
        pen.text((x, y), room, "y / N", theme.strong)
    };
    // What is not typed yet is no refusal.
    let mut typed = ask.clone();
    let free = matches!(ask.deed, Deed::EndBlocker | Deed::Tune);
    if !free {
        name_of(model, ask.deed).unwrap_or_default().clone_into(&mut typed.typed);
    }
    let begun = !free || !ask.typed.is_empty();
    if begun && let Some(reason) = refusal(model, &typed) {
        let text = format!("{} {reason}", glyphs::BROKEN);
        pen.text((end + 2, y), line.right().saturating_sub(end + 3), &text, theme.danger);
    }
}

fn title(deed: Deed) -> String {
    match deed {
        Deed::CancelChunk(chunk) => format!("cancel chunk {chunk}"),
        Deed::Repair => "repair what differs".into(),
        Deed::Start | Deed::StartRenaming | Deed::StartDropping => "start the conversion".into(),
        Deed::Quit => "leave".into(),
        Deed::Swap => "swap: exchange the names".into(),
        Deed::Reverse => "reverse: give the names back".into(),
        Deed::Finish => "finish: end the reverse window, keep the old table".into(),
        Deed::FinishAndDrop => "finish: end the reverse window and drop the old table".into(),
        Deed::Abort => "abort: remove everything of ours".into(),
        Deed::EndBlocker => "blockers: who holds up the swap".into(),
        Deed::Tune => "limits: what slows or holds the work".into(),
        Deed::Mend => "mend: run the finding's SQL".into(),
        Deed::Upkeep(duty) => upkeep::title(duty).into(),
    }
}

/// A heading inside a dialog.
pub fn heading(theme: &Theme, text: &str) -> Paragraph {
    vec![(text.to_owned(), theme.accent)]
}

/// A sentence inside a dialog.
pub fn sentence(style: Style, text: impl Into<String>) -> Paragraph {
    vec![(text.into(), style)]
}

fn paragraphs(theme: &Theme, ask: &Ask, model: &Model) -> Vec<Paragraph> {
    let mut text: Vec<_> = what(ask.deed, model).into_iter().map(|line| sentence(theme.text, line)).collect();
    if ask.deed.minds_conditions() {
        swap::evidence(&mut text, theme, model);
    } else if matches!(ask.deed, Deed::Finish | Deed::FinishAndDrop | Deed::Abort) {
        text.push(Vec::new());
        swap::as_it_stands(&mut text, theme, model);
    }
    if ask.deed == Deed::EndBlocker {
        blockers::list(&mut text, theme, model);
    }
    if ask.deed == Deed::Mend {
        let sql = health::selected(model).map_or(&[][..], |finding| &finding.sql);
        text.extend([Vec::new(), heading(theme, "SQL")]);
        text.extend(sql.iter().map(|sql| sentence(theme.text, format!("{sql};"))));
    }
    if let Deed::Upkeep(duty) = ask.deed {
        upkeep::list(&mut text, theme, (duty, model));
        return text;
    }
    if ask.deed == Deed::Tune {
        limits::list(&mut text, theme, model);
    }
    if let Some(plan) = starts(ask.deed, model) {
        for step in plan.steps.iter().filter(|step| !step.locks.is_empty()) {
            text.extend([Vec::new(), vec![(step.summary.clone(), theme.strong)]]);
            planned(&mut text, theme, step);
        }
        return text;
    }
    match step(ask.deed, model) {
        Some(step) => planned(&mut text, theme, &step),
        None if ask.deed.wants_name() => {
            text.push(Vec::new());
            let words = "the plan is not at hand here; `quarterdeck plan --sql` prints its locks and its SQL";
            text.push(sentence(theme.dim, words));
        }
        None => {}
    }
    text
}

/// The plan that the wizard shows under a question that wants the table's name.
fn starts(deed: Deed, model: &Model) -> Option<&Plan> {
    let mut plans = model.overlays.iter().rev().filter_map(|overlay| overlay.wizard()?.plan.ready());
    let starts = matches!(deed, Deed::StartRenaming | Deed::StartDropping);
    plans.next().filter(|_| starts).map(AsRef::as_ref)
}

/// The step that the deed is, with the leaves that there are.
fn step(deed: Deed, model: &Model) -> Option<Step> {
    let (scheme, status) = (&model.job.plan.as_deref()?.scheme, model.status()?);
    let leaf = |period: &PeriodStatus| scheme.source().sibling(Ident::new(period.leaf.as_str()));
    let leaves: Vec<_> = status.periods.iter().map(leaf).collect();
    if scheme.strategy == Strategy::Adopt {
        return adopting::step(deed, scheme, &status.periods);
    }
    match deed {
        Deed::Swap => Some(ending::swap(scheme, &leaves)),
        Deed::Reverse | Deed::Abort if status.migration.phase == Phase::Filling => {
            Some(first::undo(scheme, &leaves))
        }
        Deed::Reverse => Some(ending::reverse(scheme, &leaves)),
        Deed::Finish => Some(ending::finish(scheme, &leaves)),
        Deed::FinishAndDrop => Some(ending::finish_and_drop(scheme, &leaves)),
        Deed::Abort => Some(ending::abort(scheme)),
        Deed::CancelChunk(_)
        | Deed::Repair
        | Deed::Start
        | Deed::StartRenaming
        | Deed::StartDropping
        | Deed::Quit
        | Deed::EndBlocker
        | Deed::Mend
        | Deed::Upkeep(_)
        | Deed::Tune => None,
    }
}

/// Locks, SQL and the way back, as planned.
fn planned(text: &mut Vec<Paragraph>, theme: &Theme, step: &Step) {
    if !step.locks.is_empty() {
        text.extend([Vec::new(), heading(theme, "locks")]);
        text.extend(step.locks.iter().map(|lock| sentence(theme.text, lock.as_str())));
    }
    if let Some(undo) = &step.undo {
        text.extend([Vec::new(), heading(theme, "the way back"), sentence(theme.text, undo.as_str())]);
    }
    sql::add(text, theme, &step.statements);
}

/// What the deed does, and the way back, for people; `{}` and `{old}` stand for the tables' names.
fn what(deed: Deed, model: &Model) -> Vec<String> {
    if let Deed::Upkeep(duty) = deed {
        return upkeep::what(duty, model);
    }
    if let (Deed::Quit, Some(work)) = (deed, &model.upkeep.work) {
        let mut lines =
            vec![format!("{} runs: it ends after what it has in hand, and can go on later.", work.title)];
        if is_at_work(model) {
            lines.extend(copied(deed, model).iter().map(|line| (*line).to_owned()));
        }
        return lines;
    }
    let adopts = model.status().is_some_and(|status| status.migration.strategy() == Strategy::Adopt);
    let adopted = if adopts { adopting::what(deed) } else { None };
    let lines = adopted.unwrap_or_else(|| copied(deed, model));
    let name = name_of(model, deed).map(Ident::new);
    let table = name.as_ref().map_or("the table", |name| name.as_str());
    let old = name.as_ref().map_or_else(String::new, |name| name.with_suffix("_old").as_str().to_owned());
    lines.iter().map(|line| line.replace("{}", table).replace("{old}", &old)).collect()
}

/// The same where the rows are copied.
fn copied(deed: Deed, model: &Model) -> &'static [&'static str] {
    let filling = model.status().is_some_and(|status| status.migration.phase == Phase::Filling);
    match deed {
        Deed::CancelChunk(_) => {
            &["The statement is cancelled; nothing of the chunk stays. It becomes pending again."]
        }
        Deed::Repair => &[
            "The keys of the differing rows go into the log; replay brings them over again from the table with the name.",
            "A clean pass with no repair is owed before the swap.",
        ],
        Deed::Start | Deed::StartRenaming | Deed::StartDropping => starting(deed),
        Deed::Quit if model.status().is_some_and(|s| s.migration.state == State::Paused) => &[
            "This process owns the migration. It stays paused: capture goes on, the log grows, nothing is lost.",
            "Any console, or `quarterdeck resume`, goes on with it.",
        ],
        Deed::Quit => &[
            "This process runs the migration. It finishes what it has in hand and leaves.",
            "The migration stays stopped: capture goes on, the log grows, nothing is lost.",
            "Any console, or `quarterdeck run`, resumes it. Quitting is not pausing.",
        ],
        Deed::Swap => &[
            "The partitioned twin becomes {}; the table of today stays as {old}, kept in step.",
            "The application waits for some milliseconds; an attempt that takes longer is given up and repeated.",
            "The way back: u reverses, with every later write in it, until you finish.",
        ],
        Deed::Reverse | Deed::Abort if filling => &[
            "{old} becomes {} again, with every row and every write since the rename in it.",
            "What was copied is removed; a new conversion starts from nothing.",
        ],
        Deed::Reverse => &[
            "{old} becomes {} again, with every write since the swap in it.",
            "The partitioned table stays as the twin, kept in step: it may be swapped again or aborted.",
        ],
        Deed::Finish => &[
            "{old} is kept in step no longer; it stays as it is. There is no way back after this.",
            "tab: drop the old table as well.",
        ],
        Deed::FinishAndDrop => &[
            "{old} is kept in step no longer, and dropped. There is no way back after this.",
            "tab: keep the old table.",
        ],
        Deed::EndBlocker => &[
            "Sessions with a lock on the table, or a transaction or snapshot open for more than a second.",
            "Who runs a statement has it cancelled; who runs none, and sits in a transaction, loses the session.",
        ],
        Deed::Mend => &[
            "It locks no reader and no writer out, and loses nothing; it may take a while on a large table.",
        ],
        Deed::Tune => &[
            "Above its first limit a signal slows copying to a quarter of the time, above the second it holds it.",
            "One that cannot be measured slows. `quarterdeck tune --help` says what each of them is.",
        ],
        Deed::Upkeep(_) => &[],
        Deed::Abort => &[
            "Triggers first, then log, twin and journal entries are removed; {} stays as it was.",
            "What was copied is lost; a new conversion starts from nothing.",
        ],
    }
}

/// What a conversion begins with.
fn starting(deed: Deed) -> &'static [&'static str] {
    if deed == Deed::StartDropping {
        return &[
            "Capture is switched on first: three triggers on {}, set up under a short lock.",
            "The swap drops the foreign keys of other tables that lead to {}, and their CASCADE with them: from then on nothing keeps those rows.",
            "`reverse` restores them, for new rows only where older ones do not hold any more. The plan names each.",
        ];
    }
    if deed == Deed::StartRenaming {
        return &[
            "The names are exchanged first: an empty partitioned table becomes {}, the table of today {old}.",
            "From then on readers miss every row until it is copied, the newest first; a change of such a row finds nothing.",
            "The way back is open all the time: u gives the old table its name back, with every later write in it.",
        ];
    }
    &[
        "Capture is switched on first: three triggers on the table, set up under a short lock.",
        "The table stays in use throughout. `a` takes everything away again, up to the swap.",
    ]
}
