//! How a program works with the partitioned table, with snippets of this table.

use crate::{
    cli::upkeep::Guide,
    model::{
        audit::{Column, Described},
        template::fill,
    },
};

/// As Markdown.
pub fn text(language: Guide, table: &Described) -> String {
    const SQLALCHEMY: &str = include_str!("../../../assets/guide/sqlalchemy.md");
    const GO: &str = include_str!("../../../assets/guide/go.md");
    let (template, words) = match language {
        Guide::Sqlalchemy => (SQLALCHEMY, python(table)),
        Guide::Go => (GO, go(table)),
    };
    let class = camel(&table.name);
    let by = table.by.clone();
    let key = table.key.join(", ");
    let id = table.key.iter().find(|column| **column != table.by).cloned().unwrap_or_else(|| by.clone());
    let mut marks = vec![
        ("table", table.name.as_str()),
        ("schema", &table.schema),
        ("class", &class),
        ("by", &by),
        ("key", &key),
        ("id", &id),
    ];
    let by_field = camel(&by);
    let id_field = camel(&id);
    marks.extend([("by_field", by_field.as_str()), ("id_field", &id_field)]);
    marks.extend(words.iter().map(|(mark, text)| (*mark, text.as_str())));
    fill(template, &marks)
}

fn python(table: &Described) -> Vec<(&'static str, String)> {
    let column = |column: &Column| {
        let (python, sqlalchemy) = python_type(&column.type_sql);
        let primary = if table.key.contains(&column.name) { ", primary_key=True" } else { "" };
        let optional = if column.not_null { python.to_owned() } else { format!("{python} | None") };
        format!("    {}: Mapped[{optional}] = mapped_column({sqlalchemy}{primary})", column.name)
    };
    vec![("columns", table.columns.iter().map(column).collect::<Vec<_>>().join("\n"))]
}

fn python_type(type_sql: &str) -> (&'static str, &'static str) {
    match type_sql {
        "uuid" => ("uuid.UUID", "Uuid"),
        "bigint" => ("int", "BigInteger"),
        "integer" | "smallint" => ("int", "Integer"),
        "boolean" => ("bool", "Boolean"),
        "timestamp with time zone" => ("datetime", "DateTime(timezone=True)"),
        "date" => ("date", "Date"),
        "json" | "jsonb" => ("dict", "JSONB"),
        "bytea" => ("bytes", "LargeBinary"),
        "double precision" | "real" => ("float", "Float"),
        _ if type_sql.starts_with("timestamp") => ("datetime", "DateTime"),
        _ if type_sql.starts_with("numeric") => ("Decimal", "Numeric"),
        _ => ("str", "Text"),
    }
}

fn go(table: &Described) -> Vec<(&'static str, String)> {
    let field = |column: &Column| {
        let kind = go_type(&column.type_sql);
        let pointer = if column.not_null { "" } else { "*" };
        format!("    {} {pointer}{kind} `db:\"{}\"`", camel(&column.name), column.name)
    };
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let scanned: Vec<_> = names.iter().map(|name| format!("&m.{}", camel(name))).collect();
    vec![
        ("fields", table.columns.iter().map(field).collect::<Vec<_>>().join("\n")),
        ("names", names.join(", ")),
        ("scanned", scanned.join(", ")),
    ]
}

fn go_type(type_sql: &str) -> &'static str {
    match type_sql {
        "uuid" => "uuid.UUID",
        "bigint" => "int64",
        "integer" | "smallint" => "int32",
        "boolean" => "bool",
        "json" | "jsonb" => "json.RawMessage",
        "bytea" => "[]byte",
        "double precision" | "real" => "float64",
        _ if type_sql.starts_with("timestamp") || type_sql == "date" => "time.Time",
        _ => "string",
    }
}

/// `chat_messages` becomes `ChatMessages`.
fn camel(name: &str) -> String {
    let part = |part: &str| {
        let mut chars = part.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    name.split(|c: char| !c.is_alphanumeric()).map(part).collect()
}
