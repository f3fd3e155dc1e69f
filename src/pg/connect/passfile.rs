//! The password file (manual, 34.16): lines of `host:port:database:user:password`.
//!
//! Pure: the text comes from the caller, who has judged the file's mode. The first line that fits counts;
//! `*` alone in a field fits everything; `\` takes the next character as it is.

/// What a password is looked up by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup<'a> {
    /// The host as given; `localhost` for the default socket directory.
    pub(super) host: &'a str,
    /// The port.
    pub(super) port: u16,
    /// The database.
    pub(super) database: &'a str,
    /// The role.
    pub(super) user: &'a str,
}

/// The password of the first line that fits.
pub(super) fn password(text: &str, lookup: Lookup<'_>) -> Option<String> {
    let port = lookup.port.to_string();
    let wanted = [lookup.host, &port, lookup.database, lookup.user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for want in wanted {
            let (field, after) = take_field(rest);
            rest = after?;
            if field.raw != "*" && field.text != want {
                return None;
            }
        }
        Some(take_field(rest).0.text)
    })
}

/// A field as it stands and as it reads: `\*` is a star, `*` is everything.
struct Field<'a> {
    raw: &'a str,
    text: String,
}

/// The field at the start of `line`, and what follows its colon; `None` where the line ends.
fn take_field(line: &str) -> (Field<'_>, Option<&str>) {
    let mut text = String::new();
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ':' => return (Field { raw: &line[..at], text }, Some(&line[at + 1..])),
            '\\' => text.push(chars.next().map_or('\\', |(_, escaped)| escaped)),
            c => text.push(c),
        }
    }
    (Field { raw: line, text }, None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: Lookup<'_> = Lookup { host: "db", port: 5432, database: "shop", user: "ana" };

    #[test]
    fn the_first_line_that_fits_counts() {
        let text = "# db:5432:shop:ana:no\n\
                    db:5433:shop:ana:wrong port\n\
                    db:5432:shop:*:first\n\
                    *:*:*:*:second\n";
        assert_eq!(password(text, AT).as_deref(), Some("first"));
        assert_eq!(password(text, Lookup { host: "other", ..AT }).as_deref(), Some("second"));
        assert_eq!(password("db:5432:shop:bob:x", AT), None);
        assert_eq!(password("db:5432:shop", AT), None);
    }

    #[test]
    fn escapes_hold_in_every_field() {
        assert_eq!(password("db:5432:shop:ana:a\\:b\\\\c\r\n", AT).as_deref(), Some("a:b\\c"));
        let v6 = Lookup { host: "::1", ..AT };
        assert_eq!(password("\\:\\:1:5432:shop:ana:p", v6).as_deref(), Some("p"));
        assert_eq!(password("\\*:5432:shop:ana:p", AT), None, "an escaped star is no wildcard");
        assert_eq!(password("db:5432:shop:ana:p:rest", AT).as_deref(), Some("p"), "as libpq reads it");
    }

    fn escape(text: &str) -> String {
        text.replace('\\', r"\\").replace(':', r"\:").replace('*', r"\*")
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(:|\\\\|\\*|\\n|.)*") {
            let _ = password(&text, AT);
        }

        #[test]
        fn lines_come_back(
            host in "[^#\r\n][^\r\n]*", database in "[^\r\n]+", user in "[^\r\n]+",
            word in "[^\r\n]*", port in any::<u16>(),
        ) {
            let fields = [&host, &port.to_string(), &database, &user, &word].map(|field| escape(field));
            let lookup = Lookup { host: &host, port, database: &database, user: &user };
            prop_assert_eq!(password(&fields.join(":"), lookup), Some(word));
        }
    }
}
