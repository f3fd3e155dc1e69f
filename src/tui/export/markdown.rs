//! A table of GitHub's Markdown, with what is to be said of it before and its code behind it. Whatever a name or a value holds, it breaks neither the
//! table nor the terminal that shows the file.

use std::fmt::Write;

use super::{Column, Set, Table};
use crate::tui::harmless::harmless;

/// A heading, what is said, the table, its code.
pub fn markdown(table: &Table) -> String {
    let mut text = format!("# {}\n\n", escaped(&table.about));
    let filter = table.filter.iter().map(|filter| format!("only what passes the filter: {filter}"));
    for note in table.notes.iter().cloned().chain(filter) {
        let _ = writeln!(text, "- {}", escaped(&note));
    }
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
    rows(&mut text, table);
    for (heading, code) in &table.code {
        let clean = code.trim_end().split('\n').map(harmless).collect::<Vec<_>>().join("\n");
        let fence = "`".repeat(longest(&clean, '`').max(2) + 1);
        let _ = write!(text, "\n## {}\n\n{fence}sql\n{clean}\n{fence}\n", escaped(heading));
    }
    text
}

fn rows(text: &mut String, table: &Table) {
    let shown: Vec<(usize, &Column, &str)> =
        table.columns.iter().enumerate().filter_map(|(at, one)| Some((at, one, one.title?))).collect();
    if table.rows.is_empty() {
        let _ = writeln!(text, "None of the {}.", table.list);
        return;
    }
    let titles: Vec<_> = shown.iter().map(|(_, _, title)| *title).collect();
    let _ = writeln!(text, "| {} |", titles.join(" | "));
    for (_, column, _) in &shown {
        text.push_str(match column.set {
            Set::Left => "|---",
            Set::Right => "|--:",
        });
    }
    text.push_str("|\n");
    for row in &table.rows {
        let cells = shown.iter().filter_map(|(at, _, _)| row.get(*at)).map(|cell| escaped(&cell.shown));
        let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}

/// Text that is taken for nothing else, on one line.
fn escaped(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        if matches!(c, '|' | '`' | '<' | '*' | '[' | '\\' | '~' | '&') {
            clean.push('\\');
        }
        clean.push(c);
    }
    underlined(&clean)
}

/// An underscore at the edge of a word would begin or end emphasis; one inside a word does not.
fn underlined(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_word = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| c.is_alphanumeric());
    let mut clean = String::with_capacity(text.len());
    for (at, c) in letters.iter().enumerate() {
        if *c == '_' && !(is_word(at.checked_sub(1)) && is_word(Some(at + 1))) {
            clean.push('\\');
        }
        clean.push(*c);
    }
    clean
}

/// The longest run of a character.
fn longest(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{super::odd, *};

    #[test]
    fn no_name_or_value_breaks_the_table() {
        let text = markdown(&odd());
        assert_eq!(
            text,
            "# public.a\\|b\n\n\
             - what is \\<b>said\\</b>\\\\nof all\n\
             - only what passes the filter: a\\`b\\\\u{1b}\\[2J\n\n\
             | words | value | size |\n|---|---|--:|\n\
             | plain | NULL | 1.2 GB |\n\
             | a,b \"c\" \\| \\`d\\` \\\\ \\*e\\* \\_f\\_ \\&lt; | NULL | -2 B |\n\
             | =1+1 | '' |  |\n\
             | -\\\\t\\\\u{1b}\\[31m\\\\u{202e} | see you at\\\\r\\\\nnoon | 0 B |\n\n\
             ## \\`odd\\`\n\n````sql\nSELECT '```'\n\\u{1b}[2J;\n````\n"
        );
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn an_empty_table_says_so() {
        let table = Table { rows: Vec::new(), notes: Vec::new(), filter: None, code: Vec::new(), ..odd() };
        assert_eq!(markdown(&table), "# public.a\\|b\n\nNone of the rows.\n");
    }
}
