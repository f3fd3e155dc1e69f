//! The settings: what a file says where no flag does. Found and read before anything is connected; changes nothing.
//!
//! A flag comes before the environment, that before the file, that before the default. Nothing that drops, archives or
//! deletes can be said in a file, nor who or what is to be done: such words belong to the command that does it.

mod connection;
mod effective;
mod fault;
mod fill;
mod place;
mod read;
mod value;

use std::{fs, path::PathBuf, time::Duration};

pub use self::{
    connection::Connection,
    effective::{Origin, Said, effective},
    fill::fill,
    place::{Named, Place},
};
use crate::{
    cli::{args::Args, everywhere::Theme},
    error::{Error, Result},
    tui::badge::Label,
};

/// What the file says. The keys are the flags' names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The file, where there is one.
    pub path: Option<PathBuf>,
    /// `theme`
    pub theme: Option<Theme>,
    /// `ascii`
    pub ascii: Option<bool>,
    /// `log-file`
    pub log_file: Option<PathBuf>,
    /// `workers`
    pub workers: Option<u16>,
    /// `lock-budget`, in milliseconds.
    pub lock_budget: Option<u64>,
    /// `verify-max-age`
    pub verify_max_age: Option<Duration>,
    /// `reverse-window`
    pub reverse_window: Option<Duration>,
    /// `premake`
    pub premake: Option<u32>,
    /// `[[connection]]`, in the file's order.
    pub connections: Vec<Connection>,
}

/// The file that the words or the variables name, or the usual one.
pub fn place(args: &Args, var: &impl Fn(&str) -> Option<String>) -> Option<Place> {
    Place::find(args.everywhere.config.as_deref(), var)
}

/// Reads the file, and takes on what it says.
pub fn settle(args: &mut Args, var: &impl Fn(&str) -> Option<String>) -> Result<()> {
    let config = Config::load(place(args, var).as_ref())?;
    fill(args, config, var);
    Ok(())
}

impl Config {
    /// Reads the file; the usual one may be missing.
    pub fn load(place: Option<&Place>) -> Result<Self> {
        let Some(place) = place else { return Ok(Self::default()) };
        let bytes = match fs::read(&place.path) {
            Ok(bytes) => bytes,
            Err(error) if place.named == Named::Usual && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(place.unread(&error.to_string())),
        };
        let text = String::from_utf8(bytes).map_err(|_| place.unread("it is not UTF-8"))?;
        // As an editor of another system leaves it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let read = read::read(text).map_err(|fault| Error::Usage {
            reason: format!("{}:{}: {}", place.path.display(), fault.line(text), fault.reason),
            remedy: fault.remedy,
        })?;
        Ok(Self { path: Some(place.path.clone()), ..read })
    }

    /// The label of a server: that of the first `[[connection]]` it is.
    pub fn label(&self, server: &connection::Server<'_>) -> Option<&Label> {
        self.connections.iter().find(|one| one.is(server)).map(|one| &one.label)
    }
}
