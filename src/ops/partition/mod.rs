//! Partitions of a table in use, whoever made it: made ahead, made for rows that lie in DEFAULT, detached.
//!
//! Each is one short transaction within the lock budget. Nobody ever sees a row twice, or not at all: rows leave DEFAULT
//! while it is detached and everybody waits, so no trigger and no foreign key takes a move for a deletion.

mod change;
mod detach;

pub use change::{Change, Outcome};
pub use detach::{Half, concurrently};

use crate::{
    model::{
        clock::Clock,
        ident::{QualifiedName, literal},
        maintenance::NewPart,
        plan::Statement,
        table::Table,
        template::{dollar_quote, fill},
    },
    ops::settings::{close_sql, column_options, replica_identity, tablespace, targets, with_options},
    pg::{lock::Mode, script::Script},
};

/// A partitioned table at work.
#[derive(Debug)]
pub struct Site {
    /// The table.
    pub table: Table,
    /// Its DEFAULT.
    pub default: Option<QualifiedName>,
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
        locks.extend(self.default.iter().map(|default| (Mode::AccessExclusive, default.clone())));
        let mut script = Script::new();
        script.add("attach partition", self.attach(part));
        script.extend("set replica identity", self.identity_by_index(&part.name));
        Change { step: "make partition", before: self.create(part), locks, moves: None, script }
    }

    /// Moves the rows of a period out of DEFAULT into a partition of its own.
    pub fn move_out(&self, part: &NewPart, default: &QualifiedName) -> Change {
        let table = &self.table.name;
        let columns: Vec<_> = self.table.insertable().map(|column| column.name.to_string()).collect();
        let columns = columns.join(", ");
        let rows = format!(
            "WITH moved AS (DELETE FROM ONLY {default} WHERE {} RETURNING {columns}) \
             INSERT INTO {} ({columns}) SELECT {columns} FROM moved",
            self.clock.within(&self.by, part.period),
            part.name
        );
        let mut script = Script::new();
        script.add("attach partition", self.attach(part));
        script.extend("set replica identity", self.identity_by_index(&part.name));
        script.add("attach default", format!("ALTER TABLE {table} ATTACH PARTITION {default} DEFAULT"));
        let mut before = self.create(part);
        // What is out of a policy's sight is not to be left behind.
        before.add("read all rows", "SET LOCAL row_security = off");
        Change {
            step: "move rows out of DEFAULT",
            before,
            locks: vec![(Mode::AccessExclusive, table.clone()), (Mode::AccessExclusive, default.clone())],
            moves: Some([format!("ALTER TABLE {table} DETACH PARTITION {default}"), rows]),
            script,
        }
    }

    /// Detaches a partition, and does `then` with it in the same transaction.
    pub fn detach(&self, part: &QualifiedName, then: Option<String>) -> Change {
        let table = &self.table.name;
        let mut script = Script::new();
        script.add("detach partition", format!("ALTER TABLE {table} DETACH PARTITION {part}"));
        script.extend("settle partition", then);
        Change {
            step: "detach partition",
            before: Script::new(),
            locks: [Some(table), Some(part), self.default.as_ref()]
                .into_iter()
                .flatten()
                .map(|table| (Mode::AccessExclusive, table.clone()))
                .collect(),
            moves: None,
            script,
        }
    }

    /// A table with all that a partition has, beside the partitioned one.
    fn create(&self, part: &NewPart) -> Script {
        let (table, name) = (&self.table.name, &part.name);
        let like = self.like.as_ref();
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

    /// The index that belongs to the same one of the table as the newest partition's replica identity.
    fn identity_by_index(&self, name: &QualifiedName) -> Option<String> {
        const SQL: &str = include_str!("../../../assets/sql/identity_like.sql");
        let like = self.like.as_ref()?;
        let index = like.attached.identity_index.as_ref()?;
        let index = like.name.sibling(index.clone());
        let (part, index) = (literal(&name.to_string()), literal(&index.to_string()));
        let quote = dollar_quote(&format!("{part}{index}"));
        Some(fill(SQL.trim_end(), &[("part", &part), ("index", &index), ("quote", &quote)]))
    }
}
