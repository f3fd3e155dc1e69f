//! What a look found, in words and as the object of `quarterdeck maintain --dry-run --json`.

use serde_json::{Value, json};

use super::{Found, News};
use crate::model::{
    figures,
    health::Strays,
    ident::QualifiedName,
    maintenance::{OnExpiry, Task, bare, list, of_no_period, rows},
};

impl News {
    /// A sentence for who looks on; `None` where there is nothing to say.
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Attempt(attempt) => attempt.lost_to(),
            Self::Waits(part, who) => Some(format!("detach {}: waits for {who}", bare(part))),
            Self::Archived(bytes) => Some(format!("archived {}", figures::bytes(bytes.cast_signed()))),
        }
    }
}

impl Found {
    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "due": self.due,
            "table": self.facts.table.name.plain(),
            "partitions": self.facts.leaves().count(),
            "rows_of_no_period": of_no_period(&self.facts, self.cut),
            "waiting": self.waiting.iter().map(QualifiedName::plain).collect::<Vec<_>>(),
        })
    }

    /// A task as a table has it: what is done, to what, and how much that is.
    pub fn words(&self, task: &Task, fate: OnExpiry) -> [String; 3] {
        let zone = self.facts.table.zone;
        let (verb, part, what) = match task {
            Task::Finalize(name) => ("finish detaching", bare(name), "a DETACH was interrupted".into()),
            Task::Make(part) => {
                let range = format!("{} – {}", zone.day(part.period.lower), zone.day(part.period.upper));
                ("make", bare(&part.name), range)
            }
            Task::Move(moves) => {
                let names: Vec<_> = moves.iter().map(|(part, _)| bare(&part.name)).collect();
                ("move out of DEFAULT", names.join(", "), rows(moves.iter().map(|(_, rows)| rows).sum()))
            }
            Task::Expire(name) => (fate.order(), bare(name), self.size(name)),
            Task::Settle(name) => (fate.order(), bare(name), "detached already".into()),
        };
        [verb.into(), part, what]
    }

    fn size(&self, name: &QualifiedName) -> String {
        let part = self.facts.parts.iter().find(|part| part.name == *name);
        part.map_or_else(String::new, |part| {
            let all = part.figures.table_bytes + part.figures.index_bytes;
            format!("≈ {}, {}", rows(part.rows()), figures::bytes(all))
        })
    }

    /// What is not looked after, and why: rows that stay in DEFAULT, tables that wait, and those that belong to nobody.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Strays::Estimated(n) = self.facts.strays
            && n > 0
        {
            notes.push(format!("DEFAULT has about {}, which were not counted", rows(n)));
        }
        let left = of_no_period(&self.facts, self.cut);
        if left > 0 {
            let stays = if left == 1 { "stays" } else { "stay" };
            notes.push(format!("{} {stays} in DEFAULT, of no period", rows(left)));
        }
        let mut tables = |what: &str, names: &mut dyn Iterator<Item = &QualifiedName>| {
            let names: Vec<_> = names.map(bare).collect();
            if !names.is_empty() {
                notes.push(format!("{what}: {}", list(&names)));
            }
        };
        tables("expired and waiting for --on-expiry drop or archive", &mut self.waiting.iter());
        let is_due = |name: &QualifiedName| self.due.contains(&Task::Settle(name.clone()));
        let detached = self.facts.leftovers.iter().map(|one| &one.name);
        let mut nobodys = detached.filter(|name| !self.waiting.contains(name) && !is_due(name));
        tables("looks like a partition, and is none", &mut nobodys);
        notes
    }
}
