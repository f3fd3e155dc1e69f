//! One differing row, read whole from both sides in one snapshot of the present moment. It writes nothing.
//!
//! The source is found by its OID and the twin's partitions by their names, which a swap leaves alone: whoever looks while the
//! names change hands sees the same two tables. A row is looked for by its key and by index only; where there is no index
//! yet, nobody reads a whole table for a look, and that is said.

mod values;

use std::{collections::BTreeSet, time::Duration};

use tokio_postgres::error::SqlState;

use crate::{
    error::{Error, Result},
    model::{
        comparison::Sides,
        diff::{Diff, PLACE},
        ident::QualifiedName,
        scheme::{Leaf, Scheme},
        whole::{Pending, WholeRow},
    },
    pg::{Session, Tx},
};

/// No statement of a look takes longer.
pub const WITHIN: Duration = Duration::from_secs(15);
/// A look does not queue behind who wants the table for itself: others would queue behind it.
const LOCK_WITHIN: Duration = Duration::from_secs(2);
/// How often a look begins anew where the row, or the table's name, has moved meanwhile.
const TRIES: usize = 4;
/// Rows of the twin with one key that are told apart.
const MOST_TWINS: usize = 16;
/// Changes in the log that are counted.
const MOST_CHANGES: usize = 10_000;

/// What is looked at: the row that the verifier named.
#[derive(Clone, Copy, Debug)]
struct Look<'a> {
    sides: &'a Sides<'a>,
    diff: &'a Diff,
}

/// How far a look came.
enum Outcome {
    Read(Box<WholeRow>),
    /// The source's row belongs to a leaf that was not looked into.
    Belongs(usize),
    /// Another table has the source's name now.
    Renamed,
}

/// Where a row lies.
struct Place {
    heap: QualifiedName,
    tid: String,
    /// The value of the partition column.
    part: String,
    /// The leaf: of the source's row, to which it belongs by its time.
    leaf: Option<usize>,
}

/// Reads the row of `diff` whole.
pub async fn read(session: &mut Session, scheme: &Scheme, leaves: &[Leaf], diff: &Diff) -> Result<WholeRow> {
    if diff.key_values.len() != scheme.twin_key().len() {
        return Err(refused(
            scheme.source(),
            "the values of its key are not in the journal, which an older version wrote",
            "verify again",
        ));
    }
    let mut which: BTreeSet<usize> = named(leaves, diff);
    for _ in 0..TRIES {
        let source = source_now(session, scheme).await?;
        let sides = Sides { scheme, source, twin: scheme.twin(), leaves };
        match (Look { sides: &sides, diff }).attempt(session, &which).await {
            Ok(Outcome::Read(row)) => return Ok(*row),
            Ok(Outcome::Belongs(leaf)) => drop(which.insert(leaf)),
            Ok(Outcome::Renamed) => {}
            Err(error) => return Err(said(error, &sides)),
        }
    }
    Err(Error::Busy {
        object: scheme.source().plain(),
        reason: "the row moves from partition to partition while it is looked at".into(),
        remedy: "read it again".into(),
    })
}

/// The leaves that the verifier named.
fn named(leaves: &[Leaf], diff: &Diff) -> BTreeSet<usize> {
    let astray = diff.columns.iter().filter(|(column, ..)| column == PLACE);
    let names = astray.flat_map(|(_, source, twin)| [source, twin]).flatten().chain([&diff.leaf]);
    names.filter_map(|name| leaves.iter().position(|leaf| leaf.name.as_str() == name)).collect()
}

/// What the source is called now.
async fn source_now(session: &Session, scheme: &Scheme) -> Result<QualifiedName> {
    const SQL: &str = "SELECT n.nspname::text, c.relname::text FROM pg_class c \
                       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1";
    let row = session.query_opt("find source", SQL, &[&scheme.table.oid]).await?;
    let name = row.map(|row| QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)));
    name.ok_or_else(|| {
        let remedy = "the partitioned table is all there is: nothing is left to compare it with";
        refused(&scheme.old(), "the old table is not there any more", remedy)
    })
}

fn refused(object: &QualifiedName, reason: &str, remedy: &str) -> Error {
    Error::Refused { id: "QD-166", object: object.plain(), reason: reason.into(), remedy: remedy.into() }
}

