//! Why a connection failed, in words, and what to do about it.
//!
//! Judged by SQLSTATE where the server spoke, else by the operating system's or the TLS library's error.

use std::{error::Error as StdError, io};

use rustls::CertificateError;
use tokio_postgres::error::SqlState;

use super::resolve::Endpoint;
use crate::error::describe;

/// One failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    /// The server's, the network's or the TLS library's words.
    pub(super) reason: String,
    /// What to try.
    pub(super) remedy: String,
    /// What to do next.
    pub(super) next: Next,
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Try the next server of the list.
    TryOther,
    /// Another server would say the same (libpq stops here too).
    GiveUp,
    /// Under `sslmode=prefer`: try without TLS.
    WithoutTls,
}

impl Failure {
    /// Reads the driver's error.
    pub(super) fn of(error: &tokio_postgres::Error, endpoint: &Endpoint) -> Self {
        let (remedy, next) = if let Some(code) = error.code() {
            of_server(code)
        } else if is_tls(error) {
            (of_tls(error), Next::WithoutTls)
        } else if let Some(io) = cause::<io::Error>(error) {
            (of_network(io, endpoint), Next::TryOther)
        } else {
            of_driver(error)
        };
        Self { reason: describe(error), remedy: remedy.into(), next }
    }

    /// No answer in time.
    pub(super) fn timed_out(after: std::time::Duration) -> Self {
        Self {
            reason: format!("no answer within {} s", after.as_secs()),
            remedy: "look whether the server hangs or a firewall drops packets; \
                     PGCONNECT_TIMEOUT sets how long to wait"
                .into(),
            next: Next::TryOther,
        }
    }
}

/// The remedy for a missing or wrong password.
pub(super) const PASSWORD: &str =
    "give the password in PGPASSWORD or in ~/.pgpass (mode 0600); quarterdeck never asks";

fn of_server(code: &SqlState) -> (&'static str, Next) {
    match *code {
        SqlState::INVALID_PASSWORD => (PASSWORD, Next::GiveUp),
        // "no pg_hba.conf entry for …, SSL encryption" comes with this code, hence the second try.
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => (
            "the role (user=… or PGUSER) must exist, and pg_hba.conf must let it in from here, with this sslmode, \
             and with sslcert and sslkey where it wants a certificate",
            Next::WithoutTls,
        ),
        SqlState::INVALID_CATALOG_NAME => {
            ("name a database that exists: dbname=… or PGDATABASE", Next::GiveUp)
        }
        SqlState::INSUFFICIENT_PRIVILEGE => ("GRANT CONNECT ON DATABASE … TO this role", Next::GiveUp),
        SqlState::TOO_MANY_CONNECTIONS => (
            "close idle sessions, raise max_connections or the role's CONNECTION LIMIT, or lower --workers",
            Next::TryOther,
        ),
        SqlState::CANNOT_CONNECT_NOW | SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => {
            ("wait until the server is up, then run it again; nothing was lost", Next::TryOther)
        }
        SqlState::PROTOCOL_VIOLATION => {
            ("these are a pooler's or a proxy's words: connect to the server itself", Next::GiveUp)
        }
        _ => ("the server's own log says more", Next::TryOther),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the standard library's enum, open and long")]
fn of_network(error: &io::Error, endpoint: &Endpoint) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused if endpoint.is_socket() => {
            "no server listens on this socket any more: start it, or give another host"
        }
        io::ErrorKind::ConnectionRefused => {
            "no server listens there: start it, or give host and port (PGHOST, PGPORT)"
        }
        io::ErrorKind::NotFound => {
            "there is no server socket in this directory: start the server, or give its host (PGHOST)"
        }
        io::ErrorKind::PermissionDenied => "this user may not open the server's socket: connect over TCP",
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "look at host, port, route and firewall"
        }
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "what listens there hung up: is it PostgreSQL, and is it still starting?"
        }
        _ => "look at host and port (PGHOST, PGPORT)",
    }
}

fn of_driver(error: &tokio_postgres::Error) -> (&'static str, Next) {
    let words = describe(error);
    if words.contains("password missing") {
        (PASSWORD, Next::GiveUp)
    } else if words.contains("unsupported authentication method") {
        (
            "GSSAPI, Kerberos, SSPI and OAuth are not spoken here: use a role with a password or certificate",
            Next::GiveUp,
        )
    } else if words.contains("channel binding") {
        ("the server cannot bind the channel: use channel_binding=prefer", Next::GiveUp)
    } else {
        ("is it PostgreSQL that listens there?", Next::TryOther)
    }
}

/// The driver keeps its error kinds to itself but for these words.
fn is_tls(error: &tokio_postgres::Error) -> bool {
    error.to_string() == "error performing TLS handshake" || cause::<rustls::Error>(error).is_some()
}

fn of_tls(error: &tokio_postgres::Error) -> &'static str {
    match cause::<rustls::Error>(error) {
        Some(rustls::Error::InvalidCertificate(fault)) => of_certificate(fault),
        Some(rustls::Error::AlertReceived(_)) => {
            "the server may want a certificate of the client: sslcert and sslkey"
        }
        Some(_) => "look at the server's ssl settings; TLS 1.2 or later is needed",
        None => "turn ssl on at the server, or use sslmode=disable if the network is trusted",
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "rustls's enum, open and long")]
fn of_certificate(fault: &CertificateError) -> &'static str {
    match fault {
        CertificateError::UnknownIssuer => {
            "give the certificate of the authority that signed the server's: sslrootcert=FILE or PGSSLROOTCERT"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "connect by a name the certificate is made out to, or use sslmode=verify-ca"
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => "renew the server's certificate, or set the clock",
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "the server shows an authority's certificate as its own: name that very file in sslrootcert, or \
             reissue it with basicConstraints=CA:FALSE"
        }
        _ => {
            "reissue the server's certificate as X.509 version 3 with a subjectAltName, or use sslmode=require"
        }
    }
}

/// The first error of this type in the chain of causes; IO errors may carry another one inside.
fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inner.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source());
    }
    None
}
