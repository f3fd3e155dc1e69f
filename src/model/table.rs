//! A table as the catalogue describes it: plain data, read by `pg::catalog`, judged by `model::preflight`.

use serde::{Deserialize, Serialize};

use crate::model::{
    attached::Attached,
    clock::Clock,
    hanger::Hanger,
    ident::{Ident, QualifiedName},
};

/// An object id (manual, 8.19).
pub type Oid = u32;

/// One table and what hangs on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: QualifiedName,
    /// Its OID; the name may move, the OID does not.
    pub oid: Oid,
    /// Its owner.
    pub owner: Ident,
    /// Live columns in catalogue order.
    pub columns: Vec<Column>,
    /// Indexes, those behind constraints among them.
    pub indexes: Vec<Index>,
    /// CHECK and outgoing FOREIGN KEY constraints (keys are indexes).
    pub constraints: Vec<Constraint>,
    /// The application's triggers (no internal ones, none of ours).
    pub triggers: Vec<Trigger>,
    /// Views that read it and can follow it at the swap.
    pub views: Vec<View>,
    /// Rights, as `GRANT … ON TABLE {} …` statements with `{}` for the table's quoted name.
    pub grants: Vec<String>,
    /// Comment of the table itself (columns' comments are with the columns).
    pub comment: Option<String>,
    /// What else is carried over: policies, statistics objects, publications, …
    #[serde(default)]
    pub attached: Attached,
    /// Size, storage options and everything preflight asks about.
    pub facts: Facts,
}

impl Table {
    /// The primary key's index.
    pub fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.role == IndexRole::PrimaryKey)
    }

    /// A column by name.
    pub fn column(&self, name: &Ident) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }

    /// Columns that INSERT may name: generated ones are left out (TRAPS 19).
    pub fn insertable(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.generated)
    }

    /// Whether it is partitioned already.
    pub fn is_partitioned(&self) -> bool {
        self.facts.kind.starts_with('p')
    }

    /// All its rows, under the name it has now, as what stands behind FROM: with its partitions, if it has them.
    pub fn rows_of(&self, name: &QualifiedName) -> String {
        if self.is_partitioned() { name.to_string() } else { format!("ONLY {name}") }
    }

    /// Outgoing foreign keys.
    pub fn foreign_keys(&self) -> impl Iterator<Item = &Constraint> {
        self.constraints.iter().filter(|c| matches!(c.kind, ConstraintKind::ForeignKey { .. }))
    }
}

/// One column.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of pg_attribute and pg_type")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type as `format_type` prints it, `numeric(10,2)` for example.
    pub type_sql: String,
    /// NOT NULL.
    pub not_null: bool,
    /// GENERATED ALWAYS AS (…) STORED or VIRTUAL.
    pub generated: bool,
    /// GENERATED … AS IDENTITY; journals of the first version say `identity: false`.
    #[serde(rename = "identity_of", default)]
    pub identity: Option<Identity>,
    /// Whether its type has a binary output function: rows are compared in that form (TRAPS 54).
    pub comparable: bool,
    /// Whether its type's hash function reads every bit of a value, so that what hashes alike is the same; else it is
    /// compared in its binary form.
    #[serde(default)]
    pub exact_hash: bool,
    /// Whether its type's `=` is in `pg_catalog` and can be hashed: keys are looked for by it.
    pub findable: bool,
    /// The sequence owned by this column, if any.
    pub owned_sequence: Option<QualifiedName>,
    /// `attstattarget` other than the default.
    pub statistics_target: Option<i32>,
    /// `attoptions`, such as `n_distinct=-0.5`.
    #[serde(default)]
    pub options: Vec<String>,
}

impl Column {
    /// How it tells the time, where it is a partition column by its type alone: a stored time that is never NULL.
    pub fn time_clock(&self) -> Option<Clock> {
        Clock::of_time_type(&self.type_sql).filter(|_| self.not_null && !self.generated)
    }
}

/// An identity column's sequence. It goes with its column wherever that goes: PostgreSQL lets it belong to no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// GENERATED ALWAYS; else BY DEFAULT.
    pub always: bool,
    /// Its name.
    pub sequence: QualifiedName,
    /// `START WITH 1 INCREMENT BY 1 …`, but for its position.
    pub options: String,
    /// Rights on it, as `GRANT … ON SEQUENCE {} …` statements.
    pub grants: Vec<String>,
    /// Comment of the sequence.
    pub comment: Option<String>,
}

/// How `format_type` prints the usual type of a partition column.
pub const TIMESTAMPTZ: &str = "timestamp with time zone";

/// What an index is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexRole {
    /// PRIMARY KEY.
    PrimaryKey,
    /// A UNIQUE constraint.
    UniqueConstraint,
    /// CREATE UNIQUE INDEX.
    Unique,
    /// An exclusion constraint.
    Exclusion,
    /// Anything else.
    Plain,
}

/// One index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: Ident,
    /// What it is for.
    pub role: IndexRole,
    /// Key columns (not INCLUDE); an expression is `None`.
    pub key: Vec<Option<Ident>>,
    /// Columns of INCLUDE.
    pub include: Vec<Ident>,
    /// For constraints `pg_get_constraintdef`; else the text of `pg_get_indexdef` after `ON <table> `.
    pub definition: String,
    /// `indisvalid` and `indisready`.
    pub valid: bool,
    /// A DEFERRABLE constraint.
    pub deferrable: bool,
    /// `reloptions`, such as `fillfactor=70`; already in `definition` unless it is a constraint's.
    pub options: Vec<String>,
    /// The tablespace, other than the database's.
    #[serde(default)]
    pub tablespace: Option<Ident>,
    /// Statistics targets of expressions: `ALTER COLUMN 1 SET STATISTICS 500`.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Comment of the index itself.
    pub comment: Option<String>,
    /// Comment of the constraint behind which it stands.
    pub constraint_comment: Option<String>,
}

