//! The selected test image: its picture and what the network takes it for.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use crate::{
    fashion::{CLASSES, Class, SIDE},
    metrics::most_probable,
    protocol::Probabilities,
    view::{
        format::{fit, percent, thousands, width},
        heading,
        images::Shown,
        picture::{self, Picture, ROWS, Signs},
        theme::{Theme, Tone},
    },
};

/// Rows that the heading and the caption take beside the picture.
pub const TEXT_ROWS: u16 = 2;

/// Columns that hold most captions.
pub const COLUMNS_WITH_CAPTION: u16 = 36;

/// Draws a heading, the picture and its caption; where the height is short, first the heading is left out and then the
/// caption, and where it is shorter than the picture, the picture. `size`: the picture's; `None`: as large as it fits.
pub fn draw(frame: &mut Frame, area: Rect, shown: &Shown, size: Option<u16>, theme: &Theme) {
    let largest = picture::scale(area.width, area.height.saturating_sub(TEXT_ROWS)).max(1);
    let scale = size.unwrap_or(largest).clamp(1, largest);
    let rows = if area.height < ROWS { 0 } else { ROWS * scale };
    let spare = area.height - rows;
    let [heading, picture, caption] = area.layout(&Layout::vertical([
        Constraint::Length(u16::from(spare > 1)),
        Constraint::Length(rows),
        Constraint::Length(u16::from(spare > 0)),
    ]));
    let Some(split) = shown.split else {
        heading::draw(frame, heading, "Test images", "", theme);
        let waiting = Line::styled("reading the images", theme.muted()).centered();
        frame.render_widget(waiting, picture.centered_vertically(Constraint::Length(1)));
        return;
    };
    draw_heading(frame, heading, shown, theme);
    let Some(index) = shown.image else {
        return shown.draw_nothing_left(frame, picture, theme);
    };
    let inverted = shown.inverted;
    let (width, height) = picture::extent(scale);
    let room = picture.centered_horizontally(Constraint::Length(width)).centered_vertically(Constraint::Max(height));
    let image = split.image(index);
    match shown.attribution {
        Some(of) => {
            let signs = Signs { image: Some(image), values: &of.pixels, columns: SIDE, inverted, theme };
            frame.render_widget(&signs, room);
        }
        None => frame.render_widget(&Picture { image, inverted, theme }, room),
    }
    draw_caption(frame, caption, shown, theme);
}

/// Draws the line above the picture: which image, and among which.
pub fn draw_heading(frame: &mut Frame, area: Rect, shown: &Shown, theme: &Theme) {
    let Some(split) = shown.split else { return };
    let (name, index) = (shown.name(), shown.album.selected());
    if shown.image.is_none() {
        heading::draw(frame, area, &format!("{name}s"), &shown.words(theme), theme);
    } else if shown.album.is_plain() {
        heading::draw(frame, area, &title(name, index, split.len()), "by index", theme);
    } else {
        let dot = theme.glyphs().dot;
        let (name, signs) =
            signs(shown, theme).map_or((name, String::new()), |signs| ("Image", format!("{dot}{signs}")));
        heading::draw(frame, area, &format!("{name} {index}"), &format!("{}{signs}", shown.words(theme)), theme);
    }
}

/// What the picture's colours say of the prediction, where they say it.
pub fn signs(shown: &Shown, theme: &Theme) -> Option<String> {
    let [favour, against] = theme.sign_names();
    shown.attribution.map(|_| format!("{favour} for, {against} against"))
}

/// Draws the caption alone, in the middle of the area's width.
pub fn draw_caption(frame: &mut Frame, area: Rect, shown: &Shown, theme: &Theme) {
    let (Some(data), Some(split), Some(index)) = (shown.data, shown.split, shown.image) else { return };
    let caption = Caption::new(data.names(), Some(split.class(index)), shown.prediction);
    frame.render_widget(caption.line(usize::from(area.width), theme).centered(), area);
}

/// An index is a name, as it is typed, and not a count: its thousands are not set apart.
fn title(name: &str, index: usize, count: usize) -> String {
    format!("{name} {index} of {}", thousands(count as u64))
}

/// What stands below a picture.
#[derive(Debug)]
pub struct Caption<'a> {
    /// The true class's name, if it is known.
    truth: Option<&'a str>,
    /// The predicted class's name, how sure, and whether it is the true one.
    predicted: Option<(&'a str, String, bool)>,
}

impl<'a> Caption<'a> {
    /// Of an image of this class, where it is known, that got these probabilities, where there are some.
    pub fn new(names: &'a [String; CLASSES], truth: Option<Class>, probabilities: Option<&Probabilities>) -> Self {
        let name = |class: Class| names[class.index()].as_str();
        let predicted = probabilities.map(|probabilities| {
            let class = most_probable(probabilities);
            (name(class), percent(probabilities[class.index()]), truth == Some(class))
        });
        Self { truth: truth.map(name), predicted }
    }

