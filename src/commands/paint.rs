//! Writes a drawn buffer as lines of coloured text, to a terminal or a pipe. Draws nothing itself.

use std::io::{self, Write};

use ratatui::{
    backend::IntoCrossterm,
    buffer::{Buffer, Cell},
    crossterm::style::ContentStyle,
    style::Style,
};

/// Writes the buffer's rows as lines, without the blanks at their ends; `styled`: with colours, otherwise only
/// characters.
pub(super) fn lines(buffer: &Buffer, styled: bool, out: &mut impl Write) -> io::Result<()> {
    for row in buffer.content.chunks(usize::from(buffer.area.width).max(1)) {
        let end = row.iter().rposition(|cell| !is_blank(cell)).map_or(0, |last| last + 1);
        for run in row[..end].chunk_by(|one, other| one.style() == other.style()) {
            let text: String = run.iter().map(Cell::symbol).collect();
            if styled {
                let style: ContentStyle = plain(run[0].style()).into_crossterm();
                write!(out, "{}", style.apply(text))?;
            } else {
                write!(out, "{text}")?;
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
