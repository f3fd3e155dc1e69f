//! The questions before a chore: what will be done, and the way back, or that there is none.

use crate::{
    model::{
        figures::count,
        maintenance::{OnExpiry, Task},
    },
    tui::{
        app::{
            model::Model,
            upkeep::{duty::Duty, maintain, retain, work::Chore},
        },
        overlays::confirm::{heading, sentence},
        theme::Theme,
        widgets::dialog::Paragraph,
    },
};

/// The title of the window.
pub(super) fn title(duty: Duty) -> &'static str {
    match duty {
        Duty::Maintain => "maintain: do what is due",
        Duty::MaintainDropping => "maintain: do what is due, and drop what has had its time",
        Duty::Retain => "retain: delete the rows that may go",
        Duty::Install => "ids install: make a uuidv7()",
        Duty::Lab => "ids lab: compare kinds of ids on this server",
    }
}

/// What it does, for people.
pub(super) fn what(duty: Duty, model: &Model) -> Vec<String> {
    let lines: &[&str] = match duty {
        Duty::Maintain | Duty::MaintainDropping => &[
            "Each task takes its lock for a moment and gives it up where somebody waits; it is tried again.",
            "What is listed is done, and nothing else. X stops it between two tasks.",
            fate(duty, model),
        ],
        Duty::Retain => &[
            "Each batch is a transaction of its own; rows that somebody has locked are passed over.",
            "What is deleted is gone: there is no way back but a backup. X stops it after the batch in hand.",
        ],
        Duty::Install => &["Old rows keep their ids; the way back is said when it is done."],
        Duty::Lab => &[
            "It writes: four scratch tables in a schema of its own, with WAL for each, and removes them. Not for a busy hour.",
        ],
    };
    let of = duty.table(model).map(|table| format!("On {}.", table.plain()));
    let lines = lines.iter().filter(|line| !line.is_empty()).map(|line| (*line).to_owned());
    of.into_iter().chain(lines).collect()
}

/// What it means for the rows.
fn fate(duty: Duty, model: &Model) -> &'static str {
    let ends = |task: &Task| matches!(task, Task::Expire(_) | Task::Settle(_));
    let any = model.upkeep.maintain.found.ready().is_some_and(|found| found.due.iter().any(ends));
    match maintain::fate(model) {
        OnExpiry::Detach if any && duty == Duty::Maintain => {
            "A detached partition is a table of its own: no query of this table finds its rows any more."
        }
        OnExpiry::Archive => {
            "A partition is dropped when its archive was read back and is whole; the way back is the archive."
        }
        OnExpiry::Drop => "What is dropped is gone: there is no way back but a backup.",
        OnExpiry::Detach => "",
    }
}

/// What exactly.
pub(super) fn list(text: &mut Vec<Paragraph>, theme: &Theme, (duty, model): (Duty, &Model)) {
    let (title, lines) = match duty {
        Duty::Maintain | Duty::MaintainDropping => ("what is due", due(model)),
        Duty::Retain => ("what goes", doomed(model)),
        Duty::Install => ("SQL", sql(model)),
        Duty::Lab => ("how much", lab(model)),
    };
    text.extend([Vec::new(), heading(theme, title)]);
    text.extend(lines.into_iter().map(|line| sentence(theme.text, line)));
}

/// What drops or detaches first: that is what must be read.
fn due(model: &Model) -> Vec<String> {
    let Some(found) = model.upkeep.maintain.found.ready() else { return Vec::new() };
    let mut tasks: Vec<&Task> = found.due.iter().collect();
    tasks.sort_by_key(|task| !matches!(task, Task::Expire(_) | Task::Settle(_)));
    let fate = maintain::fate(model);
    tasks.into_iter().map(|task| found.words(task, fate).join("  ")).collect()
}

fn doomed(model: &Model) -> Vec<String> {
    let Some(doomed) = model.upkeep.retain.found.ready() else { return Vec::new() };
    let mut lines = vec![format!("rows where {}", doomed.found.rule.condition)];
    if let Ok(wish) = retain::wish(model) {
        let unprocessed = "rows that nobody has processed go, too: the options say so";
        lines.extend(wish.takes_unprocessed.then(|| unprocessed.to_owned()));
    }
    lines.extend(doomed.found.due(&doomed.instead));
    lines
}

/// The shortest first: what changes a table must not stand behind the text of a function.
fn sql(model: &Model) -> Vec<String> {
    let mut all: Vec<String> =
        model.upkeep.install.iter().flat_map(|(_, sql)| sql.iter().map(|sql| format!("{sql};"))).collect();
    all.sort_by_key(String::len);
    all
}

fn lab(model: &Model) -> Vec<String> {
    let Some(Chore::Lab { rows, checkpoints }) = model.upkeep.lab else { return Vec::new() };
    let all = i64::from(rows) * 4;
    let mut lines = vec![format!("{} rows of each of four kinds, {} in all", count(rows.into()), count(all))];
    if checkpoints > 0 {
        lines.push(format!("{checkpoints} checkpoints of the whole server while each kind is inserted"));
    }
    lines
}
