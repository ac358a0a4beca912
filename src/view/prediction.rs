//! The ten classes' probabilities for the selected test image, as bars.

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Widget,
};

use crate::{
    fashion::{CLASSES, Class},
    metrics::most_probable,
    protocol::Probabilities,
    view::{
        bars::Bar,
        format::{fit, percent, width},
        heading,
        images::Shown,
        test_image,
        theme::{Theme, Tone},
    },
};

/// One bar per row, without anything else.
pub const LEAST_ROWS: u16 = 10;
/// Cells of a bar from which a scale below it can be read.
const LEAST_SCALE: u16 = 8;
/// Cells of a percentage.
const PERCENT: u16 = 4;

/// Rows of a heading, bars of this pitch and the scale below them.
pub const fn rows(pitch: u16) -> u16 {
    1 + bar_rows(pitch) + 1
}

/// Rows of ten bars; from a pitch of 2 the last row of each is air.
const fn bar_rows(pitch: u16) -> u16 {
    LEAST_ROWS * pitch - if pitch > 1 { 1 } else { 0 }
}

/// Draws a heading and ten bars; the bars grow with the height, and the scale stands below where a row is left.
pub fn draw(frame: &mut Frame, area: Rect, shown: &Shown, theme: &Theme) {
    let has_heading = area.height > LEAST_ROWS;
    let [heading, area] =
        area.layout(&Layout::vertical([Constraint::Length(u16::from(has_heading)), Constraint::Fill(1)]));
    heading::draw(frame, heading, "Prediction", &test_image::signs(shown, theme).unwrap_or_default(), theme);
    let Some(data) = shown.data else { return };
    let truth = shown.split.zip(shown.image).map(|(split, index)| split.class(index));
    let probabilities = shown.prediction;
    frame.render_widget(&ProbabilityBars { names: data.names(), truth, probabilities, theme }, area);
}

/// Ten bars, a class each; they grow with the height, and the scale stands below where a row is left.
#[derive(Debug)]
pub struct ProbabilityBars<'a> {
    /// The classes' names.
    pub names: &'a [String; CLASSES],
    /// The true class, if it is known.
    pub truth: Option<Class>,
    /// The classes' probabilities, once there are any.
    pub probabilities: Option<&'a Probabilities>,
    pub theme: &'a Theme,
}

impl Widget for &ProbabilityBars<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let ProbabilityBars { names, theme, .. } = self;
        let bars = bars(self.truth, self.probabilities);
        let columns = Columns::new(area, names.iter().map(|name| width(name)).max().unwrap_or(0));
        let pitch = (1..=4).rev().find(|pitch| bar_rows(*pitch) <= area.height).unwrap_or(1);
        for (number, (name, bar)) in (0..).zip(names.iter().zip(&bars)) {
            let row = Rect { y: area.y + number * pitch, height: pitch.saturating_sub(1).max(1), ..area };
            draw_bar(buffer, row.intersection(area), &columns, name, bar, theme);
        }
        if area.height > bar_rows(pitch) {
            draw_scale(buffer, Rect { y: area.y + bar_rows(pitch), height: 1, ..area }, &columns, theme);
        }
    }
}

/// What one bar says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ClassBar {
    probability: Option<f32>,
    predicted: bool,
    truth: bool,
}

impl ClassBar {
    /// The tutorial's rule: all grey, then the predicted class red, then the true class green.
    fn tone(self) -> Tone {
        match self {
            Self { truth: true, probability: Some(_), .. } => Tone::Right,
            Self { predicted: true, .. } => Tone::Wrong,
            Self { .. } => Tone::Other,
        }
    }
}

fn bars(truth: Option<Class>, probabilities: Option<&Probabilities>) -> [ClassBar; CLASSES] {
    let predicted = probabilities.map(most_probable);
    std::array::from_fn(|index| ClassBar {
        probability: probabilities.map(|probabilities| probabilities[index]),
        predicted: predicted.is_some_and(|class| class.index() == index),
        truth: truth.is_some_and(|class| class.index() == index),
    })
}

/// Where a bar's parts stand, from the left: two marks, the name, the bar, the percentage.
#[derive(Debug)]
struct Columns {
    name: (u16, u16),
    bar: (u16, u16),
    percent: u16,
}

impl Columns {
    fn new(area: Rect, longest_name: usize) -> Self {
        let marks = 3;
        let longest_name = u16::try_from(longest_name).unwrap_or(u16::MAX).min(area.width.saturating_mul(2) / 5);
        let name = (area.x + marks, longest_name.min(area.width.saturating_sub(marks)));
        let percent = area.x + area.width.saturating_sub(PERCENT);
        let bar = name.0 + name.1 + 1;
        Self { name, bar: (bar, percent.saturating_sub(bar + 1)), percent }
    }
}

