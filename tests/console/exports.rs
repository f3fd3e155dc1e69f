//! Files: each screen and page offers what it shows, carries it whatever it is called, and says what is left out.

use std::sync::Arc;

use quarterdeck::{
    cli::output,
    engine::status::Status,
    error::Error,
    model::{
        ident::{Ident, QualifiedName},
        strategy::Strategy,
    },
    tui::app::{
        allowed::blocked,
        export::choices,
        list::Load,
        model::{Model, Screen},
        msg::{Effect, Msg},
        overlay::Overlay,
        update::update,
        upkeep::{
            Page,
            work::{Chore, Outcome},
        },
    },
    tui::keymap::Action,
};
use serde_json::Value;

use super::{
    fixture::{self, Scene, now},
    reducer::press,
    snapshots::check,
    upkeep::loaded,
};

/// The names and contents of all files that are offered, in their order.
fn files(model: &Model) -> Vec<(String, String)> {
    let count = choices(model).unwrap().len();
    let file = |at: usize| {
        let mut model = model.clone();
        let downs = "<down>".repeat(at);
        // From the first one on, wherever the cursor begins.
        let effects = press(&mut model, &format!("eg{downs}<enter>"));
        let [Effect::Export { path, contents }] = &effects[..] else { panic!("{effects:?}") };
        (path.clone(), contents.clone())
    };
    (0..count).map(file).collect()
}

/// The file whose name ends so.
pub(crate) fn file(model: &Model, ending: &str) -> String {
    let files = files(model);
    let names: Vec<_> = files.iter().map(|(name, _)| name.clone()).collect();
    let found = files.into_iter().find(|(name, _)| name.ends_with(ending));
    found.unwrap_or_else(|| panic!("{ending} of {names:?}")).1
}

fn json(model: &Model, ending: &str) -> Value {
    serde_json::from_str(&file(model, ending)).unwrap()
}

fn at(scene: Scene, screen: Screen) -> Model {
    fixture::model(scene, screen, (100, 30))
}

fn with_status(mut model: Model, change: impl FnOnce(&mut Status)) -> Model {
    let mut status = (*model.job.status.clone().unwrap()).clone();
    change(&mut status);
    model.job.status = Some(status.into());
    model
}

/// The titles in the window, `▸` before the one under the cursor.
fn offered(model: &Model) -> Vec<String> {
    let mut model = model.clone();
    press(&mut model, "e");
    let Some(Overlay::Export(choices)) = model.overlays.last() else { panic!("{:?}", model.notice) };
    let title = |(at, export): (usize, &quarterdeck::tui::app::export::Export)| {
        format!("{}{}", if at == choices.selected { "▸" } else { "" }, export.title())
    };
    choices.all.iter().enumerate().map(title).collect()
}

#[test]
fn each_screen_offers_what_it_shows_and_then_the_report() {
    let of = |what: &str| ["CSV", "Markdown", "JSON"].map(|format| format!("{what}, {format}"));
    let report = || ["report, Markdown", "report, JSON"].map(str::to_owned);
    let periods = [of("periods").to_vec(), report().to_vec()].concat();
    assert_eq!(offered(&fixture::empty((80, 24))), ["▸tables, CSV", "tables, Markdown", "tables, JSON"]);
    for screen in [Screen::Layout, Screen::Quarters, Screen::Backfill] {
        let mut wanted = periods.clone();
        let cursor = if screen == Screen::Backfill { 3 } else { 0 };
        wanted[cursor].insert(0, '▸');
        assert_eq!(offered(&at(Scene::Copying, screen)), wanted, "{screen:?}");
    }
    let validation = offered(&at(Scene::Differs, Screen::Validation));
    let all = [of("verdicts").to_vec(), of("differing rows").to_vec(), report().to_vec()].concat();
    assert_eq!(validation.join(" ").replace('▸', ""), all.join(" "));
    assert_eq!(validation[3], "▸differing rows, CSV");
    assert_eq!(offered(&at(Scene::Ready, Screen::Validation))[0], "▸verdicts, CSV");
    let mut drilled = at(Scene::Differs, Screen::Validation);
    press(&mut drilled, "<down><enter>");
    assert_eq!(offered(&drilled)[0], "▸differing rows, CSV");
    assert_eq!(offered(&at(Scene::Ready, Screen::Log))[0], "▸events, CSV");
    for (page, what) in [
        (Page::Health, vec!["findings", "partitions"]),
        (Page::Maintain, vec!["what is due"]),
        (Page::Audit, vec!["statements"]),
        (Page::Ids, vec!["ids"]),
        (Page::Retain, vec!["retention"]),
    ] {
        let model = loaded(page, (100, 30));
        let wanted: Vec<_> = what.iter().flat_map(|what| of(what)).chain(report()).collect();
        assert_eq!(offered(&model).join(" ").replace('▸', ""), wanted.join(" "));
        // Without a migration, too.
        let mut alone = model.clone();
        alone.job = quarterdeck::tui::app::model::Job::default();
        let all = offered(&alone);
        assert_eq!((all.len(), all[0].starts_with('▸')), (what.len() * 3, true), "{page:?}");
    }
    // Nothing is copied where the old table is attached, and nothing is counted before the census.
    let adopts = with_status(at(Scene::Ready, Screen::Quarters), |status| {
        status.migration.strategy = Strategy::Adopt.word().into();
    });
    assert_eq!(offered(&adopts), ["▸report, Markdown", "report, JSON"]);
    assert_eq!(offered(&at(Scene::Census, Screen::Layout)), ["▸report, Markdown", "report, JSON"]);
}

