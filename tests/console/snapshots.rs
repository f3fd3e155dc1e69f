//! What the screens look like, with their styles beside the glyphs.
//!
//! Under each picture stands the same picture in ASCII, and once more with one letter a cell for its style; the letters are
//! explained below, so a change of colour or weight fails like a change of text. The styles of both pictures are the same.

use std::{fmt::Write, sync::Arc};

use quarterdeck::{
    model::{health::Health, ident::QualifiedName},
    tui::{
        app::{
            list::Load,
            model::{Connection, Intent, Model, Screen},
            msg::Effect,
            upkeep::{health::Look, work::Chore},
        },
        badge::{Label, Tint},
        glyphs::Glyphs,
        theme::{Depth, Palette, Theme},
    },
};
use ratatui::{
    buffer::{Buffer, Cell},
    style::{Modifier, Style},
};

use super::{
    fixture::{self, Scene},
    reducer::press,
    sizes::{drawn, overlays},
};

/// The names of the theme's styles, so that a snapshot says what is meant and not which shade.
fn names(theme: &Theme) -> Vec<(char, &'static str, Style)> {
    vec![
        ('.', "text", theme.text),
        ('d', "dim", theme.dim),
        ('S', "strong", theme.strong),
        ('A', "accent", theme.accent),
        ('-', "border", theme.border),
        ('c', "copied", theme.copied),
        ('y', "copying", theme.copying),
        ('w', "warn", theme.warn),
        ('V', "verified", theme.verified),
        ('D', "danger", theme.danger),
        ('B', "window", theme.accent.remove_modifier(Modifier::BOLD)),
        ('E', "verified, bold", theme.verified.add_modifier(Modifier::BOLD)),
        ('U', "danger, underlined", theme.danger.add_modifier(Modifier::UNDERLINED)),
    ]
}

fn letter(cell: &Cell, theme: &Theme) -> char {
    let style = |style: Style| {
        let mut other = Cell::default();
        other.set_style(Style::reset().patch(style));
        (other.fg, other.modifier - Modifier::REVERSED)
    };
    if cell.modifier.contains(Modifier::REVERSED) {
        return 'R';
    }
    if cell.symbol().trim().is_empty() {
        return ' ';
    }
    let known = names(theme).into_iter().find(|(_, _, named)| style(*named) == (cell.fg, cell.modifier));
    known.map_or('?', |(letter, _, _)| letter)
}

/// The rows of a picture, cell by cell.
fn lines(buffer: &Buffer, paint: impl Fn(&Cell) -> String) -> String {
    let rows = buffer.content.chunks(usize::from(buffer.area.width));
    let rows = rows.map(|row| row.iter().map(&paint).collect::<String>().trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

/// The picture with both kinds of signs, and its styles.
fn dump(model: &Model) -> String {
    let themes = [theme(Glyphs::Unicode), theme(Glyphs::Ascii)];
    let [buffer, ascii] = themes.map(|theme| drawn(model, &theme));
    let styles = |buffer: &Buffer| lines(buffer, |cell| letter(cell, &themes[0]).to_string());
    assert_eq!(styles(&buffer), styles(&ascii), "styles do not depend on the signs");
    assert!(!styles(&buffer).contains('?'), "a style of nobody's:\n{}", styles(&buffer));
    let glyphs = |cell: &Cell| cell.symbol().to_owned();
    let (picture, ascii, styles) = (lines(&buffer, glyphs), lines(&ascii, glyphs), styles(&buffer));
    let tinted = buffer
        .content
        .chunks(usize::from(buffer.area.width))
        .enumerate()
        .filter(|(_, row)| row.iter().any(|cell| cell.bg != ratatui::style::Color::Reset));
    let rows: Vec<_> = tinted.map(|(row, _)| row.to_string()).collect();
    let shown = names(&themes[0]).into_iter().filter(|(letter, _, _)| styles.contains(*letter));
    let legend: Vec<_> = shown.map(|(letter, name, _)| format!("{letter} {name}")).collect();
    let rest = format!("tinted rows: {}\n{}  R reversed\n", rows.join(", "), legend.join("  "));
    format!("{picture}\n\nascii\n{ascii}\n\nstyles\n{styles}\n\n{rest}")
}

fn theme(glyphs: Glyphs) -> Theme {
    Theme::new(Palette::Dark, Depth::True, glyphs)
}

pub(super) fn check(name: &str, model: &Model) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots" }, {
        insta::assert_snapshot!(format!("{name}_{}x{}", model.size.0, model.size.1), dump(model));
    });
}

