//! Connection strings in libpq's two forms (manual, 34.1.1): `host=… dbname=…` and `postgres://…`.
//!
//! Pure. Every input gives settings or a reason in words, never a panic; no reason holds a value.

use super::settings::Settings;

/// Whether a word can only be a connection string, so that a mistyped command never connects.
pub(super) fn looks_like_one(word: &str) -> bool {
    word.contains("://") || word.contains('=')
}

/// Reads a connection string of either form.
pub(super) fn parse(conn: &str) -> Result<Settings, String> {
    match ["postgres://", "postgresql://"].iter().find_map(|scheme| conn.strip_prefix(scheme)) {
        Some(rest) => parse_uri(rest),
        None if conn.contains("://") && !conn.contains('=') => {
            Err("it begins neither with postgres:// nor with postgresql://".into())
        }
        None => parse_pairs(conn),
    }
}

/// `key = value` pairs; values may be in single quotes, `\` takes the next character as it is.
fn parse_pairs(text: &str) -> Result<Settings, String> {
    let mut settings = Settings::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once('=')
            .ok_or("a word has no = (a value with spaces needs single quotes around it)")?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err("a parameter's name is missing before =".into());
        }
        let (value, after) = take_value(after.trim_start()).map_err(|e| format!("{e} after {name:?}"))?;
        settings.set(name, value)?;
        rest = after.trim_start();
    }
    Ok(settings)
}

/// The value at the start of `text`, and what follows it.
fn take_value(text: &str) -> Result<(String, &str), &'static str> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c if !quoted && c.is_whitespace() => return Ok((value, &text[at..])),
            c => value.push(c),
        }
    }
    if quoted { Err("a quoted value does not end") } else { Ok((value, "")) }
}

/// `[user[:password]@][host[:port][,…]][/dbname][?name=value[&…]]`, percent-encoded.
fn parse_uri(rest: &str) -> Result<Settings, String> {
    let mut settings = Settings::default();
    // As libpq does: an @ before the first / ends the credentials, whatever else is in them.
    let rest = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => {
            set_credentials(&mut settings, &rest[..at])?;
            &rest[at + 1..]
        }
        _ => rest,
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
    set_hosts(&mut settings, hosts)?;
    if !database.is_empty() {
        settings.set("dbname", decode(database)?)?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        set_query_pair(&mut settings, pair)?;
    }
    Ok(settings)
}

fn set_credentials(settings: &mut Settings, credentials: &str) -> Result<(), String> {
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    if !user.is_empty() {
        settings.set("user", decode(user)?)?;
    }
    if !password.is_empty() {
        settings.set("password", decode(password)?)?;
    }
    Ok(())
}

fn set_hosts(settings: &mut Settings, list: &str) -> Result<(), String> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for entry in list.split(',') {
        let (host, port) = match entry.strip_prefix('[') {
            Some(bracketed) => {
                let (host, after) = bracketed.split_once(']').ok_or("there is no ] after an IPv6 address")?;
                let port = if after.is_empty() {
                    ""
                } else {
                    after.strip_prefix(':').ok_or("something other than :port follows an IPv6 address")?
                };
                (host, port)
            }
            None => entry.split_once(':').unwrap_or((entry, "")),
        };
        hosts.push(decode(host)?);
        ports.push(decode(port)?);
    }
    if hosts.iter().any(|host| !host.is_empty()) {
        settings.set("host", hosts.join(","))?;
    }
    if ports.iter().any(|port| !port.is_empty()) {
        settings.set("port", ports.join(","))?;
    }
    Ok(())
}

