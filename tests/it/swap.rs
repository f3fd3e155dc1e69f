//! The swap and the reverse: who owns the name, what the application sees, what is given back.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use quarterdeck::{
    Error,
    error::Kind,
    ops::swap::{Drain, Holder, Swap, holder},
    pg::{Session, Target, lock::Patience},
};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::{
    exchange::{
        proxy::{self, Cut},
        rig::{OLD, PATIENCE, Replay, Rig, TABLE, TWIN, Way},
        traffic::{Traffic, differences},
    },
    support::{Db, database, on_each_server, schema::objects, schema::schema_dump},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_names_go_there_and_back_and_nothing_is_left() {
    on_each_server(async |server| {
        let rig = Rig::planned(server.database("there_and_back").await).await;
        let before = (schema_dump(&rig.db, TABLE).await, objects(&rig.db).await);
        drop(rig);
        let mut rig = Rig::ready(server.database("there_and_back").await).await;
        assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), Holder::Source);
        for validated in [false, true] {
            rig.swap().await.unwrap();
            assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), Holder::Twin);
            rig.settle().await;
            if validated {
                rig.validate().await;
            }
            rig.reverse().await.unwrap();
            assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), Holder::Source);
            rig.settle().await;
        }
        rig.restore().await;
        rig.abort().await;
        assert_eq!(schema_dump(&rig.db, TABLE).await, before.0);
        assert_eq!(objects(&rig.db).await, before.1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_partitioned_table_has_all_that_the_application_knows() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("knows").await).await;
        let indexes = format!("SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = '{TABLE}'::regclass");
        let triggers = format!("SELECT string_agg(tgname || ' ' || tgenabled::text, ', ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = '{TABLE}'::regclass AND NOT tgisinternal AND tgname !~ '^quarterdeck'");
        let rights = format!("SELECT relacl::text || (SELECT string_agg(attacl::text, '') FROM pg_attribute WHERE attrelid = c.oid) FROM pg_class c WHERE oid = '{TABLE}'::regclass");
        let checks = format!("SELECT string_agg(conname || ' ' || convalidated::text, ', ' ORDER BY conname) FROM pg_constraint WHERE conrelid = '{TABLE}'::regclass AND contype = 'c'");
        let questions = [indexes, triggers, rights, checks];
        let mut before = Vec::new();
        for question in &questions {
            before.push(rig.value(question).await);
        }
        // A role with the application's rights and no more, before and after.
        let modest = format!(
            "SET ROLE pg_monitor; INSERT INTO {TABLE} (room_id, \"Body\", created_at) VALUES (1, 'modest', '2024-05-04 00:00+00'); \
             UPDATE {TABLE} SET \"Body\" = 'meek' WHERE \"Body\" = 'modest'; DELETE FROM {TABLE} WHERE \"Body\" = 'meek'; RESET ROLE"
        );
        rig.db.sql(&modest).await;
        rig.swap().await.unwrap();
        rig.db.sql(&modest).await;
        assert_eq!(rig.log().await, [""; 0], "mirrored");
        for (question, answer) in questions.iter().zip(&before) {
            assert_eq!(&rig.value(question).await, answer, "{question}");
        }
        let keys = "SELECT conrelid::regclass::text LIKE '%default%', conname, convalidated, conparentid <> 0 FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text ~ 'Messages($|_2|_d|\"$)' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2";
        let on_leaves = ["f|Messages_room_fk|f|f", "f|messages_user_fk|f|f", "t|Messages_room_fk|f|f", "t|messages_user_fk|f|f"];
        assert_eq!(rig.db.rows(keys).await, on_leaves, "not valid yet, on every leaf");

        // The row goes where the name is, the triggers fire once each, the views look there.
        rig.db.sql(&format!("INSERT INTO {TABLE} (room_id, user_id, \"Body\", created_at) VALUES (1, 1, 'noted', '2024-05-05 00:00+00')")).await;
        assert_eq!(rig.db.rows("SELECT how FROM \"My Shop\".seen ORDER BY how").await, ["always", "plain"]);
        assert_eq!(rig.value("SELECT count(*) FROM \"My Shop\".recent WHERE body = 'noted'").await, "1");
        assert_eq!(rig.value("SELECT sum(messages) FROM \"My Shop\".\"by room\"").await, "20001");
        assert_eq!(rig.value(&format!("SELECT count(*) FROM ONLY {OLD}")).await, "20001", "mirrored");
        assert_eq!(rig.value("SELECT reloptions::text FROM pg_class WHERE relname = 'recent'").await, "{security_barrier=true}");
        rig.db.sql("SET session_replication_role = replica; SELECT 1").await;
        rig.db.sql(&format!("INSERT INTO {TABLE} (room_id, \"Body\", created_at) VALUES (1, 'quiet', '2024-05-06 00:00+00'); RESET session_replication_role")).await;
        assert_eq!(rig.value(&format!("SELECT count(*) FROM ONLY {OLD}")).await, "20002", "capture fires always");

        rig.settle().await;
        let owner = "SELECT pg_get_serial_sequence('\"My Shop\".\"Messages\"', 'id') LIKE '%Messages_id_seq%'";
        assert_eq!(rig.value(owner).await, "t");
        assert_eq!(rig.validate().await, ["Messages_room_fk", "messages_user_fk"]);
        let adopted = ["f|Messages_room_fk|t|f", "f|Messages_room_fk|t|t", "f|messages_user_fk|t|f", "f|messages_user_fk|t|t", "t|Messages_room_fk|t|t", "t|messages_user_fk|t|t"];
        assert_eq!(rig.db.rows(keys).await, adopted, "the parent's, and one of each leaf's own");
        assert_eq!(rig.validate().await, ["Messages_room_fk", "messages_user_fk"], "repeatable");
        assert_eq!(rig.value(&format!("SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'messages_user_fk' AND conrelid = '{TABLE}'::regclass")).await, "the author");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_application_notices_nothing() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("live_exchange").await).await;
        let traffic = Traffic::start(&rig.db).await;
        for _ in 0..3 {
            rig.swap().await.unwrap();
            traffic.transactions(100).await;
            rig.settle().await;
            rig.validate().await;
            traffic.transactions(200).await;
            rig.reverse().await.unwrap();
            traffic.transactions(100).await;
            rig.settle().await;
            rig.restore().await;
        }
        rig.swap().await.unwrap();
        let report = traffic.stop().await;
        // Shown where it fails.
        eprintln!("{} transactions, slowest {:?}", report.done, report.slowest);
        eprintln!("{:#?}", rig.attempts);
        assert_eq!(report.errors, [""; 0]);
        assert_eq!(differences(&rig.db, TABLE).await, "0");
        rig.reverse().await.unwrap();
        assert_eq!(differences(&rig.db, TABLE).await, "0");
        let longest = rig.attempts.iter().map(|attempt| attempt.held).max().unwrap();
        assert!(longest < PATIENCE.budget * 2, "writers waited {longest:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_it_is_killed_one_table_owns_the_name_and_it_goes_on() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("killed_exchange").await).await;
        let traffic = Traffic::start(&rig.db).await;
        let began = Instant::now();
        rig.swap().await.unwrap();
        let took = began.elapsed();
        let mut moved = 0;
        for turn in 1..=30_u32 {
            let way = match holder(&mut rig.session, &rig.scheme).await.unwrap() {
                Holder::Source => Way::Forward,
                Holder::Twin => Way::Back,
            };
            // Every tenth time it may live.
            let death = if turn % 10 == 0 { Duration::from_mins(1) } else { took * turn / 20 };
            if let Ok(done) = tokio::time::timeout(death, rig.exchange(way, PATIENCE)).await {
                done.unwrap();
                moved += 1;
            }
            rig.take_over().await;
        }
        rig.take_over().await;
        if holder(&mut rig.session, &rig.scheme).await.unwrap() == Holder::Twin {
            rig.reverse().await.unwrap();
        }
        let report = traffic.stop().await;
        assert_eq!(report.errors, [""; 0]);
        assert!(moved > 2, "{moved} of 30");
        rig.settle().await;
        rig.drain(Way::Forward).await.drain().await.unwrap();
        for table in [TABLE, TWIN] {
            assert_eq!(differences(&rig.db, table).await, "0", "{table}");
        }
    })
    .await;
}

