//! The reducer, as tables: from a point in a migration's life, keys in, effects and screen out.

use quarterdeck::{
    engine::{
        command::{Asked, Command},
        event::{Body, Event},
    },
    model::{history::History, incoming::Choice, strategy::Strategy},
    tui::{
        app::{
            list::Load,
            model::{Connection, Intent, Model, Screen},
            msg::{Effect, Msg, PanicReport, Signal, Tie},
            overlay::Overlay,
            update::{heartbeat, update},
        },
        keymap::{Context, Stroke},
    },
};
use ratatui::crossterm::event::KeyCode;

use super::fixture::{self, Scene, events, id, now};

/// Keys as written: letters, `<enter>`, `<esc>`, `<up>`, `<down>`, `<left>`, `<right>`, `<tab>`, `<bs>`, `<c-c>`, `<c-z>`.
pub(crate) fn strokes(keys: &str) -> Vec<Stroke> {
    let plain = |code| Stroke { code, ctrl: false };
    let mut strokes = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            strokes.push(match name {
                "enter" => plain(KeyCode::Enter),
                "esc" => plain(KeyCode::Esc),
                "up" => plain(KeyCode::Up),
                "down" => plain(KeyCode::Down),
                "left" => plain(KeyCode::Left),
                "right" => plain(KeyCode::Right),
                "tab" => plain(KeyCode::Tab),
                "bs" => plain(KeyCode::Backspace),
                "c-c" => Stroke { code: KeyCode::Char('c'), ctrl: true },
                "c-z" => Stroke { code: KeyCode::Char('z'), ctrl: true },
                other => panic!("no key {other}"),
            });
            rest = after;
        } else {
            strokes.push(plain(KeyCode::Char(c)));
            rest = &rest[c.len_utf8()..];
        }
    }
    strokes
}

/// Presses keys; returns all effects.
pub(crate) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    strokes(keys).into_iter().flat_map(|stroke| update(model, Msg::Key(stroke), now())).collect()
}

fn at(scene: Scene) -> Model {
    fixture::model(scene, Screen::Backfill, (100, 30))
}

fn sends(command: Command) -> Vec<Effect> {
    vec![Effect::Send(command)]
}

#[test]
fn orders_are_sent_at_once_asked_about_or_typed() {
    let finish = |drop_source| Command::Finish { drop_source };
    let leaf = || "chat_messages_2024_q1".to_owned();
    let cases: &[(Scene, &str, Vec<Effect>)] = &[
        (Scene::Copying, "p", sends(Command::Pause)),
        (Scene::Paused, "r", sends(Command::Resume)),
        (Scene::Paused, "p", vec![]),
        (Scene::Copying, "r", vec![]),
        (Scene::Ready, "v", sends(Command::Verify)),
        (Scene::ReverseWindow, "v", sends(Command::Verify)),
        (Scene::Copying, "v", vec![]),
        (Scene::Census, "v", vec![]),
        (Scene::Verifying, "v", vec![]),
        (Scene::Copying, "+", sends(Command::Workers { workers: 3 })),
        (Scene::Copying, "-", sends(Command::Workers { workers: 1 })),
        (Scene::Copying, "K", sends(Command::Reorder { leaf: leaf(), up: true })),
        (Scene::Copying, "J", sends(Command::Reorder { leaf: leaf(), up: false })),
        (Scene::Copying, "nxy", sends(Command::CancelChunk { chunk: 261 })),
        (Scene::Copying, "nx<enter>", vec![]),
        (Scene::Copying, "x", vec![]),
        (Scene::Slowed, "nnnR", sends(Command::RetryChunk { chunk: 633 })),
        (Scene::Differs, "f", vec![]),
        (Scene::Differs, "fy", sends(Command::Repair)),
        (Scene::Differs, "fn", vec![]),
        (Scene::Copying, "f", vec![]),
        (Scene::Copying, "s", vec![]),
        (Scene::Ready, "schat_messages<enter>", sends(Command::Swap)),
        (Scene::Ready, "schat_message<enter>", vec![]),
        (Scene::Ready, "sy<enter>", vec![]),
        (Scene::Ready, "spublic.chat_messages<enter>", vec![]),
        (Scene::Ready, "schat_messages<esc>", vec![]),
        (Scene::NotYet, "schat_messages<enter>", vec![]),
        (Scene::Ready, "u", vec![]),
        (Scene::ReverseWindow, "uchat_messages<enter>", sends(Command::Reverse { move_rows: false })),
        (Scene::ReverseWindow, "Fy", sends(finish(false))),
        (Scene::ReverseWindow, "F<tab>y<enter>", vec![]),
        (Scene::ReverseWindow, "F<tab>chat_messages<enter>", sends(finish(true))),
        (Scene::ReverseWindow, "a", vec![]),
        (Scene::Copying, "achat_messages<enter>", sends(Command::Abort)),
        (Scene::Finished, "a", vec![]),
        (Scene::Watched, "p", sends(Command::Pause)),
        (Scene::Stopped, "r", vec![Effect::Open(id())]),
        (Scene::Stopped, "p", vec![]),
        (Scene::Copying, "S", vec![]),
        (Scene::Ready, "S", sends(Command::Rehearse)),
        (Scene::Copying, "5", vec![Effect::Look("\"public\".\"chat_messages\"".into())]),
        (Scene::ReverseWindow, "5", vec![Effect::Look("\"public\".\"chat_messages\"".into())]),
        (Scene::Copying, "5x", vec![Effect::Look("\"public\".\"chat_messages\"".into())]),
    ];
    for (scene, keys, wanted) in cases {
        assert_eq!(press(&mut at(*scene), keys), *wanted, "{keys} at {scene:?}");
    }
}

