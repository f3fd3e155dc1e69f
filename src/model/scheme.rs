//! What is to be built out of a table: key, periods, names. The journal keeps it as JSON.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{
    calendar::{Calendar, Zone},
    clock::Clock,
    history::History,
    ident::{Ident, QualifiedName},
    incoming::Incoming,
    period::{Every, Period},
    strategy::Strategy,
    table::{Column, Table},
};

/// The schema of the journal.
pub const JOURNAL: &str = "quarterdeck";

/// The decisions of one migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheme {
    /// The migration's id.
    pub id: Uuid,
    /// The source as it was when the plan was made.
    pub table: Table,
    /// The partition column.
    pub by: Ident,
    /// How it tells the time.
    #[serde(default)]
    pub clock: Clock,
    /// The length of a period.
    pub every: Every,
    /// The time zone at whose midnight a period begins.
    #[serde(default)]
    pub zone: Zone,
    /// Periods kept ready after the newest row's.
    pub ahead: u32,
    /// Whether there is a DEFAULT partition.
    pub default_leaf: bool,
    /// In which order it is done.
    #[serde(default)]
    pub strategy: Strategy,
    /// Foreign keys of other tables that lead to this one, and what becomes of them.
    #[serde(default)]
    pub incoming: Incoming,
    /// `adopt`: which partition the old table becomes.
    #[serde(default)]
    pub history: History,
    /// Whether a table of ids keeps the old key unique ([`crate::model::ids`]).
    #[serde(default)]
    pub ids_table: bool,
}

/// One partition of the twin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Its name, final from the start.
    pub name: Ident,
    /// Its period; `None` is DEFAULT.
    pub period: Option<Period>,
}

impl Scheme {
    /// Key columns of the source, in order.
    pub fn key(&self) -> Vec<&Column> {
        let names = self.table.primary_key().map(|pk| pk.key.iter().flatten().collect::<Vec<_>>());
        names.unwrap_or_default().into_iter().filter_map(|name| self.table.column(name)).collect()
    }

    /// Key columns of the twin: the source's, and the partition column if it is not among them.
    pub fn twin_key(&self) -> Vec<&Column> {
        let mut key = self.key();
        if !key.iter().any(|column| column.name == self.by) {
            key.extend(self.table.column(&self.by));
        }
        key
    }

    /// The twin's key as `(id, created_at)`.
    pub fn twin_key_text(&self) -> String {
        let names: Vec<_> = self.twin_key().iter().map(|c| c.name.as_str().to_owned()).collect();
        format!("({})", names.join(", "))
    }

    /// The source's name, which the application knows.
    pub fn source(&self) -> &QualifiedName {
        &self.table.name
    }

    /// The twin's name before the swap and after `reverse`.
    pub fn twin(&self) -> QualifiedName {
        self.table.name.sibling(self.table.name.name.with_suffix("_twin"))
    }

    /// The source's name after the swap.
    pub fn old(&self) -> QualifiedName {
        self.table.name.sibling(self.table.name.name.with_suffix("_old"))
    }

    /// The table whose rows are copied, by its name at that time.
    pub fn heap(&self) -> QualifiedName {
        match self.strategy {
            Strategy::RenameFirst => self.old(),
            Strategy::Online | Strategy::Adopt | Strategy::Repartition => self.source().clone(),
        }
    }

    /// Holds [`Self::heap`] where it is not the table that every transaction of ours locks first: no rewrite moves its
    /// rows between the look at its file and the reading of it (TRAPS 49).
    pub fn lock_heap(&self) -> String {
        match self.strategy {
            Strategy::RenameFirst => format!("LOCK TABLE {} IN ACCESS SHARE MODE; ", self.heap()),
            Strategy::Online | Strategy::Adopt | Strategy::Repartition => String::new(),
        }
    }

    /// The partitioned table into which they are copied, by its name at that time.
    pub fn filled(&self) -> QualifiedName {
        match self.strategy {
            Strategy::RenameFirst => self.source().clone(),
            Strategy::Online | Strategy::Adopt | Strategy::Repartition => self.twin(),
        }
    }

    /// A leaf's qualified name.
    pub fn leaf(&self, leaf: &Leaf) -> QualifiedName {
        self.table.name.sibling(leaf.name.clone())
    }

    /// The leaf for a period. Where the source is partitioned already, a partition of it may have the usual name.
    pub fn leaf_of(&self, period: Period) -> Leaf {
        let usual = self.calendar().leaf_name(&self.table.name.name, period);
        let name = if self.is_part(&usual) { usual.with_suffix("_r") } else { usual };
        Leaf { name, period: Some(period) }
    }

    /// Whether a partition of the source has this name.
    fn is_part(&self, name: &Ident) -> bool {
        self.table.facts.parts.contains(&self.table.name.sibling(name.clone()))
    }

    /// Which instants periods begin with.
    pub fn calendar(&self) -> Calendar {
        Calendar { every: self.every, zone: self.zone }
    }

    /// That the partition column lies in `period`; `prefix` is `"s."` or `""`.
    pub fn within(&self, prefix: &str, period: Period) -> String {
        self.clock.within(&format!("{prefix}{}", self.by), period)
    }

