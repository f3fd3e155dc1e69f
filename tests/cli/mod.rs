//! What the renderers print, as snapshots in `tests/snapshots`, and what must never be in it.

mod explain;
pub(crate) mod samples;

use clap::CommandFactory;

use super::{end_of, failure, json, plain, plan, report, status};
use crate::{
    cli::{args::Args, manual},
    error::{Error, Refusal},
};
use samples::{at, copying, events, plan as sample_plan, planned, snapshot};

/// Neither an escape nor a direction override nor another control character, but for line feeds.
fn assert_harmless(text: &str) {
    let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
    assert_eq!(bad, None, "{text:?}");
}

#[test]
fn plain_lines() {
    let lines: Vec<_> = events().iter().map(plain::line).chain([plain::progress(&copying())]).collect();
    assert!(lines.iter().all(|line| !line.contains('\n')), "one line an event");
    let text = lines.join("\n");
    assert_harmless(&text);
    snapshot("cli_plain", &text);
}

#[test]
fn json_lines() {
    let lines: Vec<_> = events().iter().map(json::line).collect();
    assert!(lines.iter().all(|line| !line.contains('\n')), "one line an event");
    assert_harmless(&lines.join("\n"));
    snapshot("cli_json", &lines.join("\n"));
}

#[test]
fn a_json_stream_ends_with_closed_whatever_happened() {
    let refused = Error::Refused {
        id: "QD-040",
        object: "public.t".into(),
        reason: "it has no primary key".into(),
        remedy: "add one".into(),
    };
    let [failed, closed] = json::closing("run", &refused, at(0));
    let failed: serde_json::Value = serde_json::from_str(&failed).unwrap();
    assert_eq!((&failed["event"], &failed["error"]["id"]), (&"failed".into(), &"QD-040".into()));
    let closed: serde_json::Value = serde_json::from_str(&closed).unwrap();
    assert_eq!((&closed["event"], &closed["end"]), (&"closed".into(), &"refused".into()));
    assert_eq!(closed["exit_code"], 3);
}

#[test]
fn every_refusal_names_object_reason_remedy_and_id() {
    let one = |id: &str, object: &str, remedy: &str| Refusal {
        id: id.into(),
        object: object.into(),
        reason: "it is odd".into(),
        remedy: remedy.into(),
    };
    let error = Error::Refusals(vec![
        one("QD-063", "rule r", "drop\x1b it"),
        one("QD-064", "events", &"long ".repeat(22)),
    ]);
    let text = failure(&error);
    assert_harmless(&text);
    snapshot("cli_refusals", &text);
    assert_eq!((error.exit_code(), end_of(&error)), (3, "refused"));
    let json: serde_json::Value = serde_json::from_str(&json::failure(&error)).unwrap();
    let refusals = json["error"]["refusals"].as_array().unwrap();
    assert_eq!(refusals.len(), 2);
    for (refusal, id) in refusals.iter().zip(["QD-063", "QD-064"]) {
        let keys: Vec<_> = refusal.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["id", "object", "reason", "remedy"]);
        assert_eq!(refusal["id"], id);
    }
    let [failed, _] = json::closing("run", &error, at(0));
    let failed: serde_json::Value = serde_json::from_str(&failed).unwrap();
    assert_eq!(failed["error"], json["error"]);
}

#[test]
fn status_for_people() {
    let text = status::text(&[copying(), planned()]);
    assert_harmless(&text);
    snapshot("cli_status", &text);
    assert_eq!(status::text(&[]), "there is no migration in this database\n");
}

/// The keys are a contract; serde_json sorts an object's keys, so that this lists all of them.
#[test]
fn status_json_has_the_keys_of_the_contract() {
    let text = status::json(&[copying(), planned()]);
    assert_harmless(&text);
    snapshot("cli_status_json", &text);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys =
        |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let one = &value[0];
    assert_eq!(
        keys(one),
        "eta_s last_error migration owner periods rate_rows_per_s rows throttle verified_at"
    );
    assert_eq!(keys(&one["migration"]), "every id key phase state strategy table");
    assert_eq!(keys(&one["owner"]), "alive host pid since");
    assert_eq!(keys(&one["rows"]), "copied log_bytes log_oldest_s log_pending source");
    let period = "diffs lower name partition source_rows state target_rows upper";
    assert!(one["periods"].as_array().unwrap().iter().all(|one| keys(one) == period));
    assert!(one["throttle"].as_array().unwrap().iter().all(|one| keys(one) == "detail signal state"));
    assert_eq!(status::json(&[]), "[]");
}

#[test]
fn plans() {
    for (name, text) in
        [("cli_plan", plan::text(&sample_plan())), ("cli_plan_sql", plan::sql(&sample_plan()))]
    {
        assert_harmless(&text);
        snapshot(name, &text);
    }
    snapshot("cli_plan_json", &plan::json(&sample_plan()));
}

#[test]
fn a_comment_in_the_plans_sql_cannot_be_left() {
    let sql = plan::sql(&sample_plan());
    let outside: Vec<_> = sql.lines().filter(|line| line.starts_with("drop the old")).collect();
    assert!(outside.is_empty(), "{sql}");
}

#[test]
fn reports() {
    let markdown = report::markdown(&copying(), &events());
    assert_harmless(&markdown);
    snapshot("cli_report", &markdown);
    assert_harmless(&report::json(&copying(), &events()));
    snapshot("cli_report_json", &report::json(&copying(), &events()));
}

#[test]
fn errors_are_two_lines() {
    let error = Error::Busy {
        object: "public.t".into(),
        reason: "owned by\nlaptop\x1b[2J".into(),
        remedy: "wait\r, or --takeover".into(),
    };
    let text = failure(&error);
    assert_eq!(text, "error: public.t: owned by\\nlaptop\\u{1b}[2J\nhint: wait\\r, or --takeover");
}

/// The help of each command, and of the commands within it.
fn helps(command: &mut clap::Command, text: &mut String) {
    for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
        let (name, help) = (sub.get_bin_name().unwrap_or_default().to_owned(), sub.render_help().to_string());
        text.extend(["\n=== ", &name, " ===\n", &help]);
        helps(sub, text);
    }
}

#[test]
fn help() {
    let mut command = Args::command().term_width(100);
    command.build();
    let mut text = command.render_long_help().to_string();
    helps(&mut command, &mut text);
    let trimmed: Vec<_> = text.lines().map(str::trim_end).collect();
    snapshot("cli_help", &trimmed.join("\n"));
}

#[test]
fn the_manual_and_the_completions_know_every_command() {
    let (page, bash) = (manual::manual().unwrap(), manual::completions(clap_complete::Shell::Bash));
    for sub in Args::command().get_subcommands() {
        let name = sub.get_name();
        assert!(page.contains(&format!(".SH \"quarterdeck {name}\"")), "{name}");
        assert!(bash.contains(&format!("quarterdeck,{name})")), "{name}");
    }
    for within in ["ids lab", "ids install", "config print", "config path"] {
        assert!(page.contains(&format!(".SH \"quarterdeck {within}\"")), "{within}");
    }
    // The version is the package's, and says nothing about the words.
    snapshot("cli_man", &page.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    assert!(page.starts_with(".ie") || page.contains(".TH quarterdeck 1"), "{page}");
    assert!(page.contains("lock\\-budget") && page.contains("Exit codes"));
}
