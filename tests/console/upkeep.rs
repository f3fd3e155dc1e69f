//! The pages of the health screen: what they look like, what they ask, and that a chore is begun, seen and stopped.

use std::sync::Arc;

use quarterdeck::{
    engine::maintain::Wish,
    error::Error,
    model::{
        maintenance::{Age, OnExpiry},
        period::Every,
    },
    tui::app::{
        list::Load,
        model::{Intent, Model, Screen},
        msg::{Effect, Msg},
        overlay::Overlay,
        update::update,
        upkeep::{
            Answer, Page, Question, maintain, retain,
            work::{Chore, Outcome},
        },
    },
};

use super::{
    fixture::{self, Scene, now},
    reducer::press,
    snapshots::{SIZES, check},
};

/// The screen on one of its pages, with everything there that can be asked for.
pub(crate) fn loaded(page: Page, size: (u16, u16)) -> Model {
    let mut model = fixture::model(Scene::ReverseWindow, Screen::Health, size);
    let upkeep = &mut model.upkeep;
    (upkeep.of, upkeep.page) = (Some(fixture::table()), page);
    upkeep.health.found = Load::Ready(Arc::new(fixture::health::sick()));
    upkeep.health.asked_at = Some(now());
    upkeep.maintain.found = Load::Ready(Arc::new(fixture::upkeep::found()));
    upkeep.audit.found = Load::Ready(Arc::new(fixture::upkeep::audit()));
    upkeep.ids.found = Load::Ready(Arc::new(fixture::upkeep::ids()));
    upkeep.retain.found = Load::Ready(Arc::new(fixture::upkeep::doomed()));
    for at in [&mut upkeep.maintain.at, &mut upkeep.audit.at, &mut upkeep.ids.at, &mut upkeep.retain.at] {
        *at = Some(now() - chrono::TimeDelta::seconds(42));
    }
    let mut form = maintain::form();
    form.selected = 1;
    *form.entry().unwrap() = "24 months".into();
    upkeep.maintain.form = Some(form);
    let mut form = retain::form();
    *form.entry().unwrap() = "processed_at IS NOT NULL".into();
    upkeep.retain.form = Some(form);
    model
}

/// Whatever the desk says to what was asked.
fn answered(model: &mut Model, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Ask(question) = effect {
            let answer = fixture::upkeep::answer(question);
            update(model, Msg::Answered(question.clone(), Ok(answer)), now());
        }
    }
}

#[test]
fn pages() {
    for size in SIZES {
        for page in [Page::Maintain, Page::Audit, Page::Ids, Page::Retain] {
            check(&format!("page_{}", page.title()), &loaded(page, size));
        }
    }
    let mut empty = loaded(Page::Retain, (80, 24));
    empty.upkeep.retain.found = Load::Nothing;
    check("page_retain_nothing", &empty);
    let mut sound = loaded(Page::Maintain, (80, 24));
    sound.upkeep.maintain.found = Load::Ready(Arc::new(fixture::upkeep::sound()));
    check("page_maintain_sound", &sound);
    let mut failed = loaded(Page::Audit, (80, 24));
    let error = Error::Refused {
        id: "QD-164",
        object: "pg_stat_statements".into(),
        reason: "it is not there".into(),
        remedy: "load it, or say --queries with a file of statements".into(),
    };
    failed.upkeep.audit.found = Load::Failed(error.report());
    check("page_audit_failed", &failed);
}

