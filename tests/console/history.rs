//! What had happened before a migration was opened is no news; what happens to who is watched is.

use std::sync::Arc;

use quarterdeck::{
    engine::{
        command::{Asked, Command},
        event::{Body, Event},
        link::{Past, Source},
        status::Status,
    },
    error::Error,
    tui::app::{
        allowed::blocked,
        model::{Connection, Job, MAX_EVENTS, Model, Screen},
        msg::{Msg, Tie},
        update::update,
    },
    tui::keymap::{Action, Order},
};

use super::{
    exports::file,
    fixture::{self, Scene, events::asker, now, scene::status},
    rules::shown,
};

fn event(seq: i64, body: Body) -> Event {
    Event { seq, at: now(), body }
}

fn closed() -> Body {
    Body::Closed { end: "stopped".into(), exit_code: 5 }
}

fn owned() -> Body {
    Body::Owned { owner: "db-tools-2:99".into(), epoch: 7, instead_of: None }
}

fn resumed(seq: i64) -> Event {
    event(seq, Body::Resumed { by: "ana".into() })
}

/// Opened with a past.
fn opened(scene: Scene, source: Source, past: Past) -> Model {
    let mut model = fixture::model(scene, Screen::Backfill, (100, 30));
    (model.job, model.connection) = (Job::default(), Connection::Opening);
    update(&mut model, Msg::Linked(Ok(Tie { source, plan: None, past })), now());
    update(&mut model, Msg::Status(Arc::new(status(scene))), now());
    model
}

fn hears(model: &mut Model, seq: i64, body: Body) {
    update(model, Msg::Event(Box::new(event(seq, body))), now());
}

/// The picture with another process as the owner.
fn of_another() -> Arc<Status> {
    let mut picture = status(Scene::Watched);
    picture.owner = picture.owner.map(|owner| quarterdeck::engine::status::Owner { pid: 99, ..owner });
    Arc::new(picture)
}

fn pauses(model: &Model) -> bool {
    blocked(Action::Order(Order::Pause), model).is_none()
}

#[test]
fn what_had_happened_before_is_no_news() {
    let asked = |command| Asked { command, by: asker() };
    let before = vec![
        event(1, owned()),
        event(2, Body::Accepted { asked: asked(Command::Pause) }),
        event(3, Body::Done { asked: asked(Command::Pause) }),
        event(4, Body::Refused { asked: asked(Command::Swap), reason: "no".into() }),
        event(5, Body::Warning { message: "standby b lags".into() }),
        event(6, Body::Failed { step: "copying".into(), error: Error::Bug("x".into()).report() }),
        event(7, Body::Reconnecting { attempt: 1, in_s: 2, reason: "reset".into() }),
        event(8, closed()),
    ];
    for source in [Source::Worker, Source::Journal] {
        let mut model = fixture::model(Scene::Watched, Screen::Backfill, (100, 30));
        model.job.events.clear();
        model.job.asked = Some((Command::Pause, now()));
        let past = Past { events: before.clone(), of: 8 };
        update(&mut model, Msg::Linked(Ok(Tie { source, plan: None, past })), now());
        assert_eq!(model.connection, Connection::Open, "an owner that left before has not left now");
        assert_eq!(model.notice, None, "an old answer is no news");
        assert!(model.job.asked.is_some(), "it answers nothing that is asked now");
        assert_eq!(
            model.job.events.iter().map(|event| event.seq).collect::<Vec<_>>(),
            (1..=8).collect::<Vec<_>>()
        );
        assert_eq!(model.job.kept(), None, "the log is whole");
        // What is known already is no news when it comes once more.
        hears(&mut model, 8, closed());
        assert_eq!((model.connection, model.job.events.len()), (Connection::Open, 8));
    }
}

#[test]
fn an_owner_that_is_watched_leaves_and_another_comes() {
    let mut model = opened(Scene::Watched, Source::Journal, Past::default());
    assert!(shown(&model).contains("▶ running · watching"), "{}", shown(&model));
    hears(&mut model, 1, closed());
    let is_closed = Connection::Closed { end: Some("stopped".into()), exit_code: 0 };
    assert_eq!(model.connection, is_closed, "another process's exit code is not this one's");
    assert!(shown(&model).contains("■ stopped"), "{}", shown(&model));
    assert!(!pauses(&model));
    // It is still in sight for a moment, and comes back not by that.
    update(&mut model, Msg::Status(Arc::new(status(Scene::Watched))), now());
    update(&mut model, Msg::Status(Arc::new(status(Scene::Stopped))), now());
    assert_eq!(model.connection, is_closed);
    hears(&mut model, 2, owned());
    assert_eq!(model.connection, Connection::Open);
    update(&mut model, Msg::Status(of_another()), now());
    assert!(shown(&model).contains("▶ running · watching"), "{}", shown(&model));
    assert!(pauses(&model));

    // The picture alone says it as well, whichever comes first.
    for unowned in [Some(Scene::Stopped), None] {
        let mut model = opened(Scene::Watched, Source::Journal, Past::default());
        hears(&mut model, 1, closed());
        if let Some(scene) = unowned {
            update(&mut model, Msg::Status(Arc::new(status(scene))), now());
        }
        update(&mut model, Msg::Status(of_another()), now());
        assert_eq!(model.connection, Connection::Open);
        assert!(pauses(&model) && shown(&model).contains("▶ running · watching"), "{}", shown(&model));
    }
}