#[test]
fn what_is_not_there_is_refused_with_the_reason() {
    let reason = |model: &Model| blocked(Action::Export, model).map(|blocked| (blocked.reason, blocked.moot));
    let yet = |reason: &str| Some((reason.to_owned(), false));
    let moot = |reason: &str| Some((reason.to_owned(), true));
    let failed = || Error::Bug("no".into()).report();
    for screen in [Screen::Layout, Screen::Quarters, Screen::Backfill, Screen::Validation, Screen::Log] {
        let mut model = fixture::empty((80, 24));
        model.screen = screen;
        assert_eq!(reason(&model), moot("no migration is open"), "{screen:?}");
    }
    let mut tables = fixture::empty((80, 24));
    tables.tables = Load::Loading;
    assert_eq!(reason(&tables), yet("the list of tables: not read yet"));
    tables.tables = Load::Failed(failed());
    assert_eq!(reason(&tables), yet("the list of tables: could not be read"));
    assert_eq!(press(&mut tables, "e"), vec![]);
    assert!(tables.overlays.is_empty());
    assert_eq!(tables.notice.as_ref().unwrap().text, "the list of tables: could not be read");
    let mut health = fixture::empty((80, 24));
    health.screen = Screen::Health;
    assert_eq!(reason(&health), moot("no table is chosen"));
    for (page, words) in [
        (Page::Health, "its health"),
        (Page::Maintain, "what is due"),
        (Page::Audit, "the audit"),
        (Page::Ids, "its ids"),
        (Page::Retain, "which rows may go"),
    ] {
        let mut model = loaded(page, (80, 24));
        let upkeep = &mut model.upkeep;
        upkeep.health.found = Load::Loading;
        upkeep.maintain.found = Load::Loading;
        upkeep.audit.found = Load::Loading;
        upkeep.ids.found = Load::Loading;
        upkeep.retain.found = Load::Loading;
        assert_eq!(reason(&model), yet(&format!("{words}: not read yet")));
        let upkeep = &mut model.upkeep;
        upkeep.health.found = Load::Failed(failed());
        upkeep.maintain.found = Load::Failed(failed());
        upkeep.audit.found = Load::Failed(failed());
        upkeep.ids.found = Load::Failed(failed());
        upkeep.retain.found = Load::Failed(failed());
        assert_eq!(reason(&model), yet(&format!("{words}: could not be read")));
    }
    let mut nothing = loaded(Page::Retain, (80, 24));
    nothing.upkeep.retain.found = Load::Nothing;
    assert_eq!(reason(&nothing), yet("say which rows may go: o"));
}

#[test]
fn what_is_gone_when_it_is_written_is_said() {
    let mut model = loaded(Page::Audit, (80, 24));
    press(&mut model, "e");
    model.upkeep.audit.found = Load::Loading;
    assert_eq!(press(&mut model, "<enter>"), vec![]);
    assert_eq!(model.notice.as_ref().unwrap().text, "statements: not there any more; look again");
}

/// What could move a cursor, in whatever file.
fn assert_harmless(model: &Model) {
    for (name, contents) in files(model) {
        let bad = contents.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(bad, None, "{name}");
        assert!(!name.contains(['/', '\u{1b}', ' ', '\n']), "{name}");
        let is_json = name.rsplit('.').next() == Some("json");
        assert!(!is_json || serde_json::from_str::<Value>(&contents).is_ok(), "{name}");
        assert!(contents.ends_with('\n') && !contents.ends_with("\n\n"), "{name}: {contents:?}");
    }
}

