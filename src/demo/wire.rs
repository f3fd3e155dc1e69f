//! One connection of the demo's application, speaking both of PostgreSQL's protocols.
//!
//! A statement's parameters are text; prepared statements live as long as the connection, so they see the tables
//! change under them. It pins no settings: it is an ordinary application, not the tool.

use std::collections::HashMap;

use tokio_postgres::{Client, Error, SimpleQueryMessage, Statement, types::ToSql};

use crate::model::ident::literal;

/// How statements are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Prepared once per connection.
    Prepared,
    /// As one text, values and all.
    Simple,
}

/// A connection and its prepared statements.
pub(super) struct Wire {
    client: Client,
    prepared: HashMap<String, Statement>,
}

impl Wire {
    /// Takes over a connection.
    pub(super) fn new(client: Client) -> Self {
        Self { client, prepared: HashMap::new() }
    }

    /// Whether the connection is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs a statement and returns how many rows it touched.
    pub(super) async fn execute(
        &mut self,
        protocol: Protocol,
        sql: &str,
        values: &[Option<String>],
    ) -> Result<u64, Error> {
        match protocol {
            Protocol::Prepared => {
                let statement = self.prepare(sql).await?;
                self.client.execute(&statement, &parameters(values)).await
            }
            Protocol::Simple => {
                let messages = self.client.simple_query(&inlined(sql, values)).await?;
                let touched = |message: &SimpleQueryMessage| {
                    if let SimpleQueryMessage::CommandComplete(rows) = message { Some(*rows) } else { None }
                };
                Ok(messages.iter().find_map(touched).unwrap_or(0))
            }
        }
    }

    /// Runs a query whose rows are one column of text.
    pub(super) async fn rows(
        &mut self,
        protocol: Protocol,
        sql: &str,
        values: &[Option<String>],
    ) -> Result<Vec<String>, Error> {
        match protocol {
            Protocol::Prepared => {
                let statement = self.prepare(sql).await?;
                let rows = self.client.query(&statement, &parameters(values)).await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            }
            Protocol::Simple => {
                let messages = self.client.simple_query(&inlined(sql, values)).await?;
                let first = |message: &SimpleQueryMessage| {
                    if let SimpleQueryMessage::Row(row) = message {
                        row.get(0).map(str::to_owned)
                    } else {
                        None
                    }
                };
                Ok(messages.iter().filter_map(first).collect())
            }
        }
    }

    async fn prepare(&mut self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn parameters(values: &[Option<String>]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// The statement with its values in the place of `$1` …; a `$2` inside a value stays text.
fn inlined(sql: &str, values: &[Option<String>]) -> String {
    let mut parts = sql.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        match number.parse::<usize>().ok().and_then(|n| values.get(n.checked_sub(1)?)) {
            Some(Some(value)) => text.push_str(&literal(value)),
            Some(None) => text.push_str("NULL"),
            None => text.extend(["$", number]),
        }
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_place_of_their_numbers() {
        let values = [Some("it's $2".to_owned()), None];
        assert_eq!(
            inlined("f($1::text, $2::int) + $1", &values),
            "f('it''s $2'::text, NULL::int) + 'it''s $2'"
        );
        let many: Vec<_> = (1..=11).map(|n| Some(format!("v{n}"))).collect();
        assert_eq!(inlined("$11 $1", &many), "'v11' 'v1'");
    }
}
