//! `quarterdeck explain`: every id of the sources has its text, and the texts are as good as their word.

use std::{collections::BTreeSet, path::Path};

use crate::cli::output::explain::{json, json_of_all, list, text};
use crate::{
    cli::output::snapshot,
    model::{
        explain::{EXPLANATIONS, Standing, find, nearest},
        plan::Severity,
        preflight::CHECKS,
    },
};

/// Every `"QD-…"` below a folder of the repository.
fn ids_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            ids_in(&path, found);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            let ids = text.split("\"QD-").skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(ids.filter(|id| id.len() == 3).map(|id| format!("QD-{id}")));
        }
    }
}

#[test]
fn every_id_of_the_sources_has_its_text_and_no_text_is_left_over() {
    let mut raised = BTreeSet::new();
    ids_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut raised);
    assert!(raised.len() > 60, "{raised:?}");
    let ids = |retired: bool| -> BTreeSet<String> {
        let which = EXPLANATIONS.iter().filter(|one| (one.standing == Standing::Retired) == retired);
        which.map(|one| one.id.to_owned()).collect()
    };
    let said = ids(false);
    let silent: Vec<_> = raised.difference(&said).collect();
    assert!(silent.is_empty(), "write a section in assets/explain for {silent:?}");
    let orphans: Vec<_> = said.difference(&raised).collect();
    assert!(orphans.is_empty(), "nothing raises {orphans:?}: mark them as retired in assets/explain");
    let risen: Vec<_> = ids(true).intersection(&raised).cloned().collect();
    assert!(risen.is_empty(), "an id is never used again: {risen:?}");
}

#[test]
fn every_section_is_read_once_and_says_what_its_check_does() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/explain");
    let mut sections = 0;
    for entry in std::fs::read_dir(files).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        sections += text.lines().filter(|line| line.starts_with("## ")).count();
    }
    assert_eq!(EXPLANATIONS.len(), sections, "a section lacks a part, or its file is not included");
    let ids: BTreeSet<_> = EXPLANATIONS.iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), sections, "an id is explained twice");
    for check in CHECKS.iter() {
        let wanted = match check.severity {
            Severity::Refuse => Standing::Refuses,
            Severity::Warn => Standing::Warns,
        };
        assert_eq!(find(check.id).unwrap().standing, wanted, "{}", check.id);
    }
    for one in EXPLANATIONS.iter() {
        assert!(one.title.chars().count() <= 60 && !one.title.ends_with('.'), "{}", one.id);
        let parts = [one.means, one.matters, one.remedy];
        assert!(parts.iter().all(|part| part.len() > 10 && part.ends_with('.')), "{}", one.id);
    }
}

#[test]
fn ids_are_found_as_people_type_them() {
    for typed in ["QD-024", "qd-024", "QD-24", "24", "024", " qd24 "] {
        assert_eq!(find(typed).map(|one| one.id), Some("QD-024"), "{typed}");
    }
    for typed in ["", "QD", "QD-", "QD-999", "x24", "-1", "99999999999999", "+24"] {
        assert_eq!(find(typed), None, "{typed}");
        assert_eq!(nearest(typed).len(), 3);
    }
    assert_eq!(nearest("QD-098")[0], "QD-097");
}

#[test]
fn the_long_form() {
    snapshot("cli_explain", &text(find("24").unwrap()));
    let lines = list();
    assert_eq!(lines.lines().count(), EXPLANATIONS.len());
    assert!(lines.contains("QD-045  warns    the key becomes weaker\n"), "{lines}");
    let one: serde_json::Value = serde_json::from_str(&json(find("24").unwrap())).unwrap();
    let keys: Vec<_> = one.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["do", "id", "matters", "means", "raised", "sql", "standing", "title"]);
    let all: Vec<serde_json::Value> = serde_json::from_str(&json_of_all()).unwrap();
    assert_eq!(all.len(), EXPLANATIONS.len());
}
