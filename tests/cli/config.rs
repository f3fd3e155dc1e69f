//! What a file of settings may say, what is said about one that is off, and that what is printed can be read again.

use std::{fmt::Write, fs, path::Path, time::Duration};

use clap::CommandFactory;

use crate::{
    cli::{
        args::{Args, Command},
        config::{Config, Named, Place, effective, fill, read::KEYS, settle},
        everywhere::Theme,
        grammar,
        output::{self, config::means, snapshot},
    },
    error::Error,
    pg::Target,
    tui::badge::{Label, Tint},
};

const ALL: &str = r#"
theme = "high-contrast"
ascii = true
log-file = "/var/log/quarterdeck.log"
workers = 4
lock-budget = 0xfa
verify-max-age = "30m"
reverse-window = '3d'
premake = 0

[[connection]]
host = "db1.shop"
port = 6432
dbname = "shop"
user = "dba"
label = "PROD \"1\""
colour = "magenta"

[[connection]]
label = "elsewhere"
"#;

fn read(text: &str) -> Config {
    super::read(text.strip_prefix('\u{feff}').unwrap_or(text)).unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn none(_: &str) -> Option<String> {
    None
}

fn args(line: &str) -> Args {
    let words = std::iter::once("quarterdeck").chain(line.split_whitespace());
    grammar::read(words.map(Into::into)).unwrap_or_else(|answer| panic!("{line}: {answer:?}"))
}

/// The words of the command after the file's settings.
fn filled(line: &str, text: &str, var: impl Fn(&str) -> Option<String>) -> Args {
    let mut args = args(line);
    fill(&mut args, read(text), var);
    args
}

/// A file and the error that it makes.
fn refused(text: &[u8]) -> (String, Error) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    let error = Config::load(Some(&Place { path, named: Named::Usual })).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    let text = output::failure(&error).replace(&folder.path().display().to_string(), "");
    assert_eq!(text.lines().count(), 2, "{text}");
    (text, error)
}

#[test]
fn every_key_is_read() {
    let config = read(ALL);
    assert_eq!((config.theme, config.ascii), (Some(Theme::HighContrast), Some(true)));
    assert_eq!(config.log_file.as_deref(), Some(Path::new("/var/log/quarterdeck.log")));
    assert_eq!((config.workers, config.lock_budget, config.premake), (Some(4), Some(250), Some(0)));
    assert_eq!(config.verify_max_age, Some(Duration::from_mins(30)));
    assert_eq!(config.reverse_window, Some(Duration::from_hours(72)));
    let [first, second] = &config.connections[..] else { panic!("{config:?}") };
    assert_eq!((first.host.as_deref(), first.port), (Some("db1.shop"), Some(6432)));
    assert_eq!((first.dbname.as_deref(), first.user.as_deref()), (Some("shop"), Some("dba")));
    assert_eq!(first.label, Label { word: "PROD \"1\"".into(), tint: Tint::Magenta });
    assert_eq!((second.host.as_ref(), &second.label), (None, &"elsewhere".into()));
    for theme in ["auto", "dark", "light", "high-contrast", "mono"] {
        assert_eq!(read(&format!("theme = {theme:?}")).theme.map(Theme::word), Some(theme));
    }
    for tint in Tint::ALL {
        let text = format!("[[connection]]\nlabel = 'x'\ncolour = {:?}", tint.word());
        assert_eq!(read(&text).connections[0].label.tint, tint);
    }
}

#[test]
fn every_key_is_a_flag_that_says_what_it_means() {
    let mut command = Args::command();
    command.build();
    for key in KEYS {
        assert!(means(&command, key).len() > 10, "{key}");
    }
}

#[test]
fn a_file_may_be_empty_and_of_another_system() {
    for text in ["", "\n", "# nothing\n", "\u{feff}", "\u{feff}# nothing\r\n\r\n"] {
        assert_eq!(read(text), Config::default(), "{text:?}");
    }
    assert_eq!(read("\u{feff}workers = 2\r\nascii = true\r\n").workers, Some(2));
}

