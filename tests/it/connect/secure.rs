//! TLS with a server of its own and certificates made here: who is trusted under which `sslmode`.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::PathBuf,
    time::{Duration, Instant},
};

use quarterdeck::{
    demo::{
        cluster::{Cluster, Options},
        programs,
    },
    pg::Target,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio_postgres::Client;

use super::fails_with;

/// A server with TLS on, reachable by TCP and by a socket, and the authorities.
struct Secure {
    cluster: Cluster,
    folder: tempfile::TempDir,
    authority: Issuer<'static, KeyPair>,
}

impl Secure {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The server's socket is made here by its own user, whoever runs the tests.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let socket = folder.path().display().to_string();
        let options = Options::default().set("fsync", "off").set("unix_socket_directories", &socket);
        let found = programs::find(None).unwrap();
        let cluster = Cluster::start(&found, &options).await.unwrap();
        let (authority, pem) = authority("Quarterdeck Test Authority");
        let secure = Self { cluster, folder, authority };
        secure.file("ca.pem", &pem);
        secure.file("other-ca.pem", &self::authority("Another Authority").1);
        secure.install("root.crt", &pem);
        secure.install(
            "pg_hba.conf",
            "local     all all                  scram-sha-256\n\
             hostssl   all by_certificate all   cert\n\
             hostssl   all tls_only all         scram-sha-256\n\
             hostnossl all plain_only all       scram-sha-256\n\
             host      all postgres all         scram-sha-256\n",
        );
        let admin = secure.admin().await;
        let roles = "CREATE ROLE by_certificate LOGIN; CREATE ROLE tls_only LOGIN PASSWORD 'p';
                     CREATE ROLE plain_only LOGIN PASSWORD 'p'";
        admin.batch_execute(roles).await.unwrap();
        admin.batch_execute("ALTER SYSTEM SET ssl_ca_file = 'root.crt'").await.unwrap();
        secure
    }

    async fn admin(&self) -> Client {
        self.cluster.target("postgres").unwrap().open("test admin").await.unwrap()
    }

    /// A file for the client.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// A file in the server's data folder, which must be its user's own.
    fn install(&self, name: &str, text: &str) {
        let data = self.cluster.folder().join("data");
        let (path, owner) = (data.join(name), fs::metadata(&data).unwrap());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }

    /// Makes the server present this certificate, and waits until it does.
    async fn present(&self, certificate: &str, key: &KeyPair) {
        self.install("server.crt", certificate);
        self.install("server.key", &key.serialize_pem());
        self.reload("ALTER SYSTEM SET ssl = on").await;
    }

    async fn reload(&self, change: &str) {
        // What a new session inherits from the postmaster, which loads all files in one go.
        let loaded = async || -> String {
            let row = self.admin().await.query_one("SELECT pg_conf_load_time()::text", &[]).await;
            row.unwrap().get(0)
        };
        let before = loaded().await;
        let admin = self.admin().await;
        admin.batch_execute(change).await.unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while loaded().await == before {
            assert!(Instant::now() < deadline, "the server does not reload");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A certificate of our authority; without names it has only the common name.
    fn issue(&self, common_name: &str, names: &[&str]) -> (String, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let certificate = params(common_name, names).signed_by(&key, &self.authority).unwrap();
        (certificate.pem(), key)
    }

    /// A connection string to the server by TCP; later words win. `{dir}` is the folder of the client's files.
    fn conn(&self, words: &str) -> String {
        let words = words.replace("{dir}", &self.folder.path().display().to_string());
        format!("{} {words}", self.cluster.conninfo("postgres"))
    }

    /// Whether a connection made so is encrypted.
    async fn encrypted(&self, words: &str) -> bool {
        let client = Target::parse(&self.conn(words)).unwrap().open("test").await.expect(words);
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        client.query_one(sql, &[]).await.unwrap().get(0)
    }
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

#[tokio::test(flavor = "multi_thread")]
async fn sslmode_decides_what_is_verified() {
    let server = Secure::start().await;
    let (certificate, key) = server.issue("anything", &["127.0.0.1", "db.test"]);
    server.present(&certificate, &key).await;

    assert!(!server.encrypted("sslmode=disable").await);
    assert!(server.encrypted("sslmode=prefer").await);
    assert!(server.encrypted("sslmode=require").await);
    assert!(server.encrypted("sslmode=require sslrootcert={dir}/ca.pem").await);
    assert!(server.encrypted("sslmode=verify-ca sslrootcert={dir}/ca.pem").await);
    assert!(server.encrypted("sslmode=verify-full sslrootcert={dir}/ca.pem").await);
    let by_name = "host=db.test hostaddr=127.0.0.1";
    assert!(server.encrypted(&format!("{by_name} sslmode=verify-full sslrootcert={{dir}}/ca.pem")).await);
    let other_name = "host=other.test hostaddr=127.0.0.1 sslrootcert={dir}/ca.pem";
    assert!(server.encrypted(&format!("{other_name} sslmode=verify-ca")).await);
    let full = server.conn(&format!("{other_name} sslmode=verify-full"));
    fails_with(&full, "not valid for name", "sslmode=verify-ca").await;
    // With roots, `require` verifies too, as libpq does.
    for mode in ["require", "verify-ca", "verify-full"] {
        let conn = server.conn(&format!("sslmode={mode} sslrootcert={{dir}}/other-ca.pem"));
        fails_with(&conn, "UnknownIssuer", "sslrootcert=FILE").await;
    }
    // A socket needs no TLS, whatever is asked for.
    assert!(!server.encrypted("host={dir} sslmode=verify-full sslrootcert={dir}/ca.pem").await);
    assert!(server.encrypted("sslmode=require channel_binding=require").await);
    fails_with(&server.conn("channel_binding=require"), "channel binding", "channel_binding=prefer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_as_libpq_takes_them() {
    let server = Secure::start().await;
    let full = "host=db.test hostaddr=127.0.0.1 sslmode=verify-full sslrootcert={dir}/ca.pem";

    let (certificate, key) = server.issue("db.test", &[]);
    server.present(&certificate, &key).await;
    assert!(server.encrypted(full).await, "without alternative names the common name counts");

    let (certificate, key) = server.issue("db.test", &["elsewhere.test"]);
    server.present(&certificate, &key).await;
    fails_with(&server.conn(full), "not valid for name", "made out to").await;

    let key = KeyPair::generate().unwrap();
    let mut own = params("own", &["db.test"]);
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = own.self_signed(&key).unwrap().pem();
    server.file("own.pem", &pem);
    server.present(&pem, &key).await;
    assert!(server.encrypted(&full.replace("ca.pem", "own.pem")).await, "the server's own, trusted as it is");
    fails_with(&server.conn(full), "CaUsedAsEndEntity", "that very file in sslrootcert").await;

    let mut old = params("old", &["db.test"]);
    (old.not_before, old.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    let pem = old.self_signed(&key).unwrap().pem();
    server.file("old.pem", &pem);
    server.present(&pem, &key).await;
    fails_with(&server.conn(&full.replace("ca.pem", "old.pem")), "xpired", "renew").await;
    assert!(server.encrypted("sslmode=require").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_certificates_and_the_way_without_tls() {
    let server = Secure::start().await;
    let (certificate, key) = server.issue("anything", &["127.0.0.1"]);
    server.present(&certificate, &key).await;

    let (certificate, key) = server.issue("by_certificate", &[]);
    server.file("client.crt", &certificate);
    server.file("client.key", &key.serialize_pem());
    let role = "user=by_certificate password='' sslmode=require";
    assert!(server.encrypted(&format!("{role} sslcert={{dir}}/client.crt sslkey={{dir}}/client.key")).await);
    fails_with(&server.conn(role), "certificate", "sslcert").await;

    assert!(server.encrypted("user=tls_only password=p sslmode=prefer").await);
    fails_with(&server.conn("user=tls_only password=p sslmode=disable"), "[28000]", "pg_hba.conf").await;
    assert!(!server.encrypted("user=plain_only password=p sslmode=prefer").await, "prefer falls back");
    fails_with(&server.conn("user=plain_only password=p sslmode=require"), "[28000]", "pg_hba.conf").await;

    for (words, part) in [
        ("sslmode=verify-full", "no root certificate"),
        ("sslmode=verify-ca sslrootcert={dir}/none.pem", "none.pem"),
        ("sslmode=require sslcert={dir}/client.crt sslkey={dir}/ca.pem", "ca.pem"),
    ] {
        let error = Target::parse(&server.conn(words)).unwrap_err();
        assert!(error.to_string().contains(part), "{words}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_systems_authorities_are_trusted_on_request() {
    let server = Secure::start().await;
    let (certificate, key) = server.issue("anything", &["127.0.0.1"]);
    server.present(&certificate, &key).await;
    // The system's store is chosen by the environment, which a test may change for another process only.
    for (file, trusted) in [("ca.pem", true), ("other-ca.pem", false)] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_quarterdeck"))
            .args(["status", "--conn", &server.conn("sslmode=verify-full sslrootcert=system")])
            .env("SSL_CERT_FILE", server.folder.path().join(file))
            .env("XDG_STATE_HOME", server.folder.path())
            .env("QUARTERDECK_CONFIG", "/dev/null")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.contains("UnknownIssuer"), !trusted, "{file}: {said}");
        assert_eq!(said.contains("cannot connect"), !trusted, "{file}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_cancelled_over_tls() {
    let server = Secure::start().await;
    let (certificate, key) = server.issue("anything", &["127.0.0.1"]);
    server.present(&certificate, &key).await;
    let conn = server.conn("user=tls_only password=p sslmode=verify-full sslrootcert={dir}/ca.pem");
    let target = Target::parse(&conn).unwrap();
    let client = target.open("test").await.unwrap();
    let token = client.cancel_token();
    let sleeps = tokio::spawn(async move { client.batch_execute("SELECT pg_sleep(60)").await });
    let admin = server.admin().await;
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active' \
                AND pid <> pg_backend_pid()";
    while admin.query_one(busy, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
    target.cancel(&token).await.unwrap();
    let error = sleeps.await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&tokio_postgres::error::SqlState::QUERY_CANCELED));
}
