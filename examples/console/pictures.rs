//! Screens as SVG files; the README's pictures are made with it. Needs no database and no terminal.

use std::{error::Error, fs, path::Path};

use super::{
    fixture::{self, Scene, now},
    svg,
};

use quarterdeck::tui::{
    app::{
        deed::{Ask, Deed},
        list::Load,
        model::{Model, Screen},
        overlay::Overlay,
        update::update,
        wizard::Page,
    },
    glyphs::Glyphs,
    keymap::Stroke,
    theme::{Depth, Palette, Theme},
    view::view,
};
use ratatui::{Terminal, backend::TestBackend, crossterm::event::KeyCode};

/// Draws every picture at `size` into `folder`.
pub(crate) fn draw(folder: &str, size: (u16, u16), palette: Palette) -> Result<(), Box<dyn Error>> {
    let theme = Theme::new(palette, Depth::True, Glyphs::Unicode);
    for (name, model) in pictures(size) {
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1))?;
        terminal.draw(|frame| view(&model, &theme, frame))?;
        let path = Path::new(folder).join(format!("{name}.svg"));
        fs::create_dir_all(folder)?;
        fs::write(path, svg::svg(terminal.backend().buffer(), palette))?;
    }
    Ok(())
}

fn pictures(size: (u16, u16)) -> Vec<(String, Model)> {
    let scene = |scene| (format!("{scene:?}").to_lowercase(), fixture::model(scene, Screen::Backfill, size));
    let mut pictures: Vec<_> = Scene::ALL.into_iter().map(scene).collect();
    pictures.extend(screens(size).into_iter().map(|(name, model)| (name.to_owned(), model)));
    pictures
}

fn screens(size: (u16, u16)) -> Vec<(&'static str, Model)> {
    let on = |scene, screen| fixture::model(scene, screen, size);
    let mut pictures = vec![
        ("tables", fixture::empty(size)),
        ("layout", on(Scene::Copying, Screen::Layout)),
        ("quarters", on(Scene::Copying, Screen::Quarters)),
        ("backfill", on(Scene::Copying, Screen::Backfill)),
        ("validation", on(Scene::Differs, Screen::Validation)),
        ("log", on(Scene::Ready, Screen::Log)),
    ];
    let mut differences = on(Scene::Differs, Screen::Validation);
    differences.cursors.drilled = Some("chat_messages_2024_q2".into());
    differences.cursors.diffs.selected = 1;
    pictures.push(("differences", differences));
    for (name, scene, deed) in [
        ("swap", Scene::Ready, Deed::Swap),
        ("not-yet", Scene::NotYet, Deed::Swap),
        ("abort", Scene::Copying, Deed::Abort),
        ("quit", Scene::Copying, Deed::Quit),
    ] {
        let mut model = on(scene, Screen::Backfill);
        let typed = if name == "swap" { "chat_mess".into() } else { String::new() };
        model.overlays.push(Overlay::Ask(Ask { deed, typed, scroll: 0 }));
        pictures.push((name, model));
    }
    let mut help = on(Scene::Copying, Screen::Backfill);
    help.overlays.push(Overlay::Help { scroll: 0 });
    let mut palette = on(Scene::Copying, Screen::Backfill);
    palette.overlays.push(Overlay::Palette { query: "re".into(), selected: 1 });
    pictures.extend([("help", help), ("palette", palette)]);
    pictures.extend(wizard(size));
    pictures
}

fn wizard(size: (u16, u16)) -> [(&'static str, Model); 2] {
    let mut model = fixture::empty(size);
    model.cursors.tables.selected = 2;
    let press = |model: &mut Model, code| {
        update(model, quarterdeck::tui::app::msg::Msg::Key(Stroke { code, ctrl: false }), now());
    };
    press(&mut model, KeyCode::Enter);
    press(&mut model, KeyCode::Enter);
    let period = model.clone();
    if let Some(Overlay::Wizard(wizard)) = model.overlays.last_mut() {
        wizard.page = Page::Preview;
        wizard.plan = Load::Ready(std::sync::Arc::new(fixture::plan::plan()));
    }
    [("period", period), ("preview", model)]
}
