//! In whose name this process asks.

use crate::{engine::command::Asker, pg::Target, pg::owner};

/// The role of the connection, and the user and host of this process.
pub(super) fn of(target: &Target) -> Asker {
    let user =
        ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    let user = user.unwrap_or_else(|| "somebody".into());
    Asker { role: target.user().to_owned(), from: format!("{user}@{}", owner::host()), face: "cli".into() }
}
