//! How far a plan reaches.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{
    ident::{Ident, QualifiedName},
    sql::tokens,
};

/// Partitions that a plan looks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Those it looks into.
    pub touched: usize,
    /// All there are.
    pub leaves: usize,
    /// A join decides while it runs which of them it needs: it may be fewer each time.
    pub at_most: bool,
}

/// What is found in a plan.
#[derive(Debug, Default)]
struct Found<'a> {
    touched: BTreeSet<(&'a str, &'a str)>,
    /// It routes rows, or has an Append without some of its children: it is of the table though it reads no leaf.
    is_of_it: bool,
    nested: bool,
    has_queries: bool,
}

/// How far the plan that EXPLAIN (VERBOSE, FORMAT JSON) prints reaches into the `leaves` of a table; `None` where it has nothing
/// to do with it. An INSERT reaches none: rows are routed.
pub fn reach(explained: &Value, table: &QualifiedName, leaves: &[QualifiedName]) -> Option<Reach> {
    let mut found = Found::default();
    walk(&explained[0]["Plan"], (table, leaves), &mut found, Place::Top);
    let is_of_it = found.is_of_it || !found.touched.is_empty();
    // What comes from a query of its own is known only while it runs.
    let at_most = found.nested || (found.has_queries && !found.touched.is_empty());
    is_of_it.then_some(Reach { touched: found.touched.len(), leaves: leaves.len(), at_most })
}

/// Where in a plan a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    /// It runs once for each row of another.
    Inner,
}

fn walk<'a>(node: &'a Value, of: (&QualifiedName, &[QualifiedName]), found: &mut Found<'a>, place: Place) {
    let (table, leaves) = of;
    let text = |key: &str| node[key].as_str();
    let relation = text("Schema").zip(text("Relation Name"));
    if text("Node Type") == Some("ModifyTable") {
        let is_its = relation.is_some_and(|(schema, name)| is(table, schema, name));
        found.is_of_it |= text("Operation") == Some("Insert") && is_its;
    } else if let Some((schema, name)) = relation.filter(|(schema, name)| is_one(leaves, schema, name)) {
        found.touched.insert((schema, name));
        found.nested |= place == Place::Inner;
    }
    // An Append says of which table it is only by what it still has; one without a child is of ours if it is of any.
    found.is_of_it |= node["Subplans Removed"].as_i64().is_some_and(|removed| removed > 0);
    let is_loop = text("Node Type") == Some("Nested Loop");
    for (at, child) in node["Plans"].as_array().into_iter().flatten().enumerate() {
        let relationship = child["Parent Relationship"].as_str();
        found.has_queries |= relationship == Some("InitPlan");
        let is_inner =
            relationship == Some("SubPlan") || (is_loop && at == 1 && relationship == Some("Inner"));
        walk(child, of, found, if is_inner { Place::Inner } else { place });
    }
}

fn is_one(leaves: &[QualifiedName], schema: &str, name: &str) -> bool {
    leaves.iter().any(|leaf| is(leaf, schema, name))
}

/// Whether a plan means this table. Before PostgreSQL 15 a temporary schema has its number behind it.
fn is(table: &QualifiedName, schema: &str, name: &str) -> bool {
    let known = table.schema.as_str();
    table.name.as_str() == name && (schema == known || (known == "pg_temp" && schema.starts_with(known)))
}

/// Whether a plan reads a table.
pub fn reads(node: &Value, table: &QualifiedName) -> bool {
    let its = node["Schema"].as_str().zip(node["Relation Name"].as_str());
    its.is_some_and(|(schema, name)| is(table, schema, name))
        || node["Plans"].as_array().into_iter().flatten().any(|child| reads(child, table))
}

/// The columns of the table that conditions on its leaves speak of, in the order in which they come.
pub fn conditions(explained: &Value, leaves: &[QualifiedName], columns: &[Ident]) -> Vec<String> {
    let mut found = Vec::new();
    conditions_of(&explained[0]["Plan"], leaves, &mut |condition| {
        for token in tokens(condition) {
            let name = token.name(condition);
            let column = columns.iter().map(Ident::as_str).find(|column| name.as_deref() == Some(column));
            if let Some(column) = column.filter(|column| !found.iter().any(|known| known == column)) {
                found.push(column.to_owned());
            }
        }
    });
    found
}

fn conditions_of(node: &Value, leaves: &[QualifiedName], seen: &mut dyn FnMut(&str)) {
    let its = node["Schema"].as_str().zip(node["Relation Name"].as_str());
    let is_leaf = its.is_some_and(|(schema, name)| is_one(leaves, schema, name));
    // An index of a bitmap is looked into by a child of the leaf's own node.
    if is_leaf {
        for key in ["Index Cond", "Recheck Cond", "Filter"] {
            if let Some(condition) = node[key].as_str() {
                seen(condition);
            }
        }
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        conditions_of(child, leaves, seen);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn leaves_are_counted_once() {
        let scan = |name: &str| json!({ "Node Type": "Seq Scan", "Relation Name": name, "Schema": "s" });
        let leaves = ["m1", "m2", "m3"].map(|name| QualifiedName::new("s", name));
        let of = |plan: Value| reach(&json!([{ "Plan": plan }]), &QualifiedName::new("s", "m"), &leaves);
        let append = json!({ "Node Type": "Append", "Subplans Removed": 1, "Plans": [scan("m1"), scan("m2"), scan("m1"), scan("other")] });
        assert_eq!(of(append.clone()), Some(Reach { touched: 2, leaves: 3, at_most: false }));
        assert_eq!(of(scan("other")), None);
        let mut inner = append;
        inner["Parent Relationship"] = "Inner".into();
        let join = json!({ "Node Type": "Nested Loop", "Plans": [scan("other"), inner] });
        assert_eq!(of(join), Some(Reach { touched: 2, leaves: 3, at_most: true }));
        let insert = json!({ "Node Type": "ModifyTable", "Operation": "Insert", "Relation Name": "m", "Schema": "s", "Plans": [{ "Node Type": "Result" }] });
        assert_eq!(of(insert), Some(Reach { touched: 0, leaves: 3, at_most: false }));
    }
}
