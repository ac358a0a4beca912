//! One image as a card: its picture beside its ten bars, the caption below. Knows no screen and no selection.

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    text::Line,
    widgets::Widget,
};

use crate::{
    fashion::{CLASSES, Class, Image},
    protocol::Probabilities,
    view::{
        format::{fit, wrap},
        picture::{COLUMNS, Picture, ROWS},
        prediction::{self, ProbabilityBars},
        test_image::Caption,
        theme::Theme,
    },
};

/// Rows of a card without a note: the title, the picture, the caption.
pub const HEIGHT: u16 = 1 + ROWS + 1;
/// Columns that a card wants; it takes what there is between these.
pub const WIDTH: (u16, u16) = (COLUMNS + GUTTER + 28, COLUMNS + GUTTER + 44);
/// Columns between picture and bars.
const GUTTER: u16 = 2;

/// What is on a card.
#[derive(Debug)]
pub struct Card<'a> {
    /// What it is called: an index, or a file's name.
    pub title: &'a str,
    /// The picture.
    pub image: Image<'a>,
    /// The classes' names.
    pub names: &'a [String; CLASSES],
    /// The true class, if it is known.
    pub truth: Option<Class>,
    /// What the network makes of it.
    pub probabilities: &'a Probabilities,
    /// What else there is to say of it, below all; as many lines as it takes.
    pub note: Option<&'a str>,
    /// The colours.
    pub theme: &'a Theme,
}

impl Widget for &Card<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let theme = self.theme;
        let [title, middle, caption, note] = area.layout(&Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(ROWS),
            Constraint::Length(1),
            Constraint::Fill(1),
        ]));
        let [left, bars] = middle
            .layout(&Layout::horizontal([Constraint::Length(COLUMNS), Constraint::Fill(1)]).spacing(i32::from(GUTTER)));
        let under = Rect { width: COLUMNS.min(area.width), ..caption };
        let name = fit(self.title, usize::from(title.width), theme.glyphs().ellipsis);
        Line::styled(name, theme.muted()).render(title, buffer);
        (&Picture { image: self.image, inverted: false, theme }).render(left, buffer);
        let rows = prediction::rows(1) - 1;
        let bars = bars.centered_vertically(Constraint::Length(rows));
        let (names, truth, probabilities) = (self.names, self.truth, Some(self.probabilities));
        (&ProbabilityBars { names, truth, probabilities, theme }).render(bars, buffer);
        let words = Caption::new(names, truth, probabilities).line(usize::from(caption.width), theme);
        // A caption that is wider than the picture begins where the picture does.
        if words.width() <= usize::from(under.width) {
            words.centered().render(under, buffer);
        } else {
            words.render(caption, buffer);
        }
        for (line, row) in self.note(area.width).into_iter().zip(note.rows()) {
            Line::styled(line, theme.muted()).render(row, buffer);
        }
    }
}

impl Card<'_> {
    /// The note's lines in so many columns.
    fn note(&self, width: u16) -> Vec<String> {
        self.note.map_or_else(Vec::new, |note| wrap(note, usize::from(width)))
    }
}

/// How many of `count` cards stand side by side in so many columns, and how wide each is.
#[must_use]
pub fn across(columns: u16, count: usize) -> (usize, u16) {
    let columns = columns.max(COLUMNS);
    let most = ((columns + GUTTER) / (WIDTH.0 + GUTTER)).max(1);
    let across = most.min(u16::try_from(count).unwrap_or(most)).max(1);
    (usize::from(across), ((columns + GUTTER) / across - GUTTER).min(WIDTH.1))
}

/// Cards of this width side by side, few enough for a terminal's columns.
#[must_use]
pub fn row(cards: &[Card], width: u16, theme: &Theme) -> Buffer {
    let pitch = width + GUTTER;
    let count = u16::try_from(cards.len()).unwrap_or(u16::MAX);
    let notes = cards.iter().map(|card| card.note(width).len()).max().unwrap_or(0);
    let height = HEIGHT.saturating_add(u16::try_from(notes).unwrap_or(u16::MAX));
    let mut buffer = Buffer::empty(Rect::new(0, 0, count.saturating_mul(pitch).saturating_sub(GUTTER), height));
    for (number, card) in (0..).zip(cards) {
        card.render(Rect::new(number * pitch, 0, width, height).intersection(buffer.area), &mut buffer);
    }
    theme.restrict(&mut buffer);
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_cards_stand_side_by_side_as_fit() {
        assert_eq!(across(80, 15), (1, 74));
        assert_eq!(across(120, 15), (2, 59));
        assert_eq!(across(200, 15), (3, 65));
        assert_eq!(across(200, 1), (1, 74));
        assert_eq!(across(10, 3), (1, 28));
        for columns in 0..400 {
            let (across, width) = across(columns, 15);
            assert!(across * usize::from(width + GUTTER) <= usize::from(columns.max(COLUMNS) + GUTTER), "{columns}");
        }
    }
}
