//! Where and as whom to connect.

use tokio_postgres::{Client, Config, NoTls};

use crate::error::{Error, Result};

/// A resolved connection: host, port, database, role, TLS. Never prints the password.
#[derive(Clone, Debug)]
pub struct Target {
    config: Config,
}

impl Target {
    /// Reads a connection string (`postgres://…` or `host=… port=…`).
    pub fn parse(conn: &str) -> Result<Self> {
        let config = conn.parse::<Config>().map_err(|e| Error::Usage {
            reason: format!("the connection string is not valid: {e}"),
            remedy: "write it as postgres://user@host:5432/database or as host=… dbname=…".into(),
        })?;
        Ok(Self { config })
    }

    /// `127.0.0.1:5432/shop`, for the title bar and for messages.
    pub fn place(&self) -> String {
        format!("{:?}", self.config.get_hosts())
    }

    /// Opens a bare connection; its driver runs as a task until the client is dropped.
    pub async fn open(&self, application_name: &str) -> Result<Client> {
        let mut config = self.config.clone();
        config.application_name(application_name);
        let (client, connection) = config.connect(NoTls).await.map_err(|e| Error::Connect {
            target: self.place(),
            reason: e.to_string(),
            remedy: String::new(),
        })?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Asks the server to cancel what the session of `token` runs.
    pub async fn cancel(&self, token: &tokio_postgres::CancelToken) -> Result<()> {
        token.cancel_query(NoTls).await.map_err(Error::db("cancel"))
    }
}