fn set_query_pair(settings: &mut Settings, pair: &str) -> Result<(), String> {
    let (name, value) = pair.split_once('=').ok_or("a parameter after ? has no =")?;
    let (name, value) = (decode(name)?, decode(value)?);
    // JDBC's spelling, which libpq takes too.
    if name == "ssl" && value == "true" {
        return settings.set("sslmode", "require");
    }
    settings.set(&name, value)
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push(u8::try_from(high * 16 + low).unwrap_or_default()),
            _ => return Err("two hexadecimal digits must follow a % (write %25 for a % itself)".into()),
        }
    }
    String::from_utf8(bytes).map_err(|_| "percent-encoded text is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn get(conn: &str, names: &[&str]) -> Vec<String> {
        let settings = parse(conn).unwrap();
        names.iter().map(|name| settings.get(name).unwrap_or("-").to_owned()).collect()
    }

    const PLACE: [&str; 5] = ["user", "password", "host", "port", "dbname"];

    #[test]
    fn the_examples_of_the_manual() {
        let cases = [
            ("postgresql://", ["-", "-", "-", "-", "-"]),
            ("postgresql://localhost", ["-", "-", "localhost", "-", "-"]),
            ("postgresql://localhost:5433", ["-", "-", "localhost", "5433", "-"]),
            ("postgresql://localhost/mydb", ["-", "-", "localhost", "-", "mydb"]),
            ("postgresql://user@localhost", ["user", "-", "localhost", "-", "-"]),
            ("postgresql://user:secret@localhost", ["user", "secret", "localhost", "-", "-"]),
            ("postgresql:///mydb?host=localhost&port=5433", ["-", "-", "localhost", "5433", "mydb"]),
            ("postgresql://[2001:db8::1234]/database", ["-", "-", "2001:db8::1234", "-", "database"]),
            ("postgres://%2Fvar%2Flib%2Fpg:5433/dbname", ["-", "-", "/var/lib/pg", "5433", "dbname"]),
            ("postgres://h1:123,h2:456,h3/db", ["-", "-", "h1,h2,h3", "123,456,", "db"]),
            ("postgres://a%40b:p%3A%2F%25@h", ["a@b", "p:/%", "h", "-", "-"]),
            ("host=localhost port=5432 dbname=mydb", ["-", "-", "localhost", "5432", "mydb"]),
            ("user = 'o'", ["o", "-", "-", "-", "-"]),
            (r"password='it\'s \\' user=a\ b", ["a b", r"it's \", "-", "-", "-"]),
            ("postgres://a:p?x@h/d?user=b", ["b", "p?x", "h", "-", "d"]),
            ("user=ana password=", ["ana", "-", "-", "-", "-"]),
        ];
        for (conn, expected) in cases {
            assert_eq!(get(conn, &PLACE), expected, "{conn}");
        }
        assert_eq!(
            get("postgres://h/d?ssl=true&connect_timeout=3", &["sslmode", "connect_timeout"]),
            ["require", "3"]
        );
    }

    #[test]
    fn a_reason_names_the_fault_but_no_value() {
        let cases = [
            ("host=a hunter2", "a word has no ="),
            ("=hunter2", "name is missing"),
            ("password='hunter2", "does not end"),
            ("postgres://a:hunter2%zz@h", "hexadecimal"),
            ("postgres://a:hunter2@[::1", "]"),
            ("postgres://a:hunter2@[::1]5432", ":port"),
            ("postgres://a:hunter2@h/d?x", "no ="),
            ("postgres://a:hunter2@h/d?colour=red", "colour"),
            ("mysql://a:hunter2@h", "postgres://"),
            ("postgres://a:%ff@h", "UTF-8"),
            ("postgres://a:%00@h", "NUL"),
        ];
        for (conn, part) in cases {
            let reason = parse(conn).unwrap_err();
            assert!(reason.contains(part), "{conn}: {reason}");
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }

    fn pair_text(name: &str, value: &str) -> String {
        format!("{name} = '{}' ", value.replace('\\', r"\\").replace('\'', r"\'"))
    }

    fn percent(text: &str) -> String {
        text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).map(char::from).collect()
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse(&text);
            let _ = parse(&format!("postgres://{text}"));
        }

        #[test]
        fn pairs_come_back(user in "[^\0]+", password in "[^\0]+", host in "[^\0]+") {
            let text = pair_text("user", &user) + &pair_text("password", &password) + &pair_text("host", &host);
            prop_assert_eq!(get(&text, &["user", "password", "host"]), [user, password, host]);
        }

        #[test]
        fn uris_come_back(user in "[^\0]+", password in "[^\0]+", dbname in "[^\0]+") {
            let uri = format!("postgres://{}:{}@h:1/{}", percent(&user), percent(&password), percent(&dbname));
            let expected = [user, password, "h".into(), "1".into(), dbname];
            prop_assert_eq!(get(&uri, &PLACE), expected);
        }
    }
}