/// TRAPS 46: statements that look with the snapshot they had before they waited: REPEATABLE READ, EXECUTE, a STABLE function.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_exchange_finds_every_row_after_it() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("queued").await).await;
        rig.db
            .sql(&format!(
                "CREATE FUNCTION public.found(bigint) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM {TABLE} WHERE id = $1'"
            ))
            .await;
        for turn in 0..4 {
            let way = if turn % 2 == 0 { Way::Forward } else { Way::Back };
            let id = 700_000 + turn;
            let queue = Some(Queue::connect(&rig.db, id).await);
            let mut drain = Queueing { drain: rig.drain(way).await, calls: 0, queue, queued: None };
            rig.exchange_with(way, PATIENCE, &mut drain).await.unwrap();
            drain.queued.expect("they were queued").await.unwrap();
            assert_eq!(rig.value(&format!("SELECT \"Body\" FROM {TABLE} WHERE id = {id}")).await, "changed");
            assert_eq!(rig.value(&format!("SELECT count(*) FROM {TABLE} WHERE id = {id} + 10000")).await, "0");
            rig.settle().await;
        }
    })
    .await;
}

/// When the log is drained, somebody reads the table, so that the exchange has to wait; the others queue behind it.
struct Queueing {
    drain: Replay,
    calls: u32,
    queue: Option<Queue>,
    queued: Option<JoinHandle<()>>,
}

