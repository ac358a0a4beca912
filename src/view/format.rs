//! Numbers and names as text of a known width. Draws nothing.

use ratatui::{style::Style, text::Span};

use crate::app::archive::Moment;
pub use crate::printable::{pace, thousands};

/// Bytes in the unit that leaves one to three digits before the point: `93 MB`, `1.4 GB`.
pub fn bytes(bytes: u64) -> String {
    match bytes / 1_000_000 {
        megabytes @ ..1000 => format!("{megabytes} MB"),
        megabytes => format!("{}.{} GB", megabytes / 1000, megabytes % 1000 / 100),
    }
}

/// A count to three digits, so that a measured rate is not more restless than it is exact: `151,000`.
pub fn rounded(count: f64) -> String {
    let mut unit: u32 = 1;
    while count / f64::from(unit) >= 1000.0 && unit < 1_000_000_000 {
        unit *= 10;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and a rate is not negative"
    )]
    let digits = (count / f64::from(unit)).round() as u64;
    thousands(digits.saturating_mul(u64::from(unit)))
}

/// Seconds as a person says them: `5s`, `1m 05s`, `2h 03m`, `3d 04h`.
pub fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {:02}s", seconds % 60),
        3600..86_400 => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{days}d {:02}h", hours % 24),
    }
}

/// Seconds of one epoch in at most four characters: `0.24`, `3.2`, `187`, `2e5`.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{seconds:.2}"),
        ..100.0 => format!("{seconds:.1}"),
        ..9999.5 => format!("{seconds:.0}"),
        _ => format!("{:.0e}", seconds.clamp(0.0, 9e99)),
    }
}

/// A loss, right-aligned, in as many digits after the point as fit in the cells, at most as many as leave one before
/// it.
pub fn loss(loss: f64, cells: usize) -> String {
    (0..cells.saturating_sub(1))
        .rev()
        .map(|decimals| format!("{loss:cells$.decimals$}"))
        .find(|text| text.len() <= cells)
        .unwrap_or_else(|| format!("{loss:cells$.0e}"))
}

/// An accuracy, 0 to 1, as percent with one digit after the point.
pub fn accuracy(accuracy: f64) -> String {
    percent_with(accuracy, 1)
}

/// A part, 0 to 1, as percent with so many digits after the point.
pub fn percent_with(part: f64, decimals: usize) -> String {
    format!("{:.decimals$}%", part * 100.0)
}

/// The same in so many cells: without the digit after the point where it does not fit, as of 100%.
pub fn accuracy_in(value: f64, cells: usize) -> String {
    let text = accuracy(value);
    if text.len() <= cells { text } else { percent_with(value, 0) }
}

/// A probability, 0 to 1, as the tutorial writes it: Python's `"{:2.0f}%".format(100 * p)`.
pub fn percent(probability: f32) -> String {
    format!("{:2.0}%", 100.0 * probability)
}

/// Which moment of the run this is: `epoch 3`.
pub fn moment(moment: &Moment) -> String {
    match (moment.step, moment.is_whole) {
        (0, _) => "untrained".to_owned(),
        (_, true) => format!("epoch {}", moment.epoch),
        (step, false) => format!("step {}", thousands(step)),
    }
}

/// How many cells a text covers.
#[must_use]
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The text, or as much of it as `cells` leave beside an ellipsis.
pub fn fit(text: &str, cells: usize, ellipsis: &str) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let Some(room) = cells.checked_sub(width(ellipsis)) else { return String::new() };
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        used += width(grapheme.symbol);
        if used > room {
            break;
        }
        cut.push_str(grapheme.symbol);
    }
    cut + ellipsis
}

/// The text on lines of at most `cells`, broken between words, or within a word that is longer than a line.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    if cells == 0 {
        return Vec::new();
    }
    text.lines().flat_map(|line| wrap_line(line, cells)).collect()
}

