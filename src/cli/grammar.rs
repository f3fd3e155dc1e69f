//! From words to [`Args`], and what is answered instead: help, a version, or a usage error of one line.

use std::ffi::OsString;

use clap::{
    CommandFactory, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{
    cli::{
        args::{Args, watches_alone},
        nearest::nearest,
    },
    error::Error,
};

/// What is answered where the words ask for no work.
#[derive(Debug)]
pub enum Answer {
    /// Help or the version: for standard output, exit code 0.
    Text(String),
    /// The words are off.
    Fault(Error),
}

/// Reads the words, the program's name first.
pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Args, Answer> {
    let words: Vec<_> = words.into_iter().collect();
    let args = Args::try_parse_from(&words).map_err(|error| answer(&error, &words))?;
    args.check().map_err(Answer::Fault)?;
    Ok(args)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "clap's enum, open and long")]
fn answer(error: &clap::Error, words: &[OsString]) -> Answer {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Answer::Text(error.render().to_string()),
        _ => {
            let known = misplaced(error).or_else(|| mistyped(error));
            Answer::Fault(known.unwrap_or_else(|| fault(&error.render().to_string(), words)))
        }
    }
}

/// What clap says about a kind of thing.
fn said(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    if let Some(ContextValue::String(text)) = error.get(kind) { Some(text) } else { None }
}

/// `--watch` behind a command.
fn misplaced(error: &clap::Error) -> Option<Error> {
    said(error, ContextKind::InvalidArg).filter(|arg| *arg == "--watch").map(|_| watches_alone())
}

/// A lone word that is no command.
fn mistyped(error: &clap::Error) -> Option<Error> {
    said(error, ContextKind::InvalidArg).filter(|arg| *arg == "[CONN]")?;
    let word = said(error, ContextKind::InvalidValue)?;
    let commands = commands();
    let meant = nearest(word, commands.iter().map(String::as_str))
        .map(|command| format!("did you mean `quarterdeck {command}`? "))
        .unwrap_or_default();
    Some(Error::Usage {
        reason: format!("{word} is no command, and no connection string: those contain :// or ="),
        remedy: format!("{meant}see `quarterdeck --help`"),
    })
}

/// clap's paragraphs, the first beginning with `error: `, made into one reason and one remedy.
fn fault(text: &str, words: &[OsString]) -> Error {
    let one_line = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut paragraphs = text.split("\n\n").map(one_line);
    let reason = paragraphs.next().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(&reason).to_owned();
    let mut remedy: Vec<String> = paragraphs
        .filter_map(|paragraph| match paragraph.strip_prefix("tip: ") {
            Some(tip) => Some(tip.to_owned()),
            None => paragraph.strip_prefix("Usage: ").map(|usage| format!("usage: {usage}")),
        })
        .collect();
    let command = commands().into_iter().find(|command| words.iter().any(|word| word == command.as_str()));
    let command = command.map(|command| format!("{command} ")).unwrap_or_default();
    remedy.push(format!("see `quarterdeck {command}--help`"));
    Error::Usage { reason, remedy: remedy.join("; ") }
}

fn commands() -> Vec<String> {
    Args::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::snapshot;

    fn words(line: &str) -> Vec<OsString> {
        std::iter::once("quarterdeck").chain(line.split_whitespace()).map(OsString::from).collect()
    }

    fn fails(line: &str) -> (String, String, u8) {
        match read(words(line)) {
            Err(Answer::Fault(error)) => (error.to_string(), error.hint().unwrap(), error.exit_code()),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_grammar_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_typo_never_connects() {
        let (reason, hint, code) = fails("stauts");
        assert_eq!(code, 2);
        assert_eq!(reason, "stauts is no command, and no connection string: those contain :// or =");
        assert_eq!(hint, "did you mean `quarterdeck status`? see `quarterdeck --help`");
        assert!(!fails("db1").1.contains("did you mean"));
        for conn in
            ["host=db", "postgres://db", "--conn host=db", "status --conn host=db", "--conn host=db status"]
        {
            let args = read(words(conn)).unwrap();
            assert!(args.conn().unwrap().contains("db"), "{conn}");
        }
        assert!(read(words("")).unwrap().conn().is_none());
        assert_eq!(fails("--conn db status").2, 2);
    }

    #[test]
    fn usage_errors_fit_on_one_line_each() {
        let lines = [
            "swap t",
            "run t --workers 17",
            "run t --every fortnight",
            "run t --strategy sideways",
            "plan t --clock twitter",
            "plan t --by id --clock snowflake:1:99",
            "run t --time-zone Europe/Atlantis",
            "run t --verify-max-age 1x",
            "status --sql",
            "plan t --sql --json",
            "host=a status",
            "demo --conn host=a",
            "--conn host=a host=b",
            "--watch run t",
            "run t --watch",
            "--theme drak",
            "--ascii=maybe",
            "config prnt",
            "completions",
            "pause",
        ];
        let said: Vec<_> = lines
            .map(|line| (line, fails(line)))
            .into_iter()
            .map(|(line, (reason, hint, code))| {
                assert_eq!(code, 2, "{line}");
                assert!(!reason.contains('\n') && !hint.contains('\n'), "{reason}");
                format!("{line}\n  {reason}\n  {hint}\n")
            })
            .collect();
        snapshot("cli_usage", &said.concat());
    }

    #[test]
    fn the_tables_name_must_be_repeated() {
        for line in [
            "swap t --yes u",
            "abort a.t --yes b.t",
            "abort t --yes a.t",
            "run t --yes u",
            "finish t --yes u",
            "run t --until swapped",
        ] {
            assert_eq!(fails(line).2, 2, "{line}");
        }
        for line in [
            "swap t --yes t",
            "reverse a.t --yes t",
            "abort a.t --yes a.t",
            "run t",
            "run t --until finished --yes t",
        ] {
            assert!(read(words(line)).is_ok(), "{line}");
        }
    }

    #[test]
    fn help_and_version_are_no_errors() {
        for line in ["--help", "-h", "run --help", "help swap", "--version"] {
            assert!(matches!(read(words(line)), Err(Answer::Text(_))), "{line}");
        }
    }
}
