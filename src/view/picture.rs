//! A 28×28 image as cells: two pixels a cell, one over the other, or as an image that the terminal draws. Knows neither
//! its class nor its place on the screen.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
    widgets::Widget,
};

use crate::{
    fashion::{Image, SIDE},
    view::{
        graphics::Raster,
        theme::{Depth, Theme},
    },
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

/// An image at half the scale: each of its pixels is the mean of four.
#[derive(Clone, Copy, Debug)]
pub struct Thumbnail<'a>(pub Picture<'a>);

/// An image in matplotlib's default colours, as large as its area holds.
#[derive(Clone, Copy, Debug)]
pub struct Viridis<'a> {
    /// What is drawn.
    pub image: Image<'a>,
    /// The colours.
    pub theme: &'a Theme,
}

/// What values say for and against something, in a diverging palette: over an image, or on an empty ground. As large as
/// its area holds, down to half the scale. Other than 28×28 values are stretched to that size. They are half blocks in
/// every terminal: while the network learns they change a little at every frame, which is a few cells, and would be
/// whole images.
#[derive(Clone, Copy, Debug)]
pub struct Signs<'a> {
    /// The image under it, if there is one.
    pub image: Option<Image<'a>>,
    /// The values, row by row.
    pub values: &'a [f32],
    /// How many of them are a row. Where they make no whole rows, nothing is drawn.
    pub columns: usize,
    /// Light ink on dark ground.
    pub inverted: bool,
    /// The colours.
    pub theme: &'a Theme,
}

/// The largest whole scale at which a picture fits; 0 where none does.
#[must_use]
pub fn scale(width: u16, height: u16) -> u16 {
    (width / COLUMNS).min(height / ROWS)
}

/// Columns and rows of a picture of this scale; 0 is half of the usual one.
#[must_use]
pub fn extent(scale: u16) -> (u16, u16) {
    if scale == 0 { (COLUMNS / 2, ROWS / 2) } else { (COLUMNS.saturating_mul(scale), ROWS.saturating_mul(scale)) }
}

/// The cells of a picture of this scale, from the area's upper left corner.
fn room(area: Rect, scale: u16) -> Rect {
    let (width, height) = extent(scale);
    Rect { width, height, ..area }
}

/// What a pixel is drawn as.
#[derive(Clone, Copy)]
struct Shade {
    /// 0 no ink to 255 full ink.
    ink: u8,
    /// Against (-1) or for (1) something.
    sign: f32,
}

impl Shade {
    fn mean(shades: [Self; 4]) -> Self {
        let ink = shades.iter().map(|shade| u16::from(shade.ink)).sum::<u16>() / 4;
        Self {
            ink: u8::try_from(ink).unwrap_or(u8::MAX),
            sign: shades.iter().map(|shade| shade.sign).sum::<f32>() / 4.0,
        }
    }
}

