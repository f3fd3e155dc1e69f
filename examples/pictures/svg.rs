//! A buffer as SVG: one text per run of letters of a style, one path per colour of blocks and of lines.
//!
//! Blocks, shades and box lines are drawn as shapes, so that they meet whatever the font; a run of letters is as wide as
//! its cells whatever the font. The same buffer makes the same text.

use std::{collections::BTreeMap, fmt::Write};

use quarterdeck::tui::theme::Palette;
use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

const WIDTH: f64 = 9.0;
const HEIGHT: f64 = 19.0;
const PAD: f64 = 14.0;
/// From a row's top to the line its letters stand on.
const BASELINE: f64 = 14.0;
const FONTS: &str = "ui-monospace,'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace";

struct Paper {
    background: &'static str,
    edge: &'static str,
    ink: &'static str,
}

/// The picture.
pub(crate) fn svg(buffer: &Buffer, palette: Palette) -> String {
    let paper = match palette {
        Palette::Light => Paper { background: "#fbfcfe", edge: "#d5dbe5", ink: "#1c2430" },
        Palette::Dark | Palette::HighContrast | Palette::Mono => {
            Paper { background: "#11161f", edge: "#2b3444", ink: "#d7dde8" }
        }
    };
    let mut layers = Layers::default();
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            layers.cell((x, y), &buffer[(x, y)], &paper);
        }
        layers.run_ends();
    }
    layers.page(&paper, (buffer.area.width, buffer.area.height))
}

/// A straight piece: where it is across, from where to where along.
type Piece = (f64, f64, f64);

/// What lies over what, undermost first.
#[derive(Default)]
struct Layers {
    /// Backgrounds and full blocks, row by row: colour and strength to pieces.
    bands: BTreeMap<(Layer, String), Vec<Piece>>,
    /// Parts of blocks by colour.
    parts: BTreeMap<String, String>,
    /// Horizontal and vertical lines, and corners, by colour.
    across: BTreeMap<String, Vec<Piece>>,
    down: BTreeMap<(String, Weight), Vec<Piece>>,
    corners: BTreeMap<String, String>,
    letters: String,
    /// Classes of letters, in the order in which they are met.
    classes: Vec<String>,
    run: Run,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Background,
    Light,
    Medium,
    Full,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Thin,
    Heavy,
}

/// Letters of one style side by side.
#[derive(Default)]
struct Run {
    at: (f64, f64),
    letters: String,
    style: String,
}

impl Layers {
    fn cell(&mut self, (column, row): (u16, u16), cell: &Cell, paper: &Paper) {
        let at @ (x, y) = (PAD + f64::from(column) * WIDTH, PAD + f64::from(row) * HEIGHT);
        let (mut ink, mut back) = (colour(cell.fg), colour(cell.bg));
        if cell.modifier.contains(Modifier::REVERSED) {
            let front = ink.take().unwrap_or_else(|| paper.ink.into());
            ink = Some(back.take().unwrap_or_else(|| paper.background.into()));
            back = Some(front);
        }
        let ink = ink.unwrap_or_else(|| paper.ink.into());
        if let Some(back) = back {
            self.band(Layer::Background, &back, at);
        }
        let symbol = cell.symbol();
        let Some(sign) = symbol.chars().next() else { return };
        if self.block(at, sign, &ink) || self.line(at, sign, &ink) {
            return self.run_ends();
        }
        let is_blank = symbol.trim().is_empty();
        // One blank keeps words in one run; after two the next word gets its own place.
        if is_blank && (self.run.letters.is_empty() || self.run.letters.ends_with(' ')) {
            return self.run_ends();
        }
        let weight = if cell.modifier.contains(Modifier::BOLD) { ";font-weight:600" } else { "" };
        let style = if is_blank { self.run.style.clone() } else { format!("fill:{ink}{weight}") };
        if style != self.run.style {
            self.run_ends();
        }
        if self.run.letters.is_empty() {
            (self.run.at, self.run.style) = ((x, y + BASELINE), style);
        }
        self.run.letters.push_str(symbol);
    }

