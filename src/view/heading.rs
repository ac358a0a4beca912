//! The line above a pane: its title, what else is to be said of it in a few words, and a rule to the end.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::view::{
    format::{fit, width},
    theme::Theme,
};

/// Cells from which the beginning of an aside says more than nothing.
const LEAST_ASIDE: usize = 12;

/// Draws a title and, where there is room for it, an aside.
pub fn draw(frame: &mut Frame, area: Rect, title: &str, aside: &str, theme: &Theme) {
    let (glyphs, cells) = (theme.glyphs(), usize::from(area.width));
    let title = fit(title, cells, glyphs.ellipsis);
    let mut rest = String::new();
    let room = cells.saturating_sub(width(&title) + width(glyphs.dot));
    if !aside.is_empty() && width(aside).min(LEAST_ASIDE) <= room {
        rest = format!("{}{}", glyphs.dot, fit(aside, room, glyphs.ellipsis));
    }
    let left = cells - width(&title) - width(&rest);
    if left > 1 {
        rest = format!("{rest} {}", glyphs.rule.repeat(left - 1));
    }
    frame.render_widget(Line::from(vec![Span::styled(title, theme.strong()), Span::styled(rest, theme.muted())]), area);
}
