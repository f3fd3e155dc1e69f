//! Foreign keys that lead to the table: they move in the exchange itself, so that a lost attempt changes nothing and no
//! instant is without those that are kept. Before it the catalogue is asked which of the plan's are still there.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    model::{
        ident::{Ident, QualifiedName},
        ids::{self, Ids},
        incoming::{Choice, Incoming, IncomingKey},
        scheme::Scheme,
        table::Oid,
    },
    ops::swap::Way,
    pg::{
        Session, Tx, catalog,
        lock::{Mode, lock_within},
        script::Script,
    },
};

/// The scheme with the keys that are to be moved now, under the names that their tables have now. Refused where one came
/// or was changed: it would follow the table that loses the name.
pub(super) async fn current(session: &Session, scheme: &Scheme, way: Way) -> Result<Scheme> {
    let Incoming { choice, keys: planned } = &scheme.incoming;
    let mut now = catalog::incoming_keys(session, oid_of(session, scheme.source()).await?).await?;
    if let Some(ids) = Ids::of(scheme) {
        let led = catalog::incoming_keys(session, oid_of(session, &ids.name).await?).await?;
        now.extend(led.iter().map(|key| key.leading_to(scheme.source())));
    }
    let known = |key: &&IncomingKey| planned.iter().any(|known| same(known, key));
    if let Some(new) = now.iter().find(|key| !known(key)) {
        return Err(changed(scheme, new, "references it, and did not when the plan was made: drop it first"));
    }
    let keys = match (way, choice) {
        (Way::Swap | Way::Rename, _) => {
            let lost = planned
                .iter()
                .find(|key| !now.iter().any(|found| same(found, key) && found.definition == key.definition));
            if let Some(lost) = lost {
                return Err(changed(scheme, lost, "was changed or dropped since the plan was made"));
            }
            planned.clone()
        }
        (Way::Reverse | Way::Undo, Choice::Keep | Choice::Refuse) => now,
        (Way::Reverse | Way::Undo, Choice::Drop) => under_their_names(session, planned).await?,
    };
    Ok(Scheme { incoming: Incoming { choice: *choice, keys }, ..scheme.clone() })
}

fn same(one: &IncomingKey, other: &IncomingKey) -> bool {
    one.oid == other.oid && one.name == other.name
}

fn changed(scheme: &Scheme, key: &IncomingKey, how: &str) -> Error {
    Error::Changed { table: scheme.source().plain(), what: format!("foreign key {} {how}", key.plain()) }
}

async fn oid_of(session: &Session, name: &QualifiedName) -> Result<Oid> {
    let name = name.to_string();
    let row = session.query_one("who has the name", "SELECT $1::text::regclass::oid", &[&name]).await?;
    Ok(row.get(0))
}

/// Those whose tables are still there.
async fn under_their_names(session: &Session, keys: &[IncomingKey]) -> Result<Vec<IncomingKey>> {
    const SQL: &str = "SELECT c.oid, n.nspname::text, c.relname::text FROM pg_class c \
                       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1)";
    let oids: Vec<Oid> = keys.iter().map(|key| key.oid).collect();
    let rows = session.query("find referencing tables", SQL, &[&oids]).await?;
    let found = |key: &IncomingKey| {
        let row = rows.iter().find(|row| row.get::<_, Oid>(0) == key.oid)?;
        let [schema, name] = [1, 2].map(|at| Ident::new(row.get::<_, String>(at)));
        Some(IncomingKey { table: QualifiedName { schema, name }, ..key.clone() })
    };
    Ok(keys.iter().filter_map(found).collect())
}

/// Refuses, under the exclusive lock, where one came since.
pub(super) async fn check(tx: &Tx<'_>, scheme: &Scheme) -> Result<()> {
    const SQL: &str = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid IN (to_regclass($1), to_regclass($4)) \
                       AND conparentid = 0 AND (conrelid, conname) NOT IN \
                       (SELECT * FROM unnest($2::oid[], $3::text[]))";
    let keys = &scheme.incoming.keys;
    let (oids, names): (Vec<Oid>, Vec<&str>) = keys.iter().map(|key| (key.oid, key.name.as_str())).unzip();
    let name = scheme.source().to_string();
    let ids = Ids::of(scheme).map(|ids| ids.name.to_string());
    let row = tx.query_one("count incoming foreign keys", SQL, &[&name, &oids, &names, &ids]).await?;
    match row.get::<_, i64>(0) {
        0 => Ok(()),
        new => Err(Error::Changed {
            table: scheme.source().plain(),
            what: format!("{new} foreign keys reference it, and did not when the plan was made"),
        }),
    }
}

/// The locks that moving them takes on their own tables, and on the table of ids; all keys are added or dropped under them.
pub(super) fn lock(scheme: &Scheme, within: Duration) -> Script {
    lock_within(Mode::AccessExclusive, &ids::locked(scheme), within)
}
