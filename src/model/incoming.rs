//! Foreign keys of other tables that reference the one to be converted, and what becomes of them.
//!
//! Such a key follows the table, not its name. It is never left behind in silence: the plan is refused; or it is
//! dropped in the swap and comes back with `reverse`; or, where its columns stay unique, it is made to lead to whatever
//! table owns the name, in the same transaction that moves the name. Text only; nothing runs here.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::model::{
    ident::{Ident, QualifiedName, literal},
    table::{Index, IndexRole, Oid, Table},
};

/// What becomes of them. The words are those of `--incoming` and of the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The plan is refused.
    #[default]
    Refuse,
    /// They are dropped in the swap, and restored by `reverse`.
    Drop,
    /// They lead to the table that owns the name, before and after.
    Keep,
}

impl Choice {
    /// All of them, the usual one first.
    pub const ALL: [Self; 3] = [Self::Refuse, Self::Drop, Self::Keep];

    /// The word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Drop => "drop",
            Self::Keep => "keep",
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|choice| choice.word() == text).ok_or_else(|| {
            format!("{text:?} is not a choice; use one of {}", Self::ALL.map(Self::word).join(", "))
        })
    }
}

/// One foreign key of another table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingKey {
    /// The table that has it.
    pub table: QualifiedName,
    /// That table's OID.
    pub oid: Oid,
    /// Its name.
    pub name: Ident,
    /// `pg_get_constraintdef`, without NOT VALID; it names the referenced table as the application does.
    pub definition: String,
    /// The referenced columns.
    pub columns: Vec<Ident>,
    /// Whether it held for all rows when the plan was made.
    pub validated: bool,
    /// Its comment.
    pub comment: Option<String>,
    /// Why it can be neither dropped nor kept by the tool, if so.
    pub trouble: Option<String>,
}

impl IncomingKey {
    /// `public.replies.replies_message_id_fkey`, for people.
    pub fn plain(&self) -> String {
        format!("{}.{}", self.table.plain(), self.name.as_str())
    }

    /// What it does to the referencing rows where a referenced one is deleted, as the catalogue words it; `None` where it
    /// refuses the deletion.
    pub fn action(&self) -> Option<&str> {
        let (_, action) = self.definition.split_once(" ON DELETE ")?;
        let words = ["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT"];
        words.into_iter().find(|word| action.starts_with(word)).filter(|word| *word != "RESTRICT")
    }

    /// Whether its columns stay unique on the partitioned table: a unique index over them has the partition column.
    pub fn stays_unique(&self, table: &Table, by: &Ident) -> bool {
        let unique = |index: &&Index| match index.role {
            IndexRole::PrimaryKey | IndexRole::Unique | IndexRole::UniqueConstraint => true,
            IndexRole::Exclusion | IndexRole::Plain => false,
        };
        let same = |index: &Index| {
            index.key.len() == self.columns.len()
                && index.key.iter().all(|column| column.as_ref().is_some_and(|c| self.columns.contains(c)))
        };
        self.columns.contains(by) && table.indexes.iter().filter(unique).any(same)
    }

    /// The same key to another table with such columns.
    #[must_use]
    pub fn leading_to(&self, table: &QualifiedName) -> Self {
        let Some((before, after)) = around_referenced(&self.definition) else { return self.clone() };
        Self { definition: format!("{before}{table}{after}"), ..self.clone() }
    }

    fn drop(&self) -> String {
        format!("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", self.table, self.name)
    }

    fn add(&self) -> Vec<String> {
        let Self { table, name, definition, comment, .. } = self;
        let mut sql =
            vec![self.drop(), format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")];
        let comment = comment.iter();
        sql.extend(
            comment.map(|text| format!("COMMENT ON CONSTRAINT {name} ON {table} IS {}", literal(text))),
        );
        sql
    }

    /// Looks at the rows there are; readers and writers go on.
    pub fn validate(&self) -> String {
        format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", self.table, self.name)
    }
}

/// What stands before and behind the referenced table's name: `FOREIGN KEY (a) REFERENCES ` and `(id) ON DELETE …`.
fn around_referenced(definition: &str) -> Option<(&str, &str)> {
    const WORD: &str = " REFERENCES ";
    let mut quoted = false;
    let bare: Vec<usize> = definition
        .char_indices()
        .filter_map(|(at, c)| {
            quoted ^= c == '"';
            (!quoted).then_some(at)
        })
        .collect();
    let word = bare.iter().copied().find(|at| definition[*at..].starts_with(WORD))? + WORD.len();
    let columns = bare.into_iter().find(|at| *at >= word && definition[*at..].starts_with('('))?;
    Some((&definition[..word], &definition[columns..]))
}

/// The choice, and the keys that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// What becomes of them.
    pub choice: Choice,
    /// Each of them.
    pub keys: Vec<IncomingKey>,
}

impl Incoming {
    /// The tables that have them, in OID order.
    pub fn tables(&self) -> Vec<QualifiedName> {
        let mut tables: Vec<_> = self.keys.iter().map(|key| (key.oid, &key.table)).collect();
        tables.sort();
        tables.dedup();
        tables.into_iter().map(|(_, table)| table.clone()).collect()
    }

    /// Before the name moves on: nothing may reference the table that loses it.
    pub fn release(&self) -> Vec<String> {
        self.keys.iter().map(IncomingKey::drop).collect()
    }

    /// When the partitioned table has the name; `lead` says where to.
    pub fn follow(&self, lead: impl Fn(&IncomingKey) -> IncomingKey) -> Vec<String> {
        match self.choice {
            Choice::Keep => self.keys.iter().flat_map(|key| lead(key).add()).collect(),
            Choice::Refuse | Choice::Drop => Vec::new(),
        }
    }

    /// When the old table has the name again.
    pub fn restore(&self) -> Vec<String> {
        self.keys.iter().flat_map(IncomingKey::add).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_led_to_another_table() {
        let key = |definition: &str| IncomingKey {
            table: QualifiedName::new("public", "replies"),
            oid: 1,
            name: Ident::new("fk"),
            definition: definition.into(),
            columns: vec![Ident::new("id")],
            validated: true,
            comment: None,
            trouble: None,
        };
        let to = QualifiedName::new("public", "t_ids");
        let led = |definition: &str| key(definition).leading_to(&to).definition;
        assert_eq!(
            led("FOREIGN KEY (a) REFERENCES public.t(id) ON DELETE CASCADE"),
            "FOREIGN KEY (a) REFERENCES \"public\".\"t_ids\"(id) ON DELETE CASCADE"
        );
        assert_eq!(
            led("FOREIGN KEY (\"x REFERENCES y\") REFERENCES \"a \"\"(b\".\"t (1)\"(\"i(d\")"),
            "FOREIGN KEY (\"x REFERENCES y\") REFERENCES \"public\".\"t_ids\"(\"i(d\")"
        );
    }
}
