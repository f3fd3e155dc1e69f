//! What hangs on a table and cannot be carried over by this version.
//!
//! The catalogue reader works the other way round than a list of known troubles: whatever depends on the
//! table and is not known to be carried over comes out here, [`HangerKind::Other`] if need be.

use serde::{Deserialize, Serialize};

/// One object, or one property, that would be lost or broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hanger {
    /// What it is.
    pub kind: HangerKind,
    /// Its name, `archive on public.messages` for example.
    pub name: String,
}

/// What hangs there. The words are those of `assets/sql/catalog_hangers.sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangerKind {
    /// An access method other than heap: there are no block ranges to copy.
    AccessMethod,
    /// A CHECK that names the whole row or a system column.
    Check,
    /// Member of an extension, or marked as depending on one.
    Extension,
    /// An outgoing foreign key of a kind that was not tried: to a partitioned table, temporal, not enforced.
    ForeignKey,
    /// A function whose body or signature depends on the table.
    Function,
    /// A right that the owner cannot give again as it is.
    Grant,
    /// An index over the whole row.
    Index,
    /// Inheritance, as parent or child.
    Inheritance,
    /// A materialised view over the table.
    MaterialisedView,
    /// A NOT NULL constraint of a kind that LIKE does not copy (PostgreSQL 18).
    NotNull,
    /// Something else that depends on the table.
    Other,
    /// Something that a partition has and its parent has not.
    Part,
    /// A row security policy of another table that reads this one.
    Policy,
    /// A publication of all tables, or of all tables of the schema.
    Publication,
    /// A column or type made of the table's row type.
    RowType,
    /// A rule on the table, or on another relation and reading the table.
    Rule,
    /// A security label.
    SecurityLabel,
    /// What else uses an identity column's sequence, or a second sequence of one column.
    Sequence,
    /// An extended statistics object of another owner, or in another schema.
    Statistics,
    /// A logical subscription that writes the table.
    Subscription,
    /// `CREATE TABLE … OF type`.
    TypedTable,
    /// A view that cannot follow: it reads ONLY the table, or groups by its primary key.
    View,
}

impl HangerKind {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::AccessMethod,
        Self::Check,
        Self::Extension,
        Self::ForeignKey,
        Self::Function,
        Self::Grant,
        Self::Index,
        Self::Inheritance,
        Self::MaterialisedView,
        Self::NotNull,
        Self::Other,
        Self::Part,
        Self::Policy,
        Self::Publication,
        Self::RowType,
        Self::Rule,
        Self::SecurityLabel,
        Self::Sequence,
        Self::Statistics,
        Self::Subscription,
        Self::TypedTable,
        Self::View,
    ];

    /// The word the catalogue query uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::AccessMethod => "access_method",
            Self::Check => "check",
            Self::Extension => "extension",
            Self::ForeignKey => "foreign_key",
            Self::Function => "function",
            Self::Grant => "grant",
            Self::Index => "index",
            Self::Inheritance => "inheritance",
            Self::MaterialisedView => "materialised_view",
            Self::NotNull => "not_null",
            Self::Other => "other",
            Self::Part => "part",
            Self::Policy => "policy",
            Self::Publication => "publication",
            Self::RowType => "row_type",
            Self::Rule => "rule",
            Self::SecurityLabel => "security_label",
            Self::Sequence => "sequence",
            Self::Statistics => "statistics",
            Self::Subscription => "subscription",
            Self::TypedTable => "typed_table",
            Self::View => "view",
        }
    }

    /// The kind of a word; what is not known is [`Self::Other`], which is refused too.
    pub fn of_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for kind in HangerKind::ALL {
            assert_eq!(HangerKind::of_word(kind.word()), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
        assert_eq!(HangerKind::of_word("a new thing"), HangerKind::Other);
    }
}
