//! A pooler between us and the server, with a real pgbouncer: transaction and statement mode are refused.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use quarterdeck::{
    error::Error,
    pg::{Target, pooler::refuse_transaction_pooler},
};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{self, Db};

/// A pgbouncer before one database; killed when dropped.
struct Bouncer {
    process: Child,
    target: Target,
    _folder: tempfile::TempDir,
}

impl Bouncer {
    /// `None`, said aloud, on a machine without it; where `QUARTERDECK_TEST_PG` says what to test against, as CI does, a
    /// failure.
    async fn start(db: &Db, settings: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let server = db.target();
        let password = db.conninfo().split("password=").nth(1).unwrap().split(' ').next().unwrap();
        let users = folder.path().join("users.txt");
        fs::write(&users, format!("\"{}\" \"{password}\"\n", server.user())).unwrap();
        let config = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = trust\nauth_file = {}\nunix_socket_dir =\n{settings}\n",
            server.host(),
            server.port(),
            users.display(),
        );
        fs::write(&config, text).unwrap();
        // Root hands it to `nobody` below, who must be able to read both.
        for (path, mode) in [(folder.path(), 0o755), (users.as_path(), 0o644), (config.as_path(), 0o644)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        // Debian puts it where ordinary users do not look.
        let debians = Path::new("/usr/sbin/pgbouncer");
        let mut command = Command::new(if debians.exists() { debians } else { Path::new("pgbouncer") });
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            command.args(["-u", "nobody"]);
        }
        let started = command.arg("-q").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = match started {
            Ok(process) => process,
            Err(e)
                if e.kind() == ErrorKind::NotFound && std::env::var_os("QUARTERDECK_TEST_PG").is_none() =>
            {
                eprintln!(
                    "pgbouncer is not installed (Debian: apt-get install pgbouncer): poolers are not tested"
                );
                return None;
            }
            Err(e) => panic!("pgbouncer does not start: {e}"),
        };
        let conn = format!("host=127.0.0.1 port={port} user={} dbname={}", server.user(), db.name());
        let bouncer = Self { process, target: Target::parse(&conn).unwrap(), _folder: folder };
        bouncer.wait().await;
        Some(bouncer)
    }

    async fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Err(error) = self.target.open("test").await {
            assert!(Instant::now() < deadline, "pgbouncer does not answer: {error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

async fn refused(settings: &str) {
    let db = support::database("pooler").await;
    let Some(bouncer) = Bouncer::start(&db, settings).await else { return };
    let error = refuse_transaction_pooler(&bouncer.target).await.expect_err(settings);
    assert!(matches!(error, Error::Refused { id: "QD-018", .. }), "{settings}: {error}");
    assert!(error.hint().unwrap().contains("connect to the server itself"));
    assert_eq!(error.exit_code(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_mode_is_refused() {
    refused("pool_mode = transaction").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_mode_in_turn_is_refused() {
    refused("pool_mode = transaction\nserver_round_robin = 1\nmin_pool_size = 10").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_mode_with_one_connection_is_refused() {
    refused("pool_mode = transaction\ndefault_pool_size = 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_mode_is_refused() {
    refused("pool_mode = statement").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_mode_is_let_through() {
    let db = support::database("pooler").await;
    let Some(bouncer) = Bouncer::start(&db, "pool_mode = session").await else { return };
    refuse_transaction_pooler(&bouncer.target).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_timeout_of_the_database_does_not_end_the_check() {
    let db = support::database("pooler").await;
    let limit = "idle_in_transaction_session_timeout";
    db.sql(&format!("ALTER DATABASE \"{}\" SET {limit} = '1ms'", db.name())).await;
    refuse_transaction_pooler(&db.target()).await.unwrap();
    let session = db.session().await;
    for (limit, ours) in [(limit, "20s"), ("statement_timeout", "0"), ("idle_session_timeout", "0")] {
        let set = session.query_one("show", &format!("SHOW {limit}"), &[]).await.unwrap();
        assert_eq!(set.get::<_, String>(0), ours, "{limit}");
    }
}

/// The server behind a door that counts who comes.
async fn counted(db: &Db) -> (Target, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = (db.target().host().to_owned(), db.target().port());
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            seen.fetch_add(1, Ordering::SeqCst);
            let mut server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    let target = Target::parse(&format!("{} host=127.0.0.1 port={port}", db.conninfo())).unwrap();
    (target, count)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_itself_is_known_by_one_connection() {
    let db = support::database("pooler").await;
    let (target, count) = counted(&db).await;
    refuse_transaction_pooler(&target).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_itself_is_let_through_beside_others() {
    let db = support::database("pooler").await;
    let target = db.target();
    let checks = (0..4).map(|_| refuse_transaction_pooler(&target));
    for check in futures_util::future::join_all(checks).await {
        check.unwrap();
    }
}
