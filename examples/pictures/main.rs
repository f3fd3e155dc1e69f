//! The README's pictures and the terminal cast, drawn from a recording of a real demo run.
//!
//! `cargo run --example pictures` draws them anew from the recording; a test says when that is due.
//! `cargo run --example pictures -- record` makes a demo and records it first; it needs PostgreSQL's server programs, and
//! takes some minutes.

mod cast;
mod film;
mod gallery;
mod record;
mod recording;
mod story;
mod svg;

use std::path::Path;

use recording::Trouble;

fn main() -> Result<(), Trouble> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {}
        ["record"] => record::record(record::ROWS, root)?,
        ["record", rows] => record::record(rows.parse()?, root)?,
        _ => return Err("pictures [record [ROWS]]".into()),
    }
    for (name, text) in gallery::files(root)? {
        std::fs::write(root.join(gallery::FOLDER).join(name), text)?;
    }
    Ok(())
}
