//! A buffer as SVG: one rectangle per run of background, one text per cell that is not blank.
//!
//! Blocks, shades and box lines are drawn as shapes, so that they meet whatever the font.

use std::fmt::Write;

use quarterdeck::tui::theme::Palette;
use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

const WIDTH: f64 = 9.0;
const HEIGHT: f64 = 19.0;
const PAD: f64 = 14.0;

struct Paper {
    background: &'static str,
    ink: &'static str,
}

/// The picture.
pub(crate) fn svg(buffer: &Buffer, palette: Palette) -> String {
    let paper = match palette {
        Palette::Light => Paper { background: "#fbfcfe", ink: "#1c2430" },
        Palette::Dark | Palette::HighContrast | Palette::Mono => {
            Paper { background: "#11161f", ink: "#d7dde8" }
        }
    };
    let (columns, rows) = (f64::from(buffer.area.width), f64::from(buffer.area.height));
    let (width, height) = (columns * WIDTH + 2.0 * PAD, rows * HEIGHT + 2.0 * PAD);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14.95\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"9\" fill=\"{}\"/>\n",
        paper.background
    );
    for y in 0..buffer.area.height {
        let mut run = Run::default();
        for x in 0..buffer.area.width {
            draw(&mut text, (x, y), &buffer[(x, y)], (&paper, &mut run));
        }
        run.end(&mut text);
    }
    text.push_str("</svg>\n");
    text
}

/// Letters of one style side by side: one element, its width fixed whatever the font.
#[derive(Default)]
struct Run {
    at: (f64, f64),
    letters: String,
    style: String,
}

impl Run {
    fn add(&mut self, text: &mut String, at: (f64, f64), symbol: &str, style: String) {
        if style != self.style {
            self.end(text);
        }
        if self.letters.is_empty() {
            (self.at, self.style) = (at, style);
        }
        self.letters.push_str(symbol);
    }

    fn end(&mut self, text: &mut String) {
        let letters = std::mem::take(&mut self.letters);
        let shown = letters.trim_end();
        if shown.is_empty() {
            return;
        }
        let width = WIDTH * f64::from(u16::try_from(shown.chars().count()).unwrap_or(0));
        let ((x, y), style) = (self.at, &self.style);
        let shown = shown.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            text,
            "<text x=\"{x}\" y=\"{y:.1}\" textLength=\"{width}\" xml:space=\"preserve\"{style}>{shown}</text>"
        );
    }
}

fn draw(text: &mut String, (column, row): (u16, u16), cell: &Cell, (paper, run): (&Paper, &mut Run)) {
    let (x, y) = (PAD + f64::from(column) * WIDTH, PAD + f64::from(row) * HEIGHT);
    let (mut ink, mut back) = (colour(cell.fg), colour(cell.bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        let front = ink.take().unwrap_or_else(|| paper.ink.into());
        ink = Some(back.take().unwrap_or_else(|| paper.background.into()));
        back = Some(front);
    }
    let ink = ink.unwrap_or_else(|| paper.ink.into());
    if let Some(back) = back {
        rect(text, [x, y, WIDTH, HEIGHT], &back, 1.0);
    }
    if shape(text, (x, y), cell.symbol(), &ink) {
        return run.end(text);
    }
    // One blank keeps words in one run; after two the next word gets its own place.
    if cell.symbol().trim().is_empty() && (run.letters.is_empty() || run.letters.ends_with(' ')) {
        return run.end(text);
    }
    let weight = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"600\"" } else { "" };
    let style =
        if cell.symbol().trim().is_empty() { run.style.clone() } else { format!(" fill=\"{ink}\"{weight}") };
    run.add(text, (x, y + 14.4), cell.symbol(), style);
}

fn rect(text: &mut String, [x, y, width, height]: [f64; 4], fill: &str, opacity: f64) {
    let _ = writeln!(
        text,
        "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\" fill-opacity=\"{opacity}\"/>"
    );
}

/// Draws what must meet its neighbours; says whether it did.
fn shape(text: &mut String, (x, y): (f64, f64), symbol: &str, ink: &str) -> bool {
    const HEIGHTS: &str = "▁▂▃▄▅▆▇█";
    const WIDTHS: &str = "▏▎▍▌▋▊▉";
    let Some(sign) = symbol.chars().next() else { return true };
    let eighths = |signs: &str| signs.chars().position(|other| other == sign).map(|at| at + 1);
    if let Some(eighths) = eighths(HEIGHTS) {
        // A hair's breadth between full cells lets the eye count them.
        let height = HEIGHT * f64::from(u8::try_from(eighths).unwrap_or(8)) / 8.0;
        rect(text, [x + 0.3, y + HEIGHT - height + 0.6, WIDTH - 0.6, height - 1.2], ink, 1.0);
    } else if let Some(eighths) = eighths(WIDTHS) {
        let width = WIDTH * f64::from(u8::try_from(eighths).unwrap_or(8)) / 8.0;
        rect(text, [x, y + 0.6, width, HEIGHT - 1.2], ink, 1.0);
    } else if sign == '▒' || sign == '▓' {
        let opacity = if sign == '▒' { 0.45 } else { 0.8 };
        rect(text, [x + 0.3, y + 0.6, WIDTH - 0.6, HEIGHT - 1.2], ink, opacity);
    } else {
        return lines(text, (x, y), sign, ink);
    }
    true
}

fn lines(text: &mut String, (x, y): (f64, f64), sign: char, ink: &str) -> bool {
    let (middle, centre) = (x + WIDTH / 2.0, y + HEIGHT / 2.0);
    let (right, bottom) = (x + WIDTH, y + HEIGHT);
    let path = match sign {
        '─' => format!("M{x} {centre}H{right}"),
        '│' | '┃' => format!("M{middle} {y}V{bottom}"),
        '├' => format!("M{middle} {y}V{bottom}M{middle} {centre}H{right}"),
        '┤' => format!("M{middle} {y}V{bottom}M{middle} {centre}H{x}"),
        '┬' => format!("M{x} {centre}H{right}M{middle} {centre}V{bottom}"),
        '└' => format!("M{middle} {y}V{centre}H{right}"),
        '╭' => format!("M{middle} {bottom}Q{middle} {centre} {right} {centre}"),
        '╮' => format!("M{middle} {bottom}Q{middle} {centre} {x} {centre}"),
        '╰' => format!("M{middle} {y}Q{middle} {centre} {right} {centre}"),
        '╯' => format!("M{middle} {y}Q{middle} {centre} {x} {centre}"),
        _ => return false,
    };
    let width = if sign == '┃' { 2.4 } else { 1.1 };
    let _ = writeln!(text, "<path d=\"{path}\" stroke=\"{ink}\" stroke-width=\"{width}\" fill=\"none\"/>");
    true
}

fn colour(colour: Color) -> Option<String> {
    let Color::Rgb(r, g, b) = colour else { return None };
    Some(format!("#{r:02x}{g:02x}{b:02x}"))
}
