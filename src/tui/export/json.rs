//! Something of ours as JSON text that can be printed on a terminal: what could harm one is escaped, and means the same. And a table as an object
//! whose rows are objects.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Cell, Column, Raw, Table};
use crate::tui::harmless::Seen;

/// Something of ours as JSON. It has string keys and finite numbers only, so that this cannot fail; if it did,
/// the fault would be in the output, where it is seen.
pub fn one_line(value: &impl Serialize) -> String {
    serde_json::to_string(value).map_or_else(fault, |text| escape(&text))
}

/// The same over several lines, for people too.
pub fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).map_or_else(fault, |text| escape(&text))
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_or_else` hands over")]
fn fault(fault: serde_json::Error) -> String {
    format!("{{\"fault\":\"{}\"}}", fault.to_string().escape_default())
}

/// JSON escapes what ASCII calls control characters; the others can harm a terminal as well. They occur in
/// strings only, where `\uXXXX` means the same.
fn escape(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut seen = Seen::default();
    for c in json.chars() {
        let escapes = seen.escapes(c);
        if c == '\n' || !escapes {
            text.push(c);
        } else {
            text.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("about", &self.about)?;
        map.serialize_entry("notes", &self.notes)?;
        if let Some(filter) = &self.filter {
            map.serialize_entry("filter", filter)?;
        }
        let rows: Vec<_> = self.rows.iter().map(|row| Row(&self.columns, row)).collect();
        map.serialize_entry(self.list, &rows)?;
        map.end()
    }
}

struct Row<'a>(&'a [Column], &'a [Cell]);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(self.0.iter().map(|column| column.name).zip(self.1.iter().map(|cell| &cell.raw)))
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing | Self::Null => serializer.serialize_none(),
            Self::Text(text) | Self::Value(text) => serializer.serialize_str(text),
            Self::Whole(n) => serializer.serialize_i64(*n),
            Self::Float(n) => serializer.serialize_f64(*n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_harms_a_terminal_is_escaped_and_means_the_same() {
        let words = "a\u{9b}b\u{202e}c\u{e0041}d\u{7f}é表\n\"\\";
        let text = one_line(&words);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), words);
        assert_eq!(text, "\"a\\u009bb\\u202ec\\udb40\\udc41d\\u007fé表\\n\\\"\\\\\"");
    }
    #[test]
    fn a_table_is_an_object_whose_values_are_raw() {
        let text = pretty(&super::super::odd());
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(text.starts_with("{\n  \"about\": \"public.a|b\",\n  \"notes\""), "{text}");
        assert_eq!(object["filter"], "a`b\u{1b}[2J");
        assert_eq!(object["rows"][0]["size_bytes"], 1_300_000_000);
        assert_eq!(object["rows"][1]["value"], serde_json::Value::Null);
        assert_eq!(object["rows"][3]["words"], "-\t\u{1b}[31m\u{202e}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']));
    }
}
