//! TLS as `sslmode` asks for it: what is verified, against which roots.
//!
//! The driver knows only off, prefer and require; the rest is a verifier here. `require` only encrypts,
//! unless there are roots, as in libpq. Revocation lists are not read (a given one is refused upstream).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::verifier::{Check, Verifier};

/// `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Never TLS.
    Disable,
    /// TLS where the server offers it.
    Prefer,
    /// TLS, whoever the server is.
    Require,
    /// TLS, and the server's certificate leads to a trusted root.
    VerifyCa,
    /// … and is made out to this host.
    VerifyFull,
}

impl Mode {
    /// libpq's word.
    pub(super) fn parse(word: &str) -> Result<Self, String> {
        match word {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            "allow" => Err("sslmode=allow is not supported: prefer asks for TLS first, disable never".into()),
            _ => Err("sslmode is disable, prefer, require, verify-ca or verify-full".into()),
        }
    }

    /// Without TLS there is no connection.
    pub(super) fn insists(self) -> bool {
        match self {
            Self::Disable | Self::Prefer => false,
            Self::Require | Self::VerifyCa | Self::VerifyFull => true,
        }
    }
}

/// Which roots are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// None known.
    None,
    /// Those of the operating system.
    System,
    /// Those in a file.
    File(PathBuf),
}

/// What TLS must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// `sslmode`.
    pub(super) mode: Mode,
    /// `sslrootcert`.
    pub(super) roots: Roots,
    /// `sslcert`.
    pub(super) certificate: Option<PathBuf>,
    /// `sslkey`.
    pub(super) key: Option<PathBuf>,
    /// `sslnegotiation=direct`.
    pub(super) direct: bool,
}

impl Policy {
    /// What makes the connections, with all files read; `None` without TLS. `Err` says in words what is off.
    pub(super) fn connector(&self) -> Result<Option<MakeRustlsConnect>, String> {
        let check = match (self.mode, &self.roots) {
            (Mode::Disable, _) => return Ok(None),
            // libpq verifies here too where it finds roots, only to go on in the clear when that fails.
            (Mode::Prefer, _) | (Mode::Require, Roots::None) => Check::Nothing,
            (Mode::Require | Mode::VerifyCa, _) => Check::Chain,
            (Mode::VerifyFull, _) => Check::ChainAndName,
        };
        let trusted = if check == Check::Nothing { vec![] } else { self.trusted()? };
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new(check, trusted, &provider)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => config
                .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                .map_err(|e| format!("the client certificate {}: {e}", certificate.display()))?,
            (Some(_), None) => return Err("sslcert is given without sslkey".into()),
            (None, _) => config.with_no_client_auth(),
        };
        if self.direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(Some(MakeRustlsConnect::new(config)))
    }

    fn trusted(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        match &self.roots {
            Roots::None => Err("there is no root certificate to verify the server against: give \
                 sslrootcert=FILE, or sslrootcert=system, or put it into ~/.postgresql/root.crt"
                .into()),
            Roots::File(path) => certificates(path),
            Roots::System => {
                let found = rustls_native_certs::load_native_certs();
                match found.errors.first() {
                    Some(e) if found.certs.is_empty() => Err(format!("the system's certificates: {e}")),
                    Some(_) | None => Ok(found.certs),
                }
            }
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fault = |e: &dyn std::fmt::Display| format!("the certificate file {}: {e}", path.display());
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(|e| fault(&e))?.collect();
    match found {
        Ok(found) if found.is_empty() => Err(fault(&"no certificate in PEM form in it")),
        Ok(found) => Ok(found),
        Err(e) => Err(fault(&e)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path).map_err(|e| format!("the private key {}: {e}", path.display()))
}
