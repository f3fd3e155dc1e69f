//! Finds PostgreSQL's server programs: a folder that holds `initdb`, `pg_ctl` and `postgres`.
//!
//! Looks only; starts nothing but `postgres --version` and `pg_config --bindir`. A folder that was named
//! (`--pg-bin`, `QUARTERDECK_PG_BIN`) is taken or refused, never silently passed over for another.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::{Error, Result};

/// The environment variable that names a folder of server programs.
pub const ENV: &str = "QUARTERDECK_PG_BIN";

/// The oldest PostgreSQL that Quarterdeck works with.
pub const OLDEST: u32 = 14;

const NEEDED: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// A folder of server programs that was looked at and is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    bin: PathBuf,
    version: String,
}

impl Programs {
    /// Looks at one folder: all programs there, and of a version that is supported.
    pub fn at(bin: &Path) -> Result<Self> {
        for name in NEEDED {
            if !bin.join(name).is_file() {
                return Err(unusable(bin, format!("there is no {name} in it")));
            }
        }
        let words = output_of(&bin.join("postgres"), "--version")
            .ok_or_else(|| unusable(bin, "its postgres does not run here".into()))?;
        let version = version_in(&words).ok_or_else(|| unusable(bin, format!("unknown version: {words}")))?;
        let programs = Self { bin: bin.to_owned(), version };
        if programs.major() < OLDEST {
            let reason = format!("PostgreSQL {} is older than {OLDEST}", programs.version);
            return Err(unusable(bin, reason));
        }
        Ok(programs)
    }

    /// The folder.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// One program's path.
    pub fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }

    /// A library of contrib lies where its servers look for it.
    pub fn has_library(&self, name: &str) -> bool {
        // As the server finds it: from where its program is, not from a link to it.
        let Ok(program) = self.path("postgres").canonicalize() else { return false };
        let Some(root) = program.ancestors().nth(2) else { return false };
        let places = ["lib", "lib/postgresql"].map(|place| root.join(place));
        places
            .iter()
            .any(|place| ["so", "dylib"].iter().any(|end| place.join(format!("{name}.{end}")).is_file()))
    }

    /// `15.18`, as `postgres --version` says it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `15`; 0 for a version that does not begin with a number.
    pub fn major(&self) -> u32 {
        let digits: String = self.version.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    }
}

/// The programs to use, as [`look_for`] finds them; an error where there are none.
pub fn find(named: Option<&Path>) -> Result<Programs> {
    look_for(named)?.ok_or_else(none_found)
}

/// The programs to use: `named` (`--pg-bin`), else `QUARTERDECK_PG_BIN`, else the first complete folder of
/// the machine's usual places; `None` where there is no such folder.
pub fn look_for(named: Option<&Path>) -> Result<Option<Programs>> {
    if let Some(bin) = named {
        return Programs::at(bin).map(Some);
    }
    if let Some(bin) = std::env::var_os(ENV).filter(|v| !v.is_empty()) {
        return Programs::at(Path::new(&bin)).map(Some);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(first_of(&usual_places(&path, Path::new("/"))))
}

/// The first folder that will do, in the order given.
pub fn first_of(places: &[PathBuf]) -> Option<Programs> {
    places.iter().find_map(|bin| Programs::at(bin).ok())
}

/// What to say where `look_for` found nothing.
pub fn none_found() -> Error {
    Error::Program {
        program: "PostgreSQL's server programs".into(),
        reason: format!("not found (initdb, pg_ctl and postgres, version {OLDEST} or later)"),
        remedy: format!("install PostgreSQL's server package, or name its bin folder with --pg-bin or {ENV}"),
    }
}

/// Where server programs usually are, best first: `PATH`, `pg_config`, Debian, Red Hat, Homebrew, Postgres.app.
/// `root` is `/` but in tests.
pub fn usual_places(path: &OsStr, root: &Path) -> Vec<PathBuf> {
    let on_path: Vec<PathBuf> = std::env::split_paths(path).collect();
    let config = on_path.iter().map(|dir| dir.join("pg_config")).find(|p| p.is_file());
    let mut places = on_path;
    places.extend(config.and_then(|p| output_of(&p, "--bindir")).map(PathBuf::from));
    for (parent, prefix, rest) in [
        ("usr/lib/postgresql", "", "bin"),
        ("usr", "pgsql-", "bin"),
        ("opt/homebrew/opt", "postgresql@", "bin"),
        ("home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
        ("usr/local/opt", "postgresql@", "bin"),
        ("Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        places.extend(newest_first(&root.join(parent), prefix).into_iter().map(|dir| dir.join(rest)));
    }
    places
}

/// The folders `parent/<prefix><number>`, highest number first.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(std::result::Result::ok)
        .filter_map(|e| Some((e.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?, e.path())))
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, dir)| dir).collect()
}