impl Drain for Queueing {
    fn drain(&mut self) -> BoxFuture<'_, Result<i64, Error>> {
        Box::pin(async move {
            let rows = self.drain.drain().await?;
            self.calls += 1;
            // The first one is before the wait for old snapshots.
            if self.calls > 1
                && let Some(queue) = self.queue.take()
            {
                queue.begin().await;
                self.queued = Some(tokio::spawn(queue.stand()));
            }
            Ok(rows)
        })
    }
}

/// Replay passes over rows that share an old key: going back would lose one of them.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_share_an_old_key_stop_the_way_back_however_late_they_come() {
    let mut rig = Rig::ready(database("shared_key").await).await;
    rig.swap().await.unwrap();
    rig.settle().await;
    let mut drain =
        Sharing { drain: rig.drain(Way::Back).await, application: rig.db.client().await, calls: 0 };
    let error = rig.exchange_with(Way::Back, PATIENCE, &mut drain).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused, "{error}");
    assert!(error.to_string().contains("shared by two rows, the first is 5"), "{error}");
    assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), Holder::Twin);
    rig.db.sql(&format!("DELETE FROM {TABLE} WHERE id = 5 AND \"Body\" = 'shared'")).await;
    rig.reverse().await.unwrap();
    assert_eq!(rig.value(&format!("SELECT count(*) FROM {TABLE}")).await, "20000");
}

/// A row that shares a key comes after the first drain.
struct Sharing {
    drain: Replay,
    application: Client,
    calls: u32,
}

impl Drain for Sharing {
    fn drain(&mut self) -> BoxFuture<'_, Result<i64, Error>> {
        Box::pin(async move {
            self.calls += 1;
            if self.calls == 2 {
                let sql = format!(
                    "INSERT INTO {TABLE} (id, room_id, \"Body\", created_at) VALUES (5, 1, 'shared', '2024-09-09 00:00+00')"
                );
                self.application.batch_execute(&sql).await.unwrap();
            }
            self.drain.drain().await
        })
    }
}

/// Sessions of the application, in the order in which they queue; the first one only holds the exchange up.
struct Queue {
    id: i64,
    look: Client,
    first: Client,
    repeatable: Client,
    execute: Client,
    stable: Client,
}

impl Queue {
    async fn connect(db: &Db, id: i64) -> Self {
        let (look, first, repeatable) = (db.client().await, db.client().await, db.client().await);
        Self { id, look, first, repeatable, execute: db.client().await, stable: db.client().await }
    }

