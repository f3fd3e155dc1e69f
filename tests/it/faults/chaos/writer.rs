//! The application of the chaos: every kind of statement, on the table and on its oracle in one transaction.
//!
//! Each writer has ids and parents of its own, so that none waits for another's rows and nothing may fail.

use std::{
    io::Cursor,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use futures_util::SinkExt;
use tokio_postgres::{Client, Error};

use crate::commands::kills::Dice;

/// So many writers.
pub(super) const WRITERS: u64 = 3;

/// Rows, parents that cascade, and the oracle.
pub(super) const SCHEMA: &str = "
    CREATE TABLE p (id int PRIMARY KEY);
    CREATE TABLE t (id bigint PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE, created_at timestamptz NOT NULL, body text,
                    UNIQUE (id, created_at));
    CREATE INDEX ON t (p);
    CREATE TABLE o (LIKE t INCLUDING ALL, FOREIGN KEY (p) REFERENCES p ON DELETE CASCADE);
    INSERT INTO p SELECT generate_series(0, 29);
    INSERT INTO t SELECT n, n % 30, timestamptz '2025-01-01 00:00Z' + n % 500 * interval '1 day', repeat('x', 100)
        FROM generate_series(1, 20000) n;
    INSERT INTO o SELECT * FROM t;";

/// One writer.
pub(super) struct Writer {
    pub(super) n: u64,
    pub(super) client: Client,
    pub(super) dice: Dice,
    pub(super) major: u32,
    pub(super) done: Arc<AtomicU64>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) fresh: u64,
}

impl Writer {
    /// Until it is told to stop, or a statement fails.
    pub(super) async fn run(mut self) -> Result<(), String> {
        while !self.stop.load(Ordering::SeqCst) {
            let kind = self.dice.below(14);
            let n = self.n;
            let failed = |error: Error| format!("writer {n}, kind {kind}: {error:?}");
            match kind {
                0 => self.copy().await.map_err(failed)?,
                1 => self.leaf().await.map_err(failed)?,
                kind => {
                    let sql = self.sql(kind);
                    let second = if kind == 11 { format!("COMMIT PREPARED 'w{n}'") } else { String::new() };
                    for sql in [sql, second] {
                        self.client.batch_execute(&sql).await.map_err(|error| format!("{sql}: {error:?}"))?;
                    }
                }
            }
            self.done.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(self.dice.below(20))).await;
        }
        Ok(())
    }

    /// An id that nobody has had.
    fn fresh(&mut self) -> u64 {
        self.fresh += 1;
        999_999 + self.fresh * WRITERS + self.n
    }

    fn day(&mut self) -> String {
        format!("timestamptz '2025-01-01 00:00Z' + {} * interval '1 day'", self.dice.below(650))
    }

    /// A parent of this writer's.
    fn parent(&mut self) -> u64 {
        self.dice.below(10) * WRITERS + self.n
    }

    /// The same on the table and on the oracle.
    fn both(statement: &str) -> String {
        format!("{}; {}", statement.replace("{t}", "t"), statement.replace("{t}", "o"))
    }

    /// Some rows of this writer's, the same in both.
    fn some(&mut self, one_in: u64) -> String {
        format!("id % {WRITERS} = {} AND id / {WRITERS} % {one_in} = {}", self.n, self.dice.below(one_in))
    }

    fn sql(&mut self, kind: u64) -> String {
        let (id, parent, day, n) = (self.fresh(), self.parent(), self.day(), self.n);
        let few = self.some(997);
        let plain = |statement: String| format!("BEGIN; {}; COMMIT", Self::both(&statement));
        let update = format!("UPDATE {{t}} SET body = 'u{id}' WHERE {few}");
        let delete = format!("DELETE FROM {{t}} WHERE {few}");
        match kind {
            2 => plain(format!("INSERT INTO {{t}} VALUES ({id}, {parent}, {day}, 'i')")),
            3 => {
                self.fresh += 20;
                plain(format!(
                    "INSERT INTO {{t}} SELECT {id} + g * {WRITERS}, {parent}, {day} + g * interval '30 days', 'm' \
                     FROM generate_series(0, 19) g"
                ))
            }
            4 => plain(update),
            // The key alone, and the key with its period.
            5 => plain(format!(
                "UPDATE {{t}} SET id = {id}, created_at = CASE WHEN {id} % 2 = 0 THEN created_at ELSE {day} END \
                 WHERE id = (SELECT min(id) FROM {{t}} WHERE {few})"
            )),
            6 => plain(format!("UPDATE {{t}} SET created_at = {day} WHERE {few}")),
            7 => plain(delete),
            8 => plain(format!(
                "INSERT INTO {{t}} SELECT id, {parent}, created_at, 'c' FROM {{t}} WHERE {few} \
                 UNION ALL SELECT {id}, {parent}, {day}, 'c' \
                 ON CONFLICT (id, created_at) DO UPDATE SET body = excluded.body || '{id}'"
            )),
            9 if self.major >= 15 => plain(format!(
                "MERGE INTO {{t}} x USING (SELECT id FROM {{t}} WHERE {few} UNION ALL SELECT {id}) s ON x.id = s.id \
                 WHEN MATCHED AND x.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET created_at = {day} \
                 WHEN NOT MATCHED THEN INSERT VALUES (s.id, {parent}, {day}, 'g')"
            )),
            10 => format!(
                "BEGIN; {}; SAVEPOINT s; {}; ROLLBACK TO s; {}; COMMIT",
                Self::both(&format!("INSERT INTO {{t}} VALUES ({id}, {parent}, {day}, 's')")),
                Self::both(&delete),
                Self::both(&update)
            ),
            11 => format!("BEGIN; {}; PREPARE TRANSACTION 'w{n}'", Self::both(&update)),
            12 => {
                format!("BEGIN; DELETE FROM p WHERE id = {parent}; INSERT INTO p VALUES ({parent}); COMMIT")
            }
            _ => format!(
                "BEGIN; SET LOCAL session_replication_role = replica; {}; {}; COMMIT",
                Self::both(&update),
                Self::both(&format!(
                    "UPDATE {{t}} SET created_at = {day} WHERE id = (SELECT max(id) FROM {{t}} WHERE {few})"
                ))
            ),
        }
    }

    /// Rows by COPY.
    async fn copy(&mut self) -> Result<(), Error> {
        let mut line = |month| {
            let (id, parent) = (self.fresh(), self.parent());
            format!("{id}\t{parent}\t2025-{month:02}-15 12:00:00+00\tcopied\n")
        };
        let lines = (1..=10).map(&mut line).collect::<Vec<_>>().concat();
        let tx = self.client.transaction().await?;
        for table in ["t", "o"] {
            let sink = tx.copy_in(&format!("COPY {table} (id, p, created_at, body) FROM STDIN")).await?;
            tokio::pin!(sink);
            sink.send(Cursor::new(lines.clone().into_bytes())).await?;
            sink.finish().await?;
        }
        tx.commit().await
    }

    /// A row by its partition's name, where the table has partitions. What was read holds the name until the end.
    async fn leaf(&mut self) -> Result<(), Error> {
        let few = self.some(997);
        let tx = self.client.transaction().await?;
        let row = tx
            .query_opt(&format!("SELECT id, tableoid::regclass::text FROM t WHERE {few} LIMIT 1"), &[])
            .await?;
        if let Some(row) = row {
            let (id, leaf): (i64, String) = (row.get(0), row.get(1));
            for table in [leaf.as_str(), "o"] {
                tx.execute(&format!("UPDATE {table} SET body = 'leaf' WHERE id = {id}"), &[]).await?;
            }
        }
        tx.commit().await
    }
}
