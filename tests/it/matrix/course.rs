//! The course of commands that is disturbed, and the databases as they are before each of them.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use quarterdeck::{
    demo::{
        data::{self, Login},
        oracle,
        traffic::{self, Traffic},
    },
    pg::Target,
};

use super::point::{self, Fault, Point};
use crate::{
    commands::tool::{Said, TABLE, Tool},
    support::{
        Db,
        schema::{objects, schema_dump},
        server::Server,
    },
};

/// One command, and the phase that it ends in.
pub(super) struct Command {
    words: &'static [&'static str],
    phase: &'static str,
}

impl Command {
    pub(super) fn name(&self) -> String {
        self.words.join(" ")
    }
}

// A budget that a machine busy with other tests keeps too.
pub(super) const COMMANDS: [Command; 5] = [
    Command { words: &["run", TABLE, "--every", "year", "--until", "ready"], phase: "ready" },
    Command { words: &["swap", TABLE, "--yes", TABLE, "--lock-budget", "700"], phase: "reverse_window" },
    Command { words: &["reverse", TABLE, "--yes", TABLE, "--lock-budget", "700"], phase: "reversed" },
    Command { words: &["abort", TABLE, "--yes", TABLE], phase: "aborted" },
    Command { words: &["finish", TABLE, "--drop-source", "--yes", TABLE], phase: "finished" },
];
/// Behind which command each of them comes; none is behind the beginning.
const BEHIND: [Option<usize>; COMMANDS.len()] = [None, Some(0), Some(1), Some(2), Some(1)];
const ROWS: u32 = 1_500;
/// The most attempts until a command that was disturbed is through.
const ATTEMPTS: usize = 6;

/// The course, run once without a disturbance.
pub(super) struct Course {
    server: &'static Server,
    role: String,
    beginning: Db,
    ends: Vec<End>,
    /// The same seed would draw the same ids again.
    seed: AtomicU32,
}

/// What a command leaves.
struct End {
    db: Db,
    /// The statements that it ran, as the failpoints list them.
    list: String,
    left: String,
}

impl Course {
    pub(super) async fn run(server: &'static Server) -> Self {
        let beginning = server.database("matrix").await;
        let role = format!("app_{}", beginning.name());
        let app = Login { role: role.clone(), password: "secret".into() };
        let session = beginning.session().await;
        let now = chrono::Utc::now();
        let made = data::Options { rows: ROWS, seed: 7, now, app: app.clone() };
        data::make(&session, &made, &|_| ()).await.unwrap();
        oracle::make(&session, &app).await.unwrap();
        drop(session);
        let mut course = Self { server, role, beginning, ends: Vec::new(), seed: AtomicU32::new(1) };
        for (at, command) in COMMANDS.iter().enumerate() {
            let db = course.before(at).await;
            let traffic = course.traffic(&db).await;
            let folder = tempfile::tempdir().unwrap();
            let list = folder.path().join("list");
            let set = [("QUARTERDECK_FAILPOINT_LIST", list.to_str().unwrap())];
            let tool = Tool::on(&db);
            let said = said(&tool, at, &set).await;
            assert!(said.as_ref().is_some_and(|said| said.code == 0), "{}: {said:?}", command.name());
            assert_eq!(traffic.stop().await.failed, Vec::<String>::new());
            let left = left(&tool, &db).await;
            course.ends.push(End { db, list: std::fs::read_to_string(list).unwrap(), left });
        }
        course
    }

    pub(super) fn points(&self, fault: Fault) -> Vec<Point> {
        self.ends.iter().enumerate().flat_map(|(at, end)| point::of(at, &end.list, fault)).collect()
    }

    /// The database as it was before a command.
    async fn before(&self, at: usize) -> Db {
        self.server.copy(BEHIND[at].map_or(&self.beginning, |behind| &self.ends[behind].db)).await
    }

