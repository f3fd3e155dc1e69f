//! A command that is given again after a death in it: what became of it is found out, then it is done.

use crate::{
    commands::tool::{Tool, quiet_shop},
    support::{
        self,
        schema::{objects, schema_dump},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn swap_and_reverse_can_be_said_again_after_a_death_in_them() {
    support::on_each_server(async |server| {
        for (strategy, swapping, reversing) in
            [("online", "swapping", "reversing"), ("adopt", "adopting", "releasing")]
        {
            let db = quiet_shop(server, 100).await;
            db.sql(
                "CREATE TABLE m (id bigserial PRIMARY KEY, at timestamptz NOT NULL, body text); \
                 INSERT INTO m (at, body) SELECT now() - i * interval '1 hour', 'x' FROM generate_series(1, 2000) i; ANALYZE m",
            )
            .await;
            let before = (schema_dump(&db, "public.m").await, objects(&db).await);
            let tool = Tool::on(&db);
            let phase = async || db.value("SELECT phase FROM quarterdeck.migration").await;
            let dead_in = async |phase: &str| {
                db.sql(&format!("UPDATE quarterdeck.migration SET phase = '{phase}'")).await;
            };
            tool.done(&["run", "m", "--strategy", strategy, "--ui", "plain"]).await;
            dead_in(swapping).await;
            tool.done(&["swap", "m", "--yes", "m"]).await;
            let swapped = phase().await;
            assert!(["reverse_window", "adopted"].contains(&swapped.as_str()), "{swapped}");
            // The COMMIT had come about.
            let status = tool.done(&["status", "m", "--json"]).await;
            let status: serde_json::Value = serde_json::from_str(&status).unwrap();
            let opens = status[0]["periods"][0]["lower"].is_null();
            assert_eq!(opens, strategy == "adopt", "history has no beginning: {status:#}");
            let owner = "SELECT pg_get_serial_sequence('m', 'id')";
            assert_eq!(db.value(owner).await, "public.m_id_seq", "the sequence goes with the name");
            dead_in(reversing).await;
            tool.done(&["reverse", "m", "--yes", "m"]).await;
            if strategy == "online" {
                assert_eq!(phase().await, "reversed");
                tool.done(&["abort", "m", "--yes", "m"]).await;
            }
            assert_eq!(phase().await, "aborted");
            assert_eq!(db.value(owner).await, "public.m_id_seq");
            assert_eq!(schema_dump(&db, "public.m").await, before.0);
            assert_eq!(objects(&db).await, before.1);
            db.sql("INSERT INTO m (at, body) VALUES (now(), 'next')").await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_table_that_is_being_cleaned_up_goes_on_with_reverse() {
    let db = quiet_shop(&support::server::all()[0], 100).await;
    db.sql(
        "CREATE TABLE m (id bigserial PRIMARY KEY, at timestamptz NOT NULL); \
         INSERT INTO m (at) SELECT now() - i * interval '1 hour' FROM generate_series(1, 200) i; ANALYZE m",
    )
    .await;
    let tool = Tool::on(&db);
    tool.done(&["run", "m", "--strategy", "adopt", "--ui", "plain"]).await;
    db.sql("UPDATE quarterdeck.migration SET phase = 'aborting'").await;
    tool.done(&["reverse", "m", "--yes", "m"]).await;
    assert_eq!(db.value("SELECT phase FROM quarterdeck.migration").await, "aborted");
    assert_eq!(db.value("SELECT to_regclass('m_twin')").await, "-");
}
