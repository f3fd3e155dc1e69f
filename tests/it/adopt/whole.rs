//! A busy table there and back through the engine, as the command line drives it.

use quarterdeck::{
    engine::{command::Command, context::Until, worker::End},
    model::{history::History, phase::Phase},
};

use super::{adopt, files};
use crate::{
    online::{Shop, options, run},
    support::{self, schema::objects, schema::schema_dump},
};

const TABLE: &str = "public.chat_messages";
const KEY: &str = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'chat_messages'::regclass AND contype = 'p'";
const KIND: &str = "SELECT relkind FROM pg_class WHERE oid = 'public.chat_messages'::regclass";
const LEAVES: &str = "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) ~ 'MINVALUE', pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' \
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'chat_messages'::regclass AND c.relname ~ 'history|default' ORDER BY 1";
const FOREIGN: &str = "SELECT count(*), bool_and(convalidated) FROM pg_constraint WHERE conrelid = 'chat_messages'::regclass AND contype = 'f'";

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_table_is_adopted_let_go_adopted_again_and_finished() {
    support::on_each_server(async |server| {
        let shop = Shop::open(server, 10_000, 50).await;
        let before = (schema_dump(&shop.db, TABLE).await, objects(&shop.db).await, files(&shop.db, TABLE).await);
        let keys = shop.db.value(FOREIGN).await;
        let id = adopt(&shop.db, "chat_messages", History::Range).await;
        let end = run(&shop.db, id, options(Until::Ready, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::Ready));
        assert_eq!(shop.db.value(KIND).await, "r");
        let end = run(&shop.db, id, options(Until::Swapped, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::Adopted));
        assert_eq!(shop.db.value(KIND).await, "p");
        assert_eq!(shop.db.value(KEY).await, "PRIMARY KEY (id, created_at)");
        assert_eq!(shop.db.rows(LEAVES).await, ["chat_messages_default|f|t", "chat_messages_history|t|f"]);
        assert_eq!(shop.db.value(FOREIGN).await, keys, "the partitioned table has them, valid");
        assert_eq!(files(&shop.db, "public.chat_messages_history").await, before.2, "nothing was written anew");
        let bound = "SELECT count(*) FROM pg_constraint WHERE conname = 'quarterdeck_bound'";
        assert_eq!(shop.db.value(bound).await, "0");

        // Past the bound and back: a row of its own, which the oracle does not know, in a chat that the traffic does not read.
        shop.db
            .sql(
                "WITH who AS (INSERT INTO users (email, name) VALUES ('later', 'later') RETURNING id) \
                 INSERT INTO chat_sessions (user_id, title) SELECT id, 'later' FROM who; \
                 INSERT INTO chat_messages (session_id, user_id, content, created_at) \
                 SELECT id, user_id, 'later', now() + interval '4 months' FROM chat_sessions WHERE title = 'later'",
            )
            .await;
        let place = "SELECT tableoid::regclass FROM chat_messages WHERE content = 'later'";
        assert_ne!(shop.db.value(place).await, "chat_messages_history");
        shop.db.sql("UPDATE chat_messages SET created_at = now() - interval '1 year' WHERE content = 'later'").await;
        assert_eq!(shop.db.value(place).await, "chat_messages_history");
        shop.db.sql("UPDATE chat_messages SET created_at = now() + interval '4 months' WHERE content = 'later'").await;

        let end = run(&shop.db, id, options(Until::Asked, Some(Command::Reverse { move_rows: true }))).await.unwrap();
        assert_eq!(end, End::Done);
        assert_eq!(shop.db.value("SELECT count(*) FROM ONLY chat_messages WHERE content = 'later'").await, "1");
        shop.db.sql("DELETE FROM chat_messages WHERE content = 'later'").await;
        assert_eq!(schema_dump(&shop.db, TABLE).await, before.0);
        assert_eq!(objects(&shop.db).await, before.1);
        assert_eq!(shop.db.value(&format!("SELECT phase FROM quarterdeck.migration WHERE id = '{id}'")).await, "aborted");

        let id = adopt(&shop.db, "chat_messages", History::Range).await;
        let end = run(&shop.db, id, options(Until::Finished, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::Finished));
        let db = shop.close().await;
        assert_eq!(db.value("SELECT count(*) FROM chat_messages_default").await, "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_may_be_default() {
    support::on_each_server(async |server| {
        let shop = Shop::open(server, 2_000, 50).await;
        let before = (schema_dump(&shop.db, TABLE).await, objects(&shop.db).await);
        let id = adopt(&shop.db, "chat_messages", History::Default).await;
        let end = run(&shop.db, id, options(Until::Swapped, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::Adopted));
        assert_eq!(shop.db.rows(LEAVES).await, ["chat_messages_history|f|t"]);
        run(&shop.db, id, options(Until::Asked, Some(Command::Reverse { move_rows: false }))).await.unwrap();
        assert_eq!(schema_dump(&shop.db, TABLE).await, before.0);
        assert_eq!(objects(&shop.db).await, before.1);
        shop.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_before_the_swap_leaves_nothing() {
    support::on_each_server(async |server| {
        let shop = Shop::open(server, 2_000, 50).await;
        let before = (schema_dump(&shop.db, TABLE).await, objects(&shop.db).await);
        let id = adopt(&shop.db, "chat_messages", History::Range).await;
        run(&shop.db, id, options(Until::Ready, None)).await.unwrap();
        assert_ne!(schema_dump(&shop.db, TABLE).await, before.0, "the wider key is there");
        let end = run(&shop.db, id, options(Until::Asked, Some(Command::Abort))).await.unwrap();
        assert_eq!(end, End::Aborted);
        assert_eq!(schema_dump(&shop.db, TABLE).await, before.0);
        assert_eq!(objects(&shop.db).await, before.1);
        shop.close().await;
    })
    .await;
}
