//! What every integration test stands on: servers, databases, dumps of schemas. Tests nothing itself.
//!
//! ```ignore
//! #[tokio::test(flavor = "multi_thread")]
//! async fn something_holds() {
//!     support::on_each_server(async |server| {
//!         let db = server.database("something").await;
//!         db.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
//!         assert_eq!(db.value("SELECT count(*) FROM t").await, "0");
//!     })
//!     .await;
//! }
//! ```

pub(crate) mod database;
pub(crate) mod proxy;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod standby;

pub(crate) use database::Db;
pub(crate) use server::{database, on_each_server};
