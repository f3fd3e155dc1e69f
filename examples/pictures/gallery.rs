//! Every file that is made of the recording, by its name under `assets/pictures`.

use std::path::Path;

use quarterdeck::tui::{
    app::model::Model,
    glyphs::Glyphs,
    theme::{Depth, Palette, Theme},
    view::view,
};
use ratatui::{Terminal, backend::TestBackend};

use super::{
    cast::cast,
    film::SIZE,
    recording::{self, Entry, Heard, Trouble},
    story, svg,
};

/// The folder of all of them, from the repository's root.
pub(crate) const FOLDER: &str = "assets/pictures";
/// The cast.
pub(crate) const CAST: &str = "demo.cast";

/// Draws all of them from the recording of this repository.
pub(crate) fn files(root: &Path) -> Result<Vec<(String, String)>, Trouble> {
    let entries = recording::read(&root.join(recording::PATH))?;
    let title = title(&entries)?;
    let film = story::tell(entries)?;
    let mut files = vec![(CAST.to_owned(), cast(&film, &title)?)];
    for (name, model) in &film.stills {
        files.push((format!("{name}.svg"), picture(model, Palette::Dark)?));
        files.push((format!("{name}-light.svg"), picture(model, Palette::Light)?));
    }
    Ok(files)
}

fn picture(model: &Model, palette: Palette) -> Result<String, Trouble> {
    let theme = Theme::new(palette, Depth::True, Glyphs::Unicode);
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1))?;
    terminal.draw(|frame| view(model, &theme, frame))?;
    Ok(svg::svg(terminal.backend().buffer(), palette))
}

/// What the cast is of, and that its time is not the run's.
fn title(entries: &[Entry]) -> Result<String, Trouble> {
    let Some(Entry { at, heard: Heard::Place(stage) }) = entries.first() else {
        return Err("the recording begins nowhere".into());
    };
    Ok(format!(
        "Quarterdeck: one run of the demo, {}, {}, {} transactions a second meanwhile; waits are shortened",
        at.format("%Y-%m-%d"),
        stage.server,
        stage.tps
    ))
}
