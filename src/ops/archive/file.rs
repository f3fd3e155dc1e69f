//! The files of an archive.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    model::{
        ident::QualifiedName,
        maintenance::{Content, Manifest},
    },
};

/// The two files, under the names they get and those they have before, which are nobody else's.
pub(super) struct Files {
    folder: PathBuf,
    name: String,
    own: String,
    /// The data; locked while they are not known to be whole, so that nobody takes them for what a dead run left.
    data: File,
}

impl Files {
    /// Of a table. What runs that died have left of the same one is removed.
    pub(super) fn of(folder: &Path, database: &str, table: &QualifiedName) -> Result<Self> {
        let name = plain(&format!("{database}.{}", table.plain()));
        if let Err(error) = sweep(folder, &name) {
            tracing::warn!(%error, folder = %folder.display(), "what dead runs have left is not removed");
        }
        let own = format!("{name}.{}{UNPROVEN}", Uuid::new_v4().simple());
        let data = create(&folder.join(&own))?;
        if let Err(error) = data.try_lock() {
            // Then nobody else's lock is to be had either.
            tracing::debug!(%error, "lock archive");
        }
        Ok(Self { folder: folder.to_owned(), name, own, data })
    }

    pub(super) fn data_name(&self) -> String {
        format!("{}.copy.gz", self.name)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.join(self.data_name())
    }

    fn manifest(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }

    /// Where the data are until they are known to be whole.
    fn unproven(&self) -> PathBuf {
        self.folder.join(&self.own)
    }

    /// Decompresses what was written.
    pub(super) fn read_back(&self) -> Result<Content> {
        read(&self.unproven())
    }

    pub(super) fn compressed_bytes(&self) -> Result<u64> {
        let path = self.unproven();
        fs::metadata(&path).map(|file| file.len()).map_err(Error::io(path.display().to_string()))
    }

    /// Gives both files their names: from then on the archive is there. No other file's name is taken; one that is there is
    /// left if it holds the same.
    pub(super) fn keep(&self, manifest: &Manifest) -> Result<()> {
        let (data, path) = (self.data(), self.manifest());
        if !link(&self.unproven(), &data)? && read(&data).ok().as_ref() != Some(&manifest.content) {
            return Err(self.taken(&data));
        }
        let text = serde_json::to_vec_pretty(manifest).map_err(|error| Error::Bug(error.to_string()))?;
        let unproven = self.folder.join(format!("{}.json", self.own));
        let at = |path: &Path| Error::io(path.display().to_string());
        let written = create(&unproven)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()).map_err(at(&unproven)));
        // The manifest last: where it is, the data are.
        let linked = written.and_then(|()| link(&unproven, &path));
        fs::remove_file(&unproven).ok();
        if !linked? && !says(&path, manifest) {
            return Err(self.taken(&path));
        }
        fs::remove_file(self.unproven()).map_err(at(&self.unproven()))?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(at(&self.folder))
    }

    fn taken(&self, path: &Path) -> Error {
        Error::Refused {
            id: "QD-160",
            object: path.display().to_string(),
            reason: format!("a file is there, and is not the archive of {}", self.name),
            remedy: "move it away, or say another --archive-dir".into(),
        }
    }
}

impl Drop for Files {
    /// What came to nothing is not left behind.
    fn drop(&mut self) {
        fs::remove_file(self.unproven()).ok();
    }
}

/// How the name of a file ends that is not known to be whole.
const UNPROVEN: &str = ".part";

/// Removes files of that name which are not whole and that nobody writes any more.
fn sweep(folder: &Path, name: &str) -> io::Result<()> {
    let mut left = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?.file_name();
        let rest = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('.'));
        let number = rest.and_then(|rest| rest.strip_suffix(".json").unwrap_or(rest).strip_suffix(UNPROVEN));
        if number.is_some_and(|number| Uuid::try_parse(number).is_ok()) {
            left.push(folder.join(file));
        }
    }
    // The data come first in order, before their manifest, and are what is locked.
    left.sort();
    for path in left {
        let is_manifest = path.extension().is_some_and(|end| end == "json");
        let data = if is_manifest { path.with_extension("") } else { path.clone() };
        let is_dead = match File::open(data) {
            Ok(file) => file.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_dead {
            fs::remove_file(&path)?;
            tracing::info!(file = %path.display(), "removed what a dead run has left");
        }
    }
    Ok(())
}

/// Whether the manifest there is of the same rows.
fn says(path: &Path, manifest: &Manifest) -> bool {
    let there = fs::read(path).ok().and_then(|text| serde_json::from_slice::<Manifest>(&text).ok());
    there.is_some_and(|there| there.content == manifest.content && there.partition == manifest.partition)
}