#[test]
fn the_end_of_a_worker_of_this_process_is_the_end() {
    let mut model = opened(Scene::Copying, Source::Worker, Past::default());
    hears(&mut model, 1, closed());
    let is_closed = Connection::Closed { end: Some("stopped".into()), exit_code: 5 };
    for picture in [Arc::new(status(Scene::Stopped)), of_another(), Arc::new(status(Scene::Copying))] {
        update(&mut model, Msg::Status(picture), now());
        assert_eq!(model.connection, is_closed);
    }
    // Its last picture says that it runs: who runs it now is not in it.
    let text = shown(&model);
    assert!(
        text.contains("this console does not run it any more: r resumes, or watches who runs it now"),
        "{text}"
    );
    assert!(blocked(Action::Order(Order::Resume), &model).is_none());
    update(&mut model, Msg::Closed, now());
    assert_eq!(model.connection, is_closed);
}

#[test]
fn a_lock_lost_by_an_owner_that_is_gone_is_not_waited_for() {
    let lost = Body::LockAttempt {
        step: "swap".into(),
        attempt: 3,
        held_ms: 50,
        won: false,
        blocker: Some("pid 8841".into()),
    };
    let past = Past { events: vec![event(1, lost.clone())], of: 1 };
    let mut model = opened(Scene::Ready, Source::Journal, past);
    assert!(shown(&model).contains("waiting for a lock: pid 8841"), "its owner may still be at it");
    hears(&mut model, 2, owned());
    assert!(!shown(&model).contains("waiting for a lock"), "{}", shown(&model));
}

#[test]
fn a_log_and_files_that_are_not_whole_say_so() {
    let most = i64::try_from(MAX_EVENTS).unwrap();
    let events: Vec<_> = (3_314..3_314 + most).map(resumed).collect();
    let mut model = opened(Scene::Ready, Source::Worker, Past { events, of: 5_313 });
    model.screen = Screen::Log;
    assert_eq!(model.job.kept(), Some((2_000, 5_313)));
    for (size, words) in [
        ((120, 30), "the newest 2,000 of 5,313 · following"),
        ((80, 24), "the newest 2,000 of 5,313"),
        ((60, 16), "the newest 2,000 of 5,313"),
    ] {
        model.size = size;
        assert!(shown(&model).contains(words), "{}", shown(&model));
    }
    let words = "the newest 2,000 of 5,313 events; quarterdeck report has all of them";
    for name in ["events.md", "report.md"] {
        assert!(file(&model, name).contains(words), "{name}");
    }
    for name in ["events.json", "report.json"] {
        let json: serde_json::Value = serde_json::from_str(&file(&model, name)).unwrap();
        assert_eq!(json["older_events"], 3_313, "{name}");
    }
    // It goes on, bounded: what goes is counted; what the journal never had is not.
    hears(&mut model, 9_000, owned());
    assert_eq!(model.job.kept(), Some((2_000, 5_314)));
    hears(&mut model, 0, owned());
    assert_eq!((model.job.events.len(), model.job.older), (MAX_EVENTS, 3_315));

    // A log that is whole says nothing of it.
    let mut model = opened(Scene::Ready, Source::Worker, Past { events: vec![resumed(5)], of: 1 });
    model.screen = Screen::Log;
    for name in ["events.json", "report.json", "events.md", "report.md"] {
        let text = file(&model, name);
        assert!(!text.contains("older_events") && !text.contains("the newest"), "{name}");
    }
}

#[test]
fn opened_again_the_log_has_each_event_once_and_in_order() {
    let past = |last| Past { events: (1..=last).map(resumed).collect(), of: last };
    let mut model = opened(Scene::Copying, Source::Worker, past(3));
    hears(&mut model, 4, owned());
    hears(&mut model, 0, closed());
    // Another process ran it meanwhile.
    update(&mut model, Msg::Linked(Ok(Tie { source: Source::Journal, plan: None, past: past(9) })), now());
    let seqs: Vec<_> = model.job.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 0, 5, 6, 7, 8, 9]);
    assert_eq!((model.connection, model.job.kept()), (Connection::Open, None));
}
