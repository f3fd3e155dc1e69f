//! Partitions of a table in use, whoever made it: made ahead, made for rows that lie in DEFAULT, detached.
//!
//! What locks others out is one short transaction within the lock budget.

mod change;
mod detach;
mod split;

pub use change::{Change, Outcome};
pub use detach::{Half, Then, concurrently, drop, mark};
pub use split::{Split, sweep};

use crate::{
    model::{
        clock::Clock,
        ident::{QualifiedName, literal},
        maintenance::NewPart,
        plan::Statement,
        settings::{close_sql, column_options, replica_identity, tablespace, targets, with_options},
        table::Table,
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
    /// How its column tells the time.
    pub clock: Clock,
    /// The partition column, as SQL.
    pub by: String,
}

impl Site {
    /// Makes an empty partition. ATTACH lets everybody go on but for those who use DEFAULT, which is looked through.
    pub fn make(&self, part: &NewPart) -> Change {
        let table = &self.table.name;
        let mut locks = vec![(Mode::ShareUpdateExclusive, table.clone())];
        locks.extend(self.default.iter().map(|default| (Mode::AccessExclusive, default.name.clone())));
        let mut script = Script::new();
        script.add("attach partition", self.attach(part));
        script.extend("set replica identity", identity_by_index(self.like.as_ref(), &part.name));
        Change { step: "make partition", before: self.create(&part.name, self.like.as_ref()), locks, script }
    }

    /// Detaches a partition, and does `then` with it in the same transaction.
    pub fn detach(&self, part: &QualifiedName, then: &Then) -> Change {
        let table = &self.table.name;
        let mut script = Script::new();
        script.add("detach partition", format!("ALTER TABLE {table} DETACH PARTITION {part}"));
        script.extend("settle partition", then.sql(part));
        Change {
            step: "detach partition",
            before: Script::new(),
            locks: [Some(table), Some(part), self.default.as_ref().map(|default| &default.name)]
                .into_iter()
                .flatten()
                .map(|table| (Mode::AccessExclusive, table.clone()))
                .collect(),
            script,
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
        script.add("own partition", format!("ALTER TABLE {name} OWNER TO {}", self.table.owner));
        script.add("close partition", close_sql(name));
        if let Some(like) = like {
            let on = format!(" ON TABLE {name} ");
            script.extend("grant", like.grants.iter().map(|grant| grant.replace(" ON TABLE {} ", &on)));
            let sql = |statement: Statement| statement.sql;
            script.extend("set targets", targets(like, name).into_iter().map(sql));
            script.extend("set options", column_options(like, name, <[String]>::to_vec).into_iter().map(sql));
            script.extend("set replica identity", replica_identity(like, name).map(sql));
        }
        script
    }

    fn attach(&self, part: &NewPart) -> String {
        let (lower, upper) = (self.clock.bound(part.period.lower), self.clock.bound(part.period.upper));
        format!(
            "ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({lower}) TO ({upper})",
            self.table.name, part.name
        )
    }
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
