//! What an image shows, and how a cell comes to hold what draws it. Knows no protocol.

use std::num::NonZeroU16;

use ratatui::buffer::{Buffer, Cell, CellDiffOption};

use crate::fashion::{PIXELS, SIDE};

/// Levels of one kind, 28×28 of them, each with a colour.
pub struct Raster<C> {
    /// Row by row.
    pub levels: [u8; PIXELS],
    /// The red, green and blue of a level.
    pub colour: C,
}

impl<C: Fn(u8) -> [u8; 3]> Raster<C> {
    /// The levels that this function has for rows and columns.
    pub fn new(level: impl Fn(usize, usize) -> u8, colour: C) -> Self {
        Self { levels: std::array::from_fn(|pixel| level(pixel / SIDE, pixel % SIDE)), colour }
    }
}

/// Writes this into a cell. However long it is, it takes one column.
pub fn put<'a>(buffer: &'a mut Buffer, place: (u16, u16), symbol: &str) -> Option<&'a mut Cell> {
    let cell = buffer.cell_mut(place)?;
    cell.reset();
    cell.set_symbol(symbol).set_diff_option(CellDiffOption::ForcedWidth(NonZeroU16::MIN));
    Some(cell)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A ramp in all directions, and some edges.
    fn level(row: usize, column: usize) -> u8 {
        u8::try_from((row * 9 + column * 5) % 256).expect("below 256")
    }

    pub fn grey() -> Raster<fn(u8) -> [u8; 3]> {
        Raster::new(level, |level| [level; 3])
    }

    pub fn coloured() -> Raster<fn(u8) -> [u8; 3]> {
        Raster::new(level, |level| [level, 255 - level, level / 2])
    }
}
