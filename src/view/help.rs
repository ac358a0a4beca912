//! The key table, laid over the panes.

use ratatui::{
    Frame,
    layout::{Alignment, Constraint, Margin, Rect},
    text::{Line, Span},
    widgets::{Block, Clear, Padding},
};

use crate::{
    app::bound::{Keys, Rows},
    view::{format::width, theme::Theme},
};

/// Cells between a key and its words.
const GAP: usize = 2;
/// Cells between two columns of groups.
const COLUMN_GAP: u16 = 3;
/// What the border and the padding take of the width and of the height.
const FRAME: (u16, u16) = (4, 2);
/// Cells and rows around the frame that are cleared too, so that cut words do not look like the help's.
const AIR: (u16, u16) = (2, 1);

/// How text is selected although the program gets the clicks, for where there is more room and less.
const SELECT: [&str; 2] = [" Shift-drag selects text (iTerm2, Terminal: Option) ", " Shift-drag selects text "];

/// How many pages the help has on a screen of this size; at least 1.
pub fn pages(area: Rect, keys: &Keys) -> usize {
    split(area, keys).len()
}

/// Draws a page of the help, or the last one, in the middle of the area, over what is there.
pub fn draw(frame: &mut Frame, area: Rect, keys: &Keys, page: usize, theme: &Theme) {
    let pages = split(area, keys);
    let number = page.min(pages.len() - 1);
    let columns: Vec<Vec<Line>> = pages[number].iter().map(|groups| lines(groups, theme)).collect();
    let widths: Vec<u16> = columns.iter().map(|lines| widest(lines)).collect();
    let width = widths.iter().sum::<u16>() + COLUMN_GAP * cells(columns.len().saturating_sub(1)) + FRAME.0;
    let height = cells(columns.iter().map(Vec::len).max().unwrap_or(0)) + FRAME.1;
    let window = area.centered(Constraint::Length(width), Constraint::Length(height));
    let more = if pages.len() > 1 { format!(" page {} of {}, j k ", number + 1, pages.len()) } else { String::new() };
    let close = format!("{more} Esc closes ");
    let room = usize::from(width.min(area.width)).saturating_sub(self::width(&close) + usize::from(FRAME.0));
    let select = SELECT.into_iter().find(|words| words.len() <= room).unwrap_or_default();
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(theme.muted())
        .title(Line::styled(" Keys ", theme.strong()))
        .title_bottom(Line::styled(select, theme.muted()))
        .title_bottom(Line::styled(close, theme.muted()).alignment(Alignment::Right))
        .padding(Padding::horizontal(1));
    let inside = block.inner(window);
    frame.render_widget(Clear, window.outer(Margin::new(AIR.0, AIR.1)).intersection(area));
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

/// The columns of each page: as many side by side as fit.
fn split(area: Rect, keys: &Keys) -> Vec<Vec<&[Rows]>> {
    let mut pages: Vec<Vec<&[Rows]>> = vec![Vec::new()];
    let mut used = FRAME.0;
    for column in columns(keys.groups(), area.height.saturating_sub(FRAME.1)) {
        let width = cells(widest_row(column)) + COLUMN_GAP;
        let page = pages.last_mut().expect("there is one at least");
        if !page.is_empty() && used + width > area.width + COLUMN_GAP {
            pages.push(vec![column]);
            used = FRAME.0 + width;
        } else {
            page.push(column);
            used += width;
        }
    }
    pages
}

fn widest(lines: &[Line]) -> u16 {
    cells(lines.iter().map(Line::width).max().unwrap_or(0))
}

/// A key's name as this terminal can show it.
pub fn key_names(keys: &str, ascii: bool) -> String {
    if !ascii {
        return keys.to_owned();
    }
    keys.replace('←', "Left").replace('→', "Right").replace('↑', "Up").replace('↓', "Down")
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Cells of the widest row of these groups. The names of keys are at their widest in ASCII.
fn widest_row(groups: &[Rows]) -> usize {
    let bindings = || groups.iter().flat_map(|group| &group.rows);
    let keys = bindings().map(|binding| width(&key_names(&binding.keys, true))).max().unwrap_or(0);
    let words = bindings().map(|binding| width(binding.words)).max().unwrap_or(0);
    let titles = groups.iter().map(|group| width(group.title)).max().unwrap_or(0);
    titles.max(keys + GAP + words)
}

/// The groups of a column, one below the other; their words begin at the same cell.
fn lines<'a>(groups: &'a [Rows], theme: &Theme) -> Vec<Line<'a>> {
    let bindings = groups.iter().flat_map(|group| &group.rows);
    let widest = bindings.map(|binding| width(&key_names(&binding.keys, theme.ascii()))).max().unwrap_or(0);
    let mut lines = Vec::new();
    for group in groups {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(group.title, theme.muted()));
        lines.extend(group.rows.iter().map(|binding| {
            let name = key_names(&binding.keys, theme.ascii());
            let gap = " ".repeat(widest - width(&name) + GAP);
            Line::from(vec![Span::styled(name, theme.strong()), Span::raw(gap), Span::raw(binding.words)])
        }));
    }
    lines
}

/// The groups in as few columns as this height allows, the highest of them as low as can be.
fn columns(groups: &[Rows], height: u16) -> Vec<&[Rows]> {
    let fewest = filled(groups, usize::from(height)).len();
    (1..=usize::from(height))
        .map(|height| filled(groups, height))
        .find(|columns| columns.len() == fewest && columns.iter().all(|column| rows(column) <= usize::from(height)))
        .unwrap_or_else(|| filled(groups, usize::from(height)))
}

/// The groups in columns that are filled up to a height, one after the other.
fn filled(groups: &[Rows], height: usize) -> Vec<&[Rows]> {
    let mut columns = Vec::new();
    let mut rest = groups;
    while !rest.is_empty() {
        let count = (2..=rest.len()).take_while(|count| rows(&rest[..*count]) <= height).last().unwrap_or(1);
        let (column, others) = rest.split_at(count);
        columns.push(column);
        rest = others;
    }
    columns
}

/// The rows of a column: each group's heading and keys, and air between two groups.
fn rows(groups: &[Rows]) -> usize {
    groups.iter().map(|group| group.rows.len() + 2).sum::<usize>().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(height: u16) -> Vec<Vec<&'static str>> {
        columns(Keys::default().groups(), height)
            .iter()
            .map(|groups| groups.iter().map(|group| group.title).collect())
            .collect()
    }

    const ALL: [&str; 5] = ["Go", "Images", "Curves", "Training", "fitroom"];

    #[test]
    fn the_help_takes_a_second_column_where_the_rows_do_not_fit_in_one() {
        assert_eq!(titles(60), [ALL]);
        assert_eq!(titles(22), [&ALL[..2], &ALL[2..]]);
    }

    #[test]
    fn no_group_is_lost_at_any_height() {
        for height in 0..60 {
            assert_eq!(titles(height).concat(), ALL, "{height} rows");
        }
    }

    #[test]
    fn what_does_not_fit_on_a_page_is_on_the_next() {
        assert_eq!(pages(Rect::new(0, 0, 80, 24), &Keys::default()), 1);
        for (width, height) in [(60, 16), (80, 16), (30, 8), (1, 1)] {
            let keys = Keys::default();
            let pages = split(Rect::new(0, 0, width, height), &keys);
            let titles: Vec<&str> =
                pages.iter().flatten().flat_map(|groups| groups.iter().map(|group| group.title)).collect();
            assert_eq!(titles, ALL, "{width}x{height}");
        }
    }
}