fn draw_bar(buffer: &mut Buffer, area: Rect, columns: &Columns, name: &str, bar: &ClassBar, theme: &Theme) {
    let glyphs = theme.glyphs();
    let style = theme.tone(bar.tone());
    let text = Rect { height: area.height.min(1), ..area };
    let name_style = if bar.predicted { theme.strong() } else { Style::new() };
    let marks = [(bar.predicted, glyphs.predicted), (bar.truth, glyphs.truth)];
    if bar.predicted || bar.truth {
        let marks: String = marks.into_iter().map(|(marked, glyph)| if marked { glyph } else { " " }).collect();
        (Span::styled(marks, theme.verdict(bar.tone()))).render(Rect { width: area.width.min(2), ..text }, buffer);
    }
    let (x, cells) = columns.name;
    let name = fit(name, usize::from(cells), glyphs.ellipsis);
    (Span::styled(name, name_style)).render(Rect { x, width: cells, ..text }.intersection(area), buffer);
    let Some(probability) = bar.probability else { return };
    let (x, cells) = columns.bar;
    let drawn = Bar { ratio: f64::from(probability), style, glyphs };
    (&drawn).render(Rect { x, width: cells, ..area }.intersection(area), buffer);
    let place = Rect { x: columns.percent, width: PERCENT, ..text }.intersection(area);
    (Line::raw(percent(probability)).right_aligned()).render(place, buffer);
}

fn draw_scale(buffer: &mut Buffer, area: Rect, columns: &Columns, theme: &Theme) {
    let (x, cells) = columns.bar;
    let place = Rect { x, width: cells, ..area }.intersection(area);
    if cells < LEAST_SCALE {
        return;
    }
    for (text, line) in [("0", Line::left_aligned as fn(_) -> _), ("0.5", Line::centered), ("1", Line::right_aligned)] {
        (line(Line::styled(text, theme.muted()))).render(place, buffer);
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;
    use crate::{
        app::{Action, App, Half, Loaded, Page, Screen},
        protocol::samples,
        view::theme::Depth,
    };

    fn class(number: u8) -> Class {
        Class::new(number).expect("a class")
    }

    fn tones(truth: u8, probabilities: Option<&Probabilities>) -> Vec<(usize, Tone)> {
        let bars = bars(Some(class(truth)), probabilities);
        bars.iter().map(|bar| bar.tone()).enumerate().filter(|(_, tone)| *tone != Tone::Other).collect()
    }

    #[test]
    fn a_wrong_answer_is_red_and_the_true_class_green() {
        let mut probabilities = [0.02; CLASSES];
        probabilities[5] = 0.82;
        assert_eq!(tones(7, Some(&probabilities)), [(5, Tone::Wrong), (7, Tone::Right)]);
    }

    #[test]
    fn a_right_answer_is_one_green_bar_and_no_red_one() {
        let mut probabilities = [0.0; CLASSES];
        probabilities[9] = 1.0;
        assert_eq!(tones(9, Some(&probabilities)), [(9, Tone::Right)]);
    }

    #[test]
    fn the_class_is_that_of_the_image_s_own_half() {
        let mut app = App::new(None);
        app.load(Loaded::Data(samples::dataset()));
        // There are no 60,000 test images.
        for (half, index) in [(Half::Test, 0), (Half::Train, 1), (Half::Train, 59_999)] {
            app.act(Action::Show(Screen::Gallery), &Page::default());
            if app.half() != half {
                app.act(Action::ToggleHalf, &Page::default());
            }
            app.act(Action::PickImage(index), &Page::default());
            let mut terminal = Terminal::new(TestBackend::new(40, 10)).expect("a test terminal is always to be had");
            let theme = Theme::new(Depth::None, false);
            let drawn = terminal
                .draw(|frame| draw(frame, frame.area(), &Shown::new(app.scene(), half), &theme))
                .expect("it can always be drawn on");
            let marked = (0..10).filter(|row| drawn.buffer[(1, *row)].symbol() == theme.glyphs().truth);
            let data = samples::dataset();
            let split = if half == Half::Test { &data.test } else { &data.train };
            let truth = u16::try_from(split.class(index).index()).expect("ten classes");
            assert_eq!(marked.collect::<Vec<u16>>(), [truth], "{half:?} {index}");
        }
    }

    #[test]
    fn before_a_prediction_every_bar_is_grey() {
        assert_eq!(tones(9, None), []);
    }

    #[test]
    fn the_columns_stay_inside_of_every_width() {
        for width in 0..200 {
            for longest in [0, 3, 11, 40, 100_000] {
                let columns = Columns::new(Rect::new(3, 0, width, 10), longest);
                assert!(columns.bar.0 + columns.bar.1 <= columns.percent.max(columns.bar.0), "{columns:?}");
                assert!(columns.name.0 + columns.name.1 <= (3 + width).max(6), "{columns:?}");
            }
        }
    }
}
