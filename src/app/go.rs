//! The ways through what a screen has: images, cells, steps, classes, units. Changes where the person stands, and nothing of
//! the run.

use super::{
    App, Half, Overlay, Screen,
    act::{NO_PREDICTIONS, NOT_PREDICTED, NOTHING_LEFT},
};
use crate::{
    fashion::{CLASSES, Class},
    protocol::Command,
};

/// The way through something that has an order.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Direction {
    Forward,
    Back,
}

/// How far a key goes.
#[derive(Clone, Copy)]
pub(super) enum Stride {
    One,
    Row,
    Page,
    All,
}

use Direction::{Back, Forward};

/// Rows of a list that a page passes over.
const ROWS: usize = 10;

impl App {
    /// Goes by a stride through what the screen has.
    pub(super) fn go(&mut self, stride: Stride, direction: Direction) -> Option<Command> {
        let rows = match stride {
            Stride::One | Stride::Row => 1,
            Stride::Page => ROWS,
            Stride::All => usize::MAX,
        };
        match &mut self.overlay {
            Overlay::Runs(choice) => {
                let last = choice.runs.as_ref().map_or(0, Vec::len);
                choice.row = moved(choice.row, rows, direction, last);
                return None;
            }
            Overlay::Help { page } => {
                *page = moved(*page, rows.min(self.page.help), direction, self.page.help - 1);
                return None;
            }
            Overlay::None | Overlay::Prompt(_) => {}
        }
        match self.screen {
            Screen::Dashboard | Screen::Gallery => self.leaf(stride, direction),
            Screen::Confusion => self.change(|app| app.move_cell(stride, direction)),
            Screen::Curves => self.move_cursor(stride, direction),
            Screen::Data => {
                let place = moved(self.class.index(), self.distance(stride).min(CLASSES), direction, CLASSES - 1);
                self.change(|app| app.class = Class::all().nth(place).unwrap_or(app.class))
            }
            Screen::Neurons => {
                let last = self.unit_count().saturating_sub(1);
                self.change(|app| app.unit = moved(app.unit, app.distance(stride), direction, last))
            }
        }
    }

    /// How many places a stride is.
    fn distance(&self, stride: Stride) -> usize {
        match stride {
            Stride::One => 1,
            Stride::Row => self.page.columns,
            Stride::Page => self.page.count(),
            Stride::All => usize::MAX,
        }
    }

    /// Goes through the images that the filter leaves.
    fn leaf(&mut self, stride: Stride, direction: Direction) -> Option<Command> {
        self.data.as_ref()?;
        let album = self.album();
        let Some(last) = album.len().checked_sub(1) else { return self.notify(NOTHING_LEFT) };
        let from = album.nearest_place();
        // From an image that has dropped out of the list one step on is the one that has taken its place.
        let distance = match (album.place(), direction) {
            (None, Forward) => self.distance(stride) - 1,
            _ => self.distance(stride),
        };
        let index = album.at(moved(from, distance, direction, last))?;
        self.select(index)
    }

    /// Selects the image at `index` of those that the screen shows.
    pub(super) fn select(&mut self, index: usize) -> Option<Command> {
        if self.half() == Half::Train {
            self.train.select(index);
            return None;
        }
        self.test.select(index);
        None
    }

    fn move_cell(&mut self, stride: Stride, direction: Direction) {
        let (truth, predicted) = self.cell();
        let along = |class: Class, distance| {
            Class::all().nth(moved(class.index(), distance, direction, CLASSES - 1)).unwrap_or(class)
        };
        self.cell = Some(match stride {
            Stride::One => (truth, along(predicted, 1)),
            Stride::All => (truth, along(predicted, CLASSES)),
            Stride::Row => (along(truth, 1), predicted),
            Stride::Page => (along(truth, CLASSES), predicted),
        });
    }

    fn move_cursor(&mut self, stride: Stride, direction: Direction) -> Option<Command> {
        let last = self.last_step();
        match (stride, direction) {
            (Stride::One, _) => self.chart.move_cursor(direction == Forward, last),
            (Stride::Row | Stride::Page, _) => return self.move_cursor_by_epoch(direction),
            (Stride::All, Forward) => self.chart.put_cursor(last),
            (Stride::All, Back) => self.chart.put_cursor(0),
        }
        None
    }