#[test]
fn no_file_harms_a_terminal_whatever_things_are_called() {
    let odd = "a,\"b\" | `c`\n\u{1b}[2J\u{202e}=1";
    let mut tables = fixture::empty((80, 24));
    let Load::Ready(all) = &mut tables.tables else { panic!() };
    all[0].name = QualifiedName::new(odd, "=SUM(A1)");
    all[0].time_keys[0].name = Ident::new(odd);
    assert_harmless(&tables);
    assert!(
        file(&tables, "tables.csv")
            .contains("\"a,\"\"b\"\" | `c`\n\\u{1b}[2J\\u{202e}=1\",\"'=SUM(A1)\",120400117,61203283968,")
    );
    assert!(
        file(&tables, "tables.md")
            .contains("| a,\"b\" \\| \\`c\\`\\\\n\\\\u{1b}\\[2J\\\\u{202e}=1 | =SUM(A1) |")
    );
    assert_eq!(json(&tables, "tables.json")["tables"][0]["schema"], odd);
    for screen in Screen::ALL {
        let model = with_status(at(Scene::Differs, screen), |status| {
            status.migration.table = QualifiedName::new(odd, odd);
            (status.periods[1].title, status.periods[1].leaf) = (odd.into(), odd.into());
            let mut diffs = (*status.verification.diffs).clone();
            (diffs[0].leaf, diffs[0].key) = (odd.into(), odd.into());
            status.verification.diffs = diffs.into();
        });
        let mut model = if screen == Screen::Health { loaded(Page::Health, (80, 24)) } else { model };
        model.upkeep.of = Some(QualifiedName::new(odd, odd));
        let mut health = fixture::health::sick();
        (health.findings[0].object, health.findings[0].reason) = (odd.into(), odd.into());
        health.facts.parts[0].name = QualifiedName::new(odd, odd);
        model.upkeep.health.found = Load::Ready(Arc::new(health));
        assert_harmless(&model);
    }
    for page in Page::ALL {
        let mut model = loaded(page, (80, 24));
        model.upkeep.of = Some(QualifiedName::new(odd, odd));
        assert_harmless(&model);
    }
}

#[test]
fn null_is_told_from_a_text_and_from_nothing() {
    let model = with_status(at(Scene::Differs, Screen::Validation), |status| {
        let mut diffs = (*status.verification.diffs).clone();
        diffs[1].columns.push(("note".into(), Some("NULL".into()), None));
        status.verification.diffs = diffs.into();
    });
    let csv = file(&model, "differing-rows.csv");
    assert!(csv.starts_with("leaf,key,kind,column,source,twin\n"), "{csv}");
    assert!(csv.contains(",changed,edited_at,NULL,2024-05-02 10:15:00+00\n"), "{csv}");
    assert!(csv.contains(",changed,reactions,\"\",NULL\n") && csv.contains(",changed,note,\"NULL\",NULL\n"));
    assert!(csv.contains(",changed,body,\"see you at\nnoon \\u{202e}evil\",see you at noon\n"), "{csv}");
    let markdown = file(&model, "differing-rows.md");
    assert!(markdown.contains("| reactions | '' | NULL |\n"), "{markdown}");
    assert!(
        markdown.contains("| body | see you at\\\\nnoon \\\\u{202e}evil | see you at noon |"),
        "{markdown}"
    );
    let object = json(&model, "differing-rows.json");
    assert_eq!(object["diffs"][1]["columns"][2], serde_json::json!(["reactions", "", null]));
}

#[test]
fn a_filter_leaves_out_and_every_file_says_so() {
    let mut model = at(Scene::Copying, Screen::Layout);
    press(&mut model, "/2025<enter>");
    let files = files(&model);
    for (name, contents) in &files {
        let is_report = name.contains("-report");
        assert_eq!(name.contains("-filtered."), !is_report, "{name}");
        assert_eq!(contents.contains("chat_messages_2024_q1"), is_report, "{name}");
    }
    assert_eq!(files[0].0, "quarterdeck-chat_messages-20260212T140230Z-periods-filtered.csv");
    assert!(files[1].1.contains("- only what passes the filter: 2025\n"));
    assert_eq!(json(&model, "periods-filtered.json")["filter"], "2025");
    let mut health = loaded(Page::Health, (80, 24));
    press(&mut health, "/QD-140<enter>");
    let found = json(&health, "findings-filtered.json");
    assert_eq!(found[0]["filter"], "QD-140");
    assert_eq!(found[0]["findings"].as_array().unwrap().len(), 1);
    assert!(file(&health, "partitions.csv").lines().count() > 10, "partitions are not filtered");
    // What passes a filter of differing rows is narrowed inside a period, and by the periods outside.
    let mut drilled = at(Scene::Differs, Screen::Validation);
    press(&mut drilled, "<down><enter>/missing<enter>");
    assert_eq!(file(&drilled, "differing-rows-filtered.csv").lines().count(), 2);
    press(&mut drilled, "<esc><esc>/2025<enter>");
    assert_eq!(file(&drilled, "differing-rows-filtered.csv").lines().count(), 1);
}

