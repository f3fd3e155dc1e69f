//! A source file: its text, its syntax tree, and where in the crate it stands.

use std::path::{Path, PathBuf};

use proc_macro2::Span;
use syn::{Attribute, Meta, spanned::Spanned};

/// One file of Rust.
pub(crate) struct Source {
    /// From the repository's root: `src/ops/copy.rs`.
    pub(crate) path: String,
    /// As it is on disk.
    pub(crate) text: String,
    /// What it parses to.
    pub(crate) tree: syn::File,
}

impl Source {
    /// Parses `text` as if it stood at `path`.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let tree = syn::parse_file(text).unwrap_or_else(|e| panic!("{path}: {e}"));
        Self { path: path.to_owned(), text: text.to_owned(), tree }
    }

    /// Where it stands below the crate's root: `["ops", "copy"]`; empty for `lib.rs`, `main.rs` and tests.
    pub(crate) fn module(&self) -> Vec<String> {
        let Some(inside) = self.path.strip_prefix("src/").and_then(|p| p.strip_suffix(".rs")) else {
            return Vec::new();
        };
        inside.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).map(str::to_owned).collect()
    }

    /// Whether it is part of the crate, and not of its tests.
    pub(crate) fn is_crate(&self) -> bool {
        self.path.starts_with("src/")
    }

    /// How many lines of code, comments and blank lines left out, the span has.
    pub(crate) fn code_lines(&self, span: Span) -> usize {
        let (from, to) = (span.start().line, span.end().line);
        self.text.lines().take(to).skip(from - 1).filter(|line| is_code(line)).count()
    }

    /// How many lines of code the file has outside its test modules.
    pub(crate) fn code_lines_without_tests(&self) -> usize {
        let all = self.text.lines().filter(|line| is_code(line)).count();
        let mut tests = 0;
        for item in &self.tree.items {
            if let syn::Item::Mod(module) = item
                && is_test(&module.attrs)
            {
                tests += self.code_lines(module.span());
            }
        }
        all - tests
    }
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the crate, its tests and its benches.
pub(crate) fn all() -> Vec<Source> {
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        walk(&root().join(folder), &mut files);
    }
    files.retain(|file| file.extension().is_some_and(|e| e == "rs"));
    files.sort();
    files
        .iter()
        .map(|file| {
            let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            let path = file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            Source::new(&path, &text)
        })
        .collect()
}

/// All files below a folder; none where there is no such folder.
pub(crate) fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            walk(&path, into);
        } else {
            into.push(path);
        }
    }
}

/// `#[test]`, `#[tokio::test]` or `#[cfg(test)]`.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        match &attribute.meta {
            Meta::List(inner) if last == "cfg" => inner.tokens.to_string().contains("test"),
            Meta::List(_) | Meta::Path(_) => last == "test",
            Meta::NameValue(_) => false,
        }
    })
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}
