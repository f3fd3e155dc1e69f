//! The questions before a chore: what will be done, and the way back, or that there is none.

use crate::{
    model::maintenance::{OnExpiry, Task},
    tui::{
        app::{
            model::Model,
            upkeep::{duty::Duty, maintain},
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
    }
}

/// What it does, for people.
pub(super) fn what(duty: Duty, model: &Model) -> Vec<String> {
    let lines: &[&str] = match duty {
        Duty::Maintain => &[
            "Each task takes its lock for a moment and gives it up where somebody waits; it is tried again.",
            "It is looked anew before each task: what is due by then is done. X stops it between two.",
        ],
        Duty::MaintainDropping => &[
            "Each task takes its lock for a moment and gives it up where somebody waits; it is tried again.",
            "It is looked anew before each task: whatever has had its time by then goes. X stops it between two.",
            fate(model),
        ],
        Duty::Retain => &[
            "Each batch is a transaction of its own; rows that somebody has locked are passed over.",
            "What is deleted is gone: there is no way back but a backup. X stops it after the batch in hand.",
        ],
        Duty::Install => &["Old rows keep their ids; the way back is said when it is done."],
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn fate(model: &Model) -> &'static str {
    match maintain::wish(model).map(|wish| wish.keep.on_expiry) {
        Ok(OnExpiry::Archive) => {
            "A partition is dropped when its archive was read back and is whole; the way back is the archive."
        }
        Ok(OnExpiry::Drop) => "What is dropped is gone: there is no way back but a backup.",
        Ok(OnExpiry::Detach) | Err(_) => "",
    }
}

/// What exactly.
pub(super) fn list(text: &mut Vec<Paragraph>, theme: &Theme, (duty, model): (Duty, &Model)) {
    let upkeep = &model.upkeep;
    let (title, lines) = match duty {
        Duty::Maintain | Duty::MaintainDropping => {
            let due = upkeep.maintain.found.ready().map_or(&[][..], |found| &found.due);
            let said = due.iter().flat_map(Task::said);
            let lines = said.map(|(verb, what)| format!("{verb} {what}")).collect();
            ("due now", lines)
        }
        Duty::Retain => {
            let doomed = upkeep.retain.found.ready();
            let lines = doomed.map_or_else(Vec::new, |doomed| {
                let rule = format!("rows where {}", doomed.found.rule.condition);
                std::iter::once(rule).chain(doomed.found.due(&doomed.instead)).collect()
            });
            ("what goes", lines)
        }
        Duty::Install => {
            let sql = upkeep.install.as_ref().map_or(&[][..], |(_, sql)| sql);
            ("SQL", sql.iter().map(|sql| format!("{sql};")).collect())
        }
    };
    text.extend([Vec::new(), heading(theme, title)]);
    text.extend(lines.into_iter().map(|line| sentence(theme.text, line)));
}