#[test]
fn what_is_estimated_says_so() {
    let model = with_status(at(Scene::Copying, Screen::Quarters), |status| {
        status.rows.exact = false;
        for period in &mut status.periods {
            period.verified_at = None;
        }
    });
    assert!(file(&model, "periods.csv").contains(",3201113,estimated,"));
    let markdown = file(&model, "periods.md");
    assert!(markdown.contains("- source: estimated, before the census"), "{markdown}");
    assert!(markdown.contains("| ≈ 3,201,113 |"), "{markdown}");
    let exact = at(Scene::Copying, Screen::Quarters);
    assert_eq!(json(&exact, "periods.json")["periods"][0]["source_counted"], "exact");
    assert!(
        file(&fixture::empty((80, 24)), "tables.csv").starts_with("schema,table,rows_estimated,size_bytes,")
    );
    let partitions = file(&loaded(Page::Health, (80, 24)), "partitions.csv");
    assert!(
        partitions
            .starts_with("partition,bounds,rows_estimated,table_bytes,index_bytes,dead_rows_estimated,")
    );
}

#[test]
fn json_is_the_command_lines() {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let of = |page, ending| json(&loaded(page, (80, 24)), ending);
    let health = output::health::json(&[fixture::health::sick()]);
    assert_eq!(of(Page::Health, "findings.json"), value(&health));
    assert_eq!(
        of(Page::Maintain, "what-is-due.json"),
        value(&output::maintain::due_json(&fixture::upkeep::found()))
    );
    assert_eq!(of(Page::Audit, "statements.json"), value(&output::audit::json(&fixture::upkeep::audit())));
    assert_eq!(of(Page::Ids, "ids.json"), value(&output::ids::json(&fixture::upkeep::ids())));
    let doomed = fixture::upkeep::doomed();
    assert_eq!(of(Page::Retain, "retention.json"), value(&output::retain::due_json(&doomed.found)));
    let model = at(Scene::Differs, Screen::Backfill);
    let (status, events) = (model.status().unwrap(), Vec::from(model.job.events.clone()));
    assert_eq!(file(&model, "report.json"), output::report::json(status, &events) + "\n");
    assert_eq!(file(&model, "report.md"), output::report::markdown(status, &events));
    // A period has all that `status --json` says of it, by the same names.
    let contract = value(&output::status::json(std::slice::from_ref(status)));
    let periods = json(&model, "periods.json");
    for (key, wanted) in contract[0]["periods"][1].as_object().unwrap() {
        assert_eq!(&periods["periods"][1][key], wanted, "{key}");
    }
    let log = at(Scene::Ready, Screen::Log);
    let events = json(&log, "events.json");
    let first: Value = value(&output::json::line(&log.job.events[0]));
    assert_eq!(events["events"][0], first);
    assert!(events["events"][4]["sql"][0].as_str().is_some(), "{}", events["events"][4]);
}

#[test]
fn how_the_last_run_ended_goes_along() {
    let mut model = loaded(Page::Retain, (80, 24));
    press(&mut model, "devent_outbox<enter>");
    let chore = Chore::Retain(Arc::new(fixture::upkeep::doomed()));
    update(&mut model, Msg::Worked(Ok(fixture::upkeep::outcome(&chore))), now());
    model.upkeep.retain.found = Load::Ready(Arc::new(fixture::upkeep::doomed()));
    let said = "deleted 291,004 rows";
    assert!(file(&model, "retention.md").contains(said));
    let last = &json(&model, "retention.json")["last_run"];
    assert!(
        last["said"][0].as_str().unwrap().contains(said) && last["at"] == "2026-02-12T14:02:30Z",
        "{last}"
    );
    let mut health = loaded(Page::Health, (80, 24));
    press(&mut health, "xy");
    let chore = Chore::Mend { object: "public.m".into(), sql: Vec::new() };
    update(&mut health, Msg::Worked(Ok(fixture::upkeep::outcome(&chore))), now());
    assert!(file(&health, "findings.md").contains("2026-02-12 14:02:30 UTC: public.m: done\n"));
    assert_eq!(json(&health, "findings.json")[0]["last_run"]["said"][0], "public.m: done");
    let mut ids = loaded(Page::Ids, (80, 24));
    press(&mut ids, "L<enter>y");
    update(&mut ids, Msg::Worked(Ok(Outcome::Measured(fixture::upkeep::costs(), 200_000))), now());
    assert_eq!(json(&ids, "lab.json")["kinds"][2]["kind"], "uuid_v4");
    assert!(file(&ids, "lab.csv").contains("UUID v4,1204.9,88000000,0,9100000,0.66,4.2,1.1,18\n"));
    assert_eq!(json(&ids, "lab.json")["rows"], 200_000);
}

