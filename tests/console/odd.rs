//! Wide and dangerous text, many partitions, floods of news and long runs: nothing garbled, nothing that grows.
//!
//! What is drawn is written as a terminal gets it, and read back from one: so a name that a terminal takes for wider than
//! the console does would show as a frame out of place.

use std::sync::Arc;

use quarterdeck::{
    engine::{
        event::{Body, Event},
        status::Status,
    },
    model::{
        diff::{Diff, DiffKind},
        ident::QualifiedName,
    },
    tui::{
        app::{
            list::Load,
            model::{MAX_EVENTS, Model, Screen},
            msg::Msg,
            overlay::{Detail, Overlay},
            update::update,
            upkeep::Page,
        },
        glyphs::Glyphs,
        theme::{Depth, Palette, Theme},
        view::view,
    },
};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

use super::{
    fixture::{self, Scene, now},
    reducer::press,
    upkeep::loaded,
};

/// Names as PostgreSQL allows them: wide, combined, from right to left, joined, with control characters.
const NAMES: [&str; 8] = [
    "日本語のメッセージ",
    "chat 🎉👩\u{200d}👩\u{200d}👧\u{200d}👦 messages",
    "flag \u{1f1e9}\u{1f1ea}\u{1f1e9} hand \u{1f44d}\u{1f3fd} \u{ff76}\u{ff9e} \u{1780}\u{17d2}\u{1780}",
    "e\u{301}te\u{301} \u{200d}\u{fe0f}x",
    "\u{202e}segassem\u{202c} عربى",
    "bell\u{7}\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m",
    "tab\there\r\nline\u{85}\u{2028}",
    "ｗｉｄｅ＿ｌａｔｉｎ＿ａｎｄ＿ｍｕｃｈ＿ｌｏｎｇｅｒ＿ｔｈａｎ＿ａｎｙ＿ｃｏｌｕｍｎ＿ｏｆ＿ｔｈｅ＿ｓｃｒｅｅｎ",
];

/// The picture as a terminal shows it, row by row, with the columns that each row takes.
fn on_terminal(model: &Model) -> vt100::Screen {
    let (columns, rows) = model.size;
    let theme = Theme::new(Palette::Dark, Depth::True, Glyphs::Unicode);
    let mut written = Vec::new();
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, columns, rows)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut written), options).unwrap();
    terminal.draw(|frame| view(model, &theme, frame)).unwrap();
    drop(terminal);
    assert!(!written.windows(2).any(|two| two == b"\x1b]"), "a name set the window's title");
    let mut parser = vt100::Parser::new(rows, columns, 0);
    parser.process(&written);
    parser.screen().clone()
}

/// Every row but the title's ends in the frame, and nothing of a name reached the terminal as an order.
fn check_frame(model: &Model, what: &str) {
    let screen = on_terminal(model);
    let (columns, rows) = model.size;
    let frame = ["│", "┃", "┤", "╮", "╯", "─"];
    for row in 1..rows {
        for column in [0, columns - 1] {
            let sign = screen.cell(row, column).map(|cell| cell.contents().to_owned()).unwrap_or_default();
            let is_frame = frame.contains(&sign.as_str()) || ["├", "╭", "╰"].contains(&sign.as_str());
            assert!(is_frame, "{what}, row {row}, column {column}: {sign:?}\n{}", screen.contents());
        }
    }
    let shown = screen.contents();
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{what}: {shown:?}");
}

fn with_name(name: &str, screen: Screen, size: (u16, u16)) -> Model {
    let mut model = fixture::model(Scene::Differs, screen, size);
    let mut status = (*model.job.status.take().unwrap()).clone();
    status.migration.table = QualifiedName::new(name, name);
    for period in &mut status.periods {
        period.leaf = format!("{name}_{}", period.leaf);
        period.title = name.into();
    }
    let diff = Diff {
        leaf: status.periods[1].leaf.clone(),
        key: format!("id={name}"),
        key_values: vec![name.into()],
        kind: DiffKind::Changed,
        columns: vec![(name.into(), Some(name.repeat(3)), Some(format!("{name}!")))],
    };
    status.periods[1].diffs = Some(1);
    status.verification.diffs = Arc::new(vec![diff]);
    status.last_error = Some(format!("copy chunk: {name}"));
    model.job.status = Some(status.into());
    model.job.events.push_back(Event { seq: 99, at: now(), body: Body::Warning { message: name.into() } });
    if let Load::Ready(tables) = &mut model.tables {
        for table in tables {
            table.name = QualifiedName::new(name, name);
        }
    }
    model.cursors.periods.selected = 1;
    model
}

#[test]
fn wide_and_dangerous_names_leave_every_frame_where_it_is() {
    for name in NAMES {
        for size in [(60, 16), (80, 24), (120, 40)] {
            for screen in Screen::ALL {
                check_frame(&with_name(name, screen, size), &format!("{name:?} on {screen:?} at {size:?}"));
            }
            let mut drilled = with_name(name, Screen::Validation, size);
            press(&mut drilled, "<enter>");
            check_frame(&drilled, name);
            let asked = press(&mut drilled, "<enter>");
            assert!(matches!(drilled.overlays.last(), Some(Overlay::Row(_))));
            on_terminal(&drilled);
            super::row::answer(&mut drilled, asked);
            on_terminal(&drilled);
            let mut tables = with_name(name, Screen::Tables, size);
            press(&mut tables, "<down><down>c");
            on_terminal(&tables);
        }
    }
}