#[test]
fn a_pid_and_a_limit_are_typed_as_they_are_meant() {
    let limit = || sends(Command::Tune { settings: vec!["lock-waits=9".parse().unwrap()], workers: None });
    let cases: &[(Scene, &str, Vec<Effect>)] = &[
        (Scene::NotYet, "b8841<enter>", sends(Command::EndBlocker { pid: 8841 })),
        (Scene::NotYet, "b8842<enter>", vec![]),
        (Scene::NotYet, "b<enter>", vec![]),
        (Scene::NotYet, "bchat_messages<enter>", vec![]),
        (Scene::NotYet, "b8841<esc>", vec![]),
        (Scene::Copying, "tlock-waits=9<enter>", limit()),
        (Scene::Watched, "tlock-waits=9<enter>", limit()),
        (Scene::Copying, "tlock-waits=x<enter>", vec![]),
        (Scene::Copying, "t<enter>", vec![]),
        (Scene::Finished, "tlock-waits=9<enter>", vec![]),
    ];
    for (scene, keys, wanted) in cases {
        assert_eq!(press(&mut at(*scene), keys), *wanted, "{keys} at {scene:?}");
    }
}

#[test]
fn a_key_that_cannot_act_says_why() {
    let reasons = [
        (Scene::Copying, "s", "needs verification"),
        (Scene::Census, "s", "nothing is copied yet"),
        (Scene::Census, "v", "verification follows by itself"),
        (Scene::ReverseWindow, "a", "the names are exchanged: reverse first"),
        (Scene::NotYet, "schat_messages<enter>", "long snapshots does not hold"),
    ];
    for (scene, keys, reason) in reasons {
        let mut model = at(scene);
        press(&mut model, keys);
        let notice = model.notice.expect(keys).text;
        assert!(notice.contains(reason), "{keys} at {scene:?}: {notice}");
    }
}

#[test]
fn a_dialog_is_judged_again_when_it_is_confirmed() {
    let mut model = at(Scene::Ready);
    press(&mut model, "schat_messages");
    model.job.status = Some(fixture::scene::status(Scene::NotYet).into());
    assert_eq!(press(&mut model, "<enter>"), vec![]);
    assert!(matches!(model.overlays.last(), Some(Overlay::Ask(_))), "it keeps asking");
    model.job.status = Some(fixture::scene::status(Scene::ReverseWindow).into());
    assert_eq!(press(&mut model, "<enter>"), vec![]);
}