pub(super) const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (160, 50)];

#[test]
fn screens() {
    for size in SIZES {
        check("tables", &fixture::empty(size));
        for (name, scene, screen) in [
            ("layout", Scene::Copying, Screen::Layout),
            ("quarters", Scene::Copying, Screen::Quarters),
            ("backfill", Scene::Slowed, Screen::Backfill),
            ("validation", Scene::Differs, Screen::Validation),
            ("log", Scene::Ready, Screen::Log),
        ] {
            check(name, &fixture::model(scene, screen, size));
        }
    }
}

#[test]
fn the_health_of_a_table() {
    let looked = |health: Health, size| {
        let mut model = fixture::model(Scene::ReverseWindow, Screen::Health, size);
        model.upkeep.of = Some(fixture::table());
        model.upkeep.health =
            Look { found: Load::Ready(Arc::new(health)), asked_at: Some(fixture::now()), ..Look::default() };
        model
    };
    for size in SIZES {
        check("health", &looked(fixture::health::sick(), size));
    }
    check("health_sound", &looked(fixture::health::sound(), (80, 24)));
    check("health_none", &fixture::model(Scene::Copying, Screen::Health, (80, 24)));
    let mut nothing = fixture::model(Scene::Copying, Screen::Health, (80, 24));
    nothing.tables = Load::Nothing;
    assert_eq!(press(&mut nothing, "Ry"), vec![], "there is no table to look at, and nothing to copy");
    let mut odd = looked(fixture::health::sick(), (80, 24));
    let no_sql = |model: &Model| {
        model.upkeep.health.found.ready().unwrap().findings.iter().position(|one| one.sql.is_empty())
    };
    odd.cursors.health.selected = no_sql(&odd).unwrap();
    assert_eq!(press(&mut odd, "y"), vec![], "it has no SQL");
    odd.cursors.health.selected = 1;
    assert!(matches!(&press(&mut odd, "y")[..], [Effect::Copy(sql)] if sql.starts_with("CREATE TABLE")));
    let mut asked = looked(fixture::health::sick(), (80, 24));
    press(&mut asked, "<down><down><down><enter>");
    check("health_finding", &asked);
    press(&mut asked, "<esc>Gx");
    assert!(asked.overlays.is_empty(), "what is not safe is not run");
    let safe = asked.upkeep.health.found.ready().unwrap().findings.iter().position(|one| one.safe).unwrap();
    asked.cursors.health.selected = safe;
    press(&mut asked, "x");
    check("health_mend", &asked);
    let effects = press(&mut asked, "y");
    assert!(
        matches!(&effects[..], [Effect::Work(Chore::Mend { sql, .. })] if sql[0].starts_with("VACUUM (FREEZE)")),
        "{effects:?}"
    );
}

#[test]
fn backfill_in_every_scene() {
    for scene in Scene::ALL {
        let name = format!("scene_{scene:?}").to_lowercase();
        check(&name, &fixture::model(scene, Screen::Backfill, (100, 24)));
    }
}

#[test]
fn differing_rows() {
    let mut model = fixture::model(Scene::Differs, Screen::Validation, (80, 24));
    press(&mut model, "<down><enter><down>");
    check("differences", &model);
    let asked = press(&mut model, "<enter>");
    check("difference", &model);
    super::row::answer(&mut model, asked);
    check("difference_read", &model);
    press(&mut model, "nnnnn");
    check("difference_long", &model);
}

#[test]
fn every_overlay() {
    for (at, overlay) in overlays().into_iter().enumerate() {
        let mut model = fixture::model(Scene::NotYet, Screen::Backfill, (80, 24));
        model.overlays.push(overlay);
        check(&format!("overlay_{at:02}"), &model);
    }
    let mut ready = fixture::model(Scene::Ready, Screen::Backfill, (120, 40));
    press(&mut ready, "schat_mess");
    check("swap", &ready);
}