/// Draws 28×28 pixels at this scale; 0: at half of it.
fn draw(
    (area, scale): (Rect, u16),
    buffer: &mut Buffer,
    pixel: impl Fn(usize, usize) -> Shade,
    cell: impl Fn(Shade, Shade) -> (&'static str, Style),
) {
    let (columns, rows) = extent(scale);
    if area.width < columns || area.height < rows {
        return;
    }
    let shade = |half_row: u16, column: u16| {
        if let (Some(row), Some(column)) = (half_row.checked_div(scale), column.checked_div(scale)) {
            let (row, column) = (usize::from(row), usize::from(column));
            debug_assert!(row < SIDE && column < SIDE, "a scaled picture stays inside of the image");
            return pixel(row, column);
        }
        let (row, column) = (usize::from(2 * half_row), usize::from(2 * column));
        Shade::mean([(0, 0), (0, 1), (1, 0), (1, 1)].map(|(down, right)| pixel(row + down, column + right)))
    };
    for row in 0..rows {
        for column in 0..columns {
            let (symbol, style) = cell(shade(2 * row, column), shade(2 * row + 1, column));
            if let Some(cell) = buffer.cell_mut((area.x + column, area.y + row)) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
    }
}

/// Two pixels of these colours in one cell.
fn halves(upper: Color, lower: Color) -> (&'static str, Style) {
    ("▀", Style::new().fg(upper).bg(lower))
}

impl Picture<'_> {
    fn draw(&self, area: Rect, scale: u16, buffer: &mut Buffer) {
        let room = room(area, scale);
        if area.intersection(room) != room {
            return;
        }
        let level = |row, column| self.level(self.image.ink(row, column));
        let image = Raster::new(level, |level| [level; 3]);
        if self.theme.graphics().draw(&image, room, buffer) {
            return;
        }
        let pixel = |row, column| Shade { ink: self.image.ink(row, column), sign: 0.0 };
        draw((area, scale), buffer, pixel, |upper, lower| self.cell(upper.ink, lower.ink));
    }

    /// The level of so much ink, 0 black to 255 white.
    fn level(&self, ink: u8) -> u8 {
        if self.inverted { ink } else { 255 - ink }
    }

    /// The cell of these two pixels in a terminal's greys, which it shades where it has few, or in characters where it
    /// has none.
    fn cell(&self, upper: u8, lower: u8) -> (&'static str, Style) {
        let (above, below) = (self.level(upper), self.level(lower));
        if let Some(cell) = self.theme.shaded_greys(above, below) {
            return cell;
        }
        match (self.theme.grey(above), self.theme.grey(below)) {
            (Some(upper), Some(lower)) => halves(upper, lower),
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
        if scale > 0 {
            self.draw(area, scale, buffer);
        }
    }
}

impl Widget for &Thumbnail<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        self.0.draw(area, 0, buffer);
    }
}

impl Widget for &Viridis<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let plain = Picture { image: self.image, inverted: true, theme: self.theme };
        let pixel = |row, column| Shade { ink: self.image.ink(row, column), sign: 0.0 };
        let cell = |upper: Shade, lower: Shade| match (self.theme.viridis(upper.ink), self.theme.viridis(lower.ink)) {
            (Some(upper), Some(lower)) => halves(upper, lower),
            _ => plain.cell(255 - upper.ink, 255 - lower.ink),
        };
        let scale = scale(area.width, area.height);
        let all = Theme::new(Depth::TrueColor, false);
        let colour = |value| match all.viridis(value) {
            Some(Color::Rgb(red, green, blue)) => [red, green, blue],
            _ => [value; 3],
        };
        let image = Raster::new(|row, column| self.image.ink(row, column), colour);
        if scale > 0 && !self.theme.graphics().draw(&image, room(area, scale), buffer) {
            draw((area, scale), buffer, pixel, cell);
        }
    }
}

impl Signs<'_> {
    /// The size from which a value has the full colour: some times the root of the mean square, for if the largest had
    /// it, a few extreme values would leave all others pale. Over an image more pixels are left pale, so that it is
    /// still seen.
    #[expect(clippy::cast_precision_loss, reason = "a few values")]
    fn full_colour(&self) -> f32 {
        let mean_square = self.values.iter().map(|value| value * value).sum::<f32>() / self.values.len() as f32;
        mean_square.sqrt() * if self.image.is_some() { 4.0 } else { 2.0 }
    }

    /// The cell of these two pixels in colours, or as `+` and `-` where there are none.
    fn cell(&self, upper: Shade, lower: Shade) -> (&'static str, Style) {
        let level = |shade: Shade| if self.inverted { shade.ink } else { 255 - shade.ink };
        // In eighths, so that a weight that hardly changes changes nothing on the screen.
        let colour = |shade: Shade| self.theme.diverging(level(shade), (shade.sign * 8.0).round() / 8.0);
        if let (Some(upper), Some(lower)) = (colour(upper), colour(lower)) {
            return halves(upper, lower);
        }
        let sign = f32::midpoint(upper.sign, lower.sign);
        let symbol = match sign {
            0.5.. => "#",
            0.2..0.5 => "+",
            ..-0.5 => "=",
            -0.5..-0.2 => "-",
            _ if upper.ink.midpoint(lower.ink) > 64 => return (".", Style::new()),
            _ => return (" ", Style::new()),
        };
        (symbol, self.theme.sign(sign))
    }
}

