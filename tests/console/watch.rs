//! `--watch`: whatever is pressed wherever one is, nothing leaves the reducer that changes anything but the screen.

use proptest::prelude::*;
use quarterdeck::tui::{
    app::{
        allowed::blocked,
        deed::{Ask, Deed},
        model::{Model, Screen},
        msg::{Effect, Msg, Signal},
        overlay::Overlay,
        update::update,
        upkeep::{Page, duty::Duty},
    },
    keymap::{Action, Order, Stroke, bindings},
};

use super::{
    fixture::{self, Scene, now},
    reducer::press,
    sizes::overlays,
};

const REASON: &str = "watching only: --watch";

fn watching(scene: Scene, screen: Screen) -> Model {
    let mut model = fixture::model(scene, screen, (100, 30));
    model.place.watching = true;
    model
}

/// What an effect does beyond reading, and beyond this terminal and this machine's files.
fn changes_nothing(effect: &Effect) -> bool {
    match effect {
        Effect::Send(_) | Effect::Start(..) | Effect::Work(_) => false,
        Effect::ListTables
        | Effect::Look(_)
        | Effect::Ask(_)
        | Effect::StopWork
        | Effect::CancelWork
        | Effect::MakePlan(_)
        // The desk watches what it opens.
        | Effect::Open(_)
        | Effect::Copy(_)
        | Effect::Export { .. }
        | Effect::Redraw
        | Effect::Suspend
        | Effect::Quit => true,
    }
}

fn strokes() -> Vec<Stroke> {
    bindings().flat_map(|(_, row)| row.strokes.iter().copied()).collect()
}

/// Every overlay that there is, and every question.
fn all_overlays() -> Vec<Overlay> {
    let deeds = [
        Deed::CancelChunk(261),
        Deed::Repair,
        Deed::Start,
        Deed::StartRenaming,
        Deed::StartDropping,
        Deed::Quit,
        Deed::Swap,
        Deed::Reverse,
        Deed::Finish,
        Deed::FinishAndDrop,
        Deed::Abort,
        Deed::EndBlocker,
        Deed::Tune,
        Deed::Mend,
        Deed::Upkeep(Duty::Maintain),
        Deed::Upkeep(Duty::MaintainDropping),
        Deed::Upkeep(Duty::Retain),
        Deed::Upkeep(Duty::Install),
        Deed::Upkeep(Duty::Lab),
    ];
    let retain = Deed::Upkeep(Duty::Retain);
    let words = [(Deed::EndBlocker, "8841"), (Deed::Tune, "lock-waits=9"), (retain, "event_outbox")];
    let typed =
        |deed| words.iter().find(|(other, _)| *other == deed).map_or("chat_messages", |(_, word)| word);
    let asks = deeds.map(|deed| Overlay::Ask(Ask { deed, typed: typed(deed).into(), scroll: 0 }));
    overlays().into_iter().chain(asks).collect()
}

#[test]
fn no_key_changes_anything_anywhere() {
    let overlays: Vec<_> = std::iter::once(None).chain(all_overlays().into_iter().map(Some)).collect();
    for scene in Scene::ALL {
        let mut model = watching(scene, Screen::Tables);
        model.upkeep = super::upkeep::loaded(Page::Health, (80, 24)).upkeep;
        model.cursors.chunk = Some(261);
        let pages = Page::ALL.map(|page| (Screen::Health, page));
        for (screen, page) in Screen::ALL.map(|screen| (screen, Page::Health)).into_iter().chain(pages) {
            (model.screen, model.upkeep.page) = (screen, page);
            for overlay in &overlays {
                model.overlays = overlay.iter().cloned().collect();
                for stroke in strokes() {
                    let effects = update(&mut model.clone(), Msg::Key(stroke), now());
                    let harmless = effects.iter().all(changes_nothing);
                    assert!(harmless, "{scene:?} {screen:?} {overlay:?} {stroke}: {effects:?}");
                }
            }
        }
    }
}

