//! Throw-away servers come and go, and leave nothing; the test support that stands on them.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use quarterdeck::demo::{
    cluster::{Cluster, Options},
    leftovers::remove_leftovers,
    programs,
};

use crate::support::{self, schema};

/// A parent folder that the server's user may enter, whoever runs the tests.
fn open_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

async fn start_in(parent: &Path) -> Cluster {
    let options = Options { parent: parent.to_owned(), ..Options::default() }.set("fsync", "off");
    Cluster::start(&programs::find(None).unwrap(), &options).await.unwrap()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within 30 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn entries(parent: &Path) -> usize {
    std::fs::read_dir(parent).unwrap().count()
}

fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_under_test_starts_and_answers() {
    support::on_each_server(async |server| {
        let db = server.database("version").await;
        let shown = db.value("SHOW server_version").await;
        assert!(shown.starts_with(server.version()), "{shown}");
        assert_eq!(db.value("SELECT current_database()").await, db.name());
        assert_eq!(db.value("SHOW listen_addresses").await, "127.0.0.1");
        let stranger = db.conninfo_as("postgres", "wrong");
        assert!(
            tokio_postgres::connect(&stranger, tokio_postgres::NoTls).await.is_err(),
            "a password is needed"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_test_has_a_database_of_its_own_and_it_goes_with_the_test() {
    let (one, other) = (support::database("twins").await, support::database("twins").await);
    assert_ne!(one.name(), other.name());
    assert!(one.conninfo().contains(one.name()) && one.server().major() >= programs::OLDEST);
    let name = one.name().to_owned();
    let _still_connected = one.client().await;
    drop(one);
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(other.value(&left).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_and_drop_leave_no_server_and_no_folder() {
    let parent = open_folder();
    let cluster = start_in(parent.path()).await;
    let port = cluster.port();
    cluster.stop().await.unwrap();
    assert_eq!((entries(parent.path()), listens(port)), (0, false));

    let cluster = start_in(parent.path()).await;
    let port = cluster.port();
    drop(cluster);
    until("the keeper removes the folder", || entries(parent.path()) == 0).await;
    assert!(!listens(port));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_start_says_why_and_leaves_nothing() {
    let parent = open_folder();
    let options =
        Options { parent: parent.path().to_owned(), ..Options::default() }.set("no_such_setting", "1");
    let error = Cluster::start(&programs::find(None).unwrap(), &options).await.unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
    assert_eq!(entries(parent.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_given_up_leaves_nothing() {
    let parent = open_folder();
    let path = parent.path().to_owned();
    let start = tokio::spawn(async move { start_in(&path).await });
    until("the folder is made", || entries(parent.path()) == 1).await;
    start.abort();
    assert!(start.await.unwrap_err().is_cancelled(), "it was still starting");
    until("its keeper removes the folder", || entries(parent.path()) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_killed_together_with_its_keeper_is_removed_by_the_next() {
    let parent = open_folder();
    let (alive, killed) = (start_in(parent.path()).await, start_in(parent.path()).await);
    let (port, folder) = (killed.port(), killed.folder().to_owned());
    std::fs::create_dir(parent.path().join("somebody-elses")).unwrap();
    assert!(remove_leftovers(parent.path()).await.unwrap().is_empty(), "owners live");

    let kill = format!("kill -KILL {}", killed.keeper_pid());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    drop(killed);
    assert!(listens(port), "nobody was there to stop it");
    assert_eq!(remove_leftovers(parent.path()).await.unwrap(), [folder]);
    assert!(!listens(port) && listens(alive.port()));
    assert_eq!(entries(parent.path()), 2, "the living one and the stranger's folder stay");
    alive.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_server_outlives_its_owner_and_the_next_demo() {
    let parent = open_folder();
    let cluster = start_in(parent.path()).await;
    let port = cluster.port();
    let how_to_stop = cluster.keep().unwrap();
    assert!(remove_leftovers(parent.path()).await.unwrap().is_empty());
    assert!(listens(port));
    assert!(Command::new("sh").args(["-c", &how_to_stop]).status().unwrap().success());
    until("it stops as it said", || !listens(port)).await;
}

/// Not a test: what `a_killed_owner_is_cleaned_up_after` starts and kills.
#[tokio::test]
#[ignore = "runs until it is killed; started by another test"]
async fn holds_a_server_until_killed() {
    let parent = std::env::var("QUARTERDECK_TEST_PARENT").expect("started by another test");
    let _cluster = start_in(Path::new(&parent)).await;
    std::fs::write(Path::new(&parent).join("up"), "").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_owner_is_cleaned_up_after() {
    let parent = open_folder();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "demo::cluster::holds_a_server_until_killed", "--ignored"])
        .env("QUARTERDECK_TEST_PARENT", parent.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the owner's server is up", || parent.path().join("up").exists()).await;
    assert_eq!(entries(parent.path()), 2);
    owner.kill().unwrap();
    owner.wait().unwrap();
    until("its keeper removes the folder", || entries(parent.path()) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_dumps_see_what_changes_and_nothing_else() {
    support::on_each_server(async |server| {
        let db = server.database("dump").await;
        db.sql(
            "CREATE TABLE parent (id int PRIMARY KEY);
             CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p int REFERENCES parent, w text CHECK (w <> ''));
             CREATE INDEX t_w ON t (w) WHERE w > 'a';
             CREATE VIEW v AS SELECT id, w FROM t;
             COMMENT ON COLUMN t.w IS 'words'; COMMENT ON INDEX t_w IS 'part';
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();",
        )
        .await;
        let before = schema::schema_dump(&db, "public.t").await;
        let objects = schema::objects(&db).await;
        assert!(before.contains("comment on index public.t_w: part"), "{before}");
        for (change, undo) in [
            ("ALTER TABLE t DISABLE TRIGGER g", "ALTER TABLE t ENABLE TRIGGER g"),
            ("ALTER TABLE t ENABLE ALWAYS TRIGGER g", "ALTER TABLE t ENABLE TRIGGER g"),
            ("GRANT SELECT (w) ON t TO PUBLIC", "REVOKE SELECT (w) ON t FROM PUBLIC"),
            ("ALTER TABLE t SET (fillfactor = 50)", "ALTER TABLE t RESET (fillfactor)"),
            ("ALTER VIEW v SET (security_barrier)", "ALTER VIEW v RESET (security_barrier)"),
            ("ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0) NOT VALID", "ALTER TABLE t DROP CONSTRAINT c"),
            ("CREATE TABLE k () INHERITS (t)", "DROP TABLE k"),
        ] {
            db.sql(change).await;
            assert_ne!(schema::schema_dump(&db, "public.t").await, before, "{change}");
            db.sql(undo).await;
            assert_eq!(schema::schema_dump(&db, "public.t").await, before, "{undo}");
        }
        db.sql("CREATE FUNCTION left_behind() RETURNS int LANGUAGE sql AS 'SELECT 1'").await;
        assert_ne!(schema::objects(&db).await, objects);
    })
    .await;
}
