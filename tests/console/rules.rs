//! Single rules of the console that no table of keys and no picture holds: reasons, time left, small windows, dialogs.

use chrono::TimeDelta;
use quarterdeck::{
    engine::{
        event::{Body, Event},
        status::Status,
    },
    tui::{
        app::{
            allowed::blocked,
            deed::{Ask, Deed},
            model::{Connection, Model, Screen},
            msg::{Effect, Msg},
            overlay::Overlay,
            palette,
            update::update,
            upkeep::Page,
        },
        glyphs::Glyphs,
        keymap::{Action, Context, Group, KEYMAP, Order, Stroke, bindings, lookup},
        theme::{Depth, Palette, Theme},
    },
};
use ratatui::{
    buffer::{Buffer, Cell},
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};

use super::{
    fixture::{self, Scene, now},
    reducer::press,
    sizes::drawn,
    snapshots::SIZES,
};

fn theme() -> Theme {
    Theme::new(Palette::Dark, Depth::True, Glyphs::Unicode)
}

fn rows(buffer: &Buffer) -> Vec<Vec<Cell>> {
    buffer.content.chunks(usize::from(buffer.area.width)).map(<[Cell]>::to_vec).collect()
}

fn text(cells: &[Cell]) -> String {
    cells.iter().map(Cell::symbol).collect()
}

/// What is on screen, row by row.
pub(crate) fn shown(model: &Model) -> String {
    rows(&drawn(model, &theme())).iter().map(|row| text(row)).collect::<Vec<_>>().join("\n")
}

