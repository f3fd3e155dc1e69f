//! A throw-away PostgreSQL server in a temporary folder, on a free loopback port.
//!
//! It never touches a server or a folder that is not its own. A *keeper* (`assets/demo/keeper.sh`) starts
//! the server and holds the other end of a pipe to this process: when this process ends, however it ends,
//! the keeper stops the server and removes the folder. Where even the keeper was killed, the owner's lock on the
//! folder's marker is free, and [`super::leftovers`] clears up. PostgreSQL refuses to run as root, so root hands
//! all of it to an unprivileged user.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use crate::{
    demo::{
        data::Login,
        keeper::{Answer, Keeper},
        place::{KEPT, Place, SUPERUSER, failed, last_lines},
        programs::Programs,
    },
    error::{Error, Result},
    pg::Target,
};

/// How often another port is tried when somebody took the free one first.
const PORT_ATTEMPTS: u32 = 5;
/// What differs between one throw-away server and another.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where its folder is made; the system's temporary folder by default.
    pub parent: PathBuf,
    /// Lines of `postgresql.conf`, name and value (quoted here).
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { parent: std::env::temp_dir(), settings: Vec::new() }
    }
}

impl Options {
    /// One more setting of `postgresql.conf`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A running server; stopped and removed when dropped, or with [`Cluster::stop`], which waits for it.
#[derive(Debug)]
pub struct Cluster {
    keeper: Keeper,
    place: Place,
    port: u16,
    programs: Programs,
}

impl Cluster {
    /// Makes a server and waits until it accepts connections.
    pub async fn start(programs: &Programs, options: &Options) -> Result<Self> {
        let (programs, options) = (programs.clone(), options.clone());
        let started = tokio::task::spawn_blocking(move || start(programs, &options)).await;
        let cluster = started.map_err(|e| Error::Bug(format!("starting the server: {e}")))??;
        cluster.target("postgres")?.open("quarterdeck demo").await?;
        Ok(cluster)
    }

    /// A connection string for the superuser, password included.
    pub fn conninfo(&self, database: &str) -> String {
        let superuser = Login { role: SUPERUSER.to_owned(), password: self.place.password.clone() };
        self.conninfo_as(&superuser, database)
    }

    /// A connection string for another role.
    pub fn conninfo_as(&self, login: &Login, database: &str) -> String {
        let (port, Login { role, password }) = (self.port, login);
        format!(
            "host=127.0.0.1 port={port} user={role} password={password} dbname={database} sslmode=disable"
        )
    }

    /// Where the superuser connects to.
    pub fn target(&self, database: &str) -> Result<Target> {
        Target::parse(&self.conninfo(database))
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds it all.
    pub fn folder(&self) -> &Path {
        &self.place.folder
    }

    /// The process that stops the server and removes the folder when this process is gone.
    pub fn keeper_pid(&self) -> u32 {
        self.keeper.pid()
    }

    /// The programs it runs.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Stops the server, removes its folder, and waits until both are done.
    pub async fn stop(self) -> Result<()> {
        let Self { keeper, place, .. } = self;
        let ended = tokio::task::spawn_blocking(move || keeper.release()).await;
        ended.map_err(|e| Error::Bug(format!("stopping the server: {e}")))??;
        if place.folder.exists() {
            let reason = format!("{} is still there", place.folder.display());
            return Err(failed("pg_ctl stop", reason));
        }
        Ok(())
    }

    /// Leaves the server running and its folder in place for good; returns how to stop it by hand.
    pub fn keep(self) -> Result<String> {
        let kept = self.place.folder.join(KEPT);
        fs::write(&kept, "kept on request\n").map_err(Error::io(kept.display().to_string()))?;
        self.keeper.keep()?;
        let folder = self.place.folder.display();
        Ok(format!("kill -INT $(head -n 1 {folder}/data/postmaster.pid) && rm -rf {folder}"))
    }
}

fn start(programs: Programs, options: &Options) -> Result<Cluster> {
    let place = Place::make(&options.parent)?;
    let mut keeper = Keeper::start(&place, &programs)?;
    match serve(&mut keeper, &place, options) {
        Ok(port) => Ok(Cluster { keeper, place, port, programs }),
        Err(error) => {
            keeper.release()?;
            Err(error)
        }
    }
}

/// Has the data made and the server started; returns its port.
fn serve(keeper: &mut Keeper, place: &Place, options: &Options) -> Result<u16> {
    if keeper.answer()? == Answer::Failed {
        return Err(failed("initdb", last_lines(&place.log())));
    }
    for _ in 0..PORT_ATTEMPTS {
        let port = free_port()?;
        place.configure(port, &options.settings)?;
        if keeper.start_server()? == Answer::Done {
            return Ok(port);
        }
        if !place.log().contains("Address already in use") {
            break;
        }
    }
    Err(failed("pg_ctl start", last_lines(&place.log())))
}

/// A port nobody listens on; somebody may take it before the server does, so a start is tried again.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::io("127.0.0.1"))?;
    Ok(listener.local_addr().map_err(Error::io("127.0.0.1"))?.port())
}
