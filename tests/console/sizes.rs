//! Every screen and overlay at every size: no panic, and nothing beyond ASCII where only ASCII is allowed.

use quarterdeck::tui::{
    app::{
        deed::{Ask, Deed},
        export::{Choices, choices},
        list::Load,
        model::{Model, Screen},
        msg::PanicReport,
        options::Options,
        overlay::{Detail, Overlay},
        upkeep::{Page, duty::Duty, ids::install_form},
        wizard::{Page as WizardPage, Wizard},
    },
    glyphs::Glyphs,
    theme::{Depth, Palette, Theme},
    view::view,
};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use super::fixture::{self, Scene};

/// Draws a model.
pub(crate) fn drawn(model: &Model, theme: &Theme) -> Buffer {
    let (columns, rows) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| view(model, theme, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// One of each overlay.
pub(crate) fn overlays() -> Vec<Overlay> {
    let wizard = |page, plan| {
        Overlay::Wizard(Box::new(Wizard {
            table: fixture::tables::tables().swap_remove(2),
            page,
            key: 0,
            every: 3,
            ahead: 2,
            default_leaf: true,
            strategy: 0,
            options: Options::default(),
            weighed: Load::Ready(std::sync::Arc::new(fixture::plan::weighed())),
            plan,
            step: 3,
            scroll: 0,
        }))
    };
    let ask = |deed| Overlay::Ask(Ask { deed, typed: "chat".into(), scroll: 2 });
    let backfill = fixture::model(Scene::Ready, Screen::Backfill, (80, 24));
    let exports = choices(&backfill).expect("a migration is open");
    let mut overlays = vec![
        Overlay::Help { scroll: 0 },
        Overlay::Help { scroll: 9_999 },
        Overlay::Palette { query: "re".into(), selected: 2 },
        Overlay::Palette { query: "nothing like it".into(), selected: 2 },
        Overlay::Export(Choices { all: exports, selected: 4 }),
        Overlay::Detail(Detail { title: "event".into(), text: vec!["word ".repeat(200)], scroll: 3 }),
        Overlay::Panic(PanicReport {
            thread: "worker".into(),
            message: "index".into(),
            place: "a.rs:1".into(),
        }),
        wizard(WizardPage::Preview, Load::Ready(std::sync::Arc::new(fixture::plan::plan()))),
    ];
    overlays.extend(
        [WizardPage::Key, WizardPage::Every, WizardPage::Strategy, WizardPage::Options, WizardPage::Preview]
            .map(|page| wizard(page, Load::Loading)),
    );
    overlays.extend(
        [
            Deed::Swap,
            Deed::Reverse,
            Deed::Finish,
            Deed::FinishAndDrop,
            Deed::Abort,
            Deed::Quit,
            Deed::EndBlocker,
            Deed::Tune,
            Deed::Upkeep(Duty::Maintain),
            Deed::Upkeep(Duty::Retain),
            Deed::Upkeep(Duty::Install),
        ]
        .map(ask),
    );
    overlays.push(Overlay::Form(install_form()));
    overlays.extend(super::row::views().map(|view| Overlay::Row(Box::new(view))));
    overlays
}

/// Around every width and height where the layout changes, and the extremes.
fn sizes() -> impl Iterator<Item = (u16, u16)> {
    let widths = [1, 2, 19, 59, 60, 61, 80, 99, 160, 300];
    let heights = [1, 2, 3, 15, 16, 17, 24, 40, 100];
    let all =
        widths.into_iter().flat_map(move |width| heights.into_iter().map(move |height| (width, height)));
    // The widest and highest together take a debug build long and tell nothing new.
    all.filter(|(width, height)| width * height <= 6_400 || (*width, *height) == (300, 100))
}

fn themes() -> [Theme; 2] {
    [
        Theme::new(Palette::Dark, Depth::True, Glyphs::Unicode),
        Theme::new(Palette::Mono, Depth::Sixteen, Glyphs::Ascii),
    ]
}

fn is_ascii(model: &Model) -> bool {
    let [_, ascii] = themes();
    drawn(model, &ascii).content.iter().all(|cell| cell.symbol().is_ascii())
}

#[test]
fn every_screen_at_every_size() {
    let [unicode, _] = themes();
    // One scene after the other, so that each meets every screen and every kind of size in the end.
    let mut scenes =
        Scene::ALL.map(|scene| fixture::model(scene, Screen::Tables, (1, 1))).into_iter().cycle();
    for size in sizes() {
        for screen in Screen::ALL {
            let mut model = scenes.next().unwrap();
            (model.size, model.screen, model.cursors.chunk) = (size, screen, Some(211));
            if screen == Screen::Validation && size.0 % 2 == 0 {
                model.cursors.drilled = Some("chat_messages_2024_q2".into());
            }
            drawn(&model, &unicode);
        }
        for page in Page::ALL {
            drawn(&super::upkeep::loaded(page, size), &unicode);
        }
    }
}

#[test]
fn every_scene_on_every_screen_in_plain_ascii() {
    for scene in Scene::ALL {
        let mut model = fixture::model(scene, Screen::Tables, (80, 24));
        for screen in Screen::ALL {
            model.screen = screen;
            assert!(is_ascii(&model), "{scene:?} {screen:?}");
        }
    }
    for page in Page::ALL {
        assert!(is_ascii(&super::upkeep::loaded(page, (80, 24))), "{page:?}");
    }
}

#[test]
fn every_overlay_at_every_size() {
    let [unicode, _] = themes();
    let mut model = fixture::model(Scene::NotYet, Screen::Backfill, (80, 24));
    let mut overlays = overlays().into_iter().cycle();
    for size in sizes() {
        for _ in 0..4 {
            model.size = size;
            model.overlays = vec![overlays.next().unwrap()];
            drawn(&model, &unicode);
        }
    }
}

#[test]
fn every_overlay_in_plain_ascii() {
    let mut model = fixture::model(Scene::NotYet, Screen::Backfill, (80, 24));
    for overlay in overlays() {
        model.overlays = vec![overlay];
        assert!(is_ascii(&model), "{:?}", model.overlays);
    }
}