/// `15.18` out of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version_in(words: &str) -> Option<String> {
    words.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

fn output_of(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn unusable(bin: &Path, reason: String) -> Error {
    Error::Program {
        program: bin.display().to_string(),
        reason,
        remedy: format!(
            "name a bin folder of PostgreSQL {OLDEST} or later that holds {}, for instance /usr/lib/postgresql/15/bin",
            NEEDED.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by a child process: a file this process still holds open for writing could not be run.
    fn plant(bin: &Path, version: &str) {
        let script = r#"mkdir -p "$1"; for name in initdb pg_ctl postgres; do
            printf '#!/bin/sh\necho "postgres (PostgreSQL) %s"\n' "$2" > "$1/$name"; chmod 755 "$1/$name"; done"#;
        let status = Command::new("sh").args(["-ceu", script, "sh"]).arg(bin).arg(version).status().unwrap();
        assert!(status.success());
    }

    #[test]
    fn debian_places_are_tried_newest_first_by_number_not_by_letter() {
        let root = tempfile::tempdir().unwrap();
        for major in ["9.6", "15", "14", "100"] {
            plant(&root.path().join("usr/lib/postgresql").join(major).join("bin"), &format!("{major}.1"));
        }
        let places = usual_places(OsStr::new(""), root.path());
        let majors: Vec<_> = places.iter().filter(|p| p.starts_with(root.path())).collect();
        assert!(majors[0].ends_with("100/bin") && majors[1].ends_with("15/bin"), "{majors:?}");
        assert_eq!(first_of(&places).unwrap().version(), "100.1");
    }

    #[test]
    fn path_comes_before_the_usual_places() {
        let root = tempfile::tempdir().unwrap();
        plant(&root.path().join("mine"), "16.2");
        plant(&root.path().join("usr/lib/postgresql/17/bin"), "17.0");
        let places = usual_places(root.path().join("mine").as_os_str(), root.path());
        assert_eq!(first_of(&places).unwrap().major(), 16);
    }

    #[test]
    fn a_folder_without_all_programs_or_too_old_is_refused_with_a_remedy() {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        plant(&bin, "13.9");
        let old = Programs::at(&bin).unwrap_err();
        assert!(old.to_string().contains("13.9 is older than 14"), "{old}");
        assert!(old.hint().unwrap().contains("14 or later"));
        plant(&bin, "18beta1");
        assert_eq!(Programs::at(&bin).unwrap().major(), 18);
        std::fs::remove_file(bin.join("initdb")).unwrap();
        assert!(Programs::at(&bin).unwrap_err().to_string().contains("no initdb"));
        assert_eq!(first_of(&[bin]), None);
        assert!(none_found().hint().unwrap().contains("--pg-bin"));
    }

    #[test]
    fn the_version_is_read_out_of_what_postgres_says() {
        assert_eq!(
            version_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)").as_deref(),
            Some("15.18")
        );
        assert_eq!(version_in("nothing"), None);
    }
}
