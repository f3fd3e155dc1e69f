//! Rows of DEFAULT get partitions of their own: all of them at once, by a DEFAULT that takes the other one's place.
//!
//! Writers wait while its rows are copied, into the new partitions and into what will be DEFAULT, which nobody knows yet; that is
//! committed before anybody looks into them. Then, for a moment, everybody waits, and the tables change places. So every
//! snapshot from then on finds each row once, in whichever place it looks (TRAPS 46): who has an older one, and could still
//! look, is waited for. No row is updated or deleted, so no trigger and no foreign key takes the move for a deletion.
//!
//! What a death leaves are tables that say of themselves that they are unfinished, and that nobody else knows; the next run
//! sweeps them away.

use std::time::{Duration, Instant};

use super::{
    Outcome, Site,
    change::{Waits, left, spent, within},
    identity_by_index,
};
use crate::{
    error::{Error, Result},
    model::{
        ident::{Ident, QualifiedName, literal},
        maintenance::NewPart,
        table::{Oid, Table},
    },
    pg::{
        Session, Tx,
        lock::{Held, Mode, Patience, Report, Tries, Watch, bounded},
        session::Params,
    },
};

const STEP: &str = "move rows out of DEFAULT";

/// How the comment of an unfinished table begins.
fn unfinished(table: &QualifiedName) -> String {
    format!("Quarterdeck: unfinished partition of {table}")
}

/// Drops what a run that died has left. How many; anybody may say anything of a table of his own.
pub async fn sweep(session: &Session, table: &QualifiedName) -> Result<usize> {
    const SQL: &str = "SELECT format('DROP TABLE %s', c.oid::regclass) FROM pg_class c \
                       WHERE c.relkind = 'r' AND NOT c.relispartition AND obj_description(c.oid, 'pg_class') = $1 \
                         AND c.relowner IN (SELECT relowner FROM pg_class WHERE oid = $2::text::regclass \
                                            UNION SELECT p.relowner FROM pg_inherits JOIN pg_class p ON p.oid = inhrelid WHERE inhparent = $2::text::regclass)";
    let params: Params<'_> = &[&unfinished(table), &table.to_string()];
    let rows = session.query("look for unfinished partitions", SQL, params).await?;
    for row in &rows {
        session.batch("drop unfinished partition", row.get(0)).await?;
    }
    Ok(rows.len())
}

/// New partitions, and the DEFAULT whose rows they get.
#[derive(Debug)]
pub struct Split<'a> {
    /// The table at work.
    pub site: &'a Site,
    /// Its DEFAULT.
    pub default: &'a Table,
    /// The partitions.
    pub parts: &'a [NewPart],
    /// What the next DEFAULT is called until it takes the name of this one.
    pub rest: QualifiedName,
}

/// Who works on it: one session holds the locks, one commits the copy meanwhile, one looks who is in the way.
struct Crew<'a> {
    holds: &'a mut Session,
    copies: Session,
    watch: &'a Watch,
}

