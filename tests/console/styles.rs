//! What colours mean: green and red stand for one thing each, nothing is said by colour alone, and the terminal's own
//! background stays. Asked of every cell of every scene on every screen, under every overlay.

use std::collections::BTreeSet;

use quarterdeck::{
    engine::status::{ChunkState, SignalState},
    model::phase::{LeafState, State},
    tui::{
        app::{
            model::{Model, Screen},
            upkeep::Page,
        },
        badge::{Label, Tint},
        glyphs::{self, Glyphs},
        theme::{Depth, Palette, Theme},
    },
};
use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

use super::{
    fixture::{self, Scene},
    reducer::press,
    sizes::{drawn, overlays},
};

const DEPTHS: [Depth; 3] = [Depth::Sixteen, Depth::Indexed, Depth::True];

fn dark() -> Theme {
    Theme::new(Palette::Dark, Depth::True, Glyphs::Unicode)
}

/// Everything there is to see, with a word for it.
fn pictures(sizes: &[(u16, u16)]) -> Vec<(String, Model)> {
    let mut all = Vec::new();
    for size in sizes {
        for scene in Scene::ALL {
            for screen in Screen::ALL {
                let mut model = fixture::model(scene, screen, *size);
                model.place.label = Some(Label { word: "PROD".into(), tint: Tint::Magenta });
                all.push((format!("{scene:?} {screen:?} {size:?}"), model));
            }
        }
        for page in Page::ALL {
            all.push((format!("{page:?} {size:?}"), super::upkeep::loaded(page, *size)));
        }
        let mut drilled = fixture::model(Scene::Differs, Screen::Validation, *size);
        press(&mut drilled, "<down><enter>");
        all.push((format!("drilled {size:?}"), drilled));
        for scene in [Scene::NotYet, Scene::Differs] {
            for overlay in overlays() {
                let mut model = fixture::model(scene, Screen::Backfill, *size);
                model.overlays.push(overlay);
                all.push((format!("{scene:?} {:?} {size:?}", model.context()), model));
            }
        }
    }
    all
}

fn rows(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width))
}

fn text(cells: &[Cell]) -> String {
    cells.iter().map(Cell::symbol).collect()
}

