//! The window about one differing row: what it asks, when it gives up, what it shows of any value, and what is taken away.

use std::sync::Arc;

use quarterdeck::{
    engine::row::{Held, Value, Wanted, WholeColumn, WholeRow},
    error::Error,
    model::{diff::DiffKind, whole::Pending},
    tui::{
        app::{
            list::Load,
            model::{Model, Screen},
            msg::{Effect, Msg},
            overlay::Overlay,
            row::{RowView, is_awaited},
            update::update,
            upkeep::{Answer, Question},
        },
        glyphs::Glyphs,
        theme::{Depth, Palette, Theme},
    },
};
use ratatui::style::Modifier;

use super::{
    fixture::{self, Scene, id, now},
    reducer::press,
    sizes::drawn,
};

/// Validation, with the cursor on a row of the period that differs.
fn drilled(down: &str) -> Model {
    let mut model = fixture::model(Scene::Differs, Screen::Validation, (130, 24));
    press(&mut model, &format!("<down><enter>{down}"));
    model
}

fn wanted(at: usize) -> Wanted {
    let status = fixture::scene::status(Scene::Differs);
    Wanted { migration: id(), diff: status.verification.diffs[at].clone() }
}

fn view(model: &Model) -> &RowView {
    let Some(Overlay::Row(view)) = model.overlays.last() else { panic!("{:?}", model.overlays) };
    view
}

/// What the desk answers to what was asked.
pub(crate) fn answer(model: &mut Model, asked: Vec<Effect>) {
    for effect in asked {
        let Effect::Ask(question) = effect else { panic!("{effect:?}") };
        let answer = fixture::upkeep::answer(&question);
        update(model, Msg::Answered(question, Ok(answer)), now());
    }
}

fn answered(model: &mut Model, row: WholeRow) {
    let question = Question::Row(Box::new(view(model).wanted.clone()));
    update(model, Msg::Answered(question, Ok(Answer::Row(Arc::new(row)))), now());
}

/// The window as it waits, with its row, and without.
pub(crate) fn views() -> [RowView; 3] {
    let waiting = RowView::waiting(wanted(1), Some(now()), 80);
    let mut read = waiting.clone();
    read.found = Load::Ready(Arc::new(fixture::upkeep::whole(&wanted(1).diff)));
    read.lay(80);
    let mut failed = waiting.clone();
    failed.found = Load::Failed(busy());
    failed.lay(80);
    [waiting, read, failed]
}

fn busy() -> quarterdeck::error::Report {
    let reason = "another session holds the table or a partition; waited 2 s".into();
    let remedy = "read it again".into();
    Error::Busy { object: "public.chat_messages".into(), reason, remedy }.report()
}

/// All that can be scrolled through, with the marked signs in brackets.
fn all(model: &Model) -> String {
    let mut model = model.clone();
    model.size.1 = 60;
    let theme = Theme::new(Palette::Mono, Depth::Sixteen, Glyphs::Unicode);
    let buffer = drawn(&model, &theme);
    let (mut text, mut was) = (String::new(), false);
    for (at, cell) in buffer.content.iter().enumerate() {
        // The mono theme underlines danger anyway: what differs is bold and underlined inside the window.
        let is = cell.modifier.contains(Modifier::UNDERLINED | Modifier::BOLD) && cell.symbol() != "│";
        if is != was {
            text.push(if is { '[' } else { ']' });
            was = is;
        }
        text.push_str(cell.symbol());
        if (at + 1) % usize::from(model.size.0) == 0 {
            text.push('\n');
        }
    }
    text
}

fn value(text: &str) -> Held {
    let characters = i64::try_from(text.chars().count()).unwrap();
    Held::Value(Value { text: text.into(), characters, cut: false })
}

fn one(source: Held, twin: Held) -> WholeRow {
    let mut row = fixture::upkeep::whole(&wanted(1).diff);
    row.columns = vec![WholeColumn::new(("body".into(), "text".into()), source, twin)];
    row
}

