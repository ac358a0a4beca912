//! A line of a chart, and the cells that several lines go through: none of them vanishes there. Knows no axes.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    symbols::Marker,
    widgets::{
        Widget,
        canvas::{self, Canvas, Context},
    },
};

use super::lines::{ChartLines, Points};
use crate::view::theme::Theme;

/// Paints a line through these points, and each of them.
pub fn paint_line(context: &mut Context, points: &Points, style: Style) {
    let color = style.fg.unwrap_or_default();
    context.draw(&canvas::Points { coords: points, color });
    for ends in points.windows(2) {
        let [(x1, y1), (x2, y2)] = [ends[0], ends[1]];
        context.draw(&canvas::Line { x1, y1, x2, y2, color });
    }
}

/// Lets all lines be seen where they share cells, in a graph in which they are drawn: a cell has one colour, so the
/// lines take turns from cell to cell; and a value of the test images that stands on the training's line has a sign of
/// its own.
pub fn show_all(buffer: &mut Buffer, graph: Rect, lines: &ChartLines, theme: &Theme) {
    let touched = |paint: &dyn Fn(&mut Context)| touched(graph, lines, theme.strokes().line, paint);
    let through = |points: &Points| touched(&|context| paint_line(context, points, Style::new()));
    let training = through(&lines.training);
    let mut strokes = vec![(training.clone(), theme.accent())];
    let mut marks = vec![&lines.test, &lines.other_test];
    if theme.tells_lines_apart() {
        strokes.push((through(&lines.test), theme.second()));
        strokes.extend([&lines.other_training, &lines.other_test].map(|points| (through(points), theme.beside())));
    } else {
        marks.push(&lines.other_training);
    }
    let marked = touched(&|context| {
        context.marker(Marker::Dot);
        for points in &marks {
            context.draw(&canvas::Points { coords: points, color: Style::new().fg.unwrap_or_default() });
        }
    });
    let both = if theme.ascii() { "@" } else { "◉" };
    for (place, position) in graph.positions().enumerate() {
        let Some(cell) = buffer.cell_mut(position) else { continue };
        let styles: Vec<Style> = strokes.iter().filter(|(cells, _)| cells[place]).map(|(_, style)| *style).collect();
        match (marked[place], styles.len()) {
            (true, _) if training[place] => drop(cell.set_symbol(both)),
            (false, 2..) => drop(cell.set_style(styles[usize::from(position.x) % styles.len()])),
            _ => {}
        }
    }
}

/// Which cells of the graph, row by row, are touched by what is painted.
fn touched(graph: Rect, lines: &ChartLines, marker: Marker, paint: &dyn Fn(&mut Context)) -> Vec<bool> {
    let mut buffer = Buffer::empty(graph);
    let alone = Canvas::default()
        .x_bounds([lines.horizontal.0, lines.horizontal.1])
        .y_bounds([lines.vertical.low, lines.vertical.high])
        .marker(marker)
        .paint(|context| paint(context));
    alone.render(graph, &mut buffer);
    let is_blank = |symbol: &str| matches!(symbol, " " | "\u{2800}");
    graph
        .positions()
        .map(|position: Position| buffer.cell(position).is_some_and(|cell| !is_blank(cell.symbol())))
        .collect()
}
