//! CSV as in RFC 4180, with a line feed behind each row. What a spreadsheet would take for a formula stands behind a quote mark, and what could harm a
//! terminal is written as an escape: people `cat` such files. JSON has the same byte by byte.

use super::{Cell, Column, Raw, Table};
use crate::tui::harmless::harmless;

/// The columns' names, then a line a row.
pub fn csv(table: &Table) -> String {
    let names = table.columns.iter().map(|Column { name, .. }| (*name).to_owned());
    let mut text = line(names);
    for row in &table.rows {
        text.push_str(&line(row.iter().map(cell)));
    }
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\n"
}

/// NULL is the bare word, as an empty value is two quote marks: a text of the same letters is told from both.
fn cell(cell: &Cell) -> String {
    match &cell.raw {
        Raw::Nothing => String::new(),
        Raw::Null => "NULL".into(),
        Raw::Value(value) if value.is_empty() || value == "NULL" => format!("\"{value}\""),
        Raw::Text(text) | Raw::Value(text) => quoted(text),
        Raw::Whole(n) => n.to_string(),
        Raw::Float(n) => n.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    // Lines stay lines, which quote marks hold together.
    let clean = text.split('\n').map(harmless).collect::<Vec<_>>().join("\n");
    if guard.is_empty() && !clean.contains([',', '"', '\n']) {
        clean
    } else {
        format!("\"{guard}{}\"", clean.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::odd, *};

    #[test]
    fn csv_survives_commas_quotes_lines_formulas_and_what_harms_a_terminal() {
        let text = csv(&odd());
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        assert_eq!(
            lines,
            [
                "words,value,size_bytes,only_raw\n",
                "plain,\"NULL\",1300000000,raw\n",
                "\"a,b \"\"c\"\" | `d` \\ *e* _f_ &lt;\",NULL,-2,raw\n",
                "\"'=1+1\",\"\",,raw\n",
                "\"'-\\t\\u{1b}[31m\\u{202e}\",\"see you at\\r\n",
                "noon\",0,raw\n"
            ]
        );
    }
}