/// The runs of cells of a colour in a row, as text; single blanks do not part them.
fn runs(row: &[Cell], colour: Option<Color>) -> Vec<String> {
    let marked: String = row
        .iter()
        .map(|cell| if Some(cell.fg) == colour || cell.symbol() == " " { cell.symbol() } else { "\n" })
        .collect();
    marked
        .split('\n')
        .flat_map(|run| run.split("  "))
        .map(str::trim)
        .filter(|run| !run.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn green_is_only_for_what_was_verified() {
    let theme = dark();
    let mut greens = 0;
    for (what, model) in pictures(&[(80, 24), (160, 50)]) {
        let all = model
            .status()
            .is_some_and(|status| status.periods.iter().all(|period| period.state == LeafState::Verified));
        let mut buffer = drawn(&model, &theme);
        if !model.overlays.is_empty() {
            // What shines from below stands there beside its word when nothing lies over it.
            let below = drawn(&Model { overlays: Vec::new(), ..model.clone() }, &theme);
            for (cell, below) in buffer.content.iter_mut().zip(below.content) {
                if *cell == below {
                    cell.fg = Color::Reset;
                }
            }
        }
        for row in rows(&buffer).filter(|row| row.iter().any(|cell| Some(cell.fg) == theme.verified.fg)) {
            let (text, green) = (text(row), runs(row, theme.verified.fg));
            let says = ["verified", "equal", "every row compared"].iter().any(|word| text.contains(word));
            let ready = text.contains("READY") && model.status().unwrap().verification.verified_at.is_some();
            let whole = all && text.contains("copied ");
            assert!(says || ready || whole, "{what}: {green:?} in {text}");
            greens += 1;
        }
        // Copied and sealed is not verified.
        for row in
            rows(&buffer).filter(|row| ["sealed", "copying"].iter().any(|word| text(row).contains(word)))
        {
            let green = runs(row, theme.verified.fg);
            assert!(green.is_empty() || text(row).contains("verified"), "{what}: {green:?} in {}", text(row));
        }
    }
    assert!(greens > 100, "{greens}");
}

#[test]
fn red_is_only_for_danger() {
    // What is red without a sign of its own is named here: dialogs that destroy, and where rows differ.
    const WORDS: [&str; 16] = [
        "swap: exchange the names",
        "reverse: give the names back",
        "finish: end the reverse window and drop the old table",
        "abort: remove everything of ours",
        "blockers: who holds up the swap",
        "retain: delete the rows that may go",
        "maintain: do what is due, and drop what has had its time",
        "internal error",
        "missing",
        "changed",
        "wrong leaf",
        "extra",
        // The rest of what a sign in the line above says.
        "pid 8841, reporting@10.0.0.7, idle in",
        "transaction 4 min",
        "table or a partition; waited 2 s",
        "failed",
    ];
    let theme = dark();
    let mut unnamed = BTreeSet::new();
    let mut reds = 0;
    for (what, model) in pictures(&[(80, 24), (160, 50)]) {
        let buffer = drawn(&model, &theme);
        for row in rows(&buffer) {
            // A differing part of a value is underlined beside being red.
            let plain: Vec<Cell> = row
                .iter()
                .map(|cell| {
                    if cell.modifier.contains(Modifier::UNDERLINED) { Cell::default() } else { cell.clone() }
                })
                .collect();
            for run in runs(&plain, theme.danger.fg) {
                reds += 1;
                let signed = run.contains('✗') || run.contains('X');
                if !signed && !WORDS.iter().any(|word| run.contains(word)) {
                    unnamed.insert(format!("{run}   ({what})"));
                }
            }
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
    assert!(reds > 50, "{reds}");
}

/// The themes for a terminal of each kind.
fn themes() -> Vec<Theme> {
    let all = Palette::ALL.into_iter().flat_map(|palette| DEPTHS.map(|depth| (palette, depth)));
    all.map(|(palette, depth)| Theme::new(palette, depth, Glyphs::Unicode)).collect()
}

/// What a colour says, a sign or a word says: the glyphs of a picture do not depend on the theme. The terminal's own
/// background stays, but for the selected row and the label.
#[test]
fn every_theme_writes_the_same_and_paints_no_background() {
    let themes = themes();
    for (at, (what, model)) in pictures(&[(80, 24)]).into_iter().enumerate() {
        let wanted = text(&drawn(&model, &dark()).content);
        // Each picture in a third of the themes, each theme with a third of the pictures.
        for theme in themes.iter().skip(at % 3).step_by(3) {
            let (buffer, made) = (drawn(&model, theme), theme.made);
            assert_eq!(text(&buffer.content), wanted, "{what} {made:?}");
            for (y, row) in rows(&buffer).enumerate() {
                let painted: Vec<_> = row.iter().filter(|cell| cell.bg != Color::Reset).collect();
                let selected = painted.iter().all(|cell| Some(cell.bg) == theme.selected.bg)
                    && text(row).contains(glyphs::SELECTED);
                let label = y == 0 && text(row).contains("PROD");
                assert!(painted.is_empty() || selected || label, "{what} {made:?}: {}", text(row));
            }
            let coloured = made.palette != Palette::Mono;
            let fits = |colour: Color| {
                let deep = matches!(colour, Color::Rgb(..)) && made.depth != Depth::True;
                let indexed = matches!(colour, Color::Indexed(_)) && made.depth != Depth::Indexed;
                colour == Color::Reset || (coloured && !deep && !indexed)
            };
            let all = buffer.content.iter().all(|cell| fits(cell.fg) && fits(cell.bg));
            assert!(all, "{what}: a colour that {made:?} does not have");
        }
    }
}

#[test]
fn no_two_states_are_told_apart_by_their_colour_alone() {
    fn distinct<T: Ord>(of: &str, signs: impl IntoIterator<Item = T>) {
        let mut seen = BTreeSet::new();
        assert!(signs.into_iter().all(|sign| seen.insert(sign)), "{of}");
    }
    let plain = |sign: &'static str| if sign.is_ascii() { sign } else { glyphs::ascii(sign) };
    let chunks = [
        ChunkState::Pending,
        ChunkState::Copying,
        ChunkState::Copied,
        ChunkState::Retried,
        ChunkState::Failed,
    ];
    distinct("chunks", chunks.map(glyphs::chunk));
    distinct("chunks in ASCII", chunks.map(|state| plain(glyphs::chunk(state))));
    distinct("periods", LeafState::ALL.map(|state| (plain(glyphs::leaf(state)), state.word())));
    distinct("periods' words", LeafState::ALL.map(LeafState::word));
    let states = [State::Running, State::Paused, State::Stopped, State::Failed, State::Unknown];
    distinct("migrations", states.map(glyphs::state));
    distinct("migrations' words", states.map(State::word));
    distinct("signals", [SignalState::Ok, SignalState::Slow, SignalState::Stop].map(glyphs::signal));
    // A stale signal slows as well, and says that it is stale.
    let slowed = text(&drawn(&fixture::model(Scene::Slowed, Screen::Backfill, (80, 24)), &dark()).content);
    assert!(slowed.contains("slowed by lock-waits (stale)"), "{slowed}");
}

#[test]
fn light_and_dark_backgrounds_have_inks_of_their_own() {
    // Told by the contrast with the background that the theme is for.
    let luma = |colour: Option<Color>| match colour {
        Some(Color::Rgb(r, g, b)) => 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b),
        other => panic!("{other:?}"),
    };
    let inks = |palette| {
        let t = Theme::new(palette, Depth::True, Glyphs::Unicode);
        [t.dim, t.accent, t.copied, t.copying, t.warn, t.verified, t.danger].map(|style| luma(style.fg))
    };
    assert!(inks(Palette::Dark).iter().all(|luma| *luma > 110.0), "{:?}", inks(Palette::Dark));
    assert!(inks(Palette::Light).iter().all(|luma| *luma < 150.0), "{:?}", inks(Palette::Light));
}

/// A sign without a stand-in would become a question mark.
#[test]
fn every_sign_of_ours_has_a_stand_in_everywhere() {
    let ascii = Theme::new(Palette::Mono, Depth::Sixteen, Glyphs::Ascii);
    let sizes = [(40, 12), (60, 16), (80, 24), (160, 50)];
    for (what, model) in pictures(&sizes) {
        let (signs, plain) = (drawn(&model, &dark()), drawn(&model, &ascii));
        for (sign, plain) in signs.content.iter().zip(&plain.content) {
            assert!(plain.symbol().is_ascii(), "{what}: {plain:?}");
            assert!(
                plain.symbol() != "?" || sign.symbol() == "?",
                "{what}: {:?} has no stand-in",
                sign.symbol()
            );
        }
    }
}