fn wrap_line(text: &str, cells: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > cells {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for grapheme in Span::raw(word).styled_graphemes(Style::new()) {
            if width(&line) + width(grapheme.symbol) > cells && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(grapheme.symbol);
        }
    }
    lines.push(line);
    lines
}

/// The first items that fit in `cells` with this between them.
pub fn joined<'a>(items: impl IntoIterator<Item = &'a str>, between: &str, cells: usize) -> String {
    let mut text = String::new();
    for item in items {
        let longer = if text.is_empty() { item.to_owned() } else { format!("{text}{between}{item}") };
        if width(&longer) > cells {
            break;
        }
        text = longer;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_keeps_three_digits() {
        let texts = [0.0, 31.6, 999.4, 1234.0, 151_499.0, 2_345_678.0].map(rounded);
        assert_eq!(texts, ["0", "32", "999", "1,230", "151,000", "2,350,000"]);
        assert_eq!(rounded(f64::NAN), "0");
        assert!(rounded(f64::INFINITY).len() > 9);
    }

    #[test]
    fn a_duration_is_told_in_its_two_largest_units() {
        let texts = [0, 59, 60, 65, 3599, 3600, 7380, 86_400, 273_600].map(duration);
        assert_eq!(texts, ["0s", "59s", "1m 00s", "1m 05s", "59m 59s", "1h 00m", "2h 03m", "1d 00h", "3d 04h"]);
    }

    #[test]
    fn a_loss_is_as_wide_as_it_may_be_and_rounded() {
        let texts = [0.34211, 2.3125, 9.99999, 12.3456, 123.456, 1234.56, 1.5e9].map(|number| loss(number, 6));
        assert_eq!(texts, ["0.3421", "2.3125", "10.000", "12.346", "123.46", "1234.6", "   2e9"]);
        assert_eq!(loss(0.2766, 5), "0.277");
        assert_eq!(loss(f64::NAN, 6), "   NaN");
        assert_eq!(loss(f64::INFINITY, 6), "   inf");
    }

    #[test]
    fn percents_are_rounded_as_python_rounds_them() {
        // As `"{:2.0f}%".format(100 * np.float32(p))` prints them; 1.5 and 2.5 go to the even neighbour.
        let texts = [0.0, 0.005, 0.015, 0.025, 0.125, 0.625, 0.8349, 0.994, 0.996, 1.0].map(percent);
        assert_eq!(texts, [" 0%", " 0%", " 2%", " 2%", "12%", "62%", "83%", "99%", "100%", "100%"]);
    }

    #[test]
    fn a_name_is_cut_by_the_cells_it_covers() {
        assert_eq!(fit("Ankle boot", 10, "…"), "Ankle boot");
        assert_eq!(fit("Ankle boot", 9, "…"), "Ankle bo…");
        assert_eq!(fit("長靴と短靴", 7, "…"), "長靴と…");
        assert_eq!(fit("長靴と短靴", 6, "…"), "長靴…");
        assert_eq!(fit("Bag", 1, "…"), "…");
        assert_eq!(fit("Bag", 0, "…"), "");
    }

    #[test]
    fn words_move_to_the_next_line_whole_and_long_ones_are_broken() {
        assert_eq!(wrap("the loss is not finite", 9), ["the loss", "is not", "finite"]);
        assert_eq!(wrap("a/very/long/path is", 8), ["a/very/l", "ong/path", "is"]);
        assert_eq!(wrap("one\n\ntwo", 5), ["one", "", "two"]);
        assert!(wrap("word", 0).is_empty());
        assert_eq!(wrap("長靴", 1), ["長", "靴"]);
    }

    #[test]
    fn items_that_do_not_fit_are_left_out_whole() {
        let items = ["784-128-10", "101,770 parameters", "Adam 0.001"];
        assert_eq!(joined(items, " · ", 31), "784-128-10 · 101,770 parameters");
        assert_eq!(joined(items, " · ", 9), "");
    }
}
