//! What an archive says of itself.

use serde::{Deserialize, Serialize};

/// The file beside an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// The table that it was a partition of.
    pub table: String,
    /// What is archived.
    pub partition: String,
    /// Its bounds.
    pub bounds: String,
    /// The database it was in.
    pub database: String,
    /// The server's version.
    pub server_version: String,
    /// The file beside the manifest: PostgreSQL's COPY text, compressed by gzip.
    pub file: String,
    /// Bytes of it on the disk.
    pub compressed_bytes: u64,
    /// What is in it.
    pub content: Content,
    /// When it was written, by the server's clock.
    pub written_at: String,
    /// What brings it back, for psql, in the folder of the file.
    pub restore: Vec<String>,
}

/// What is in a file, decompressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Lines, each a row: COPY's text writes a value's own line breaks as `\n`.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of all bytes, in hexadecimal.
    pub sha256: String,
}
