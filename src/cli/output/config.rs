//! The settings that hold as a file of settings: above each what it means and where its value comes from.

use std::fmt::Write;

use clap::{Command, CommandFactory};
use toml::Value;

use crate::{
    cli::{
        args::Args,
        config::{Config, Connection, Origin, Said},
    },
    tui::harmless::harmless,
};

/// The file.
pub fn text(all: &[Said], config: &Config) -> String {
    let file = config.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let command = Args::command();
    let mut text = String::new();
    for Said { key, value, origin } in all {
        let from = match origin {
            Origin::Default => "the default".into(),
            Origin::File => format!("from {file}"),
            Origin::Variable(name) => format!("from {name}"),
            Origin::Flag => format!("from --{key}"),
        };
        let _ = writeln!(text, "{}\n{}", comment(&means(&command, key)), comment(&from));
        let _ = match value {
            Some(value) => writeln!(text, "{key} = {value}\n"),
            None => writeln!(text, "# {key} =\n"),
        };
    }
    for one in &config.connections {
        let _ = writeln!(text, "{}\n{}", comment("The label of a server"), comment(&format!("from {file}")));
        connection(&mut text, one);
    }
    text.trim_end().to_owned() + "\n"
}

fn connection(text: &mut String, one: &Connection) {
    let word = |word: &String| Value::String(word.clone());
    let lines = [
        ("host", one.host.as_ref().map(word)),
        ("port", one.port.map(|port| Value::Integer(port.into()))),
        ("dbname", one.dbname.as_ref().map(word)),
        ("user", one.user.as_ref().map(word)),
        ("label", Some(word(&one.label.word))),
        ("colour", Some(Value::String(one.label.tint.word().into()))),
    ];
    text.push_str("[[connection]]\n");
    for (key, value) in lines {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    text.push('\n');
}

/// What the flag of a setting's name says of itself, and its words: of every command, of `run`, of `maintain`.
pub(in crate::cli) fn means(command: &Command, key: &str) -> String {
    let subs = ["run", "maintain"].into_iter().filter_map(|name| command.find_subcommand(name));
    let flag = std::iter::once(command).chain(subs).find_map(|command| {
        let arg = command.get_arguments().find(|arg| arg.get_long() == Some(key))?;
        let words: Vec<_> = arg.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect();
        let hidden = words.is_empty() || arg.is_hide_possible_values_set();
        let words = if hidden { String::new() } else { format!(" ({})", words.join(", ")) };
        Some(format!("{}{words}", arg.get_help()?))
    });
    flag.unwrap_or_default()
}

/// One line, whatever is in it.
fn comment(words: &str) -> String {
    format!("# {}", harmless(words))
}
