//! A name as a person types it: `messages`, `app.messages`, `"My Table"`, `app."Odd.Name"`.

use crate::{
    error::{Error, Result},
    model::ident::{Ident, QualifiedName},
};

/// One part of a typed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// As SQL reads it: lower case unless quoted.
    pub(super) folded: String,
    /// As typed, for a shell that ate the quotes.
    pub(super) exact: String,
}

/// A typed name in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypedName {
    /// The schema, where one was typed.
    pub(super) schema: Option<Part>,
    /// The relation.
    pub(super) name: Part,
}

/// Whether a name is one that `typed` can mean, wherever the search path leads.
pub fn reading(typed: &str) -> Result<impl Fn(&QualifiedName) -> bool> {
    let TypedName { schema, name } = parse(typed)?;
    let means =
        |part: &Part, ident: &Ident| [&part.folded, &part.exact].into_iter().any(|p| p == ident.as_str());
    Ok(move |found: &QualifiedName| {
        means(&name, &found.name) && schema.as_ref().is_none_or(|schema| means(schema, &found.schema))
    })
}

/// Reads a typed name.
pub(super) fn parse(typed: &str) -> Result<TypedName> {
    let mut parts = split(typed)?;
    let name = parts.pop();
    let schema = parts.pop();
    match name {
        Some(name) if parts.is_empty() => Ok(TypedName { schema, name }),
        Some(_) | None => Err(malformed(typed, "it has more than two parts")),
    }
}

/// The name for people, without quotes.
pub(super) fn plain(typed: &str) -> String {
    let whole = |TypedName { schema, name }: TypedName| {
        schema.map_or_else(String::new, |schema| schema.exact + ".") + &name.exact
    };
    parse(typed).map_or_else(|_| typed.to_owned(), whole)
}

/// The name as a word of a command that can be pasted into a shell: without quotes where it means the same.
pub(super) fn pasted(typed: &str) -> String {
    let means = |name: &str| parse(name).ok();
    let is_simple = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let plain = plain(typed);
    if is_simple(&plain) && means(&plain) == means(typed) {
        plain
    } else {
        format!("'{}'", typed.replace('\'', "'\\''"))
    }
}

fn split(typed: &str) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = typed.trim();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(typed, quoted)?,
            None => plain_part(rest),
        };
        if part.exact.is_empty() {
            return Err(malformed(typed, "a part of it is empty"));
        }
        parts.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(parts),
            None => return Err(malformed(typed, "something follows the closing quote")),
        }
    }
}

/// Up to the closing quote; two quotes are one.
fn quoted_part<'a>(typed: &str, quoted: &'a str) -> Result<(Part, &'a str)> {
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let Some((head, tail)) = rest.split_once('"') else {
            return Err(malformed(typed, "a quote is not closed"));
        };
        name.push_str(head);
        rest = tail;
        match rest.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return Ok((Part { folded: name.clone(), exact: name }, rest)),
        }
    }
}

fn plain_part(rest: &str) -> (Part, &str) {
    let (name, after) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    (Part { folded: name.to_lowercase(), exact: name.to_owned() }, after)
}

fn malformed(typed: &str, why: &str) -> Error {
    Error::Usage {
        reason: format!("{typed:?} is not a table's name: {why}"),
        remedy: "write table, schema.table, or \"Quoted\".\"Names\"".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(typed: &str) -> Vec<String> {
        let name = parse(typed).unwrap();
        name.schema.into_iter().chain([name.name]).map(|part| part.folded).collect()
    }

    #[test]
    fn names_fold_as_in_sql() {
        assert_eq!(folded("Messages"), ["messages"]);
        assert_eq!(folded("App.Messages"), ["app", "messages"]);
        assert_eq!(folded("\"App\".\"My \"\"Table\"\". x\""), ["App", "My \"Table\". x"]);
        assert_eq!(folded("app.\"É b\""), ["app", "É b"]);
        assert_eq!(parse("My Table").unwrap().name.exact, "My Table");
    }

    #[test]
    fn a_name_is_pasted_without_quotes_where_it_means_the_same() {
        for (typed, wanted, shown) in [
            ("\"public\".\"chat_messages\"", "public.chat_messages", "public.chat_messages"),
            ("Messages", "Messages", "Messages"),
            ("\"app\".\"Messages\"", "'\"app\".\"Messages\"'", "app.Messages"),
            ("\"a.b\".\"it's $1\"", "'\"a.b\".\"it'\\''s $1\"'", "a.b.it's $1"),
        ] {
            assert_eq!((pasted(typed), plain(typed)), (wanted.to_owned(), shown.to_owned()));
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for typed in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"a\"b", "\"\""] {
            assert!(matches!(parse(typed), Err(Error::Usage { .. })), "{typed}");
        }
    }
}