    /// The DEFAULT leaf.
    pub fn leaf_default(&self) -> Leaf {
        let usual = self.table.name.name.with_suffix("_default");
        let name = if self.is_part(&usual) { usual.with_suffix("_r") } else { usual };
        Leaf { name, period: None }
    }

    /// A relation or function of this migration in the journal's schema: `log_1f2e3d4c`.
    pub fn journal_name(&self, what: &str) -> QualifiedName {
        let id = self.id.simple().to_string();
        QualifiedName::new(JOURNAL, format!("{what}_{}", &id[id.len() - 12..]))
    }

    /// The capture log.
    pub fn log(&self) -> QualifiedName {
        self.journal_name("log")
    }

    /// The name of a leaf's index: leaf + source index name.
    pub fn leaf_index(leaf: &Ident, index: &Ident) -> Ident {
        leaf.join(index)
    }

    /// The name of the twin's own index before the swap and after `reverse`; between, it has the source's.
    pub fn twin_index(&self, index: &Ident) -> QualifiedName {
        self.table.name.sibling(index.with_suffix("_twin"))
    }

    /// The name of a source's index after the swap.
    pub fn old_index(&self, index: &Ident) -> QualifiedName {
        self.table.name.sibling(index.with_suffix("_old"))
    }

    /// The heap in which a chunk of this part lies; a plain table's only one is its own.
    pub fn part(&self, part: usize) -> QualifiedName {
        self.table.facts.parts.get(part).cloned().unwrap_or_else(|| self.heap())
    }

    /// The heaps of the table that is being converted, which is called `name` now.
    pub fn heaps(&self, name: &QualifiedName) -> Vec<QualifiedName> {
        let parts = &self.table.facts.parts;
        if self.table.is_partitioned() { parts.clone() } else { vec![name.clone()] }
    }

    /// The name of the twin's own statistics object before the swap and after `reverse`; between, it has the source's.
    pub fn twin_statistics(&self, name: &QualifiedName) -> QualifiedName {
        name.sibling(name.name.with_suffix("_twin"))
    }

    /// The name of a source's statistics object after the swap.
    pub fn old_statistics(&self, name: &QualifiedName) -> QualifiedName {
        name.sibling(name.name.with_suffix("_old"))
    }

    /// All insertable columns, quoted and separated by commas, each behind `prefix` (`"s."` or `""`).
    pub fn column_list(&self, prefix: &str) -> String {
        let names: Vec<_> = self.table.insertable().map(|c| format!("{prefix}{}", c.name)).collect();
        names.join(", ")
    }

    /// Columns of the log that hold a key, `k1, k2, …, part`: the source's key columns and the partition column.
    pub fn log_key(&self) -> Vec<String> {
        let mut names: Vec<_> = (1..=self.key().len()).map(|n| format!("k{n}")).collect();
        names.push("part".into());
        names
    }

    /// The columns of the log's index: `part, k1, k2, …`. In this order a leaf's keys lie together, and each with itself.
    pub fn log_index(&self) -> Vec<String> {
        let mut names = self.log_key();
        names.rotate_right(1);
        names
    }

    /// The columns of the table that fill [`Self::log_key`], in the same order.
    pub fn logged_columns(&self) -> Vec<&Column> {
        let mut columns = self.key();
        columns.extend(self.table.column(&self.by));
        columns
    }

    /// SQL that says a log row names a table row: `l.k1 = s."id" AND l.part = s."created_at"`.
    pub fn log_match(&self, log: &str, row: &str) -> String {
        let pairs = self.log_key().into_iter().zip(self.logged_columns());
        let terms: Vec<_> =
            pairs.map(|(logged, column)| format!("{log}.{logged} = {row}.{}", column.name)).collect();
        terms.join(" AND ")
    }

    /// SQL that says two rows of the table have the same key in the twin, for a search by index ([`Self::log_seek`]).
    pub fn row_seek(&self, one: &str, other: &str) -> String {
        let by = &self.by;
        let key = self.twin_key().into_iter().filter(|column| column.name != *by);
        let mut terms: Vec<_> =
            key.map(|column| format!("{one}.{} = {other}.{}", column.name, column.name)).collect();
        terms.push(format!("{one}.{by} <= {other}.{by} AND {one}.{by} >= {other}.{by}"));
        terms.join(" AND ")
    }

    /// The same for a search by index: the partition column between itself and itself. Equality would let the planner
    /// take an index on that column alone for as good as the key's, and rows of one transaction share their `now()`.
    /// Where that column alone is the key, no two rows share it.
    pub fn log_seek(&self, log: &str, row: &str) -> String {
        let by = &self.by;
        if matches!(self.key()[..], [column] if column.name == *by) {
            return format!("{log}.part = {row}.{by}");
        }
        let key = self.log_key().into_iter().zip(self.key());
        let terms = key.filter(|(_, column)| column.name != *by);
        let mut terms: Vec<_> =
            terms.map(|(logged, column)| format!("{log}.{logged} = {row}.{}", column.name)).collect();
        terms.push(format!("{log}.part <= {row}.{by} AND {log}.part >= {row}.{by}"));
        terms.join(" AND ")
    }
}
