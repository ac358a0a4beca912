//! The key table, laid over the panes.

use ratatui::{
    Frame,
    layout::{Alignment, Constraint, Rect},
    text::{Line, Span},
    widgets::{Block, Clear, Padding},
};

use crate::{
    app::keys::{Group, TABLE},
    view::{format::width, theme::Theme},
};

/// Cells between a key and its words.
const GAP: usize = 2;
/// Cells between two columns of groups.
const COLUMN_GAP: u16 = 3;
/// What the border and the padding take of the width and of the height.
const FRAME: (u16, u16) = (4, 2);

/// Draws the help in the middle of the area, over what is there.
pub fn draw(frame: &mut Frame, area: Rect, theme: &Theme) {
    let groups: Vec<Vec<Line>> = TABLE.iter().map(|group| lines(group, theme)).collect();
    let columns = columns(groups, area.height.saturating_sub(FRAME.1));
    let widths: Vec<u16> =
        columns.iter().map(|lines| cells(lines.iter().map(Line::width).max().unwrap_or(0))).collect();
    let width = widths.iter().sum::<u16>() + COLUMN_GAP * cells(columns.len().saturating_sub(1)) + FRAME.0;
    let height = cells(columns.iter().map(Vec::len).max().unwrap_or(0)) + FRAME.1;
    let window = area.centered(Constraint::Length(width), Constraint::Length(height));
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(theme.muted())
        .title(Line::styled(" Keys ", theme.strong()))
        .title_bottom(Line::styled(" Esc closes ", theme.muted()).alignment(Alignment::Right))
        .padding(Padding::horizontal(1));
    let inside = block.inner(window);
    frame.render_widget(Clear, window);
    frame.render_widget(block, window);
    let mut x = inside.x;
    for (lines, width) in columns.into_iter().zip(widths) {
        let column = Rect { x, width, ..inside }.intersection(inside);
        for (line, row) in lines.into_iter().zip(column.rows()) {
            frame.render_widget(line, row);
        }
        x = x.saturating_add(width + COLUMN_GAP);
    }
}

/// A key's name as this terminal can show it.
pub fn key_names(keys: &str, theme: &Theme) -> String {
    if !theme.ascii() {
        return keys.to_owned();
    }
    keys.replace('←', "Left").replace('→', "Right").replace('↑', "Up").replace('↓', "Down")
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// A group's heading and rows.
fn lines(group: &Group, theme: &Theme) -> Vec<Line<'static>> {
    let names = group.bindings.iter().map(|binding| key_names(binding.keys, theme));
    let widest = names.clone().map(|name| width(&name)).max().unwrap_or(0);
    let mut lines = vec![Line::styled(group.title, theme.muted())];
    lines.extend(names.zip(group.bindings).map(|(name, binding)| {
        let gap = " ".repeat(widest - width(&name) + GAP);
        Line::from(vec![Span::styled(name, theme.strong()), Span::raw(gap), Span::raw(binding.words)])
    }));
    lines
}

/// The groups one below the other, in as many columns as this height takes.
fn columns(groups: Vec<Vec<Line<'static>>>, height: u16) -> Vec<Vec<Line<'static>>> {
    let mut columns: Vec<Vec<Line>> = Vec::new();
    for group in groups {
        match columns.last_mut() {
            Some(column) if column.len() + 1 + group.len() <= usize::from(height) => {
                column.push(Line::default());
                column.extend(group);
            }
            _ => columns.push(group),
        }
    }
    columns
}
