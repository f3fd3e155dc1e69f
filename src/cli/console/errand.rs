//! What `run --until swapped` and `--until finished` order in the operator's name while the console is open.
//!
//! Each command is sent once, when the migration lets it; the worker's answer is the console's to show. What the
//! operator does meanwhile counts as well: a pause holds it up, an abort ends it. It waits for a picture, never for time.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::{
    engine::{
        command::{Asked, Asker, Command},
        link::Link,
        orders,
        status::Status,
    },
    model::phase::State,
};

/// Sends `commands` over a link of this process's own worker, one after the other.
pub(super) fn send(link: &Link, by: Asker, commands: Vec<Command>) {
    tokio::spawn(run(link.status.clone(), link.commands.clone(), by, commands));
}

async fn run(
    mut status: watch::Receiver<Arc<Status>>,
    to: mpsc::Sender<Asked>,
    by: Asker,
    commands: Vec<Command>,
) {
    for command in commands {
        let wanted = |status: &Arc<Status>| lets(status, &command) || is_done(status, &command);
        // An error is the worker's end: nobody is left to be asked.
        let done = match status.wait_for(wanted).await {
            Ok(status) => is_done(&status, &command),
            Err(_) => return,
        };
        if done {
            continue;
        }
        if to.send(Asked { command, by: by.clone() }).await.is_err() {
            return;
        }
    }
}

/// The names are exchanged already: who gives them back later must not find them exchanged again.
fn is_done(status: &Status, command: &Command) -> bool {
    *command == Command::Swap && status.migration.phase.is_swapped()
}

/// It runs in this process, and its phase takes the command.
fn lets(status: &Status, command: &Command) -> bool {
    status.migration.state == State::Running
        && status.owner.as_ref().is_some_and(|owner| owner.ours)
        && orders::decide((status.migration.strategy(), status.migration.phase), command).is_ok()
}
