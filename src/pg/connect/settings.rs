//! libpq's connection parameters by name, as text, before anything is made of them.
//!
//! Pure: reads no file and no environment. No message holds a value, for that may be the password.

use std::{collections::BTreeMap, fmt};

use Support::{Ignored, Only, Used};

/// What this tool does with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Support {
    /// Obeyed.
    Used,
    /// Accepted without effect, because it changes nothing here (the encoding is always UTF-8).
    Ignored,
    /// Accepted with these values and the empty one, which ask for what happens anyway; refused otherwise,
    /// because going on without it would be weaker than what was asked for.
    Only(&'static [&'static str]),
}

/// One of libpq's parameters.
struct Keyword {
    name: &'static str,
    /// Its environment variable (manual, 34.15), if it has one.
    env: Option<&'static str>,
    support: Support,
}

const fn keyword(name: &'static str, env: Option<&'static str>, support: Support) -> Keyword {
    Keyword { name, env, support }
}

const KEYWORDS: &[Keyword] = &[
    keyword("application_name", Some("PGAPPNAME"), Used),
    keyword("channel_binding", Some("PGCHANNELBINDING"), Used),
    keyword("client_encoding", None, Ignored),
    keyword("connect_timeout", Some("PGCONNECT_TIMEOUT"), Used),
    keyword("dbname", Some("PGDATABASE"), Used),
    keyword("fallback_application_name", None, Ignored),
    keyword("gssdelegation", None, Ignored),
    keyword("gssencmode", Some("PGGSSENCMODE"), Only(&["disable", "prefer"])),
    keyword("gsslib", None, Ignored),
    keyword("host", Some("PGHOST"), Used),
    keyword("hostaddr", Some("PGHOSTADDR"), Used),
    keyword("keepalives", None, Used),
    keyword("keepalives_count", None, Used),
    keyword("keepalives_idle", None, Used),
    keyword("keepalives_interval", None, Used),
    keyword("krbsrvname", None, Ignored),
    // Sessions of one run must not land on different servers.
    keyword("load_balance_hosts", Some("PGLOADBALANCEHOSTS"), Only(&["disable"])),
    keyword("options", Some("PGOPTIONS"), Used),
    keyword("passfile", Some("PGPASSFILE"), Used),
    keyword("password", Some("PGPASSWORD"), Used),
    keyword("port", Some("PGPORT"), Used),
    keyword("replication", None, Only(&["false", "off", "no", "0"])),
    keyword("require_auth", Some("PGREQUIREAUTH"), Only(&[])),
    keyword("requirepeer", Some("PGREQUIREPEER"), Only(&[])),
    keyword("service", Some("PGSERVICE"), Used),
    keyword("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION"), Only(&["TLSv1.3"])),
    keyword(
        "ssl_min_protocol_version",
        Some("PGSSLMINPROTOCOLVERSION"),
        Only(&["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ),
    keyword("sslcert", Some("PGSSLCERT"), Used),
    keyword("sslcertmode", Some("PGSSLCERTMODE"), Only(&["allow"])),
    keyword("sslcompression", Some("PGSSLCOMPRESSION"), Only(&["0"])),
    keyword("sslcrl", Some("PGSSLCRL"), Only(&[])),
    keyword("sslcrldir", Some("PGSSLCRLDIR"), Only(&[])),
    keyword("sslkey", Some("PGSSLKEY"), Used),
    keyword("sslmode", Some("PGSSLMODE"), Used),
    keyword("sslnegotiation", Some("PGSSLNEGOTIATION"), Used),
    keyword("sslpassword", None, Only(&[])),
    keyword("sslrootcert", Some("PGSSLROOTCERT"), Used),
    keyword("sslsni", Some("PGSSLSNI"), Only(&["1"])),
    keyword("target_session_attrs", Some("PGTARGETSESSIONATTRS"), Used),
    keyword("tcp_user_timeout", None, Used),
    keyword("user", Some("PGUSER"), Used),
];

/// Parameters that were given, by name. A parameter given empty counts as given, and means its default.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Gives a parameter, whatever was given before; `Err` says in words why not.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) -> Result<(), String> {
        let keyword = find(name)?;
        let value = value.into();
        if value.contains('\0') {
            return Err(format!("the value of {name} has a NUL character in it"));
        }
        match keyword.support {
            Used => {
                self.0.insert(keyword.name, value);
            }
            Ignored => {}
            Only(values) if value.is_empty() || values.contains(&value.as_str()) => {}
            Only(_) => return Err(format!("quarterdeck does not support this value of {name}")),
        }
        Ok(())
    }

    /// Gives a parameter unless it was given before.
    pub(super) fn fill(&mut self, name: &str, value: impl Into<String>) -> Result<(), String> {
        if self.0.contains_key(find(name)?.name) { Ok(()) } else { self.set(name, value) }
    }

    /// Gives what `other` has and nobody gave before.
    pub(super) fn fill_from(&mut self, other: Self) {
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
    }

    /// Gives what the environment has and nobody gave before.
    pub(super) fn fill_from_env(&mut self, var: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        for keyword in KEYWORDS {
            let Some(name) = keyword.env else { continue };
            if let Some(value) = var(name) {
                self.fill(keyword.name, value).map_err(|reason| format!("{reason} (from {name})"))?;
            }
        }
        Ok(())
    }

    /// A parameter's value; `None` where it was not given or given empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// What is in a list of hosts or ports; one empty entry where nothing was given.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name).unwrap_or_default().split(',').map(str::trim).collect()
    }
}

/// Names only the parameters; values may be secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn find(name: &str) -> Result<&'static Keyword, String> {
    KEYWORDS
        .iter()
        .find(|keyword| keyword.name == name)
        .ok_or_else(|| format!("there is no connection parameter {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_first_stays() {
        let mut settings = Settings::default();
        settings.set("host", "").unwrap();
        settings.set("user", "ana").unwrap();
        settings.fill("user", "bob").unwrap();
        settings
            .fill_from_env(|name| match name {
                "PGHOST" => Some("from-env".into()),
                "PGPORT" => Some("5433".into()),
                _ => None,
            })
            .unwrap();
        assert_eq!(settings.get("user"), Some("ana"));
        assert_eq!(settings.get("host"), None, "given empty means the default, not the environment");
        assert_eq!(settings.get("port"), Some("5433"));
    }

    #[test]
    fn what_would_weaken_the_connection_is_refused_without_naming_its_value() {
        let mut settings = Settings::default();
        for (name, value) in [("gssencmode", "require"), ("sslcrl", "/crl"), ("requirepeer", "postgres")] {
            let reason = settings.set(name, value).unwrap_err();
            assert!(reason.contains(name) && !reason.contains(value), "{reason}");
        }
        settings.set("gssencmode", "prefer").unwrap();
        settings.set("client_encoding", "LATIN1").unwrap();
        assert!(settings.set("colour", "red").is_err());
        let reason =
            settings.fill_from_env(|name| (name == "PGREQUIREPEER").then(|| "root".into())).unwrap_err();
        assert!(reason.contains("PGREQUIREPEER"), "{reason}");
    }

    #[test]
    fn debug_shows_no_values() {
        let mut settings = Settings::default();
        settings.set("password", "hunter2").unwrap();
        assert_eq!(format!("{settings:?}"), "{\"password\"}");
    }
}