/// What is on screen as running text: frames and breaks of lines are blanks.
fn said(model: &Model) -> String {
    let text = shown(model).replace(['│', '┃', '\n', '▸'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn with(scene: Scene, size: (u16, u16), change: impl FnOnce(&mut Status)) -> Model {
    let mut model = fixture::model(scene, Screen::Backfill, size);
    let mut status = (*model.job.status.take().unwrap()).clone();
    change(&mut status);
    model.job.status = Some(status.into());
    model
}

#[track_caller]
fn says(model: &Model, words: &[&str]) {
    let said = said(model);
    for word in words {
        assert!(
            said.contains(word),
            "no {word:?} on {:?} at {:?}:\n{}",
            model.screen,
            model.size,
            shown(model)
        );
    }
}

#[test]
fn the_keys_are_those_of_the_contract() {
    use Action as A;
    let on =
        |screen, key: char| lookup(Context::On(screen), Stroke { code: KeyCode::Char(key), ctrl: false });
    for (key, screen) in "0123456".chars().zip(Screen::ALL) {
        assert!(Screen::ALL.iter().all(|on_screen| on(*on_screen, key) == Some(A::Show(screen))), "{key}");
    }
    for (key, action) in [
        ('p', A::Order(Order::Pause)),
        ('r', A::Order(Order::Resume)),
        ('v', A::Order(Order::Verify)),
        ('f', A::Order(Order::Repair)),
        ('s', A::Order(Order::Swap)),
        ('S', A::Order(Order::Rehearse)),
        ('u', A::Order(Order::Reverse)),
        ('F', A::Order(Order::Finish)),
        ('a', A::Order(Order::Abort)),
        ('+', A::Order(Order::MoreWorkers)),
        ('-', A::Order(Order::FewerWorkers)),
        ('/', A::Filter),
        ('y', A::Copy),
        ('e', A::Export),
        ('q', A::Quit),
        ('?', A::Help),
        (':', A::Palette),
    ] {
        assert!(Screen::ALL.iter().all(|screen| on(*screen, key) == Some(action)), "{key}");
    }
    for (key, action) in
        [('x', Order::CancelChunk), ('R', Order::RetryChunk), ('K', Order::Earlier), ('J', Order::Later)]
    {
        assert_eq!(on(Screen::Backfill, key), Some(A::Order(action)), "{key}");
    }
    // There is no chunk time to aim at: chunks are ranges of blocks that the census lays down.
    assert!("[]".chars().all(|key| Screen::ALL.iter().all(|screen| on(*screen, key).is_none())));
}

#[test]
fn no_key_is_a_chord_with_alt_or_one_that_screen_and_tmux_take() {
    for (_, row) in bindings() {
        let taken =
            row.strokes.iter().find(|stroke| stroke.ctrl && matches!(stroke.code, KeyCode::Char('a' | 'b')));
        assert!(taken.is_none(), "{}", row.word);
        for stroke in row.strokes {
            let alt = KeyEvent::new(stroke.code, KeyModifiers::ALT);
            assert_eq!(Stroke::of(alt), None, "{stroke}");
        }
    }
}

/// Every cell that is not blank has the style of what may be overlooked.
fn is_dim(cells: &[Cell]) -> bool {
    cells.iter().all(|cell| cell.symbol() == " " || Some(cell.fg) == theme().dim.fg)
}

#[test]
fn a_key_that_cannot_act_is_dim_with_the_reason_in_the_footer() {
    let mut reasons = 0;
    for scene in Scene::ALL {
        for screen in Screen::ALL {
            for size in SIZES {
                let model = fixture::model(scene, screen, size);
                let picture = rows(&drawn(&model, &theme()));
                let footer = picture.last().unwrap();
                let line = text(footer);
                for (_, row) in bindings().filter(|(_, row)| row.rank > 0) {
                    let Some(blocked) = blocked(row.action, &model) else { continue };
                    let word = format!(" {} {} ", row.stroke(), row.word);
                    let Some(at) = line.find(&word) else { continue };
                    let at = line[..at].chars().count();
                    let dim = footer.iter().skip(at).take(word.chars().count());
                    assert!(is_dim(&dim.cloned().collect::<Vec<_>>()), "{line}");
                    assert!(
                        line.contains(&format!("{word}({})", blocked.reason)),
                        "{scene:?} {screen:?}: {line}"
                    );
                    reasons += 1;
                }
            }
        }
    }
    assert!(reasons > 20, "{reasons}");
}

/// The rows of the window that lies over the screen, from frame to frame.
fn window(model: &Model) -> Vec<Vec<Cell>> {
    let picture = rows(&drawn(model, &theme()));
    let mut inside = Vec::new();
    for row in picture {
        // The console's own frame is outside of it.
        let bars = (1..row.len() - 1).filter(|at| ["│", "┃"].contains(&row[*at].symbol()));
        if let [left, .., right] = bars.collect::<Vec<_>>().as_slice() {
            inside.push(row[left + 1..*right].to_vec());
        }
    }
    inside
}

fn words(rows: &[Vec<Cell>]) -> String {
    rows.iter().map(|row| text(row)).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_key_that_cannot_act_is_dim_with_the_reason_in_help() {
    let keys = KEYMAP.iter().filter(|(group, _)| *group != Group::Dialogs).flat_map(|(_, rows)| rows.iter());
    for (scene, columns) in
        Scene::ALL.into_iter().flat_map(|scene| [60, 80, 120].map(|columns| (scene, columns)))
    {
        let below = fixture::model(scene, Screen::Backfill, (columns, 300));
        let mut model = below.clone();
        model.overlays.push(Overlay::Help { scroll: 0 });
        let help = window(&model);
        let said = words(&help);
        let mut seen = Vec::new();
        for row in keys.clone() {
            // What stands twice, for lists and for entry lines, is said once.
            if seen.contains(&(row.action, row.help)) {
                continue;
            }
            seen.push((row.action, row.help));
            let here = row.contexts.contains(&Context::On(Screen::Backfill));
            let Some(reason) = blocked(row.action, &below).map(|blocked| blocked.reason).filter(|_| here)
            else {
                assert!(here || said.contains(&format!("{} (on screen", row.help)), "{}", row.help);
                continue;
            };
            let why = format!("{} ({reason})", row.help);
            assert!(said.contains(&why), "{scene:?} {columns}: {why}\n{said}");
            let first = row.help.split(' ').next().unwrap();
            let starts = |line: &str| line.trim().starts_with(&row.strokes_text()) && line.contains(first);
            let line = help.iter().find(|line| starts(&text(line))).unwrap_or_else(|| panic!("{first}"));
            assert!(is_dim(line), "{scene:?}: {}", text(line));
        }
    }
}

#[test]
fn a_key_that_cannot_act_is_dim_with_the_reason_in_the_palette() {
    for (scene, columns) in Scene::ALL.into_iter().flat_map(|scene| [60, 80].map(|columns| (scene, columns)))
    {
        let model = fixture::model(scene, Screen::Backfill, (columns, 24));
        for (at, row) in palette::rows("").into_iter().enumerate() {
            let Some(blocked) = blocked(row.action, &model) else { continue };
            let mut open = model.clone();
            open.overlays.push(Overlay::Palette { query: String::new(), selected: at });
            let rows = window(&open);
            let why = format!("cannot act now: {}", blocked.reason);
            assert!(words(&rows).contains(&why), "{scene:?} {columns}: {why}\n{}", shown(&open));
            let line = rows.iter().find(|line| text(line).contains('▸')).unwrap();
            let word = line.iter().position(|cell| cell.symbol() == "(").unwrap();
            assert!(text(line).contains(row.word), "{}", text(line));
            assert!(is_dim(&line[1..word]), "{scene:?}: {}", text(line));
        }
    }
}

#[test]
fn pausing_is_said_until_the_worker_has_let_go() {
    let mut model = fixture::model(Scene::Copying, Screen::Backfill, (80, 24));
    press(&mut model, "p");
    let mut status = fixture::scene::status(Scene::Copying);
    status.migration.pausing = true;
    update(&mut model, Msg::Status(status.clone().into()), now());
    says(&model, &["▶ pausing", "pausing after chunks 261, 262"]);
    assert!(!said(&model).contains("paused by"), "not before the worker says so");
    status.lanes.truncate(1);
    update(&mut model, Msg::Status(status.into()), now());
    says(&model, &["pausing after chunk 261 "]);
    update(&mut model, Msg::Status(fixture::scene::status(Scene::Paused).into()), now());
    says(&model, &["‖ paused", "paused by ana@laptop 14:02, after chunk 211"]);
    assert!(!said(&model).contains("pausing"), "{}", shown(&model));
}

#[test]
fn why_nothing_moves_is_always_said() {
    says(
        &fixture::model(Scene::Paused, Screen::Backfill, (60, 16)),
        &["paused by ana@laptop 14:02, after chunk 211"],
    );
    says(
        &fixture::model(Scene::Slowed, Screen::Backfill, (60, 16)),
        &[
            "slowed by standby-lag: standby_b 4.1 s > 3.0 s",
            "slowed by lock-waits (stale): not measured for 12 s",
        ],
    );
    says(&fixture::model(Scene::Stopped, Screen::Backfill, (60, 16)), &["nobody runs it: r resumes"]);
    let failed =
        with(Scene::Stopped, (60, 16), |status| status.last_error = Some("disk full [53100]".into()));
    says(&failed, &["✗ disk full [53100]"]);
    let waits =
        with(Scene::Copying, (60, 16), |status| status.migration.waiting = Some("waiting for X".into()));
    says(&waits, &["waiting for X"]);
    let mut lost = fixture::model(Scene::Copying, Screen::Backfill, (60, 16));
    lost.connection = Connection::Reconnecting { attempt: 2, due: now(), reason: "reset".into() };
    says(&lost, &["✗ connection lost: reset"]);
}

#[test]
fn whom_a_lock_is_lost_to_is_said_until_it_is_won() {
    let mut model = fixture::model(Scene::Ready, Screen::Backfill, (100, 24));
    let event = |seq, body| Msg::Event(Box::new(Event { seq, at: now(), body }));
    let attempt = |won, blocker: Option<&str>| Body::LockAttempt {
        step: "swap".into(),
        attempt: 3,
        held_ms: 50,
        won,
        blocker: blocker.map(Into::into),
    };
    update(&mut model, event(90, attempt(false, Some("pid 8841, idle in transaction 4 min"))), now());
    says(&model, &["waiting for a lock: pid 8841, idle in transaction 4 min (swap, attempt 3 lost)"]);
    model.size = (60, 16);
    says(&model, &["waiting for a lock: pid 8841, idle in transaction 4 min"]);
    update(&mut model, event(91, attempt(true, None)), now());
    assert!(!said(&model).contains("waiting for a lock"), "{}", shown(&model));
}

#[test]
fn the_time_left_is_a_range_with_a_clock_time_or_says_why_there_is_none() {
    says(&fixture::model(Scene::Copying, Screen::Backfill, (60, 16)), &["ETA 19–23 min (≈ 14:23 UTC)"]);
    let early =
        with(Scene::Copying, (80, 24), |status| (status.pace.eta_s, status.pace.rows_per_s) = (None, None));
    says(&early, &["ETA after three chunks"]);
    let stalled = with(Scene::Copying, (80, 24), |status| status.pace.eta_s = None);
    says(&stalled, &["stalled: no row comes"]);
    assert!(!said(&stalled).contains("rows/s"), "no rate of what does not move");
    let done = with(Scene::Copying, (80, 24), |status| {
        (status.pace.eta_s, status.rows.copied) = (None, status.rows.source);
    });
    assert!(!said(&done).contains("stalled"), "{}", shown(&done));
    let paused = fixture::model(Scene::Paused, Screen::Backfill, (80, 24));
    assert!(!said(&paused).contains("ETA"), "{}", shown(&paused));
}

#[test]
fn the_title_says_where_as_whom_and_what_the_connection_does() {
    let mut model = fixture::model(Scene::Copying, Screen::Log, (120, 24));
    model.place.label = Some("PROD".into());
    let title = |model: &Model| text(&rows(&drawn(model, &theme()))[0]);
    for word in ["127.0.0.1:5432/shop", " as dba", "· PRIMARY", " PROD ", "COPYING ▶ running"] {
        assert!(title(&model).contains(word), "{word}: {}", title(&model));
    }
    let mut none = fixture::empty((60, 16));
    none.place.target = "db-tools-1.example:5432/warehouse".into();
    let narrow = title(&none);
    assert!(narrow.contains("/warehouse as dba · PRIMARY") && !narrow.contains("quarterdeck"), "{narrow}");
    model.place.standby = true;
    assert!(title(&model).contains("· standby") && !title(&model).contains("PRIMARY"), "{}", title(&model));
    update(&mut model, Msg::Standby(false), now());
    assert!(title(&model).contains("· PRIMARY"), "it was promoted");
    let due = now() + TimeDelta::seconds(4);
    model.connection = Connection::Reconnecting { attempt: 3, due, reason: "reset".into() };
    assert!(title(&model).contains("~ reconnecting in 4 s (3)"), "{}", title(&model));
    update(&mut model, Msg::Tick, now() + TimeDelta::seconds(3));
    assert!(title(&model).contains("~ reconnecting in 1 s (3)"), "it counts down: {}", title(&model));
}

#[test]
fn a_small_window_says_state_and_percent_and_pauses() {
    for size in [(20, 3), (30, 5), (59, 100), (40, 15), (300, 15)] {
        for (scene, state) in
            [(Scene::Copying, "running"), (Scene::Paused, "paused"), (Scene::Differs, "failed")]
        {
            let model = fixture::model(scene, Screen::Log, size);
            let share = if scene == Scene::Differs { "100.0 %" } else { "50." };
            says(&model, &[state, share]);
            assert!(!shown(&model).contains('╭'), "no frame at {size:?}");
        }
        let mut model = fixture::model(Scene::Copying, Screen::Log, size);
        assert!(matches!(&press(&mut model, "p")[..], [Effect::Send(_)]), "{size:?}");
    }
    // Behind a frozen display it goes on, and there is no room to say that it is frozen.
    let mut frozen = fixture::model(Scene::Copying, Screen::Backfill, (80, 24));
    press(&mut frozen, "z");
    update(&mut frozen, Msg::Status(fixture::scene::status(Scene::Paused).into()), now());
    update(&mut frozen, Msg::Resize(40, 12), now());
    says(&frozen, &["paused"]);
}

#[test]
fn eighty_columns_are_composed() {
    // The frame is closed, nothing is cut in the middle of it, and the keys that matter are there.
    for scene in Scene::ALL {
        for screen in Screen::ALL {
            let model = fixture::model(scene, screen, (80, 24));
            let picture: Vec<_> = rows(&drawn(&model, &theme())).iter().map(|row| text(row)).collect();
            assert!(picture[1].starts_with('╭') && picture[1].ends_with('╮'), "{}", picture[1]);
            assert!(picture[23].starts_with('╰') && picture[23].ends_with('╯'), "{}", picture[23]);
            assert!(shown(&model).contains("? help"), "{scene:?} {screen:?}");
            assert!(picture[1].contains(screen.title()), "{}", picture[1]);
        }
    }
}

#[test]
fn quarters_say_at_every_width_whether_rows_are_counted_or_estimated() {
    for size in SIZES {
        let counted = |change: fn(&mut Status)| {
            let mut model = with(Scene::Copying, size, change);
            model.screen = Screen::Quarters;
            model
        };
        // Some periods are verified and most are not: the figures of all are not exact for that.
        says(&counted(|_| {}), &["source: counted exactly by the census"]);
        let estimated = counted(|status| {
            status.rows.exact = false;
            status.periods.iter_mut().for_each(|period| period.verified_at = None);
        });
        says(&estimated, &["source: estimated, before the census", "≈ 3,201,113"]);
        says(
            &fixture::model(Scene::Ready, Screen::Quarters, size),
            &["both sides: exact when last verified"],
        );
    }
}

/// What each screen is for, in the words of the contract, where there is room for all of it.
#[test]
fn every_screen_answers_its_question() {
    let (size, at) = ((160, 50), |scene, screen| fixture::model(scene, screen, (160, 50)));
    let answers: Vec<(Model, &[&str])> = vec![
        (fixture::empty(size), &["rows", "size", "created_at", "partitioned", "copying", "no primary key"]),
        (
            at(Scene::Copying, Screen::Layout),
            &[
                "from",
                "to",
                "rows",
                "heap",
                "indexes",
                "2024-01-01",
                "DEFAULT",
                "ahead",
                "▶ copying",
                "◆ sealed",
            ],
        ),
        (at(Scene::Copying, Screen::Quarters), &["source", "target", "delta", "share", " rows ─", "%", "█"]),
        (
            at(Scene::Slowed, Screen::Backfill),
            &[
                "▒ copying",
                "1 chunk 261",
                "2 waits",
                "rate",
                "rows/s",
                "ETA",
                "log 318 (+12/s)",
                "oldest",
                "slowed by",
            ],
        ),
        (
            at(Scene::Differs, Screen::Validation),
            &["verdict", "checked", "3 rows differ", "✓ equal", "ago", "f repair…", "e export…"],
        ),
        (
            super::upkeep::loaded(Page::Health, size),
            &[
                "lie in DEFAULT",
                "covered until",
                "0 ahead",
                "lacks on",
                "unlike its table",
                "dead",
                "vacuumed",
                "idle in",
            ],
        ),
        (super::upkeep::loaded(Page::Audit, size), &["reach", "partitions"]),
    ];
    for (model, words) in answers {
        says(&model, words);
    }
}

#[test]
fn differing_rows_are_seen_column_by_column() {
    let mut model = fixture::model(Scene::Differs, Screen::Validation, (160, 50));
    press(&mut model, "<down><enter><down>");
    says(&model, &["missing", "changed", "edited_at", "NULL"]);
}

#[test]
fn the_log_is_filtered_and_shows_the_sql_of_a_step() {
    let mut log = fixture::model(Scene::Ready, Screen::Log, (160, 50));
    says(&log, &["time", "kind", "event", "following"]);
    press(&mut log, "/capture<enter>");
    assert!(log.shown_events().len() < log.job.events.len());
    press(&mut log, "<up><enter>");
    says(&log, &["-- ", "CREATE TRIGGER"]);
}

#[test]
fn a_gap_between_partitions_is_seen() {
    let mut model = with(Scene::Copying, (100, 24), |status| drop(status.periods.remove(2)));
    model.screen = Screen::Layout;
    says(&model, &["gap: no partition", "2024-07-01 2024-10-01"]);
}

#[test]
fn the_heat_map_has_a_row_a_period_and_a_sign_a_state() {
    let model = fixture::model(Scene::Slowed, Screen::Backfill, (160, 50));
    let picture = shown(&model);
    let row = |title: &str| picture.lines().find(|line| line.contains(title)).unwrap_or_default().to_owned();
    for period in &model.status().unwrap().periods {
        assert!(!row(&period.title).is_empty(), "{}", period.title);
    }
    let heat: String = picture.lines().filter(|line| line.contains("20")).collect();
    for sign in ["·", "▒", "█", "▓", "X"] {
        assert!(heat.contains(sign), "{sign}:\n{picture}");
    }
}

#[test]
fn a_question_that_wants_the_name_shows_its_sql_its_locks_the_evidence_and_the_way_back() {
    let back = ["way back", "no way back", "a new conversion starts from nothing", "`reverse` restores"];
    for (scene, deed) in [
        (Scene::Ready, Deed::Swap),
        (Scene::NotYet, Deed::Swap),
        (Scene::ReverseWindow, Deed::Reverse),
        (Scene::ReverseWindow, Deed::Finish),
        (Scene::ReverseWindow, Deed::FinishAndDrop),
        (Scene::Copying, Deed::Abort),
    ] {
        let mut model = fixture::model(scene, Screen::Backfill, (120, 200));
        model.overlays.push(Overlay::Ask(Ask { deed, typed: String::new(), scroll: 0 }));
        says(&model, &["locks", "SQL", "-- ", "rows copied; ", "log 318 rows"]);
        let verified = if deed == Deed::Abort { "not verified" } else { "verified 12 s ago" };
        says(&model, &[verified]);
        let said = said(&model);
        assert!(back.iter().any(|words| said.contains(words)), "{deed:?}: {said}");
    }
    for deed in [Deed::StartRenaming, Deed::StartDropping] {
        let mut model = fixture::empty((120, 300));
        let wizards = super::sizes::overlays().into_iter();
        let shows = |overlay: &Overlay| overlay.context() == Context::Preview;
        model.overlays.extend(wizards.filter(shows).take(1));
        model.overlays.push(Overlay::Ask(Ask { deed, typed: String::new(), scroll: 0 }));
        says(&model, &["locks", "SQL", "-- "]);
        let said = said(&model);
        assert!(back.iter().any(|words| said.contains(words)), "{deed:?}: {said}");
        assert!(!said.contains("the plan is not at hand"), "{said}");
    }
}

#[test]
fn the_wizard_goes_from_the_table_to_a_question() {
    let mut model = fixture::empty((100, 30));
    press(&mut model, "<down><down><enter>");
    says(&model, &["chat_sessions", "key", "The column that says"]);
    press(&mut model, "<enter>");
    says(&model, &["period", "quarter"]);
    press(&mut model, "<enter>");
    says(&model, &["strategy", "online", "rename-first"]);
    press(&mut model, "<enter>");
    let effects = press(&mut model, "<enter>");
    let [Effect::MakePlan(request)] = &effects[..] else { panic!("{effects:?}") };
    let plan = std::sync::Arc::new(fixture::plan::plan());
    update(&mut model, Msg::Plan(request.clone(), Ok(plan)), now());
    for _ in 0..3 {
        press(&mut model, "<right>");
    }
    says(&model, &["cost", "locks", "way back", "SQL", "start…"]);
    assert_eq!(press(&mut model, "<enter>"), vec![]);
    says(&model, &["start the conversion", "y / N"]);
}
