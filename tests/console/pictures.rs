//! The README's pictures and the cast are what this console draws of the recorded run: made again, and compared.

#[path = "../../examples/pictures/cast.rs"]
mod cast;
#[path = "../../examples/pictures/film.rs"]
mod film;
#[path = "../../examples/pictures/gallery.rs"]
mod gallery;
#[path = "../../examples/pictures/recording.rs"]
mod recording;
#[path = "../../examples/pictures/story.rs"]
mod story;
#[path = "../../examples/pictures/svg.rs"]
mod svg;

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use recording::Heard;

/// A picture has at most so many bytes, the cast, the recording.
const MOST: [(&str, u64); 3] = [("svg", 30_000), ("cast", 400_000), ("gz", 150_000)];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cast_lines() -> (Value, Vec<(f64, String)>) {
    let text = fs::read_to_string(root().join(gallery::FOLDER).join(gallery::CAST)).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    let event = |line: Value| {
        assert_eq!(line[1], "o", "{line}");
        (line[0].as_f64().unwrap(), line[2].as_str().unwrap().to_owned())
    };
    (header, lines.map(event).collect())
}

#[test]
fn they_are_current() {
    let folder = root().join(gallery::FOLDER);
    let files = gallery::files(root()).unwrap();
    let is_old = |(name, text): &&(String, String)| {
        fs::read_to_string(folder.join(name)).map_or(true, |there| there != *text)
    };
    let old: Vec<_> = files.iter().filter(is_old).map(|(name, _)| name).collect();
    assert!(old.is_empty(), "{old:?} are not what the console draws: cargo run --example pictures");
    let mut made: BTreeSet<String> = files.into_iter().map(|(name, _)| name).collect();
    made.insert("demo.jsonl.gz".into());
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(made.contains(&name), "{name} is made by nothing");
    }
}

#[test]
fn they_are_small() {
    for entry in fs::read_dir(root().join(gallery::FOLDER)).unwrap() {
        let (path, len) = entry.map(|entry| (entry.path(), entry.metadata().unwrap().len())).unwrap();
        let ending = path.extension().unwrap().to_str().unwrap();
        let most = MOST.iter().find(|(known, _)| *known == ending).expect("a known ending").1;
        assert!(len < most, "{}: {len} bytes, at most {most}", path.display());
    }
}

#[test]
fn the_readme_shows_only_what_is_there() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let shown: Vec<&str> = readme.split(['"', '(', ')', ' ', '`', '\n']).collect();
    let shown: Vec<&&str> = shown.iter().filter(|word| word.starts_with("assets/pictures/")).collect();
    assert!(shown.len() > 4, "{shown:?}");
    for path in shown {
        assert!(root().join(path).exists(), "{path} is not there");
    }
}

#[test]
fn the_cast_plays_in_a_terminal() {
    let (header, events) = cast_lines();
    assert_eq!([&header["version"], &header["width"], &header["height"]], [2, 100, 28]);
    assert!(header["title"].as_str().unwrap().contains("shortened"));
    let mut terminal = vt100::Parser::new(28, 100, 0);
    let mut wanted =
        ["not partitioned", "strategy", "COPYING", "READY", "to confirm", "REVERSE WINDOW"].iter();
    let mut next = wanted.next();
    let mut before = 0.0;
    for (at, written) in &events {
        assert!(*at >= before, "time goes back from {before} to {at}");
        before = *at;
        terminal.process(written.as_bytes());
        while next.is_some_and(|words| terminal.screen().contents().contains(words)) {
            next = wanted.next();
        }
    }
    assert_eq!(next, None, "never on screen, or not in this order");
    assert!((45.0..=90.0).contains(&before), "it lasts {before} s");
    let last = terminal.screen().contents();
    for words in ["FINISHED", "public.chat_messages", "statement", "reach every partition"] {
        assert!(last.contains(words), "{words}:\n{last}");
    }
}

#[test]
fn the_recording_is_of_no_machine() {
    let entries = recording::read(&root().join(recording::PATH)).unwrap();
    let mut pictures = 0;
    for entry in &entries {
        let text = serde_json::to_string(&entry.heard).unwrap();
        for word in ["password=", "/tmp/", "/home/", "/root", "/var/"] {
            assert!(!text.contains(word), "{word} in {text:.200}");
        }
        if let Heard::Status(status) = &entry.heard {
            pictures += 1;
            assert!(status.owner.iter().all(|owner| owner.host == "workstation"), "{:?}", status.owner);
        }
    }
    assert!(pictures > 50, "{pictures} pictures");
    assert!(entries.is_sorted_by_key(|entry| entry.at), "in the order in which it was heard");
}

#[test]
fn what_has_changed_makes_of_a_picture_the_next_one() {
    let pictures = [
        json!({ "a/b": [1, { "~": null }], "rows": { "copied": 1 }, "lane": [] }),
        json!({ "a/b": [1, { "~": "x" }], "rows": { "copied": 2 }, "lane": [] }),
        json!({ "a/b": [2, { "~": "x", "y": 1 }], "rows": null, "lane": [1, 2] }),
        json!([]),
    ];
    for (before, now) in pictures.iter().zip(&pictures[1..]) {
        let mut picture = before.clone();
        recording::apply(&mut picture, recording::changes(before, now)).unwrap();
        assert_eq!(picture, *now);
        assert_eq!(recording::changes(now, now), []);
    }
    let one = recording::changes(&pictures[0], &pictures[1]);
    assert_eq!(one.len(), 2, "only what differs: {one:?}");
    assert!(recording::apply(&mut json!({}), vec![("/a".into(), json!(1))]).is_err());
}
