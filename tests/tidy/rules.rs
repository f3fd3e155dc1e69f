//! The rules for one file of Rust, and what they found.

use std::fmt;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Attribute, Fields, FnArg, GenericArgument, ImplItemFn, ItemFn, ItemImpl, ItemMod, ItemStruct, ItemUse,
    LitStr, Macro, Path, PathArguments, PathSegment, Signature, TraitItemFn, Type, Variant, spanned::Spanned,
    visit::Visit,
};

use super::{
    floors,
    source::{Source, is_test},
};

const FILE_LINES: usize = 400;
const TEST_FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 60;
const FIELDS: usize = 12;
const PARAMETERS: usize = 5;
const SQL_LINES: usize = 10;
const FORBIDDEN_NAMES: [&str; 12] = [
    "util", "utils", "helper", "helpers", "common", "manager", "managers", "types", "imp", "misc", "shared",
    "stuff",
];
const FAILING: [&str; 4] = ["unwrap", "expect", "unwrap_err", "expect_err"];
const PRINTING: [&str; 5] = ["println", "print", "eprintln", "eprint", "dbg"];
const ABORTING: [&str; 3] = ["panic", "todo", "unimplemented"];
const SQL_WORDS: [&str; 14] = [
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "ALTER ",
    "CREATE ",
    "DROP ",
    "LOCK TABLE ",
    "WITH ",
    "TRUNCATE ",
    "GRANT ",
    "REVOKE ",
    "COMMENT ON ",
    "VACUUM ",
];
/// Where things are decided by time: by the server's clock, not by this machine's.
const DECIDING: [&str; 5] =
    ["src/engine/steps/", "src/engine/readiness.rs", "src/engine/throttler.rs", "src/ops/", "src/pg/"];
/// The floors that hold no SQL.
const WITHOUT_SQL: [&str; 3] = ["engine", "tui", "cli"];

/// Which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Header,
    FileLines,
    FileName,
    FunctionLines,
    Fields,
    Parameters,
    BoolParameter,
    Floors,
    Allow,
    Unwrap,
    Print,
    Panic,
    SqlLines,
    SqlFloor,
    Async,
    Control,
    Clock,
}

/// One broken rule.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) rule: Rule,
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) item: String,
    pub(crate) words: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, path, line, item, words } = self;
        write!(f, "{path}:{line}: {rule:?}: {item}: {words}")
    }
}

/// All that is wrong with one file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut checker = Checker { source, module: source.module(), of_foreign_trait: false, found: Vec::new() };
    checker.whole_file();
    checker.visit_file(&source.tree);
    checker.found
}

struct Checker<'a> {
    source: &'a Source,
    module: Vec<String>,
    /// Inside `impl Trait for`: its signatures are the trait's.
    of_foreign_trait: bool,
    found: Vec<Finding>,
}

