//! From the model to a picture: pure, `&Model` in, cells out.
//!
//! ```text
//!  title
//! ╭ tabs ──────────────────╮
//! │ the screen in front    │   overlays lie over the whole of it
//! ╰ footer ────────────────╯
//! ```

use ratatui::{Frame, layout::Rect};

use crate::tui::{
    app::{
        freeze,
        model::{Model, Screen},
    },
    frame::{footer, small, tabs, title},
    glyphs::{self, Glyphs},
    overlays, screens,
    theme::Theme,
    widgets::pen::Pen,
};

/// Draws everything.
pub fn view(model: &Model, theme: &Theme, frame: &mut Frame<'_>) {
    measured(model, theme, frame);
}

/// Draws everything; how many lines the text in front can be scrolled.
pub fn measured(model: &Model, theme: &Theme, frame: &mut Frame<'_>) -> usize {
    let area = frame.area();
    let mut pen = Pen { buf: frame.buffer_mut(), theme, furthest: 0 };
    // The model's size may be one resize behind the frame's; the frame's is the truth of the moment.
    let (columns, rows) = crate::tui::app::model::MIN_SIZE;
    if area.width < columns || area.height < rows {
        // There is no room to say that the display is frozen: it shows what is.
        let thawed = model.cursors.frozen.is_some().then(|| {
            let mut model = model.clone();
            freeze::thaw(&mut model);
            model
        });
        small::draw(&mut pen, area, thawed.as_ref().unwrap_or(model));
    } else {
        whole(&mut pen, area, model);
    }
    let furthest = pen.furthest;
    match theme.made.glyphs {
        Glyphs::Unicode => {}
        Glyphs::Ascii => glyphs::flatten(frame.buffer_mut()),
    }
    furthest
}

fn whole(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let box_ = Rect { y: area.y + 1, height: area.height - 1, ..area };
    title::draw(pen, Rect { height: 1, ..area }, model);
    pen.frame(box_, pen.theme.border);
    tabs::draw(pen, box_, model);
    footer::draw(pen, box_, model);
    let inner = Rect { x: box_.x + 1, y: box_.y + 1, width: box_.width - 2, height: box_.height - 2 };
    // A frozen picture does not grow older.
    let still = model.cursors.frozen.as_ref().map(|frozen| Model { now: frozen.since, ..model.clone() });
    let model = still.as_ref().unwrap_or(model);
    match model.screen {
        Screen::Tables => screens::tables::draw(pen, inner, model),
        Screen::Layout => screens::layout::draw(pen, inner, model),
        Screen::Quarters => screens::quarters::draw(pen, inner, model),
        Screen::Backfill => screens::backfill::draw(pen, inner, model),
        Screen::Validation => screens::validation::draw(pen, inner, model),
        Screen::Health => screens::upkeep::draw(pen, inner, model),
        Screen::Log => screens::log::draw(pen, inner, model),
    }
    for overlay in &model.overlays {
        overlays::draw(pen, area, overlay, model);
    }
}
