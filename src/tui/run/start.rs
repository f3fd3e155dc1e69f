//! Starting the runner on the real terminal: theme, signals, panic hook, and their order.

use chrono::TimeDelta;
use crossterm::{event::EventStream, style::force_color_output};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::UnboundedSender,
};

use crate::{
    Error, Result,
    tui::{
        app::msg::{Msg, Signal},
        desk::{Desk, Opened},
        glyphs::Glyphs,
        run::{
            Ended, Runner,
            inbox::{Inbox, Outside},
        },
        terminal::{Tty, background, panic},
        theme::{Depth, Palette, Theme, colourless},
    },
};

/// What the command line says about the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--theme`; `None` asks `NO_COLOR` and the terminal.
    pub palette: Option<Palette>,
    /// Unicode, or `--ascii`.
    pub glyphs: Glyphs,
    /// `--reverse-window`: how long after the swap to remind of `finish`.
    pub reverse_window: Option<TimeDelta>,
}

/// Runs the console on the terminal until the operator leaves.
///
/// To be called inside `block_on`, not in a spawned task: the panic hook tells the console's own panic from
/// a worker's by its thread.
pub async fn run<D: Desk>(desk: D, options: Options, opened: Option<Opened>) -> Result<Ended> {
    let terminal = |source| Error::Io { path: "terminal".into(), source };
    let (inbox, outside, panics) = Inbox::new();
    let tty = Tty::take().map_err(|source| no_terminal(&source))?;
    let _watch = panic::watch(panics);
    // Asked before anybody reads the terminal's input, or the answer would be taken for keys.
    let theme = theme(options);
    // crossterm asks NO_COLOR by itself, and would leave the colours out that `--theme` asks for.
    force_color_output(true);
    watch_signals(&outside).map_err(terminal)?;
    let runner = Runner::new(desk, tty, theme, outside).reminding(options.reverse_window);
    Ok(runner.run(EventStream::new(), inbox, opened).await)
}

fn no_terminal(source: &std::io::Error) -> Error {
    Error::Usage {
        reason: format!("the console needs a terminal: {source}"),
        remedy:
            "take `--ui plain` or `--ui json` with run and demo; `quarterdeck status` looks from anywhere"
                .into(),
    }
}

fn theme(options: Options) -> Theme {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let term = variable("TERM");
    let depth = Depth::of(variable("COLORTERM").as_deref(), term.as_deref());
    let palette = options.palette.unwrap_or_else(|| {
        if colourless(variable).is_some() {
            Palette::Mono
        } else if background::ask() == Some(true) {
            Palette::Light
        } else {
            Palette::Dark
        }
    });
    Theme::new(palette, depth, options.glyphs)
}

/// SIGINT, SIGTERM and SIGHUP become messages: the reducer leaves step by step.
fn watch_signals(outside: &UnboundedSender<Outside>) -> std::io::Result<()> {
    for (kind, means) in [
        (SignalKind::interrupt(), Signal::Interrupt),
        (SignalKind::terminate(), Signal::Terminate),
        (SignalKind::hangup(), Signal::Hangup),
    ] {
        let (mut signals, outside) = (signal(kind)?, outside.clone());
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if outside.send(Outside::Msg(Msg::Signal(means))).is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}