impl Index {
    /// Whether it finds the first and the last value of `column` without a scan.
    pub fn leads_with(&self, column: &Ident) -> bool {
        let whole = match self.role {
            IndexRole::PrimaryKey | IndexRole::UniqueConstraint => true,
            IndexRole::Unique | IndexRole::Plain => {
                self.definition.starts_with("USING btree ") && !self.definition.contains(" WHERE ")
            }
            IndexRole::Exclusion => false,
        };
        whole && self.valid && self.key.first() == Some(&Some(column.clone()))
    }

    /// Whether a constraint stands before it.
    pub fn is_constraint(&self) -> bool {
        match self.role {
            IndexRole::PrimaryKey | IndexRole::UniqueConstraint | IndexRole::Exclusion => true,
            IndexRole::Unique | IndexRole::Plain => false,
        }
    }
}

/// What a constraint is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConstraintKind {
    /// CHECK.
    Check {
        /// NO INHERIT, which a partitioned table cannot have.
        no_inherit: bool,
    },
    /// FOREIGN KEY.
    ForeignKey {
        /// The referenced table.
        referenced: QualifiedName,
        /// Its OID: locks are taken in this order.
        referenced_oid: Oid,
        /// ON DELETE and ON UPDATE are both CASCADE, SET NULL or SET DEFAULT: it may stay on the old table.
        acts: bool,
    },
    /// CREATE CONSTRAINT TRIGGER or another kind this version does not know.
    Other,
}

/// One constraint that is not an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// Its name.
    pub name: Ident,
    /// CHECK, FOREIGN KEY, …
    #[serde(flatten)]
    pub kind: ConstraintKind,
    /// `pg_get_constraintdef` without a trailing NOT VALID.
    pub definition: String,
    /// `convalidated`.
    pub validated: bool,
    /// Comment.
    pub comment: Option<String>,
}

/// One trigger of the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: Ident,
    /// `pg_get_triggerdef`.
    pub definition: String,
    /// `tgenabled`: O, D, R or A.
    pub enabled: char,
    /// FOR EACH ROW with transition tables: not allowed on a partitioned table (TRAPS 26).
    pub row_with_transition: bool,
    /// CREATE CONSTRAINT TRIGGER.
    pub constraint: bool,
    /// BEFORE … FOR EACH ROW: on a partitioned table it may not move the row to another partition.
    pub before_row: bool,
    /// Comment.
    pub comment: Option<String>,
}

impl Trigger {
    /// Whether it fires for each row that a session of an ordinary application inserts.
    pub fn fires_for_inserted_rows(&self) -> bool {
        let behind = |words| self.definition.strip_prefix(words);
        let head = behind("CREATE TRIGGER ").or_else(|| behind("CREATE CONSTRAINT TRIGGER "));
        let head = head.unwrap_or(&self.definition);
        // Behind its name, which may hold any word.
        let events = match head.strip_prefix('"') {
            Some(quoted) => {
                quoted.replace("\"\"", "").split_once('"').map_or(String::new(), |(_, rest)| rest.into())
            }
            None => head.split_once(' ').map_or(String::new(), |(_, rest)| rest.into()),
        };
        let (events, rest) = events.split_once(" ON ").unwrap_or((&events, ""));
        matches!(self.enabled, 'O' | 'A') && events.contains("INSERT") && rest.contains("FOR EACH ROW")
    }
}

/// A view over the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: QualifiedName,
    /// `pg_get_viewdef`, without the final semicolon.
    pub definition: String,
    /// `reloptions`, such as `security_barrier=true`.
    pub options: Vec<String>,
}

/// Size, storage and whatever preflight judges.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// `relkind` and `relpersistence`, two letters: `rp` is an ordinary logged table.
    pub kind: String,
    /// Heap blocks.
    pub blocks: i64,
    /// `reltuples`, an estimate.
    pub rows_estimate: i64,
    /// Heap, TOAST and indexes in bytes.
    pub total_bytes: i64,
    /// Indexes in bytes.
    pub index_bytes: i64,
    /// `reloptions` of the heap, `fillfactor=70`, and of its TOAST table, `toast.autovacuum_enabled=false`.
    pub options: Vec<String>,
    /// The replica identity: d, n, f or i.
    pub replica_identity: String,
    /// Incoming foreign keys, as `table.constraint`.
    pub incoming_foreign_keys: Vec<String>,
    /// What this version cannot carry over (a rule, a policy, a statistics object, a materialised view, a
    /// publication, an inheritance parent, …). Preflight refuses each by name.
    pub unhandled: Vec<Hanger>,
    /// Whether statistics show updates or deletes.
    pub has_updates: bool,
    /// Whether a subscription writes the table, or a transition table could hit `temp_file_limit` (TRAPS 56):
    /// capture must be row-level.
    pub row_level_capture: bool,
    /// The heaps of a table that is partitioned already, in the order of their names; of a plain table none, for it is
    /// its own heap.
    #[serde(default)]
    pub parts: Vec<QualifiedName>,
}
