//! Small drawings made of parts of a cell: a horizontal bar, a gauge, a curve. Know nothing of what they measure.

use ratatui::{buffer::Buffer, layout::Rect, style::Style, widgets::Widget};

use crate::view::{scale::Bounds, theme::Glyphs};

/// A bar from the left, exact to an eighth of a cell (in ASCII: to half a cell), as high as its area.
#[derive(Debug)]
pub struct Bar<'a> {
    /// The filled part, 0 to 1; what is not a number is drawn as nothing.
    pub ratio: f64,
    pub style: Style,
    pub glyphs: &'a Glyphs,
}

impl Widget for &Bar<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let parts = self.glyphs.from_left.len() - 1;
        let filled = portion(self.ratio, usize::from(area.width) * parts);
        for column in 0..area.width {
            let part = filled.saturating_sub(usize::from(column) * parts).min(parts);
            if part == 0 {
                break;
            }
            for row in 0..area.height {
                put(buffer, area.x + column, area.y + row, self.glyphs.from_left[part], self.style);
            }
        }
    }
}

/// A line that fills from the left, exact to half a cell.
#[derive(Debug)]
pub struct Gauge<'a> {
    /// The filled part, 0 to 1.
    pub ratio: f64,
    pub filled: Style,
    pub empty: Style,
    pub glyphs: &'a Glyphs,
}

impl Widget for &Gauge<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let [full, half, empty] = self.glyphs.gauge;
        let halves = portion(self.ratio, usize::from(area.width) * 2);
        for column in 0..area.width {
            let (symbol, style) = match halves.saturating_sub(usize::from(column) * 2) {
                0 => (empty, self.empty),
                1 => (half, self.filled),
                _ => (full, self.filled),
            };
            put(buffer, area.x + column, area.y, symbol, style);
        }
    }
}

/// Values as columns from the left, one a cell, filled from below to an eighth of a cell.
#[derive(Debug)]
pub struct Curve<'a> {
    /// Oldest first; as many as the area is wide are drawn.
    pub values: &'a [f64],
    pub bounds: Bounds,
    pub style: Style,
    pub glyphs: &'a Glyphs,
}

impl Widget for &Curve<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let parts = self.glyphs.from_below.len() - 1;
        for (column, value) in (0..area.width).zip(self.values) {
            // The lowest value is still seen: a curve has no gaps.
            let filled = portion(self.bounds.ratio(*value), usize::from(area.height) * parts).max(1);
            for row in 0..area.height {
                let part = filled.saturating_sub(usize::from(row) * parts).min(parts);
                if part > 0 {
                    let y = area.y + (area.height - 1 - row);
                    put(buffer, area.x + column, y, self.glyphs.from_below[part], self.style);
                }
            }
        }
    }
}

fn put(buffer: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    if let Some(cell) = buffer.cell_mut((x, y)) {
        cell.set_symbol(symbol).set_style(style);
    }
}

/// This part of a whole, rounded; nothing of what is not a number.
#[expect(clippy::cast_precision_loss, reason = "counts of parts of cells")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the whole")]
fn portion(ratio: f64, whole: usize) -> usize {
    ((ratio.max(0.0) * whole as f64).round() as usize).min(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::theme::{Depth, Theme};

    fn drawn(area: Rect, widget: impl Widget) -> Vec<String> {
        let mut buffer = Buffer::empty(area);
        widget.render(area, &mut buffer);
        let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect();
        (0..area.height).map(row).collect()
    }

    fn bar(ratio: f64, ascii: bool) -> String {
        let theme = Theme::new(Depth::None, ascii);
        let bar = Bar { ratio, style: Style::new(), glyphs: theme.glyphs() };
        drawn(Rect::new(0, 0, 8, 1), &bar).concat()
    }

    #[test]
    fn a_bar_shows_eighths_of_a_cell() {
        assert_eq!(bar(0.0, false), "        ");
        assert_eq!(bar(1.0 / 64.0, false), "▏       ");
        assert_eq!(bar(0.5, false), "████    ");
        assert_eq!(bar(0.7, false), "█████▋  ");
        assert_eq!(bar(1.0, false), "████████");
    }

    #[test]
    fn a_bar_in_ascii_shows_halves() {
        assert_eq!(bar(0.5, true), "####    ");
        assert_eq!(bar(0.57, true), "####:   ");
    }

    #[test]
    fn a_bar_of_nonsense_is_empty_and_never_too_long() {
        assert_eq!(bar(f64::NAN, false), "        ");
        assert_eq!(bar(-1.0, false), "        ");
        assert_eq!(bar(f64::INFINITY, false), "████████");
    }

    #[test]
    fn a_gauge_fills_by_half_cells() {
        let gauge = |ratio| {
            let theme = Theme::new(Depth::None, false);
            let gauge = Gauge { ratio, filled: Style::new(), empty: Style::new(), glyphs: theme.glyphs() };
            drawn(Rect::new(0, 0, 4, 1), &gauge).concat()
        };
        assert_eq!([0.0, 0.125, 0.5, 0.9, 1.0].map(gauge), ["────", "╸───", "━━──", "━━━╸", "━━━━"]);
    }

    #[test]
    fn a_curve_fills_its_columns_from_below() {
        let theme = Theme::new(Depth::None, false);
        let bounds = Bounds { low: 0.0, high: 2.0, decimals: 1 };
        let curve = Curve { values: &[2.0, 1.5, 1.0, 0.0], bounds, style: Style::new(), glyphs: theme.glyphs() };
        assert_eq!(drawn(Rect::new(0, 0, 5, 2), &curve), ["█▄   ", "███▁ "]);
    }
}