impl Widget for &Signs<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let columns = self.columns;
        let rows = self.values.len().checked_div(columns).unwrap_or(0);
        if rows == 0 || rows * columns != self.values.len() {
            return;
        }
        let full = self.full_colour();
        let pixel = |row: usize, column: usize| {
            let value = self.values[row * rows / SIDE * columns + column * columns / SIDE];
            let sign = if full > 0.0 { (value / full).clamp(-1.0, 1.0) } else { 0.0 };
            Shade { ink: self.image.map_or(0, |image| image.ink(row, column)), sign }
        };
        draw((area, scale(area.width, area.height)), buffer, pixel, |upper, lower| self.cell(upper, lower));
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;
    use crate::{fashion::PIXELS, view::theme::Depth};

    /// Each pixel's ink shows its row and column, as far as a byte can.
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
    fn a_thumbnail_s_pixel_is_the_mean_of_four() {
        let mut pixels = [0; PIXELS];
        (pixels[0], pixels[1], pixels[28], pixels[29]) = (255, 100, 45, 0);
        pixels[2 * 28] = 200;
        let image = Image::new(&pixels);
        let theme = Theme::new(Depth::TrueColor, false);
        let area = Rect::new(0, 0, 14, 7);
        let mut buffer = Buffer::empty(area);
        (&Thumbnail(Picture { image, inverted: true, theme: &theme })).render(area, &mut buffer);
        let cell = &buffer[(0, 0)];
        assert_eq!((cell.symbol(), cell.fg, cell.bg), ("▀", Color::Rgb(100, 100, 100), Color::Rgb(50, 50, 50)));
    }

    #[test]
    fn signs_are_blue_for_red_against_and_shown_by_characters_without_colours() {
        let mut values = [0.0; PIXELS];
        (values[0], values[28], values[1], values[29]) = (2.0, 2.0, -2.0, -2.0);
        let area = Rect::new(0, 0, 28, 14);
        let drawn = |theme: &Theme| {
            let mut buffer = Buffer::empty(area);
            (&Signs { image: None, values: &values, columns: SIDE, inverted: false, theme }).render(area, &mut buffer);
            buffer
        };
        let buffer = drawn(&Theme::new(Depth::TrueColor, false));
        assert_eq!(
            (buffer[(0, 0)].fg, buffer[(1, 0)].fg),
            (Color::Rgb(0x1f, 0x6f, 0xd0), Color::Rgb(0xdc, 0x36, 0x3c))
        );
        assert_eq!(buffer[(2, 0)].fg, Color::Rgb(255, 255, 255));
        let buffer = drawn(&Theme::new(Depth::None, true));
        assert_eq!([0, 1, 2].map(|x| buffer[(x, 0)].symbol().to_owned()), ["#", "=", " "]);
    }

    #[test]
    fn a_few_values_are_stretched_to_the_whole_picture() {
        let theme = Theme::new(Depth::None, true);
        let area = Rect::new(0, 0, 28, 14);
        let drawn = |values: &[f32], columns| {
            let mut buffer = Buffer::empty(area);
            (&Signs { image: None, values, columns, inverted: false, theme: &theme }).render(area, &mut buffer);
            [(0, 0), (13, 6), (14, 0), (27, 6), (0, 7), (27, 13)]
                .map(|place| buffer[place].symbol().to_owned())
                .concat()
        };
        assert_eq!(drawn(&[9.0, -9.0, -9.0, 9.0], 2), "##---#");
        assert_eq!(drawn(&[9.0, -9.0, -9.0, 9.0], 1), "#-#--#");
        assert_eq!(drawn(&[9.0; 5], 2), "      ", "five values make no rows of two");
        assert_eq!(drawn(&[], 0), "      ");
    }

    #[test]
    fn where_it_does_not_fit_nothing_is_drawn() {
        let area = Rect::new(0, 0, 27, 14);
        let buffer = draw(&pixels(), false, &Theme::new(Depth::TrueColor, false), area);
        assert_eq!(buffer, Buffer::empty(area));
    }
}
