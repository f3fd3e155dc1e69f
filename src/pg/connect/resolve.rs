//! From what was given to where to go: libpq's order of precedence and its defaults.
//!
//! Connection string, then service file, then environment, then defaults. Connects to nothing. Each server
//! of a list becomes an [`Endpoint`] of its own, because the password and TLS may differ between them.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use tokio_postgres::{
    Config,
    config::{ChannelBinding, SslNegotiation, TargetSessionAttrs},
};

use super::{
    conninfo,
    environment::{Environment, Passfile},
    passfile::Lookup,
    settings::Settings,
    tls::{Mode, Policy, Roots},
};

/// libpq's default.
const PORT: u16 = 5432;
/// How long one server may take to take us in; libpq waits without end.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A dead peer is found after the idle time and the probes: 10 s + 2 × 10 s. The operating system's two
/// hours would leave a migration without its owner for as long.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
/// Between two probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Probes without an answer before the connection is given up.
const KEEPALIVE_COUNT: u32 = 2;
/// How long sent data may stay unacknowledged (Linux): as long as the keepalives take.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// One server to try.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// What the driver is told; its `Debug` leaves the password out.
    pub(super) config: Config,
    /// The host name, address or socket directory.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

impl Endpoint {
    /// Whether it is a socket directory: no TLS there, as libpq has it.
    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// `host:port`.
    pub(super) fn place(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Everything a connection needs, decided.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    /// The servers, to be tried in order; never empty.
    pub(super) endpoints: Vec<Endpoint>,
    /// The role.
    pub(super) user: String,
    /// The database.
    pub(super) database: String,
    /// The user's own application name.
    pub(super) application_name: Option<String>,
    /// How long one server may take; `None` is without end.
    pub(super) timeout: Option<Duration>,
    /// What TLS must be like.
    pub(super) tls: Policy,
    /// Why the password file was passed over.
    pub(super) passfile_fault: Option<String>,
}

/// Decides; `Err` says in words what cannot be.
pub(super) fn resolve(conn: Option<&str>, env: &Environment) -> Result<Resolved, String> {
    let settings = gather(conn, env)?;
    let user = settings.get("user").or(env.user.as_deref()).ok_or("the role is not known: give user=…")?;
    let database = settings.get("dbname").unwrap_or(user);
    let passfile = match settings.get("passfile") {
        Some(path) => Passfile::read(path.as_ref()),
        None => env.home(".pgpass").map_or(Passfile::Missing, |path| Passfile::read(&path)),
    };
    let mut base = base_config(&settings)?;
    base.user(user).dbname(database);
    let endpoints = places(&settings, env)?.into_iter().map(|place| {
        let host = if env.is_default_socket_dir(&place.host) { "localhost" } else { &place.host };
        let lookup = Lookup { host, port: place.port, database, user };
        let given = settings.get("password").map(str::to_owned);
        let password = given.or_else(|| passfile.password(lookup));
        place.endpoint(base.clone(), password)
    });
    let endpoints = endpoints.collect();
    let timeout = match number(&settings, "connect_timeout")? {
        None => Some(CONNECT_TIMEOUT),
        Some(seconds) => (seconds > 0).then(|| Duration::from_secs(seconds)),
    };
    Ok(Resolved {
        endpoints,
        user: user.to_owned(),
        database: database.to_owned(),
        application_name: settings.get("application_name").map(str::to_owned),
        timeout,
        tls: tls_policy(&settings, env)?,
        passfile_fault: if let Passfile::Unusable(reason) = passfile { Some(reason) } else { None },
    })
}

/// All that was given, the stronger source first.
fn gather(conn: Option<&str>, env: &Environment) -> Result<Settings, String> {
    let mut settings = conn.map(conninfo::parse).transpose()?.unwrap_or_default();
    if let Some(service) = settings.get("service").or_else(|| env.var("PGSERVICE")).filter(|s| !s.is_empty())
    {
        let section = env.service(service)?;
        settings.fill_from(section);
    }
    settings.fill_from_env(|name| env.var(name).map(str::to_owned))?;
    Ok(settings)
}

/// A server as the lists of hosts, addresses and ports name it.
struct Place {
    host: String,
    /// Spares the look-up of the name.
    addr: Option<IpAddr>,
    port: u16,
}

impl Place {
    fn endpoint(self, mut config: Config, password: Option<String>) -> Endpoint {
        config.host(&self.host).port(self.port);
        if let Some(addr) = self.addr {
            config.hostaddr(addr);
        }
        if let Some(password) = password {
            config.password(password);
        }
        Endpoint { config, host: self.host, port: self.port }
    }
}

fn places(settings: &Settings, env: &Environment) -> Result<Vec<Place>, String> {
    let (hosts, addrs, ports) = (settings.list("host"), settings.list("hostaddr"), settings.list("port"));
    let count = hosts.len().max(addrs.len());
    if hosts.len() != count && settings.get("host").is_some() {
        return Err(format!("there are {} hosts and {} hostaddrs", hosts.len(), addrs.len()));
    }
    if addrs.len() != count && settings.get("hostaddr").is_some() {
        return Err(format!("there are {} hosts and {} hostaddrs", hosts.len(), addrs.len()));
    }
    if ports.len() != count && ports.len() != 1 {
        return Err(format!("there are {count} hosts and {} ports", ports.len()));
    }
    let nth = |list: &[&str], n: usize| list.get(n).or(list.last()).copied().unwrap_or_default().to_owned();
    (0..count).map(|n| place(&nth(&hosts, n), &nth(&addrs, n), &nth(&ports, n), env)).collect()
}

fn place(host: &str, addr: &str, port: &str, env: &Environment) -> Result<Place, String> {
    let port = match port {
        "" => PORT,
        text => text.parse().ok().filter(|port| *port > 0).ok_or("a port is a number from 1 to 65535")?,
    };
    let addr = match addr {
        "" => None,
        text => Some(text.parse::<IpAddr>().map_err(|_| "hostaddr takes an IP address, not a name")?),
    };
    let host = match (host, addr) {
        ("", Some(addr)) => addr.to_string(),
        ("", None) => env.socket_dir(port).map_or("localhost".into(), |dir| dir.display().to_string()),
        (host, _) if host.starts_with('@') => {
            return Err("abstract sockets (host=@…) are not supported".into());
        }
        (host, _) => host.to_owned(),
    };
    Ok(Place { host, addr, port })
}

/// What is the same for every server of the list.
fn base_config(settings: &Settings) -> Result<Config, String> {
    let mut config = Config::new();
    if let Some(options) = settings.get("options") {
        config.options(options);
    }
    config.ssl_negotiation(match settings.get("sslnegotiation") {
        None | Some("postgres") => SslNegotiation::Postgres,
        Some("direct") => SslNegotiation::Direct,
        Some(_) => return Err("sslnegotiation is postgres or direct".into()),
    });
    config.channel_binding(match settings.get("channel_binding") {
        None | Some("prefer") => ChannelBinding::Prefer,
        Some("disable") => ChannelBinding::Disable,
        Some("require") => ChannelBinding::Require,
        Some(_) => return Err("channel_binding is disable, prefer or require".into()),
    });
    config.target_session_attrs(session_attrs(settings)?);
    set_liveness(&mut config, settings)?;
    Ok(config)
}

/// Of several servers the one that can be written is wanted, which libpq has to be told.
fn session_attrs(settings: &Settings) -> Result<TargetSessionAttrs, String> {
    let several = settings.list("host").len().max(settings.list("hostaddr").len()) > 1;
    match settings.get("target_session_attrs") {
        None if several => Ok(TargetSessionAttrs::ReadWrite),
        None | Some("any") => Ok(TargetSessionAttrs::Any),
        Some("read-write" | "primary") => Ok(TargetSessionAttrs::ReadWrite),
        Some("read-only" | "standby" | "prefer-standby") => {
            Err("quarterdeck needs the primary: target_session_attrs is any, read-write or primary".into())
        }
        Some(_) => Err("target_session_attrs is any, read-write or primary".into()),
    }
}

fn set_liveness(config: &mut Config, settings: &Settings) -> Result<(), String> {
    let seconds = |name, default| {
        number(settings, name).map(|n| n.filter(|n| *n > 0).map_or(default, Duration::from_secs))
    };
    config.keepalives(number(settings, "keepalives")? != Some(0));
    config.keepalives_idle(seconds("keepalives_idle", KEEPALIVE_IDLE)?);
    config.keepalives_interval(seconds("keepalives_interval", KEEPALIVE_INTERVAL)?);
    let count = number(settings, "keepalives_count")?.and_then(|n| u32::try_from(n).ok());
    config.keepalives_retries(count.filter(|n| *n > 0).unwrap_or(KEEPALIVE_COUNT));
    let unacknowledged = number(settings, "tcp_user_timeout")?.filter(|n| *n > 0);
    config.tcp_user_timeout(unacknowledged.map_or(TCP_USER_TIMEOUT, Duration::from_millis));
    Ok(())
}

/// A number; libpq reads a negative one as 0.
fn number(settings: &Settings, name: &str) -> Result<Option<u64>, String> {
    let Some(text) = settings.get(name) else { return Ok(None) };
    let value: i64 = text.trim().parse().map_err(|_| format!("{name} takes a whole number"))?;
    Ok(Some(u64::try_from(value).unwrap_or(0)))
}

fn tls_policy(settings: &Settings, env: &Environment) -> Result<Policy, String> {
    let given =
        |name, file| settings.get(name).map(PathBuf::from).or_else(|| env.home(file).filter(|p| p.exists()));
    let system = settings.get("sslrootcert") == Some("system");
    let mode = match settings.get("sslmode") {
        None if system => Mode::VerifyFull,
        None => Mode::Prefer,
        Some(word) => Mode::parse(word)?,
    };
    if system && mode != Mode::VerifyFull && mode != Mode::Disable {
        return Err(
            "sslrootcert=system trusts every public authority, so it needs sslmode=verify-full".into()
        );
    }
    let roots = match settings.get("sslrootcert") {
        Some("system") => Roots::System,
        _ => given("sslrootcert", ".postgresql/root.crt").map_or(Roots::None, Roots::File),
    };
    let direct = settings.get("sslnegotiation") == Some("direct");
    if direct && !mode.insists() {
        return Err("sslnegotiation=direct needs sslmode=require, verify-ca or verify-full".into());
    }
    Ok(Policy {
        mode,
        roots,
        certificate: given("sslcert", ".postgresql/postgresql.crt"),
        key: given("sslkey", ".postgresql/postgresql.key"),
        direct,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn env(vars: &[(&str, &str)]) -> Environment {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment { vars, user: Some("os-user".into()), socket_dirs: vec![] }
    }

    fn places_of(conn: &str, env: &Environment) -> Vec<String> {
        resolve(Some(conn), env).unwrap().endpoints.iter().map(Endpoint::place).collect()
    }

    fn secret(endpoint: &Endpoint) -> Option<&str> {
        endpoint.config.get_password().map(|bytes| std::str::from_utf8(bytes).unwrap())
    }

    fn file(dir: &tempfile::TempDir, name: &str, text: &str, mode: u32) -> String {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    }

    #[test]
    fn nothing_given_means_libpqs_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let mut env = env(&[]);
        assert_eq!(resolve(None, &env).unwrap().endpoints[0].place(), "localhost:5432");
        env.socket_dirs = vec!["/nonexistent".into(), dir.path().into()];
        let resolved = resolve(None, &env).unwrap();
        assert_eq!((resolved.user.as_str(), resolved.database.as_str()), ("os-user", "os-user"));
        assert_eq!(resolved.endpoints[0].host, dir.path().display().to_string());
        assert!(resolved.endpoints[0].is_socket());
        assert_eq!(resolved.timeout, Some(CONNECT_TIMEOUT));
        assert_eq!(resolved.tls.mode, Mode::Prefer);
        let config = &resolved.endpoints[0].config;
        assert!(config.get_keepalives());
        assert_eq!(config.get_keepalives_idle(), KEEPALIVE_IDLE);
        assert_eq!(config.get_tcp_user_timeout(), Some(&TCP_USER_TIMEOUT));
    }

    #[test]
    fn the_socket_of_the_port_is_looked_for() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        file(&two, ".s.PGSQL.7000", "", 0o600);
        let mut env = env(&[]);
        env.socket_dirs = vec![one.path().into(), two.path().into()];
        assert_eq!(places_of("port=7000", &env), [format!("{}:7000", two.path().display())]);
        assert_eq!(places_of("port=7001", &env), [format!("{}:7001", one.path().display())]);
    }

    #[test]
    fn string_before_service_before_environment() {
        let dir = tempfile::tempdir().unwrap();
        let services = file(&dir, "services", "[shop]\nhost=s-host\nuser=s-user\ndbname=s-db\n", 0o644);
        let env = env(&[
            ("PGSERVICEFILE", &services),
            ("PGSERVICE", "shop"),
            ("PGUSER", "e-user"),
            ("PGPORT", "7777"),
            ("PGCONNECT_TIMEOUT", "0"),
            ("PGAPPNAME", "nightly"),
        ]);
        let resolved = resolve(Some("dbname=c-db"), &env).unwrap();
        assert_eq!((resolved.user.as_str(), resolved.database.as_str()), ("s-user", "c-db"));
        assert_eq!(resolved.endpoints[0].place(), "s-host:7777");
        assert_eq!(resolved.timeout, None, "0 waits without end");
        assert_eq!(resolved.application_name.as_deref(), Some("nightly"));
        assert!(resolve(Some("service=other"), &env).unwrap_err().contains("no service \"other\""));
    }

    #[test]
    fn the_systems_service_file_comes_second() {
        let dir = tempfile::tempdir().unwrap();
        file(&dir, ".pg_service.conf", "[a]\nhost=own\n", 0o644);
        file(&dir, "etc/pg_service.conf", "[a]\nhost=system\n[b]\nhost=system\n", 0o644);
        let home = dir.path().display().to_string();
        let env = env(&[("HOME", &home), ("PGSYSCONFDIR", &format!("{home}/etc"))]);
        assert_eq!(places_of("service=a", &env), ["own:5432"]);
        assert_eq!(places_of("service=b", &env), ["system:5432"]);
    }

    #[test]
    fn each_server_of_a_list_has_its_own_password() {
        let dir = tempfile::tempdir().unwrap();
        file(&dir, ".pgpass", "a:1:d:u:pa\nb:2:d:u:pb\nlocalhost:*:d:u:socket\n", 0o600);
        let mut env = env(&[("HOME", &dir.path().display().to_string())]);
        env.socket_dirs = vec![dir.path().into()];
        let resolved = resolve(Some("postgres://u@a:1,b:2,c/d"), &env).unwrap();
        let found: Vec<_> = resolved.endpoints.iter().map(|e| (e.place(), secret(e))).collect();
        assert_eq!(found, [("a:1".into(), Some("pa")), ("b:2".into(), Some("pb")), ("c:5432".into(), None)]);
        assert_eq!(
            resolved.endpoints[0].config.get_target_session_attrs(),
            TargetSessionAttrs::ReadWrite,
            "of several servers the primary is wanted"
        );
        let socket = resolve(Some("user=u dbname=d"), &env).unwrap();
        assert_eq!(secret(&socket.endpoints[0]), Some("socket"));
        let given = resolve(Some("postgres://u:mine@a:1/d"), &env).unwrap();
        assert_eq!(secret(&given.endpoints[0]), Some("mine"));
    }

    #[test]
    fn a_password_file_that_others_can_read_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir, "pass", "*:*:*:*:p\n", 0o640);
        let resolved = resolve(Some("host=h"), &env(&[("PGPASSFILE", &path)])).unwrap();
        assert_eq!(secret(&resolved.endpoints[0]), None);
        let fault = resolved.passfile_fault.unwrap();
        assert!(fault.contains(&path) && fault.contains("chmod 600"), "{fault}");
    }

    #[test]
    fn lists_and_addresses() {
        let env = env(&[]);
        assert_eq!(places_of("hostaddr=::1 port=1", &env), ["[::1]:1"]);
        assert_eq!(places_of("host=a,b port=9", &env), ["a:9", "b:9"]);
        let by_address = resolve(Some("host=name hostaddr=127.0.0.1"), &env).unwrap();
        assert_eq!(by_address.endpoints[0].host, "name");
        assert_eq!(by_address.endpoints[0].config.get_hostaddrs().len(), 1);
    }

    #[test]
    fn what_cannot_be_is_said_in_words() {
        let env = env(&[]);
        let cases = [
            ("host=a,b port=1,2,3", "2 hosts and 3 ports"),
            ("host=a,b hostaddr=::1", "2 hosts and 1 hostaddrs"),
            ("host=a hostaddr=::1,::2", "1 hosts and 2 hostaddrs"),
            ("port=0", "1 to 65535"),
            ("port=70000", "1 to 65535"),
            ("hostaddr=name", "IP address"),
            ("host=@x", "abstract"),
            ("connect_timeout=soon", "whole number"),
            ("sslmode=allow", "not supported"),
            ("sslmode=yes", "verify-full"),
            ("sslrootcert=system sslmode=require", "verify-full"),
            ("sslnegotiation=direct", "needs sslmode"),
            ("target_session_attrs=standby", "primary"),
            ("channel_binding=maybe", "channel_binding"),
        ];
        for (conn, part) in cases {
            let reason = resolve(Some(conn), &env).unwrap_err();
            assert!(reason.contains(part), "{conn}: {reason}");
        }
    }

    #[test]
    fn sslrootcert_system_means_verify_full() {
        let policy = resolve(Some("sslrootcert=system"), &env(&[])).unwrap().tls;
        assert_eq!((policy.mode, policy.roots), (Mode::VerifyFull, Roots::System));
        let env = env(&[("PGSSLMODE", "verify-ca"), ("PGSSLROOTCERT", "/ca.pem")]);
        let policy = resolve(Some("host=h"), &env).unwrap().tls;
        assert_eq!((policy.mode, policy.roots), (Mode::VerifyCa, Roots::File("/ca.pem".into())));
    }
}
