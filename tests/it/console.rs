//! The console on a pseudo-terminal and a real server: a table is converted with keys, and the catalogue is asked what
//! became of it. What the screens look like is tested beside the console.

use std::time::Duration;

use portable_pty::CommandBuilder;

use quarterdeck::pg::Session;

use crate::{
    commands::tool::Tool,
    support::{self, Db},
    terminal::{DARK, Terminal},
};

pub(crate) const TABLE: &str = "CREATE TABLE chat (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, body text);\
    INSERT INTO chat SELECT n, timestamptz '2024-01-01' + n * interval '3 hours', 'row ' || n \
    FROM generate_series(1, 3000) n; ANALYZE chat";

/// The console with these words, far from this process's PG* variables, home and log.
pub(crate) struct Console {
    pub(crate) terminal: Terminal,
    home: tempfile::TempDir,
}

impl Console {
    pub(crate) fn start(words: &[&str]) -> Self {
        Self::with("", &[], words)
    }

    /// The console with these settings and variables.
    fn with(settings: &str, variables: &[(&str, &str)], words: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/quarterdeck");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), settings).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_quarterdeck"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("HOME", home.path());
        for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "QUARTERDECK_CONFIG", "QUARTERDECK_LOG", "NO_COLOR"]
        {
            command.env_remove(name);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(home.path());
        command.args(words);
        Self { terminal: Terminal::start(command, DARK), home }
    }

    /// Presses keys, then waits for what they bring.
    pub(crate) fn press(&self, keys: &str, then: &str) {
        self.terminal.press(keys);
        self.terminal.sees(then);
    }

    /// Answers the open question with the table's name, once all that must hold is known.
    fn confirm(&self, then: &str) {
        self.terminal.sees("✓ prepared transactions");
        self.press("chat", "│ chat▏");
        self.press("\r", then);
    }

    /// Waits for the end; the exit code and what is left on the screen.
    pub(crate) fn end(self) -> (u32, String) {
        let (status, left) = self.terminal.end();
        (status.exit_code(), left)
    }
}

