//! What the tool promises, at once: 200,000 rows, four writers that never pause, and a memory that does not depend on either.
#![cfg(target_os = "linux")]

use quarterdeck::demo::oracle;

use crate::{
    commands::tool::{TABLE, Tool},
    online::Shop,
    support::server,
};

/// The limit of the contract, in kB.
const LIMIT: u64 = 48 * 1024;

/// The most memory that a process has had so far, in kB; `None` where it has ended.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Bounds of the partitions but DEFAULT, oldest first.
const BOUNDS: &str = "SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid \
    WHERE i.inhparent = 'chat_messages'::regclass AND c.relname !~ 'default' ORDER BY c.relname";
const KEY: &str = "SELECT pg_get_constraintdef(oid) FROM pg_constraint \
    WHERE conrelid = 'chat_messages'::regclass AND contype = 'p'";
const KIND: &str = "SELECT relkind FROM pg_class WHERE oid = 'public.chat_messages'::regclass";

/// On the first server only: 200,000 rows are costly, and what differs between versions is tested on fewer. The memory is
/// that of the binary that the tests are built with: without optimisation it needs rather more than a release does. The
/// figure only grows, so that the one read at the last event covers all before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_table_of_200_000_rows_is_swapped_and_reversed_and_nobody_notices() {
    let shop = Shop::open(&server::all()[0], 200_000, 200).await;
    let tool = Tool::on(&shop.db);
    let mut run = tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]);
    let (mut most, mut read) = (0, 0);
    while run.next().await.is_some() {
        if let Some(now) = peak(run.pid()) {
            (most, read) = (now, read + 1);
        }
    }
    run.end().await.closed("swapped", 0);
    eprintln!("at most {most} kB, read {read} times");
    assert!(read > 20, "read {read} times");
    assert!(most < LIMIT, "{most} kB");

    assert_eq!(shop.db.value(KIND).await, "p");
    assert_eq!(shop.db.value(KEY).await, "PRIMARY KEY (id, created_at)");
    assert_eq!(shop.db.value("SELECT count(*) FROM chat_messages_default").await, "0");
    shop.db.sql("SET TimeZone = 'UTC'").await;
    let bounds = shop.db.rows(BOUNDS).await;
    let quarters =
        (2024..).flat_map(|year| [1, 4, 7, 10].map(|month| format!("'{year}-{month:02}-01 00:00:00+00'")));
    let quarters: Vec<_> = quarters.take(bounds.len() + 1).collect();
    let expected: Vec<_> =
        quarters.windows(2).map(|q| format!("FOR VALUES FROM ({}) TO ({})", q[0], q[1])).collect();
    assert_eq!(bounds, expected);

    tool.done(&["reverse", TABLE, "--yes", TABLE]).await;
    assert_eq!(shop.db.value(KIND).await, "r");
    let db = shop.close().await;
    tool.done(&["swap", TABLE, "--yes", TABLE]).await;
    assert_eq!(oracle::difference(&db.session().await).await.unwrap(), 0);
}