#[test]
fn the_table_under_the_cursor_is_looked_at_and_pages_ask_once_what_is_dear() {
    let mut model = fixture::empty((80, 24));
    assert_eq!(press(&mut model, "<down><down>5"), vec![Effect::Look("\"public\".\"chat_sessions\"".into())]);
    let asked = press(&mut model, "<right>");
    assert!(
        matches!(&asked[..], [Effect::Ask(Question::Due(Wish { table, .. }))] if table == "\"public\".\"chat_sessions\"")
    );
    answered(&mut model, &asked);
    let audit = press(&mut model, "<right>");
    assert_eq!(audit, vec![Effect::Ask(Question::Audit("\"public\".\"chat_sessions\"".into()))]);
    answered(&mut model, &audit);
    let ids = press(&mut model, "l");
    assert_eq!(ids, vec![Effect::Ask(Question::Ids("\"public\".\"chat_sessions\"".into()))]);
    answered(&mut model, &ids);
    assert_eq!(press(&mut model, "l"), vec![], "nobody said which rows may go");
    assert_eq!(press(&mut model, "hh"), vec![], "what is dear is asked once");
    assert_eq!(press(&mut model, "R"), audit, "or by hand");
    // Another table, other pages.
    assert_eq!(press(&mut model, "0"), vec![Effect::ListTables]);
    let other = press(&mut model, "<down>5");
    assert!(
        matches!(&other[..], [Effect::Ask(Question::Audit(table))] if table == "\"public\".\"event_outbox\"")
    );
    let late = Msg::Answered(
        Question::Audit("\"public\".\"chat_sessions\"".into()),
        Ok(Answer::Audit(fixture::upkeep::audit().into())),
    );
    update(&mut model, late, now());
    assert_eq!(model.upkeep.audit.found, Load::Loading, "an answer about the other table is too late");
}

#[test]
fn what_is_due_is_done_after_a_question_and_what_drops_wants_the_name() {
    let mut model = loaded(Page::Maintain, (80, 24));
    press(&mut model, "m");
    check("maintain_asked", &model);
    assert_eq!(press(&mut model, "<enter>"), vec![], "no is the default");
    let begun = press(&mut model, "my");
    let Effect::Work(Chore::Maintain(wish)) = &begun[0] else { panic!("{begun:?}") };
    assert_eq!((wish.keep.retain, wish.keep.on_expiry), (Some(Age::Months(24)), OnExpiry::Detach));
    assert_eq!(press(&mut model, "m"), vec![], "one at a time");
    assert!(model.overlays.is_empty());

    let mut model = loaded(Page::Maintain, (80, 24));
    press(&mut model, "o<down><down><tab>");
    check("maintain_options", &model);
    let asked = press(&mut model, "<enter>");
    assert!(
        matches!(&asked[..], [Effect::Ask(Question::Due(wish))] if wish.keep.on_expiry == OnExpiry::Drop)
    );
    answered(&mut model, &asked);
    press(&mut model, "m");
    check("maintain_dropping", &model);
    assert_eq!(press(&mut model, "y<enter>"), vec![], "a letter is no name");
    press(&mut model, "<bs>chat_messages");
    assert!(matches!(&press(&mut model, "<enter>")[..], [Effect::Work(Chore::Maintain(_))]));
}

#[test]
fn a_form_that_is_not_clear_stays_and_says_why() {
    let mut model = loaded(Page::Maintain, (80, 24));
    assert_eq!(press(&mut model, "o<bs>x<enter>"), vec![]);
    assert!(matches!(model.overlays.last(), Some(Overlay::Form(_))));
    assert_eq!(model.notice.as_ref().unwrap().text, "periods ahead: write a number from 0 to 120");
    // Archives need a folder, and a folder archives.
    press(&mut model, "<bs>2<down><down><tab><tab><enter>");
    assert_eq!(model.notice.as_ref().unwrap().text, "archive folder: nobody says where archives go");
    press(&mut model, "<esc>");
    assert_eq!(maintain::wish(&model).unwrap().keep.premake, 2, "what was not taken is forgotten");
    press(&mut model, "o<down><down><down><down>month<enter>");
    assert_eq!(maintain::wish(&model).unwrap().every, Some(Every::Month));
    let mut model = loaded(Page::Retain, (80, 24));
    press(&mut model, "o");
    check("retain_options", &model);
    press(&mut model, "<down><bs><bs><bs><bs><enter>");
    assert!(model.notice.as_ref().unwrap().text.starts_with("older than: "), "{:?}", model.notice);
}