    /// The tutorial's caption, `PREDICTED NN% (TRUE)`, after a mark that shows right and wrong without colour. In few
    /// cells it does without what is needed least: of a right prediction the truth, which is the same once more, of a
    /// wrong one the percentage. Names that are too long even so are cut.
    pub fn line(&self, cells: usize, theme: &Theme) -> Line<'static> {
        let glyphs = theme.glyphs();
        let (truth, predicted, sure, right) = match (self.truth, &self.predicted) {
            (truth, None) => return Line::raw(fit(truth.unwrap_or_default(), cells, glyphs.ellipsis)),
            (None, Some((predicted, sure, _))) => {
                let predicted = fit(predicted, cells.saturating_sub(width(sure) + 1), glyphs.ellipsis);
                return Line::styled(format!("{predicted} {sure}"), theme.strong());
            }
            (Some(truth), Some((predicted, sure, right))) => (truth, predicted, sure, right),
        };
        let (mark, tone) = if *right { (glyphs.right, Tone::Right) } else { (glyphs.wrong, Tone::Wrong) };
        let whole = format!("{mark} {predicted} {sure} ({truth})");
        let brief = if *right { format!("{mark} {predicted} {sure}") } else { format!("{mark} {predicted} ({truth})") };
        if let Some(words) = [whole, brief].into_iter().find(|words| width(words) <= cells) {
            return told(mark, &words, tone, theme);
        }
        let room = cells.saturating_sub(width(mark) + width(sure) + 5);
        // Each name may have half of the room, and what the other leaves of its half.
        let short = width(predicted).min(width(truth)).min(room / 2);
        let predicted = fit(predicted, room - short.min(width(truth)), glyphs.ellipsis);
        let truth = fit(truth, room - width(&predicted), glyphs.ellipsis);
        told(mark, &format!("{mark} {predicted} {sure} ({truth})"), tone, theme)
    }
}

impl Caption<'_> {
    /// The same on two lines, for a narrow picture: the prediction, the truth.
    pub fn lines(&self, cells: usize, theme: &Theme) -> Vec<Line<'static>> {
        let glyphs = theme.glyphs();
        let (Some(truth), Some((predicted, sure, right))) = (self.truth, &self.predicted) else {
            return vec![self.line(cells, theme)];
        };
        let (mark, tone) = if *right { (glyphs.right, Tone::Right) } else { (glyphs.wrong, Tone::Wrong) };
        let predicted = fit(predicted, cells.saturating_sub(width(mark) + 1), glyphs.ellipsis);
        let below = [
            format!("{sure} ({truth})"),
            if *right { sure.clone() } else { format!("({truth})") },
            format!("{sure} ({})", fit(truth, cells.saturating_sub(width(sure) + 3), glyphs.ellipsis)),
        ];
        let below = below.into_iter().find(|words| width(words) <= cells).unwrap_or_default();
        let lines = [format!("{mark} {predicted}"), below];
        lines.map(|line| told(mark, &line, tone, theme)).to_vec()
    }
}

/// A caption, or its second line: a mistake stands on its colour as a whole, so that it is found among many; of what is
/// right only the mark does.
fn told(mark: &str, words: &str, tone: Tone, theme: &Theme) -> Line<'static> {
    let at = if tone == Tone::Wrong { words.len() } else { words.strip_prefix(mark).map_or(0, |_| mark.len()) };
    let (told, rest) = words.split_at(at);
    Line::from(vec![Span::styled(told.to_owned(), theme.verdict(tone)), Span::raw(rest.to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::theme::Depth;

    fn caption(predicted: &str, sure: &str, truth: &str, cells: usize, ascii: bool) -> String {
        let right = predicted == truth;
        let caption = Caption { truth: Some(truth), predicted: Some((predicted, sure.to_owned(), right)) };
        caption.line(cells, &Theme::new(Depth::None, ascii)).to_string()
    }

    #[test]
    fn a_caption_is_the_tutorials_after_a_mark() {
        assert_eq!(caption("Sandal", "83%", "Sneaker", 36, false), "✗ Sandal 83% (Sneaker)");
        assert_eq!(caption("Ankle boot", "100%", "Ankle boot", 36, false), "✓ Ankle boot 100% (Ankle boot)");
        assert_eq!(caption("Sandal", " 9%", "Sneaker", 36, true), "x Sandal  9% (Sneaker)");
    }

    #[test]
    fn a_caption_leaves_out_what_is_needed_least_before_it_cuts_a_name() {
        assert_eq!(caption("Ankle boot", "100%", "T-shirt/top", 28, false), "✗ Ankle boot (T-shirt/top)");
        assert_eq!(caption("Ankle boot", "100%", "Ankle boot", 28, false), "✓ Ankle boot 100%");
        assert_eq!(caption("Sandal", "83%", "Sneaker", 28, false), "✗ Sandal 83% (Sneaker)");
        let two = |predicted: &str, sure: &str, truth: &str| {
            let predicted = Some((predicted, sure.to_owned(), predicted == truth));
            let lines = Caption { truth: Some(truth), predicted }.lines(14, &Theme::new(Depth::None, false));
            lines.iter().map(ToString::to_string).collect::<Vec<String>>()
        };
        assert_eq!(two("Ankle boot", "83%", "T-shirt/top"), ["✗ Ankle boot", "(T-shirt/top)"]);
        assert_eq!(two("T-shirt/top", "83%", "T-shirt/top"), ["✓ T-shirt/top", "83%"]);
        assert_eq!(two("Bag", "83%", "Sneaker"), ["✗ Bag", "83% (Sneaker)"]);
        assert_eq!(two("Bag", "83%", "a coat of many colours"), ["✗ Bag", "83% (a coat …)"]);
    }

    #[test]
    fn a_caption_cuts_the_longer_name_and_never_the_percent() {
        let long = "a coat of many colours and a hood";
        assert_eq!(caption(long, "83%", "Bag", 24, false), "✗ a coat of m… 83% (Bag)");
        assert_eq!(caption("Bag", "83%", long, 24, false), "✗ Bag 83% (a coat of m…)");
        assert_eq!(caption(long, "100%", long, 28, false), "✓ a coat o… 100% (a coat o…)");
        assert_eq!(caption("長靴と短靴と靴", "83%", "靴", 20, false), "✗ 長靴と短… 83% (靴)");
        for cells in 0..40 {
            let text = caption(long, "83%", long, cells, false);
            assert!(width(&text) <= cells.max(10), "{text:?} in {cells} cells");
        }
    }
}
