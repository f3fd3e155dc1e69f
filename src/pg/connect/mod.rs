//! Where and as whom to connect: libpq's conventions over tokio-postgres.
//!
//! Connection strings, PG* variables, service and password files, unix sockets and `sslmode` mean what
//! libpq's manual says. Not spoken: GSSAPI, SSPI, LDAP look-ups, OAuth, revocation lists; asking for them is
//! refused, never ignored. A password is never printed and never asked for.

mod conninfo;
mod environment;
mod failure;
mod passfile;
mod resolve;
mod service;
mod settings;
mod tls;
mod verifier;

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use tokio::time::timeout;
use tokio_postgres::{
    CancelToken, Client, Config, NoTls, Socket,
    config::SslMode,
    tls::{MakeTlsConnect, TlsConnect},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::{
    environment::Environment,
    failure::{Failure, Next},
    resolve::{Endpoint, Resolved},
    tls::Mode,
};
use crate::error::{Error, Result};

/// Between two requests to cancel.
const CANCEL_AGAIN: Duration = Duration::from_millis(100);

/// A resolved connection: host, port, database, role, TLS. Cheap to clone; never prints the password.
#[derive(Clone)]
pub struct Target {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    resolved: Resolved,
    /// `None` where TLS is never used.
    tls: Option<MakeRustlsConnect>,
    /// Sessions begin no transaction that writes.
    read_only: bool,
}

impl Target {
    /// Reads a connection string (`postgres://…` or `host=… port=…`), whatever the environment says.
    pub fn parse(conn: &str) -> Result<Self> {
        Self::new(Some(conn), &Environment::bare())
    }

    /// Resolves as libpq does: the connection string, then the service file, then PG* variables, then defaults.
    pub fn resolve(conn: Option<&str>) -> Result<Self> {
        Self::new(conn, &Environment::of_process())
    }

    /// Whether a word can only be a connection string: it contains `://` or `=`, so that no mistyped command
    /// ever connects.
    pub fn is_connection_string(word: &str) -> bool {
        conninfo::looks_like_one(word)
    }

    fn new(conn: Option<&str>, env: &Environment) -> Result<Self> {
        let resolved = resolve::resolve(conn, env).map_err(|reason| Error::Usage {
            reason: format!("the connection cannot be worked out: {reason}"),
            remedy:
                "write it as postgres://user@host:5432/database or as \"host=… dbname=…\", or set PGHOST, \
                     PGPORT, PGDATABASE and PGUSER"
                    .into(),
        })?;
        let mut inner = Inner { resolved, tls: None, read_only: false };
        if inner.resolved.endpoints.iter().any(|endpoint| !endpoint.is_socket()) {
            inner.tls = inner.resolved.tls.connector().map_err(|reason| Error::Connect {
                target: inner.place(),
                reason,
                remedy: "mend the file, name another, or choose another sslmode".into(),
            })?;
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The same server and role, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        let mut inner = Inner::clone(&self.inner);
        database.clone_into(&mut inner.resolved.database);
        for endpoint in &mut inner.resolved.endpoints {
            endpoint.config.dbname(database);
        }
        Self { inner: Arc::new(inner) }
    }

    /// The same, for sessions whose transactions only read.
    #[must_use]
    pub fn read_only(&self) -> Self {
        Self { inner: Arc::new(Inner { read_only: true, ..Inner::clone(&self.inner) }) }
    }

    /// Whether its sessions' transactions only read.
    pub fn is_read_only(&self) -> bool {
        self.inner.read_only
    }

    /// `127.0.0.1:5432/shop`, for the title bar and for messages.
    pub fn place(&self) -> String {
        self.inner.place()
    }

    /// The (first) server's host name, address or socket directory.
    pub fn host(&self) -> &str {
        &self.first().host
    }

    /// The (first) server's port.
    pub fn port(&self) -> u16 {
        self.first().port
    }

    /// Host and port of each server that may be tried.
    pub fn servers(&self) -> impl Iterator<Item = (&str, u16)> {
        self.inner.resolved.endpoints.iter().map(|endpoint| (endpoint.host.as_str(), endpoint.port))
    }

    /// The database.
    pub fn database(&self) -> &str {
        &self.inner.resolved.database
    }

    /// The role.
    pub fn user(&self) -> &str {
        &self.inner.resolved.user
    }

    /// Opens a bare connection; its driver runs as a task until the client is dropped. A name of the user's
    /// own (PGAPPNAME) is shown behind ours: `quarterdeck copy 2 (nightly)`.
    pub async fn open(&self, application_name: &str) -> Result<Client> {
        let name = match &self.inner.resolved.application_name {
            Some(own) => format!("{application_name} ({own})"),
            None => application_name.to_owned(),
        };
        let mut failures: Vec<(String, Failure)> = Vec::new();
        for endpoint in &self.inner.resolved.endpoints {
            let mut config = endpoint.config.clone();
            config.application_name(&name);
            match self.inner.enter(config, endpoint).await {
                Ok(client) => return Ok(client),
                Err(failure) => {
                    let stop = failure.next == Next::GiveUp;
                    failures.push((endpoint.place(), failure));
                    if stop {
                        break;
                    }
                }
            }
        }
        Err(self.inner.refusal(failures))
    }

    /// Has the server cancel what the session of `token` runs for `work`, until that has ended; how it ended.
    pub async fn cancel_until_ended<T>(
        &self,
        token: &CancelToken,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> T {
        loop {
            // A cancel that arrives between two statements hits nothing, so it is repeated.
            if let Err(error) = self.cancel(token).await {
                tracing::debug!(%error, "cancel");
            }
            tokio::select! {
                ended = &mut work => return ended,
                () = tokio::time::sleep(CANCEL_AGAIN) => {}
            }
        }
    }

    /// Asks the server to cancel what the session of `token` runs.
    pub async fn cancel(&self, token: &CancelToken) -> Result<()> {
        let asked = async {
            match &self.inner.tls {
                Some(tls) => token.cancel_query(tls.clone()).await,
                None => token.cancel_query(NoTls).await,
            }
        };
        match self.inner.resolved.timeout {
            None => asked.await.map_err(Error::db("cancel")),
            Some(limit) => match timeout(limit, asked).await {
                Ok(result) => result.map_err(Error::db("cancel")),
                Err(_) => Err(self.inner.refusal(vec![(self.place(), Failure::timed_out(limit))])),
            },
        }
    }

    fn first(&self) -> &Endpoint {
        &self.inner.resolved.endpoints[0]
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("place", &self.place())
            .field("user", &self.user())
            .field("sslmode", &self.inner.resolved.tls.mode)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn place(&self) -> String {
        let places: Vec<_> = self.resolved.endpoints.iter().map(Endpoint::place).collect();
        format!("{}/{}", places.join(","), self.resolved.database)
    }

    /// Connects to one server, with TLS as `sslmode` wants it.
    async fn enter(&self, mut config: Config, endpoint: &Endpoint) -> Result<Client, Failure> {
        let (Some(tls), false) = (&self.tls, endpoint.is_socket()) else {
            return self.attempt(config.ssl_mode(SslMode::Disable), NoTls, endpoint).await;
        };
        if self.resolved.tls.mode != Mode::Prefer {
            return self.attempt(config.ssl_mode(SslMode::Require), tls.clone(), endpoint).await;
        }
        match self.attempt(config.ssl_mode(SslMode::Prefer), tls.clone(), endpoint).await {
            Err(failure) if failure.next == Next::WithoutTls => {
                tracing::info!(place = endpoint.place(), failure.reason, "trying without TLS");
                self.attempt(config.ssl_mode(SslMode::Disable), NoTls, endpoint).await
            }
            other => other,
        }
    }

    async fn attempt<T>(&self, config: &Config, tls: T, endpoint: &Endpoint) -> Result<Client, Failure>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        // The limit is for the whole handshake: what accepts and then says nothing would hold us for ever.
        let connected = match self.resolved.timeout {
            Some(limit) => {
                timeout(limit, config.connect(tls)).await.map_err(|_| Failure::timed_out(limit))?
            }
            None => config.connect(tls).await,
        };
        let (client, connection) = connected.map_err(|e| Failure::of(&e, endpoint))?;
        let place = endpoint.place();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(place, %error, "a connection ended");
            }
        });
        Ok(client)
    }

    /// One error out of the failures of every server; the last one's remedy.
    fn refusal(&self, failures: Vec<(String, Failure)>) -> Error {
        let several = failures.len() > 1;
        let word = |(place, failure): &(String, Failure)| {
            if several { format!("{place}: {}", failure.reason) } else { failure.reason.clone() }
        };
        let reason = failures.iter().map(word).collect::<Vec<_>>().join("; ");
        let mut remedy = failures.into_iter().last().map(|(_, failure)| failure.remedy).unwrap_or_default();
        if let Some(fault) = self.resolved.passfile_fault.as_ref().filter(|_| remedy == failure::PASSWORD) {
            remedy.clone_from(fault);
        }
        Error::Connect { target: self.place(), reason, remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_printed() {
        let target = Target::parse("postgres://ana:hunter2@db.example:7000/shop").unwrap();
        assert_eq!(target.place(), "db.example:7000/shop");
        assert!(!format!("{target:?}").contains("hunter2"));
        let wrong = Target::parse("postgres://ana:hunter2@db.example:x/shop").unwrap_err();
        assert!(!wrong.to_string().contains("hunter2") && wrong.exit_code() == 2, "{wrong}");
    }

    #[test]
    fn another_database_on_the_same_server() {
        let target = Target::parse("postgres://ana@db:7000/shop").unwrap().with_database("other");
        assert_eq!((target.host(), target.port(), target.database()), ("db", 7000, "other"));
        assert_eq!(target.user(), "ana");
        assert_eq!(target.inner.resolved.endpoints[0].config.get_dbname(), Some("other"));
    }

    #[test]
    fn only_a_connection_string_looks_like_one() {
        assert!(Target::is_connection_string("postgres://h") && Target::is_connection_string("host=h"));
        assert!(!Target::is_connection_string("stauts"));
    }

    #[tokio::test]
    async fn a_refused_connection_says_so() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let target = Target::parse(&format!("host=127.0.0.1 port={port} user=a dbname=b")).unwrap();
        let error = target.open("test").await.unwrap_err();
        assert!(error.to_string().contains(&format!("127.0.0.1:{port}/b")), "{error}");
        assert!(error.hint().unwrap().contains("no server listens there"), "{error:?}");
        assert_eq!(error.exit_code(), 1);
    }

    #[tokio::test]
    async fn what_accepts_and_says_nothing_does_not_hold_us() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let conn = format!("host=127.0.0.1 port={port} user=a connect_timeout=1");
        let error = Target::parse(&conn).unwrap().open("test").await.unwrap_err();
        assert!(error.to_string().contains("no answer within 1 s"), "{error}");
    }
}
