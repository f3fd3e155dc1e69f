//! The page *maintain*: what is to be kept, what of it is due, and doing it.

use crate::{
    engine::maintain::Wish,
    model::maintenance::{Keep, OnExpiry},
    tui::app::{
        form::{About, Field, Form},
        model::Model,
    },
};

/// The most periods kept ahead, as with `--premake`.
const MOST_AHEAD: u32 = 120;

/// What is kept where nobody says anything: two periods ahead, and every partition for ever.
pub fn form() -> Form {
    let fates = OnExpiry::ALL.map(OnExpiry::word);
    Form::new(
        About::Maintain,
        vec![
            Field::text("periods ahead", "2", "whole periods that are ready after the one of now"),
            Field::text("keep partitions for", "", "24 months, 90 days, 2 years; empty: for ever"),
            Field::choice("and then", &fates, "what becomes of a partition whose time is over"),
            Field::text("archive folder", "", "where archives go; it must be there"),
            Field::text("period", "", "month, quarter, …; empty: as the newest partition has it"),
            Field::text("time zone", "", "where periods begin at midnight; empty: the migration's, else UTC"),
            Field::text(
                "clock",
                "",
                "how a bigint key tells the time, snowflake:… for example; empty: the migration's",
            ),
        ],
    )
}

/// What the form asks for.
pub fn wish(model: &Model) -> Result<Wish, String> {
    let form = model.upkeep.maintain.form.clone().unwrap_or_else(form);
    let table = model.upkeep.of.as_ref().ok_or("no table is chosen")?;
    of(&form, table.to_string())
}

/// What a form asks for, or what is wrong with it.
pub fn of(form: &Form, table: String) -> Result<Wish, String> {
    let retain = form.read(1)?;
    // Nothing that is kept for ever is dropped.
    let fate = form.read(2)?.unwrap_or_default();
    let on_expiry = if retain.is_some() { fate } else { OnExpiry::default() };
    let archive_dir = Some(form.word(3)).filter(|folder| !folder.is_empty()).map(Into::into);
    let archives = on_expiry == OnExpiry::Archive;
    match (&archive_dir, archives) {
        (None, true) => return Err("archive folder: nobody says where archives go".into()),
        (Some(_), false) => return Err("archive folder: there are no archives".into()),
        (Some(_), true) | (None, false) => {}
    }
    let keep = Keep { premake: form.number(0, 0..=MOST_AHEAD)?, retain, on_expiry };
    Ok(Wish {
        every: form.read(4)?,
        zone: form.read(5)?,
        clock: form.read(6)?,
        archive_dir,
        ..Wish::of(table, keep)
    })
}

/// It may drop something, which need not be due yet: that is confirmed by the table's name.
pub fn drops(model: &Model) -> bool {
    wish(model).is_ok_and(|wish| wish.keep.on_expiry != OnExpiry::Detach)
}

/// What becomes of partitions that have had their time.
pub fn fate(model: &Model) -> OnExpiry {
    wish(model).map_or(OnExpiry::Detach, |wish| wish.keep.on_expiry)
}

/// What is kept, in words.
pub fn kept(model: &Model) -> String {
    let Ok(wish) = wish(model) else { return "the options are not clear: o".into() };
    let ahead = match wish.keep.premake {
        1 => "1 period ahead".to_owned(),
        n => format!("{n} periods ahead"),
    };
    let age = match (wish.keep.retain, &wish.archive_dir) {
        (None, _) => "partitions are kept for ever".to_owned(),
        (Some(age), None) => format!("partitions are kept for {age}, then {}", wish.keep.on_expiry.past()),
        (Some(age), Some(folder)) => {
            format!("partitions are kept for {age}, then archived into {} and dropped", folder.display())
        }
    };
    format!("{ahead}; {age}")
}
