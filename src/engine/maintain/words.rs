//! What a look found beside what is due, in words.

use super::Found;
use crate::model::{
    health::Strays,
    ident::QualifiedName,
    maintenance::{Task, bare, list, of_no_period, rows},
};

impl Found {
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
