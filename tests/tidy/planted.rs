//! Each rule, shown to find a planted fault and to pass the same text without it.

use super::{
    claims,
    rules::{Rule, check},
    source::Source,
    texts,
};

/// The rules that `text` breaks as the file `path`.
fn broken(path: &str, text: &str) -> Vec<Rule> {
    let mut rules: Vec<Rule> = check(&Source::new(path, text)).iter().map(|f| f.rule).collect();
    rules.dedup();
    rules
}

fn in_pg(text: &str) -> Vec<Rule> {
    broken("src/pg/x.rs", &format!("//! A file.\n{text}"))
}

fn lines(n: usize) -> String {
    "let x = 1;\n".repeat(n)
}

#[test]
fn a_file_needs_a_header_and_a_telling_name() {
    assert_eq!(broken("src/pg/x.rs", "fn f() {}"), [Rule::Header]);
    assert_eq!(broken("src/pg/utils.rs", "//! A file."), [Rule::FileName]);
    assert_eq!(broken("src/pg/common/x.rs", "//! A file."), [Rule::FileName]);
    assert_eq!(broken("src/pg/x.rs", "//! A file."), []);
}

#[test]
fn what_is_decided_by_time_goes_by_the_servers_clock() {
    let text =
        "//! A file.\nfn f() { let now = Utc::now(); }\nfn g(x: Option<()>) { x.map(chrono::Utc::now); }";
    assert_eq!(broken("src/engine/steps/x.rs", text), [Rule::Clock]);
    assert_eq!(broken("src/engine/live.rs", text), []);
}

#[test]
fn sizes_are_limited() {
    let consts = |n: usize| "const C: u8 = 0;\n".repeat(n);
    assert_eq!(in_pg(&consts(401)), [Rule::FileLines]);
    assert_eq!(in_pg(&consts(400)), []);
    let tested = format!("{}\n#[cfg(test)]\nmod tests {{\n{}}}\n", consts(400), consts(300));
    assert_eq!(in_pg(&tested), [], "test modules do not count");

    assert_eq!(in_pg(&format!("fn f() {{\n{}}}", lines(59))), [Rule::FunctionLines]);
    assert_eq!(in_pg(&format!("fn f() {{\n// why\n\n{}}}", lines(58))), []);
    assert_eq!(in_pg(&format!("impl S {{ fn f() {{\n{}}} }}", lines(59))), [Rule::FunctionLines]);

    let fields = |n: usize| "f: u8,".repeat(n);
    assert_eq!(in_pg(&format!("struct S {{ {} }}", fields(13))), [Rule::Fields]);
    assert_eq!(in_pg(&format!("enum E {{ V {{ {} }} }}", fields(13))), [Rule::Fields]);
    assert_eq!(in_pg(&format!("struct S {{ {} }}", fields(12))), []);
}

#[test]
fn signatures_stay_small_and_readable() {
    assert_eq!(in_pg("fn f(a: u8, b: u8, c: u8, d: u8, e: u8, g: u8) {}"), [Rule::Parameters]);
    assert_eq!(in_pg("fn f(a: u8, b: u8, c: u8, d: u8, e: u8) {}"), []);
    for ty in ["bool", "&bool", "Option<bool>", "(u8, bool)"] {
        assert_eq!(in_pg(&format!("fn f(a: {ty}) {{}}")), [Rule::BoolParameter], "{ty}");
    }
    assert_eq!(in_pg("fn f(a: impl Fn(bool) -> bool) -> bool { true }"), []);
    assert_eq!(in_pg("impl Foreign for S { fn f(&self, a: bool) {} }"), []);
}

