//! What source and twin are compared by, as SQL text: the row hash, the leaf a time belongs to, keys in the log.
//!
//! The verifier and repair build their statements of these pieces, so that what one calls different the other
//! puts right. Runs nothing.
//!
//! *The row hash* is `hash_record_extended(ROW(a, b, …, record_send(ROW(x, y, …))), seed)`. A column is hashed as it is
//! where its type's hash function reads every bit of what makes two values differ ([`Column::exact_hash`]), which is a
//! quarter faster; all others by their binary form: the hash functions of `bigint` and of the time types fold 64 bits to
//! 32 (1 and 4294967296 hash alike, whatever the seed), and values that are loosely equal (numeric, jsonb, citext, −0,
//! …) hash alike. A record's hash is a linear sum of its columns'; whoever adds up hashes of rows must not be (see the
//! verifier's tally).

use crate::model::{
    ident::QualifiedName,
    period::Period,
    scheme::{Leaf, Scheme},
    table::Column,
};

/// What is compared: relations by their names of *now*, and all leaves of the twin.
#[derive(Clone, Debug)]
pub struct Sides<'a> {
    /// The migration's decisions.
    pub scheme: &'a Scheme,
    /// The plain table: `t` before the swap, `t_old` after it.
    pub source: QualifiedName,
    /// The partitioned table: `t_twin` before the swap, `t` after it.
    pub twin: QualifiedName,
    /// All leaves of the twin; elsewhere a leaf is its index here.
    pub leaves: &'a [Leaf],
}

/// The leaf of times that no leaf's period holds, where there is no DEFAULT.
pub const NO_LEAF: i64 = -1;

impl<'a> Sides<'a> {
    /// The sides while the source owns the name.
    pub fn before_swap(scheme: &'a Scheme, leaves: &'a [Leaf]) -> Self {
        Self { scheme, source: scheme.source().clone(), twin: scheme.twin(), leaves }
    }

    /// The sides by the names under which the rows are copied and first compared.
    pub fn copied(scheme: &'a Scheme, leaves: &'a [Leaf]) -> Self {
        Self { scheme, source: scheme.heap(), twin: scheme.filled(), leaves }
    }

    /// The sides while the twin owns the name.
    pub fn after_swap(scheme: &'a Scheme, leaves: &'a [Leaf]) -> Self {
        Self { scheme, source: scheme.old(), twin: scheme.source().clone(), leaves }
    }

    /// The heap of one of the source's parts.
    pub fn source_heap(&self, part: usize) -> &QualifiedName {
        self.scheme.table.facts.parts.get(part).unwrap_or(&self.source)
    }

    /// All columns of a row of one side, hashed to 64 bits.
    pub fn row_hash(&self, seed: i64) -> String {
        let names = |columns: Vec<&Column>| -> Vec<String> {
            columns.into_iter().map(|column| column.name.to_string()).collect()
        };
        let (exact, others): (Vec<_>, Vec<_>) =
            self.scheme.table.columns.iter().partition(|column| column.exact_hash);
        let (mut exact, others) = (names(exact), names(others));
        if !others.is_empty() {
            exact.push(format!("record_send(ROW({}))", others.join(", ")));
        }
        hash(&exact.join(", "), seed)
    }

    /// The key as the log names it: `"id" AS k1, "created_at" AS part`.
    pub fn keys(&self) -> String {
        let pairs = self.scheme.log_key().into_iter().zip(self.scheme.logged_columns());
        pairs.map(|(logged, column)| format!("{} AS {logged}", column.name)).collect::<Vec<_>>().join(", ")
    }

    /// The leaf that a source row belongs to by its time: an index into the leaves, or [`NO_LEAF`]. `prefix` is
    /// `"s."` or `""`.
    pub fn leaf_by_time(&self, prefix: &str) -> String {
        let mut bounds: Vec<_> = self.periods().flat_map(|p| [p.lower, p.upper]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        let default = self.leaves.iter().position(|leaf| leaf.period.is_none());
        let number = |leaf: Option<usize>| {
            leaf.or(default).map_or_else(|| NO_LEAF.to_string(), |leaf| leaf.to_string())
        };
        let starting =
            |lower| self.leaves.iter().position(|leaf| leaf.period.is_some_and(|p| p.lower == lower));
        // width_bucket gives 0 before the first bound and n from the n-th on, infinities included.
        let mut numbers = vec![number(None)];
        numbers.extend(bounds.iter().map(|lower| number(starting(*lower))));
        format!(
            "('{{{}}}'::int8[])[1 + width_bucket({prefix}{}, {})]",
            numbers.join(","),
            self.scheme.by,
            self.scheme.clock.bounds(bounds)
        )
    }

    /// Source rows that belong to one of `which`; `true` where that is every leaf.
    pub fn belongs_to(&self, which: &[usize]) -> String {
        if (0..self.leaves.len()).all(|leaf| which.contains(&leaf)) {
            return "true".into();
        }
        let within = |leaf: &usize| self.leaves[*leaf].period.map(|period| self.scheme.within("", period));
        let outside_all = || {
            let terms: Vec<_> = self.periods().map(|period| self.scheme.within("", period)).collect();
            format!("NOT (false OR {})", terms.join(" OR "))
        };
        let terms: Vec<_> = which.iter().map(|leaf| within(leaf).unwrap_or_else(outside_all)).collect();
        format!("(false OR {})", terms.join(" OR "))
    }

    /// The share of the keys that a key falls into, 0 to `buckets - 1`; `buckets` is a power of two.
    pub fn key_bucket(&self, seed: i64, buckets: i64) -> String {
        let names: Vec<_> = self.scheme.key().iter().map(|c| c.name.to_string()).collect();
        format!("({} & {})", hash(&names.join(", "), seed), buckets - 1)
    }

    /// That the key of `row`, named as [`Self::keys`] names it, is not in the log.
    pub fn not_logged(&self, row: &str) -> String {
        let terms: Vec<_> =
            self.scheme.log_key().into_iter().map(|name| format!("l.{name} = {row}.{name}")).collect();
        format!("NOT EXISTS (SELECT FROM {} l WHERE {})", self.scheme.log(), terms.join(" AND "))
    }

    /// That `a` and `b`, named as [`Self::keys`] names them, have the same key in the source.
    pub fn same_row(&self, a: &str, b: &str) -> String {
        let terms: Vec<_> = (1..=self.scheme.key().len()).map(|n| format!("{a}.k{n} = {b}.k{n}")).collect();
        terms.join(" AND ")
    }

    /// The same of two rows with the table's own column names.
    pub fn same_key(&self, a: &str, b: &str) -> String {
        let same = |column: &&Column| format!("{a}.{} = {b}.{}", column.name, column.name);
        self.scheme.key().iter().map(same).collect::<Vec<_>>().join(" AND ")
    }

    fn periods(&self) -> impl Iterator<Item = Period> {
        self.leaves.iter().filter_map(|leaf| leaf.period)
    }
}

/// The 64-bit hash of some expressions as one record.
pub fn hash(expressions: &str, seed: i64) -> String {
    format!("hash_record_extended(ROW({expressions}), {seed})")
}