#[test]
fn deleting_is_seen_stopped_and_left_in_order() {
    let mut model = loaded(Page::Retain, (80, 24));
    press(&mut model, "d");
    check("retain_asked", &model);
    let begun = press(&mut model, "event_outbox<enter>");
    let [Effect::Work(chore @ Chore::Retain(_))] = &begun[..] else { panic!("{begun:?}") };
    update(&mut model, Msg::Told(fixture::upkeep::told(chore)), now());
    check("retain_running", &model);
    assert_eq!(press(&mut model, "d"), vec![], "one at a time");
    assert_eq!(press(&mut model, "<c-z>"), vec![], "a process that stands still must hold no lock");
    // Leaving waits for what is in hand.
    model.job.status = None;
    assert_eq!(press(&mut model, "q"), vec![]);
    assert_eq!(press(&mut model, "y"), vec![Effect::StopWork]);
    assert_eq!(model.intent, Intent::Leave);
    let ended = update(&mut model, Msg::Worked(Ok(fixture::upkeep::outcome(chore))), now());
    assert!(ended.contains(&Effect::Quit), "{ended:?}");

    let mut model = loaded(Page::Retain, (80, 24));
    press(&mut model, "devent_outbox<enter>");
    assert_eq!(press(&mut model, "X"), vec![Effect::StopWork]);
    assert_eq!(press(&mut model, "X"), vec![Effect::CancelWork], "a second time cancels what it has in hand");
    assert_eq!(press(&mut model, "X"), vec![], "it is being cancelled");
    let asked = update(&mut model, Msg::Worked(Ok(fixture::upkeep::outcome(chore))), now());
    assert!(matches!(&asked[..], [Effect::Ask(Question::Doomed(_))]), "what is left is counted anew");
    model.notice = None;
    check("retain_stopped", &model);
}

#[test]
fn the_lab_measures_and_uuidv7_is_made_after_its_sql_was_seen() {
    let mut model = loaded(Page::Ids, (80, 24));
    press(&mut model, "L");
    check("lab_options", &model);
    assert_eq!(press(&mut model, "<enter>"), vec![], "it writes: it asks");
    check("lab_asked", &model);
    let begun = press(&mut model, "y");
    assert_eq!(begun, vec![Effect::Work(Chore::Lab { rows: 200_000, checkpoints: 0 })]);
    let ended = Outcome::Measured(fixture::upkeep::costs(), 200_000);
    assert_eq!(update(&mut model, Msg::Worked(Ok(ended)), now()), vec![]);
    model.notice = None;
    check("lab", &model);
    model.size = (120, 40);
    check("lab", &model);
    model.size = (80, 24);
    let asked = press(&mut model, "i<down><tab><enter>");
    let [Effect::Ask(Question::Install(install))] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(install.default_of, Some((fixture::table().to_string(), None)));
    answered(&mut model, &asked);
    check("install_asked", &model);
    assert!(matches!(&press(&mut model, "y")[..], [Effect::Work(Chore::Install(_))]));
}

#[test]
fn a_statement_is_read_whole_and_its_rewrite_copied() {
    let mut model = loaded(Page::Audit, (80, 24));
    press(&mut model, "<enter>");
    check("audit_statement", &model);
    press(&mut model, "q");
    assert!(
        matches!(&press(&mut model, "y")[..], [Effect::Copy(sql)] if sql.contains("created_at >= $2") && sql.ends_with(";\n"))
    );
    press(&mut model, "/conflict<enter>");
    check("audit_filtered", &model);
    let asked = press(&mut model, "<esc>w");
    assert_eq!(asked, vec![Effect::Ask(Question::Guide(fixture::table().to_string()))]);
    answered(&mut model, &asked);
    assert!(matches!(model.overlays.last(), Some(Overlay::Detail(_))));
}