#[test]
fn a_module_uses_only_floors_below_it() {
    for (path, text) in [
        ("src/pg/x.rs", "use crate::ops::copy;"),
        ("src/pg/x.rs", "use crate::{error::Error, engine::{status::Status}};"),
        ("src/model/x.rs", "use super::super::pg::Session;"),
        ("src/ops/copy.rs", "use crate::ops::seal::seal;"),
        ("src/ops/copy.rs", "use super::seal;"),
        ("src/ops/copy.rs", "fn f() { super::seal::seal() }"),
        ("src/tui/x.rs", "fn f() { crate::pg::Session::open() }"),
        ("src/tui/x.rs", "fn f() { vec![crate::pg::Target::parse()] }"),
        ("src/error.rs", "use crate::model::Ident;"),
        ("src/model/x.rs", "use std::fs::File;"),
        ("src/model/x.rs", "fn f() { chrono::Utc::now() }"),
        ("src/attic/x.rs", "use crate::error::Error;"),
    ] {
        assert_eq!(broken(path, &format!("//! A file.\n{text}")), [Rule::Floors], "{path}: {text}");
    }
    for (path, text) in [
        ("src/ops/copy.rs", "use crate::{error::Result, model::scheme::Scheme, pg::{Session, Tx}};"),
        ("src/ops/copy/ranges.rs", "use super::Chunk; use crate::ops::copy::Range;"),
        ("src/pg/x.rs", "use super::Session; use std::fs::File;"),
        ("src/lib.rs", "pub mod pg; pub use error::Error;"),
        ("src/main.rs", "use quarterdeck::cli;"),
    ] {
        assert_eq!(broken(path, &format!("//! A file.\n{text}")), [], "{path}: {text}");
    }
    assert_eq!(broken("src/model/x.rs", "//! A file.\nasync fn f() {}"), [Rule::Async]);
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    assert_eq!(in_pg("#[allow(dead_code)] fn f() {}"), [Rule::Allow]);
    assert_eq!(in_pg("fn f() { #![allow(dead_code)] }"), [Rule::Allow]);
    assert_eq!(in_pg("#[expect(dead_code)] fn f() {}"), [Rule::Allow]);
    assert_eq!(in_pg("#[expect(dead_code, reason = \"x\")] fn f() {}"), []);
}

#[test]
fn failures_are_answered_and_only_cli_prints() {
    for text in ["fn f() { g().unwrap() }", "fn f() { g().expect(\"x\") }", "fn f() { vec![g().unwrap()]; }"]
    {
        assert_eq!(in_pg(text), [Rule::Unwrap], "{text}");
    }
    assert_eq!(in_pg("#[cfg(test)] mod tests { fn f() { g().unwrap(); println!() } }"), []);
    assert_eq!(in_pg("fn f() { g().unwrap_or_default() }"), []);
    assert_eq!(in_pg("fn f() { println!(\"x\") }"), [Rule::Print]);
    assert_eq!(in_pg("fn f() { vec![{ dbg!(1) }]; }"), [Rule::Print]);
    assert_eq!(broken("src/cli/x.rs", "//! A file.\nfn f() { println!(\"x\") }"), []);
    assert_eq!(in_pg("fn f() { todo!() }"), [Rule::Panic]);
}

#[test]
fn sql_has_its_place() {
    let sql = |n: usize| format!("const S: &str = \"SELECT 1{}\";", "\n,1".repeat(n - 1));
    assert_eq!(in_pg(&sql(10)), [Rule::SqlLines]);
    assert_eq!(in_pg(&sql(9)), []);
    assert_eq!(in_pg(&format!("fn f() {{ format!(\"SELECT {}\") }}", "\n".repeat(9))), [Rule::SqlLines]);
    assert_eq!(broken("src/engine/x.rs", &format!("//! A file.\n{}", sql(1))), [Rule::SqlFloor]);
    assert_eq!(broken("src/engine/x.rs", "//! A file.\nconst S: &str = \"Select a table\";"), []);
}

#[test]
fn characters_can_be_seen() {
    for text in ["a\tb", "a\u{202e}b", "\u{feff}a", "a\u{7}"] {
        assert_eq!(texts::check("x", text).len(), 1, "{text:?}");
    }
    assert!(texts::check("x", "─ é\nb").is_empty());
}

#[test]
fn documents_name_what_exists() {
    assert_eq!(texts::missing_paths("see `src/nothing.rs` and `src/lib.rs`, `src/*.rs`"), ["src/nothing.rs"]);
}

#[test]
fn a_claim_without_a_test_and_a_test_that_is_gone_are_found() {
    let is_test = |name: &str| name == "it_is_green";
    let good = "- green is verified: it_is_green\n".repeat(100);
    assert_eq!(claims::in_list(&good, is_test), Vec::<String>::new());
    let planted = format!("{good}- red: is danger\n- blue\n");
    let wanted = ["red: there is no is", "red: there is no danger", "blue: no test"];
    assert_eq!(claims::in_list(&planted, is_test), wanted);
    assert_eq!(claims::in_list("- green: it_is_green\n", is_test), ["only 1 claims"]);
}
