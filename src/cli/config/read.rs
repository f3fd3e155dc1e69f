//! From a file's text to what it says. Whatever it does not know, it refuses by name. Pure.

use clap::CommandFactory;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Config, Connection, fault::Fault, value::Entry};
use crate::{
    cli::{args::Args, nearest::meant, values},
    tui::badge::{Label, Tint},
};

/// The settings, in the order in which they are told.
pub(super) const KEYS: [&str; 8] =
    ["theme", "ascii", "log-file", "workers", "lock-budget", "verify-max-age", "reverse-window", "premake"];
/// The table of labels.
const CONNECTION: &str = "connection";
/// What may stand in it.
const CONNECTION_KEYS: [&str; 6] = ["host", "port", "dbname", "user", "label", "colour"];

/// Reads it.
pub(super) fn read(text: &str) -> Result<Config, Fault> {
    let table = DeTable::parse(text).map_err(|error| malformed(&error, text))?;
    let mut config = Config::default();
    for entry in entries(table.get_ref()) {
        match entry.key {
            "theme" => config.theme = Some(entry.theme()?),
            "ascii" => config.ascii = Some(entry.truth()?),
            "log-file" => config.log_file = Some(entry.path()?),
            "workers" => config.workers = Some(entry.number(values::WORKERS_BOUNDS, 4)?),
            "lock-budget" => config.lock_budget = Some(entry.number(values::LOCK_BUDGET_BOUNDS, 100)?),
            "verify-max-age" => config.verify_max_age = Some(entry.span()?),
            "reverse-window" => config.reverse_window = Some(entry.span()?),
            "premake" => config.premake = Some(entry.number(values::PREMAKE_BOUNDS, 2)?),
            CONNECTION => config.connections = connections(&entry)?,
            _ => return Err(unknown(&entry, &[&KEYS[..], &[CONNECTION]].concat())),
        }
    }
    Ok(config)
}

/// It is no TOML.
fn malformed(error: &toml::de::Error, text: &str) -> Fault {
    let span = error.span().unwrap_or_default();
    let mut reason = error.message().to_owned();
    // The one message that is about a key alone; behind others a value may stand.
    if reason == "duplicate key"
        && let Some(key) = text.get(span.clone())
    {
        reason = format!("`{key}` is said twice");
    }
    let remedy = "write it as TOML: key = value, each key once; `quarterdeck config print` shows how".into();
    Fault { at: span.start, reason, remedy }
}

/// In the file's order, so that the first fault is told first.
fn entries<'a>(table: &'a DeTable<'_>) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> = table.iter().map(|(key, value)| Entry::of(key, value)).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn connections(entry: &Entry<'_>) -> Result<Vec<Connection>, Fault> {
    let wrong = |at| Fault {
        at,
        reason: "`connection` is written as [[connection]]".into(),
        remedy: "begin each of them with a line [[connection]]".into(),
    };
    let DeValue::Array(tables) = entry.value else { return Err(wrong(entry.at)) };
    let one = |one: &Spanned<DeValue<'_>>| {
        let at = one.span().start;
        if let DeValue::Table(table) = one.get_ref() { connection(table, at) } else { Err(wrong(at)) }
    };
    tables.iter().map(one).collect()
}

fn connection(table: &DeTable<'_>, at: usize) -> Result<Connection, Fault> {
    let (mut host, mut port, mut dbname, mut user, mut word) = (None, None, None, None, None);
    let mut tint = Tint::default();
    for entry in entries(table) {
        match entry.key {
            "host" => host = Some(entry.text()?),
            "port" => port = Some(entry.number(1..=65_535, 5_432)?),
            "dbname" => dbname = Some(entry.text()?),
            "user" => user = Some(entry.text()?),
            "label" => word = Some(entry.text()?),
            "colour" => tint = entry.tint()?,
            _ => return Err(unknown(&entry, &CONNECTION_KEYS)),
        }
    }
    let word = word.ok_or_else(|| Fault {
        at,
        reason: "a [[connection]] without `label`".into(),
        remedy: "add label = \"PROD\", or the word that you know the server by".into(),
    })?;
    Ok(Connection { host, port, dbname, user, label: Label { word, tint } })
}

/// A key that is not known here: what it may have been meant for.
fn unknown(entry: &Entry<'_>, known: &[&str]) -> Fault {
    let key = entry.key;
    if key.to_lowercase().contains("passw") {
        return entry.fault(
            format!("`{key}` does not belong into this file"),
            "put it into ~/.pgpass (mode 0600) or a service file, and take it out here".into(),
        );
    }
    let elsewhere = |keys: &[&str]| keys.contains(&key) && !known.contains(&key);
    if elsewhere(&CONNECTION_KEYS) {
        let remedy = format!("put {key} below a line [[connection]]");
        return entry.fault(format!("`{key}` says something about one server"), remedy);
    }
    if elsewhere(&KEYS) {
        let remedy = format!("put {key} above the first [[connection]]");
        return entry.fault(format!("`{key}` says nothing about one server"), remedy);
    }
    if is_flag(key) {
        let remedy = format!("give --{key} to the command that it is meant for, each time");
        return entry.fault(format!("`{key}` is a flag, and cannot be said in a file"), remedy);
    }
    entry.fault(
        format!("unknown key `{key}`{}", meant(key, known.iter().copied())),
        format!("known are {}", known.join(", ")),
    )
}

/// A flag of any command.
fn is_flag(key: &str) -> bool {
    fn has(command: &clap::Command, key: &str) -> bool {
        command.get_arguments().any(|arg| arg.get_long() == Some(key))
            || command.get_subcommands().any(|sub| has(sub, key))
    }
    has(&Args::command(), key)
}

#[cfg(test)]
#[path = "../../../tests/cli/config.rs"]
mod tests;
