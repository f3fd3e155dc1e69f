//! Partitions of a table in use, whoever made it: made ahead, made for rows that lie in DEFAULT, detached.
//!
//! What locks others out is one short transaction within the lock budget.

mod change;
mod detach;
mod seen;
mod split;

pub use change::{Change, Outcome};
pub use detach::{Then, concurrently, finalize, mark};
pub use seen::Seen;
pub use split::{Split, sweep};

use crate::{
    model::{
        attached::Policy,
        ident::{QualifiedName, literal},
        maintenance::NewPart,
        plan::Statement,
        settings::{close_sql, column_options, replica_identity, tablespace, targets, with_options},
        table::{Oid, Table},
        template::{dollar_quote, fill},
    },
    pg::{lock::Mode, script::Script},
};

/// A partitioned table at work.
#[derive(Debug)]
pub struct Site {
    /// The table.
    pub table: Table,
    /// Its DEFAULT.
    pub default: Option<Table>,
    /// Its newest partition, which new ones take after.
    pub like: Option<Table>,
    /// The partition column, as SQL.
    pub by: String,
    /// All that was looked at.
    pub seen: Seen,
}

impl Site {
    /// Makes an empty partition. ATTACH lets everybody go on but for those who use DEFAULT, which is looked through.
    pub fn make(&self, part: &NewPart) -> Change<'_> {
        let table = &self.table.name;
        let mut locks = vec![(Mode::ShareUpdateExclusive, table.clone())];
        locks.extend(self.default.iter().map(|default| (Mode::AccessExclusive, default.name.clone())));
        let mut script = Script::new();
        script.add("attach partition", self.attach(part));
        script.extend("set replica identity", identity_by_index(self.like.as_ref(), &part.name));
        Change {
            step: "make partition",
            before: self.create(&part.name, self.like.as_ref()),
            locks,
            seen: &self.seen,
            script,
            detaches: None,
        }
    }

    /// Detaches a partition, and does `then` with it in the same transaction.
    pub fn detach(&self, (part, oid): (&QualifiedName, Oid), then: &Then) -> Change<'_> {
        let table = &self.table.name;
        let mut script = Script::new();
        script.add("detach partition", format!("ALTER TABLE {table} DETACH PARTITION {part}"));
        script.extend("settle partition", then.sql((table, self.table.oid), part));
        let default = self.default.as_ref().map(|default| &default.name);
        let locks = [Some(table), default].into_iter().flatten();
        Change {
            step: "detach partition",
            before: Script::new(),
            locks: locks.map(|table| (Mode::AccessExclusive, table.clone())).collect(),
            seen: &self.seen,
            script,
            detaches: Some(oid),
        }
    }

    /// A table with all that a partition has, beside the partitioned one.
    fn create(&self, name: &QualifiedName, like: Option<&Table>) -> Script {
        let table = &self.table.name;
        let create = format!(
            "CREATE TABLE {name} (LIKE {table} INCLUDING ALL EXCLUDING COMMENTS EXCLUDING IDENTITY){}{}",
            like.map(|like| with_options(&like.facts.options)).unwrap_or_default(),
            like.map(tablespace).unwrap_or_default()
        );
        let mut script = Script::new();
        script.add("create partition", create);
        let owner = like.map_or(&self.table.owner, |like| &like.owner);
        script.add("own partition", format!("ALTER TABLE {name} OWNER TO {owner}"));
        script.add("close partition", close_sql(name));
        if let Some(like) = like {
            let on = format!(" ON TABLE {name} ");
            script.extend("grant", like.grants.iter().map(|grant| grant.replace(" ON TABLE {} ", &on)));
            let sql = |statement: Statement| statement.sql;
            script.extend("set targets", targets(like, name).into_iter().map(sql));
            script.extend("set options", column_options(like, name, <[String]>::to_vec).into_iter().map(sql));
            script.extend("set replica identity", replica_identity(like, name).map(sql));
            script.extend("secure rows", row_security(like, name));
        }
        script
    }

    fn attach(&self, part: &NewPart) -> String {
        let [lower, upper] = &part.bounds;
        format!(
            "ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({lower}) TO ({upper})",
            self.table.name, part.name
        )
    }
}

/// Policies, and whether they are asked.
fn row_security(like: &Table, name: &QualifiedName) -> Vec<String> {
    let security = like.attached.row_security;
    let policy = |policy: &Policy| format!("CREATE POLICY {} ON {name} {}", policy.name, policy.definition);
    let mut all: Vec<_> = like.attached.policies.iter().map(policy).collect();
    if security.enabled {
        all.push(format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"));
    }
    if security.forced {
        all.push(format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY"));
    }
    all
}

/// The index that belongs to the same one of the table as that of its model's replica identity.
fn identity_by_index(like: Option<&Table>, name: &QualifiedName) -> Option<String> {
    const SQL: &str = include_str!("../../../assets/sql/identity_like.sql");
    let like = like?;
    let index = like.name.sibling(like.attached.identity_index.clone()?);
    let (part, index) = (literal(&name.to_string()), literal(&index.to_string()));
    let quote = dollar_quote(&format!("{part}{index}"));
    Some(fill(SQL.trim_end(), &[("part", &part), ("index", &index), ("quote", &quote)]))
}