impl Split<'_> {
    /// Tries until it is done; the rows that each partition got.
    pub async fn run(
        &self,
        session: &mut Session,
        patience: Patience,
        report: Report<'_>,
    ) -> Result<(Outcome, Vec<u64>)> {
        let patience = bounded(session, patience).await?;
        let watch = Watch::beside(session, "lock watch").await?;
        let copies = Session::open(session.target(), "maintain copy").await?;
        let mut crew = Crew { holds: session, copies, watch: &watch };
        let mut tries = Tries::new(Some(&watch), STEP, patience, report).stopped_with(crew.holds);
        let mut slow = 0;
        loop {
            let held = Held::default();
            let attempt = self.attempt(&mut crew, patience.budget, (&held, &mut slow));
            if let Some(done) = tries.one(&held, attempt).await? {
                return Ok(done);
            }
        }
    }

    async fn attempt(
        &self,
        crew: &mut Crew<'_>,
        budget: Duration,
        (held, slow): (&Held, &mut u32),
    ) -> Result<(Outcome, Vec<u64>)> {
        sweep(&crew.copies, &self.site.table.name).await?;
        let tx = crew.holds.begin().await?;
        let mut waits = Waits::Blocked;
        match self.inside(&tx, (&mut crew.copies, crew.watch), budget, (held, &mut waits)).await {
            Ok(rows) => tx.commit(STEP).await.map(|()| (Outcome::Done, rows)),
            Err(error) => {
                let error = tx.undo(error).await;
                sweep(&crew.copies, &self.site.table.name).await?;
                waits.outcome(error, (STEP, budget), slow).map(|outcome| (outcome, Vec::new()))
            }
        }
    }

    async fn inside(
        &self,
        tx: &Tx<'_>,
        (copies, watch): (&mut Session, &Watch),
        budget: Duration,
        (held, waits): (&Held, &mut Waits),
    ) -> Result<Vec<u64>> {
        let (table, default) = (&self.site.table, self.default);
        let indexes = index_names(tx, default.oid).await?;
        tx.batch("set budget", "SET LOCAL idle_in_transaction_session_timeout = '5s'").await?;
        tx.lock_timeout(budget / 2).await?;
        held.begins();
        let until = Instant::now() + budget;
        let lock = |mode: Mode| {
            let each = |name: &QualifiedName| format!("LOCK TABLE ONLY {name} IN {mode} MODE");
            format!("{}; {}", each(&table.name), each(&default.name))
        };
        within(tx, until, "lock", &lock(Mode::ShareRowExclusive)).await?;
        *waits = Waits::Working;
        // From here on nobody changes them.
        self.site.seen.is_still(tx).await?;
        let rows = self.copy(copies, until).await?;
        if left(until) < budget.as_millis() / 4 {
            // What is left is not worth that everybody waits.
            *waits = Waits::Spent;
            return Err(spent(STEP, budget));
        }
        let drained = watch.drained().await?;
        *waits = Waits::Blocked;
        within(tx, until, "lock", &lock(Mode::AccessExclusive)).await?;
        *waits = Waits::Working;
        if let Some(who) = watch.older_snapshot(&drained, &[table.oid, default.oid]).await? {
            return Err(Error::Busy {
                object: default.name.plain(),
                reason: format!("{who}, which may still look where the rows were"),
                remedy: "nothing was changed; it is tried again".into(),
            });
        }
        self.exchange(tx, until, &indexes).await?;
        Ok(rows)
    }

    /// Makes the tables and fills them; the rows of each partition. Nobody writes meanwhile, and nobody knows them.
    async fn copy(&self, session: &mut Session, until: Instant) -> Result<Vec<u64>> {
        let tx = session.begin().await?;
        match self.fill(&tx, until).await {
            Ok(rows) => tx.commit("copy rows of DEFAULT").await.map(|()| rows),
            Err(error) => Err(tx.undo(error).await),
        }
    }

    async fn fill(&self, tx: &Tx<'_>, until: Instant) -> Result<Vec<u64>> {
        let (site, default) = (self.site, self.default);
        let rest = &self.rest;
        let note = |name: &QualifiedName| {
            format!("COMMENT ON TABLE {name} IS {}", literal(&unfinished(&site.table.name)))
        };
        tx.batch("set budget", &format!("SET LOCAL statement_timeout = {}", left(until))).await?;
        for (name, like) in
            self.parts.iter().map(|part| (&part.name, site.like.as_ref())).chain([(rest, Some(default))])
        {
            site.create(name, like).run(tx).await?;
            tx.batch("mark partition", &note(name)).await?;
        }
        let columns: Vec<_> = site.table.insertable().map(|column| column.name.to_string()).collect();
        let columns = columns.join(", ");
        let whose: Vec<_> = self.parts.iter().map(|part| part.within(&site.by)).collect();
        let insert = |into: &QualifiedName, which: &str| {
            format!(
                "INSERT INTO {into} ({columns}) SELECT {columns} FROM ONLY {} WHERE {which}",
                default.name
            )
        };
        let mut rows = Vec::new();
        for (part, which) in self.parts.iter().zip(&whose) {
            rows.push(tx.execute("copy rows of DEFAULT", &insert(&part.name, which), &[]).await?);
        }
        // A key that is null is in no period.
        let stays = format!("({}) IS NOT TRUE", whose.join(" OR "));
        let stayed = tx.execute("copy rows of DEFAULT", &insert(rest, &stays), &[]).await?;
        let count = format!("SELECT count(*) FROM ONLY {}", default.name);
        let all = tx.query_one("count rows of DEFAULT", &count, &[]).await?.get::<_, i64>(0).unsigned_abs();
        if rows.iter().sum::<u64>() + stayed != all {
            return Err(Error::Bug(format!(
                "{all} rows of {} were copied as {rows:?} and {stayed}",
                default.name
            )));
        }
        Ok(rows)
    }

    /// The new tables become partitions; what was DEFAULT goes, and the next one takes its name.
    async fn exchange(&self, tx: &Tx<'_>, until: Instant, indexes: &IndexNames) -> Result<()> {
        let (site, default) = (self.site, self.default);
        let (table, rest) = (&site.table.name, &self.rest);
        within(tx, until, STEP, &format!("ALTER TABLE {table} DETACH PARTITION {}", default.name)).await?;
        for part in self.parts {
            within(tx, until, STEP, &site.attach(part)).await?;
            within(tx, until, STEP, &format!("COMMENT ON TABLE {} IS NULL", part.name)).await?;
            if let Some(identity) = identity_by_index(site.like.as_ref(), &part.name) {
                within(tx, until, STEP, &identity).await?;
            }
        }
        let comment = default.comment.as_deref().map_or_else(|| "NULL".into(), literal);
        let mut last = vec![
            format!("ALTER TABLE {table} ATTACH PARTITION {rest} DEFAULT"),
            format!("COMMENT ON TABLE {rest} IS {comment}"),
        ];
        last.push(format!("DROP TABLE {}", default.name));
        last.push(format!("ALTER TABLE {rest} RENAME TO {}", default.name.name));
        for sql in last {
            within(tx, until, STEP, &sql).await?;
        }
        for (is, was) in index_names(tx, resolve(tx, &default.name).await?).await?.pairs(indexes) {
            within(tx, until, STEP, &format!("ALTER INDEX {} RENAME TO {was}", default.name.sibling(is)))
                .await?;
        }
        if let Some(index) = &default.attached.identity_index {
            let identity = format!("ALTER TABLE {} REPLICA IDENTITY USING INDEX {index}", default.name);
            within(tx, until, STEP, &identity).await?;
        }
        Ok(())
    }
}