/// What owns the name: `r`, a table, or `p`, a partitioned one; and how many rows it has.
async fn owner_of_the_name(db: &Db) -> String {
    let kind = db.value("SELECT relkind FROM pg_class WHERE oid = 'public.chat'::regclass").await;
    format!("{kind} {}", db.value("SELECT count(*) FROM chat").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_converted_there_and_back_with_keys() {
    let db = support::database("console").await;
    db.sql(TABLE).await;
    let console = Console::start(&[db.conninfo()]);
    console.terminal.sees("▸chat ");
    console.press("\r", "The column that says to which period a row belongs.");
    console.press("\r", "5 partitions of ≈ 600 rows");
    console.press("\r", "copies while the application writes");
    console.press("\r", "incoming foreign keys");
    console.press("\r", "12 finish");
    console.press("\r", "start the conversion");
    console.press("y", "READY ▶ running");
    assert_eq!(owner_of_the_name(&db).await, "r 3000", "nothing is swapped unasked");
    console.press("2", "both sides: exact when last verified");
    console.terminal.resize(40, 120);
    console.terminal.sees("? help");

    console.press("s", "type chat to confirm");
    console.confirm("REVERSE WINDOW ▶ running");
    assert_eq!(owner_of_the_name(&db).await, "p 3000");
    db.sql("INSERT INTO chat VALUES (9001, '2024-02-03', 'after the swap')").await;

    console.press("u", "give the names back");
    console.confirm("REVERSED ▶ running");
    assert_eq!(owner_of_the_name(&db).await, "r 3001", "with what was written meanwhile");

    console.press("q", "The migration stays stopped");
    console.terminal.press("y");
    let (code, left) = console.end();
    assert_eq!(code, 5, "stopped by the operator");
    assert!(left.contains("chat_2024_q1") && left.contains("verified"), "a summary to paste: {left}");
    assert_eq!(db.value("SELECT phase FROM quarterdeck.migration").await, "reversed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_on_the_list_of_tables_writes_nothing_and_holds_no_connection() {
    let db = support::database("console_idle").await;
    db.sql(TABLE).await;
    let console = Console::start(&[db.conninfo()]);
    console.terminal.sees("▸chat ");
    let written = console.terminal.falls_silent(Duration::from_millis(1_200));
    let ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name LIKE 'quarterdeck%'";
    assert_eq!(db.value(ours).await, "0");
    assert_eq!(console.terminal.written(), written);
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_goes_as_far_as_asked_and_its_console_stays() {
    let db = support::database("console_run").await;
    db.sql(TABLE).await;
    let words = ["run", "chat", "--ui", "tui", "--workers", "1", "--until", "swapped", "--yes", "chat"];
    let limits = ["--reverse-window", "1s", "--conn", db.conninfo()];
    let console = Console::start(&[&words[..], &limits[..]].concat());
    console.terminal.sees("REVERSE WINDOW ▶ running");
    console.terminal.sees("the reverse window is over; F finishes, u reverses");
    assert_eq!(owner_of_the_name(&db).await, "p 3000");
    let workers = "SELECT workers FROM quarterdeck.migration";
    assert_eq!(db.value(workers).await, "1");
    console.terminal.signal("TERM");
    let (code, _) = console.end();
    assert_eq!(code, 0, "it is as far as asked");

    // Another plan than the journal's is refused before a console opens.
    let console =
        Console::start(&["run", "chat", "--every", "month", "--ui", "tui", "--conn", db.conninfo()]);
    console.terminal.sees("another plan: --every differs");
    assert_eq!(console.end().0, 3);

    let console =
        Console::start(&["run", "chat", "--until", "finished", "--yes", "chat", "--conn", db.conninfo()]);
    console.terminal.sees("FINISHED");
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
    assert_eq!(db.value("SELECT phase FROM quarterdeck.migration").await, "finished");
    assert_eq!(owner_of_the_name(&db).await, "p 3000");
}

/// A partitioned table that lacks the statistics of all of it.
const UNANALYZED: &str = "CREATE TABLE m (at date) PARTITION BY RANGE (at);
     CREATE TABLE m_all PARTITION OF m FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
     INSERT INTO m SELECT date '2026-01-01' + n % 300 FROM generate_series(1, 1000) n; ANALYZE m_all";
/// Whether it has them. Autovacuum never makes them.
const ANALYZED: &str = "SELECT count(*) FROM pg_stats WHERE tablename = 'm' AND inherited";

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_a_table_is_seen_and_mended_with_keys() {
    let db = support::database("console_health").await;
    db.sql(UNANALYZED).await;
    assert_eq!(db.value(ANALYZED).await, "0");
    let console = Console::start(&[db.conninfo()]);
    console.terminal.sees("▸m ");
    console.press("5", "! QD-145");
    console.press("\r", "ANALYZE \"public\".\"m\";");
    // Esc and a letter right after it would be alt and that letter.
    console.press("qx", "really?");
    assert_eq!(db.value(ANALYZED).await, "0", "nothing is done unasked");
    console.press("y", "✓ nothing wants doing");
    assert_eq!(db.value(ANALYZED).await, "1");
    // What is done elsewhere is seen without a key.
    db.sql("CREATE INDEX m_at ON ONLY m (at)").await;
    console.terminal.sees("! QD-143");
    console.press("x", "its SQL locks or removes");
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_on_a_table_is_done_with_keys() {
    let db = support::database("console_maintain").await;
    db.sql(
        "CREATE TABLE m (id bigint, at timestamptz, body text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
         CREATE TABLE m_default PARTITION OF m DEFAULT;
         CREATE TABLE m_2023_q1 PARTITION OF m FOR VALUES FROM ('2023-01-01Z') TO ('2023-04-01Z');
         CREATE TABLE m_2023_q2 PARTITION OF m FOR VALUES FROM ('2023-04-01Z') TO ('2023-07-01Z');
         INSERT INTO m SELECT n, '2023-02-01Z', '' FROM generate_series(1, 500) n;
         INSERT INTO m VALUES (9001, now(), 'stray'); ANALYZE m",
    )
    .await;
    let rows = || db.value("SELECT count(*) FROM m");
    let console = Console::start(&[db.conninfo()]);
    console.terminal.sees("▸m ");
    console.press("5", "5 Health");
    console.press("l", "move out of DEFAULT");
    console.terminal.sees("2 periods ahead; partitions are kept for ever");
    console.press("m", "maintain: do what is due");
    console.press("y", "✓ nothing is due");
    console.terminal.sees("moved out of DEFAULT 1 (1 row");
    assert_eq!((rows().await, db.value("SELECT count(*) FROM m_default").await), ("501".into(), "0".into()));
    let is_part = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'm'::regclass";
    assert_eq!(db.value(is_part).await, "6", "two old ones, DEFAULT, the one of now and two ahead");

    // What drops is confirmed by the table's name.
    console.press("o", "maintain: what is kept");
    console.terminal.press("\x1b[B");
    console.press("2 years", "2 years▏");
    console.press("\x1b[B\t", "drop");
    console.press("\r", "then dropped");
    console.terminal.sees("detach and drop");
    console.press("m", "type m to confirm");
    console.press("m\r", "dropped 2 (m_2023_q1");
    assert_eq!((rows().await, db.value(is_part).await), ("1".into(), "4".into()));
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_paused_says_so_to_a_command_that_would_wait() {
    let db = support::database("console_paused").await;
    db.sql(TABLE).await;
    let owner = Console::start(&["run", "chat", "--ui", "tui", "--conn", db.conninfo()]);
    owner.terminal.sees("READY ▶ running");
    owner.press("p", "READY ‖ paused");
    let tool = Tool::on(&db);
    for words in [
        &["verify", "chat"][..],
        &["swap", "chat", "--yes", "chat"],
        &["swap", "chat", "--rehearse", "--yes", "chat"],
    ] {
        let said = tool.run(words).await;
        assert!(said.code == 5 && said.err.contains("paused by") && said.err.contains("resume"), "{said:?}");
    }
    tool.done(&["resume", "chat"]).await;
    tool.done(&["verify", "chat"]).await;
    owner.press("q", "The migration stays stopped");
    owner.terminal.press("y");
    assert_eq!(owner.end().0, 0, "it is as far as asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_a_partition_from_being_detached_is_named_and_the_wait_is_stopped() {
    let db = support::database("console_detach").await;
    db.sql(
        "CREATE TABLE m (id bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
         CREATE TABLE m_2023_q1 PARTITION OF m FOR VALUES FROM ('2023-01-01Z') TO ('2023-04-01Z');
         INSERT INTO m SELECT n, '2023-02-01Z' FROM generate_series(1, 500) n; ANALYZE m",
    )
    .await;
    let is_half = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending";
    let console = Console::start(&[db.conninfo()]);
    console.terminal.sees("▸m ");
    console.press("5", "5 Health");
    console.press("l", "kept for ever");
    console.press("m", "maintain: do what is due");
    console.press("y", "✓ nothing is due");
    let reader = db.client().await;
    reader.batch_execute("BEGIN; SELECT count(*) FROM m").await.unwrap();
    let pid: i32 = reader.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    console.press("o", "maintain: what is kept");
    console.terminal.press("\x1b[B");
    console.press("2 years\r", "then detached");
    console.press("m", "maintain: do what is due");
    console.press("y", &format!("detach m_2023_q1: waits for pid {pid}"));
    assert_eq!(db.value(is_half).await, "1");
    console.press("X", "stopped before it was through");
    console.terminal.sees("detached 1 (m_2023_q1): no query sees the rows any more");
    console.terminal.sees("finish detaching");
    assert_eq!(db.value(is_half).await, "1", "it is half detached as it was");
    // The next one waits as well, and goes on where that one was.
    console.press("m", "maintain: do what is due");
    console.press("y", "m_2023_q1: waits for");
    reader.batch_execute("COMMIT").await.unwrap();
    console.terminal.sees("finished detaching 1");
    assert_eq!(db.value(is_half).await, "0");
    assert_eq!(db.value("SELECT count(*) FROM m_2023_q1").await, "500");
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_are_let_go_with_keys() {
    let db = support::database("console_retain").await;
    db.sql(
        "CREATE TABLE outbox (id bigint PRIMARY KEY, processed_at timestamptz, payload text);
         CREATE INDEX outbox_done ON outbox (processed_at) WHERE processed_at IS NOT NULL;
         INSERT INTO outbox SELECT n, CASE WHEN n % 10 > 0 THEN now() - interval '30 days' END, repeat('x', 100)
         FROM generate_series(1, 20000) n; ANALYZE outbox",
    )
    .await;
    let left = || db.value("SELECT count(*) FROM outbox");
    let console = Console::start(&[db.conninfo()]);
    console.terminal.sees("▸outbox ");
    console.press("5", "it is not partitioned");
    console.press("h", "o says which rows may go");
    console.press("o", "retain: which rows may go");
    console.press("processed_at IS NOT NULL", "NOT NULL▏");
    console.press("\r", "18,000 rows of about 20,000 would go");
    console.press("d", "type outbox to confirm");
    // Somebody's lock: the batch that comes to it passes over, and the last rows stay.
    let mut holder = db.client().await;
    let tx = holder.transaction().await.unwrap();
    tx.execute("SELECT FROM outbox WHERE id = 1 FOR UPDATE", &[]).await.unwrap();
    console.press("outbox\r", "deleted 17,999 rows");
    console.terminal.sees("1 row stays");
    assert_eq!(left().await, "2001");
    tx.rollback().await.unwrap();
    console.press("R", "1 row of about");
    console.press("d", "type outbox to confirm");
    console.press("outbox\r", "deleted 1 row,");
    assert_eq!(left().await, "2000", "what nobody has processed is there");
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_and_ids_are_looked_at_with_keys() {
    let db = support::database("console_audit").await;
    db.sql(TABLE).await;
    db.sql("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()").await;
    db.sql("SELECT body FROM chat WHERE id = 7").await;
    let console = Console::start(&[db.conninfo()]);
    console.terminal.sees("▸chat ");
    console.press("5", "it is not partitioned");
    console.press("ll", "SELECT body FROM chat WHERE id = $1");
    console.press("/body\r", "it looks for id without created_at");
    console.press("\r", "a statement on the table");
    console.press("q", "w guide");
    console.press("w", "how a program works with it");
    console.press("q", "w guide");
    console.press("l", "public.chat.id  bigint");
    console.press("L", "ids lab: kinds of ids compared");
    // 10,000 rows: quick, and everything is removed.
    console.press("\x15", "rows of each kind           ▏");
    console.press("10000\r", "10,000 rows of each of four kinds");
    console.press("y", "lab: 10,000 rows of each kind");
    assert_eq!(db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'quarterdeck_lab'").await, "0");
    console.press("i", "ids install: a uuidv7()");
    console.terminal.press("\x1b");
    console.terminal.sees("i uuidv7…");
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
}

/// What was asked of migrations, how often one was owned, and what there is in the database.
async fn traces(db: &Db) -> String {
    db.value(
        "SELECT concat_ws(' ', (SELECT count(*) FROM quarterdeck.command), (SELECT max(epoch) FROM quarterdeck.owner),
                (SELECT count(*) FROM quarterdeck.event), (SELECT count(*) FROM pg_class))",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_only_watches_changes_nothing() {
    const REFUSED: &str = "! watching only: --watch";
    let db = support::database("console_watch").await;
    db.sql(TABLE).await;
    db.sql(UNANALYZED).await;
    let watch = ["--watch", "--conn", db.conninfo()];
    // Nobody has converted anything here: nothing is made.
    let console = Console::start(&watch);
    console.terminal.sees("▸chat ");
    console.terminal.sees(" WATCH ");
    console.press("\r", REFUSED);
    // VACUUM and ANALYZE the server lets pass in sessions that only read.
    console.press("\x1b[B", "▸m ");
    console.press("5", "! QD-145");
    console.press("x", REFUSED);
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
    assert_eq!(db.value(ANALYZED).await, "0");
    assert_eq!(db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'quarterdeck'").await, "0");

    let owner = Console::start(&["run", "chat", "--conn", db.conninfo()]);
    owner.terminal.sees("READY ▶ running");
    let console = Console::start(&watch);
    console.terminal.sees("▸chat_twin ");
    console.press("\x1b[B", "▸chat ");
    console.press("\r", "READY ▶ running · watching");
    console.terminal.sees(" WATCH ");
    let before = traces(&db).await;
    for key in ["p", "v", "s", "S", "a"] {
        console.press(key, REFUSED);
        // What is said goes with the next key.
        console.terminal.press("\x1b[B");
        console.terminal.until("it is not said any more", |screen| !screen.contents().contains(REFUSED));
    }
    assert_eq!(traces(&db).await, before);
    console.terminal.press("q");
    assert_eq!(console.end().0, 0, "it asks nothing: nothing of its own is left behind");

    owner.press("q", "The migration stays stopped");
    owner.terminal.press("y");
    assert_eq!(owner.end().0, 0, "it is as far as asked");
    // Nobody runs it: it is watched all the same, and not taken on.
    let before = traces(&db).await;
    let console = Console::start(&watch);
    console.terminal.sees("▸chat_twin ");
    console.press("\x1b[B", "▸chat ");
    console.press("\r", "READY ■ stopped");
    console.press("r", REFUSED);
    assert_eq!(traces(&db).await, before);
    console.terminal.press("q");
    console.end();
    assert_eq!(owner_of_the_name(&db).await, "r 3000");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_who_watches_write_nothing() {
    let db = support::database("console_read_only").await;
    let session = Session::open(&db.target().read_only(), "test").await.unwrap();
    let error = session.batch("test", "CREATE TABLE public.t (n int)").await.unwrap_err();
    assert_eq!(error.report().sqlstate.as_deref(), Some("25006"), "{error}");
    // Why the console's desk has to refuse by itself as well.
    session.batch("test", "ANALYZE pg_catalog.pg_class").await.unwrap();
    let mut session = Session::open(&db.target().read_only(), "test").await.unwrap();
    let tx = session.begin_repeatable_read().await.unwrap();
    assert!(tx.batch("test", "CREATE TABLE public.t (n int)").await.is_err());
    drop(tx);
    let session = Session::open(&db.target(), "test").await.unwrap();
    session.batch("test", "CREATE TABLE public.t (n int)").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_give_a_server_its_label_and_the_console_its_colours() {
    let db = support::database("console_settings").await;
    db.sql(TABLE).await;
    let port = db.target().port();
    let settings = format!(
        "theme = 'light'\n[[connection]]\nport = 1\nlabel = 'NOT THIS ONE'\n\
         [[connection]]\nport = {port}\ndbname = '{}'\nlabel = 'PROD'\ncolour = 'magenta'\n",
        db.target().database()
    );
    let label = |screen: &vt100::Screen| {
        let cell = screen.cell(0, 2).unwrap();
        (cell.contents().to_owned(), cell.fgcolor(), cell.inverse())
    };
    let magenta = vt100::Color::Idx(91);
    for (no_color, theme, colour) in [
        ("", None, magenta),
        ("", Some("mono"), vt100::Color::Default),
        ("1", None, vt100::Color::Default),
        ("1", Some("light"), magenta),
    ] {
        let flag = theme.into_iter().flat_map(|theme| ["--theme", theme]);
        let words: Vec<_> = flag.chain(["--conn", db.conninfo()]).collect();
        let console = Console::with(&settings, &[("NO_COLOR", no_color)], &words);
        console.terminal.sees("▸chat ");
        console.terminal.sees(" PROD ");
        assert_eq!(console.terminal.look(label), ("P".into(), colour, true), "{no_color:?} {theme:?}");
        console.terminal.press("q");
        assert_eq!(console.end().0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_leaves_nothing_at_work() {
    let db = support::database("console_leaves").await;
    db.sql(
        "CREATE TABLE outbox (id bigint PRIMARY KEY, processed_at timestamptz);
         CREATE INDEX outbox_done ON outbox (processed_at) WHERE processed_at IS NOT NULL;
         INSERT INTO outbox SELECT n, now() - interval '30 days' FROM generate_series(1, 2000) n; ANALYZE outbox",
    )
    .await;
    let ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name LIKE 'quarterdeck%'";
    let console = Console::start(&[db.conninfo()]);
    console.terminal.sees("▸outbox ");
    console.press("5", "it is not partitioned");
    console.press("h", "o says which rows may go");
    console.press("o", "retain: which rows may go");
    // Counting takes minutes.
    console.press("processed_at IS NOT NULL AND pg_sleep(1) IS NOT NULL", "IS NOT NULL▏");
    console.press("\r", "looking …");
    let console_sleeps =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
    while db.value(console_sleeps).await != "1" {}
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
    let at_work = format!("{ours} AND state = 'active'");
    assert_eq!(db.value(&at_work).await, "0", "what was looked at is cancelled");
    // The server takes leave of a client that is gone in its own time.
    while db.value(ours).await != "0" {}
    assert_eq!(db.value("SELECT count(*) FROM outbox").await, "2000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_that_is_stopped_leaves_no_scratch_tables() {
    let db = support::database("console_lab").await;
    db.sql(TABLE).await;
    let scratch = "SELECT count(*) FROM pg_namespace WHERE nspname = 'quarterdeck_lab'";
    let console = Console::start(&[db.conninfo()]);
    console.terminal.sees("▸chat ");
    console.press("5", "it is not partitioned");
    console.press("lll", "public.chat.id  bigint");
    console.press("L", "ids lab: kinds of ids compared");
    // So many take minutes.
    console.press("\x15", "rows of each kind           ▏");
    console.press("5000000\r", "5,000,000 rows of each of four kinds");
    console.press("y", "ids lab, for");
    while db.value(scratch).await != "1" {}
    console.press("X", "the scratch tables are removed");
    assert_eq!(db.value(scratch).await, "0");
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_differing_row_is_read_whole_with_keys_whoever_owns_the_migration() {
    let db = support::database("console_row").await;
    db.sql(TABLE).await;
    let owner = Console::start(&["run", "chat", "--ui", "tui", "--conn", db.conninfo()]);
    owner.terminal.sees("READY ▶ running");
    db.sql("UPDATE chat_twin SET body = 'row 7' || repeat(' and on', 10000) WHERE id = 7").await;
    owner.press("v", "✗ differs");
    owner.press("4", "✗ 1 row differs");
    owner.press("\r", "id=7, created_at=2024-01-01");
    owner.press("\r", "read at ");
    owner.terminal.sees("they differ from character 6, line 1 on; source 5, twin 70,005");
    owner.terminal.sees("the log holds no change of this key");
    owner.press("nn", "difference 2 of 2: body, twin");
    // Another process looks at the same, and may change nothing.
    let console = Console::start(&["--watch", "--conn", db.conninfo()]);
    console.terminal.sees("▸chat_twin ");
    console.press("\x1b[B", "▸chat ");
    console.press("\r", "watching");
    console.press("4", "✗ 1 row differs");
    console.press("\r", "id=7, created_at=2024-01-01");
    console.press("\r", "read at ");
    // Who has the table for himself is not queued behind, and who closes the window is not waited for.
    let mut blocker = db.session().await;
    let tx = blocker.begin().await.unwrap();
    tx.batch("lock", "LOCK TABLE public.chat_twin IN ACCESS EXCLUSIVE MODE").await.unwrap();
    console.press("R", "another session holds the table");
    tx.rollback().await.unwrap();
    // It is put right behind the verifier's back.
    db.sql("UPDATE chat_twin SET body = 'row 7' WHERE id = 7").await;
    for who in [&owner, &console] {
        who.press("R", "both sides are equal now");
    }
    console.press("q", "id=7, created_at=2024-01-01");
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
    owner.press("q", "id=7, created_at=2024-01-01");
    owner.press("q", "The migration stays stopped");
    owner.terminal.press("y");
    assert_eq!(owner.end().0, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_at_is_written_into_the_working_directory() {
    let db = support::database("console_files").await;
    db.sql(TABLE).await;
    let console = Console::start(&["--watch", db.conninfo()]);
    console.terminal.sees("▸chat ");
    console.press("e", "tables, CSV");
    console.press("\r", "written: ");
    let file = |ending: &str| {
        let files = std::fs::read_dir(console.home.path()).unwrap().map(|file| file.unwrap().path());
        let named = |path: &std::path::PathBuf| path.to_string_lossy().ends_with(ending);
        std::fs::read_to_string(files.into_iter().find(named).expect(ending)).unwrap()
    };
    assert!(file("-tables.csv").contains("\npublic,chat,3000,"), "{}", file("-tables.csv"));
    // A plain table has no health; what there is to read of it is its ids.
    console.press("5", "there are no partitions to look at");
    console.press("e", "its health: could not be read");
    console.press("lll", "rows looked at");
    console.press("e", "ids, JSON");
    console.terminal.press("jj\r");
    console.terminal.sees("written: ");
    let ids: serde_json::Value = serde_json::from_str(&file("-ids.json")).unwrap();
    assert_eq!(ids["column"][1], "bigint");
    console.terminal.press("q");
    assert_eq!(console.end().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_on_no_screen() {
    let db = support::database("console_secret").await;
    db.sql(TABLE).await;
    let role = format!("bo_{}", db.name());
    db.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'hunter2'")).await;
    let uri = format!("postgres://{role}:hunter2@127.0.0.1:{}/{}", db.target().port(), db.name());
    for conn in
        [db.conninfo_as(&role, "hunter2"), uri.clone(), format!("{uri}?application_name=x&password=hunter2")]
    {
        let console = Console::with("", &[("QUARTERDECK_LOG", "trace")], &[&conn]);
        console.terminal.sees("▸chat ");
        console.terminal.sees(&format!("/{} as {role}", db.name()));
        let log = console.home.path().join(".local/state/quarterdeck/quarterdeck.log");
        console.terminal.press("q");
        let (seen, home) = (console.terminal.watched(), console.home);
        assert_eq!(console.terminal.end().0.exit_code(), 0);
        for bytes in [seen(), std::fs::read(&log).unwrap_or_default()] {
            assert!(!String::from_utf8_lossy(&bytes).contains("hunter2"), "{conn}");
        }
        drop(home);
    }
    db.sql(&format!("DROP ROLE {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_closed_leaves_the_migration_stopped_in_order() {
    let db = support::database("console_hang_up").await;
    db.sql(TABLE).await;
    let console = Console::start(&["run", "chat", "--conn", db.conninfo()]);
    console.terminal.sees("READY ▶ running");
    let Console { terminal, home } = console;
    assert_eq!(terminal.hang_up("1").exit_code(), 0, "it is as far as asked");
    drop(home);
    let last =
        "SELECT body->>'event' || ' ' || (body->>'end') FROM quarterdeck.event ORDER BY seq DESC LIMIT 1";
    assert_eq!(db.value(last).await, "closed stopped", "the worker has said that it leaves");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_the_console_says_what_to_take_instead() {
    let db = support::database("console_no_tty").await;
    db.sql(TABLE).await;
    let tool = Tool::on(&db);
    for words in [&[][..], &["run", "chat", "--ui", "tui"]] {
        let said = tool.run(words).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{words:?}: {said:?}");
        assert!(said.err.contains("needs a terminal") && said.err.contains("--ui plain"), "{}", said.err);
    }
    // Nobody says which face: lines.
    let said = tool.run(&["run", "chat"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("ready") && !said.out.contains('\x1b'), "{}", said.out);
}
