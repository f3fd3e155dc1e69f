//! A table as a file: PostgreSQL's own COPY text, compressed by gzip, beside a manifest that says what is in it and how it is
//! brought back. The file is read back and compared before its table is dropped.
//!
//! Invariant: whenever the table is gone, file and manifest are whole and on the disk. Both are written under names of their own,
//! brought to the disk, read back, and get their names without taking another file's; only then the transaction drops the
//! table. Ended before that, the table is still there, and the next run finds that the same is written already.

mod file;

use std::path::Path;

use futures_util::StreamExt;

use self::file::{Files, Writer};
use crate::{
    error::{Error, Result},
    model::{
        figures,
        ident::QualifiedName,
        maintenance::{Content, Manifest},
    },
    pg::{
        Session, Tx, catalog,
        expired::{self, Marked},
    },
};

/// Reading back takes as long as it takes; nobody else uses the table.
const PATIENT: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";

/// Writes a table that was a partition of `table` into `folder`, reads it back, and drops it; `wrote` hears of the bytes as
/// they come.
pub async fn archive_and_drop(
    session: &mut Session,
    (table, marked): (&QualifiedName, &Marked),
    folder: &Path,
    wrote: &mut (dyn FnMut(u64) + Send),
) -> Result<Manifest> {
    let tx = session.begin().await?;
    let written = async {
        expired::claim(&tx, marked).await?;
        write(&tx, (table, marked), folder, wrote).await
    };
    let manifest = match written.await {
        Ok(manifest) => manifest,
        Err(error) => return Err(tx.undo(error).await),
    };
    tx.batch("drop partition", &format!("DROP TABLE {}", marked.name)).await?;
    tx.commit("drop partition").await?;
    Ok(manifest)
}

async fn write(
    tx: &Tx<'_>,
    (table, marked): (&QualifiedName, &Marked),
    folder: &Path,
    wrote: &mut (dyn FnMut(u64) + Send),
) -> Result<Manifest> {
    const FACTS: &str =
        "SELECT current_database()::text, current_setting('server_version'), clock_timestamp()::text";
    tx.batch("be patient", PATIENT).await?;
    let facts = tx.query_one("read server", FACTS, &[]).await?;
    let database: String = facts.get(0);
    let columns = catalog::copied_columns(tx, marked.oid).await?.join(", ");
    let count = format!("SELECT count(*) FROM {}", marked.name);
    let counted = tx.query_one("count rows", &count, &[]).await?.get::<_, i64>(0).unsigned_abs();
    let files = Files::of(folder, &database, &marked.name)?;
    let mut file = Writer::create(&files)?;
    let copy = format!("COPY (SELECT {columns} FROM {}) TO STDOUT (ENCODING 'UTF8')", marked.name);
    let stream = tx.inner().copy_out(&copy).await.map_err(Error::db("copy partition"))?;
    let mut stream = std::pin::pin!(stream);
    while let Some(bytes) = stream.next().await {
        file.write(&bytes.map_err(Error::db("copy partition"))?)?;
        wrote(file.bytes());
    }
    let written = file.finish()?;
    let found = files.read_back()?;
    if found != written || found.rows != counted {
        return Err(unlike(&files, &found, &written, counted));
    }
    let manifest = Manifest {
        format: 1,
        table: table.to_string(),
        partition: marked.name.to_string(),
        bounds: marked.mark.bounds.clone(),
        database,
        server_version: facts.get(1),
        file: files.data_name(),
        compressed_bytes: files.compressed_bytes()?,
        content: found,
        written_at: facts.get(2),
        restore: restore((table, marked), &columns, &files.data_name()),
    };
    files.keep(&manifest)?;
    Ok(manifest)
}

fn unlike(files: &Files, found: &Content, written: &Content, counted: u64) -> Error {
    Error::Program {
        program: files.data().display().to_string(),
        reason: format!(
            "it was read back otherwise than it was written: {} rows of {}, {} bytes of {}",
            figures::count(found.rows.cast_signed()),
            figures::count(counted.cast_signed()),
            found.bytes,
            written.bytes
        ),
        remedy: "look at the disk; the table is still there".into(),
    }
}

fn restore((table, marked): (&QualifiedName, &Marked), columns: &str, file: &str) -> Vec<String> {
    let (name, bounds) = (&marked.name, &marked.mark.bounds);
    vec![
        "\\set ON_ERROR_STOP on".into(),
        format!("CREATE TABLE {name} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY);"),
        format!("\\copy {name} ({columns}) FROM PROGRAM 'gunzip -c {file}' (ENCODING 'UTF8')"),
        format!("ALTER TABLE {table} ATTACH PARTITION {name} {bounds};"),
    ]
}
