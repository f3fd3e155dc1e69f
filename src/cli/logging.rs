//! The tool's own log: a file, never the terminal, which belongs to the console.
//!
//! `QUARTERDECK_LOG` filters it (`debug`, `quarterdeck::pg=trace`, …). A log that cannot be written is a
//! warning to show, never a reason to stop.

use std::{
    env, fmt,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use chrono::{SecondsFormat, Utc};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::{
    EnvFilter,
    fmt::{format::Writer, time::FormatTime},
};

/// What is logged unless `QUARTERDECK_LOG` says otherwise.
const DEFAULT_FILTER: &str = "warn,quarterdeck=info";

/// A log being written; the rest of it is written when this is dropped.
#[derive(Debug)]
pub struct Logging {
    /// Where, if anywhere.
    pub path: Option<PathBuf>,
    /// Why not, or why not as asked for: to be shown once.
    pub warnings: Vec<String>,
    _guard: Option<WorkerGuard>,
}

impl Logging {
    /// Starts to write the file asked for, or the usual one.
    pub fn start(asked: Option<&Path>) -> Self {
        let mut warnings = Vec::new();
        let filter = env::var("QUARTERDECK_LOG").ok().filter(|words| !words.is_empty());
        let filter =
            EnvFilter::try_new(filter.as_deref().unwrap_or(DEFAULT_FILTER)).unwrap_or_else(|error| {
                warnings.push(format!("QUARTERDECK_LOG is not a filter: {error}"));
                EnvFilter::new(DEFAULT_FILTER)
            });
        let path = asked.map(Path::to_path_buf).or_else(|| usual_path(|name| env::var(name).ok()));
        let Some(path) = path else {
            warnings.push("there is no log: neither XDG_STATE_HOME nor HOME is set".into());
            return Self { path: None, warnings, _guard: None };
        };
        match open(&path) {
            Ok(file) => {
                let guard = write_to(file, filter, &mut warnings);
                Self { path: Some(path), warnings, _guard: Some(guard) }
            }
            Err(error) => {
                warnings.push(format!("there is no log: {}: {error}", path.display()));
                Self { path: None, warnings, _guard: None }
            }
        }
    }
}

/// `quarterdeck/quarterdeck.log` in the XDG state folder.
pub(super) fn usual_path(var: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let absolute = |path: String| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let state = var("XDG_STATE_HOME").and_then(absolute);
    let state = state.or_else(|| Some(absolute(var("HOME")?)?.join(".local/state")));
    Some(state?.join("quarterdeck/quarterdeck.log"))
}

/// Several processes may append to one file. Nobody else may read it: statements are in it.
fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

fn write_to(file: File, filter: EnvFilter, warnings: &mut Vec<String>) -> WorkerGuard {
    let (writer, guard) = tracing_appender::non_blocking(file);
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false)
        .with_timer(Stamp)
        .try_init();
    if let Err(error) = started {
        warnings.push(format!("there is no log: {error}"));
    }
    guard
}

/// Time and process, because several processes share the file.
struct Stamp;

impl FormatTime for Stamp {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        write!(writer, "{now} {}", std::process::id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(vars: &[(&str, &str)]) -> Option<PathBuf> {
        usual_path(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_state_folder_is_xdgs() {
        let home = path(&[("HOME", "/home/ana")]);
        assert_eq!(home, Some("/home/ana/.local/state/quarterdeck/quarterdeck.log".into()));
        let state = path(&[("HOME", "/home/ana"), ("XDG_STATE_HOME", "/state")]);
        assert_eq!(state, Some("/state/quarterdeck/quarterdeck.log".into()));
        let relative = path(&[("HOME", "/home/ana"), ("XDG_STATE_HOME", "state")]);
        assert_eq!(relative, home, "the specification says to ignore relative ones");
        assert_eq!(path(&[]), None);
    }

    #[test]
    fn a_log_is_only_for_its_owner_and_a_missing_one_is_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("a/b/c.log");
        open(&wanted).unwrap();
        assert_eq!(fs::metadata(&wanted).unwrap().permissions().mode() & 0o777, 0o600);
        let below_a_file = wanted.join("x.log");
        let logging = Logging::start(Some(&below_a_file));
        assert!(logging.path.is_none() && logging.warnings[0].contains("x.log"), "{logging:?}");
    }
}