    /// Rows that came after the drain, and a snapshot that sees them and not the exchange.
    async fn begin(&self) {
        let Self { id, look, first, repeatable, execute, .. } = self;
        let rows = format!(
            "INSERT INTO {TABLE} (id, room_id, \"Body\", created_at) \
             SELECT n, 1, 'new', '2024-05-05 00:00+00' FROM unnest(ARRAY[{id}, {id} + 10000]) AS n"
        );
        look.batch_execute(&rows).await.unwrap();
        first.batch_execute(&format!("BEGIN; SELECT count(*) FROM {TABLE} WHERE id = 1")).await.unwrap();
        repeatable.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
        execute.batch_execute(&format!("PREPARE erase AS DELETE FROM {TABLE} WHERE id = $1")).await.unwrap();
    }

    async fn stand(self) {
        let Self { id, look, first, repeatable, execute, stable } = self;
        // Or came through already, where the attempt was lost to a machine that is busy with other tests.
        let queued = async |sessions: i64, through: &(dyn Fn() -> bool + Sync)| {
            const SQL: &str =
                "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND relation = to_regclass($1)";
            while !through() && look.query_one(SQL, &[&TABLE]).await.unwrap().get::<_, i64>(0) < sessions {}
        };
        queued(1, &|| false).await;
        let update = format!("UPDATE {TABLE} SET \"Body\" = 'changed' WHERE id = {id}; COMMIT");
        let repeatable = tokio::spawn(async move { repeatable.batch_execute(&update).await });
        queued(2, &|| repeatable.is_finished()).await;
        let erase = format!("EXECUTE erase({})", id + 10_000);
        let execute = tokio::spawn(async move { execute.batch_execute(&erase).await });
        queued(3, &|| execute.is_finished()).await;
        let stable = tokio::spawn(async move { stable.query_one("SELECT public.found($1)", &[&id]).await });
        queued(4, &|| stable.is_finished()).await;
        first.batch_execute("COMMIT").await.unwrap();
        repeatable.await.unwrap().unwrap();
        execute.await.unwrap().unwrap();
        assert_eq!(stable.await.unwrap().unwrap().get::<_, i64>(0), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_snapshot_is_named_and_waited_for() {
    let mut rig = Rig::ready(database("old_snapshot").await).await;
    let reader = rig.db.client().await;
    reader
        .batch_execute(
            "SET application_name = 'monthly report'; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1",
        )
        .await
        .unwrap();
    // Something must be drained after it.
    rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = 'drained' WHERE id = 5")).await;
    let impatient = Patience { attempts: 2, ..PATIENCE };
    let error = rig.exchange(Way::Forward, impatient).await.unwrap_err();
    assert!(error.to_string().contains("a snapshot from before the drain: pid"), "{error}");
    assert!(error.to_string().contains("(monthly report), idle in transaction"), "{error}");
    assert_eq!(rig.attempts.len(), 2);
    assert!(rig.attempts.iter().all(|attempt| !attempt.won && attempt.held.is_zero()));
    reader.batch_execute("COMMIT").await.unwrap();
    assert_eq!(rig.swap().await.unwrap().attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_before_writers_wait_costs_them_nothing() {
    let mut rig = Rig::ready(database("quiet_first").await).await;
    let other = rig.db.client().await;
    let leaf = rig.leaf_names().remove(0);
    other.batch_execute(&format!("BEGIN; LOCK TABLE {leaf} IN SHARE UPDATE EXCLUSIVE MODE")).await.unwrap();
    let error = rig.exchange(Way::Forward, Patience { attempts: 1, ..PATIENCE }).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Failed);
    assert!(error.to_string().contains("idle in transaction"), "{error}");
    assert_eq!(rig.attempts[0].held, Duration::ZERO);
}

/// That wait may be longer than `deadlock_timeout`: nobody may have to wait for us meanwhile, whatever he locks himself.
#[tokio::test(flavor = "multi_thread")]
async fn while_autovacuum_is_made_to_yield_nothing_is_held() {
    let mut rig = Rig::ready(database("yield").await).await;
    let (other, look) = (rig.db.client().await, rig.db.client().await);
    other.batch_execute("BEGIN; LOCK TABLE \"My Shop\".rooms IN EXCLUSIVE MODE").await.unwrap();
    let second = async {
        let waiting =
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '\"My Shop\".rooms'::regclass";
        while look.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
        other.batch_execute("LOCK TABLE \"My Shop\".users IN EXCLUSIVE MODE NOWAIT; COMMIT").await
    };
    let (swapped, locked) = tokio::join!(rig.swap(), second);
    locked.unwrap();
    swapped.unwrap();
}

/// TRAPS 44, 62: the foreign keys of the table that lost the name cannot be dropped while somebody reads a table that
/// they reference, and must not be felt meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn foreign_keys_of_the_table_without_the_name_are_never_felt() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("never_felt").await).await;
        let keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text ~ ";
        let (on_old, on_twin) = (format!("{keys} '_old'"), format!("{keys} 'Messages_(20|default|twin)'"));
        for (way, mut person, left) in [(Way::Forward, 300, &on_old), (Way::Back, 303, &on_twin)] {
            let reader = rig.db.client().await;
            reader.batch_execute("BEGIN; SELECT count(*) FROM \"My Shop\".users").await.unwrap();
            rig.exchange(way, PATIENCE).await.unwrap();
            assert_ne!(rig.value(left).await, "0");
            for sql in [
                "DELETE FROM {} WHERE user_id = $1",
                "UPDATE {} SET user_id = 50 WHERE user_id = $1",
                "UPDATE {} SET user_id = NULL, created_at = created_at + interval '1 year' WHERE user_id = $1",
            ] {
                // Somebody whose messages are in both tables, and somebody who comes now.
                let known = person - 299;
                for user in [known, person] {
                    rig.db.sql(&format!("INSERT INTO \"My Shop\".users VALUES ({user}, 'x') ON CONFLICT DO NOTHING")).await;
                    rig.db.sql(&format!("INSERT INTO {TABLE} (room_id, user_id, \"Body\", created_at) VALUES (150, {user}, 'x', '2024-05-05 00:00+00')")).await;
                    rig.db.sql(&sql.replace("{}", TABLE).replace("$1", &user.to_string())).await;
                    rig.db.sql(&format!("DELETE FROM \"My Shop\".users WHERE id = {user}")).await;
                }
                person += 1;
            }
            reader.batch_execute("COMMIT").await.unwrap();
            rig.settle().await;
            assert_eq!(rig.value(left).await, "0");
            let mut drain = rig.drain(if way == Way::Forward { Way::Back } else { Way::Forward }).await;
            drain.drain().await.unwrap();
            let other = if way == Way::Forward { OLD } else { TWIN };
            let rows = |table| format!("SELECT count(*), sum(id), sum(user_id), max(created_at) FROM {table}");
            assert_eq!(rig.value(&rows(other)).await, rig.value(&rows(TABLE)).await);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_table_takes_no_writes_but_ours() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("guard").await).await;
        let reader = rig.db.client().await;
        // So that the acting foreign key is still there.
        reader.batch_execute("BEGIN; SELECT count(*) FROM \"My Shop\".users").await.unwrap();
        rig.swap().await.unwrap();
        let id = rig.scheme.id;
        for sql in [
            format!("INSERT INTO {OLD} (room_id, \"Body\") VALUES (1, 'x')"),
            format!("UPDATE {OLD} SET \"Body\" = 'x'"),
            format!("DELETE FROM {OLD} WHERE id = 1"),
            format!("TRUNCATE {OLD}"),
            format!("SET session_replication_role = replica; DELETE FROM {OLD}"),
            format!("TRUNCATE {TABLE}"),
            "TRUNCATE \"My Shop\".\"Messages_2024_q2\"".to_owned(),
            "TRUNCATE \"My Shop\".rooms CASCADE".to_owned(),
        ] {
            let client = rig.db.client().await;
            let error = client.batch_execute(&sql).await.unwrap_err();
            let error = error.as_db_error().unwrap();
            assert_eq!(error.code().code(), "55006", "{sql}: {error}");
            assert!(error.message().contains(&id.to_string()), "{sql}: {error}");
        }
        let gone = format!("SELECT count(*) FROM {OLD} WHERE room_id = 7");
        assert_ne!(rig.value(&gone).await, "0");
        rig.db.sql("DELETE FROM \"My Shop\".rooms WHERE id = 7").await;
        assert_eq!(rig.value(&gone).await, "0", "what a foreign key does to it passes");
        reader.batch_execute("COMMIT").await.unwrap();
        rig.reverse().await.unwrap();
    })
    .await;
}

/// TRAPS 45: a MERGE that moves a row, and statements that name a leaf.
#[tokio::test(flavor = "multi_thread")]
async fn reverse_capture_sees_rows_that_move_and_leaves_that_are_named() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("reverse_capture").await).await;
        rig.swap().await.unwrap();
        rig.settle().await;
        rig.db.sql(&format!("UPDATE {TABLE} SET created_at = '2024-11-01 00:00+00' WHERE id = 1")).await;
        rig.db.sql("DELETE FROM \"My Shop\".\"Messages_2024_q1\" WHERE id = 2").await;
        rig.db.sql("INSERT INTO \"My Shop\".\"Messages_default\" (id, room_id, \"Body\", created_at) VALUES (900001, 1, 'far', '2030-01-01 00:00+00')").await;
        let mut expected = vec![
            "1|2024-01-01 00:20:00", "1|2024-11-01 00:00:00", "2|2024-01-01 00:40:00", "900001|2030-01-01 00:00:00",
        ];
        if server.major() >= 15 {
            rig.db.sql(&format!("MERGE INTO {TABLE} m USING (VALUES (3)) v(id) ON m.id = v.id WHEN MATCHED THEN UPDATE SET created_at = '2024-12-01 00:00+00'")).await;
            expected.extend(["3|2024-01-01 01:00:00", "3|2024-12-01 00:00:00"]);
        }
        assert_eq!(rig.log().await, expected);
        rig.reverse().await.unwrap();
        assert_eq!(rig.value(&format!("SELECT count(*) FROM {TABLE} WHERE id = 2")).await, "0");
        assert_eq!(rig.value(&format!("SELECT created_at AT TIME ZONE 'UTC' FROM {TABLE} WHERE id = 1")).await, "2024-11-01 00:00:00");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_epoch_is_over_moves_nothing() {
    let mut rig = Rig::ready(database("fenced_swap").await).await;
    rig.db.sql("UPDATE quarterdeck.fence SET epoch = 7").await;
    assert!(matches!(rig.swap().await, Err(Error::Fenced { epoch: 0, .. })));
    // Its drain may have slipped through before.
    let zombie = rig.fence.clone();
    rig.fence.epoch = 7;
    let mut drain = rig.drain(Way::Forward).await;
    let leaves = rig.leaf_names();
    let swap = Swap { scheme: &rig.scheme, leaves: &leaves, fence: &zombie, patience: PATIENCE };
    let outcome = swap.swap(&mut rig.session, &mut drain, &mut |_| ()).await;
    assert!(matches!(outcome, Err(Error::Fenced { epoch: 0, .. })), "{outcome:?}");
    assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), Holder::Source);
    rig.swap().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_the_plan_is_named_and_nothing_moves() {
    let mut rig = Rig::ready(database("drift").await).await;
    let changes = [
        (
            "CREATE VIEW newer AS SELECT id FROM \"Messages\"",
            "view My Shop.newer was added",
            "DROP VIEW newer",
        ),
        (
            "ALTER TABLE \"Messages\" DISABLE TRIGGER note_always",
            "trigger note_always was changed",
            "ALTER TABLE \"Messages\" ENABLE ALWAYS TRIGGER note_always",
        ),
        (
            "CREATE TRIGGER zz AFTER DELETE ON \"Messages\" EXECUTE FUNCTION note()",
            "trigger zz was added",
            "DROP TRIGGER zz ON \"Messages\"",
        ),
        ("CREATE INDEX lately ON \"Messages\" (created_at)", "index lately was added", "DROP INDEX lately"),
        (
            "GRANT TRUNCATE ON \"Messages\" TO pg_monitor",
            "right GRANT",
            "REVOKE TRUNCATE ON \"Messages\" FROM pg_monitor",
        ),
        (
            "ALTER TABLE \"Messages\" ADD CONSTRAINT odd CHECK (id <> -13)",
            "constraint odd was added",
            "ALTER TABLE \"Messages\" DROP CONSTRAINT odd",
        ),
        (
            "ALTER TABLE \"Messages\" SET (fillfactor = 70)",
            "setting fillfactor=70 was added",
            "ALTER TABLE \"Messages\" RESET (fillfactor)",
        ),
        (
            "ALTER TABLE \"Messages\" DISABLE TRIGGER quarterdeck_capture_delete; ALTER TABLE \"Messages\" ENABLE TRIGGER quarterdeck_capture_delete",
            "trigger quarterdeck_capture_delete on Messages A",
            "",
        ),
    ];
    for (change, what, undo) in changes {
        rig.db.sql(&format!("SET search_path = \"My Shop\"; {change}")).await;
        let error = rig.swap().await.unwrap_err();
        assert!(matches!(error, Error::Changed { .. }) && error.to_string().contains(what), "{error}");
        assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), Holder::Source);
        rig.db.sql(undo).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_an_answer_is_found_out() {
    on_each_server(async |server| {
        for (cut, owner) in [(Cut::Before, Holder::Source), (Cut::After, Holder::Twin)] {
            let mut rig = Rig::ready(server.database("unknown").await).await;
            let target = Target::parse(&proxy::conninfo(&rig.db, cut).await).unwrap();
            rig.session = Session::open(&target, "cut off").await.unwrap();
            let error = rig.swap().await.unwrap_err();
            assert!(matches!(error, Error::Unknown { what: "swap", .. }), "{cut:?}: {error}");
            rig.take_over().await;
            assert_eq!(holder(&mut rig.session, &rig.scheme).await.unwrap(), owner, "{cut:?}");
            match owner {
                Holder::Source => drop(rig.swap().await.unwrap()),
                Holder::Twin => drop(rig.reverse().await.unwrap()),
            }
        }
    })
    .await;
}

