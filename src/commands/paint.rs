//! Writes a drawn buffer as lines of coloured text, to a terminal or a pipe. Draws nothing itself.

use std::io::{self, Write};

use ratatui::{
    backend::IntoCrossterm,
    buffer::{Buffer, Cell},
    crossterm::style::ContentStyle,
    style::Style,
};

use crate::{depth::sixteen, view::Depth};

/// Writes the buffer's rows as lines, without the blanks at their ends, in the colours of this depth; where there are
/// none, only characters.
pub(super) fn lines(buffer: &Buffer, depth: Depth, out: &mut impl Write) -> io::Result<()> {
    for row in buffer.content.chunks(usize::from(buffer.area.width).max(1)) {
        let end = row.iter().rposition(|cell| !is_blank(cell)).map_or(0, |last| last + 1);
        for run in row[..end].chunk_by(|one, other| one.style() == other.style()) {
            let text: String = run.iter().map(Cell::symbol).collect();
            let style: ContentStyle = plain(run[0].style()).into_crossterm();
            match depth {
                Depth::None => write!(out, "{text}")?,
                Depth::Ansi16 => out.write_all(&sixteen::plain(style.apply(text).to_string().as_bytes()))?,
                Depth::Ansi256 | Depth::TrueColor => write!(out, "{}", style.apply(text))?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && plain(cell.style()).bg.is_none()
}

/// This style without the terminal's own colours, which need not be asked for.
fn plain(style: Style) -> Style {
    let own = |color| if color == Some(ratatui::style::Color::Reset) { None } else { color };
    Style { fg: own(style.fg), bg: own(style.bg), underline_color: None, ..style }
}
