//! A streaming standby of a test's own server, made with the low-level backup API: the test's PostgreSQL packages have no
//! `pg_basebackup`.
//!
//! Its folder lies in the server's, whose keeper removes it; a server whose folder is gone ends by itself.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::PathBuf,
    process::{Command, Stdio},
};

use super::server::Server;

/// A running standby; stopped when dropped.
pub(crate) struct Standby {
    data: PathBuf,
    server: &'static Server,
    port: u16,
    conninfo: String,
}

impl Standby {
    /// Of this server, under this name.
    pub(crate) async fn of(server: &'static Server, name: &str) -> Self {
        let primary = server.database("primary").await;
        let cluster = server.cluster().await;
        let data = cluster.folder().join(name);
        let (begin, end) = if server.major() < 15 {
            (format!("pg_start_backup('{name}', true, false)"), "pg_stop_backup(false, false)")
        } else {
            (format!("pg_backup_start('{name}', true)"), "pg_backup_stop(false)")
        };
        // The session that began the backup must end it.
        let session = primary.client().await;
        session
            .batch_execute(&format!("SELECT pg_create_physical_replication_slot('{name}', true)"))
            .await
            .unwrap();
        session.batch_execute(&format!("SELECT {begin}")).await.unwrap();
        // A file that vanishes meanwhile is in the WAL; that `cp` minds it is no failure.
        Command::new("cp").arg("-a").arg(cluster.folder().join("data")).arg(&data).output().unwrap();
        let label = session.query_one(&format!("SELECT labelfile FROM {end} AS b"), &[]).await.unwrap();
        fs::remove_file(data.join("postmaster.pid")).unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let upstream = cluster.conninfo("postgres").replace('\'', "''");
        let settings = fs::read_to_string(data.join("postgresql.auto.conf")).unwrap()
            + &format!(
                "port = {port}\nprimary_conninfo = '{upstream} application_name={name}'\n\
                 primary_slot_name = '{name}'\nwal_receiver_status_interval = 1\nwal_retrieve_retry_interval = 100\n"
            );
        let text = label.get::<_, String>(0);
        for (file, text) in
            [("backup_label", text.as_str()), ("postgresql.auto.conf", &settings), ("standby.signal", "")]
        {
            fs::write(data.join(file), text).unwrap();
        }
        // What this process wrote is its user's.
        let owner = fs::metadata(cluster.folder().join("data")).unwrap();
        let to = format!("{}:{}", owner.uid(), owner.gid());
        assert!(Command::new("chown").args(["-R", &to]).arg(&data).status().unwrap().success());
        let conninfo = cluster
            .conninfo("postgres")
            .replace(&format!("port={}", cluster.port()), &format!("port={port}"));
        let standby = Self { data, server, port, conninfo };
        standby
            .pg_ctl(&["start", "-w", "-l", &standby.data.with_extension("log").display().to_string()])
            .await;
        standby
    }

    /// A connection string of the superuser for a database.
    pub(crate) fn conninfo(&self, database: &str) -> String {
        self.conninfo.replace("dbname=postgres", &format!("dbname={database}"))
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Makes it a primary, and waits until it is.
    pub(crate) async fn promote(&self) {
        self.pg_ctl(&["promote", "-w"]).await;
    }

    /// A bare connection to a database of it.
    pub(crate) async fn client(&self, database: &str) -> tokio_postgres::Client {
        super::database::connect(&self.conninfo(database)).await
    }

    async fn pg_ctl(&self, words: &[&str]) {
        let mut command = self.command(words);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let log = fs::read_to_string(self.data.with_extension("log")).unwrap_or_default();
        assert!(output.status.success(), "{words:?}: {output:?}\n{log}");
    }

    fn command(&self, words: &[&str]) -> Command {
        let cluster = self.data.parent().unwrap();
        let owner = fs::metadata(cluster.join("data")).unwrap();
        let mut command = Command::new(self.server.programs().path("pg_ctl"));
        command.args(words).arg("-D").arg(&self.data).current_dir(cluster).stdin(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        if self.data.exists() {
            // The folder goes with the server's, and the server with its folder.
            drop(
                self.command(&["stop", "-m", "immediate"])
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status(),
            );
        }
    }
}