/// Gives a file another name, unless that is there.
fn link(from: &Path, to: &Path) -> Result<bool> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::io(to.display().to_string())(error)),
    }
}

/// What is in a compressed file.
fn read(path: &Path) -> Result<Content> {
    let failed = |error| Error::io(path.display().to_string())(error);
    let mut reader = GzDecoder::new(BufReader::new(File::open(path).map_err(failed)?));
    let mut count = Counter::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer).map_err(failed)? {
            0 => return Ok(count.content()),
            n => count.take(&buffer[..n]),
        }
    }
}

/// Writes, compresses and counts.
pub(super) struct Writer {
    gzip: GzEncoder<BufWriter<File>>,
    count: Counter,
    path: String,
}

impl Writer {
    pub(super) fn create(files: &Files) -> Result<Self> {
        let path = files.unproven().display().to_string();
        let data = files.data.try_clone().map_err(Error::io(path.clone()))?;
        let gzip = GzEncoder::new(BufWriter::new(data), Compression::default());
        Ok(Self { gzip, count: Counter::default(), path })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.count.take(bytes);
        self.gzip.write_all(bytes).map_err(Error::io(self.path.clone()))
    }

    /// Bytes so far, as they came.
    pub(super) fn bytes(&self) -> u64 {
        self.count.bytes
    }

    /// Brings all to the disk.
    pub(super) fn finish(self) -> Result<Content> {
        let written =
            self.gzip.finish().and_then(|file| file.into_inner().map_err(io::IntoInnerError::into_error));
        written.and_then(|file| file.sync_all()).map_err(Error::io(self.path))?;
        Ok(self.count.content())
    }
}

/// For nobody but who runs it: rows are other people's.
fn create(path: &Path) -> Result<File> {
    let options = OpenOptions::new().write(true).create_new(true).mode(0o600).to_owned();
    options.open(path).map_err(Error::io(path.display().to_string()))
}

#[derive(Default)]
struct Counter {
    rows: u64,
    bytes: u64,
    hash: Sha256,
}

impl Counter {
    fn take(&mut self, bytes: &[u8]) {
        self.rows += bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }

    fn content(self) -> Content {
        Content { rows: self.rows, bytes: self.bytes, sha256: hex(&self.hash.finalize()) }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The longest name, with room for what is put behind it.
const MOST: usize = 180;

/// A name that every file system and shell takes as it is: other characters as `%` and their bytes in hexadecimal.
fn plain(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    let whole: String = name.bytes().map(byte).collect();
    if whole.len() <= MOST {
        return whole;
    }
    format!("{}-{}", &whole[..MOST - 17], hex(&Sha256::digest(name.as_bytes())[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dead_runs_have_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let table = QualifiedName::new("app", "m_2024_q1");
        let there = || {
            let all = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
            let mut all: Vec<_> = all.map(|name| name.into_string().unwrap()).collect();
            all.sort();
            all
        };
        let number = Uuid::new_v4().simple();
        let others = [
            "db.app.m_2024_q1.copy.gz".to_owned(),
            "db.app.m_2024_q1.json".to_owned(),
            "db.app.m_2024_q1.notes.part".to_owned(),
            format!("db.app.m_2024_q10.{number}.part"),
        ];
        let dead = ["", ".json"].map(|end| format!("db.app.m_2024_q1.{number}.part{end}"));
        let alone = format!("db.app.m_2024_q1.{}.part.json", Uuid::new_v4().simple());
        let live = Files::of(folder.path(), "db", &table).unwrap();
        let manifest = format!("{}.json", live.own);
        for name in others.iter().chain(&dead).chain([&alone, &manifest]) {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let next = Files::of(folder.path(), "db", &table).unwrap();
        let mut wanted = [&others[..], &[live.own.clone(), manifest.clone(), next.own.clone()]].concat();
        wanted.sort();
        assert_eq!(there(), wanted);
        drop((live, next));
        fs::remove_file(folder.path().join(manifest)).unwrap();
        assert_eq!(there(), others, "and each removes its own");
    }

    #[test]
    fn names_are_plain_and_differ() {
        assert_eq!(plain("app.m_2024_q1"), "app.m_2024_q1");
        assert_eq!(plain("a/../b c'é"), "a%2f..%2fb%20c%27%c3%a9");
        assert_ne!(plain("a b"), plain("a%20b"));
        let long = |end: &str| plain(&format!("{}{end}", "ж".repeat(60)));
        assert!(long("a").len() <= MOST && long("a") != long("b"));
    }
}