impl Checker<'_> {
    fn report(&mut self, rule: Rule, span: Span, item: &str, words: String) {
        let (path, line) = (self.source.path.clone(), span.start().line);
        self.found.push(Finding { rule, path, line, item: item.to_owned(), words });
    }

    fn whole_file(&mut self) {
        let source = self.source;
        let here = Span::call_site();
        if !source.text.starts_with("//! ") {
            self.report(Rule::Header, here, "file", "begins without `//!` saying what it is".into());
        }
        let limit = if source.is_crate() { FILE_LINES } else { TEST_FILE_LINES };
        let lines = source.code_lines_without_tests();
        if lines > limit {
            self.report(Rule::FileLines, here, "file", format!("{lines} lines of code, at most {limit}"));
        }
        for part in source.path.split('/') {
            if FORBIDDEN_NAMES.contains(&part.trim_end_matches(".rs")) {
                self.report(Rule::FileName, here, part, "a name that says nothing".into());
            }
        }
    }

    fn function(&mut self, signature: &Signature, whole: Span) {
        let name = signature.ident.to_string();
        let lines = self.source.code_lines(whole);
        if lines > FUNCTION_LINES {
            self.report(
                Rule::FunctionLines,
                whole,
                &name,
                format!("{lines} lines, at most {FUNCTION_LINES}"),
            );
        }
        if self.source.is_crate()
            && self.module.first().is_some_and(|m| m == "model")
            && signature.asyncness.is_some()
        {
            self.report(Rule::Async, whole, &name, "model has no async".into());
        }
        if self.of_foreign_trait {
            return;
        }
        let parameters = signature.inputs.len();
        if parameters > PARAMETERS {
            self.report(
                Rule::Parameters,
                whole,
                &name,
                format!("{parameters} parameters, at most {PARAMETERS}"),
            );
        }
        for input in &signature.inputs {
            if let FnArg::Typed(typed) = input
                && holds_bool(&typed.ty)
            {
                self.report(
                    Rule::BoolParameter,
                    typed.span(),
                    &name,
                    "a bool parameter: make it an enum".into(),
                );
            }
        }
    }

    fn fields(&mut self, name: &str, fields: &Fields) {
        if fields.len() > FIELDS {
            let words = format!("{} fields, at most {FIELDS}", fields.len());
            self.report(Rule::Fields, fields.span(), name, words);
        }
    }

    fn path(&mut self, path: &[String], span: Span) {
        if !self.source.is_crate() {
            return;
        }

        if path.ends_with(&["Utc".to_owned(), "now".to_owned()])
            && DECIDING.iter().any(|place| self.source.path.starts_with(place))
        {
            self.report(Rule::Clock, span, &path.join("::"), "ask the server's clock (`Term::now`)".into());
        }
        if let Some(words) = floors::objection(&self.module, path) {
            self.report(Rule::Floors, span, &path.join("::"), words);
        }
    }

    fn is_cli(&self) -> bool {
        self.source.path.starts_with("src/cli") || self.source.path == "src/main.rs"
    }

    fn macro_named(&mut self, name: &str, span: Span) {
        if !self.source.is_crate() {
            return;
        }
        if PRINTING.contains(&name) && !self.is_cli() {
            self.report(Rule::Print, span, name, "only cli prints".into());
        }
        if ABORTING.contains(&name) {
            self.report(Rule::Panic, span, name, "return an error (`Error::Bug`)".into());
        }
    }

    fn method_named(&mut self, name: &str, span: Span) {
        if self.source.is_crate() && FAILING.contains(&name) {
            self.report(Rule::Unwrap, span, name, "outside tests every failure has its answer".into());
        }
    }

    /// What a macro's arguments hold is not parsed: look at the words themselves.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let punct =
            |i: usize, c: char| matches!(tokens.get(i), Some(TokenTree::Punct(p)) if p.as_char() == c);
        for (i, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) => {
                    let (name, span) = (ident.to_string(), ident.span());
                    if i > 0 && punct(i - 1, '.') {
                        self.method_named(&name, span);
                    } else if punct(i + 1, '!') {
                        self.macro_named(&name, span);
                    } else if name == "crate"
                        && punct(i + 1, ':')
                        && let Some(TokenTree::Ident(next)) = tokens.get(i + 3)
                    {
                        self.path(&[name, next.to_string()], span);
                    }
                }
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse2::<LitStr>(TokenTree::Literal(literal.clone()).into()) {
                        self.visit_lit_str(&text);
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Checker<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if is_test(&item.attrs) && self.source.is_crate() {
            return;
        }
        self.module.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if is_test(&item.attrs) && self.source.is_crate() {
            return;
        }
        self.function(&item.sig, item.span());
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let outer = std::mem::replace(&mut self.of_foreign_trait, item.trait_.is_some());
        syn::visit::visit_item_impl(self, item);
        self.of_foreign_trait = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, item.span());
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        self.function(&item.sig, item.span());
        syn::visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.fields(&item.ident.to_string(), &item.fields);
        syn::visit::visit_item_struct(self, item);
    }

    fn visit_variant(&mut self, item: &'ast Variant) {
        self.fields(&item.ident.to_string(), &item.fields);
        syn::visit::visit_variant(self, item);
    }

    fn visit_attribute(&mut self, item: &'ast Attribute) {
        if item.path().is_ident("allow") {
            self.report(Rule::Allow, item.span(), "allow", "use #[expect(…, reason = \"…\")]".into());
        }
        if item.path().is_ident("expect")
            && let Ok(list) = item.meta.require_list()
            && !list.tokens.to_string().contains("reason")
        {
            self.report(Rule::Allow, item.span(), "expect", "give the reason".into());
        }
        syn::visit::visit_attribute(self, item);
    }

    fn visit_expr_method_call(&mut self, item: &'ast syn::ExprMethodCall) {
        self.method_named(&item.method.to_string(), item.method.span());
        syn::visit::visit_expr_method_call(self, item);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        let name = item.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        self.macro_named(&name, item.span());
        self.tokens(item.tokens.clone());
        syn::visit::visit_macro(self, item);
    }

    fn visit_lit_str(&mut self, item: &'ast LitStr) {
        let text = item.value();
        let text = text.trim_start();
        if !self.source.is_crate() || !SQL_WORDS.iter().any(|word| text.starts_with(word)) {
            return;
        }
        let lines = item.span().end().line - item.span().start().line + 1;
        if lines >= SQL_LINES {
            let words = format!("{lines} lines of SQL belong into assets/sql");
            self.report(Rule::SqlLines, item.span(), "SQL", words);
        }
        if self.module.first().is_some_and(|m| WITHOUT_SQL.contains(&m.as_str())) {
            let words = format!("this floor holds no SQL: {}", text.chars().take(40).collect::<String>());
            self.report(Rule::SqlFloor, item.span(), "SQL", words);
        }
    }

    fn visit_path(&mut self, item: &'ast Path) {
        let segments: Vec<String> = item.segments.iter().map(|s| s.ident.to_string()).collect();
        self.path(&segments, item.span());
        syn::visit::visit_path(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut paths = Vec::new();
        floors::flatten(&item.tree, &[], &mut paths);
        for path in paths {
            self.path(&path, item.span());
        }
    }
}

/// `bool`, `&bool`, `Option<bool>`, `(bool, …)`; a closure's arguments do not count.
fn holds_bool(ty: &Type) -> bool {
    if let Type::Path(path) = ty {
        return path.path.segments.iter().any(|segment| {
            segment.ident == "bool" || (segment.ident == "Option" && arguments(segment).any(holds_bool))
        });
    }
    if let Type::Reference(reference) = ty {
        return holds_bool(&reference.elem);
    }
    if let Type::Tuple(tuple) = ty {
        return tuple.elems.iter().any(holds_bool);
    }
    false
}

/// `T` and `U` of `Name<T, U>`.
fn arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let list =
        if let PathArguments::AngleBracketed(list) = &segment.arguments { Some(&list.args) } else { None };
    list.into_iter().flatten().filter_map(|a| if let GenericArgument::Type(ty) = a { Some(ty) } else { None })
}
