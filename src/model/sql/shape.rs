//! What an audit wants to know of a statement's text: its verb, what it compares with parameters, what it sets, where its
//! condition stands.

use super::{Kind, Token, tokens};
use crate::model::ident::{Ident, QualifiedName};

/// A column that is compared with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The column, without its table.
    pub column: String,
    /// How.
    pub how: Comparison,
    /// The parameter's number, from 1.
    pub param: usize,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`, or inserted.
    Equal,
    /// One of a list.
    OneOf,
    /// `= ANY` of an array.
    Any,
    /// `>` or `>=`.
    Above,
    /// `<` or `<=`.
    Below,
}

/// A statement's text, read.
#[derive(Debug)]
pub struct Shape<'a> {
    sql: &'a str,
    /// All but white space and comments, each with its depth in parentheses.
    code: Vec<(Token, usize)>,
}

/// Words that end a condition.
const AFTER_WHERE: [&str; 13] = [
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
    "RETURNING",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "ON",
];
/// Words that cannot be an alias.
const NO_ALIAS: [&str; 20] = [
    "WHERE",
    "SET",
    "JOIN",
    "LEFT",
    "RIGHT",
    "INNER",
    "FULL",
    "CROSS",
    "NATURAL",
    "ON",
    "USING",
    "GROUP",
    "ORDER",
    "LIMIT",
    "VALUES",
    "SELECT",
    "DEFAULT",
    "RETURNING",
    "FOR",
    "OVERRIDING",
];

impl<'a> Shape<'a> {
    /// Of one statement.
    pub fn of(sql: &'a str) -> Self {
        let mut depth = 0_usize;
        let mut code = Vec::new();
        for token in tokens(sql).into_iter().filter(|token| token.kind != Kind::Gap) {
            let text = token.text(sql);
            if text == ")" {
                depth = depth.saturating_sub(1);
            }
            code.push((token, depth));
            if text == "(" {
                depth += 1;
            }
        }
        Self { sql, code }
    }

    /// Whether a keyword stands there; behind a dot there is a name.
    fn is(&self, at: usize, keyword: &str) -> bool {
        let is_name = at > 0 && self.text(at - 1) == ".";
        !is_name && self.code.get(at).is_some_and(|(token, _)| token.is(self.sql, keyword))
    }

    fn text(&self, at: usize) -> &'a str {
        self.code.get(at).map_or("", |(token, _)| token.text(self.sql))
    }

    /// Whether it reads or changes a table of this name, in its schema or in one that is not named.
    pub fn reads(&self, table: &QualifiedName) -> bool {
        self.places_of(table).next().is_some()
    }

    /// Where it names a table to read or change it.
    fn places_of<'t>(&'t self, table: &'t QualifiedName) -> impl Iterator<Item = usize> + 't {
        const WORDS: [&str; 8] = ["FROM", "JOIN", "UPDATE", "INTO", "ONLY", "USING", "TABLE", ","];
        (0..self.code.len()).filter(|at| {
            let before = |n: usize| at.checked_sub(n).map_or("", |at| self.text(at));
            let is_qualified = before(1) == ".";
            let is_its = !is_qualified || (*at >= 2 && self.code[at - 2].0.names(self.sql, &table.schema));
            let starts = before(if is_qualified { 3 } else { 1 });
            // `table.column` names a column.
            self.code[*at].0.names(self.sql, &table.name)
                && is_its
                && WORDS.iter().any(|word| starts.eq_ignore_ascii_case(word))
                && self.text(at + 1) != "."
        })
    }

    /// Whether it is an INSERT that names a constraint.
    pub fn names_constraint(&self) -> bool {
        (0..self.code.len())
            .any(|at| self.is(at, "CONFLICT") && self.is(at + 1, "ON") && self.is(at + 2, "CONSTRAINT"))
    }

    /// `SELECT`, `INSERT`, `UPDATE`, `DELETE`, `MERGE` where it is one of them, also behind WITH; in capitals.
    pub fn verb(&self) -> Option<&'static str> {
        const VERBS: [&str; 7] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE"];
        let first = VERBS.into_iter().find(|verb| self.is(0, verb));
        if first.is_some() || !(self.is(0, "WITH") || self.text(0) == "(") {
            return first;
        }
        let mut tops = (0..self.code.len()).filter(|at| self.code[*at].1 == 0);
        let behind = tops.find_map(|at| VERBS.into_iter().take(5).find(|verb| self.is(at, verb)));
        behind.or_else(|| (self.text(0) == "(").then_some("SELECT"))
    }

    /// The number of parameters.
    pub fn params(&self) -> usize {
        let number = |(token, _): &(Token, usize)| match token.kind {
            Kind::Param => token.text(self.sql)[1..].parse().unwrap_or(0),
            Kind::Gap | Kind::Word | Kind::Quoted | Kind::Text | Kind::Number | Kind::Symbol => 0,
        };
        self.code.iter().map(number).max().unwrap_or(0)
    }

    fn param(&self, at: usize) -> Option<usize> {
        let (token, _) = self.code.get(at)?;
        (token.kind == Kind::Param).then(|| token.text(self.sql)[1..].parse().ok()).flatten()
    }

    /// A name that ends right before `at`.
    fn name_before(&self, at: usize) -> Option<String> {
        self.code.get(at.checked_sub(1)?)?.0.name(self.sql)
    }

    /// What it compares with parameters, as far as the text shows it.
    pub fn compared(&self) -> Vec<Compared> {
        let mut all = Vec::new();
        for at in 0..self.code.len() {
            let Some(param) = self.param(at) else { continue };
            if let Some((column, how)) = self.left_of(at).or_else(|| self.right_of(at)) {
                all.push(Compared { column, how, param });
            }
        }
        all.extend(self.inserted());
        all
    }

    /// The column on the left of a parameter, over the operator between them.
    fn left_of(&self, at: usize) -> Option<(String, Comparison)> {
        let before = |n: usize| at.checked_sub(n).map_or("", |at| self.text(at));
        let named = |n: usize| at.checked_sub(n).and_then(|at| self.name_before(at + 1));
        let (one, two, three) = (before(1), before(2), before(3));
        match (two, one) {
            (">" | "<", "=") => {
                Some((named(3)?, if two == ">" { Comparison::Above } else { Comparison::Below }))
            }
            (_, "=") if two != "!" => Some((named(2)?, Comparison::Equal)),
            ("<", ">") => None,
            (_, ">") if two != "-" && two != "=" => Some((named(2)?, Comparison::Above)),
            (_, "<") => Some((named(2)?, Comparison::Below)),
            (_, "(") if two.eq_ignore_ascii_case("ANY") && three == "=" => Some((named(4)?, Comparison::Any)),
            (_, "(") if two.eq_ignore_ascii_case("IN") => Some((named(3)?, Comparison::OneOf)),
            _ if one.eq_ignore_ascii_case("BETWEEN") => Some((named(2)?, Comparison::Above)),
            // column BETWEEN $1 AND $2
            _ if one.eq_ignore_ascii_case("AND") && before(3).eq_ignore_ascii_case("BETWEEN") => {
                Some((named(4)?, Comparison::Below))
            }
            _ => None,
        }
    }

    /// The column on the right of a parameter: `$1 <= column`.
    fn right_of(&self, at: usize) -> Option<(String, Comparison)> {
        let (one, two) = (self.text(at + 1), self.text(at + 2));
        let (how, first) = match (one, two) {
            ("=", _) => (Comparison::Equal, at + 2),
            ("<" | ">", ">") | ("<", "<") => return None,
            ("<", "=") => (Comparison::Above, at + 3),
            (">", "=") => (Comparison::Below, at + 3),
            ("<", _) => (Comparison::Above, at + 2),
            (">", _) => (Comparison::Below, at + 2),
            _ => return None,
        };
        let column = if self.text(first + 1) == "." { first + 2 } else { first };
        Some((self.code.get(column)?.0.name(self.sql)?, how))
    }

    /// The function that a parameter is the first argument of.
    pub fn function_of(&self, param: usize) -> Option<String> {
        let at = (0..self.code.len()).find(|at| self.param(*at) == Some(param))?;
        (at >= 2 && self.text(at - 1) == "(").then(|| self.name_before(at - 1)).flatten()
    }

    /// `INSERT INTO t (a, b) VALUES ($1, $2)`: which column gets which parameter.
    fn inserted(&self) -> Vec<Compared> {
        let columns = self.insert_columns();
        let Some(values) = (0..self.code.len()).find(|at| self.is(*at, "VALUES") && self.text(at + 1) == "(")
        else {
            return Vec::new();
        };
        let inner = self.code[values + 1].1 + 1;
        let (mut place, mut all) = (0, Vec::new());
        for at in values + 2..self.code.len() {
            match (self.text(at), self.code[at].1 == inner) {
                (")", _) if self.code[at].1 < inner => break,
                (",", true) => place += 1,
                (_, true) => {
                    let pair = self.param(at).zip(columns.get(place));
                    all.extend(pair.map(|(param, column)| Compared {
                        column: column.clone(),
                        how: Comparison::Equal,
                        param,
                    }));
                }
                _ => {}
            }
        }
        all
    }

    /// The columns that an INSERT names.
    fn insert_columns(&self) -> Vec<String> {
        let Some(into) = (0..self.code.len()).find(|at| self.is(*at, "INTO")) else { return Vec::new() };
        let Some(open) = (into..self.code.len()).find(|at| self.text(*at) == "(") else { return Vec::new() };
        let inside = self.code[open + 1..].iter().take_while(|(token, _)| token.text(self.sql) != ")");
        inside.filter_map(|(token, _)| token.name(self.sql)).collect()
    }

    /// Whether it sets a column of rows that are there.
    pub fn sets(&self, column: &Ident) -> bool {
        let mut is_setting = None;
        for (at, (token, depth)) in self.code.iter().enumerate() {
            if token.is(self.sql, "SET") {
                is_setting = Some(*depth);
            } else if is_setting == Some(*depth)
                && ["WHERE", "FROM", "RETURNING"].iter().any(|word| token.is(self.sql, word))
            {
                is_setting = None;
            }
            let begins = is_setting.is_some()
                && (self.is(at.wrapping_sub(1), "SET")
                    || [",", "("].contains(&self.text(at.wrapping_sub(1))));
            if begins && token.names(self.sql, column) && matches!(self.text(at + 1), "=" | "," | ")") {
                return true;
            }
        }
        false
    }

    /// The columns of `ON CONFLICT (…)`, and where they stand: from the first byte of the first one to behind the last.
    pub fn conflict(&self) -> Option<(Vec<String>, usize, usize)> {
        let at = (0..self.code.len())
            .find(|at| self.is(*at, "ON") && self.is(at + 1, "CONFLICT") && self.text(at + 2) == "(")?;
        let inside: Vec<_> = self.code[at + 3..]
            .iter()
            .map(|(token, _)| token)
            .take_while(|token| token.text(self.sql) != ")")
            .collect();
        let (first, last) = (inside.first()?, inside.last()?);
        Some((inside.iter().filter_map(|token| token.name(self.sql)).collect(), first.start, last.end))
    }

    /// By what name its rows are called where it reads or changes the table once, at the top: its alias, else the table.
    pub fn called(&self, table: &QualifiedName) -> Option<String> {
        let found: Vec<usize> = self.places_of(table).collect();
        let [at] = found[..] else { return None };
        if self.code[at].1 > 0 {
            return None;
        }
        let alias = if self.is(at + 1, "AS") { at + 2 } else { at + 1 };
        let token = self.code.get(alias).map(|(token, _)| token);
        let alias = token.filter(|token| !NO_ALIAS.iter().any(|word| token.is(self.sql, word)));
        Some(
            alias
                .filter(|token| token.name(self.sql).is_some())
                .map_or_else(|| table.name.to_string(), |token| token.text(self.sql).to_owned()),
        )
    }

    /// Whether rows come from an outer join: a condition behind WHERE would take those away that found no other.
    pub fn joins_outer(&self) -> bool {
        let outer = |at: &usize| {
            ["LEFT", "RIGHT", "FULL"].iter().any(|word| self.is(*at, word))
                && (self.is(at + 1, "JOIN") || (self.is(at + 1, "OUTER") && self.is(at + 2, "JOIN")))
        };
        (0..self.code.len()).any(|at| outer(&at))
    }

    /// Whether the condition is of alternatives, or of what is not.
    fn is_plain(&self, from: usize, to: usize) -> bool {
        let within = self
            .code
            .iter()
            .enumerate()
            .filter(|(_, (token, depth))| *depth == 0 && token.start >= from && token.end <= to);
        within.map(|(at, _)| at).all(|at| !self.is(at, "OR") && !self.is(at, "NOT") && !self.is(at, "CASE"))
    }

    /// The columns that the condition itself says are equal to one value each, of the rows called `called`.
    pub fn equated(&self, called: &str) -> Vec<String> {
        let Some((from, to)) = self.condition() else { return Vec::new() };
        if !self.is_plain(from, to) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for at in 0..self.code.len() {
            let (token, depth) = &self.code[at];
            let is_here = *depth == 0 && token.start >= from && token.end <= to;
            let is_equal =
                self.text(at) == "=" && ![">", "<", "!", "="].contains(&self.text(at.wrapping_sub(1)));
            if !is_here || !is_equal {
                continue;
            }
            let value = self
                .code
                .get(at + 1)
                .is_some_and(|(token, _)| matches!(token.kind, Kind::Param | Kind::Text | Kind::Number));
            // Behind the value the condition ends, or another one begins.
            let is_whole =
                self.code.get(at + 2).is_none_or(|(token, _)| token.start >= to) || self.is(at + 2, "AND");
            let is_its = at < 2 || self.text(at - 2) != "." || self.text(at.wrapping_sub(3)) == called;
            let begins =
                if at >= 2 && self.text(at - 2) == "." { at.checked_sub(4) } else { at.checked_sub(2) };
            let is_first = begins.is_some_and(|before| self.is(before, "WHERE") || self.is(before, "AND"));
            if let Some(name) = self.name_before(at).filter(|_| value && is_whole && is_its && is_first) {
                found.push(name);
            }
        }
        found
    }

    /// Where the condition of the statement itself stands: behind WHERE, up to what follows it.
    pub fn condition(&self) -> Option<(usize, usize)> {
        let tops: Vec<usize> = (0..self.code.len()).filter(|at| self.code[*at].1 == 0).collect();
        let sets = ["UNION", "INTERSECT", "EXCEPT"];
        if tops.iter().any(|at| sets.iter().any(|word| self.is(*at, word))) {
            return None;
        }
        let at = tops.iter().copied().find(|at| self.is(*at, "WHERE"))?;
        let from = self.code.get(at + 1)?.0.start;
        let end = tops
            .iter()
            .copied()
            .find(|next| *next > at && AFTER_WHERE.iter().any(|word| self.is(*next, word)));
        // A comment behind it is not a part of it.
        let last = end.map_or(self.code.len() - 1, |end| end - 1);
        Some((from, self.code[last].0.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sql: &str) -> Vec<(String, Comparison, usize)> {
        Shape::of(sql).compared().into_iter().map(|c| (c.column, c.how, c.param)).collect()
    }

    #[test]
    fn what_is_compared_is_seen() {
        let all = seen(
            "SELECT * FROM m WHERE m.id = $1 AND \"At\" >= $2 AND at<$3 AND s IN ($4, $5) AND t = ANY ($6) AND u BETWEEN $7 AND $8 AND v <> $9 AND w->$10 IS NULL AND x != $11",
        );
        let of = |c: &str, how, n| (c.to_owned(), how, n);
        assert_eq!(
            all,
            [
                of("id", Comparison::Equal, 1),
                of("At", Comparison::Above, 2),
                of("at", Comparison::Below, 3),
                of("s", Comparison::OneOf, 4),
                of("t", Comparison::Any, 6),
                of("u", Comparison::Above, 7),
                of("u", Comparison::Below, 8),
            ]
        );
        assert_eq!(
            seen("INSERT INTO a.m (id, at) VALUES ($1, coalesce($3, now())), ($2, $4)"),
            [of("id", Comparison::Equal, 1)]
        );
    }

    #[test]
    fn verbs_are_found_behind_with() {
        let verb = |sql| Shape::of(sql).verb();
        assert_eq!(verb("with x as (select 1) Update m set a = 1"), Some("UPDATE"));
        assert_eq!(verb("(SELECT 1) UNION SELECT 2"), Some("SELECT"));
        assert_eq!(verb("VACUUM m"), None);
    }

    #[test]
    fn what_is_set_is_seen() {
        let at = Ident::new("at");
        for (sql, sets) in [
            ("UPDATE m SET body = at, at = $1 WHERE id = $2", true),
            ("UPDATE m SET (a, at) = (1, 2)", true),
            ("UPDATE m SET body = $1 WHERE at = $2", false),
            ("INSERT INTO m VALUES (1) ON CONFLICT (id) DO UPDATE SET at = excluded.at", true),
            ("SELECT at FROM m", false),
        ] {
            assert_eq!(Shape::of(sql).sets(&at), sets, "{sql}");
        }
    }

    #[test]
    fn conditions_end_where_they_end() {
        let of = |sql: &'static str| Shape::of(sql).condition().map(|(from, to)| &sql[from..to]);
        assert_eq!(
            of("SELECT * FROM m WHERE a = (SELECT 1 ORDER BY 1) OR b ORDER BY c LIMIT 1"),
            Some("a = (SELECT 1 ORDER BY 1) OR b")
        );
        assert_eq!(of("DELETE FROM m WHERE a = $1"), Some("a = $1"));
        assert_eq!(of("SELECT 1 FROM m WHERE a UNION SELECT 2"), None);
        assert_eq!(of("SELECT 1 FROM m"), None);
    }

    #[test]
    fn a_table_is_called_by_its_alias() {
        let table = QualifiedName::new("app", "m");
        let called = |sql: &str| Shape::of(sql).called(&table);
        assert_eq!(called("SELECT * FROM m WHERE x"), Some("\"m\"".into()));
        assert_eq!(called("SELECT * FROM app.m AS t JOIN u ON u.m = t.id"), Some("t".into()));
        assert_eq!(called("UPDATE only m x SET a = 1"), Some("x".into()));
        assert_eq!(called("SELECT * FROM m JOIN m b USING (id)"), None);
        assert_eq!(called("SELECT * FROM (SELECT * FROM m) s"), None);
    }
}
