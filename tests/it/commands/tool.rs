//! The binary as a process: its words, its lines as they come, its signals, its end.

use std::process::{Command, Output, Stdio};

use quarterdeck::demo::data::{self, Login};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout},
    task::JoinHandle,
};

use crate::support::{Db, server::Server};

/// The table that is converted.
pub(crate) const TABLE: &str = "chat_messages";

/// The binary, far from this process's PG* variables, home and log.
pub(crate) struct Tool {
    home: tempfile::TempDir,
    conn: Option<String>,
}

/// What a process said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Tool {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), conn: None }
    }

    /// Connects to this database unless its words say otherwise.
    pub(crate) fn on(db: &Db) -> Self {
        Self { conn: Some(db.conninfo().to_owned()), ..Self::new() }
    }

    /// Connects there unless its words say otherwise.
    pub(crate) fn to(conninfo: String) -> Self {
        Self { conn: Some(conninfo), ..Self::new() }
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("HOME", self.home.path());
        for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "QUARTERDECK_CONFIG", "QUARTERDECK_LOG"] {
            command.env_remove(name);
        }
        command.args(words).stdin(Stdio::null());
        if let Some(conn) = &self.conn {
            command.args(["--conn", conn]);
        }
        command
    }

    /// Gives it settings.
    pub(crate) fn settings(&self, text: &str) {
        let folder = self.home.path().join(".config/quarterdeck");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// Where its log is.
    pub(crate) fn log(&self) -> std::path::PathBuf {
        self.home.path().join(".local/state/quarterdeck/quarterdeck.log")
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self, words: &[&str]) -> Said {
        let mut command = tokio::process::Command::from(self.command(words));
        Said::of(&command.kill_on_drop(true).output().await.unwrap())
    }

    /// Runs it to its end, which must be a success; what it printed.
    pub(crate) async fn done(&self, words: &[&str]) -> String {
        let said = self.run(words).await;
        assert_eq!(said.code, 0, "{words:?}: {said:?}");
        said.out
    }

    /// The table's newest migration, as `status --json` has it.
    pub(crate) async fn status(&self) -> Value {
        let text = self.done(&["status", TABLE, "--json"]).await;
        let Value::Array(mut all) = serde_json::from_str(&text).unwrap() else { panic!("no array: {text}") };
        assert!(!all.is_empty());
        all.remove(0)
    }

    /// Starts it; its events are read as they come.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        self.start_plain(&[words, &["--ui", "json"]].concat())
    }

    /// Starts a command that is not asked for events; its lines are read as they come, without a meaning.
    pub(crate) fn start_plain(&self, words: &[&str]) -> Running {
        let mut command = tokio::process::Command::from(self.command(words));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stderr = child.stderr.take().unwrap();
        let err = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.unwrap();
            text
        });
        Running { child, lines, err, events: Vec::new() }
    }
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// It failed with this code, one line of error and one of remedy, and nothing on standard output.
    pub(crate) fn failed(&self, code: i32, part: &str) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        assert!(self.err.contains(part), "{part}: {}", self.err);
        assert!(self.err.starts_with("error: ") && self.err.contains("\nhint: "), "{}", self.err);
        assert_eq!(self.err.lines().count(), 2, "{}", self.err);
    }
}

/// A running process with `--ui json`.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    err: JoinHandle<String>,
    events: Vec<Value>,
}

/// How a process with `--ui json` ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) events: Vec<Value>,
    pub(crate) err: String,
}

impl Running {
    /// The next event; `None` where there is none any more.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let line = self.lines.next_line().await.unwrap()?;
        // A command without events speaks in words.
        let event: Value = if line.starts_with('{') {
            serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
        } else {
            Value::String(line)
        };
        self.events.push(event.clone());
        Some(event)
    }

    /// Reads on until the next event of this name.
    pub(crate) async fn until(&mut self, name: &str) -> Value {
        self.until_that(|event| event["event"] == name).await
    }

    /// Reads on until the next event that fits.
    pub(crate) async fn until_that(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        while let Some(event) = self.next().await {
            if fits(&event) {
                return event;
            }
        }
        let err = (&mut self.err).await.unwrap();
        panic!("it ended before that: {:#?}\n{err}", self.events);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends a signal: `INT`, `TERM`, …
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// `kill -9`; returns when it is dead: whether it was alive until then.
    pub(crate) async fn kill(mut self) -> bool {
        self.child.start_kill().unwrap();
        self.child.wait().await.unwrap().code().is_none()
    }

    /// Reads to its end.
    pub(crate) async fn end(mut self) -> Ended {
        while self.next().await.is_some() {}
        let code = self.child.wait().await.unwrap().code().unwrap();
        Ended { code, events: self.events, err: self.err.await.unwrap() }
    }
}

impl Ended {
    /// The last line is `closed` and says this, as the exit code does.
    pub(crate) fn closed(&self, end: &str, code: i32) {
        let last = self.events.last().unwrap_or(&Value::Null);
        assert_eq!((&last["event"], &last["end"]), (&"closed".into(), &end.into()), "{self:#?}");
        assert_eq!((&last["exit_code"], self.code), (&code.into(), code), "{self:#?}");
    }

    /// Whether an event of this name was among them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.events.iter().any(|event| event["event"] == name)
    }
}

/// A shop's tables, without traffic.
pub(crate) async fn quiet_shop(server: &'static Server, rows: u32) -> Db {
    let db = server.database("commands").await;
    let app = Login { role: format!("app_{}", db.name()), password: "secret".into() };
    let options = data::Options { rows, seed: 7, now: chrono::Utc::now(), app };
    data::make(&db.session().await, &options, &|_| ()).await.unwrap();
    db
}
