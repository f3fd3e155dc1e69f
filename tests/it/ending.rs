//! How a migration ends: finish after the swap, abort before it, each killed at any moment and begun again.

use std::time::{Duration, Instant};

use quarterdeck::{
    model::phase::Phase,
    ops::{
        abort,
        finish::{self, End, Old},
    },
    pg::journal,
};

use crate::{
    exchange::{
        rig::{OLD, PATIENCE, Rig, TABLE},
        traffic::{Traffic, differences},
    },
    support::{on_each_server, schema::objects, schema::schema_dump},
};

const OURS: &str = "SELECT count(*) FROM pg_trigger WHERE tgname ~ '^quarterdeck_'";
const LEFT: &str = "SELECT (SELECT count(*) FROM pg_proc WHERE pronamespace = 'quarterdeck'::regnamespace) + (SELECT count(*) FROM pg_class WHERE relname ~ '^log_' AND relkind = 'r')";

#[tokio::test(flavor = "multi_thread")]
async fn after_the_end_the_application_has_its_table_and_we_have_nothing() {
    on_each_server(async |server| {
        for old in [Old::Keep, Old::Drop] {
            let mut rig = Rig::ready(server.database("finish").await).await;
            let traffic = Traffic::start(&rig.db).await;
            rig.swap().await.unwrap();
            rig.settle().await;
            rig.validate().await;
            traffic.transactions(50).await;
            rig.finish(old).await.unwrap();
            traffic.transactions(50).await;
            let report = traffic.stop().await;
            assert_eq!(report.errors, [""; 0]);
            assert_eq!(differences(&rig.db, TABLE).await, "0");
            assert_eq!(rig.value(OURS).await, "0");
            assert_eq!(rig.value(LEFT).await, "0");
            let row = journal::read::migration(&rig.session, rig.scheme.id).await.unwrap();
            assert_eq!(row.phase, Phase::Finished);
            let exists = rig.value(&format!("SELECT to_regclass('{OLD}') IS NOT NULL")).await;
            match old {
                Old::Drop => assert_eq!(exists, "f"),
                Old::Keep => {
                    assert_eq!(exists, "t");
                    // It can be written, and dropped by hand, sequences and all.
                    rig.db
                        .sql(&format!(
                            "INSERT INTO {OLD} (id, room_id, \"Body\") VALUES (-1, 1, 'x'); DROP TABLE {OLD}"
                        ))
                        .await;
                }
            }
            rig.db
                .sql(&format!("INSERT INTO {TABLE} (room_id, user_id, \"Body\") VALUES (1, 1, 'after')"))
                .await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_the_old_table_keeps_it_and_the_way_back() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("finish_refused").await).await;
        rig.swap().await.unwrap();
        rig.db.sql(&format!("CREATE VIEW public.peek AS SELECT id FROM {OLD}")).await;
        let error = rig.finish(Old::Drop).await.unwrap_err();
        assert!(error.to_string().contains("drop old table"), "{error}");
        assert!(error.to_string().contains("view public.peek depends on"), "{error}");
        rig.db.sql("DROP VIEW public.peek").await;
        rig.reverse().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finish_can_be_killed_at_any_moment() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("finish_killed").await).await;
        rig.swap().await.unwrap();
        rig.settle().await;
        let mut turns = 0;
        loop {
            rig.take_over().await;
            let row = journal::read::migration(&rig.session, rig.scheme.id).await.unwrap();
            if row.phase == Phase::Finished {
                break;
            }
            assert_eq!(row.phase, Phase::ReverseWindow);
            turns += 1;
            let death = Duration::from_millis(turns * turns);
            let leaves = rig.leaf_names();
            let end = End { scheme: &rig.scheme, leaves: &leaves, old: Old::Drop };
            let mut report = |_| ();
            let work = finish::finish(&mut rig.session, &rig.fence, &end, PATIENCE, &mut report);
            if let Ok(outcome) = tokio::time::timeout(death, work).await {
                outcome.unwrap();
            }
        }
        assert_eq!(rig.value(OURS).await, "0");
        assert_eq!(rig.value(LEFT).await, "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abort_leaves_the_source_as_it_was_from_wherever_it_begins() {
    on_each_server(async |server| {
        let rig = Rig::planned(server.database("abort").await).await;
        let before = (schema_dump(&rig.db, TABLE).await, objects(&rig.db).await);
        drop(rig);
        for stage in ["planned", "capturing", "ready", "reversed"] {
            let db = server.database("abort").await;
            let mut rig = match stage {
                "planned" => Rig::planned(db).await,
                "capturing" => Rig::capturing(db).await,
                _ => Rig::ready(db).await,
            };
            if stage == "reversed" {
                rig.swap().await.unwrap();
                rig.settle().await;
                // The twin keeps its foreign keys through the reverse, and nobody settles.
                let reader = rig.db.client().await;
                reader.batch_execute("BEGIN; SELECT count(*) FROM \"My Shop\".users").await.unwrap();
                rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = 'x' WHERE id = 1")).await;
                rig.reverse().await.unwrap();
                reader.batch_execute("COMMIT").await.unwrap();
                rig.restore().await;
            }
            rig.abort().await;
            assert_eq!(schema_dump(&rig.db, TABLE).await, before.0, "{stage}");
            assert_eq!(objects(&rig.db).await, before.1, "{stage}");
            assert_eq!(rig.value(LEFT).await, "0", "{stage}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abort_can_be_killed_at_any_moment_and_writers_notice_nothing() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("abort_killed").await).await;
        let traffic = Traffic::start(&rig.db).await;
        let began = Instant::now();
        let mut turns = 0;
        while rig.value(OURS).await != "0" || rig.value(LEFT).await != "0" {
            assert!(began.elapsed() < Duration::from_mins(3));
            turns += 1;
            rig.take_over().await;
            let mut report = |_| ();
            let work = abort::abort(&mut rig.session, &rig.fence, &rig.scheme, PATIENCE, &mut report);
            if let Ok(outcome) = tokio::time::timeout(Duration::from_millis(turns * turns), work).await {
                outcome.unwrap();
            }
        }
        traffic.transactions(50).await;
        let report = traffic.stop().await;
        assert_eq!(report.errors, [""; 0]);
        assert_eq!(differences(&rig.db, TABLE).await, "0");
    })
    .await;
}
