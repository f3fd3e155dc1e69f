//! What a table has beside columns and indexes and takes from no model by itself, as statements: rights, statistics targets,
//! options.

use crate::model::{
    ident::{QualifiedName, literal},
    plan::Statement,
    table::Table,
    template::{dollar_quote, fill},
};

/// A labelled statement.
pub fn statement(label: &str, sql: String) -> Statement {
    Statement { label: label.into(), sql }
}

/// Takes away what default privileges have given (TRAPS 25).
pub fn close_sql(table: &QualifiedName) -> String {
    const SQL: &str = include_str!("../../assets/sql/close_tables.sql");
    let table = literal(&table.to_string());
    let quote = dollar_quote(&table);
    fill(SQL.trim_end(), &[("table", &table), ("quote", &quote)])
}

/// Statistics targets of `like`, which neither LIKE nor a partition takes from its model.
pub fn targets(like: &Table, table: &QualifiedName) -> Vec<Statement> {
    let targets = like.columns.iter().filter_map(|column| Some((&column.name, column.statistics_target?)));
    let sql =
        |(name, target)| format!("ALTER TABLE ONLY {table} ALTER COLUMN {name} SET STATISTICS {target}");
    targets.map(|target| statement("set statistics target", sql(target))).collect()
}

/// Options of the columns of `like`, changed by `change`.
pub fn column_options(
    like: &Table,
    table: &QualifiedName,
    change: impl Fn(&[String]) -> Vec<String>,
) -> Vec<Statement> {
    let with_options = like.columns.iter().filter(|column| !column.options.is_empty());
    let set = with_options.map(|column| {
        let options = change(&column.options).join(", ");
        format!("ALTER TABLE ONLY {table} ALTER COLUMN {} SET ({options})", column.name)
    });
    set.map(|sql| statement("set column options", sql)).collect()
}

/// `WITH (fillfactor='70')`, or nothing.
pub fn with_options(options: &[String]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let pair = |option: &String| match option.split_once('=') {
        Some((name, value)) => format!("{name}={}", literal(value)),
        None => option.clone(),
    };
    format!(" WITH ({})", options.iter().map(pair).collect::<Vec<_>>().join(", "))
}

/// ` TABLESPACE name`, or nothing.
pub fn tablespace(like: &Table) -> String {
    like.attached.tablespace.as_ref().map(|name| format!(" TABLESPACE {name}")).unwrap_or_default()
}

/// The replica identity of `like`, unless it is an index, or the usual one.
pub fn replica_identity(like: &Table, table: &QualifiedName) -> Option<Statement> {
    let identity = match like.facts.replica_identity.as_str() {
        "n" => "NOTHING",
        "f" => "FULL",
        _ => return None,
    };
    Some(statement("set replica identity", format!("ALTER TABLE {table} REPLICA IDENTITY {identity}")))
}
