//! The statements that attach the old table as a partition, and those that take it out again.
//!
//! Text only. As in [`super::exchange`] the names move in the middle. Nothing is scanned and nothing built: the CHECK
//! implies the partition's bound, each index of the partitioned table finds its like, and foreign keys come afterwards.

use crate::{
    model::{
        history::BOUND,
        ident::{Ident, QualifiedName, literal},
        scheme::{Leaf, Scheme},
        table::{Index, Trigger},
    },
    ops::swap::exchange,
    pg::script::Script,
};

/// The twin gets the name, the old table becomes a partition of it.
pub(super) fn attach(scheme: &Scheme, history: &Leaf) -> Script {
    let (name, twin, old) = (scheme.source(), scheme.twin(), scheme.history());
    let mut script = Script::new();
    // Row triggers come back from the partitioned table, statement triggers stay there.
    script.extend("drop old triggers", drop_triggers(scheme, name));
    script.extend("revoke", exchange::revoke(scheme, name));
    if let (Some(key), Some(wide)) = (scheme.narrow_key(), scheme.wide_index()) {
        let wider = scheme.history_index(&key.name).name;
        script.add("widen key", change_key(name, &key.name, (&wider, &wide)));
    }
    script.add("rename", format!("ALTER TABLE {name} RENAME TO {}", old.name));
    for index in kept(scheme) {
        let from = name.sibling(index.name.clone());
        script.add(
            "rename",
            format!("ALTER INDEX {from} RENAME TO {}", scheme.history_index(&index.name).name),
        );
    }
    script.add("rename", format!("ALTER TABLE {twin} RENAME TO {}", name.name));
    for index in &scheme.table.indexes {
        let from = scheme.twin_index(&index.name);
        script.add("rename", format!("ALTER INDEX {from} RENAME TO {}", index.name));
    }
    script.extend("make triggers", scheme.table.triggers.iter().flat_map(|t| exchange::make(name, t)));
    let bounds = scheme.history_bounds(history);
    script.add("attach history", format!("ALTER TABLE {name} ATTACH PARTITION {old} {bounds}"));
    script.add("bound", format!("ALTER TABLE {old} DROP CONSTRAINT {}", Ident::new(BOUND)));
    script.extend("grant", exchange::grants(scheme, name));
    script.extend("replace views", exchange::views(scheme));
    script
}

/// The old table is a table by itself again; the other partitions keep their rows for the moment.
pub(super) fn detach(scheme: &Scheme) -> Script {
    let (name, old) = (scheme.source(), scheme.history());
    let mut script = Script::new();
    script.extend("drop triggers", drop_triggers(scheme, name));
    script.extend("revoke", exchange::revoke(scheme, name));
    script.add("detach history", format!("ALTER TABLE {name} DETACH PARTITION {old}"));
    script
}

/// It takes its name and its key back, and the rows that came into other partitions.
pub(super) fn restore(scheme: &Scheme) -> Script {
    let (name, twin, old) = (scheme.source(), scheme.twin(), scheme.history());
    let mut script = Script::new();
    script.add("rename", format!("ALTER TABLE {name} RENAME TO {}", twin.name));
    for index in &scheme.table.indexes {
        let from = name.sibling(index.name.clone());
        script.add("rename", format!("ALTER INDEX {from} RENAME TO {}", scheme.twin_index(&index.name).name));
    }
    if let (Some(key), Some(narrow)) = (scheme.narrow_key(), scheme.narrow_index()) {
        let wider = scheme.history_index(&key.name).name;
        script.add("narrow key", change_key(&old, &wider, (&key.name, &narrow)));
        script.extend("narrow key", comments(key, &old));
    }
    script.add("rename", format!("ALTER TABLE {old} RENAME TO {}", name.name));
    for index in kept(scheme) {
        let from = scheme.history_index(&index.name);
        script.add("rename", format!("ALTER INDEX {from} RENAME TO {}", index.name));
    }
    script.add(MOVE, move_sql(scheme));
    script.extend("make triggers", scheme.table.triggers.iter().flat_map(|t| exchange::make(name, t)));
    script.extend("grant", exchange::grants(scheme, name));
    script.extend("replace views", exchange::views(scheme));
    script
}

/// The label of the statement that fails where two rows share an old key.
pub(super) const MOVE: &str = "move rows back";

/// No trigger of the application fires: none is on the table then.
fn move_sql(scheme: &Scheme) -> String {
    let columns = scheme.column_list("");
    format!(
        "INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {}",
        scheme.source(),
        scheme.twin()
    )
}

/// The indexes that stay as they are: all but a primary key that is changed.
fn kept(scheme: &Scheme) -> impl Iterator<Item = &Index> {
    let changed = scheme.narrow_key().map(|key| key.name.clone());
    scheme.table.indexes.iter().filter(move |index| Some(&index.name) != changed.as_ref())
}

/// In one statement: the table is never without a key.
fn change_key(table: &QualifiedName, old: &Ident, (new, index): (&Ident, &QualifiedName)) -> String {
    format!(
        "ALTER TABLE {table} DROP CONSTRAINT {old}, ADD CONSTRAINT {new} PRIMARY KEY USING INDEX {}",
        index.name
    )
}

fn comments(key: &Index, table: &QualifiedName) -> Vec<String> {
    let name = &key.name;
    let on_index = key
        .comment
        .iter()
        .map(|text| format!("COMMENT ON INDEX {} IS {}", table.sibling(name.clone()), literal(text)));
    let on_constraint = key
        .constraint_comment
        .iter()
        .map(|text| format!("COMMENT ON CONSTRAINT {name} ON {table} IS {}", literal(text)));
    on_index.chain(on_constraint).collect()
}

fn drop_triggers(scheme: &Scheme, table: &QualifiedName) -> impl Iterator<Item = String> {
    let drop = |trigger: &Trigger| format!("DROP TRIGGER {} ON {table}", trigger.name);
    scheme.table.triggers.iter().map(drop).collect::<Vec<_>>().into_iter()
}
