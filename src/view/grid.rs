//! Pictures side by side and one below the other, a caption under each, a frame around the selected one. Knows nothing
//! of what they show.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
};

use super::{picture, theme::Theme};
use crate::app::Page;

/// Cells between two pictures side by side; the frame stands in them.
const GAP: u16 = 2;

/// Tiles of one size in an area.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    area: Rect,
    /// A picture's scale; 0 is half of the usual one.
    pub scale: u16,
    /// Rows of a caption.
    captions: u16,
    /// Rows between two slots.
    air: u16,
    columns: u16,
    rows: u16,
    largest: u16,
}

/// Where one slot's picture and caption stand.
#[derive(Clone, Copy, Debug)]
pub struct GridCell {
    /// The picture.
    pub picture: Rect,
    /// Below it.
    pub caption: Rect,
}

/// Rows of a caption: a narrow one breaks its words on two.
const fn captions(scale: u16) -> u16 {
    if scale == 0 { 2 } else { 1 }
}

impl Grid {
    /// As many slots as fit with pictures of this scale, or of the largest that fits.
    pub fn new(area: Rect, scale: u16) -> Self {
        let fits = |scale: u16| {
            let (width, height) = picture::extent(scale);
            width <= area.width && height + captions(scale) <= area.height
        };
        let largest = (0..=picture::scale(area.width, area.height)).rev().find(|scale| fits(*scale)).unwrap_or(0);
        let scale = scale.min(largest);
        let (captions, (width, height)) = (captions(scale), picture::extent(scale));
        let rows = |air: u16| ((area.height + air) / (height + captions + air)).max(1);
        // Air between the rows is nice to have, and not worth a row of pictures.
        let air = u16::from(rows(1) == rows(0));
        let columns = ((area.width + GAP) / (width + GAP)).max(1);
        Self { area, scale, captions, air, columns, rows: rows(air), largest }
    }

    /// How many slots there are.
    pub fn page(&self) -> Page {
        let (columns, rows) = (usize::from(self.columns), usize::from(self.rows));
        Page { columns, rows, largest: self.largest, ..Page::default() }
    }

    /// The slots, row by row.
    pub fn slots(&self) -> impl Iterator<Item = GridCell> + '_ {
        let (width, height) = picture::extent(self.scale);
        // The slots as a whole stand in the middle.
        let spare = self.area.width.saturating_sub(self.columns * (width + GAP) - GAP);
        let left = self.area.x + spare / 2;
        (0..self.rows).flat_map(move |row| {
            (0..self.columns).map(move |column| {
                let x = left + column * (width + GAP);
                let y = self.area.y + row * (height + self.captions + self.air);
                let picture = Rect { x, y, width, height }.intersection(self.area);
                let caption = Rect { x, y: y + height, width, height: self.captions }.intersection(self.area);
                GridCell { picture, caption }
            })
        })
    }

    /// The number, within the page, of the slot at this position.
    pub fn slot_at(&self, position: Position) -> Option<usize> {
        self.slots().position(|slot| slot.picture.contains(position) || slot.caption.contains(position))
    }
}

/// How many slots a screen has below its heading, unless one picture has it all.
pub fn page(area: Rect, size: u16, is_large: bool) -> Page {
    let [_, body] = below_heading(area);
    if is_large { Page::default() } else { Grid::new(body, size).page() }
}

/// The place, among all of a screen's pictures, of the slot at this position, where the selected one is at `selected`.
pub fn place_at(area: Rect, size: u16, selected: usize, position: Position) -> Option<usize> {
    let [_, body] = below_heading(area);
    let grid = Grid::new(body, size);
    Some(grid.page().start(selected) + grid.slot_at(position)?)
}

/// A heading and the rest.
pub fn below_heading(area: Rect) -> [Rect; 2] {
    area.layout(&Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]))
}

/// Marks a slot as the selected one, in the gaps beside it.
pub fn draw_frame(frame: &mut Frame, slot: GridCell, theme: &Theme) {
    let [left, right] = theme.selection();
    for y in slot.picture.y..slot.picture.bottom() {
        for (x, symbol) in [(slot.picture.x.checked_sub(1), left), (Some(slot.picture.right()), right)] {
            if let Some(cell) = x.and_then(|x| frame.buffer_mut().cell_mut((x, y))) {
                cell.set_symbol(symbol).set_style(theme.accent());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_of_80_by_24_has_room_for_ten_thumbnails() {
        let grid = Grid::new(Rect::new(1, 2, 78, 21), 0);
        assert_eq!((grid.page().columns, grid.page().rows, grid.page().largest), (5, 2, 1));
    }

    #[test]
    fn tiles_stay_inside_of_the_area_and_beside_each_other() {
        for width in 14..200 {
            for height in 9..60 {
                for scale in 0..4 {
                    let area = Rect::new(3, 2, width, height);
                    let grid = Grid::new(area, scale);
                    let slots: Vec<GridCell> = grid.slots().collect();
                    assert_eq!(slots.len(), grid.page().count());
                    for slot in &slots {
                        assert_eq!(area.intersection(slot.picture), slot.picture, "{area} {slot:?}");
                        assert_eq!((slot.picture.width, slot.picture.height), picture::extent(grid.scale));
                        assert!(!slot.caption.is_empty(), "{area} {slot:?}");
                    }
                    let overlap = |one: &GridCell, other: &GridCell| one.picture.intersects(other.picture);
                    assert!(slots.windows(2).all(|pair| !overlap(&pair[0], &pair[1])), "{area}, {scale}");
                }
            }
        }
    }
}
