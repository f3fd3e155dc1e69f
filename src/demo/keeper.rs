//! The process that starts a throw-away server and clears up after us, and our end of the pipe it listens to.
//!
//! It does its work when the pipe closes, so dropping a [`Keeper`], or dying, is enough; nothing here needs to be run at
//! the end. See `assets/demo/keeper.sh`.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Stdio},
    time::Duration,
};

use crate::{
    demo::{place::Place, programs::Programs},
    error::{Error, Result},
};

/// How long the server may take to start.
const START_WITHIN: Duration = Duration::from_mins(1);

const SCRIPT: &str = include_str!("../../assets/demo/keeper.sh");

/// A running keeper.
#[derive(Debug)]
pub(super) struct Keeper {
    process: Child,
    pipe: ChildStdin,
    says: BufReader<ChildStdout>,
}

/// Whether the keeper did what it was asked; the place's log says why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is done.
    Done,
    /// It did not work.
    Failed,
}

impl Keeper {
    /// Starts a keeper, which at once makes the server's data; [`Keeper::answer`] tells when.
    pub(super) fn start(place: &Place, programs: &Programs) -> Result<Self> {
        let mut process = place
            .command(Path::new("/bin/sh"))
            .args(["-c", SCRIPT, "quarterdeck-keeper"])
            .arg(programs.bin())
            .arg(&place.folder)
            .arg(START_WITHIN.as_secs().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::io("/bin/sh"))?;
        let (Some(pipe), Some(says)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(Error::Bug("the keeper has no pipes".into()));
        };
        Ok(Self { process, pipe, says: BufReader::new(says) })
    }

    /// Waits for its next word.
    pub(super) fn answer(&mut self) -> Result<Answer> {
        let mut word = String::new();
        self.says.read_line(&mut word).map_err(lost)?;
        Ok(if matches!(word.trim(), "made" | "ready") { Answer::Done } else { Answer::Failed })
    }

    /// Starts the server, and waits until it accepts connections.
    pub(super) fn start_server(&mut self) -> Result<Answer> {
        self.pipe.write_all(b"start\n").map_err(lost)?;
        self.answer()
    }

    /// Leaves the server and its folder alone for good.
    pub(super) fn keep(mut self) -> Result<()> {
        self.pipe.write_all(b"keep\n").map_err(lost)
    }

    /// Has the server stopped and its folder removed, and waits for both.
    pub(super) fn release(mut self) -> Result<()> {
        drop(self.pipe);
        self.process.wait().map(drop).map_err(lost)
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }
}

fn lost(source: std::io::Error) -> Error {
    Error::io("the keeper of the demo's server")(source)
}
