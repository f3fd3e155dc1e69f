//! A server with the demo's tables, and what is asked of it.

use std::{path::Path, time::Instant};

use quarterdeck::{
    Result,
    demo::{
        cluster::{Cluster, Options},
        data::{self, Login},
        oracle, programs,
    },
    pg::{Session, Target},
};

const DATABASE: &str = "shop";

/// The order of rows in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Order {
    /// As they were written.
    Time,
    /// That of their UUIDs, which is none.
    Random,
}

/// The server, and a session.
pub(super) struct Shop {
    cluster: Cluster,
    pub(super) session: Session,
    application: Login,
}

impl Shop {
    /// Starts a server and loads it. It keeps its promises (`fsync`), so that what is written counts.
    pub(super) async fn open(bin: Option<&Path>, rows: u32, order: Order) -> Result<Self> {
        let programs = programs::find(bin)?;
        let options = Options::default().set("max_wal_size", "8GB").set("shared_buffers", "512MB");
        let cluster = Cluster::start(&programs, &options).await?;
        let admin = Session::open(&cluster.target("postgres")?, "bench").await?;
        admin.batch("make database", &format!("CREATE DATABASE {DATABASE}")).await?;
        let session = Session::open(&cluster.target(DATABASE)?, "bench").await?;
        let application = Login { role: "chat_app".into(), password: "bench".into() };
        let options = data::Options { rows, seed: 1, now: chrono::Utc::now(), app: application.clone() };
        data::make(&session, &options, &|_| ()).await?;
        oracle::make(&session, &application).await?;
        if order == Order::Random {
            session
                .batch(
                    "shuffle",
                    "CLUSTER public.chat_messages USING chat_messages_pkey; \
                 ALTER TABLE public.chat_messages SET WITHOUT CLUSTER",
                )
                .await?;
        }
        session.batch("settle", "VACUUM ANALYZE").await?;
        session.batch("settle", "CHECKPOINT").await?;
        Ok(Self { cluster, session, application })
    }

    pub(super) fn version(&self) -> &str {
        self.cluster.programs().version()
    }

    pub(super) fn conninfo(&self) -> String {
        self.cluster.conninfo(DATABASE)
    }

    /// As the application logs in.
    pub(super) fn application(&self) -> Result<Target> {
        Target::parse(&self.cluster.conninfo_as(&self.application, DATABASE))
    }

    /// Seconds that statements take, each a transaction of its own.
    pub(super) async fn timed(&self, statements: &[String]) -> Result<f64> {
        let began = Instant::now();
        for sql in statements {
            self.session.batch("timed", sql).await?;
        }
        Ok(began.elapsed().as_secs_f64())
    }

    /// A number.
    pub(super) async fn number(&self, sql: &str) -> Result<f64> {
        Ok(self.session.query_one("number", &format!("SELECT ({sql})::float8"), &[]).await?.get(0))
    }

    /// Lines of text.
    pub(super) async fn lines(&self, sql: &str) -> Result<Vec<String>> {
        let rows = self.session.query("lines", sql, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    pub(super) async fn close(self) -> Result<()> {
        drop(self.session);
        self.cluster.stop().await
    }
}
