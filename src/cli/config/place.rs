//! Where the settings' file is: named by a flag or a variable, else in the XDG configuration folder. Reads nothing.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The variable that names another file.
const VARIABLE: &str = "QUARTERDECK_CONFIG";

/// The file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub path: PathBuf,
    /// Who says so.
    pub named: Named,
}

/// Who names the file. One that is named must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// `--config`
    Flag,
    /// `QUARTERDECK_CONFIG`
    Variable,
    /// Nobody: it is the usual one.
    Usual,
}

impl Place {
    /// The file that flag, variables or convention name; `None` where not even a home is known.
    pub fn find(flag: Option<&Path>, var: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        if let Some(path) = flag {
            return Some(Self { path: path.into(), named: Named::Flag });
        }
        if let Some(path) = var(VARIABLE).filter(|path| !path.is_empty()) {
            return Some(Self { path: path.into(), named: Named::Variable });
        }
        let absolute = |path: String| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
        let folder = var("XDG_CONFIG_HOME").and_then(absolute);
        let folder = folder.or_else(|| Some(absolute(var("HOME")?)?.join(".config")))?;
        Some(Self { path: folder.join("quarterdeck/config.toml"), named: Named::Usual })
    }

    /// It cannot be read.
    pub(super) fn unread(&self, reason: &str) -> Error {
        let remedy = match self.named {
            Named::Flag => "name a file that can be read, or leave --config out".into(),
            Named::Variable => format!("name a file that can be read in {VARIABLE}, or unset it"),
            Named::Usual => "mend it, or take it away: without it the defaults hold".into(),
        };
        Error::Usage { reason: format!("the settings {}: {reason}", self.path.display()), remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(flag: Option<&str>, vars: &[(&str, &str)]) -> Option<(String, Named)> {
        let var = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let place = Place::find(flag.map(Path::new), &var)?;
        Some((place.path.display().to_string(), place.named))
    }

    #[test]
    fn a_flag_comes_before_the_variable_that_before_xdg_that_before_the_home() {
        let all = [("HOME", "/home/ana"), ("XDG_CONFIG_HOME", "/etc/ana"), (VARIABLE, "mine.toml")];
        let is = |path: &str, named| Some((path.to_owned(), named));
        assert_eq!(found(Some("other.toml"), &all), is("other.toml", Named::Flag));
        assert_eq!(found(None, &all), is("mine.toml", Named::Variable));
        assert_eq!(found(None, &all[..2]), is("/etc/ana/quarterdeck/config.toml", Named::Usual));
        let home = is("/home/ana/.config/quarterdeck/config.toml", Named::Usual);
        assert_eq!(found(None, &all[..1]), home);
        assert_eq!(found(None, &[]), None);
        let empty = [("HOME", "/home/ana"), ("XDG_CONFIG_HOME", ""), (VARIABLE, "")];
        assert_eq!(found(None, &empty), home, "what is empty says nothing");
        let relative = [("HOME", "/home/ana"), ("XDG_CONFIG_HOME", "etc")];
        assert_eq!(found(None, &relative), home, "the specification says to ignore relative ones");
    }
}