#[test]
fn a_window_too_small() {
    check("small", &fixture::model(Scene::Slowed, Screen::Backfill, (40, 12)));
}

#[test]
fn a_filter_a_notice_and_a_chosen_chunk() {
    let mut model = fixture::model(Scene::Copying, Screen::Backfill, (80, 24));
    press(&mut model, "/2025<enter>ns");
    check("filtered", &model);
}

#[test]
fn titles() {
    let mut pictures = String::new();
    let mut add = |what: &str, change: &dyn Fn(&mut Model)| {
        for columns in [60, 80, 120] {
            let mut model = fixture::model(Scene::Copying, Screen::Backfill, (columns, 16));
            change(&mut model);
            let buffer = drawn(&model, &theme(Glyphs::Unicode));
            let row: String = buffer.content[..usize::from(columns)].iter().map(Cell::symbol).collect();
            let _ = writeln!(pictures, "{what:12} {}", row.trim_end());
        }
    };
    add("plain", &|_| {});
    add("label", &|model| model.place.label = Some("PROD".into()));
    add("watch", &|model| model.place.watching = true);
    add("watch, label", &|model| {
        (model.place.watching, model.place.label) = (true, Some("PROD".into()));
    });
    add("standby", &|model| model.place.standby = true);
    add("reconnecting", &|model| {
        let due = fixture::now() + chrono::TimeDelta::seconds(4);
        model.connection = Connection::Reconnecting { attempt: 3, due, reason: "connection reset".into() };
    });
    add("leaving", &|model| model.intent = Intent::Leave);
    add("engine gone", &|model| model.connection = Connection::Closed { end: None, exit_code: 1 });
    add("long name", &|model| {
        let mut status = (*model.job.status.clone().unwrap()).clone();
        status.migration.table = QualifiedName::new("a \u{202e}schema", "é".repeat(31));
        model.job.status = Some(status.into());
    });
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots" }, {
        insta::assert_snapshot!("titles", pictures);
    });
}

/// The word is there in every theme; the colour comes to it where there are colours.
#[test]
fn labels_in_every_theme() {
    let mut pictures = String::new();
    for palette in Palette::ALL {
        for depth in [Depth::Sixteen, Depth::Indexed, Depth::True] {
            for tint in Tint::ALL {
                let theme = Theme::new(palette, depth, Glyphs::Ascii);
                let mut model = fixture::model(Scene::Watched, Screen::Backfill, (80, 24));
                model.place.watching = true;
                model.place.label = Some(Label { word: "PROD".into(), tint });
                let buffer = drawn(&model, &theme);
                let row = &buffer.content[..80];
                let text: String = row.iter().map(Cell::symbol).collect();
                assert!(text.starts_with("  WATCH   PROD  ") && text.is_ascii(), "{text}");
                let look = |cell: &Cell| format!("{:?} on {:?} {:?}", cell.fg, cell.bg, cell.modifier);
                let (word, kind) = (tint.word(), format!("{palette:?} {depth:?}"));
                let _ = writeln!(pictures, "{kind:20} {word:8} {}", look(&row[11]));
            }
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots" }, {
        insta::assert_snapshot!("labels", pictures);
    });
}

#[test]
fn a_console_that_only_watches() {
    let mut model = fixture::model(Scene::Watched, Screen::Backfill, (100, 24));
    model.place.watching = true;
    model.place.label = Some(Label { word: "PROD".into(), tint: Tint::Magenta });
    check("watch", &model);
    model.size = (80, 24);
    press(&mut model, "p");
    check("watch_refused", &model);
    model.size = (40, 12);
    check("watch_small", &model);
}

#[test]
fn reasons_why_it_stands() {
    let mut model = fixture::model(Scene::Slowed, Screen::Backfill, (80, 24));
    let mut status = (*model.job.status.clone().unwrap()).clone();
    status.migration.pausing = true;
    status.last_error = Some("copy chunk: could not extend file: No space left on device [53100]".into());
    model.job.status = Some(status.into());
    check("reasons", &model);
    let mut model = fixture::model(Scene::ReverseWindow, Screen::Backfill, (80, 24));
    model.place.reverse_window = Some(chrono::TimeDelta::hours(2));
    check("overdue", &model);
}