#[test]
fn enter_on_a_differing_row_asks_for_it_and_shows_what_is_kept_meanwhile() {
    let mut model = drilled("<down>");
    let asked = press(&mut model, "<enter>");
    assert_eq!(asked, vec![Effect::Ask(Question::Row(Box::new(wanted(1))))]);
    assert!(is_awaited(&model));
    let shown = all(&model);
    assert!(shown.contains("reading …") && shown.contains("see you at noon"), "{shown}");
    assert_eq!(press(&mut model, "R"), vec![], "it is being read");
    answer(&mut model, asked);
    assert!(!is_awaited(&model));
    let shown = all(&model);
    assert!(shown.contains("read at 14:02:29, verified"), "{shown}");
    assert!(
        shown.contains("! the log holds 2 changes of this key, the oldest of 14:01:59, not replayed yet"),
        "{shown}"
    );
    assert!(
        shown.contains("they differ from character 11, line 1 on; source 21, twin 15 characters"),
        "{shown}"
    );
    assert!(shown.contains("source  see you at[\\nnoon \\u{202e}evil]"), "{shown}");
    assert!(shown.contains("source  [NULL]") && shown.contains("source  ['']"), "{shown}");
    assert_eq!(press(&mut model, "R"), vec![Effect::Ask(Question::Row(Box::new(wanted(1))))], "read again");
}

#[test]
fn an_answer_that_nobody_waits_for_is_dropped() {
    let mut model = drilled("<down>");
    let asked = press(&mut model, "<enter>");
    assert_eq!(press(&mut model, "<esc>"), vec![]);
    assert!(!is_awaited(&model) && model.overlays.is_empty());
    // Another row is opened meanwhile.
    let mut others = press(&mut model, "<up><enter>");
    answer(&mut model, asked);
    assert_eq!(view(&model).found, Load::Loading, "it is about another row");
    let Some(Effect::Ask(question)) = others.pop() else { panic!("nothing was asked") };
    update(&mut model, Msg::Answered(question, Err(busy())), now());
    let shown = all(&model);
    assert!(shown.contains("it could not be read: public.chat_messages: another session holds"), "{shown}");
    assert!(shown.contains("→ read it again"), "{shown}");
}

#[test]
fn a_journal_of_before_knows_too_little_to_read_the_row_again() {
    let mut model = drilled("<down>");
    let mut status = fixture::scene::status(Scene::Differs);
    let mut diffs = (*status.verification.diffs).clone();
    for diff in &mut diffs {
        diff.key_values.clear();
    }
    status.verification.diffs = Arc::new(diffs);
    model.job.status = Some(status.into());
    assert_eq!(press(&mut model, "<enter>"), vec![]);
    let Some(Overlay::Detail(detail)) = model.overlays.last() else { panic!("{:?}", model.overlays) };
    assert!(detail.text[0].starts_with("id=") && detail.text.last().unwrap().contains("verify again"));
}

#[test]
fn n_goes_from_difference_to_difference_and_a_long_value_is_shown_whole() {
    let mut model = drilled("<down>");
    let asked = press(&mut model, "<enter>");
    answer(&mut model, asked);
    let stops: Vec<_> = view(&model).page.stops.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(stops, ["body", "edited_at", "reactions", "raw, source", "raw, twin", "price"]);
    press(&mut model, "nnnn");
    assert_eq!(model.notice.as_ref().unwrap().text, "difference 4 of 6: raw, source");
    let shown = all(&model);
    assert!(shown.contains("All work and no play.\\n") && shown.contains("[t]he end"), "{shown}");
    let scroll = view(&model).scroll;
    assert!(scroll > 80, "behind eighty lines: {scroll}");
    press(&mut model, "N");
    assert!(view(&model).scroll < scroll);
    press(&mut model, "NNN");
    assert_eq!(view(&model).stop, Some(5), "round and round");
    // Another width lays it out anew, and stays at the difference.
    update(&mut model, Msg::Resize(60, 24), now());
    assert_eq!(view(&model).stop, Some(5));
    // Moving is as in any text.
    press(&mut model, "gj");
    assert_eq!(view(&model).scroll, 1);
}

