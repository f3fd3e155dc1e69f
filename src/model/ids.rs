//! The table of ids: `<table>_ids (id PRIMARY KEY, created_at)`. It keeps the old key unique where the partitioned table cannot,
//! tells the partition column of a key, and is what foreign keys to the old key lead to. Text only; nothing runs here.
//!
//! It is filled when the twin has all its indexes, and from then on kept by row triggers on the twin, in the transaction
//! that changes it. They stay with the table: owner, function and triggers need nothing of the journal.
//!
//! Invariant: in every snapshot in which no key is in the log it holds the keys of the partitioned table, each once.

use std::collections::BTreeSet;

use crate::model::{
    ident::{Ident, QualifiedName, literal},
    incoming::{Choice, IncomingKey},
    scheme::Scheme,
    table::Column,
    template::{dollar_quote, fill},
};

const FUNCTION: &str = include_str!("../../assets/sql/ids_functions.sql");
const BUILDING: &str = include_str!("../../assets/sql/ids_building.sql");
const IN_USE: &str = include_str!("../../assets/sql/ids_in_use.sql");

/// Its triggers. Triggers fire in the order of their names: one of the application's that references the new row finds it here.
pub const TRIGGERS: [&str; 5] = ["0_ids_row", "0_ids_key", "0_ids_both", "0_ids_update", "0_ids_truncate"];

/// What the triggers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// The twin is filled and follows; a key may be at two places for a while.
    Building,
    /// The partitioned table has the name: a key that is there already is refused.
    InUse,
}

/// The table of ids of one scheme.
#[derive(Clone, Debug)]
pub struct Ids<'a> {
    scheme: &'a Scheme,
    /// Its name; its function has the same.
    pub name: QualifiedName,
}

impl<'a> Ids<'a> {
    /// The one of this scheme, where there is to be one.
    pub fn of(scheme: &'a Scheme) -> Option<Self> {
        scheme.ids_table.then(|| Self { scheme, name: Self::name_of(scheme.source()) })
    }

    /// The name of the one of a table.
    pub fn name_of(table: &QualifiedName) -> QualifiedName {
        table.sibling(table.name.with_suffix("_ids"))
    }

    /// The name of its primary key.
    pub fn key_name(&self) -> Ident {
        self.name.name.with_suffix("_pkey")
    }

    /// Whether a foreign key's columns are its key.
    pub fn takes(&self, key: &IncomingKey) -> bool {
        let columns: BTreeSet<&Ident> = key.columns.iter().collect();
        columns == self.scheme.key().iter().map(|column| &column.name).collect()
    }

    /// Makes it empty, without a key, and its function. Nobody but the owner has a right on it.
    pub fn create(&self) -> Vec<String> {
        let (ids, owner) = (&self.name, &self.scheme.table.owner);
        let columns = list(&self.columns(), "");
        vec![
            format!("CREATE TABLE {ids} AS SELECT {columns} FROM {} WITH NO DATA", self.scheme.source()),
            format!("ALTER TABLE {ids} ALTER COLUMN {} SET NOT NULL", self.scheme.by),
            format!("ALTER TABLE {ids} OWNER TO {owner}"),
            self.function("CREATE", Keeping::Building),
            format!("ALTER FUNCTION {ids}() OWNER TO {owner}"),
            format!("REVOKE ALL ON FUNCTION {ids}() FROM PUBLIC"),
        ]
    }

    /// Fills it from a twin that nobody writes meanwhile, builds its key, and has the twin's triggers keep it from then on.
    /// What is in the log is left out: of the places that such a key may have replay takes away and brings what is right.
    pub fn fill(&self, leaves: &[QualifiedName]) -> Vec<String> {
        let (ids, twin) = (&self.name, self.scheme.twin());
        let columns = self.columns();
        let mut sql = vec![
            format!(
                "INSERT INTO {ids} ({}) SELECT {} FROM {twin} AS t WHERE NOT EXISTS (SELECT FROM {} AS l WHERE {})",
                list(&columns, ""),
                list(&columns, "t."),
                self.scheme.log(),
                self.scheme.log_match("l", "t")
            ),
            format!(
                "ALTER TABLE {ids} ADD CONSTRAINT {} PRIMARY KEY ({})",
                self.key_name(),
                list(&self.scheme.key(), "")
            ),
        ];
        sql.extend(self.triggers(&twin));
        sql.extend(leaves.iter().flat_map(|leaf| TRIGGERS[..3].iter().map(|name| always(leaf, name))));
        sql
    }

    /// The function does something else from now on. No table is locked for it.
    pub fn keep(&self, keeping: Keeping) -> String {
        self.function("CREATE OR REPLACE", keeping)
    }

    /// Who may read the table may look an id up.
    pub fn grant(&self) -> Vec<String> {
        let to = |grantee| format!("GRANT SELECT ON TABLE {} TO {grantee}", self.name);
        self.readers().into_iter().map(to).collect()
    }

    /// Takes back what [`Self::grant`] gave.
    pub fn revoke(&self) -> Vec<String> {
        let from = |grantee| format!("REVOKE ALL ON TABLE {} FROM {grantee} CASCADE", self.name);
        self.readers().into_iter().map(from).collect()
    }

