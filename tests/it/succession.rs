//! Consoles that watch while owners come and go, and the history that they are opened with.

use crate::{
    console::{Console, TABLE},
    support::{self, Db},
};

/// A console that runs the conversion, ready to swap.
fn owner(db: &Db, more: &[&str]) -> Console {
    let console = Console::start(&[&["run", "chat", "--conn", db.conninfo()][..], more].concat());
    console.terminal.sees("READY ▶ running");
    console
}

/// A console that has opened the conversion without running it.
fn watcher(db: &Db, words: &[&str], sees: &str) -> Console {
    let console = Console::start(&[words, &["--conn", db.conninfo()][..]].concat());
    console.terminal.sees("▸chat_twin ");
    console.press("\x1b[B", "▸chat ");
    console.press("\r", sees);
    console
}

fn leave(console: Console) -> u32 {
    console.press("q", "The migration stays stopped");
    console.terminal.press("y");
    console.end().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_watches_says_who_runs_it_now() {
    const WATCHED: &str = "READY ▶ running · watching";
    let db = support::database("console_succession").await;
    db.sql(TABLE).await;
    let first = owner(&db, &[]);
    let looks = watcher(&db, &["--watch"], WATCHED);
    let may = watcher(&db, &[], WATCHED);
    assert_eq!(leave(first), 0, "it is as far as asked");
    for console in [&looks, &may] {
        console.terminal.sees("READY ■ stopped");
    }
    let second = owner(&db, &[]);
    for console in [&looks, &may] {
        console.terminal.sees(WATCHED);
    }
    // What the first owner said when it left is history to who comes now, and so is what it answered.
    let late = watcher(&db, &["--watch"], WATCHED);
    late.press("6", "closed");
    late.terminal.sees("following");
    for told in ["■ stopped", "stop done"] {
        assert!(
            !late.terminal.look(|screen| screen.rows(0, 200).take(3).any(|row| row.contains(told))),
            "{told}"
        );
    }
    may.press("p", "paused");
    may.press("r", WATCHED);
    assert_eq!(leave(second), 0);
    for console in [looks, may, late] {
        console.terminal.sees("READY ■ stopped");
        console.terminal.press("q");
        assert_eq!(console.end().0, 0, "how another process ended is not how this one does");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opens_it_has_the_whole_log() {
    let db = support::database("console_log").await;
    db.sql(TABLE).await;
    assert_eq!(leave(owner(&db, &[])), 0);
    db.sql(
        "INSERT INTO quarterdeck.event (migration_id, at, body) \
         SELECT id, now(), '{\"event\": \"resumed\", \"by\": \"nobody\"}' \
         FROM quarterdeck.migration, generate_series(1, 1990)",
    )
    .await;
    let of: i64 = db.value("SELECT count(*) FROM quarterdeck.event").await.parse().unwrap();
    assert!((2_001..2_090).contains(&of), "{of}");
    let looks = watcher(&db, &["--watch"], "READY ■ stopped");
    looks.press("6", "the newest 2,000 of 2,0");
    looks.press("g", "1 of the newest 2,000, G follows");
    let second = owner(&db, &[]);
    second.press("6", "the newest 2,000 of 2,0");
    for console in [looks, second] {
        console.terminal.signal("TERM");
        assert_eq!(console.end().0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_whose_migration_is_taken_over_says_so_and_can_watch() {
    let db = support::database("console_fenced").await;
    db.sql(TABLE).await;
    let first = owner(&db, &[]);
    let second = owner(&db, &["--takeover"]);
    first.terminal.sees("READY ■ failed");
    first.terminal.sees("this console does not run it any more");
    first.press("6", "ownership: ");
    first.press("r", "READY ▶ running · watching");
    assert_eq!(leave(second), 0);
    first.terminal.sees("READY ■ stopped");
    first.terminal.press("q");
    assert_eq!(first.end().0, 0);
}