#[test]
fn what_is_off_is_said_with_its_line_and_the_nearest_name() {
    let cases: [&[u8]; 33] = [
        b"workers = 2\n\nthme = 'dark'\n",
        b"\xef\xbb\xbf# a mark and another system's lines\r\nthme = 'dark'\r\n",
        b"lock_budget = 100\n",
        b"nothing-like-it = 1\n",
        b"wrokers = 1\nthme = 1\n",
        b"theme = 'drak'\n",
        b"theme = 7\n",
        b"ascii = 'yes'\n",
        b"log-file = 'here.log'\n",
        b"log-file = '~/here.log'\n",
        b"workers = 17\n",
        b"workers = '4'\n",
        b"workers = 4.0\n",
        b"workers = -1\n",
        b"lock-budget = '100ms'\n",
        b"lock-budget = 99999999999999999999\n",
        b"verify-max-age = 3600\n",
        b"reverse-window = '3 days'\n",
        b"premake = true\n",
        b"workers = 2\nworkers = 3\n",
        b"theme = dark\n",
        b"[connection]\nlabel = 'PROD'\n",
        b"connection = 'PROD'\n",
        b"[[connection]]\nhost = 'db1'\n",
        b"[[connection]]\nlabel = ' '\n",
        b"[[connection]]\nlabel = 'PROD'\ncolor = 'red'\n",
        b"[[connection]]\nlabel = 'PROD'\ncolour = 'green'\n",
        b"[[connection]]\nlabel = 'PROD'\nport = 70000\n",
        b"[[connection]]\nlabel = 'PROD'\nworkers = 3\n",
        b"label = 'PROD'\n",
        b"on-expiry = 'drop'\n",
        b"[[connection]]\nlabel = 'PROD'\npassword = 'hunter2'\n",
        b"theme = '\xff'\n",
    ];
    let mut said = String::new();
    for case in cases {
        let (text, _) = refused(case);
        let _ = writeln!(said, "{}\n{text}\n", String::from_utf8_lossy(case).trim_end());
    }
    snapshot("cli_config_faults", &said);
}

#[test]
fn no_password_is_told() {
    for text in [
        "password = 'hunter2'",
        "PGPASSWORD = 'hunter2'",
        "[[connection]]\npassword = hunter2",
        "password = 'hunter2",
    ] {
        let (said, error) = refused(text.as_bytes());
        assert!(!said.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{said}");
    }
    assert!(refused(b"password = 'x'").0.contains("put it into ~/.pgpass"));
}

/// What drops, archives, deletes, or says what is to be done, and to what.
#[test]
fn nothing_grave_is_said_in_a_file() {
    for flag in [
        "retain",
        "on-expiry",
        "archive-dir",
        "drop-source",
        "older-than",
        "where",
        "even-unprocessed",
        "yes",
        "yes-drop",
        "incoming",
        "takeover",
        "until",
        "move-rows",
        "append-only",
        "conn",
        "limit",
        "watch",
    ] {
        let (said, _) = refused(format!("{flag} = 'x'\n").as_bytes());
        assert!(said.contains("is a flag, and cannot be said in a file"), "{said}");
    }
}

#[test]
fn a_file_that_is_named_must_be_there_and_the_usual_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |named| Place { path: folder.path().join("config.toml"), named };
    assert_eq!(Config::load(Some(&at(Named::Usual))).unwrap(), Config::default());
    assert_eq!(Config::load(None).unwrap(), Config::default());
    for (named, remedy) in [(Named::Flag, "leave --config out"), (Named::Variable, "or unset it")] {
        let error = Config::load(Some(&at(named))).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("No such file"), "{error}");
        assert!(error.hint().unwrap().contains(remedy), "{error:?}");
    }
    let is_a_folder = Place { path: folder.path().into(), named: Named::Usual };
    assert!(Config::load(Some(&is_a_folder)).is_err(), "what is there and cannot be read is said");
}

#[test]
fn a_flag_comes_before_the_file() {
    let file = "workers = 4\nlock-budget = 250\nverify-max-age = '5m'\nreverse-window = '1h'\npremake = 7\n\
                ascii = true\nlog-file = '/l'\ntheme = 'light'";
    let of = |args: &Args| match &args.command {
        Some(Command::Run(run)) => (run.workers, run.limits.lock_budget(), run.reverse_window),
        other => panic!("{other:?}"),
    };
    let (plain, flags) =
        (filled("run t", file, none), "run t --workers 2 --lock-budget 50 --reverse-window 2h");
    assert_eq!(of(&plain), (Some(4), Duration::from_millis(250), Some(Duration::from_hours(1))));
    let given = filled(flags, file, none);
    assert_eq!(of(&given), (Some(2), Duration::from_millis(50), Some(Duration::from_hours(2))));
    assert_eq!(plain.everywhere.log_file.as_deref(), Some(Path::new("/l")));
    let unicode = filled("--ascii=false --theme mono --log-file m", file, none).everywhere;
    assert_eq!((unicode.ascii, unicode.theme), (Some(false), Some(Theme::Mono)));
    assert_eq!(unicode.log_file.as_deref(), Some(Path::new("m")));
    for (line, premake, budget) in [("maintain t", 7, 250), ("maintain t --premake 3 --lock-budget 5", 3, 5)]
    {
        let Some(Command::Maintain(maintain)) = filled(line, file, none).command else { panic!("{line}") };
        assert_eq!((maintain.premake(), maintain.lock_budget), (premake, Some(budget)), "{line}");
    }
    for line in ["swap t --yes t", "reverse t --yes t"] {
        let limits = match filled(line, file, none).command {
            Some(Command::Swap(swap)) => swap.exchange.limits,
            Some(Command::Reverse(reverse)) => reverse.exchange.limits,
            other => panic!("{other:?}"),
        };
        assert_eq!(limits.verify_max_age(), Duration::from_mins(5));
    }
    let Some(Command::Tune(tune)) = filled("tune t", file, none).command else { panic!("tune") };
    assert_eq!(tune.workers, None, "tune changes what it is told to, and nothing by itself");
}

