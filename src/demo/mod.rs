//! `quarterdeck demo`: a throw-away server, a busy application on it, and nothing left afterwards.
//!
//! [`Demo::start`] makes all of it, up to where a conversion can begin; [`Demo::finish`], or a drop, or the end of the
//! process removes it. It converts nothing and catches no signals: that is the caller's.

mod changes;
pub mod cluster;
pub mod data;
mod dice;
#[cfg(feature = "embedded")]
mod fetch;
mod keeper;
pub mod leftovers;
pub mod oracle;
mod place;
pub mod programs;
pub mod tally;
pub mod traffic;
mod wire;

use std::{path::PathBuf, time::Duration};

use chrono::Utc;

use crate::{
    demo::{cluster::Cluster, data::Login, programs::Programs, tally::Tally, traffic::Traffic},
    error::Result,
    model::ident::QualifiedName,
    pg::{Session, Target},
};

/// The demo's database.
pub const DATABASE: &str = "shop";
/// The application's role.
pub const APPLICATION: &str = "chat_app";
/// What counts statements, for the audit; part of contrib.
const STATEMENTS: &str = "pg_stat_statements";
/// How long the traffic may take to finish its last transactions; a lock may hold one up.
const TRAFFIC_ENDS_WITHIN: Duration = Duration::from_secs(10);

/// What is said while the demo is made: whole lines, for people.
pub type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// What a demo is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rows of `chat_messages`.
    pub rows: u32,
    /// Transactions a second.
    pub tps: u32,
    /// The same seed makes the same rows, and draws the same changes.
    pub seed: u32,
    /// The folder of server programs to use (`--pg-bin`).
    pub pg_bin: Option<PathBuf>,
    /// What becomes of the server.
    pub afterwards: Afterwards,
}

/// What becomes of the demo's server at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// Stopped and removed.
    Remove,
    /// Left running (`--keep`).
    Keep,
}

/// A server that was left running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How to connect to it, password included.
    pub conninfo: String,
    /// The shell's words that stop and remove it.
    pub how_to_stop: String,
}

/// A running demo; stopped and removed when dropped, without waiting for it.
#[derive(Debug)]
pub struct Demo {
    cluster: Option<Cluster>,
    traffic: Option<Traffic>,
    target: Target,
    conninfo: String,
    tally: Tally,
    afterwards: Afterwards,
}

impl Demo {
    /// Removes what killed demos left, then makes a server, tables and rows, and lets the application begin.
    ///
    /// Dropping the future on the way removes what was made so far.
    pub async fn start(options: &Options, progress: Progress<'_>) -> Result<Self> {
        for folder in leftovers::remove_leftovers(&std::env::temp_dir()).await? {
            progress(&format!("removed what a killed demo left: {}", folder.display()));
        }
        let programs = programs::look_for(options.pg_bin.as_deref())?;
        #[cfg(feature = "embedded")]
        let programs = match programs {
            None => Some(fetch::programs(progress).await?),
            found => found,
        };
        let programs = programs.ok_or_else(programs::none_found)?;
        progress(&format!("starting PostgreSQL {} from {}", programs.version(), programs.bin().display()));
        let cluster = Cluster::start(&programs, &settings(&programs)).await?;
        let app = Login { role: APPLICATION.into(), password: uuid::Uuid::new_v4().simple().to_string() };
        make_application(&cluster, options, &app, progress).await?;
        let traffic_options =
            traffic::Options { tps: options.tps, seed: options.seed, ..traffic::Options::default() };
        let app_target = Target::parse(&cluster.conninfo_as(&app, DATABASE))?;
        let traffic = Traffic::start(&app_target, &traffic_options).await?;
        progress(&format!(
            "the application is at work: {} transactions a second on {} connections",
            traffic_options.tps, traffic_options.workers
        ));
        Ok(Self {
            target: cluster.target(DATABASE)?,
            conninfo: cluster.conninfo(DATABASE),
            cluster: Some(cluster),
            traffic: Some(traffic),
            tally: Tally::default(),
            afterwards: options.afterwards,
        })
    }

    /// Where a conversion connects to, as the server's superuser.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The same as a connection string, password included.
    pub fn conninfo(&self) -> &str {
        &self.conninfo
    }

    /// The table to convert.
    pub fn table() -> QualifiedName {
        QualifiedName::new("public", "chat_messages")
    }

    /// What the application has done and met so far.
    pub fn tally(&self) -> Tally {
        self.traffic.as_ref().map_or_else(|| self.tally.clone(), Traffic::tally)
    }

    /// Ends the application's work and gives its account; the server goes on.
    pub async fn stop_traffic(&mut self) -> Tally {
        if let Some(traffic) = self.traffic.take() {
            self.tally = traffic.tally();
            match tokio::time::timeout(TRAFFIC_ENDS_WITHIN, traffic.stop()).await {
                Ok(tally) => self.tally = tally,
                Err(_) => self.tally.failed("a statement did not end".into()),
            }
        }
        self.tally.clone()
    }

    /// Rows that differ between the table that owns the name and the oracle; 0 at any moment, beside traffic too.
    pub async fn difference(&self) -> Result<i64> {
        oracle::difference(&Session::open(&self.target, "demo oracle").await?).await
    }

    /// Ends the application's work, stops the server and removes it, and waits for all; or leaves the server running
    /// and says how to reach it. A second call does nothing.
    pub async fn finish(&mut self) -> Result<Option<Kept>> {
        self.stop_traffic().await;
        let Some(cluster) = self.cluster.take() else { return Ok(None) };
        match self.afterwards {
            Afterwards::Remove => cluster.stop().await.map(|()| None),
            Afterwards::Keep => {
                let how_to_stop = cluster.keep()?;
                Ok(Some(Kept { conninfo: self.conninfo.clone(), how_to_stop }))
            }
        }
    }
}

/// Settings of a server whose data is worth nothing, and that should be quick.
fn settings(programs: &Programs) -> cluster::Options {
    let options = cluster::Options::default()
        .set("fsync", "off")
        .set("max_wal_size", "4GB")
        .set("work_mem", "32MB")
        .set("maintenance_work_mem", "128MB");
    if programs.has_library(STATEMENTS) {
        options.set("shared_preload_libraries", STATEMENTS)
    } else {
        options
    }
}

async fn make_application(
    cluster: &Cluster,
    options: &Options,
    app: &Login,
    progress: Progress<'_>,
) -> Result<()> {
    let maintenance = Session::open(&cluster.target("postgres")?, "demo").await?;
    maintenance.batch("demo: database", &format!("CREATE DATABASE {DATABASE}")).await?;
    let session = Session::open(&cluster.target(DATABASE)?, "demo").await?;
    let collects = cluster.programs().has_library(STATEMENTS);
    if collects {
        session.batch("demo: statistics", &format!("CREATE EXTENSION {STATEMENTS} SCHEMA public")).await?;
    }
    let rows = options.rows;
    progress(&format!("making {rows} chat messages"));
    let data = data::Options { rows, seed: options.seed, now: Utc::now(), app: app.clone() };
    data::make(&session, &data, &|made| progress(&format!("{made} of {rows} chat messages"))).await?;
    oracle::make(&session, app).await?;
    if collects {
        // What made the rows is not the application's.
        let reset = format!("SELECT public.{STATEMENTS}_reset()");
        session.batch("demo: forget statements", &reset).await?;
    }
    Ok(())
}
