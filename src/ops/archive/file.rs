//! The files of an archive.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, Result},
    model::{
        ident::QualifiedName,
        maintenance::{Content, Manifest},
    },
};

/// The two files, under the names they get and those they have before.
pub(super) struct Files {
    folder: PathBuf,
    name: String,
}

impl Files {
    /// Of a table.
    pub(super) fn of(folder: &Path, table: &QualifiedName) -> Self {
        Self { folder: folder.to_owned(), name: plain(&table.plain()) }
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
        self.folder.join(format!("{}.part", self.data_name()))
    }

    /// Decompresses what was written.
    pub(super) fn read_back(&self) -> Result<Content> {
        let path = self.unproven();
        let failed = |error| Error::io(path.display().to_string())(error);
        let mut reader = GzDecoder::new(BufReader::new(File::open(&path).map_err(failed)?));
        let mut count = Counter::default();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer).map_err(failed)? {
                0 => return Ok(count.content()),
                n => count.take(&buffer[..n]),
            }
        }
    }

    pub(super) fn compressed_bytes(&self) -> Result<u64> {
        let path = self.unproven();
        fs::metadata(&path).map(|file| file.len()).map_err(Error::io(path.display().to_string()))
    }

    /// Gives both files their names: from then on the archive is there. One that is there already is replaced by the same
    /// rows, and by nothing else.
    pub(super) fn keep(&self, manifest: &Manifest) -> Result<()> {
        let path = self.manifest();
        let at = |path: &Path| Error::io(path.display().to_string());
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&path)(error)),
            Ok(text) => {
                let there = serde_json::from_slice::<Manifest>(&text).ok();
                let is_same = there.is_some_and(|there| {
                    there.content == manifest.content && there.partition == manifest.partition
                });
                if !is_same {
                    return Err(self.taken(&path));
                }
            }
        }
        if !path.exists() && self.data().exists() {
            return Err(self.taken(&self.data()));
        }
        let text = serde_json::to_vec_pretty(manifest).map_err(|error| Error::Bug(error.to_string()))?;
        let unproven = path.with_extension("json.part");
        let mut file = create(&unproven)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(at(&unproven))?;
        // The manifest last: where it is, the data are.
        fs::rename(self.unproven(), self.data()).map_err(at(&self.data()))?;
        fs::rename(&unproven, &path).map_err(at(&path))?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(at(&self.folder))
    }

    fn taken(&self, path: &Path) -> Error {
        Error::Refused {
            id: "QD-160",
            object: path.display().to_string(),
            reason: format!("the archive of {} would be written over it, and it is not the same", self.name),
            remedy: "move it away, or say another --archive-dir".into(),
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
        let path = files.unproven();
        let gzip = GzEncoder::new(BufWriter::new(create(&path)?), Compression::default());
        Ok(Self { gzip, count: Counter::default(), path: path.display().to_string() })
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
    let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).to_owned();
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
        let mut sha256 = String::new();
        for byte in self.hash.finalize() {
            let _ = write!(sha256, "{byte:02x}");
        }
        Content { rows: self.rows, bytes: self.bytes, sha256 }
    }
}

/// A name that every file system and shell takes as it is: other characters as `%` and their bytes in hexadecimal.
fn plain(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    name.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_differ() {
        assert_eq!(plain("app.m_2024_q1"), "app.m_2024_q1");
        assert_eq!(plain("a/../b c'é"), "a%2f..%2fb%20c%27%c3%a9");
        assert_ne!(plain("a b"), plain("a%20b"));
    }
}
