//! Clears up after demos that were killed together with their keeper.
//!
//! Removes only folders whose name, user and free marker say that they are a dead demo's, and signals only a
//! process whose command line names that folder.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::geteuid;

use crate::{
    demo::place::{KEPT, MARKER, PREFIX, failed, unprivileged},
    error::{Error, Result},
};

/// How long an abandoned server may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// Stops and removes what killed demos left in `parent`; returns the folders removed.
///
/// A folder is left alone when its owner lives (its marker is locked), when it was kept on request, or when it
/// belongs to another user.
pub async fn remove_leftovers(parent: &Path) -> Result<Vec<PathBuf>> {
    let parent = parent.to_owned();
    let removed = tokio::task::spawn_blocking(move || remove_all_in(&parent)).await;
    removed.map_err(|e| Error::Bug(format!("removing leftovers: {e}")))?
}

fn remove_all_in(parent: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(parent).map_err(Error::io(parent.display().to_string()))?;
    let mut removed = Vec::new();
    for folder in entries.filter_map(std::result::Result::ok).map(|e| e.path()) {
        let Some(_held) = abandoned(&folder) else { continue };
        stop_server_of(&folder)?;
        remove(&folder)?;
        removed.push(folder);
    }
    Ok(removed)
}

/// A keeper that still lives may be removing it at the same time: what counts is that it is gone.
fn remove(folder: &Path) -> Result<()> {
    let removed = fs::remove_dir_all(folder).or_else(|_| fs::remove_dir_all(folder));
    if folder.exists() { removed.map_err(Error::io(folder.display().to_string())) } else { Ok(()) }
}

/// The folder's marker, now locked by us, if it is ours to remove.
fn abandoned(folder: &Path) -> Option<File> {
    let named_so = folder.file_name()?.to_str()?.starts_with(PREFIX);
    let metadata = fs::symlink_metadata(folder).ok()?;
    if !named_so || !metadata.is_dir() || folder.join(KEPT).exists() {
        return None;
    }
    let marker = File::open(folder.join(MARKER)).ok()?;
    marker.try_lock().ok()?;
    let expected = unprivileged().ok()?.map_or_else(|| geteuid().as_raw(), |user| user.uid);
    (metadata.uid() == expected).then_some(marker)
}

/// Stops the server in an abandoned folder, if the process its pid file names really is that server.
fn stop_server_of(folder: &Path) -> Result<()> {
    let Ok(file) = fs::read_to_string(folder.join("data/postmaster.pid")) else { return Ok(()) };
    let Some(pid) = file.lines().next().and_then(|line| line.trim().parse::<u32>().ok()) else {
        return Ok(());
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let is_it = || command_line(pid).contains(&*name);
    let deadline = Instant::now() + STOP_WITHIN;
    while is_it() {
        // SIGQUIT: nothing in it is worth a checkpoint.
        let sent =
            Command::new("/bin/sh").args(["-c", r#"kill -QUIT "$1""#, "sh", &pid.to_string()]).status();
        sent.map_err(Error::io("/bin/sh"))?;
        if Instant::now() > deadline {
            return Err(failed("postgres", format!("process {pid} in {} does not stop", folder.display())));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// What `pid` was started with; empty when there is no such process.
fn command_line(pid: u32) -> String {
    if let Ok(bytes) = fs::read(format!("/proc/{pid}/cmdline")) {
        return String::from_utf8_lossy(&bytes).replace('\0', " ");
    }
    let output = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
    output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default()
}
