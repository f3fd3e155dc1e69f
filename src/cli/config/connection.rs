//! `[[connection]]`: which server it is about, and its label.

use crate::{pg::Target, tui::badge::Label};

/// A server that has a label. What is not given matches any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `host`
    pub host: Option<String>,
    /// `port`
    pub port: Option<u16>,
    /// `dbname`
    pub dbname: Option<String>,
    /// `user`
    pub user: Option<String>,
    /// `label` and `colour`
    pub label: Label,
}

/// A server that is connected to: all that may be tried, the database, the role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server<'a> {
    hosts: Vec<(&'a str, u16)>,
    dbname: &'a str,
    user: &'a str,
}

impl<'a> From<&'a Target> for Server<'a> {
    fn from(target: &'a Target) -> Self {
        Self { hosts: target.servers().collect(), dbname: target.database(), user: target.user() }
    }
}

impl Connection {
    /// All that is given is the server's. Of several servers it may be any: rather a label too many than one too few.
    pub(super) fn is(&self, server: &Server<'_>) -> bool {
        let same = |given: &Option<String>, is: &str| given.as_ref().is_none_or(|given| given == is);
        let host = |(host, port): &(&str, u16)| {
            self.host.as_ref().is_none_or(|given| given.eq_ignore_ascii_case(host))
                && self.port.is_none_or(|given| given == *port)
        };
        server.hosts.iter().any(host) && same(&self.dbname, server.dbname) && same(&self.user, server.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(host: &str, port: u16, dbname: &str, user: &str) -> Connection {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Connection {
            host: given(host),
            port: (port > 0).then_some(port),
            dbname: given(dbname),
            user: given(user),
            label: "PROD".into(),
        }
    }

    #[test]
    fn all_that_is_given_must_be_the_server_s() {
        let target = Target::parse("postgres://dba@db1.shop,DB2.shop:6432/shop").unwrap();
        let is = |host, port, dbname, user| connection(host, port, dbname, user).is(&Server::from(&target));
        assert!(is("", 0, "", ""), "what is not given matches any");
        assert!(is("db1.shop", 5432, "shop", "dba"));
        assert!(is("db2.shop", 6432, "", ""), "any of several servers, whatever the case of its name");
        assert!(!is("db2.shop", 5432, "", ""), "host and port are one server's");
        for wrong in
            [("db3.shop", 0, "", ""), ("", 1, "", ""), ("", 0, "Shop", ""), ("db1.shop", 0, "", "app")]
        {
            assert!(!is(wrong.0, wrong.1, wrong.2, wrong.3), "{wrong:?}");
        }
    }
}
