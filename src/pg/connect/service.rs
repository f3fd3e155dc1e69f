//! pg_service.conf (manual, 34.17): sections of connection parameters, chosen by name.
//!
//! Pure: the text comes from the caller. A section is used as a whole or not at all.

use super::settings::Settings;

/// The parameters of the section `[name]`; `None` where the text has no such section.
pub(super) fn section(text: &str, name: &str) -> Result<Option<Settings>, String> {
    let mut found: Option<Settings> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            found = (header.strip_suffix(']') == Some(name)).then(Settings::default);
        } else if let Some(settings) = &mut found {
            set(settings, line).map_err(|reason| format!("line {number}: {reason}"))?;
        }
    }
    Ok(found)
}

fn set(settings: &mut Settings, line: &str) -> Result<(), String> {
    if line.starts_with("ldap://") {
        return Err("quarterdeck does not look up parameters over LDAP".into());
    }
    let (name, value) = line.split_once('=').ok_or("a line needs the form name=value")?;
    if name == "service" {
        return Err("a service cannot name another service".into());
    }
    settings.set(name, value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "# ours\n[shop]\nhost=db1\nport = 1\n\n[shop_ro]\r\nhost=db2\r\ndbname=shop two\r\n";

    #[test]
    fn one_section_is_taken() {
        let shop = section(TEXT, "shop_ro").unwrap().unwrap();
        assert_eq!((shop.get("host"), shop.get("dbname")), (Some("db2"), Some("shop two")));
        assert_eq!(shop.get("port"), None);
        assert!(section(TEXT, "other").unwrap().is_none());
    }

    #[test]
    fn faults_name_their_line() {
        // libpq takes no blanks around the = either.
        assert!(section(TEXT, "shop").unwrap_err().starts_with("line 4: "));
        for fault in ["service=x", "hunter2", "colour=red", "ldap://x"] {
            let reason = section(&format!("[a]\n{fault}\n"), "a").unwrap_err();
            assert!(reason.starts_with("line 2: ") && !reason.contains("hunter2"), "{reason}");
        }
        assert!(section("nonsense\n[a]\nuser=b", "a").unwrap().is_some(), "other sections are not judged");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\[|\\]|=|a|#|\\n|.)*", name in ".*") {
            let _ = section(&text, &name);
        }

        #[test]
        fn values_come_back(value in "[^\0\n\r\\s]{1,20}") {
            let text = format!("[other]\npassword=x\n[a]\npassword={value}\n[a]\npassword=y\n");
            let settings = section(&text, "a").unwrap().unwrap();
            prop_assert_eq!(settings.get("password"), Some(value.as_str()));
        }
    }
}