#[test]
fn what_stands_is_said_in_words() {
    let mut model = drilled("<down>");
    press(&mut model, "<enter>");
    let home = "chat_messages_2024_q2";
    let right =
        WholeRow { columns: vec![], alike: 12, pending: None, ..fixture::upkeep::whole(&wanted(1).diff) };
    let other = || vec!["chat_messages_2024_q3".to_owned()];
    let cases = [
        (right.clone(), "both sides are equal now"),
        (
            WholeRow { source: None, twin: vec![], home: None, ..right.clone() },
            "neither side has the row any more",
        ),
        (WholeRow { twin: vec![], ..right.clone() }, "the source alone has the row"),
        (WholeRow { source: None, home: None, ..right.clone() }, "the twin alone has the row"),
        (WholeRow { twin: other(), ..right.clone() }, "is in chat_messages_2024_q3; by its time"),
        (
            WholeRow { twin: [other(), vec![home.into()]].concat(), ..right.clone() },
            "the twin has its key in",
        ),
        (
            WholeRow { unsearched: vec!["x has no index on the key yet".into()], ..right.clone() },
            "not looked for everywhere",
        ),
        (
            WholeRow { pending: Some(Pending { changes: 1, oldest: None }), ..right },
            "holds 1 change of this key, not replayed yet",
        ),
    ];
    for (row, words) in cases {
        press(&mut model, "R");
        answered(&mut model, row);
        let shown = all(&model);
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn values_of_every_kind_are_shown_harmlessly_and_marked() {
    let mut model = drilled("<down>");
    press(&mut model, "<enter>");
    let cases = [
        (value("\u{1b}[31mred"), value("\u{1b}[32mred"), "\\u{1b}[3[1]mred"),
        (value("aa"), value("aaa"), "twin    aa[a]"),
        (value("שלום"), value("שלומ"), "source  שלו[ם]"),
        (value("{1,NULL}"), value("{1,\"NULL\"}"), "twin    {1,[\"NULL\"]}"),
        (value("\\x00ff"), value("\\x00fe"), "source  \\x00f[f]"),
        (value("1.0"), value("1.00"), "twin    1.0[0]"),
        (Held::Null, value(""), "twin    ['']"),
        (value("NaN"), value("NaN"), "written alike: they differ in their binary form"),
    ];
    for (source, twin, wanted) in cases {
        press(&mut model, "R");
        answered(&mut model, one(source, twin));
        let shown = all(&model);
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    let cut = Held::Value(Value { text: "x".repeat(90), characters: 20_971_520, cut: true });
    press(&mut model, "R");
    answered(&mut model, one(cut.clone(), cut));
    let shown = all(&model);
    assert!(shown.contains("! source: the first 90 of 20,971,520 characters were read"), "{shown}");
    assert!(shown.contains("alike as far as they were read: they differ behind that"), "{shown}");
}

#[test]
fn a_difference_that_begins_with_a_mark_is_seen() {
    let mut model = drilled("<down>");
    press(&mut model, "<enter>");
    let long = "0123456789".repeat(20);
    let longs = [format!("{long}cafe"), format!("{long}cafe\u{301} {long}")];
    let cases = [
        ("cafe", "cafe\u{301}", vec!["source  cafe", "twin    caf[e\u{301}]", "from character 5,"]),
        ("ae\u{301}x", "ao\u{301}x", vec!["source  a[e\u{301}]x", "twin    a[o\u{301}]x", "character 2,"]),
        ("e\u{301}z", "ex\u{301}z", vec!["source  [e\u{301}]z", "twin    e[x\u{301}]z", "character 2,"]),
        (
            "\u{1112}\u{1161}",
            "\u{1112}\u{1161}\u{11ab}",
            vec!["twin    [\u{1112}\u{1161}\u{11ab}]", "character 3,"],
        ),
        ("", "\u{301}\u{302}", vec!["twin    [\\u{301}\\u{302}]"]),
        ("a\n", "a\n\u{301}", vec!["twin    a\\n[\\u{301}]"]),
        (&longs[0], &longs[1], vec!["caf[e\u{301} 0123", "character 205,"]),
    ];
    for (source, twin, wanted) in cases {
        press(&mut model, "R");
        answered(&mut model, one(value(source), value(twin)));
        let shown = all(&model);
        for wanted in wanted {
            assert!(shown.contains(wanted), "{wanted:?}: {shown}");
        }
    }
    press(&mut model, "R");
    answered(&mut model, one(value(&long), value(&"\u{301}".repeat(5_000))));
    let shown = all(&model);
    assert!(shown.matches("\\u{301}").count() > 200, "{shown}");
}

#[test]
fn the_columns_of_a_row_mark_a_letter_with_its_mark() {
    let mut model = drilled("<down>");
    let mut status = fixture::scene::status(Scene::Differs);
    let mut diffs = (*status.verification.diffs).clone();
    diffs[1].columns = vec![("body".into(), Some("cafe".into()), Some("cafe\u{301}".into()))];
    status.verification.diffs = Arc::new(diffs);
    model.job.status = Some(status.into());
    let shown = all(&model);
    assert!(shown.contains("caf[e\u{301}]"), "{shown}");
}

#[test]
fn a_row_in_a_wrong_leaf_belongs_in_one_and_lies_in_another() {
    let mut model = drilled("");
    let mut status = fixture::scene::status(Scene::Differs);
    let mut diffs = (*status.verification.diffs).clone();
    let at = diffs.iter().position(|diff| diff.leaf == diffs[1].leaf).unwrap();
    let place = |leaf: &str| Some(leaf.to_owned());
    diffs[at].kind = DiffKind::WrongLeaf;
    diffs[at].columns = vec![("tableoid".into(), place("weird_2026_q1"), place("weird_2026_q2"))];
    status.verification.diffs = Arc::new(diffs);
    model.job.status = Some(status.into());
    let shown = all(&model);
    assert!(shown.contains("belongs in weird_2026_q1") && shown.contains("lies in weird_2026_q2"), "{shown}");
    press(&mut model, "<enter>");
    let waiting = all(&model);
    assert!(waiting.contains("by its time it belongs in weird_2026_q1"), "{waiting}");
    assert!(waiting.contains("in the twin it lies in weird_2026_q2"), "{waiting}");
    assert!(!shown.contains("tableoid") && !waiting.contains("tableoid"), "{waiting}");
}

#[test]
fn one_character_is_no_plural() {
    let mut model = drilled("<down>");
    press(&mut model, "<enter>");
    let cases = [
        ("a", "b", "source 1, twin 1 character "),
        ("a", "", "source 1 character, twin 0 characters"),
        ("", "b", "source 0 characters, twin 1 character "),
        ("aa", "", "source 2, twin 0 characters"),
    ];
    for (source, twin, wanted) in cases {
        press(&mut model, "R");
        answered(&mut model, one(value(source), value(twin)));
        let shown = all(&model);
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
}

#[test]
fn ten_megabytes_are_moved_through_like_ten_lines() {
    let mut model = drilled("<down>");
    press(&mut model, "<enter>");
    let long = "0123456789abcdef".repeat(640 << 10);
    let began = std::time::Instant::now();
    answered(&mut model, one(value(&format!("{long}x")), value(&format!("{long}y"))));
    let laid = began.elapsed();
    let began = std::time::Instant::now();
    press(&mut model, "nnG");
    for _ in 0..100 {
        press(&mut model, "<up>");
        let theme = Theme::new(Palette::Mono, Depth::Sixteen, Glyphs::Unicode);
        drawn(&model, &theme);
    }
    // A debug build under load: what grows with the value would take minutes.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    eprintln!("laid out in {laid:?}, a hundred keys and pictures in {:?}", began.elapsed());
    assert_eq!(press(&mut model, "y"), vec![]);
    assert!(model.notice.as_ref().unwrap().text.contains("e writes it to a file"));
    let [Effect::Export { path, contents }] = &press(&mut model, "e")[..] else { panic!("not written") };
    assert_eq!(path, "quarterdeck-chat_messages-20260212T140230Z-row.json");
    assert!(contents.len() > 20 << 20);
}

#[test]
fn all_of_it_is_copied_and_written() {
    let mut model = drilled("<down>");
    let asked = press(&mut model, "<enter>");
    assert!(
        matches!(&press(&mut model, "y")[..], [Effect::Copy(text)] if text.contains("see you at noon")),
        "what is kept"
    );
    answer(&mut model, asked);
    let [Effect::Copy(text)] = &press(&mut model, "y")[..] else { panic!("not copied") };
    assert!(text.contains("All work and no play.\\nAll work") && text.contains("  source NULL\n"), "{text}");
    assert!(!text.contains('\u{202e}') && text.contains("\\u{202e}"), "harmless where it is pasted");
    let [Effect::Export { contents, .. }] = &press(&mut model, "e")[..] else { panic!("not written") };
    let written: serde_json::Value = serde_json::from_str(contents).unwrap();
    assert_eq!(
        written["row"]["columns"][0]["source"]["value"]["text"], "see you at\nnoon \u{202e}evil",
        "as it is"
    );
    assert_eq!(written["row"]["columns"][1]["source"], "null");
    assert_eq!(written["diff"]["key_values"][0], "6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b");
}

#[test]
fn it_is_read_where_the_console_only_watches_and_in_a_frozen_display() {
    let mut model = drilled("<down>");
    model.place.watching = true;
    let asked = press(&mut model, "<enter>");
    assert_eq!(asked.len(), 1);
    answer(&mut model, asked);
    press(&mut model, "n");
    assert_eq!(view(&model).stop, Some(0));
    // Another process owns it, and the picture stands still: a row that is opened is of now.
    let mut model = drilled("<down>");
    press(&mut model, "z");
    let asked = press(&mut model, "<enter>");
    assert!(model.cursors.frozen.is_none());
    answer(&mut model, asked);
    assert!(view(&model).found.ready().is_some());
}