async fn resolve(tx: &Tx<'_>, name: &QualifiedName) -> Result<Oid> {
    let row = tx.query_one("look up DEFAULT", "SELECT $1::text::regclass::oid", &[&name.to_string()]).await?;
    Ok(row.get(0))
}

/// Indexes of a partition, by the one of the table that each belongs to.
struct IndexNames(Vec<(Oid, Ident)>);

async fn index_names(tx: &Tx<'_>, part: Oid) -> Result<IndexNames> {
    const SQL: &str = "SELECT h.inhparent, x.relname::text FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indexrelid \
                       JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = $1 ORDER BY 1";
    let rows = tx.query("read indexes of DEFAULT", SQL, &[&part]).await?;
    Ok(IndexNames(rows.iter().map(|row| (row.get(0), Ident::new(row.get::<_, String>(1)))).collect()))
}

impl IndexNames {
    /// The name that each has, and the one that `other` has for it.
    fn pairs(&self, other: &Self) -> Vec<(Ident, Ident)> {
        let named = |of: Oid| other.0.iter().find(|(parent, _)| *parent == of).map(|(_, name)| name.clone());
        let pairs = self.0.iter().filter_map(|(parent, name)| Some((name.clone(), named(*parent)?)));
        pairs.filter(|(is, was)| is != was).collect()
    }
}
