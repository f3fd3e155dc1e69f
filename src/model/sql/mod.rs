//! SQL as text: cut into tokens and statements, and read as far as an audit needs it. It is no parser: the server is.

mod shape;
mod tokens;

pub use shape::{Compared, Comparison, Shape};
pub use tokens::{Kind, Token, statements, tokens};

use std::fmt::Write as _;

use crate::model::ident::{Ident, QualifiedName};

/// The statement with each `schema.table` of `table` written as `other`; unqualified names are left to the search path.
pub fn renamed(sql: &str, table: &QualifiedName, other: &str) -> String {
    let all = tokens(sql);
    let code: Vec<&Token> = all.iter().filter(|token| token.kind != Kind::Gap).collect();
    let mut text = String::new();
    let mut from = 0;
    for three in code.windows(3) {
        let is_name = three[0].names(sql, &table.schema)
            && three[1].text(sql) == "."
            && three[2].names(sql, &table.name)
            && three[0].start >= from;
        if is_name {
            text.push_str(&sql[from..three[0].start]);
            text.push_str(other);
            from = three[2].end;
        }
    }
    text + &sql[from..]
}

/// The statement on one line, without its comments.
pub fn on_one_line(sql: &str) -> String {
    let mut text = String::new();
    for token in tokens(sql) {
        if token.kind != Kind::Gap {
            text.push_str(token.text(sql));
        } else if !text.ends_with(' ') {
            text.push(' ');
        }
    }
    text.trim().to_owned()
}

/// Whether a text is one literal, with its type perhaps, or a time from now.
pub fn is_literal(text: &str) -> bool {
    const WORDS: [&str; 16] = [
        "null",
        "true",
        "false",
        "array",
        "interval",
        "date",
        "timestamp",
        "timestamptz",
        "time",
        "uuid",
        "now",
        "current_timestamp",
        "current_date",
        "text",
        "bigint",
        "int",
    ];
    let mut depth = 0_i32;
    let fits = |token: &Token, depth: &mut i32| match (token.kind, token.text(text)) {
        (Kind::Gap, gap) => gap.trim().is_empty(),
        (Kind::Text | Kind::Number, _) => true,
        (Kind::Word, word) => WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)),
        (Kind::Symbol, "(" | "[") => {
            *depth += 1;
            true
        }
        (Kind::Symbol, ")" | "]") => {
            *depth -= 1;
            *depth >= 0
        }
        (Kind::Symbol, symbol) => ["-", "+", ",", ":"].contains(&symbol),
        (Kind::Quoted | Kind::Param, _) => false,
    };
    !text.trim().is_empty() && tokens(text).iter().all(|token| fits(token, &mut depth)) && depth == 0
}

/// The statement as it can be prepared: where `interval '1 day'` was written, pg_stat_statements says `interval $1`, which
/// is none (a type before a parameter becomes a cast).
pub fn preparable(sql: &str) -> String {
    const TYPES: [&str; 6] = ["interval", "timestamp", "timestamptz", "date", "time", "timetz"];
    let sql = &sql
        .replace("timestamp with time zone $", "timestamptz $")
        .replace("timestamp without time zone $", "timestamp $");
    let all = tokens(sql);
    let mut text = String::new();
    let mut from = 0;
    for three in all.windows(3) {
        let word = three[0].text(sql).to_lowercase();
        let is_typed = three[0].kind == Kind::Word && TYPES.contains(&word.as_str());
        if is_typed && three[1].kind == Kind::Gap && three[2].kind == Kind::Param && three[0].start >= from {
            text.push_str(&sql[from..three[0].start]);
            let _ = write!(text, "CAST({} AS {word})", three[2].text(sql));
            from = three[2].end;
        }
    }
    text + &sql[from..]
}

impl Token {
    /// Whether it is this name, as the server reads it.
    pub fn names(&self, sql: &str, name: &Ident) -> bool {
        self.name(sql).is_some_and(|read| read == name.as_str())
    }

    /// The name that it is, as the server reads it.
    pub fn name(&self, sql: &str) -> Option<String> {
        let text = self.text(sql);
        match self.kind {
            Kind::Word => Some(text.to_lowercase()),
            Kind::Quoted => Some(
                text.strip_prefix('"')
                    .and_then(|t| t.strip_suffix('"'))
                    .unwrap_or(text)
                    .replace("\"\"", "\""),
            ),
            Kind::Gap | Kind::Text | Kind::Param | Kind::Number | Kind::Symbol => None,
        }
    }

    /// Whether it is this keyword.
    pub fn is(&self, sql: &str, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text(sql).eq_ignore_ascii_case(keyword)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_where_they_are_names() {
        let table = QualifiedName::new("app", "m");
        let sql = "SELECT app.m.id, 'app.m' FROM App . m AS m -- app.m\n JOIN \"app\".\"m\" USING (id) WHERE app.mm = 1 AND xapp.m = 2";
        assert_eq!(
            renamed(sql, &table, "pg_temp.m"),
            "SELECT pg_temp.m.id, 'app.m' FROM pg_temp.m AS m -- app.m\n JOIN pg_temp.m USING (id) WHERE app.mm = 1 AND xapp.m = 2"
        );
    }

    #[test]
    fn comments_are_left_out() {
        assert_eq!(on_one_line("-- a\nSELECT 1 -- b\r\n , 2 /* c */ FROM t -- d"), "SELECT 1 , 2 FROM t");
    }

    #[test]
    fn typed_parameters_become_casts() {
        assert_eq!(
            preparable("now() - interval $1 < DATE $2 AND date = $3"),
            "now() - CAST($1 AS interval) < CAST($2 AS date) AND date = $3"
        );
    }
}
