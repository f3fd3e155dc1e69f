//! Something of ours as JSON text that can be printed on a terminal: what could harm one is escaped, and means the same.

use serde::Serialize;

use crate::tui::harmless::harmless;

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
    for c in json.chars() {
        if c == '\n' || harmless(c.encode_utf8(&mut [0; 4])).chars().eq([c]) {
            text.push(c);
        } else {
            text.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
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
}
