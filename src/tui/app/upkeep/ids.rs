//! The page *ids*: the lab, and `uuidv7()`.

use crate::{
    engine::ids::Install,
    error::Report,
    model::ident::Ident,
    tui::app::{
        deed::{self, Deed},
        form::{About, Field, Form},
        model::{Model, Screen, Tone},
        msg::Effect,
        overlay::{Detail, Overlay},
        upkeep::{Answer, Page, Question, duty::Duty, work::Chore},
    },
};

/// How the lab measures.
pub fn lab_form() -> Form {
    Form::new(
        About::Lab,
        vec![
            Field::text(
                "rows of each kind",
                "200000",
                "10000 to 20000000, in scratch tables that are removed",
            ),
            Field::text("checkpoints", "0", "while each kind is inserted: whole pages go into WAL after one"),
        ],
    )
}

/// The lab that a form asks for.
pub fn lab(form: &Form) -> Result<Chore, String> {
    Ok(Chore::Lab { rows: form.number(0, 10_000..=20_000_000)?, checkpoints: form.number(1, 0..=100)? })
}

/// Asks whether it shall measure: it writes, and may checkpoint.
pub fn ask_for_lab(model: &mut Model, chore: Chore) -> Vec<Effect> {
    model.upkeep.lab = Some(chore);
    deed::ask(model, Deed::Upkeep(Duty::Lab))
}

/// Where `uuidv7()` is made, and what for.
pub fn install_form() -> Form {
    Form::new(
        About::Install,
        vec![
            Field::text("schema", "public", "where the function is made; a server from 18 on has one"),
            Field::choice("default of this table's ids", &["no", "yes"], "of rows to come; old rows stay"),
            Field::text("column", "", "of the ids; empty: the first one of the primary key"),
        ],
    )
}

/// What a form asks to install.
pub fn install(form: &Form, of: Option<&str>) -> Result<Install, String> {
    if form.word(0).is_empty() {
        return Err("schema: say where the function is made".into());
    }
    let column = Some(form.word(2)).filter(|column| !column.is_empty()).map(str::to_owned);
    let default_of = match (form.word(1), of) {
        ("no", _) => None,
        (_, Some(table)) => Some((table.to_owned(), column)),
        (_, None) => return Err("no table is chosen".into()),
    };
    Ok(Install { schema: Ident::new(form.word(0)), default_of })
}

/// Asks what installing would do, before it is asked whether it shall be done.
pub fn plan(model: &mut Model, install: Install) -> Vec<Effect> {
    model.say(Tone::Calm, "looking what there is to do …");
    vec![Effect::Ask(Question::Install(install))]
}

/// What it would do has come.
pub fn planned(model: &mut Model, install: &Install, answer: Result<Answer, Report>) {
    // Whoever looks at something else by now asks again.
    let is_here = model.screen == Screen::Health && model.upkeep.page == Page::Ids;
    if !model.overlays.is_empty() || !is_here {
        return;
    }
    model.notice = None;
    match answer {
        Ok(Answer::Install(sql)) if sql.is_empty() => {
            model.say(Tone::Calm, "nothing to do: the server has a uuidv7() of its own");
        }
        Ok(Answer::Install(sql)) => {
            model.upkeep.install = Some((install.clone(), sql));
            // A question is no effect.
            let _none = deed::ask(model, Deed::Upkeep(Duty::Install));
        }
        Ok(_) => {}
        Err(report) => {
            let detail = Detail::of_error("it cannot be installed", &report);
            model.overlays.push(Overlay::Detail(detail));
        }
    }
}
