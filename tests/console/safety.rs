//! Whatever keys are pressed in whatever order: nothing that cannot be taken back happens without its question
//! and the exact name, Esc does nothing but go back, and nothing panics.

use proptest::prelude::*;
use quarterdeck::{
    engine::command::Command,
    model::maintenance::OnExpiry,
    tui::{
        app::{
            deed::Deed,
            model::{Intent, Model, Screen},
            msg::{Effect, Msg},
            overlay::Overlay,
            update::update,
            upkeep::{
                Page,
                duty::Duty,
                work::{Chore, Outcome, Whole},
            },
        },
        glyphs::Glyphs,
        keymap::{Stroke, bindings},
        theme::{Depth, Palette, Theme},
    },
};
use ratatui::crossterm::event::KeyCode;

use super::{
    fixture::{self, Scene, now},
    sizes::drawn,
};

/// Something done to the console.
#[derive(Clone, Debug)]
enum Doing {
    Press(Stroke),
    /// A table's name, letter by letter, as one who is sure would type it.
    TypeName(&'static str),
    Paste(String),
    Resize(u16, u16),
    Become(Scene),
}

fn stroke() -> impl Strategy<Value = Stroke> {
    let bound: Vec<_> = bindings().flat_map(|(_, row)| row.strokes.iter().copied()).collect();
    prop_oneof![
        4 => proptest::sample::select(bound),
        1 => any::<char>().prop_map(|c| Stroke { code: KeyCode::Char(c), ctrl: false }),
        1 => Just(Stroke { code: KeyCode::Enter, ctrl: false }),
        1 => Just(Stroke { code: KeyCode::Backspace, ctrl: false }),
    ]
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        20 => stroke().prop_map(Doing::Press),
        3 => Just(Doing::TypeName("chat_messages")),
        2 => Just(Doing::TypeName("event_outbox")),
        1 => ".{0,12}".prop_map(Doing::Paste),
        1 => Just(Doing::Paste("chat_messages".into())),
        1 => (1_u16..140, 1_u16..50).prop_map(|(columns, rows)| Doing::Resize(columns, rows)),
        1 => proptest::sample::select(Scene::ALL.to_vec()).prop_map(Doing::Become),
    ]
}

/// The question that was open, with what was typed.
fn question(model: &Model) -> Option<(Deed, String)> {
    match model.overlays.last() {
        Some(Overlay::Ask(ask)) => Some((ask.deed, ask.typed.clone())),
        _ => None,
    }
}

/// Whether the effect may follow from this question.
fn is_covered(effect: &Effect, asked: Option<&(Deed, String)>, (key, intent): (Stroke, Intent)) -> bool {
    let deed = asked.map(|(deed, _)| *deed);
    let typed = asked.is_some_and(|(_, typed)| typed == "chat_messages");
    let typed_outbox = asked.is_some_and(|(_, typed)| typed == "event_outbox");
    let yes = key == Stroke { code: KeyCode::Char('y'), ctrl: false };
    let enter = key == Stroke { code: KeyCode::Enter, ctrl: false };
    match effect {
        Effect::Send(Command::Swap) => deed == Some(Deed::Swap) && typed && enter,
        Effect::Send(Command::Reverse { move_rows: false }) => deed == Some(Deed::Reverse) && typed && enter,
        Effect::Send(Command::Abort) => deed == Some(Deed::Abort) && typed && enter,
        Effect::Send(Command::Finish { drop_source: true }) => {
            deed == Some(Deed::FinishAndDrop) && typed && enter
        }
        Effect::Send(Command::Finish { drop_source: false }) => deed == Some(Deed::Finish) && yes,
        // Leaving a second time cancels what is in hand.
        Effect::Send(Command::CancelChunk { chunk }) => {
            intent == Intent::Leave || (deed == Some(Deed::CancelChunk(*chunk)) && yes)
        }
        Effect::Send(Command::EndBlocker { .. }) => deed == Some(Deed::EndBlocker) && enter,
        Effect::Send(Command::Tune { .. }) => deed == Some(Deed::Tune) && enter,
        Effect::Send(Command::Repair) => deed == Some(Deed::Repair) && yes,
        Effect::Start(..) => deed == Some(Deed::Start) && yes,
        Effect::Work(Chore::Mend { sql, .. }) => {
            let safe = ["VACUUM (FREEZE)", "VACUUM (ANALYZE)", "ANALYZE ", "REINDEX INDEX CONCURRENTLY"];
            let is_safe = |sql: &String| safe.iter().any(|word| sql.starts_with(word));
            deed == Some(Deed::Mend) && yes && sql.iter().all(is_safe)
        }
        Effect::Work(Chore::Maintain(wish)) if wish.keep.on_expiry == OnExpiry::Detach => {
            matches!(deed, Some(Deed::Upkeep(Duty::Maintain))) && yes
        }
        Effect::Work(Chore::Maintain(_)) => {
            deed == Some(Deed::Upkeep(Duty::MaintainDropping)) && typed && enter
        }
        Effect::Work(Chore::Retain(_)) => deed == Some(Deed::Upkeep(Duty::Retain)) && typed_outbox && enter,
        Effect::Work(Chore::Install(_)) => deed == Some(Deed::Upkeep(Duty::Install)) && yes,
        Effect::Work(Chore::Lab { .. }) => deed == Some(Deed::Upkeep(Duty::Lab)) && yes,
        Effect::Send(_)
        | Effect::Ask(_)
        | Effect::StopWork
        | Effect::CancelWork
        | Effect::ListTables
        | Effect::Look(_)
        | Effect::MakePlan(_)
        | Effect::Open(_)
        | Effect::Copy(_)
        | Effect::Export { .. }
        | Effect::Redraw
        | Effect::Suspend
        | Effect::Quit => true,
    }
}

