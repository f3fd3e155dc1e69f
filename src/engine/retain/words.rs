//! What a look found, in words and as the object of `quarterdeck retain --dry-run --json`.

use serde_json::{Value, json};

use super::{Instead, Retention};
use crate::model::{figures, maintenance::rows, retention::Census};

impl Retention {
    /// For programs.
    pub fn json(&self) -> Value {
        json!({ "table": self.table.plain(), "by": self.rule.by.as_str(), "would": self.census })
    }

    /// What would go, by which index it is found, what is kept, and what could be done instead; a sentence each.
    pub fn due(&self, instead: &Instead) -> Vec<String> {
        let Census { rows: all, doomed, oldest, index, markers, .. } = &self.census;
        let name = self.table.plain();
        let oldest = oldest.map(|oldest| format!(", the oldest of {}", oldest.format("%Y-%m-%d %H:%M UTC")));
        let mut lines = vec![format!(
            "{name}: {} of about {} would go: {}{}",
            rows(*doomed),
            figures::count(*all),
            self.when(),
            oldest.unwrap_or_default()
        )];
        lines.push(match index {
            Some(index) => format!("found by index {index}"),
            None => "each batch reads the table from its beginning".into(),
        });
        lines.extend(markers.iter().map(|marker| format!("kept, whatever --where says: {marker}")));
        lines.push(instead.words(&name));
        lines
    }

    /// By which column, and before when.
    pub fn when(&self) -> String {
        format!("{} before {}", self.rule.by.as_str(), self.census.before.format("%Y-%m-%d %H:%M UTC"))
    }
}

impl Instead {
    fn words(&self, name: &str) -> String {
        match self {
            Self::ById(id) => format!(
                "instead: its ids tell their time. `quarterdeck plan {name} --by {id} --clock uuidv7` shows how it is partitioned by them; \
                 then `quarterdeck maintain {name} --retain` drops whole partitions, without a scan and without a dead row"
            ),
            Self::ByTime => format!(
                "instead: `quarterdeck plan {name}` shows how it is partitioned by time; then `quarterdeck maintain {name} --retain` drops whole \
                 partitions, without a scan and without a dead row. With ids of version 7 (`quarterdeck ids install`) the key stays as it is"
            ),
            Self::Maintain => format!(
                "instead: it is partitioned; `quarterdeck maintain {name} --retain` drops whole partitions"
            ),
        }
    }
}
