//! Tokens (manual, 4.1), and statements that a semicolon ends.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// White space or a comment.
    Gap,
    /// A keyword or an unquoted name.
    Word,
    /// A quoted name.
    Quoted,
    /// A string.
    Text,
    /// `$1`.
    Param,
    /// A number.
    Number,
    /// One character of everything else.
    Symbol,
}

/// A piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
}

impl Token {
    /// Its text.
    pub fn text<'a>(&self, sql: &'a str) -> &'a str {
        &sql[self.start..self.end]
    }
}

/// All of a text; together they are the text.
pub fn tokens(sql: &str) -> Vec<Token> {
    let mut all = Vec::new();
    let mut start = 0;
    while start < sql.len() {
        let (kind, length) = token(&sql[start..]);
        all.push(Token { kind, start, end: start + length });
        start += length;
    }
    all
}

/// The first token of a text that is not empty: its kind, and its bytes.
fn token(sql: &str) -> (Kind, usize) {
    let first = sql.chars().next().unwrap_or(' ');
    let word = |rest: &str| {
        rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len())
    };
    match first {
        _ if first.is_whitespace() => {
            (Kind::Gap, sql.find(|c: char| !c.is_whitespace()).unwrap_or(sql.len()))
        }
        '-' if sql.starts_with("--") => (Kind::Gap, sql.find('\n').map_or(sql.len(), |at| at + 1)),
        '/' if sql.starts_with("/*") => (Kind::Gap, comment(sql)),
        '"' => (Kind::Quoted, quoted(sql, '"', Escapes::None)),
        '\'' => (Kind::Text, quoted(sql, '\'', Escapes::None)),
        'e' | 'E' if sql[1..].starts_with('\'') => {
            (Kind::Text, 1 + quoted(&sql[1..], '\'', Escapes::Backslash))
        }
        'b' | 'B' | 'x' | 'X' | 'n' | 'N' if sql[1..].starts_with('\'') => {
            (Kind::Text, 1 + quoted(&sql[1..], '\'', Escapes::None))
        }
        'u' | 'U' if sql[1..].starts_with("&'") => (Kind::Text, 2 + quoted(&sql[2..], '\'', Escapes::None)),
        'u' | 'U' if sql[1..].starts_with("&\"") => (Kind::Quoted, 2 + quoted(&sql[2..], '"', Escapes::None)),
        '$' => dollar(sql),
        _ if first.is_ascii_digit() => (
            Kind::Number,
            sql.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_')).unwrap_or(sql.len()),
        ),
        _ if first.is_alphabetic() || first == '_' => (Kind::Word, word(sql)),
        _ => (Kind::Symbol, first.len_utf8()),
    }
}

/// Whether a backslash takes the meaning of what follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    Backslash,
}

/// Bytes up to the closing quote; to the end, where there is none.
fn quoted(sql: &str, quote: char, escapes: Escapes) -> usize {
    let mut chars = sql.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes == Escapes::Backslash {
            chars.next();
        } else if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => {
                    chars.next();
                }
                _ => return at + quote.len_utf8(),
            }
        }
    }
    sql.len()
}

/// A comment may hold others.
fn comment(sql: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < sql.len() {
        let rest = &sql[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    sql.len()
}

/// A parameter, a string between dollars, or a lone `$`.
fn dollar(sql: &str) -> (Kind, usize) {
    let digits = sql[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(sql.len() - 1);
    if digits > 0 {
        return (Kind::Param, 1 + digits);
    }
    let Some(end) = sql[1..].find('$') else { return (Kind::Symbol, 1) };
    let tag = &sql[..end + 2];
    if !tag[1..=end].chars().all(|c| c.is_alphanumeric() || c == '_') {
        return (Kind::Symbol, 1);
    }
    let close = sql[tag.len()..].find(tag);
    (Kind::Text, close.map_or(sql.len(), |at| at + 2 * tag.len()))
}

/// The statements of a text, each with what stands before it since the last one; empty ones are left out.
pub fn statements(sql: &str) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    let (mut from, mut begun) = (0, None);
    let ends = tokens(sql);
    let end = Token { kind: Kind::Symbol, start: sql.len(), end: sql.len() };
    for token in ends.into_iter().chain([end]) {
        let is_end = token.start == sql.len() || (token.kind == Kind::Symbol && token.text(sql) == ";");
        if is_end {
            if let Some(start) = begun.take() {
                all.push((&sql[from..start], sql[start..token.start].trim_end()));
            }
            from = token.end;
        } else if token.kind != Kind::Gap && begun.is_none() {
            begun = Some(token.start);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_are_what_the_server_takes_them_for() {
        let sql = "SELECT a.\"b \"\"c\", 'it''s', E'\\'x', $$;$$, $t$ $$ ; $t$, $12 FROM t -- ;\n/* ; /* ; */ */ WHERE x<=1.5e3";
        let code: Vec<_> =
            tokens(sql).into_iter().filter(|t| t.kind != Kind::Gap).map(|t| (t.kind, t.text(sql))).collect();
        let of = |kind| code.iter().filter(|(k, _)| *k == kind).map(|(_, text)| *text).collect::<Vec<_>>();
        assert_eq!(of(Kind::Text), ["'it''s'", "E'\\'x'", "$$;$$", "$t$ $$ ; $t$"]);
        assert_eq!(of(Kind::Quoted), ["\"b \"\"c\""]);
        assert_eq!(of(Kind::Param), ["$12"]);
        assert_eq!(of(Kind::Word), ["SELECT", "a", "FROM", "t", "WHERE", "x"]);
        assert_eq!(of(Kind::Number), ["1.5e3"]);
    }

    #[test]
    fn statements_end_where_a_semicolon_is_one() {
        let sql = "-- $1 = 'x;y'\nSELECT 1 ; ;\n SELECT ';' -- ;\n, $$;$$;INSERT INTO t VALUES ($1)";
        let all = statements(sql);
        let texts: Vec<_> = all.iter().map(|(_, text)| *text).collect();
        assert_eq!(texts, ["SELECT 1", "SELECT ';' -- ;\n, $$;$$", "INSERT INTO t VALUES ($1)"]);
        assert_eq!(all[0].0, "-- $1 = 'x;y'\n");
    }

    proptest! {
        #[test]
        fn tokens_are_the_text(sql in "[a-zA-Z0-9_ '\"$;/*.\\\\\\n-éß]{0,60}") {
            let all = tokens(&sql);
            let text: String = all.iter().map(|token| token.text(&sql)).collect();
            prop_assert_eq!(text, sql.clone());
            statements(&sql);
        }
    }
}