    /// The application, in one copy of the database.
    async fn traffic(&self, db: &Db) -> Traffic {
        let target = Target::parse(&db.conninfo_as(&self.role, "secret")).unwrap();
        let seed = self.seed.fetch_add(1, Ordering::Relaxed);
        let options = traffic::Options { tps: 40, workers: 2, seed, transactions: None };
        Traffic::start(&target, &options).await.unwrap()
    }

    /// Disturbs a command at a moment and gives it again until it is through; whether the moment came.
    pub(super) async fn disturbed(&self, point: &Point, fault: Fault) -> bool {
        let at = point.command;
        let what = format!("{}: {fault} {point}", COMMANDS[at].name());
        eprintln!("{what}");
        let db = self.before(at).await;
        let traffic = self.traffic(&db).await;
        let folder = tempfile::tempdir().unwrap();
        let reached = folder.path().join("reached");
        let what_dies = match fault {
            Fault::Tool => "$PPID".to_owned(),
            Fault::Server => self.checkpointer(&db).await,
            Fault::Answer => String::new(),
        };
        let end = if what_dies.is_empty() {
            String::new()
        } else {
            format!(" && kill -9 {what_dies} && sleep 0.3")
        };
        let run = format!("touch {}{end}", reached.display());
        let moment = point.to_string();
        let set = [("QUARTERDECK_FAILPOINT", moment.as_str()), ("QUARTERDECK_FAILPOINT_RUN", run.as_str())];
        let tool = Tool::on(&db);
        let mut all = vec![said(&tool, at, &set).await];
        // A server that was killed is not up again at once: that is said, and proves nothing.
        db.up().await;
        let mut through = false;
        for _ in 0..ATTEMPTS {
            let again = said(&tool, at, &[]).await;
            through =
                again.as_ref().is_some_and(|said| said.code == 0) || phase(&tool).await == COMMANDS[at].phase;
            all.push(again);
            if through {
                break;
            }
        }
        assert!(through, "{what}: {all:#?}");
        let failed = traffic.stop().await.failed;
        assert!(fault == Fault::Server || failed.is_empty(), "{what}: {failed:#?}");
        assert_eq!(phase(&tool).await, COMMANDS[at].phase, "{what}: {all:#?}");
        let left = left(&tool, &db).await;
        assert!(
            left == self.ends[at].left,
            "{what}: {}\n{all:#?}",
            first_difference(&self.ends[at].left, &left)
        );
        assert_eq!(oracle::difference(&db.session().await).await.unwrap(), 0, "{what}: {all:#?}");
        reached.exists()
    }

    /// A process of the server: where one dies badly, all sessions end, and it recovers.
    async fn checkpointer(&self, db: &Db) -> String {
        db.value("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'").await
    }
}

/// Gives a command; nothing where it was killed.
async fn said(tool: &Tool, at: usize, set: &[(&str, &str)]) -> Option<Said> {
    let mut command = tokio::process::Command::from(tool.command(COMMANDS[at].words));
    command.envs(set.iter().copied()).kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(90), command.output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{} with {set:?} does not end", COMMANDS[at].name()));
    let output = ended.unwrap();
    output.status.code().map(|_| Said::of(&output))
}

async fn phase(tool: &Tool) -> String {
    let said = tool.run(&["status", TABLE, "--json"]).await;
    let all: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_default();
    all[0]["migration"]["phase"].as_str().unwrap_or("none").to_owned()
}

/// What there is when a command is through: the catalogue's side of it, in words that say nothing of the migration's id.
async fn left(tool: &Tool, db: &Db) -> String {
    let mut text = schema_dump(db, "public.chat_messages").await + "\n" + &objects(db).await;
    let status = tool.status().await;
    let id = status["migration"]["id"].as_str().unwrap();
    for id in [id, &id[id.len() - 12..]] {
        text = text.replace(id, "ID");
    }
    text
}

fn first_difference(one: &str, other: &str) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (lines(one), lines(other));
    let missing: Vec<_> = one.iter().filter(|line| !other.contains(line)).collect();
    let new: Vec<_> = other.iter().filter(|line| !one.contains(line)).collect();
    format!("missing {missing:#?}, new {new:#?}")
}
