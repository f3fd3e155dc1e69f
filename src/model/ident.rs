//! Names as PostgreSQL has them: at most 63 *bytes*, any character, quoted whenever they become SQL.
//!
//! `Display` writes the quoted form, so `format!("… {ident} …")` is safe SQL; [`Ident::as_str`] and
//! [`QualifiedName::plain`] are for people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// NAMEDATALEN - 1 (manual, 4.1.1 Identifiers and Key Words).
pub const MAX_BYTES: usize = 63;

/// One name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ident(String);

impl Ident {
    /// A name as the catalogue holds it (no quotes).
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name without quotes, for people and for bind parameters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with a suffix, shortened by bytes with a hash where it would not fit.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        Self(fit(&format!("{}{suffix}", self.0), suffix.len()))
    }

    /// `self` and `other` joined by `_`, shortened by bytes with a hash where it would not fit.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        Self(fit(&format!("{}_{}", self.0, other.0), 0))
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A name with its schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QualifiedName {
    /// The schema.
    pub schema: Ident,
    /// The relation.
    pub name: Ident,
}

impl QualifiedName {
    /// A relation in a schema.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Ident::new(schema), name: Ident::new(name) }
    }

    /// Another relation in the same schema.
    #[must_use]
    pub fn sibling(&self, name: Ident) -> Self {
        Self { schema: self.schema.clone(), name }
    }

    /// `schema.name` without quotes, for people.
    pub fn plain(&self) -> String {
        format!("{}.{}", self.schema.as_str(), self.name.as_str())
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A string literal; the session has `standard_conforming_strings = on`.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Cuts `name` to [`MAX_BYTES`], keeping the last `tail` bytes, with eight hex digits of a hash of the whole.
fn fit(name: &str, tail: usize) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let tail = if tail + 20 > MAX_BYTES { 0 } else { tail };
    let hash = format!("_{:08x}", fnv1a(name.as_bytes()));
    let (head, end) = name.split_at(floor_boundary(name, name.len() - tail));
    let keep = floor_boundary(head, MAX_BYTES - hash.len() - end.len());
    format!("{}{hash}{end}", &head[..keep])
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// FNV-1a, 32 bits: stable across versions of Rust, which `DefaultHasher` is not.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(Ident::new("a\"b; drop").to_string(), "\"a\"\"b; drop\"");
        assert_eq!(QualifiedName::new("My Schema", "é").to_string(), "\"My Schema\".\"é\"");
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn long_names_are_cut_by_bytes_and_stay_apart() {
        let a = Ident::new("é".repeat(31)).with_suffix("_2024_q1");
        let b = Ident::new("é".repeat(31)).with_suffix("_2024_q2");
        assert!(a.as_str().len() <= MAX_BYTES && b.as_str().len() <= MAX_BYTES);
        assert_ne!(a, b);
        assert!(a.as_str().ends_with("_2024_q1"));
        let joined = a.join(&Ident::new("chat_messages_session_id_created_at_idx"));
        assert!(joined.as_str().len() <= MAX_BYTES);
    }
}
