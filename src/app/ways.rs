//! The ways through something that has an order, and how far a key goes on a terminal of some size. Arithmetic.

/// The way through something that has an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// On.
    Forward,
    /// Back.
    Back,
}

/// How far a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stride {
    /// To the next one.
    One,
    /// A row.
    Row,
    /// A page.
    Page,
    /// To the end.
    All,
}

/// Rows of a list that a page passes over.
const ROWS: usize = 10;

impl Stride {
    /// How many rows of a list it is.
    #[must_use]
    pub fn rows(self) -> usize {
        match self {
            Self::One | Self::Row => 1,
            Self::Page => ROWS,
            Self::All => usize::MAX,
        }
    }
}

/// How much of something the terminal holds at once. The state knows no terminal, so it is handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Side by side; at least 1.
    pub columns: usize,
    /// One below the other; at least 1.
    pub rows: usize,
    /// The largest picture that fits; 0 is half of the usual size, which is 1.
    pub largest: u16,
    /// Pages that the help has; at least 1.
    pub help: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { columns: 10, rows: 10, largest: 1, help: 1 }
    }
}

impl Page {
    /// How many fit.
    #[must_use]
    pub fn count(&self) -> usize {
        self.columns * self.rows
    }

    /// The first place of the page that this place is on.
    #[must_use]
    pub fn start(&self, place: usize) -> usize {
        place / self.count() * self.count()
    }

    /// How many places a stride is.
    #[must_use]
    pub fn distance(&self, stride: Stride) -> usize {
        match stride {
            Stride::One => 1,
            Stride::Row => self.columns,
            Stride::Page => self.count(),
            Stride::All => usize::MAX,
        }
    }
}

/// A place after a move, between 0 and the last one.
#[must_use]
pub fn moved(place: usize, distance: usize, direction: Direction, last: usize) -> usize {
    match direction {
        Direction::Forward => place.saturating_add(distance).min(last),
        Direction::Back => place.saturating_sub(distance).min(last),
    }
}
