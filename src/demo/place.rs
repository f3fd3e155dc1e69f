//! The folder of a throw-away server: made, marked, owned by whom the server runs as.
//!
//! Starts and stops no server. The marker is locked for as long as the [`Place`] lives, so a free marker means a dead
//! owner.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::{
        fs::{DirBuilderExt, OpenOptionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::geteuid;

use crate::error::{Error, Result};

/// How the folders of demo servers begin, in the system's temporary folder.
pub(super) const PREFIX: &str = "quarterdeck-demo-";

/// The server's superuser.
pub(super) const SUPERUSER: &str = "postgres";

/// Held locked by the owner as long as it lives; contains its pid, for people.
pub(super) const MARKER: &str = "owner";
/// Marks a folder whose owner asked to keep it.
pub(super) const KEPT: &str = "kept";
/// Whom root hands the server to, the first that exists.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A folder of ours, and whom its processes run as.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder.
    pub(super) folder: PathBuf,
    /// The superuser's password.
    pub(super) password: String,
    /// Held for its lock only.
    _marker: File,
    runs_as: Option<User>,
}

/// A user of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    /// Its number.
    pub(super) uid: u32,
    /// Its group's number.
    pub(super) gid: u32,
}

impl Place {
    /// A new folder with a locked marker and the superuser's password, for `initdb` to read.
    pub(super) fn make(parent: &Path) -> Result<Self> {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let folder = parent.join(format!("{PREFIX}{}", &unique[..12]));
        let runs_as = unprivileged()?;
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(Error::io(folder.display().to_string()))?;
        let (marker, file) = locked_marker(&folder)?;
        let (password, secret) = (folder.join("password"), uuid::Uuid::new_v4().simple().to_string());
        fs::write(&password, &secret).map_err(Error::io(password.display().to_string()))?;
        if let Some(user) = runs_as {
            for path in [&marker, &password, &folder] {
                chown(path, Some(user.uid), Some(user.gid)).map_err(Error::io(path.display().to_string()))?;
            }
        }
        Ok(Self { folder, password: secret, _marker: file, runs_as })
    }

    /// A command that runs as the server's user, out of the reach of the terminal's signals.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).process_group(0).stdin(Stdio::null());
        if let Some(User { uid, gid }) = self.runs_as {
            command.gid(gid).uid(uid);
        }
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C");
        command
    }

    /// Writes the server's settings; loopback TCP only, no socket file.
    pub(super) fn configure(&self, port: u16, settings: &[(String, String)]) -> Result<()> {
        let file = self.folder.join("data/postgresql.auto.conf");
        let own = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            ("unix_socket_directories", String::new()),
        ];
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let theirs = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let lines: Vec<String> =
            own.chain(theirs).map(|(n, v)| format!("{n} = '{}'\n", v.replace('\'', "''"))).collect();
        fs::write(&file, lines.concat()).map_err(Error::io(file.display().to_string()))
    }

    /// What the server wrote so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

/// Writes and locks the marker before it gets its name, so that nobody ever sees it unlocked while we live.
fn locked_marker(folder: &Path) -> Result<(PathBuf, File)> {
    let (unborn, marker) = (folder.join("owner.new"), folder.join(MARKER));
    let write = || {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&unborn)?;
        file.lock()?;
        writeln!(file, "{}", std::process::id())?;
        fs::rename(&unborn, &marker)?;
        Ok(file)
    };
    let file = write().map_err(Error::io(marker.display().to_string()))?;
    Ok((marker, file))
}

/// Whom the server runs as: ourselves (`None`), or somebody unprivileged when we are root.
pub(super) fn unprivileged() -> Result<Option<User>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let user = |name: &&str| Some(User { uid: id("-u", name)?, gid: id("-g", name)? });
    UNPRIVILEGED.iter().find_map(user).map(Some).ok_or_else(|| {
        let who = UNPRIVILEGED.join(" or ");
        Error::Program {
            program: "postgres".into(),
            reason: format!("it refuses to run as root, and there is no user {who}"),
            remedy: "run the demo as an ordinary user".into(),
        }
    })
}

/// What `id` says of a user, also where PATH does not lead to it.
fn id(what: &str, user: &str) -> Option<u32> {
    let asked = |program: &&str| Command::new(program).args([what, user]).output().ok();
    let output = ["id", "/usr/bin/id"].iter().find_map(asked).filter(|o| o.status.success())?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// A server program's failure, with the demo's remedy.
pub(super) fn failed(program: &str, reason: String) -> Error {
    Error::Program {
        program: program.to_owned(),
        reason,
        remedy: "look whether the temporary folder is writable and has space, or name other programs with --pg-bin".into(),
    }
}

/// The end of a program's output, on one line.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join("; ")
}
