//! Which module may use which: a table, and the paths a file names.

use syn::UseTree;

/// Each top module and what it may use, lowest floor first.
const FLOORS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("model", &["error"]),
    ("pg", &["model", "error"]),
    ("ops", &["pg", "model", "error"]),
    ("engine", &["ops", "pg", "model", "error"]),
    ("demo", &["engine", "pg", "model", "error"]),
    ("tui", &["engine", "model", "error"]),
    ("cli", &["demo", "tui", "engine", "pg", "model", "error"]),
];

/// What `model` must not name: it is pure.
const IMPURE: &[&str] = &[
    "tokio",
    "tokio_postgres",
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "Utc::now",
    "Local::now",
    "Instant::now",
    "SystemTime::now",
    "Uuid::new_v4",
    "Uuid::now_v7",
];

/// Why the file of `module` may not name `path`; `None` where it may.
pub(crate) fn objection(module: &[String], path: &[String]) -> Option<String> {
    let floor = module.first()?.as_str();
    if floor == "model" {
        let joined = path.join("::");
        if let Some(impure) = IMPURE.iter().find(|i| {
            joined == **i || joined.starts_with(&format!("{i}::")) || joined.ends_with(&format!("::{i}"))
        }) {
            return Some(format!("model is pure and may not use {impure}"));
        }
    }
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == floor) else {
        return Some(format!("module {floor} has no floor yet: add it to the table in tests/tidy/floors.rs"));
    };
    let target = absolute(module, path)?;
    let to = target.first()?.as_str();
    if to == floor {
        let (here, there) = (module.get(1)?, target.get(1)?);
        let sibling = floor == "ops" && here != there && !there.starts_with(char::is_uppercase);
        return sibling.then(|| format!("ops::{here} uses ops::{there}: operations do not call each other"));
    }
    let known = FLOORS.iter().any(|(name, _)| *name == to);
    (known && !allowed.contains(&to)).then(|| format!("{floor} may not use {to}, which is not below it"))
}

/// The path from the crate's root, for paths of this crate.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|segment| *segment == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => Some([&module[..module.len().checked_sub(ups)?], &path[ups..]].concat()),
        _ => None,
    }
}

/// `crate::{a::b, c}` as `crate::a::b` and `crate::c`.
pub(crate) fn flatten(tree: &UseTree, before: &[String], into: &mut Vec<Vec<String>>) {
    let with = |name: String| [before, &[name]].concat();
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &with(path.ident.to_string()), into),
        UseTree::Name(name) => into.push(with(name.ident.to_string())),
        UseTree::Rename(rename) => into.push(with(rename.ident.to_string())),
        UseTree::Glob(_) => into.push(before.to_vec()),
        UseTree::Group(group) => group.items.iter().for_each(|item| flatten(item, before, into)),
    }
}
