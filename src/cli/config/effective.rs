//! Every setting with its value and where that comes from. Pure.

use std::path::Path;

use toml::Value;

use super::Config;
use crate::{
    cli::{
        everywhere::{Everywhere, Theme},
        manner::{LOCK_BUDGET, REVERSE_WINDOW, VERIFY_MAX_AGE},
        upkeep::PREMAKE,
        values,
    },
    tui::theme::colourless,
};

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody says anything.
    Default,
    /// The file.
    File,
    /// A variable.
    Variable(&'static str),
    /// The flag of the setting's name.
    Flag,
}

/// A setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The key.
    pub key: &'static str,
    /// The value; `None` where the tool chooses.
    pub value: Option<Value>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Said {
    /// What flag, file and default say, the stronger first.
    fn of(key: &'static str, flag: Option<Value>, file: Option<Value>, default: Option<Value>) -> Self {
        let (value, origin) = match (flag, file) {
            (Some(flag), _) => (Some(flag), Origin::Flag),
            (None, Some(file)) => (Some(file), Origin::File),
            (None, None) => (default, Origin::Default),
        };
        Self { key, value, origin }
    }
}

/// What holds, a setting each. `log_file` is the usual one.
pub fn effective(
    flags: &Everywhere,
    config: &Config,
    log_file: Option<&Path>,
    var: impl Fn(&str) -> Option<String>,
) -> Vec<Said> {
    let log = |file: Option<&Path>| file.and_then(path);
    let spans = |key, file: Option<_>, default| Said::of(key, None, file.map(span), Some(span(default)));
    let numbers = |key, file: Option<u64>, default: Option<u64>| {
        Said::of(key, None, file.and_then(number), default.and_then(number))
    };
    vec![
        match (flags.theme, colourless(var)) {
            (None, Some(name)) => {
                Said { key: "theme", value: Some(theme(Theme::Mono)), origin: Origin::Variable(name) }
            }
            (flag, _) => {
                Said::of("theme", flag.map(theme), config.theme.map(theme), Some(theme(Theme::Auto)))
            }
        },
        Said::of(
            "ascii",
            flags.ascii.map(Value::Boolean),
            config.ascii.map(Value::Boolean),
            Some(false.into()),
        ),
        Said::of("log-file", log(flags.log_file.as_deref()), log(config.log_file.as_deref()), log(log_file)),
        numbers("workers", config.workers.map(u64::from), None),
        numbers("lock-budget", config.lock_budget, Some(LOCK_BUDGET)),
        spans("verify-max-age", config.verify_max_age, VERIFY_MAX_AGE),
        spans("reverse-window", config.reverse_window, REVERSE_WINDOW),
        numbers("premake", config.premake.map(u64::from), Some(PREMAKE.into())),
    ]
}

fn theme(theme: Theme) -> Value {
    Value::String(theme.word().into())
}

fn number(number: u64) -> Option<Value> {
    i64::try_from(number).ok().map(Value::Integer)
}

fn span(span: std::time::Duration) -> Value {
    Value::String(values::span(span))
}

/// The whole path, as a file must name it.
fn path(path: &Path) -> Option<Value> {
    let whole = std::path::absolute(path).ok()?;
    Some(Value::String(whole.to_str()?.to_owned()))
}
