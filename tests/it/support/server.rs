//! One server per PostgreSQL version under test and per test process, started when first needed.
//!
//! Nothing stops them explicitly: their keeper does, when the test process ends, however it ends.

use std::{
    io::Write,
    path::Path,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use quarterdeck::demo::{
    cluster::{Cluster, Options},
    programs::{self, Programs},
};
use tokio::sync::OnceCell;

use super::Db;

/// Lists the folders to test against.
const ENV: &str = "QUARTERDECK_TEST_PG";

static SERVERS: LazyLock<Vec<Server>> = LazyLock::new(|| {
    let servers: Vec<Server> = programs_under_test().into_iter().map(Server::new).collect();
    // Not `eprintln!`, which the test harness captures: a run says what it tested against.
    let mut stderr = std::io::stderr();
    for server in &servers {
        let bin = server.programs.bin().display();
        writeln!(stderr, "testing against PostgreSQL {} in {bin}", server.version()).expect("stderr is open");
    }
    servers
});

/// A PostgreSQL version under test.
pub(crate) struct Server {
    programs: Programs,
    cluster: OnceCell<Cluster>,
    databases: AtomicU32,
}

impl Server {
    fn new(programs: Programs) -> Self {
        Self { programs, cluster: OnceCell::new(), databases: AtomicU32::new(0) }
    }

    /// `15.18`.
    pub(crate) fn version(&self) -> &str {
        self.programs.version()
    }

    /// `15`.
    pub(crate) fn major(&self) -> u32 {
        self.programs.major()
    }

    /// Its programs.
    pub(crate) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The running server.
    pub(crate) async fn cluster(&self) -> &Cluster {
        let start = async || {
            let options = Options::default()
                .set("fsync", "off")
                .set("full_page_writes", "off")
                .set("max_wal_size", "4GB")
                .set("max_connections", "200")
                .set("max_prepared_transactions", "10")
                .set("max_wal_senders", "10")
                .set("shared_preload_libraries", "pg_stat_statements")
                .set("wal_level", "logical")
                // Whose a line of the log is: of which database and which session.
                .set("log_line_prefix", "%d|%a|");
            Cluster::start(&self.programs, &options).await.expect("the server starts")
        };
        self.cluster.get_or_init(start).await
    }

    /// A new, empty database of this server; `name` is for people, and need not be unique.
    pub(crate) async fn database(&'static self, name: &str) -> Db {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        Db::create(self, format!("{name}_{number}"), None).await
    }

    /// A copy of a database, whose sessions end.
    pub(crate) async fn copy(&'static self, of: &Db) -> Db {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        Db::create(self, format!("copy_{number}"), Some(of)).await
    }

    /// Another one of the same version, whose processes a test may kill.
    pub(crate) fn another(&self) -> &'static Self {
        Box::leak(Box::new(Self::new(self.programs.clone())))
    }
}

/// All servers under test.
pub(crate) fn all() -> &'static [Server] {
    &SERVERS
}

/// Runs a test's body once per server, and says on which it failed.
pub(crate) async fn on_each_server(body: impl AsyncFn(&'static Server)) {
    for server in all() {
        // Shown by the test harness only where the test fails: the last line names the server.
        eprintln!("on PostgreSQL {}", server.version());
        body(server).await;
    }
}

/// A new, empty database on the first server: for tests that do not depend on the version.
pub(crate) async fn database(name: &str) -> Db {
    all()[0].database(name).await
}

fn programs_under_test() -> Vec<Programs> {
    match std::env::var(ENV) {
        Ok(list) if !list.is_empty() => list
            .split(':')
            .map(|bin| Programs::at(Path::new(bin)).unwrap_or_else(|e| panic!("{ENV}: {e}")))
            .collect(),
        _ => vec![programs::find(None).expect("a PostgreSQL server to test against")],
    }
}