#[test]
fn pages_of_a_table_with_such_a_name_keep_their_frame() {
    for name in NAMES {
        for page in Page::ALL {
            let mut model = loaded(page, (80, 24));
            model.upkeep.of = Some(QualifiedName::new(name, name));
            if let Load::Ready(found) = &model.upkeep.maintain.found {
                let mut facts = found.facts.clone();
                facts.table.name = QualifiedName::new(name, name);
                facts.parts.iter_mut().for_each(|part| part.name = QualifiedName::new(name, name));
                let health = quarterdeck::model::health::Health::from(facts);
                model.upkeep.health.found = Load::Ready(Arc::new(health));
            }
            if let Load::Ready(audit) = &model.upkeep.audit.found {
                let mut audit = (**audit).clone();
                for one in &mut audit.statements {
                    one.source.sql = format!("SELECT * FROM {name} -- {name}");
                }
                model.upkeep.audit.found = Load::Ready(Arc::new(audit));
            }
            check_frame(&model, &format!("{name:?} on {page:?}"));
        }
    }
}

#[test]
fn a_value_of_ten_megabytes_is_read_and_left() {
    let value = "0123456789abcdef ".repeat(620_000);
    assert!(value.len() > 10_000_000);
    let mut model = with_name("t", Screen::Validation, (80, 24));
    let mut status = (*model.job.status.take().unwrap()).clone();
    let mut diff = status.verification.diffs[0].clone();
    diff.columns = vec![("body".into(), Some(value.clone()), Some(format!("{value}!")))];
    status.verification.diffs = Arc::new(vec![diff]);
    model.job.status = Some(status.into());
    press(&mut model, "<enter>");
    check_frame(&model, "ten megabytes in a list");
    // What differs stands at their ends, and is seen all the same.
    assert!(on_terminal(&model).contents().contains("cdef !"), "{}", on_terminal(&model).contents());
    press(&mut model, "<enter>G");
    let shown = on_terminal(&model).contents();
    assert!(shown.contains("they differ from character 10540001 on: nothing against '!'"), "{shown}");
    press(&mut model, "q");
    assert!(model.overlays.is_empty());
}

/// A table of four hundred days.
fn days(count: usize) -> Status {
    let mut status = fixture::scene::status(Scene::Copying);
    let first = status.periods[0].clone();
    status.periods = (0..count)
        .map(|day| quarterdeck::engine::status::PeriodStatus {
            title: format!("day {day}"),
            leaf: format!("chat_messages_d{day:03}"),
            ..first.clone()
        })
        .collect();
    let spread = |chunk: &quarterdeck::engine::status::ChunkStatus| {
        let at = usize::try_from(chunk.id).unwrap() % count;
        quarterdeck::engine::status::ChunkStatus { rows: Arc::new([(at, 1_000)]), ..chunk.clone() }
    };
    status.chunks = Arc::new(status.chunks.iter().map(spread).collect());
    status
}

#[test]
fn four_hundred_partitions_are_gone_through_with_the_cursor_in_sight() {
    for screen in [Screen::Layout, Screen::Quarters, Screen::Backfill, Screen::Validation] {
        let mut model = fixture::model(Scene::Copying, screen, (80, 24));
        model.job.status = Some(days(400).into());
        check_frame(&model, "the first of them");
        press(&mut model, "G");
        let shown = on_terminal(&model).contents();
        assert!(shown.contains("day 399") || shown.contains("d399"), "{screen:?}: {shown}");
        press(&mut model, "/d017<enter>");
        let shown = on_terminal(&model).contents();
        assert!(shown.contains("day 17") || shown.contains("d017"), "{screen:?}: {shown}");
    }
}

#[test]
fn three_hours_and_two_thousand_events_a_second_leave_a_bounded_console() {
    let mut model = fixture::model(Scene::Copying, Screen::Backfill, (80, 24));
    let event = |seq| Event {
        seq,
        at: now(),
        body: Body::Warning { message: format!("standby b lags, {seq}: {}", "x".repeat(200)) },
    };
    // A minute of a flood, then three hours of pictures, four a second.
    for seq in 1_000..121_000 {
        update(&mut model, Msg::Event(Box::new(event(seq))), now());
    }
    assert_eq!(model.job.events.len(), MAX_EVENTS);
    assert_eq!(model.job.events.back().map(|event| event.seq), Some(120_999), "the newest are kept");
    let pictures = [Scene::Copying, Scene::Slowed].map(|scene| Arc::new(fixture::scene::status(scene)));
    for quarter in 0..3 * 3_600 * 4 {
        let at = now() + chrono::TimeDelta::milliseconds(250 * quarter);
        let picture = &pictures[usize::try_from(quarter).unwrap() % 2];
        update(&mut model, Msg::Status(Arc::clone(picture)), at);
    }
    assert_eq!(model.job.events.len(), MAX_EVENTS);
    assert!(model.overlays.is_empty());
    // Nobody but the console keeps the last picture.
    assert_eq!(pictures.iter().map(Arc::strong_count).sum::<usize>(), 3);
    check_frame(&model, "after three hours");
}

#[test]
fn a_text_to_read_is_as_long_as_it_likes() {
    let mut model = fixture::model(Scene::Copying, Screen::Log, (80, 24));
    let text = (0..20_000).map(|line| format!("{line}: {}", NAMES[line % NAMES.len()])).collect();
    model.overlays.push(Overlay::Detail(Detail { title: "long".into(), text, scroll: 0 }));
    press(&mut model, "G");
    let shown = on_terminal(&model).contents();
    assert!(shown.contains("19999: "), "the last line is reached: {shown}");
}