/// TRAPS 41: a role that owns the tables and nothing more, and that may not see other roles' sessions.
#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_the_tables_needs_no_more_rights() {
    on_each_server(async |server| {
        let db = server.database("plain_owner").await;
        let role = format!("owner_of_{}", db.name());
        db.sql(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT CREATE ON DATABASE \"{}\" TO {role}",
            db.name()
        ))
        .await;
        let mut rig = Rig::ready_as(db, &role, "secret").await;
        let report = rig.db.client().await;
        report.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
        rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = 'drained' WHERE id = 5")).await;
        let error = rig.exchange(Way::Forward, Patience { attempts: 1, ..PATIENCE }).await.unwrap_err();
        assert!(error.to_string().contains("a snapshot from before the drain"), "{error}");
        report.batch_execute("COMMIT").await.unwrap();
        rig.swap().await.unwrap();
        rig.settle().await;
        rig.validate().await;
        rig.db.sql(&format!("DELETE FROM {TABLE} WHERE id = 6")).await;
        rig.reverse().await.unwrap();
        rig.settle().await;
        rig.restore().await;
        rig.swap().await.unwrap();
        rig.settle().await;
        rig.finish(quarterdeck::ops::finish::Old::Drop).await.unwrap();
        assert_eq!(rig.value(&format!("SELECT count(*) FROM {TABLE}")).await, "19999");
        rig.db
            .sql(&format!("REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}"))
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_ends_before_the_server_looks_for_deadlocks() {
    let db = database("deadlock_timeout").await;
    db.sql(&format!("ALTER DATABASE \"{}\" SET deadlock_timeout = '50ms'", db.name())).await;
    let patience = quarterdeck::pg::lock::bounded(&db.session().await, PATIENCE).await.unwrap();
    assert_eq!(patience.budget, Duration::from_millis(40));
}
