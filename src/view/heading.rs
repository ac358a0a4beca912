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

/// Draws a title and, where there is room for it, an aside.
pub fn draw(frame: &mut Frame, area: Rect, title: &str, aside: &str, theme: &Theme) {
    let (glyphs, cells) = (theme.glyphs(), usize::from(area.width));
    let title = fit(title, cells, glyphs.ellipsis);
    let mut rest = String::new();
    if !aside.is_empty() && width(&title) + width(glyphs.dot) + width(aside) <= cells {
        rest = format!("{}{aside}", glyphs.dot);
    }
    let left = cells - width(&title) - width(&rest);
    if left > 1 {
        rest = format!("{rest} {}", glyphs.rule.repeat(left - 1));
    }
    frame.render_widget(Line::from(vec![Span::styled(title, theme.strong()), Span::styled(rest, theme.muted())]), area);
}