#[test]
fn no_color_comes_before_the_file_and_after_a_flag() {
    let no_color = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
    let dumb = |name: &str| (name == "TERM").then(|| "dumb".to_owned());
    let dark = "theme = 'dark'";
    let theme = |line: &str, var: &dyn Fn(&str) -> Option<String>| filled(line, dark, var).everywhere.theme;
    assert_eq!(theme("", &none), Some(Theme::Dark));
    assert_eq!(theme("", &no_color), None, "the console asks NO_COLOR itself");
    assert_eq!(theme("", &dumb), None);
    assert_eq!(theme("--theme light", &no_color), Some(Theme::Light));
    assert_eq!(theme("--theme auto", &none), Some(Theme::Auto), "as if the file said nothing");
    assert_eq!(Theme::Auto.palette(), None);
}

#[test]
fn a_server_has_the_label_of_the_first_connection_that_it_is() {
    let labelled = |line: &str, conn: &str| filled(line, ALL, none).label(&Target::parse(conn).unwrap());
    let first = "postgres://dba@db1.shop:6432/shop";
    assert_eq!(labelled("", first), Some(Label { word: "PROD \"1\"".into(), tint: Tint::Magenta }));
    assert_eq!(labelled("", "postgres://dba@db2.shop/shop"), Some("elsewhere".into()));
    assert_eq!(labelled("--label MINE", first), Some(Label { word: "MINE".into(), tint: Tint::Magenta }));
    assert_eq!(args("--label MINE").label(&Target::parse(first).unwrap()), Some("MINE".into()));
    assert_eq!(args("").label(&Target::parse(first).unwrap()), None);
}

#[test]
fn what_is_printed_says_where_it_comes_from_and_can_be_read_again() {
    let print = |line: &str, config: &Config, var: &dyn Fn(&str) -> Option<String>| {
        let usual = Some(Path::new("/home/ana/.local/state/quarterdeck/quarterdeck.log"));
        output::config::text(&effective(&args(line).everywhere, config, usual, var), config)
    };
    let no_color = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
    let path = Some("/home/ana/.config/quarterdeck/config.toml".into());
    let all = Config { path, ..read(ALL) };
    let some = Config { path: Some("/a\nworkers = 9\n/b.toml".into()), ..read("workers = 3") };
    let cases = [
        ("defaults", print("config print", &Config::default(), &none)),
        ("a file", print("config print", &all, &none)),
        ("flags, NO_COLOR, an odd path", print("--ascii --log-file /l config print", &some, &no_color)),
        ("a flag and NO_COLOR", print("--theme light config print", &all, &no_color)),
    ];
    for (what, text) in &cases {
        let again = read(text);
        let printed = output::config::text(&effective(&args("").everywhere, &again, None, none), &again);
        let values = |text: &str| {
            let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(values(&printed), values(text), "{what}");
        assert_eq!(again.connections.len(), if text.contains("PROD") { 2 } else { 0 });
    }
    assert_eq!(read(&cases[1].1), read(ALL), "nothing of a file is lost");
    assert_eq!(read(&cases[2].1).workers, Some(3), "a path does not become a setting");
    let text = cases
        .map(|(what, text)| {
            format!(
                "==== {what}
{text}
"
            )
        })
        .concat();
    snapshot("cli_config", &text);
}

#[test]
fn the_file_is_read_from_where_the_words_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    fs::write(&path, "workers = 5").unwrap();
    let mut args = args(&format!("run t --config {}", path.display()));
    settle(&mut args, &none).unwrap();
    assert_eq!(args.config.workers, Some(5));
    let folder = folder.path().display().to_string();
    let var = |name: &str| (name == "XDG_CONFIG_HOME").then(|| folder.clone());
    let mut args = super::tests::args("run t");
    settle(&mut args, &var).unwrap();
    assert_eq!(args.config, Config::default(), "there is none in its folder quarterdeck");
    fs::create_dir(format!("{folder}/quarterdeck")).unwrap();
    fs::write(format!("{folder}/quarterdeck/config.toml"), "wrokers = 5").unwrap();
    let error = settle(&mut super::tests::args("run t"), &var).unwrap_err().to_string();
    assert!(error.ends_with("config.toml:1: unknown key `wrokers`; did you mean `workers`?"), "{error}");
}
