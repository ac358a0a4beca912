//! A 28×28 image as cells: two pixels a cell, one over the other. Knows neither its class nor its place on the screen.

use ratatui::{buffer::Buffer, layout::Rect, style::Style, widgets::Widget};

use crate::{
    fashion::{Image, SIDE},
    view::theme::Theme,
};

/// Columns of a picture at scale 1.
pub const COLUMNS: u16 = 28;
/// Rows of a picture at scale 1: each cell is two pixels high.
pub const ROWS: u16 = 14;

/// An image to be drawn at the largest whole scale that its area holds, from the area's upper left corner.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// What is drawn.
    pub image: Image<'a>,
    /// Light ink on dark ground, where else it is dark on light as in matplotlib's `binary`.
    pub inverted: bool,
    /// The colours.
    pub theme: &'a Theme,
}

/// The largest whole scale at which a picture fits; 0 where none does.
#[must_use]
pub fn scale(width: u16, height: u16) -> u16 {
    (width / COLUMNS).min(height / ROWS)
}

impl Picture<'_> {
    /// The ink of the half cell in this column and half row, at this scale.
    fn ink(&self, column: u16, half_row: u16, scale: u16) -> u8 {
        let (row, column) = (usize::from(half_row / scale), usize::from(column / scale));
        debug_assert!(row < SIDE && column < SIDE, "a scaled picture stays inside of the image");
        self.image.ink(row, column)
    }

    /// The cell of these two pixels in a terminal's greys, or in characters where it has none.
    fn cell(&self, upper: u8, lower: u8) -> (&'static str, Style) {
        let grey = |ink: u8| self.theme.grey(if self.inverted { ink } else { 255 - ink });
        match (grey(upper), grey(lower)) {
            (Some(upper), Some(lower)) => ("▀", Style::new().fg(upper).bg(lower)),
            _ => (self.shaded(upper, lower), Style::new()),
        }
    }

    /// The character of these two pixels: ink is dense, whatever the terminal's background.
    fn shaded(&self, upper: u8, lower: u8) -> &'static str {
        let shades = self.theme.glyphs().shades;
        let dense = |ink: u8| if self.inverted { 255 - ink } else { ink };
        let (upper, lower) = (dense(upper), dense(lower));
        match (upper / 64, lower / 64) {
            // An edge between the two pixels is sharper as half a block than as their mean.
            (3, 0) if !self.theme.ascii() => "▀",
            (0, 3) if !self.theme.ascii() => "▄",
            _ => {
                let mean = usize::from(upper.midpoint(lower));
                shades[(mean * (shades.len() - 1) + 127) / 255]
            }
        }
    }
}

impl Widget for &Picture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let scale = scale(area.width, area.height);
        for row in 0..ROWS * scale {
            for column in 0..COLUMNS * scale {
                let (upper, lower) = (self.ink(column, 2 * row, scale), self.ink(column, 2 * row + 1, scale));
                let (symbol, style) = self.cell(upper, lower);
                if let Some(cell) = buffer.cell_mut((area.x + column, area.y + row)) {
                    cell.set_symbol(symbol).set_style(style);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;
    use crate::{fashion::PIXELS, view::theme::Depth};

    /// Each pixel's ink tells its row and column, as far as a byte can.
    fn pixels() -> [u8; PIXELS] {
        std::array::from_fn(|pixel| u8::try_from((pixel * 7) % 256).expect("below 256"))
    }

    fn draw(pixels: &[u8; PIXELS], inverted: bool, theme: &Theme, area: Rect) -> Buffer {
        let mut buffer = Buffer::empty(area);
        (&Picture { image: Image::new(pixels), inverted, theme }).render(area, &mut buffer);
        buffer
    }

    #[test]
    fn in_truecolor_every_pixel_is_half_a_cell_and_exact() {
        let pixels = pixels();
        for inverted in [false, true] {
            let buffer = draw(&pixels, inverted, &Theme::new(Depth::TrueColor, false), Rect::new(0, 0, 28, 14));
            for row in 0..14_u16 {
                for column in 0..28_u16 {
                    let level = |half: u16| {
                        let ink = pixels[usize::from((2 * row + half) * 28 + column)];
                        let level = if inverted { ink } else { 255 - ink };
                        Color::Rgb(level, level, level)
                    };
                    let cell = &buffer[(column, row)];
                    assert_eq!((cell.symbol(), cell.fg, cell.bg), ("▀", level(0), level(1)), "at {column},{row}");
                }
            }
        }
    }

    #[test]
    fn at_scale_three_a_pixel_is_three_columns_and_three_half_rows() {
        let pixels = pixels();
        let buffer = draw(&pixels, true, &Theme::new(Depth::TrueColor, false), Rect::new(0, 0, 100, 50));
        for (column, row) in [(0, 0), (2, 1), (83, 41), (40, 20)] {
            let level = |half_row: u16| {
                let ink = pixels[usize::from(half_row / 3 * 28 + column / 3)];
                Color::Rgb(ink, ink, ink)
            };
            let cell = &buffer[(column, row)];
            assert_eq!((cell.fg, cell.bg), (level(2 * row), level(2 * row + 1)), "at {column},{row}");
        }
        assert_eq!(buffer[(84, 0)].symbol(), " ", "nothing is drawn beside a picture of three times 28 columns");
    }

    #[test]
    fn in_256_colours_black_and_white_are_the_palettes_own() {
        let mut pixels = [0; PIXELS];
        pixels[28] = 255;
        let buffer = draw(&pixels, false, &Theme::new(Depth::Ansi256, false), Rect::new(0, 0, 28, 14));
        assert_eq!((buffer[(0, 0)].fg, buffer[(0, 0)].bg), (Color::Indexed(231), Color::Indexed(16)));
    }

    #[test]
    fn in_ascii_ink_is_dense_and_inverting_makes_it_thin() {
        let mut pixels = [0; PIXELS];
        (pixels[0], pixels[28]) = (255, 255);
        pixels[1] = 255;
        for (inverted, expected) in [(false, "@= "), (true, " =@")] {
            let buffer = draw(&pixels, inverted, &Theme::new(Depth::TrueColor, true), Rect::new(0, 0, 28, 14));
            let drawn: String = (0..3).map(|column| buffer[(column, 0)].symbol()).collect();
            assert_eq!(drawn, expected);
            assert_eq!((buffer[(0, 0)].fg, buffer[(0, 0)].bg), (Color::Reset, Color::Reset));
        }
    }

    #[test]
    fn without_colours_an_edge_between_two_pixels_stays_sharp() {
        let mut pixels = [0; PIXELS];
        (pixels[0], pixels[29]) = (255, 255);
        (pixels[2], pixels[30]) = (128, 128);
        let buffer = draw(&pixels, false, &Theme::new(Depth::None, false), Rect::new(0, 0, 28, 14));
        let drawn: String = (0..4).map(|column| buffer[(column, 0)].symbol()).collect();
        assert_eq!(drawn, "▀▄▒ ");
    }

    #[test]
    fn where_it_does_not_fit_nothing_is_drawn() {
        let area = Rect::new(0, 0, 27, 14);
        let buffer = draw(&pixels(), false, &Theme::new(Depth::TrueColor, false), area);
        assert_eq!(buffer, Buffer::empty(area));
    }
}