    fn move_cursor_by_epoch(&mut self, direction: Direction) -> Option<Command> {
        let last = self.last_step();
        let from = self.chart.cursor(last).unwrap_or(last);
        let mut ends = self.epochs.iter().map(|record| record.step);
        let end = match direction {
            Forward => ends.find(|end| *end > from),
            Back => ends.rev().find(|end| *end < from),
        };
        let Some(end) = end else { return self.notify("no epoch ends there") };
        self.change(|app| app.chart.put_cursor(end))
    }

    /// Goes to the next mistake: of the images, or of the matrix by how frequent it is.
    pub(super) fn go_to_wrong(&mut self, direction: Direction) -> Option<Command> {
        match self.screen {
            Screen::Confusion => self.go_to_mistake(direction),
            Screen::Gallery if self.half == Half::Train => self.notify(NOT_PREDICTED),
            Screen::Dashboard | Screen::Gallery => self.leaf_to_wrong(direction),
            Screen::Curves | Screen::Data | Screen::Neurons => None,
        }
    }

    fn go_to_mistake(&mut self, direction: Direction) -> Option<Command> {
        let mistakes = self.mistakes();
        let Some(last) = mistakes.len().checked_sub(1) else { return self.notify("no mistake was made") };
        let from = mistakes.iter().position(|cell| *cell == self.cell());
        let to = match (from, direction) {
            (None, _) => 0,
            (Some(from), _) => moved(from, 1, direction, last),
        };
        self.cell = Some(mistakes[to]);
        None
    }

    fn leaf_to_wrong(&mut self, direction: Direction) -> Option<Command> {
        let data = self.data.as_ref()?;
        let Some(moment) = self.moment() else { return self.notify(NO_PREDICTIONS) };
        let (count, from) = (self.test.len(), self.test.nearest_place());
        let is_wrong =
            |index: usize| moment.predicted(index).is_some_and(|predicted| predicted != data.test.class(index));
        // An image that has dropped out of the list is before the one at its place.
        let is_out = self.test.place().is_none();
        let found = (0..count)
            .map(|distance| match direction {
                Forward => (from + distance + usize::from(!is_out)) % count,
                Back => (from + count - distance - 1) % count,
            })
            .find(|place| self.test.at(*place).is_some_and(is_wrong));
        let Some(place) = found else {
            return self.notify(if self.test.filter().is_open() {
                "no wrong prediction among the test images"
            } else {
                "no wrong prediction among these images"
            });
        };
        let wrapped = match direction {
            Forward => place < from + usize::from(!is_out),
            Back => place >= from,
        };
        self.notice = wrapped.then(|| match direction {
            Forward => "from the start again".to_owned(),
            Back => "from the end again".to_owned(),
        });
        let index = self.test.at(place)?;
        self.select(index)
    }

    pub(super) fn type_digit(&mut self, letter: char) -> Option<Command> {
        match &mut self.overlay {
            Overlay::Prompt(text) if letter.is_ascii_digit() && text.len() < 9 => text.push(letter),
            Overlay::Prompt(_) => return self.notify("an index is made of digits"),
            Overlay::None | Overlay::Help { .. } | Overlay::Runs(_) => {}
        }
        None
    }

    pub(super) fn erase(&mut self) -> Option<Command> {
        if let Overlay::Prompt(text) = &mut self.overlay {
            text.pop();
        }
        None
    }

    /// Takes the index that was typed.
    pub(super) fn jump(&mut self, text: &str) -> Option<Command> {
        let (what, count) = match (self.screen, self.half()) {
            (Screen::Neurons, _) => ("unit", self.unit_count()),
            (_, Half::Train) => ("training image", self.data.as_ref()?.train.len()),
            (_, Half::Test) => ("test image", self.data.as_ref()?.test.len()),
        };
        let (index, last): (usize, _) = (text.parse().ok()?, count.checked_sub(1)?);
        if index > last {
            return self.notify(&format!("no {what} {index}: the last one is {last}"));
        }
        match self.screen {
            Screen::Neurons => return self.change(|app| app.unit = index),
            Screen::Confusion | Screen::Curves | Screen::Data => drop(self.show(Screen::Dashboard)),
            Screen::Dashboard | Screen::Gallery => {}
        }
        if self.album().place_of(index).is_none() {
            self.notice = Some(format!("{what} {index} is not among those that the filter leaves"));
        }
        self.select(index)
    }
}

/// A place after a move, between 0 and the last one.
fn moved(place: usize, distance: usize, direction: Direction, last: usize) -> usize {
    match direction {
        Forward => place.saturating_add(distance).min(last),
        Back => place.saturating_sub(distance).min(last),
    }
}
