//! What the film shows: the keys an operator presses, and where the pictures are taken.

use quarterdeck::{
    engine::event::Body,
    model::phase::Phase,
    tui::app::{
        model::{Model, Screen},
        overlay::Overlay,
        upkeep::selected_statement,
        wizard::Page,
    },
};
use ratatui::crossterm::event::KeyCode;

use super::{
    film::Film,
    recording::{Entry, Heard, Trouble},
};

/// The share of the copying that the first picture of the README shows done.
const HALF: f64 = 0.5;

/// Plays the whole of it.
pub(crate) fn tell(entries: Vec<Entry>) -> Result<Film, Trouble> {
    let mut film = Film::new(entries)?;
    film.show();
    film.hold(1_500);
    plan(&mut film)?;
    copy(&mut film)?;
    swap(&mut film)?;
    finish(&mut film)?;
    look_after(&mut film)?;
    Ok(film)
}

/// From the list of tables to a conversion that runs.
fn plan(film: &mut Film) -> Result<(), Trouble> {
    select(film, "chat_messages")?;
    film.hold(1_500);
    film.still("tables");
    film.press(KeyCode::Enter, 1_200)?;
    turn_to(film, Page::Strategy)?;
    film.hold(3_000);
    film.still("strategies");
    turn_to(film, Page::Preview)?;
    film.hold(1_500);
    for _ in 0..4 {
        film.press(KeyCode::Right, 900)?;
    }
    film.press(KeyCode::Enter, 1_500)?;
    film.press(KeyCode::Char('y'), 500)
}

/// Goes on in the wizard until a page is in front.
fn turn_to(film: &mut Film, wanted: Page) -> Result<(), Trouble> {
    while page(&film.model).is_some_and(|page| page != wanted) {
        film.press(KeyCode::Enter, 1_200)?;
    }
    if page(&film.model) == Some(wanted) { Ok(()) } else { Err(format!("no page {wanted:?}").into()) }
}

fn page(model: &Model) -> Option<Page> {
    match model.overlays.last() {
        Some(Overlay::Wizard(wizard)) => Some(wizard.page),
        _ => None,
    }
}

/// Puts the cursor on a table.
fn select(film: &mut Film, name: &str) -> Result<(), Trouble> {
    let at = film.model.shown_tables().iter().position(|table| table.name.name.as_str() == name);
    for _ in film.model.cursors.tables.selected..at.ok_or("no such table")? {
        film.press(KeyCode::Down, 400)?;
    }
    Ok(())
}

/// Copying and comparing, until everything holds.
fn copy(film: &mut Film) -> Result<(), Trouble> {
    film.play_to(14, is_half_copied)?;
    film.still("backfill");
    film.play_to(10, |heard| enters(heard, Phase::Verifying))?;
    film.go_to(Screen::Validation, 300)?;
    film.play_to(7, |heard| enters(heard, Phase::Ready))?;
    film.play_to_order(2)?;
    film.still("validation");
    film.hold(1_500);
    film.go_to(Screen::Backfill, 1_200)
}

/// Half of the rows are copied, and a worker has a chunk in hand.
fn is_half_copied(heard: &Heard) -> bool {
    let Heard::Status(status) = heard else { return false };
    let copies = status.lanes.iter().any(|lane| lane.chunk.is_some());
    copies && status.share().is_some_and(|share| share >= HALF)
}

fn enters(heard: &Heard, phase: Phase) -> bool {
    matches!(heard, Heard::Event(event) if matches!(event.body, Body::Phase { to, .. } if to == phase))
}

/// The exchange of the names.
fn swap(film: &mut Film) -> Result<(), Trouble> {
    film.press(KeyCode::Char('s'), 4_000)?;
    film.type_in("chat_mess")?;
    film.still("swap");
    film.type_in("ages")?;
    film.hold(600);
    film.press(KeyCode::Enter, 0)?;
    film.play_to(1, |heard| enters(heard, Phase::ReverseWindow))?;
    film.play_to_order(5)?;
    film.still("swapped");
    film.hold(2_500);
    Ok(())
}

/// The end of the reverse window.
fn finish(film: &mut Film) -> Result<(), Trouble> {
    film.press(KeyCode::Char('F'), 2_500)?;
    film.press(KeyCode::Char('y'), 0)?;
    film.play_to(3, |heard| matches!(heard, Heard::Health(_)))?;
    film.hold(1_500);
    Ok(())
}

/// The pages of screen 5.
fn look_after(film: &mut Film) -> Result<(), Trouble> {
    film.go_to(Screen::Health, 4_000)?;
    film.still("health");
    film.play_to(1, |heard| matches!(heard, Heard::Due(_)))?;
    film.press(KeyCode::Right, 3_000)?;
    film.play_to(1, |heard| matches!(heard, Heard::Audit(_)))?;
    film.press(KeyCode::Right, 2_500)?;
    while selected_statement(&film.model).is_some_and(|one| one.rewrite.is_none()) {
        film.press(KeyCode::Down, 300)?;
    }
    film.hold(3_000);
    film.still("audit");
    Ok(())
}
