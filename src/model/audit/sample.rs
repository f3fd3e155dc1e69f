//! Sample values for a statement's parameters: pruning is decided by the partition column's, which lie in one period; the
//! others are a row's, or any of their type.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Source, Subject};
use crate::model::{
    ident::literal,
    sql::{Compared, Comparison, Shape},
};

/// A row of the table: its columns and their values as text.
pub type Sample = BTreeMap<String, String>;

/// The values of all parameters as SQL, in the order of their numbers; `types` are the server's names for theirs.
pub fn values(source: &Source, subject: &Subject, types: &[String], row: &Sample) -> Vec<String> {
    let shape = Shape::of(&source.sql);
    let compared = shape.compared();
    let of = |param: usize, type_sql: &String| {
        let given = source.samples.iter().find(|(n, _)| *n == param).map(|(_, sql)| sql.clone());
        let told = || compared.iter().find(|one| one.param == param).and_then(|one| told(one, subject, row));
        let argument = || shape.function_of(param).and_then(|function| argument(&function, subject));
        let value = given.or_else(told).or_else(argument).unwrap_or_else(|| any(type_sql));
        format!("({value})::{type_sql}")
    };
    types.iter().enumerate().map(|(at, type_sql)| of(at + 1, type_sql)).collect()
}

fn told(one: &Compared, subject: &Subject, row: &Sample) -> Option<String> {
    let value = if one.column == subject.by.as_str() {
        // In the middle of a period, or a day on either side of it.
        let length = subject.period.upper - subject.period.lower;
        let middle = subject.period.lower + length / 2;
        let aside = TimeDelta::days(1).min(length / 4);
        subject.clock.bound(match one.how {
            Comparison::Equal | Comparison::OneOf | Comparison::Any => middle,
            Comparison::Above => middle - aside,
            Comparison::Below => middle + aside,
        })
    } else {
        literal(row.get(&one.column)?)
    };
    Some(if one.how == Comparison::Any { format!("ARRAY[{value}]") } else { value })
}

/// What a function that is often asked of times wants first.
fn argument(function: &str, subject: &Subject) -> Option<String> {
    let middle = subject.period.lower + (subject.period.upper - subject.period.lower) / 2;
    match function {
        "to_timestamp" => Some(middle.timestamp().to_string()),
        "date_trunc" | "date_part" => Some("'day'".into()),
        _ => None,
    }
}

/// Any value of a type.
fn any(type_sql: &str) -> String {
    if type_sql.ends_with("[]") {
        return "'{}'".into();
    }
    let bare = type_sql.split('(').next().unwrap_or(type_sql);
    match bare {
        "bigint" | "integer" | "smallint" | "numeric" | "real" | "double precision" | "oid" => "1".into(),
        "uuid" => "'00000000-0000-4000-8000-000000000000'".into(),
        "boolean" => "true".into(),
        "interval" => "'1 day'".into(),
        "json" | "jsonb" => "'{}'".into(),
        "date" => "current_date".into(),
        _ if bare.starts_with("timestamp") => "now()".into(),
        "bytea" | "name" => "''".into(),
        // As a part of an interval it is a number.
        "text" | "character varying" | "character" => "'1'".into(),
        // Of a type that nothing is known of there is still this.
        _ => "NULL".into(),
    }
}