#[test]
fn quitting_asks_only_where_something_is_left_behind() {
    for (scene, keys, wanted) in [
        (Scene::Watched, "q", vec![Effect::Quit]),
        (Scene::Stopped, "q", vec![Effect::Quit]),
        (Scene::Finished, "q", vec![Effect::Quit]),
        (Scene::Copying, "q", vec![]),
        (Scene::Copying, "qn", vec![]),
        (Scene::Copying, "q<enter>", vec![]),
        (Scene::Copying, "qy", sends(Command::Stop)),
        (Scene::Paused, "qy", sends(Command::Stop)),
        (Scene::Copying, "<c-c>", sends(Command::Stop)),
    ] {
        assert_eq!(press(&mut at(scene), keys), wanted, "{keys} at {scene:?}");
    }
    let mut none = fixture::empty((80, 24));
    assert_eq!(press(&mut none, "q"), vec![Effect::Quit]);
}

#[test]
fn leaving_goes_step_by_step() {
    let mut model = at(Scene::Copying);
    assert_eq!(update(&mut model, Msg::Signal(Signal::Terminate), now()), sends(Command::Stop));
    let cancels = update(&mut model, Msg::Signal(Signal::Terminate), now());
    assert_eq!(cancels.len(), 2);
    assert!(cancels.iter().all(|effect| matches!(effect, Effect::Send(Command::CancelChunk { .. }))));
    assert_eq!(update(&mut model, Msg::Signal(Signal::Terminate), now()), vec![Effect::Quit]);

    let mut model = at(Scene::Copying);
    press(&mut model, "qy");
    let closed = Body::Closed { end: "stopped".into(), exit_code: 5 };
    let event = Event { seq: 99, at: now(), body: closed };
    assert_eq!(update(&mut model, Msg::Event(Box::new(event)), now()), vec![Effect::Quit]);
    assert_eq!(model.connection, Connection::Closed { end: Some("stopped".into()), exit_code: 5 });
}

#[test]
fn ctrl_z_pauses_first() {
    let mut model = at(Scene::Copying);
    assert_eq!(press(&mut model, "<c-z>"), sends(Command::Pause));
    assert_eq!(model.intent, Intent::Suspend);
    let paused = fixture::scene::status(Scene::Paused).into();
    assert_eq!(update(&mut model, Msg::Status(paused), now()), vec![Effect::Suspend]);
    assert_eq!(press(&mut at(Scene::Watched), "<c-z>"), vec![Effect::Suspend]);

    let mut model = at(Scene::Copying);
    press(&mut model, "<c-z>");
    let asked = Asked { command: Command::Pause, by: events::asker() };
    let refused = Event { seq: 60, at: now(), body: Body::Refused { asked, reason: "no".into() } };
    update(&mut model, Msg::Event(Box::new(refused)), now());
    assert_eq!(model.intent, Intent::Stay, "a refusal is not waited out");
}