#[test]
fn the_notice_says_the_whole_path_where_it_fits() {
    let mut model = at(Scene::Copying, Screen::Layout);
    update(&mut model, Msg::Exported(Ok("/home/ana/quarterdeck-a.csv".into())), now());
    assert_eq!(model.notice.as_ref().unwrap().text, "written: /home/ana/quarterdeck-a.csv");
    model.size = (60, 16);
    let long = format!("/home/{}/quarterdeck-a.csv", "ana".repeat(20));
    update(&mut model, Msg::Exported(Ok(long)), now());
    assert_eq!(model.notice.as_ref().unwrap().text, "written: quarterdeck-a.csv");
    let error = Error::io("/srv/quarterdeck-a.csv")(std::io::ErrorKind::PermissionDenied.into()).report();
    update(&mut model, Msg::Exported(Err(error.clone())), now());
    assert!(
        matches!(model.overlays.last(), Some(Overlay::Detail(detail)) if detail.text[0] == error.message)
    );
    // Whoever is asked something else is not disturbed.
    press(&mut model, "<esc>a");
    update(&mut model, Msg::Exported(Err(error.clone())), now());
    assert!(matches!(model.overlays.last(), Some(Overlay::Ask(_))));
    assert_eq!(model.notice.as_ref().unwrap().text, error.message);
}

#[test]
fn a_frozen_display_is_written_as_it_stands() {
    let mut model = at(Scene::Copying, Screen::Layout);
    press(&mut model, "z");
    let ready = fixture::scene::status(Scene::Ready);
    update(&mut model, Msg::Status(ready.into()), now());
    assert!(file(&model, "periods.csv").contains(",copying,"));
    assert!(model.cursors.frozen.is_some());
    press(&mut model, "e<enter>");
    assert!(model.cursors.frozen.is_some(), "and it goes on standing still");
}

#[test]
fn a_console_that_watches_exports() {
    let mut model = at(Scene::Watched, Screen::Backfill);
    model.place.watching = true;
    assert!(matches!(&press(&mut model, "e<enter>")[..], [Effect::Export { .. }]));
}

#[test]
fn windows() {
    let mut model = loaded(Page::Health, (80, 24));
    press(&mut model, "/chat<enter>e<down>");
    check("export", &model);
    let mut small = loaded(Page::Health, (60, 16));
    press(&mut small, "e");
    check("export", &small);
}

#[test]
fn goldens() {
    let golden = |name: &str, text: &str| {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots" }, {
            insta::assert_snapshot!(name, text);
        });
    };
    let (periods, audit) = (at(Scene::Differs, Screen::Layout), loaded(Page::Audit, (80, 24)));
    let health = loaded(Page::Health, (80, 24));
    for format in ["csv", "md", "json"] {
        golden(&format!("export_periods_{format}"), &file(&periods, &format!("periods.{format}")));
        golden(&format!("export_statements_{format}"), &file(&audit, &format!("statements.{format}")));
    }
    for page in [Page::Maintain, Page::Ids, Page::Retain] {
        let model = loaded(page, (80, 24));
        let [csv, markdown] = [0, 1].map(|at| files(&model).swap_remove(at).1);
        golden(&format!("export_{}", page.title()), &format!("{csv}\n{markdown}"));
    }
    for (name, model, ending) in [
        ("findings", &health, "findings.md"),
        ("partitions", &health, "partitions.md"),
        ("tables", &fixture::empty((80, 24)), "tables.md"),
        ("verdicts", &at(Scene::Differs, Screen::Validation), "verdicts.md"),
        ("events", &at(Scene::Ready, Screen::Log), "events.md"),
    ] {
        golden(&format!("export_{name}_md"), &file(model, ending));
    }
}