#[test]
fn a_standby_takes_no_chore() {
    for (page, key) in [(Page::Maintain, "m"), (Page::Retain, "d"), (Page::Ids, "L"), (Page::Ids, "i")] {
        let mut model = loaded(page, (80, 24));
        model.place.standby = true;
        assert_eq!(press(&mut model, key), vec![]);
        assert!(model.overlays.is_empty(), "{page:?}");
    }
}

#[test]
fn a_question_is_withdrawn_where_something_else_is_to_be_done_by_now() {
    let mut model = loaded(Page::Maintain, (80, 24));
    let asked = press(&mut model, "R");
    assert_eq!(press(&mut model, "R"), vec![], "one look at a time");
    assert_eq!(press(&mut model, "m"), vec![]);
    assert!(model.overlays.is_empty(), "what is due is being looked at");
    answered(&mut model, &asked);
    model.cursors.deaf_until = None;
    press(&mut model, "m");
    assert!(matches!(model.overlays.last(), Some(Overlay::Ask(_))));
    // Another look answers under the question: the same leaves it, something else takes it away.
    let [Effect::Ask(question)] = &asked[..] else { panic!("{asked:?}") };
    for (found, stays) in [(fixture::upkeep::found(), true), (fixture::upkeep::sound(), false)] {
        model.upkeep.maintain.asked = Some(question.clone());
        update(&mut model, Msg::Answered(question.clone(), Ok(Answer::Due(found.into()))), now());
        assert_eq!(!model.overlays.is_empty(), stays);
    }
    let said = model.notice.as_ref().map(|notice| notice.text.as_str());
    assert_eq!(said, Some("what is to be done has changed meanwhile: look, and ask again"));
    assert!(model.upkeep.maintain.found.ready().unwrap().due.is_empty(), "and the new one is there");

    let mut model = loaded(Page::Retain, (80, 24));
    let asked = press(&mut model, "R");
    answered(&mut model, &asked);
    press(&mut model, "devent");
    let [Effect::Ask(question)] = &asked[..] else { panic!("{asked:?}") };
    model.upkeep.retain.asked = Some(question.clone());
    let mut more = fixture::upkeep::doomed();
    more.found.census.doomed += 1;
    update(&mut model, Msg::Answered(question.clone(), Ok(Answer::Doomed(more.into()))), now());
    assert!(model.overlays.is_empty(), "another number is another question");
    assert_eq!(press(&mut model, "_outboxq"), vec![], "the rest of the name presses nothing");
    assert!(model.overlays.is_empty() && model.screen == Screen::Health);

    // Other choices are another question, too: nothing is done by the list of the old ones.
    let mut model = loaded(Page::Maintain, (80, 24));
    let asked = press(&mut model, "o<down><down><tab><enter>");
    assert_eq!((asked.len(), press(&mut model, "m")), (1, vec![]));
    assert!(model.overlays.is_empty(), "nothing is listed yet");
}

#[test]
fn lines_that_are_pasted_lose_no_half() {
    let mut model = loaded(Page::Retain, (80, 24));
    press(&mut model, "o<bs>");
    update(&mut model, Msg::Paste("L\n  AND id < 100\r\n".into()), now());
    let Some(Overlay::Form(form)) = model.overlays.last() else { panic!() };
    assert_eq!(form.word(0), "processed_at IS NOT NULL AND id < 100");
}

#[test]
fn the_cursor_stays_on_its_table() {
    let mut model = fixture::empty((80, 24));
    press(&mut model, "<down><down>");
    let mut tables = fixture::tables::tables();
    tables.insert(0, fixture::tables::listing("public", "a_new_one", 1, 1 << 50, &["at"]));
    update(&mut model, Msg::Tables(Ok(tables)), now());
    assert_eq!(press(&mut model, "5"), vec![Effect::Look("\"public\".\"chat_sessions\"".into())]);
}