    /// Removes it, after the twin with its triggers.
    pub fn drop(&self) -> [String; 2] {
        let ids = &self.name;
        [format!("DROP FUNCTION IF EXISTS {ids}()"), format!("DROP TABLE IF EXISTS {ids}")]
    }

    fn columns(&self) -> Vec<&'a Column> {
        self.scheme.logged_columns()
    }

    fn readers(&self) -> BTreeSet<String> {
        let reader = |grant: &String| {
            let (rights, to) = grant.strip_prefix("GRANT ")?.split_once(" ON TABLE {} TO ")?;
            let reads = rights.split(", ").any(|right| right == "SELECT");
            reads.then(|| to.strip_suffix(" WITH GRANT OPTION").unwrap_or(to).to_owned())
        };
        self.scheme.table.grants.iter().filter_map(reader).collect()
    }

    /// By row: statement triggers miss a MERGE that moves a row and DML that names a leaf (TRAPS 45).
    fn triggers(&self, table: &QualifiedName) -> Vec<String> {
        let differ = |columns: &[&Column]| {
            let [old, new] = ["OLD.", "NEW."].map(|row| format!("ROW({})::record", list(columns, row)));
            format!("{old} OPERATOR(pg_catalog.*<>) {new}")
        };
        let [any, key] = [differ(&self.columns()), differ(&self.scheme.key())];
        let by = &self.scheme.by;
        let both = format!("{key} AND OLD.{by} IS DISTINCT FROM NEW.{by}");
        let events = [
            "AFTER INSERT OR DELETE".to_owned(),
            "AFTER UPDATE".to_owned(),
            "BEFORE UPDATE".to_owned(),
            "BEFORE UPDATE".to_owned(),
            "BEFORE TRUNCATE".to_owned(),
        ];
        let [any, both] = [any, both].map(|condition| format!("ROW WHEN ({condition})"));
        let each = ["ROW".to_owned(), any, both, "STATEMENT".to_owned(), "STATEMENT".to_owned()];
        let one = |((name, event), each): ((&str, String), String)| {
            let create = format!(
                "CREATE TRIGGER {} {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {}()",
                Ident::new(name),
                self.name
            );
            [create, always(table, name)]
        };
        TRIGGERS.into_iter().zip(events).zip(each).flat_map(one).collect()
    }

    fn function(&self, how: &str, keeping: Keeping) -> String {
        let (key, columns, by) = (self.scheme.key(), self.columns(), &self.scheme.by);
        let key_of = |columns: &[&Column], one: &str, other: &str| {
            let same = |column: &&Column| format!("{one}.{} = {other}.{}", column.name, column.name);
            columns.iter().map(same).collect::<Vec<_>>().join(" AND ")
        };
        let at = |row: &str| format!("{} AND i.{by} = {row}.{by}", key_of(&key, "i", row));
        let body = match keeping {
            Keeping::Building => BUILDING,
            Keeping::InUse => IN_USE,
        };
        let body = fill(
            body.trim_end(),
            &[
                ("ids", &self.name.to_string()),
                ("ids_literal", &literal(&self.name.to_string())),
                ("table", &self.scheme.source().to_string()),
                ("columns", &list(&columns, "")),
                ("key", &list(&key, "")),
                ("new", &list(&columns, "NEW.")),
                ("excluded", &list(&columns, "excluded.")),
                ("moved", &list(&columns, "n.")),
                ("moved_to", &list(&columns, "moved.")),
                ("same_old", &at("OLD")),
                ("same_new", &at("NEW")),
                ("old_key", &key_of(&key, "i", "OLD")),
                ("still_there", &key_of(&key, "n", "OLD")),
            ],
        );
        let quote = dollar_quote(&body);
        let ids = self.name.to_string();
        fill(FUNCTION.trim_end(), &[("how", how), ("ids", &ids), ("quote", &quote), ("body", &body)])
    }
}

/// The keys of other tables, led to what keeps their columns unique when the partitioned table has the name.
pub fn follow(scheme: &Scheme) -> Vec<String> {
    let ids = Ids::of(scheme);
    let lead = |key: &IncomingKey| match ids.as_ref().filter(|ids| ids.takes(key)) {
        Some(ids) => key.leading_to(&ids.name),
        None => key.clone(),
    };
    scheme.incoming.follow(lead)
}

/// Tables that the exchange locks for the sake of incoming foreign keys.
pub fn locked(scheme: &Scheme) -> Vec<QualifiedName> {
    let keeps = scheme.incoming.choice == Choice::Keep;
    let ids = Ids::of(scheme).filter(|ids| keeps && scheme.incoming.keys.iter().any(|key| ids.takes(key)));
    scheme.incoming.tables().into_iter().chain(ids.map(|ids| ids.name)).collect()
}

fn list(columns: &[&Column], prefix: &str) -> String {
    columns.iter().map(|column| format!("{prefix}{}", column.name)).collect::<Vec<_>>().join(", ")
}

fn always(table: &QualifiedName, name: &str) -> String {
    format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {}", Ident::new(name))
}
