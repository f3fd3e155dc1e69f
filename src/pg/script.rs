//! Labelled statements that the plan shows and a transaction runs: the same text for both.

use crate::{error::Result, model::plan::Statement, pg::Tx};

/// Statements in order. Neighbours with the same label go to the server in one round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    lines: Vec<(&'static str, String)>,
}

impl Script {
    /// An empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement.
    pub fn add(&mut self, label: &'static str, sql: impl Into<String>) {
        self.lines.push((label, sql.into()));
    }

    /// Adds statements under one label.
    pub fn extend(&mut self, label: &'static str, sql: impl IntoIterator<Item = String>) {
        self.lines.extend(sql.into_iter().map(|sql| (label, sql)));
    }

    /// Adds another script.
    pub fn append(&mut self, mut other: Self) {
        self.lines.append(&mut other.lines);
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// What `plan --sql` shows.
    pub fn statements(&self) -> Vec<Statement> {
        let statement =
            |(label, sql): &(&str, String)| Statement { label: (*label).into(), sql: sql.clone() };
        self.lines.iter().map(statement).collect()
    }

    /// Runs it.
    pub async fn run(&self, tx: &Tx<'_>) -> Result<()> {
        for group in self.lines.chunk_by(|a, b| a.0 == b.0) {
            let sql: Vec<&str> = group.iter().map(|(_, sql)| sql.as_str()).collect();
            tx.batch(group[0].0, &sql.join(";\n")).await?;
        }
        Ok(())
    }
}
