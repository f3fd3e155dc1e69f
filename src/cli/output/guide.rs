//! How a program works with the partitioned table, with snippets of this table.

use crate::{
    cli::upkeep::Guide,
    model::{
        audit::{Column, Described},
        ident::Ident,
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
    let id = id_of(table).to_owned();
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

fn id_of(table: &Described) -> &str {
    table.key.iter().find(|column| **column != table.by).unwrap_or(&table.by)
}

fn python(table: &Described) -> Vec<(&'static str, String)> {
    let column = |column: &Column| {
        let (python, sqlalchemy) = python_type(&column.type_sql);
        let primary = if table.key.contains(&column.name) { ", primary_key=True" } else { "" };
        let optional = if column.not_null { python.to_owned() } else { format!("{python} | None") };
        let attribute = attribute(&column.name);
        // What is called otherwise in Python is named.
        let named = if attribute == column.name { String::new() } else { format!("{:?}, ", column.name) };
        format!("    {attribute}: Mapped[{optional}] = mapped_column({named}{sqlalchemy}{primary})")
    };
    vec![("columns", table.columns.iter().map(column).collect::<Vec<_>>().join("\n"))]
}

/// A column's name as Python takes it: no keyword, and nothing that SQLAlchemy has for itself.
fn attribute(name: &str) -> String {
    const TAKEN: [&str; 40] = [
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
        "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "None", "True", "False",
        "metadata", "registry", "match", "case", "type",
    ];
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let plain = if plain.starts_with(|c: char| c.is_ascii_digit()) { format!("c_{plain}") } else { plain };
    if TAKEN.contains(&plain.as_str()) { format!("{plain}_") } else { plain }
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
        "interval" => ("timedelta", "Interval"),
        _ if type_sql.ends_with("[]") => ("list", "ARRAY(Text)"),
        _ if type_sql.starts_with("time ") => ("time", "Time"),
        _ if type_sql.starts_with("timestamp") => ("datetime", "DateTime"),
        _ if type_sql.starts_with("numeric") => ("Decimal", "Numeric"),
        _ => ("str", "Text"),
    }
}

fn go(table: &Described) -> Vec<(&'static str, String)> {
    let field = |column: &Column| {
        let kind = go_type(&column.type_sql);
        let pointer = if column.not_null { "" } else { "*" };
        let tag = if column.name.contains(['`', '"', ',']) {
            String::new()
        } else {
            format!(" `db:\"{}\"`", column.name)
        };
        format!("    {} {pointer}{kind}{tag}", camel(&column.name))
    };
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let scanned: Vec<_> = names.iter().map(|name| format!("&m.{}", camel(name))).collect();
    vec![
        ("fields", table.columns.iter().map(field).collect::<Vec<_>>().join("\n")),
        ("names", names.iter().map(|name| sql(name)).collect::<Vec<_>>().join(", ")),
        ("sql_table", format!("{}.{}", sql(&table.schema), sql(&table.name))),
        ("sql_id", sql(id_of(table))),
        ("sql_by", sql(&table.by)),
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
    let whole: String = name.split(|c: char| !c.is_alphanumeric()).map(part).collect();
    if whole.starts_with(char::is_alphabetic) { whole } else { format!("C{whole}") }
}

/// A name in SQL, quoted where it must be.
fn sql(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_plain { name.to_owned() } else { Ident::new(name).to_string() }
}