/// Waiting that was given up says for what.
fn said(error: Error, sides: &Sides<'_>) -> Error {
    let busy = |reason: String| Error::Busy {
        object: sides.source.plain(),
        reason,
        remedy: "read it again; `b` in the console shows who holds it up".into(),
    };
    match error.sqlstate() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => busy(format!(
            "another session holds the table or a partition; waited {} s",
            LOCK_WITHIN.as_secs()
        )),
        Some(&SqlState::QUERY_CANCELED) => {
            busy(format!("the row was not read within {} s", WITHIN.as_secs()))
        }
        _ => error,
    }
}

impl<'a> Look<'a> {
    async fn attempt(self, session: &mut Session, which: &BTreeSet<usize>) -> Result<Outcome> {
        const MEANS: &str = "SELECT to_regclass($1)::oid, clock_timestamp()";
        let sides = self.sides;
        let found = self.findable(session, which).await?;
        let tx = session.begin_snapshot().await?;
        tx.batch("look settings", &settings()).await?;
        // Locks come before the snapshot, which would otherwise outlive a rewrite.
        match tx.batch("lock for look", &self.lock(&found)).await {
            Err(error) if error.sqlstate() == Some(&SqlState::UNDEFINED_TABLE) => {
                return Ok(Outcome::Renamed);
            }
            locked => locked?,
        }
        let row = tx.query_one("look what a name means", MEANS, &[&sides.source.to_string()]).await?;
        if row.get::<_, Option<u32>>(0) != Some(sides.scheme.table.oid) {
            return Ok(Outcome::Renamed);
        }
        let source = self.seek_source(&tx).await?;
        if let Some(home) = source.as_ref().and_then(|source| source.leaf)
            && !which.contains(&home)
        {
            return Ok(Outcome::Belongs(home));
        }
        let twins = self.seek_twin(&tx, &found.searched).await?;
        let (columns, alike) = values::read(&tx, sides, (source.as_ref(), twins.first())).await?;
        let pending =
            if found.log { Some(self.pending(&tx, source.iter().chain(&twins)).await?) } else { None };
        tx.rollback().await?;
        let name = |leaf: usize| sides.leaves[leaf].name.as_str().to_owned();
        Ok(Outcome::Read(Box::new(WholeRow {
            at: row.get(1),
            home: source.as_ref().and_then(|source| source.leaf).map(name),
            source: source.map(|source| source.heap.plain()),
            twin: twins.iter().filter_map(|twin| twin.leaf.map(name)).collect(),
            unsearched: found.unsearched,
            columns,
            alike,
            pending,
        })))
    }

    /// Looks into the catalogue for what a row can be found in by index.
    async fn findable(self, session: &Session, which: &BTreeSet<usize>) -> Result<Findable> {
        const SQL: &str = include_str!("../../../assets/sql/row_findable.sql");
        let sides = self.sides;
        let mut names = vec![sides.source.to_string(), sides.scheme.log().to_string()];
        names.extend(which.iter().map(|leaf| sides.scheme.leaf(&sides.leaves[*leaf]).to_string()));
        let key: Vec<_> = sides.scheme.key().iter().map(|column| column.name.as_str()).collect();
        let rows = session.query("look for index on key", SQL, &[&names, &key]).await?;
        let [source, log, leaves @ ..] = rows.as_slice() else {
            return Err(Error::Bug("a look for indexes found no relation".into()));
        };
        if !source.get::<_, bool>(2) {
            let reason = "it has no valid index on its key, and a look does not read a whole table";
            return Err(refused(&sides.source, reason, "make the key's index anew, or compare by hand"));
        }
        let mut found =
            Findable { searched: Vec::new(), unsearched: Vec::new(), log: log.get(0) && log.get(1) };
        for (leaf, row) in which.iter().zip(leaves) {
            let name = sides.leaves[*leaf].name.as_str();
            match (row.get(0), row.get(2)) {
                (true, true) => found.searched.push(*leaf),
                (true, false) => found.unsearched.push(format!("{name} has no index on the key yet")),
                (false, _) => found.unsearched.push(format!("{name} is not there any more")),
            }
        }
        Ok(found)
    }

    fn lock(self, found: &Findable) -> String {
        let (sides, scheme) = (self.sides, self.sides.scheme);
        let leaves = found.searched.iter().map(|leaf| scheme.leaf(&sides.leaves[*leaf]).to_string());
        let log = found.log.then(|| scheme.log().to_string());
        let names: Vec<_> = [sides.source.to_string()].into_iter().chain(leaves).chain(log).collect();
        format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "))
    }

    /// That a row has the key: its values come as one array of text.
    fn has_key(self, row: &str) -> String {
        let key = self.sides.scheme.key();
        let term = |(n, column): (usize, &&crate::model::table::Column)| {
            format!("{row}.{} = ($1::text[])[{}]::{}", column.name, n + 1, column.type_sql)
        };
        key.iter().enumerate().map(term).collect::<Vec<_>>().join(" AND ")
    }

