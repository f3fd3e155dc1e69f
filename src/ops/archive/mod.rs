//! A table as a file: PostgreSQL's own COPY text, compressed by gzip, beside a manifest that says what is in it and how it is
//! brought back. The file is read back and compared before its table is dropped.
//!
//! Invariant: whenever the table is gone, file and manifest are whole and on the disk. Both are written under another name,
//! brought to the disk, read back, and renamed; only then the transaction drops the table. Ended before that, the table is
//! still there, and the next run writes the same again.

mod file;

use std::path::Path;

use futures_util::StreamExt;

use self::file::{Files, Writer};
use crate::{
    error::{Error, Result},
    model::{figures, ident::QualifiedName, maintenance::Manifest},
    pg::{Session, Tx},
};

/// Reading back takes as long as it takes; nobody else uses the table.
const PATIENT: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";

/// What was a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The table it was a partition of.
    pub table: QualifiedName,
    /// Itself.
    pub name: QualifiedName,
    /// Its bounds, as PostgreSQL writes them.
    pub bounds: String,
    /// The columns that are written, as SQL, separated by commas.
    pub columns: String,
}

/// Writes a table into `folder`, reads it back, and drops it; `wrote` hears of the bytes as they come.
pub async fn archive_and_drop(
    session: &mut Session,
    expired: &Expired,
    folder: &Path,
    wrote: &mut (dyn FnMut(u64) + Send),
) -> Result<Manifest> {
    let tx = session.begin().await?;
    tx.batch("lock partition", &format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", expired.name)).await?;
    let manifest = match write(&tx, expired, folder, wrote).await {
        Ok(manifest) => manifest,
        Err(error) => return tx.rollback().await.and(Err(error)),
    };
    tx.batch("drop partition", &format!("DROP TABLE {}", expired.name)).await?;
    tx.commit("drop partition").await?;
    Ok(manifest)
}

async fn write(
    tx: &Tx<'_>,
    expired: &Expired,
    folder: &Path,
    wrote: &mut (dyn FnMut(u64) + Send),
) -> Result<Manifest> {
    const FACTS: &str =
        "SELECT current_database()::text, current_setting('server_version'), clock_timestamp()::text";
    tx.batch("be patient", PATIENT).await?;
    let facts = tx.query_one("read server", FACTS, &[]).await?;
    let count = format!("SELECT count(*) FROM {}", expired.name);
    let counted = tx.query_one("count rows", &count, &[]).await?.get::<_, i64>(0).unsigned_abs();
    let files = Files::of(folder, &expired.name);
    let mut file = Writer::create(&files)?;
    let copy = format!("COPY (SELECT {} FROM {}) TO STDOUT", expired.columns, expired.name);
    let stream = tx.inner().copy_out(&copy).await.map_err(Error::db("copy partition"))?;
    let mut stream = std::pin::pin!(stream);
    while let Some(bytes) = stream.next().await {
        file.write(&bytes.map_err(Error::db("copy partition"))?)?;
        wrote(file.bytes());
    }
    let written = file.finish()?;
    let found = files.read_back()?;
    if found != written || found.rows != counted {
        return Err(Error::Program {
            program: files.data().display().to_string(),
            reason: format!(
                "it was read back otherwise than it was written: {} rows of {}, {} bytes of {}",
                figures::count(found.rows.cast_signed()),
                figures::count(counted.cast_signed()),
                found.bytes,
                written.bytes
            ),
            remedy: "look at the disk; the table is still there".into(),
        });
    }
    let manifest = Manifest {
        format: 1,
        table: expired.table.to_string(),
        partition: expired.name.to_string(),
        bounds: expired.bounds.clone(),
        database: facts.get(0),
        server_version: facts.get(1),
        file: files.data_name(),
        compressed_bytes: files.compressed_bytes()?,
        content: found,
        written_at: facts.get(2),
        restore: restore(expired, &files.data_name()),
    };
    files.keep(&manifest)?;
    Ok(manifest)
}

fn restore(expired: &Expired, file: &str) -> Vec<String> {
    let Expired { table, name, bounds, columns } = expired;
    vec![
        format!("CREATE TABLE {name} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY);"),
        format!("\\copy {name} ({columns}) FROM PROGRAM 'gunzip -c {file}'"),
        format!("ALTER TABLE {table} ATTACH PARTITION {name} {bounds};"),
    ]
}