fn does(model: &mut Model, doing: &Doing) -> Result<(), TestCaseError> {
    let strokes = match doing {
        Doing::Press(stroke) => vec![*stroke],
        Doing::TypeName(name) => super::reducer::strokes(name),
        Doing::Paste(text) => {
            prop_assert_eq!(update(model, Msg::Paste(text.clone()), now()), vec![]);
            return Ok(());
        }
        Doing::Resize(columns, rows) => {
            update(model, Msg::Resize(*columns, *rows), now());
            return Ok(());
        }
        Doing::Become(scene) => {
            update(model, Msg::Status(fixture::scene::status(*scene).into()), now());
            return Ok(());
        }
    };
    for stroke in strokes {
        let (asked, small, before) = (question(model), model.is_small(), (stroke, model.intent));
        let effects = update(model, Msg::Key(stroke), now());
        if stroke.code == KeyCode::Esc {
            prop_assert_eq!(&effects, &vec![], "Esc only goes back");
        }
        for effect in &effects {
            prop_assert!(is_covered(effect, asked.as_ref(), before), "{:?} after {:?}", effect, asked);
            prop_assert!(
                !small || asked.is_none() || !matches!(effect, Effect::Start(..)),
                "blind: {:?}",
                effect
            );
            if let Effect::MakePlan(request) = effect {
                let plan = std::sync::Arc::new(fixture::plan::plan());
                update(model, Msg::Plan(request.clone(), Ok(plan)), now());
            }
            if let Effect::Ask(question) = effect {
                let answer = fixture::upkeep::answer(question);
                update(model, Msg::Answered(question.clone(), Ok(answer)), now());
            }
            if let Effect::Work(chore) = effect {
                update(model, Msg::Told(fixture::upkeep::told(chore)), now());
            }
            if matches!(effect, Effect::StopWork | Effect::CancelWork) {
                let ended = Outcome::Said(vec!["stopped".into()], Whole::Stopped);
                update(model, Msg::Worked(Ok(ended)), now());
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 768, ..ProptestConfig::default() })]
    #[test]
    fn nothing_grave_happens_unasked(
        scene in proptest::sample::select(Scene::ALL.to_vec()),
        screen in proptest::sample::select(Screen::ALL.to_vec()),
        page in proptest::option::of(proptest::sample::select(Page::ALL.to_vec())),
        doings in proptest::collection::vec(doing(), 1..60),
    ) {
        let theme = Theme::new(Palette::Mono, Depth::Sixteen, Glyphs::Unicode);
        let mut model = match page {
            Some(page) => super::upkeep::loaded(page, (80, 24)),
            None => fixture::model(scene, screen, (80, 24)),
        };
        // A chunk in hand is selected, so that the keys of chunks mean something.
        model.cursors.chunk = Some(261);
        for doing in &doings {
            does(&mut model, doing)?;
        }
        drawn(&model, &theme);
    }
}
