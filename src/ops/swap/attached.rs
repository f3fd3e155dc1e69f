//! What changes hands with the name, beside triggers, rights and views: identity columns, policies, publications, the
//! names of statistics objects. Text only.
//!
//! An identity column's sequence can belong to no other column. So the table with the name has the identity and the other
//! one a plain column: nothing of ours has to override it, and the sequence, made anew under its name, goes on where it
//! stood. A leaf has no policies: nobody but the owner has rights on one.

use crate::{
    model::{
        attached::Publication,
        ident::{Ident, QualifiedName, literal},
        scheme::Scheme,
        table::{Column, Identity},
        template::{dollar_quote, fill},
    },
    pg::script::Script,
};

const MOVE_IDENTITY: &str = include_str!("../../../assets/sql/move_identity.sql");

/// Before the names move: `name` leaves its publications.
pub(super) fn leave(scheme: &Scheme, name: &QualifiedName) -> Script {
    let publications = scheme.table.attached.publications.iter();
    let sql = publications.map(|p| format!("ALTER PUBLICATION {} DROP TABLE {name}", p.name));
    let mut script = Script::new();
    script.extend("leave publications", sql);
    script
}

/// After the names have moved: `name` takes all that `former`, which had it before, gives.
pub(super) fn take(scheme: &Scheme, name: &QualifiedName, former: &QualifiedName) -> Script {
    let mut script = Script::new();
    for column in &scheme.table.columns {
        let identity = column.identity.as_ref();
        script.extend("move identity", identity.iter().flat_map(|i| number(column, i, name, former)));
    }
    script.extend("join publications", scheme.table.attached.publications.iter().map(|p| join(p, name)));
    script
}

/// Policies for the new table; the old one keeps its own.
pub(super) fn make_policies(scheme: &Scheme, name: &QualifiedName) -> Vec<String> {
    let attached = &scheme.table.attached;
    let mut sql = Vec::new();
    for policy in &attached.policies {
        sql.push(format!("CREATE POLICY {} ON {name} {}", policy.name, policy.definition));
        let comment = policy.comment.as_deref();
        sql.extend(
            comment.map(|text| format!("COMMENT ON POLICY {} ON {name} IS {}", policy.name, literal(text))),
        );
    }
    let security = attached.row_security;
    let switch = [(security.enabled, "ENABLE"), (security.forced, "FORCE")];
    let on = switch.iter().filter(|(on, _)| *on);
    sql.extend(on.map(|(_, how)| format!("ALTER TABLE {name} {how} ROW LEVEL SECURITY")));
    sql
}

/// Takes back what [`make_policies`] made.
pub(super) fn drop_policies(scheme: &Scheme, name: &QualifiedName) -> Vec<String> {
    let attached = &scheme.table.attached;
    let security = attached.row_security;
    let switch = [(security.forced, "NO FORCE"), (security.enabled, "DISABLE")];
    let off = switch.iter().filter(|(on, _)| *on);
    let mut sql: Vec<_> =
        off.map(|(_, how)| format!("ALTER TABLE {name} {how} ROW LEVEL SECURITY")).collect();
    sql.extend(attached.policies.iter().map(|policy| format!("DROP POLICY {} ON {name}", policy.name)));
    sql
}

/// Statistics objects get the names that belong to their table; no lock on any table.
pub(super) fn rename_statistics(
    scheme: &Scheme,
    from: impl Fn(&QualifiedName) -> QualifiedName,
    to: impl Fn(&QualifiedName) -> QualifiedName,
) -> Vec<String> {
    let names = scheme.table.attached.statistics.iter().map(|object| &object.name);
    names.map(|name| format!("ALTER STATISTICS {} RENAME TO {}", from(name), to(name).name)).collect()
}

fn join(publication: &Publication, name: &QualifiedName) -> String {
    let list = |columns: &Vec<Ident>| columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let columns = publication.columns.as_ref().map(|columns| format!(" ({})", list(columns)));
    let filter = publication.filter.as_ref().map(|filter| format!(" WHERE ({filter})"));
    let (columns, filter) = (columns.unwrap_or_default(), filter.unwrap_or_default());
    format!("ALTER PUBLICATION {} ADD TABLE {name}{columns}{filter}", publication.name)
}

fn number(column: &Column, identity: &Identity, to: &QualifiedName, from: &QualifiedName) -> Vec<String> {
    let sequence = identity.sequence.to_string();
    let text = literal(&sequence);
    let kind = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
    let (column, from, to) = (column.name.to_string(), from.to_string(), to.to_string());
    let values = [
        ("sequence", sequence.as_str()),
        ("sequence_text", &text),
        ("column", &column),
        ("from", &from),
        ("to", &to),
        ("kind", kind),
        ("options", &identity.options),
    ];
    let quote = dollar_quote(&values.iter().map(|(_, value)| *value).collect::<String>());
    let mut values = values.to_vec();
    values.push(("quote", &quote));
    let mut sql = vec![fill(MOVE_IDENTITY.trim_end(), &values)];
    let named = |grant: &String| grant.replacen("{}", &sequence, 1);
    sql.extend(identity.grants.iter().map(named));
    let comment = identity.comment.as_deref();
    sql.extend(comment.map(|comment| format!("COMMENT ON SEQUENCE {sequence} IS {}", literal(comment))));
    sql
}
