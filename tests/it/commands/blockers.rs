//! Who holds up the swap: shown with pid, age and query, and ended by its pid alone.

use serde_json::Value;

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    support,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_holds_up_the_swap_is_named_and_ended_by_its_pid() {
    support::on_each_server(async |server| {
        let db = quiet_shop(server, 2_000).await;
        let tool = Tool::on(&db);
        tool.run(&["blockers", TABLE]).await.failed(3, "QD-093");
        tool.done(&["run", TABLE, "--ui", "plain"]).await;
        assert_eq!(tool.done(&["blockers", TABLE]).await, "nobody holds up public.chat_messages\n");

        let reader = db.client().await;
        reader
            .batch_execute(&format!(
                "SET application_name = 'billing'; BEGIN; SELECT FROM {TABLE} LIMIT 1; SELECT pg_sleep(1.1)"
            ))
            .await
            .unwrap();
        let pid: i32 = reader.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        let text = tool.done(&["blockers", TABLE]).await;
        assert!(text.starts_with(&format!("pid {pid}  billing  idle in transaction, open for ")), "{text}");
        assert!(text.contains("AccessShareLock on public.chat_messages"), "{text}");
        let all: Value = serde_json::from_str(&tool.done(&["blockers", TABLE, "--json"]).await).unwrap();
        assert_eq!((&all[0]["pid"], all.as_array().unwrap().len()), (&pid.into(), 1), "{all}");

        // A session that holds up nothing is not ended, whatever is typed.
        let other = db.client().await;
        let innocent: i32 = other.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        let said = tool.run(&["blockers", TABLE, "--cancel", &innocent.to_string()]).await;
        assert_eq!(said.code, 3, "{} {}", said.out, said.err);
        assert!(said.err.contains("QD-096"), "{}", said.err);
        other.batch_execute("SELECT 1").await.unwrap();

        let said = tool.done(&["blockers", TABLE, "--cancel", &pid.to_string()]).await;
        assert!(said.contains(&format!("pid {pid}: its session is terminated")), "{said}");
        assert!(reader.batch_execute("SELECT 1").await.is_err(), "it is gone");
        assert_eq!(tool.done(&["blockers", TABLE]).await, "nobody holds up public.chat_messages\n");

        // A statement is cancelled, and its session lives. The owner does it.
        let busy = db.client().await;
        let pid: i32 = busy.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        let mut swap = tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]);
        let slow = format!("SELECT count(*), pg_sleep(600) FROM (SELECT FROM {TABLE} LIMIT 1) AS one");
        let slow = tokio::spawn(async move { (busy.batch_execute(&slow).await, busy) });
        while tool.done(&["blockers", TABLE]).await.starts_with("nobody") {}
        tool.done(&["blockers", TABLE, "--cancel", &pid.to_string()]).await;
        let (cancelled, busy) = slow.await.unwrap();
        assert_eq!(cancelled.unwrap_err().code().unwrap().code(), "57014");
        busy.batch_execute("SELECT 1").await.unwrap();
        swap.until("closed").await;
        assert_eq!(swap.end().await.code, 0);
    })
    .await;
}
