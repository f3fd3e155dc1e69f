//! What the console costs a frame, a key and an event, without a server: `cargo bench --bench console`.
//!
//! The process as a whole, its start and its idling, is `benches/console_process`. It asserts nothing.

#[expect(dead_code, reason = "the tests use all of it, this a part")]
#[path = "../../tests/console/fixture/mod.rs"]
mod fixture;
mod large;

use std::{collections::BTreeMap, hint::black_box, io, sync::Arc};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use quarterdeck::{
    engine::{
        context::Standing,
        event::Event,
        live::Broadcast,
        picture::{Parts, compose},
        status::Rows,
    },
    model::phase::Phase,
    tui::{
        app::{
            model::{Model, Screen},
            msg::Msg,
            update::update,
        },
        glyphs::Glyphs,
        keymap::Stroke,
        theme::{Depth, Palette, Theme},
        view::view,
    },
};
use ratatui::{
    Terminal, TerminalOptions, Viewport,
    backend::{CrosstermBackend, TestBackend},
    crossterm::event::KeyCode,
    layout::Rect,
};

use fixture::{Scene, now};

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];
/// Chunks of a big table, and the most that a heap is cut into.
const CHUNKS: [usize; 2] = [1_000, 2_048];
const EVENTS: i64 = 100_000;

fn theme() -> Theme {
    Theme::new(Palette::Dark, Depth::True, Glyphs::Unicode)
}

/// Every screen, drawn into memory.
fn frame(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    for screen in Screen::ALL {
        for (columns, rows) in SIZES {
            let counts = if screen == Screen::Backfill { &CHUNKS[..] } else { &CHUNKS[..1] };
            for chunks in counts {
                let model = large::model(screen, (columns, rows), *chunks);
                let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("memory");
                let name = format!("{} {columns}x{rows}, {chunks} chunks", screen.title());
                group.bench_function(name, |bencher| {
                    bencher.iter(|| {
                        let Ok(_) = terminal.draw(|frame| view(black_box(&model), &theme(), frame));
                    });
                });
            }
        }
    }
}

/// A key taken on, its picture drawn, and what changed written as the terminal's own sequences.
fn key(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("key to paint");
    // There and back: a step in the list, and another screen.
    for (what, keys) in
        [("a step", [KeyCode::Down, KeyCode::Up]), ("a screen", [KeyCode::Char('6'), KeyCode::Char('3')])]
    {
        for (columns, rows) in SIZES {
            let mut model = large::model(Screen::Backfill, (columns, rows), CHUNKS[0]);
            let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, columns, rows)) };
            let mut terminal =
                Terminal::with_options(CrosstermBackend::new(io::sink()), options).expect("a fixed size");
            let mut next = keys.into_iter().cycle();
            group.bench_function(format!("{what} {columns}x{rows}"), |bencher| {
                bencher.iter(|| {
                    let code = next.next().expect("a cycle");
                    update(&mut model, Msg::Key(Stroke { code, ctrl: false }), now());
                    terminal.draw(|frame| view(&model, &theme(), frame)).expect("a sink takes all");
                });
            });
        }
    }
}

/// Events as they come, with the numbers that the journal gives them.
fn events() -> Vec<Event> {
    let bodies = fixture::events::until(&fixture::scene::status(Scene::Ready));
    (1..=EVENTS).zip(bodies.into_iter().cycle()).map(|(seq, event)| Event { seq, ..event }).collect()
}

/// Events folded into the console's log, and pictures taken on.
fn fold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold");
    let console = || {
        let mut model: Model = large::model(Screen::Log, (120, 40), CHUNKS[0]);
        model.job.events.clear();
        model
    };
    group.sample_size(10);
    group.bench_function(format!("{EVENTS} events"), |bencher| {
        bencher.iter_batched(
            || (console(), events()),
            |(mut model, events)| {
                for event in events {
                    update(&mut model, Msg::Event(Box::new(event)), now());
                }
                model
            },
            BatchSize::PerIteration,
        );
    });
    let picture = Arc::new(large::status(CHUNKS[0]));
    let mut model = console();
    group.bench_function("a picture", |bencher| {
        bencher.iter(|| update(&mut model, Msg::Status(Arc::clone(&picture)), now()));
    });
}

/// The picture that an owner paints four times a second, and a watcher twice.
fn picture(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("picture");
    let scheme = fixture::plan::plan().scheme;
    let standing = Standing {
        phase: Phase::Copying,
        fingerprint: String::new(),
        paused: None,
        verified_at: None,
        swapped_at: None,
        last_error: None,
        unknown: None,
    };
    for chunks in CHUNKS {
        let board = large::board(&large::status(chunks));
        let (live, sizes) = (Broadcast::default(), BTreeMap::new());
        let parts = || Parts {
            now: now(),
            scheme: &scheme,
            standing: &standing,
            board: &board,
            owner: None,
            live: &live,
            log: Rows::default(),
            diffs: Arc::default(),
            duplicate_keys: vec![],
            sizes: &sizes,
        };
        group.bench_function(format!("{chunks} chunks"), |bencher| bencher.iter(|| compose(parts())));
        let (one, other) = (compose(parts()), compose(parts()));
        group.bench_function(format!("{chunks} chunks, says the same"), |bencher| {
            bencher.iter(|| black_box(&one).says_the_same_as(black_box(&other)));
        });
    }
}

criterion_group!(benches, frame, key, fold, picture);
criterion_main!(benches);