    /// The value of the partition column that the verifier saw.
    fn part(self) -> &'a str {
        let scheme = self.sides.scheme;
        let at = scheme.twin_key().iter().position(|column| column.name == scheme.by);
        at.and_then(|at| self.diff.key_values.get(at)).map_or("", String::as_str)
    }

    async fn seek_source(self, tx: &Tx<'_>) -> Result<Option<Place>> {
        let sides = self.sides;
        let sql = format!(
            "SELECT n.nspname::text, c.relname::text, s.ctid::text, concat(s.{}), ({})::bigint FROM {} s \
             JOIN pg_class c ON c.oid = s.tableoid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {}",
            sides.scheme.by,
            sides.leaf_by_time("s."),
            sides.scheme.table.rows_of(&sides.source),
            self.has_key("s"),
        );
        let row = tx.query_opt("find in source", &sql, &[&self.diff.key_values]).await?;
        Ok(row.map(|row| Place {
            heap: QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)),
            tid: row.get(2),
            part: row.get(3),
            leaf: usize::try_from(row.get::<_, i64>(4)).ok(),
        }))
    }

    /// The rows of these leaves with the key, first the one that the verifier saw.
    async fn seek_twin(self, tx: &Tx<'_>, searched: &[usize]) -> Result<Vec<Place>> {
        if searched.is_empty() {
            return Ok(Vec::new());
        }
        let (sides, scheme) = (self.sides, self.sides.scheme);
        let of = |leaf: &usize| {
            format!(
                "SELECT {leaf}::bigint AS leaf, x.ctid::text AS tid, concat(x.{}) AS part FROM ONLY {} x WHERE {}",
                scheme.by,
                scheme.leaf(&sides.leaves[*leaf]),
                self.has_key("x")
            )
        };
        let each: Vec<_> = searched.iter().map(of).collect();
        let sql = format!("SELECT leaf, tid, part FROM ({}) t LIMIT {MOST_TWINS}", each.join(" UNION ALL "));
        let rows = tx.query("find in twin", &sql, &[&self.diff.key_values]).await?;
        let place = |row: &tokio_postgres::Row| {
            let leaf = usize::try_from(row.get::<_, i64>(0)).ok()?;
            let heap = scheme.leaf(sides.leaves.get(leaf)?);
            Some(Place { heap, tid: row.get(1), part: row.get(2), leaf: Some(leaf) })
        };
        let mut places: Vec<_> = rows.iter().filter_map(place).collect();
        let seen = self.part();
        places.sort_by_key(|place| {
            let is_there = place.leaf.is_some_and(|leaf| sides.leaves[leaf].name.as_str() == self.diff.leaf);
            (!is_there, place.part != seen, place.leaf)
        });
        Ok(places)
    }

    /// What the log holds of the key, under each time that is known of it: the log's index begins with the time.
    async fn pending(self, tx: &Tx<'_>, places: impl Iterator<Item = &Place>) -> Result<Pending> {
        let scheme = self.sides.scheme;
        let parts: BTreeSet<&str> = places.map(|place| place.part.as_str()).chain([self.part()]).collect();
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let key = scheme.key();
        let terms = key.iter().enumerate().map(|(n, column)| {
            let n = n + 1;
            format!("l.k{n} = ($1::text[])[{n}]::{}", column.type_sql)
        });
        let kind = scheme.table.column(&scheme.by).map_or("text", |column| column.type_sql.as_str());
        let sql = format!(
            "SELECT count(*), min(at) FROM (SELECT l.at FROM {} l WHERE l.part = ANY ($2::text[]::{kind}[]) AND {} \
             LIMIT {MOST_CHANGES}) l",
            scheme.log(),
            terms.collect::<Vec<_>>().join(" AND ")
        );
        let row = tx.query_one("look for key in log", &sql, &[&self.diff.key_values, &parts]).await?;
        Ok(Pending { changes: row.get(0), oldest: row.get(1) })
    }
}

/// In what a row can be found.
struct Findable {
    /// Leaves.
    searched: Vec<usize>,
    /// Other leaves, and why not in them.
    unsearched: Vec<String>,
    /// The log is there and may be read.
    log: bool,
}

fn settings() -> String {
    format!(
        "SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; SET LOCAL enable_seqscan = off",
        WITHIN.as_millis(),
        LOCK_WITHIN.as_millis()
    )
}
