//! The strategy `adopt`: the old table is attached whole, under traffic, and taken out again.

mod kills;
mod odd;
mod refusals;
mod scans;
mod whole;

use quarterdeck::{
    engine::{launch, plan::plan},
    model::{history::History, plan::Request, strategy::Strategy, throttle::Limits},
};
use uuid::Uuid;

use crate::support::Db;

/// What is asked for.
fn request(table: &str) -> Request {
    Request { strategy: Strategy::Adopt, ..Request::of(table) }
}

/// Journals a migration of `table`.
async fn adopt(db: &Db, table: &str, history: History) -> Uuid {
    let request = Request { history, ..request(table) };
    let scheme = plan(&db.session().await, &request).await.unwrap_or_else(|e| panic!("{e}")).scheme;
    launch::journal(&db.target(), &scheme, 1, &Limits::default()).await.unwrap();
    scheme.id
}

/// Files of a table's heap and indexes, by what the indexes are.
async fn files(db: &Db, table: &str) -> Vec<String> {
    db.rows(&format!(
        "SELECT pg_relation_filenode('{table}'::regclass) UNION ALL \
         SELECT pg_relation_filenode(indexrelid) FROM pg_index WHERE indrelid = '{table}'::regclass AND NOT indisprimary \
         ORDER BY 1"
    ))
    .await
}
