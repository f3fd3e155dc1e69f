//! A database of a test's own, dropped with it.

use quarterdeck::pg::{Session, Target};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::server::Server;

/// One test's database.
pub(crate) struct Db {
    server: &'static Server,
    name: String,
    conninfo: String,
    maintenance: String,
    client: Client,
}

impl Db {
    /// Empty, or as `template` is, whose sessions end.
    pub(super) async fn create(server: &'static Server, name: String, template: Option<&Self>) -> Self {
        let cluster = server.cluster().await;
        let maintenance = cluster.conninfo("postgres");
        let admin = connect(&maintenance).await;
        let mut like = String::new();
        if let Some(Self { name, .. }) = template {
            let end =
                format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            admin.batch_execute(&end).await.expect("its sessions end");
            like = format!(" TEMPLATE \"{name}\"");
        }
        admin
            .batch_execute(&format!("CREATE DATABASE \"{name}\"{like}"))
            .await
            .expect("the database is made");
        let conninfo = cluster.conninfo(&name);
        let client = connect(&conninfo).await;
        Self { server, name, conninfo, maintenance, client }
    }

    /// The server it is in.
    pub(crate) fn server(&self) -> &'static Server {
        self.server
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A connection string of the superuser, password included; for `--conn` of the binary too.
    pub(crate) fn conninfo(&self) -> &str {
        &self.conninfo
    }

    /// A connection string of another role, which must have been made with this password.
    pub(crate) fn conninfo_as(&self, role: &str, password: &str) -> String {
        // Later words of a connection string win over earlier ones.
        format!("{} user={role} password={password}", self.conninfo)
    }

    /// Where the superuser connects to.
    pub(crate) fn target(&self) -> Target {
        Target::parse(&self.conninfo).expect("a good connection string")
    }

    /// A session as the tool has it: settings pinned, `search_path = pg_catalog`.
    pub(crate) async fn session(&self) -> Session {
        Session::open(&self.target(), "test").await.expect("a session")
    }

    /// A bare connection as an application has it, with the server's default settings.
    pub(crate) async fn client(&self) -> Client {
        connect(&self.conninfo).await
    }

    /// Runs statements as an application would, and fails the test where one fails.
    pub(crate) async fn sql(&self, sql: &str) {
        if let Err(error) = self.try_sql(sql).await {
            panic!("{error:?}\n{sql}");
        }
    }

    /// Runs statements as an application would.
    pub(crate) async fn try_sql(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(sql).await
    }

    /// Waits until the server lets a new connection in.
    pub(crate) async fn up(&self) {
        while tokio_postgres::connect(&self.conninfo, tokio_postgres::NoTls).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// A query's rows: each row its columns as text, joined by `|`, NULL as `-`.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        let messages = self.client.simple_query(sql).await.unwrap_or_else(|e| panic!("{e:?}\n{sql}"));
        let mut rows = Vec::new();
        for message in &messages {
            if let SimpleQueryMessage::Row(row) = message {
                let columns: Vec<_> = (0..row.len()).map(|i| row.get(i).unwrap_or("-")).collect();
                rows.push(columns.join("|"));
            }
        }
        rows
    }

    /// The one row of a query, as [`Db::rows`] writes it.
    pub(crate) async fn value(&self, sql: &str) -> String {
        let mut rows = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "one row wanted: {sql}");
        rows.remove(0)
    }
}

impl Drop for Db {
    /// On a thread and runtime of its own: the test's may be ending. Failing is fine, the server goes anyway.
    fn drop(&mut self) {
        let (maintenance, name) = (self.maintenance.clone(), self.name.clone());
        let drop_it = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let admin = connect(&maintenance).await;
                admin.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await
            })
        };
        if let Ok(Err(error)) = std::thread::spawn(drop_it).join() {
            eprintln!("{} was not dropped: {error:?}", self.name);
        }
    }
}

pub(super) async fn connect(conninfo: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(conninfo, tokio_postgres::NoTls).await.expect("the test's server answers");
    tokio::spawn(connection);
    client
}