#[test]
fn an_action_that_is_not_known_to_read_is_blocked_with_the_reason() {
    let looks = [
        Action::NextScreen,
        Action::PreviousScreen,
        Action::Back,
        Action::Filter,
        Action::Reload,
        Action::Enter,
        Action::Copy,
        Action::Export,
        Action::Help,
        Action::Palette,
        Action::Quit,
        Action::No,
        Action::Interrupt,
        Action::Suspend,
        Action::Redraw,
        Action::NextPage,
        Action::PreviousPage,
        Action::Options,
        Action::Guide,
        Action::Freeze,
        Action::NextDifference,
        Action::PreviousDifference,
        Action::Order(Order::Blockers),
        Action::Order(Order::Tune),
    ];
    let places = Scene::ALL.into_iter().flat_map(|scene| Screen::ALL.map(|screen| (scene, screen)));
    let models: Vec<_> = places.map(|(scene, screen)| (scene, watching(scene, screen))).collect();
    for (_, row) in bindings() {
        let action = row.action;
        if looks.contains(&action) || matches!(action, Action::Show(_) | Action::Move(_)) {
            continue;
        }
        for (scene, model) in &models {
            let why = blocked(action, model).unwrap_or_else(|| panic!("{action:?} at {scene:?}"));
            assert!(why.moot || why.reason == REASON, "{action:?} at {scene:?} {:?}: {why:?}", model.screen);
        }
    }
}

#[test]
fn what_would_be_possible_says_that_one_only_watches() {
    for (scene, keys) in [
        (Scene::Copying, "p"),
        (Scene::Watched, "p"),
        (Scene::Paused, "r"),
        (Scene::Stopped, "r"),
        (Scene::Ready, "s"),
        (Scene::Ready, "S"),
        (Scene::Copying, "s"),
        (Scene::Copying, "a"),
        (Scene::Copying, "+"),
        (Scene::Copying, "K"),
        (Scene::Differs, "f"),
        (Scene::ReverseWindow, "u"),
        (Scene::ReverseWindow, "F"),
    ] {
        let mut model = watching(scene, Screen::Backfill);
        assert_eq!(press(&mut model, keys), vec![], "{keys} at {scene:?}");
        assert_eq!(model.notice.map(|notice| notice.text).as_deref(), Some(REASON), "{keys} at {scene:?}");
    }
}

#[test]
fn blockers_and_signals_are_looked_at_and_the_answer_is_refused() {
    for (scene, keys) in [(Scene::NotYet, "b8841<enter>"), (Scene::Copying, "tlock-waits=9<enter>")] {
        let mut model = watching(scene, Screen::Backfill);
        assert_eq!(press(&mut model, keys), vec![], "{keys}");
        assert_eq!(model.notice.as_ref().map(|notice| notice.text.as_str()), Some(REASON));
        assert!(matches!(model.overlays.last(), Some(Overlay::Ask(_))), "it is still there to be read");
    }
}

#[test]
fn a_migration_is_opened_and_none_is_planned() {
    let mut model = fixture::empty((100, 30));
    model.place.watching = true;
    let opened = press(&mut model, "/chat_messages<enter><enter>");
    assert!(matches!(opened[..], [Effect::Open(_)]), "{opened:?}");
    let mut model = fixture::empty((100, 30));
    model.place.watching = true;
    assert_eq!(press(&mut model, "/sessions<enter><enter>c"), vec![]);
    assert_eq!((model.overlays.len(), model.notice.unwrap().text.as_str()), (0, REASON));
}

#[test]
fn leaving_asks_nothing_and_stops_nothing() {
    // As if this process owned it: another one of the same host's name and pid may.
    for scene in Scene::ALL {
        let mut model = watching(scene, Screen::Backfill);
        assert_eq!(press(&mut model, "q"), vec![Effect::Quit], "{scene:?}");
        assert_eq!(press(&mut model, "<c-c>"), vec![Effect::Quit], "{scene:?}");
        assert_eq!(press(&mut model, "<c-z>"), vec![Effect::Suspend], "{scene:?}");
        assert_eq!(update(&mut model, Msg::Signal(Signal::Hangup), now()), vec![Effect::Quit], "{scene:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn no_keys_in_whatever_order_change_anything(
        scene in proptest::sample::select(Scene::ALL.to_vec()),
        screen in proptest::sample::select(Screen::ALL.to_vec()),
        keys in proptest::collection::vec(proptest::sample::select(strokes()), 1..80),
    ) {
        let mut model = watching(scene, screen);
        for stroke in keys {
            let effects = update(&mut model, Msg::Key(stroke), now());
            prop_assert!(effects.iter().all(changes_nothing), "{stroke}: {effects:?}");
        }
    }
}