#[test]
fn the_wizard_offers_ids_behind_the_times() {
    let mut model = fixture::empty((100, 30));
    press(&mut model, "<down><down><enter>");
    press(&mut model, "<down>");
    let effects = press(&mut model, "<enter><enter><enter><enter>");
    let [.., Effect::MakePlan(request)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((request.by.as_deref(), request.clock), (Some("id"), None), "its clock is to be recognised");
}

#[test]
fn the_wizard_plans_and_starts_only_after_a_question() {
    let mut model = fixture::empty((100, 30));
    assert_eq!(press(&mut model, "<down><down><enter>"), vec![]);
    assert_eq!(model.context(), Context::Wizard);
    let effects = press(&mut model, "<enter><down>+d<enter><enter><enter>");
    let [.., Effect::MakePlan(request)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((request.table.as_str(), request.by.as_deref()), ("public.chat_sessions", Some("started_at")));
    assert_eq!((request.every.word(), request.ahead, request.default_leaf), ("half-year", 3, false));
    assert_eq!(press(&mut model, "<enter>"), vec![], "there is no plan yet");
    let plan = std::sync::Arc::new(fixture::plan::plan());
    let mut late = request.clone();
    late.ahead = 7;
    update(&mut model, Msg::Plan(late, Ok(plan.clone())), now());
    assert_eq!(press(&mut model, "<enter>y"), vec![], "another request's plan is not this one");
    update(&mut model, Msg::Plan(request.clone(), Ok(plan.clone())), now());
    assert_eq!(press(&mut model, "<enter>"), vec![], "it asks");
    assert_eq!(press(&mut model, "<enter>"), vec![], "no is the default");
    assert_eq!(press(&mut model, "<enter>y"), vec![Effect::Start(request.clone(), plan.clone())]);
    update(&mut model, Msg::Linked(Ok(Tie { plan: Some(plan), ..Tie::default() })), now());
    assert_eq!((model.screen, model.overlays.len()), (Screen::Backfill, 0));
}

#[test]
fn each_strategy_can_be_planned() {
    for (down, word) in [(0, "online"), (1, "rename-first"), (2, "adopt"), (3, "repartition")] {
        let mut model = fixture::empty((100, 30));
        press(&mut model, "<down><down><enter><enter><enter>");
        let effects = press(&mut model, &format!("{}<enter><enter>", "<down>".repeat(down)));
        let [.., Effect::MakePlan(request)] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!(request.strategy.word(), word);
    }
}

#[test]
fn what_begins_with_the_names_is_started_by_the_name_typed() {
    let mut model = fixture::empty((100, 30));
    press(&mut model, "<down><down><enter><enter><enter>");
    let effects = press(&mut model, "<down><enter><down><down>d<enter>");
    let [.., Effect::MakePlan(request)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((request.strategy, request.append_only), (Strategy::RenameFirst, true));
    let plan = std::sync::Arc::new(fixture::plan::plan());
    update(&mut model, Msg::Plan(request.clone(), Ok(plan.clone())), now());
    assert_eq!(press(&mut model, "<enter>y<enter>"), vec![], "yes is not enough");
    press(&mut model, "<esc>");
    let name = request.table.rsplit('.').next().unwrap();
    let typed = press(&mut model, &format!("<enter>{name}<enter>"));
    assert_eq!(typed, vec![Effect::Start(request.clone(), plan)]);
}

#[test]
fn the_last_choices_are_those_that_are_open() {
    let mut model = fixture::empty((100, 30));
    press(&mut model, "<down><down><enter><enter><enter><enter>");
    assert_eq!(model.context(), Context::Zone);
    // Letters are text where the zone is typed, and a wrong one is told at once.
    press(&mut model, "Berlin<enter>");
    assert!(model.notice.as_ref().unwrap().text.contains("Europe/Berlin?"), "{:?}", model.notice);
    press(&mut model, &format!("{}Europe/Berlin<down>", "<bs>".repeat(6)));
    assert_eq!(model.context(), Context::Options);
    press(&mut model, "d<down>d");
    let effects = press(&mut model, "<enter>");
    let [.., Effect::MakePlan(request)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(
        (request.zone.name(), request.incoming, request.ids_table),
        ("Europe/Berlin", Choice::Drop, true)
    );
    // Foreign keys that are dropped want the table's name.
    let plan = std::sync::Arc::new(fixture::plan::plan());
    update(&mut model, Msg::Plan(request.clone(), Ok(plan.clone())), now());
    assert_eq!(press(&mut model, "<enter>y<enter>"), vec![], "yes is not enough");
    press(&mut model, "<esc>");
    let typed = press(&mut model, "<enter>chat_sessions<enter>");
    assert_eq!(typed, vec![Effect::Start(request.clone(), plan)]);

    // What another strategy does not know is not asked for with it.
    press(&mut model, "<esc><esc><down><down><enter>");
    let effects = press(&mut model, "<down>d<enter>");
    let [.., Effect::MakePlan(request)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((request.strategy, request.history), (Strategy::Adopt, History::Default));
    assert_eq!((request.incoming, request.ids_table), (Choice::Refuse, false));
}

#[test]
fn a_table_is_opened_planned_or_refused() {
    let mut model = fixture::empty((100, 30));
    assert_eq!(press(&mut model, "<enter>"), vec![]);
    let Some(Overlay::Wizard(wizard)) = model.overlays.last() else { panic!("{:?}", model.overlays) };
    assert_eq!(wizard.request().strategy.word(), "repartition", "it is partitioned already");
    press(&mut model, "<esc>");
    assert_eq!(press(&mut model, "<down><enter>"), vec![Effect::Open(id())]);
    let mut model = fixture::empty((100, 30));
    press(&mut model, "/outbox<enter><enter>");
    assert!(model.notice.as_ref().unwrap().text.contains("no primary key"));
}

#[test]
fn esc_goes_back_one_thing_at_a_time_and_never_quits() {
    let mut model = at(Scene::Differs);
    press(&mut model, "<down><enter>");
    assert_eq!(
        (model.screen, model.cursors.drilled.as_deref()),
        (Screen::Validation, Some("chat_messages_2024_q2"))
    );
    press(&mut model, "/changed<enter>:");
    assert_eq!(model.shown_diffs().len(), 1);
    assert_eq!(model.context(), Context::Palette);
    press(&mut model, "<esc>");
    assert_eq!(model.context(), Context::On(Screen::Validation));
    press(&mut model, "<esc>");
    assert_eq!(model.shown_diffs().len(), 3, "the filter is gone");
    press(&mut model, "<esc>");
    assert_eq!(model.cursors.drilled, None);
    for _ in 0..9 {
        assert_eq!(press(&mut model, "<esc>"), vec![]);
    }
}

#[test]
fn the_log_follows_until_the_cursor_is_moved() {
    let mut model = fixture::model(Scene::Ready, Screen::Log, (100, 30));
    press(&mut model, "<up><up>");
    assert!(model.cursors.log_held);
    assert_eq!(model.cursors.log.selected, model.job.events.len() - 3);
    press(&mut model, "G");
    assert!(!model.cursors.log_held);
}

#[test]
fn pasted_text_presses_no_key() {
    let mut model = at(Scene::Copying);
    assert_eq!(update(&mut model, Msg::Paste("p\nq\ny".into()), now()), vec![]);
    assert_eq!(model.overlays.len(), 0);
    press(&mut model, "q");
    assert_eq!(update(&mut model, Msg::Paste("y".into()), now()), vec![]);
    let mut model = at(Scene::Ready);
    press(&mut model, "s");
    update(&mut model, Msg::Paste("chat_messages\nmore".into()), now());
    assert_eq!(press(&mut model, "<enter>"), sends(Command::Swap), "a name may be pasted, its first line");
}

#[test]
fn in_a_small_window_only_what_needs_no_sight_works() {
    let mut model = at(Scene::Ready);
    press(&mut model, "schat_messages");
    update(&mut model, Msg::Resize(40, 10), now());
    assert_eq!(press(&mut model, "<enter>"), vec![]);
    press(&mut model, "<esc>");
    assert_eq!(press(&mut model, "p"), sends(Command::Pause));
    assert_eq!(press(&mut model, "achat_messages<enter>v"), sends(Command::Pause)[..0].to_vec());
}

#[test]
fn an_answer_that_does_not_come_is_named() {
    let mut model = at(Scene::Watched);
    press(&mut model, "p");
    let later = now() + chrono::TimeDelta::seconds(11);
    update(&mut model, Msg::Tick, later);
    assert!(model.notice.unwrap().text.contains("no answer to pause in 10 s: owner db-tools-1 pid 4711"));

    let mut model = at(Scene::Watched);
    press(&mut model, "p");
    let asked = Asked { command: Command::Pause, by: events::asker() };
    let accepted = Event { seq: 50, at: now(), body: Body::Accepted { asked } };
    update(&mut model, Msg::Event(Box::new(accepted)), now());
    update(&mut model, Msg::Tick, later);
    assert_eq!(model.notice, None);
}

#[test]
fn events_are_kept_once_and_not_without_end() {
    let mut model = at(Scene::Copying);
    let before = model.job.events.len();
    let event =
        |seq| Msg::Event(Box::new(Event { seq, at: now(), body: Body::Resumed { by: "ana".into() } }));
    update(&mut model, event(400), now());
    update(&mut model, event(400), now());
    assert_eq!(model.job.events.len(), before + 1);
    for seq in 500..100_500 {
        update(&mut model, event(seq), now());
    }
    assert_eq!(model.job.events.len(), quarterdeck::tui::app::model::MAX_EVENTS);
    assert_eq!(model.job.events.back().unwrap().seq, 100_499);
    // What could not be journalled has no number, and is no repetition of another.
    for seq in [0, 0, 100_499, 99_000, 100_500] {
        update(&mut model, event(seq), now());
    }
    let last: Vec<_> = model.job.events.iter().rev().take(4).map(|event| event.seq).collect();
    assert_eq!(last, [100_500, 0, 0, 100_499]);
}

#[test]
fn a_worker_s_panic_is_shown_and_the_console_goes_on() {
    let mut model = at(Scene::Copying);
    let report = PanicReport {
        thread: "worker".into(),
        message: "index out of bounds".into(),
        place: "a.rs:1".into(),
    };
    assert_eq!(update(&mut model, Msg::Panicked(report), now()), vec![]);
    assert_eq!(model.context(), Context::Panic);
    press(&mut model, "<esc>");
    assert_eq!(press(&mut model, "p"), sends(Command::Pause));
}

#[test]
fn idling_costs_nothing_and_a_busy_picture_moves() {
    assert_eq!(heartbeat(&fixture::empty((80, 24))), None);
    assert_eq!(heartbeat(&at(Scene::Copying)).unwrap().as_millis(), 250);
    assert_eq!(heartbeat(&at(Scene::Ready)).unwrap().as_millis(), 1_000);
    let mut closed = at(Scene::Finished);
    closed.connection = Connection::Closed { end: Some("finished".into()), exit_code: 0 };
    assert_eq!(heartbeat(&closed), None);
}

#[test]
fn exports_carry_what_is_on_screen() {
    let mut model = fixture::model(Scene::Differs, Screen::Validation, (100, 30));
    let effects = press(&mut model, "e<enter>");
    let [Effect::Export { path, contents }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(path, "quarterdeck-chat_messages-20260212T140230Z-differing-rows.csv");
    assert!(contents.contains(",changed,edited_at,NULL,2024-05-02 10:15:00+00\n"), "{contents}");
    let mut model = fixture::model(Scene::Ready, Screen::Backfill, (100, 30));
    let effects = press(&mut model, "e<enter>");
    let [Effect::Export { path, contents }] = &effects[..] else { panic!("{effects:?}") };
    assert!(path.ends_with("-report.md") && contents.starts_with("# public.chat_messages\n"));
    assert!(contents.contains("| 2024 Q1 | chat_messages_2024_q1 | verified | 3,201,113 | 3,201,113 | 0 |"));
}

#[test]
fn what_is_selected_is_copied() {
    let copied = |model: &mut Model| match &press(model, "y")[..] {
        [Effect::Copy(text)] => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(copied(&mut fixture::empty((80, 24))), "public.audit_events");
    assert_eq!(copied(&mut at(Scene::Copying)), "chat_messages_2024_q1");
    let log = copied(&mut fixture::model(Scene::Ready, Screen::Log, (80, 24)));
    assert!(log.ends_with("verifying → ready"), "{log}");
}

/// Presses keys at a moment of its own.
fn press_at(model: &mut Model, keys: &str, millis: i64) -> Vec<Effect> {
    let then = now() + chrono::TimeDelta::milliseconds(millis);
    strokes(keys).into_iter().flat_map(|stroke| update(model, Msg::Key(stroke), then)).collect()
}

#[test]
fn a_name_typed_ahead_for_a_refused_question_presses_no_keys() {
    let mut model = at(Scene::Copying);
    assert_eq!(press_at(&mut model, "s", 0), vec![]);
    assert_eq!(press_at(&mut model, "chat_mess", 200), vec![]);
    assert_eq!(press_at(&mut model, "ages<enter>", 400), vec![]);
    assert_eq!(model.overlays, vec![], "no letter of it was a key");
    assert!(model.notice.as_ref().unwrap().text.contains("needs verification"), "why is still said");
    assert_eq!(press_at(&mut model, "p", 401), sends(Command::Pause), "enter has ended it");

    let mut model = at(Scene::Copying);
    press_at(&mut model, "s", 0);
    assert_eq!(press_at(&mut model, "p", 301), sends(Command::Pause), "a key pressed later is a key");
    press_at(&mut model, "s", 400);
    press_at(&mut model, "<esc>", 450);
    press_at(&mut model, "a", 460);
    assert!(matches!(model.overlays.last(), Some(Overlay::Ask(_))), "esc ends it as well");
}

#[test]
fn what_was_said_goes_with_the_next_key_and_with_time() {
    let mut model = at(Scene::Census);
    press(&mut model, "v");
    assert!(model.notice.as_ref().unwrap().text.contains("verification"));
    press(&mut model, "6");
    assert_eq!(model.notice, None);
    press(&mut model, "v");
    let later = now() + chrono::TimeDelta::seconds(7);
    update(&mut model, Msg::Status(fixture::scene::status(Scene::Census).into()), later);
    assert_eq!(model.notice, None, "pictures that come all the time do not keep it");
}

#[test]
fn a_migration_that_cannot_be_opened_leaves_nothing_on_screen() {
    let mut model = at(Scene::Stopped);
    press(&mut model, "r");
    let report = quarterdeck::Error::Bug("gone".into()).report();
    update(&mut model, Msg::Linked(Err(report)), now());
    assert_eq!((model.status(), &model.connection), (None, &Connection::None));
    press(&mut model, "<esc>");
    assert_eq!(press(&mut model, "p"), vec![]);
    assert!(model.notice.unwrap().text.contains("no migration is open"));
}

#[test]
fn twin_and_old_table_are_not_offered() {
    let mut model = fixture::empty((100, 30));
    let mut tables = fixture::tables::tables();
    for name in ["chat_messages_twin", "chat_messages_old"] {
        tables.push(fixture::tables::listing("public", name, 9, 9, &["created_at"]));
    }
    model.tables = Load::Ready(tables);
    for (filter, what) in
        [("_twin", "it is the twin of chat_messages"), ("_old", "old table of chat_messages")]
    {
        press(&mut model, &format!("/{filter}<enter><enter>"));
        assert!(model.notice.as_ref().unwrap().text.contains(what), "{:?}", model.notice);
        press(&mut model, "<esc>");
    }
}

#[test]
fn a_refused_plan_offers_nothing_to_start() {
    let mut model = fixture::empty((100, 30));
    press(&mut model, "/sessions<enter><enter><enter><enter>");
    assert!(press(&mut model, "+d").is_empty(), "nothing but the page of periods prepares any");
    press(&mut model, "<enter><enter>");
    assert!(matches!(model.overlays.last(), Some(Overlay::Wizard(_))));
    let Some(Overlay::Wizard(wizard)) = model.overlays.last() else { panic!("a wizard") };
    let (request, refused) = (wizard.request(), quarterdeck::Error::Bug("no".into()).report());
    assert_eq!((request.ahead, request.default_leaf), (2, true));
    update(&mut model, Msg::Plan(request, Err(refused)), now());
    press(&mut model, "<enter>");
    assert!(model.notice.unwrap().text.contains("no plan to start"));
    assert_eq!(model.overlays.len(), 1);
}

#[test]
fn differences_are_repaired_while_the_worker_waits() {
    let mut model = at(Scene::Differs);
    assert_eq!(press(&mut model, "r"), vec![]);
    assert!(model.notice.as_ref().unwrap().text.contains("f, repair"));
    assert_eq!(press(&mut model, "v"), sends(Command::Verify));
    assert_eq!(press(&mut model, "fy"), sends(Command::Repair));
    // Nobody runs it: there is nobody to repair it.
    let mut status = fixture::scene::status(Scene::Differs);
    status.owner = None;
    model.job.status = Some(status.into());
    assert_eq!(press(&mut model, "f"), vec![]);
    assert!(model.notice.unwrap().text.contains("resume first"));
}

#[test]
fn a_frozen_display_stands_while_the_migration_goes_on_and_whatever_acts_thaws_it() {
    let mut model = at(Scene::Copying);
    let before = model.job.status.clone();
    assert_eq!(press(&mut model, "z"), vec![]);
    let later = std::sync::Arc::new(fixture::scene::status(Scene::Ready));
    update(&mut model, Msg::Status(later.clone()), now() + chrono::TimeDelta::seconds(12));
    assert_eq!(model.job.status, before, "what is on screen stays");
    assert_eq!(model.live().map(|status| status.migration.phase), Some(later.migration.phase));
    super::snapshots::check("frozen", &{
        let mut small = model.clone();
        small.size = (80, 24);
        small
    });
    assert_eq!(press(&mut model, "<down><down>"), vec![]);
    assert!(model.cursors.frozen.is_some(), "reading leaves it frozen");
    // A swap is asked about by what is there now.
    assert_eq!(press(&mut model, "s"), vec![]);
    assert!(model.cursors.frozen.is_none());
    assert_eq!(model.job.status, Some(later));
    assert!(matches!(model.overlays.last(), Some(Overlay::Ask(_))));
    // Freezing is no pause: nothing is sent, and it thaws with the same key.
    let mut model = at(Scene::Copying);
    assert_eq!(press(&mut model, "zz"), vec![]);
    assert!(model.cursors.frozen.is_none());
    assert_eq!(press(&mut model, "zp"), sends(Command::Pause), "an order goes to what is there");
}
