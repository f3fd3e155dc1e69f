//! A table in pg_partman's care: what wants doing is the same, who does it is pg_partman. A partition of another name than
//! it gives is none that it knows. Versions 4 and 5 call these functions alike.

use serde::{Deserialize, Serialize};

use super::Finding;
use crate::model::ident::{QualifiedName, literal};

/// Where pg_partman has a table written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partman {
    /// The table of its configuration.
    pub config: QualifiedName,
    /// What it calls the table.
    pub parent: String,
}

impl Partman {
    /// What a finding tells to do, done by pg_partman.
    pub(super) fn takes_over(&self, finding: &mut Finding) {
        let (remedy, sql) = match finding.id.as_str() {
            "QD-140" => ("let pg_partman move them, batch by batch", Some(("CALL", "partition_data_proc"))),
            "QD-141" => (
                "let pg_partman make the next ones; then see why its maintenance has not: is it run, is premake enough, is there a row of now",
                Some(("SELECT", "run_maintenance")),
            ),
            "QD-142" => {
                ("let pg_partman fill it, unless that is meant", Some(("SELECT", "partition_gap_fill")))
            }
            "QD-151" => (
                "archive and drop it, or attach it again, unless pg_partman's retention has left it there",
                None,
            ),
            "QD-171" => (
                "see what writes more than before; if it is to stay so, a shorter interval is pg_partman's to know",
                None,
            ),
            _ => return,
        };
        remedy.clone_into(&mut finding.remedy);
        if let Some((how, function)) = sql {
            let schema = &self.config.schema;
            finding.sql = vec![format!("{how} {schema}.{function}({})", literal(&self.parent))];
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::health::{growth::tests::months, judge};

    #[test]
    fn what_is_due_is_left_to_it() {
        let mut facts = months(&[1, 1, 1, 1, 1, 1]);
        drop(facts.parts.remove(2));
        facts.table.now += TimeDelta::days(3);
        let sql = |facts: &crate::model::health::Facts| -> Vec<(String, Vec<String>)> {
            judge(facts).into_iter().filter(|one| *one.id < *"QD-143").map(|one| (one.id, one.sql)).collect()
        };
        assert!(sql(&facts).iter().all(|(_, sql)| sql[0].starts_with("CREATE TABLE")), "{:?}", sql(&facts));
        facts.partman =
            Some(Partman { config: QualifiedName::new("tools", "part_config"), parent: "public.m".into() });
        let expected = [
            ("QD-142", "SELECT \"tools\".partition_gap_fill('public.m')"),
            ("QD-141", "SELECT \"tools\".run_maintenance('public.m')"),
        ];
        assert_eq!(sql(&facts), expected.map(|(id, sql)| (id.to_owned(), vec![sql.to_owned()])));
    }
}
