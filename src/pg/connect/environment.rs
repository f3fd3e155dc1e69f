//! What surrounds a connection: environment variables, the home directory, the user, and libpq's files.
//!
//! The one place that asks the process and the file system, so that tests bring their own. Opens nothing
//! but the service file and the password file.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{passfile, service, settings::Settings};

/// Where Debian's and the PostgreSQL project's builds put the server's sockets.
const SOCKET_DIRS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
/// Where Debian's build looks for the system's service file.
const SYSTEM_DIR: &str = "/etc/postgresql-common";

/// The surroundings.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    /// Environment variables.
    pub(super) vars: BTreeMap<String, String>,
    /// The operating system's name of the user.
    pub(super) user: Option<String>,
    /// Directories that may hold the server's socket, most likely first.
    pub(super) socket_dirs: Vec<PathBuf>,
}

impl Environment {
    /// The process's own.
    pub(super) fn of_process() -> Self {
        // A variable that is not UTF-8 cannot be one of ours with a meaning; `vars()` would panic on it.
        let vars = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { vars, ..Self::bare() }
    }

    /// Without variables: only the user and the socket directories.
    pub(super) fn bare() -> Self {
        Self {
            vars: BTreeMap::new(),
            user: whoami::username().ok(),
            socket_dirs: SOCKET_DIRS.map(PathBuf::from).to_vec(),
        }
    }

    /// A variable.
    pub(super) fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str)
    }

    /// A file under the home directory, if there is one.
    pub(super) fn home(&self, file: &str) -> Option<PathBuf> {
        self.var("HOME").filter(|home| !home.is_empty()).map(|home| Path::new(home).join(file))
    }

    /// The socket directory for a port: the one that holds the server's socket, else the first that exists.
    pub(super) fn socket_dir(&self, port: u16) -> Option<&Path> {
        let socket = format!(".s.PGSQL.{port}");
        let holds = self.socket_dirs.iter().find(|dir| dir.join(&socket).exists());
        holds.or_else(|| self.socket_dirs.iter().find(|dir| dir.is_dir())).map(PathBuf::as_path)
    }

    /// Whether a host is a default socket directory, which the password file calls `localhost`.
    pub(super) fn is_default_socket_dir(&self, host: &str) -> bool {
        self.socket_dirs.iter().any(|dir| dir.as_path() == Path::new(host))
    }

    /// The parameters of a service; `Err` says in words why there are none.
    pub(super) fn service(&self, name: &str) -> Result<Settings, String> {
        let own = match self.var("PGSERVICEFILE").filter(|path| !path.is_empty()) {
            Some(path) => Some(PathBuf::from(path)),
            None => self.home(".pg_service.conf"),
        };
        let system = Path::new(self.var("PGSYSCONFDIR").unwrap_or(SYSTEM_DIR)).join("pg_service.conf");
        for path in own.into_iter().chain([system]).filter(|path| path.exists()) {
            let at = path.display();
            let text = fs::read_to_string(&path).map_err(|e| format!("the service file {at}: {e}"))?;
            let found = service::section(&text, name).map_err(|e| format!("the service file {at}, {e}"))?;
            if let Some(settings) = found {
                return Ok(settings);
            }
        }
        Err(format!("there is no service {name:?} in a service file"))
    }
}

/// The password file's text, or why it is not used.
#[derive(Debug)]
pub(super) enum Passfile {
    /// Readable and nobody else's.
    Text(String),
    /// There is none.
    Missing,
    /// There is one, and this is why it does not count.
    Unusable(String),
}

impl Passfile {
    /// Reads it, if nobody but its owner can.
    pub(super) fn read(path: &Path) -> Self {
        let at = path.display();
        let Ok(meta) = fs::metadata(path) else { return Self::Missing };
        if !meta.is_file() {
            return Self::Unusable(format!("the password file {at} is not a plain file"));
        }
        if meta.permissions().mode() & 0o077 != 0 {
            return Self::Unusable(format!("others can read the password file {at}: chmod 600 it"));
        }
        fs::read_to_string(path)
            .map_or_else(|e| Self::Unusable(format!("the password file {at}: {e}")), Self::Text)
    }

    /// The password for a lookup.
    pub(super) fn password(&self, lookup: passfile::Lookup<'_>) -> Option<String> {
        match self {
            Self::Text(text) => passfile::password(text, lookup),
            Self::Missing | Self::Unusable(_) => None,
        }
    }
}
