//! The binary from outside: exit codes, streams, and what it says where it cannot start.

use std::{
    path::Path,
    process::{Output, Stdio},
};

use crate::{
    commands::tool::{Said, Tool},
    support,
};

/// Runs it to its end: exit code, standard output, standard error.
fn run(tool: &Tool, words: &[&str]) -> (i32, String, String) {
    said(&tool.command(words).output().unwrap())
}

fn said(output: &Output) -> (i32, String, String) {
    let Said { code, out, err } = Said::of(output);
    (code, out, err)
}

#[test]
fn help_completions_and_the_manual_go_to_standard_output() {
    let tool = Tool::new();
    let cases: [(&[&str], &str); 8] = [
        (&["--help"], "Exit codes"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
        (&["completions", "bash"], "_quarterdeck()"),
        (&["completions", "fish"], "complete -c quarterdeck"),
        (&["man"], ".TH"),
        (&["explain", "qd-24"], "QD-024: the table belongs to an extension"),
        (&["explain", "24", "--json"], "\"standing\": \"refuses\""),
        (&["explain"], "QD-045  warns"),
    ];
    for (words, part) in cases {
        let (code, out, err) = run(&tool, words);
        assert_eq!((code, err.as_str()), (0, ""), "{words:?}");
        assert!(out.contains(part), "{words:?}: {out}");
    }
    assert!(!tool.log().exists(), "nothing to log, no file left");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child =
        Tool::new().command(&["man"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let (code, _, err) = said(&child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn words_that_are_off_end_with_two() {
    let tool = Tool::new();
    let cases: [(&[&str], &str); 8] = [
        (&["stauts"], "did you mean `quarterdeck status`?"),
        (&["run"], "usage: quarterdeck run"),
        (&["swap", "t", "--yes", "u"], "repeat the table's name"),
        (&["run", "t", "--until", "swapped"], "add --yes t"),
        (&["status", "--conn", "port=0"], "a port is a number"),
        (&["explain", "QD-999"], "the nearest are "),
        (&["run", "t", "--history", "default"], "add --strategy adopt"),
        (&["run", "t", "--strategy", "rename-first"], "add --until swapped --yes t"),
    ];
    for (words, part) in cases {
        let (code, out, err) = run(&tool, words);
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
        assert!(err.contains(part), "{words:?}: {err}");
        assert!(err.starts_with("error: ") && err.contains("\nhint: "), "{err}");
        assert_eq!(err.lines().count(), 2, "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_words_libpqs_variables_say_where() {
    let db = support::database("cli_env").await;
    let (tool, target) = (Tool::new(), db.target());
    let with_env = |password: &str| {
        let mut command = tool.command(&["status"]);
        command.env("PGHOST", target.host()).env("PGPORT", target.port().to_string());
        command.env("PGUSER", target.user()).env("PGDATABASE", target.database());
        command.env("PGPASSWORD", password);
        said(&command.output().unwrap())
    };
    let (code, _, err) = with_env("wrong-secret");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains(&target.place()) && err.contains("PGPASSWORD"), "{err}");
    assert!(!err.contains("wrong-secret"), "{err}");
    let log = std::fs::read_to_string(tool.log()).unwrap();
    assert!(log.contains(&target.place()) && !log.contains("wrong-secret"), "{log}");
    let password = db.conninfo().split("password=").nth(1).unwrap().split(' ').next().unwrap();
    assert!(!with_env(password).2.contains("cannot connect"));
}

#[test]
fn a_log_that_cannot_be_written_is_only_a_warning() {
    let tool = Tool::new();
    let in_a_file = Path::new(env!("CARGO_BIN_EXE_quarterdeck")).join("x.log");
    let words = ["status", "--conn", "host=/nonexistent", "--log-file", in_a_file.to_str().unwrap()];
    let (code, _, err) = run(&tool, &words);
    assert_eq!(code, 1);
    let lines: Vec<_> = err.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["warning", "error", "hint"], "{err}");
}

#[test]
fn settings_are_read_before_anything_is_connected() {
    let tool = Tool::new();
    tool.settings("\nwrokers = 2\n");
    let nowhere = ["status", "--conn", "host=127.0.0.1 port=1"];
    let (code, out, err) = run(&tool, &nowhere);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("config.toml:2: unknown key `wrokers`; did you mean `workers`?"), "{err}");
    assert!(!tool.log().exists(), "the log is a setting too");
    let (code, _, err) = run(&tool, &["config", "print"]);
    assert!(code == 2 && err.contains("wrokers"), "{err}");
    let (code, out, _) = run(&tool, &["config", "path"]);
    assert!(code == 0 && out.ends_with("/.config/quarterdeck/config.toml\n"), "{out}");
    assert_eq!(run(&tool, &["man"]).0, 0, "what needs no settings does not read them");

    tool.settings("workers = 2\n");
    let (code, _, err) = run(&tool, &nowhere);
    assert!(code == 1 && err.contains("cannot connect"), "{err}");
    let (code, printed, _) = run(&tool, &["--theme", "mono", "config", "print"]);
    assert!(code == 0 && printed.contains("config.toml\nworkers = 2\n"), "{printed}");
    assert!(printed.contains("from --theme\ntheme = \"mono\"\n"), "{printed}");
    tool.settings(&printed);
    let (code, again, _) = run(&tool, &["config", "print"]);
    assert!(code == 0 && again.contains("config.toml\ntheme = \"mono\"\n"), "{again}");

    let missing = tool.log().with_extension("toml");
    let (code, _, err) = run(&tool, &["status", "--config", missing.to_str().unwrap()]);
    assert!(code == 2 && err.contains("No such file") && err.contains("leave --config out"), "{err}");
    let by_variable = tool.command(&["status"]).env("QUARTERDECK_CONFIG", &missing).output().unwrap();
    let (code, _, err) = said(&by_variable);
    assert!(code == 2 && err.contains("QUARTERDECK_CONFIG"), "{err}");
}
