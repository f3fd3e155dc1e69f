//! The console without a database.
//!
//! `cargo run --example console` runs it on a made-up migration that copies, verifies, swaps and reverses;
//! `cargo run --example console -- pictures FOLDER [COLUMNS ROWS [light]]` draws its screens as SVG.

#[path = "../../tests/console/fixture/mod.rs"]
mod fixture;
mod pictures;
mod simulate;
#[path = "../pictures/svg.rs"]
mod svg;

use std::{error::Error, io::Write};

use fixture::{Scene, desk::Scripted};
use quarterdeck::tui::{
    glyphs::Glyphs,
    run::start::{Options, run},
    theme::Palette,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["pictures", folder, rest @ ..] = &words[..] {
        let number = |at: usize, default| rest.get(at).map_or(Ok(default), |n| n.parse::<u16>());
        let palette = if rest.contains(&"light") { Palette::Light } else { Palette::Dark };
        return pictures::draw(folder, (number(0, 100)?, number(1, 28)?), palette);
    }
    let glyphs = if words.contains(&"ascii") { Glyphs::Ascii } else { Glyphs::Unicode };
    tour(Options { glyphs, ..Options::default() })
}

#[tokio::main]
async fn tour(options: Options) -> Result<(), Box<dyn Error>> {
    let (desk, mut engines) = Scripted::new(Scene::Copying);
    tokio::spawn(async move {
        while let Some(engine) = engines.recv().await {
            tokio::spawn(simulate::simulate(engine));
        }
    });
    let ended = run(desk, options, None).await?;
    if let Some(status) = ended.status {
        std::io::stdout().write_all(quarterdeck::engine::report::summary(&status).as_bytes())?;
    }
    Ok(())
}