    fn run_ends(&mut self) {
        let letters = std::mem::take(&mut self.run.letters);
        let shown = letters.trim_end();
        if shown.is_empty() {
            return;
        }
        let known = self.classes.iter().position(|style| *style == self.run.style);
        let class = known.unwrap_or_else(|| {
            self.classes.push(self.run.style.clone());
            self.classes.len() - 1
        });
        let width = WIDTH * f64::from(u16::try_from(shown.chars().count()).unwrap_or(0));
        let (x, y) = self.run.at;
        let shown = shown.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            self.letters,
            "<text class=\"c{class}\" x=\"{x}\" y=\"{y}\" textLength=\"{width}\">{shown}</text>"
        );
    }

    fn band(&mut self, layer: Layer, colour: &str, (x, y): (f64, f64)) {
        let pieces = self.bands.entry((layer, colour.to_owned())).or_default();
        pieces.push((y + HEIGHT / 2.0, x, x + WIDTH));
    }

    /// Draws a block or a part of one; says whether it did.
    fn block(&mut self, at @ (x, y): (f64, f64), sign: char, ink: &str) -> bool {
        const HEIGHTS: &str = "▁▂▃▄▅▆▇";
        const WIDTHS: &str = "▏▎▍▌▋▊▉";
        let place = |signs: &str| signs.chars().position(|other| other == sign);
        let eighths = |place: usize| f64::from(u8::try_from(place + 1).unwrap_or(8)) / 8.0;
        if let Some(place) = place(HEIGHTS) {
            let height = HEIGHT * eighths(place);
            let (x, y, width) = (x + 0.25, y + HEIGHT - height, WIDTH - 0.5);
            let part = format!("M{x} {y}h{width}v{height}h-{width}z");
            self.parts.entry(ink.to_owned()).or_default().push_str(&part);
        } else if let Some(place) = place(WIDTHS) {
            let (y, width, height) = (y + 0.5, WIDTH * eighths(place), HEIGHT - 1.0);
            let part = format!("M{x} {y}h{width}v{height}h-{width}z");
            self.parts.entry(ink.to_owned()).or_default().push_str(&part);
        } else if let Some(place) = place_of(sign) {
            self.band(place, ink, at);
        } else {
            return false;
        }
        true
    }

    /// Draws what must meet its neighbours; says whether it did.
    fn line(&mut self, (x, y): (f64, f64), sign: char, ink: &str) -> bool {
        let (middle, centre, right, bottom) = (x + WIDTH / 2.0, y + HEIGHT / 2.0, x + WIDTH, y + HEIGHT);
        if "─├┤┬┴└┘┌┐┼".contains(sign) {
            let from = if "├└┌".contains(sign) { middle } else { x };
            let to = if "┤┘┐".contains(sign) { middle } else { right };
            self.across.entry(ink.to_owned()).or_default().push((centre, from, to));
        }
        if "│┃├┤┬┴└┘┌┐┼".contains(sign) {
            let from = if "┬┌┐".contains(sign) { centre } else { y };
            let to = if "┴└┘".contains(sign) { centre } else { bottom };
            let weight = if sign == '┃' { Weight::Heavy } else { Weight::Thin };
            self.down.entry((ink.to_owned(), weight)).or_default().push((middle, from, to));
        }
        let corner = match sign {
            '╭' => format!("M{middle} {bottom}Q{middle} {centre} {right} {centre}"),
            '╮' => format!("M{middle} {bottom}Q{middle} {centre} {x} {centre}"),
            '╰' => format!("M{middle} {y}Q{middle} {centre} {right} {centre}"),
            '╯' => format!("M{middle} {y}Q{middle} {centre} {x} {centre}"),
            _ => return "─│┃├┤┬┴└┘┌┐┼".contains(sign),
        };
        self.corners.entry(ink.to_owned()).or_default().push_str(&corner);
        true
    }

    fn page(&mut self, paper: &Paper, (columns, rows): (u16, u16)) -> String {
        let (width, height) = (f64::from(columns) * WIDTH + 2.0 * PAD, f64::from(rows) * HEIGHT + 2.0 * PAD);
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
             <style>text{{font:14.95px {FONTS}}}"
        );
        for (class, style) in self.classes.iter().enumerate() {
            let _ = write!(text, ".c{class}{{{style}}}");
        }
        let _ = writeln!(
            text,
            "</style>\n<rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{}\" stroke=\"{}\"/>",
            width - 1.0,
            height - 1.0,
            paper.background,
            paper.edge
        );
        self.shapes(&mut text);
        text.push_str(&self.letters);
        text.push_str("</svg>\n");
        text
    }

    fn shapes(&mut self, text: &mut String) {
        for ((layer, colour), pieces) in &mut self.bands {
            // A hair's breadth between full cells lets the eye count them.
            let (dashes, opacity) = match layer {
                Layer::Background => ("", ""),
                Layer::Light => (" stroke-dasharray=\"8.5 .5\"", " stroke-opacity=\".45\""),
                Layer::Medium => (" stroke-dasharray=\"8.5 .5\"", " stroke-opacity=\".8\""),
                Layer::Full => (" stroke-dasharray=\"8.5 .5\"", ""),
            };
            let height = if *layer == Layer::Background { HEIGHT } else { HEIGHT - 1.0 };
            let path = along(pieces, Direction::Across);
            let _ = writeln!(
                text,
                "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"{height}\"{dashes}{opacity}/>"
            );
        }
        for (colour, path) in &self.parts {
            let _ = writeln!(text, "<path d=\"{path}\" fill=\"{colour}\"/>");
        }
        for (colour, pieces) in &mut self.across {
            let path = along(pieces, Direction::Across);
            let _ = writeln!(text, "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"1.1\"/>");
        }
        for ((colour, weight), pieces) in &mut self.down {
            let width = if *weight == Weight::Heavy { "2.4" } else { "1.1" };
            let path = along(pieces, Direction::Down);
            let _ = writeln!(text, "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>");
        }
        for (colour, path) in &self.corners {
            let _ =
                writeln!(text, "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"1.1\" fill=\"none\"/>");
        }
    }
}

fn place_of(sign: char) -> Option<Layer> {
    match sign {
        '█' => Some(Layer::Full),
        '▓' => Some(Layer::Medium),
        '▒' => Some(Layer::Light),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Across,
    Down,
}

/// Pieces as a path; those that meet become one.
fn along(pieces: &mut [Piece], direction: Direction) -> String {
    pieces.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces.iter() {
        match joined.last_mut() {
            Some(last) if (last.0 - piece.0).abs() < 0.1 && (last.2 - piece.1).abs() < 0.1 => {
                last.2 = piece.2;
            }
            _ => joined.push(*piece),
        }
    }
    let mut path = String::new();
    for (across, from, to) in joined {
        let length = to - from;
        let _ = match direction {
            Direction::Across => write!(path, "M{from} {across}h{length}"),
            Direction::Down => write!(path, "M{across} {from}v{length}"),
        };
    }
    path
}

fn colour(colour: Color) -> Option<String> {
    let Color::Rgb(r, g, b) = colour else { return None };
    Some(format!("#{r:02x}{g:02x}{b:02x}"))
}
