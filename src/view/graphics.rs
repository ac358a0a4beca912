//! Pictures as images that the terminal itself draws, smooth, in the cells where half blocks would stand. Keeps no
//! record of what the terminal has, and asks it nothing.
//!
//! An image is cells as everything else is: the first cell of each of its rows holds what the terminal must be told to
//! draw that row, and the others say that it reaches so far. So the comparison of cells, which decides what is sent of
//! a frame, decides it of images too: what stays is not sent again, what was covered or cleared is.
//!
//! No library does it, for the sake of slow connections. `ratatui-image` sends a picture as large as its cells: of
//! 28×14 cells that are 44 kB for kitty, where the 28×28 pixels, which kitty makes larger by itself, are 0.7 kB. Its
//! Sixel is one piece, which nothing that is drawn over it may cut, in colours that it chooses and dithers.

mod kitty;
mod raster;
mod sixel;

use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
};

pub(super) use raster::Raster;

/// What pictures are drawn as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Graphics {
    /// Half blocks, two pixels a cell.
    #[default]
    Blocks,
    /// Images of kitty's graphics protocol, in the cells of its placeholders.
    Kitty,
    /// Sixel.
    Sixel {
        /// The pixels of a terminal's cell. While they are not known, pictures are half blocks.
        cell: Option<Size>,
    },
}

impl Graphics {
    /// What ends an image that was cut short, before which a terminal would take nothing else for what it is, and makes
    /// it forget those that it has been sent.
    #[must_use]
    pub fn farewell(self) -> &'static str {
        match self {
            Self::Kitty => kitty::FORGET,
            // These are on the screen alone, and go with it.
            Self::Sixel { .. } => "\x1b\\",
            Self::Blocks => "",
        }
    }

    /// The same in a terminal whose cells have so many pixels.
    #[must_use]
    pub fn with_cell(self, pixels: Option<Size>) -> Self {
        match self {
            Self::Sixel { .. } => Self::Sixel { cell: pixels },
            other => other,
        }
    }

    /// Draws this over all of these cells. Returns whether it was possible; if not, it is for half blocks.
    pub(super) fn draw<C: Fn(u8) -> [u8; 3]>(self, raster: &Raster<C>, cells: Rect, buffer: &mut Buffer) -> bool {
        if buffer.area.intersection(cells) != cells {
            return false;
        }
        match self {
            Self::Kitty => kitty::draw(raster, cells, buffer),
            Self::Sixel { cell: Some(cell) } => sixel::draw(raster, cell, cells, buffer),
            Self::Sixel { cell: None } | Self::Blocks => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{raster::tests::grey, *};

    #[test]
    fn without_the_pixels_of_a_cell_sixel_is_half_blocks() {
        let area = Rect::new(0, 0, 28, 14);
        let mut buffer = Buffer::empty(area);
        let unknown = Graphics::Sixel { cell: None };
        assert!(!unknown.draw(&grey(), area, &mut buffer) && !Graphics::Blocks.draw(&grey(), area, &mut buffer));
        assert_eq!(buffer, Buffer::empty(area));
        let known = unknown.with_cell(Some(Size::new(8, 16)));
        assert!(known.draw(&grey(), area, &mut buffer));
        assert!(!known.draw(&grey(), Rect { width: 29, ..area }, &mut buffer), "it is wider than the screen");
        assert!(known.farewell().starts_with("\x1b\\") && Graphics::Kitty.farewell().starts_with("\x1b\\"));
        assert_eq!(Graphics::Blocks.farewell(), "");
        assert_eq!(Graphics::Blocks.with_cell(Some(Size::new(8, 16))), Graphics::Blocks);
    }
}
