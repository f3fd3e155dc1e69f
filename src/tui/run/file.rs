//! Writes a file that was asked for: a new one, for its owner alone, whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::{
    error::{Error, Report},
    tui::app::msg::Msg,
};

/// What is done about what went wrong.
const REMEDIES: [(ErrorKind, &str); 6] = [
    (ErrorKind::AlreadyExists, "nothing is overwritten; export it again: the name has the time in it"),
    (ErrorKind::PermissionDenied, ELSEWHERE),
    (ErrorKind::ReadOnlyFilesystem, ELSEWHERE),
    (ErrorKind::StorageFull, FULL),
    (ErrorKind::QuotaExceeded, FULL),
    (ErrorKind::NotFound, "the working directory is gone; begin the console in another folder"),
];
const ELSEWHERE: &str = "begin the console in a folder that can be written to, or copy with y";
const FULL: &str = "free space on that disk, then export it again; no half of it was left";

/// Writes it, and says where it is by its whole path.
pub(super) fn write_new(path: &Path, contents: &str) -> Msg {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let whole = path.display().to_string();
    Msg::Exported(match written(&path, contents) {
        Ok(()) => Ok(whole),
        Err(error) => {
            let remedy = REMEDIES.iter().find(|(kind, _)| *kind == error.kind());
            let remedy = remedy.map_or(ELSEWHERE, |(_, remedy)| remedy);
            Err(Report { hint: Some(remedy.into()), ..Error::io(whole)(error).report() })
        }
    })
}

/// Rows are nobody else's to read.
fn written(path: &Path, contents: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let whole = file.write_all(contents.as_bytes()).and_then(|()| file.sync_all());
    if whole.is_err() {
        // Half of it would be taken for all. That it cannot be written is said in any case.
        let _ = fs::remove_file(path);
    }
    whole
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn path(msg: Msg) -> String {
        let Msg::Exported(Ok(path)) = msg else { panic!("{msg:?}") };
        path
    }

    fn refusal(msg: Msg) -> Report {
        let Msg::Exported(Err(report)) = msg else { panic!("{msg:?}") };
        report
    }

    #[test]
    fn a_file_is_its_owners_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let name = path.to_str().unwrap();
        assert_eq!(self::path(write_new(&path, "one\n")), name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let report = refusal(write_new(&path, "two\n"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
        assert!(report.message.starts_with(name) && report.hint.unwrap().contains("nothing is overwritten"));
        // Nor through a link that leads nowhere yet.
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        symlink(&target, &link).unwrap();
        refusal(write_new(&link, "three"));
        assert!(!target.exists());
    }

    #[test]
    fn what_cannot_be_written_is_said_with_a_remedy() {
        let report = refusal(write_new(Path::new("/nowhere/at/all/a.csv"), ""));
        assert!(report.message.starts_with("/nowhere/at/all/a.csv: No such file"), "{report:?}");
        assert!(report.hint.unwrap().contains("another folder"));
    }
}
