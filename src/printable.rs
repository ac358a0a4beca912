//! Makes text from outside (file names, arguments, errors of other programs) safe to show on a terminal, and numbers
//! narrow enough for columns. Knows neither terminals nor where the text comes from.
//!
//! Characters that a terminal would obey instead of showing are written as Rust writes them: `\x1b`, `\u{202e}`.
//! Escaping escaped text again changes nothing, so it does no harm at the outermost point, which all text passes.

use std::{borrow::Cow, error::Error, ffi::OsStr, fmt};

/// Whether a terminal obeys this character instead of showing it: a control character (C0, DEL, C1), or one of
/// Unicode's that end a line or change the direction of what follows.
#[must_use]
pub fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// This text on one line, with its control characters escaped.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.contains(is_control) { Cow::Owned(Printable(text).to_string()) } else { Cow::Borrowed(text) }
}

/// The word as a shell reads it; `None` if it may have been escaped, and so may not be the real one.
#[must_use]
pub fn shell_word(word: &str) -> Option<String> {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:+,=@%".contains(letter);
    if word.contains('\\') {
        return None;
    }
    if !word.is_empty() && word.chars().all(is_plain) {
        return Some(word.to_owned());
    }
    Some(format!("'{}'", word.replace('\'', r"'\''")))
}

/// A file's name or path, escaped as by [`escape`]; bytes that are not UTF-8 are escaped too.
#[must_use]
pub fn path(path: &(impl AsRef<OsStr> + ?Sized)) -> String {
    let mut text = String::new();
    for chunk in path.as_ref().as_encoded_bytes().utf8_chunks() {
        text += &escape(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// An error and its causes on one line, escaped. A cause that the words before it already contain is not repeated.
#[must_use]
pub fn error(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !words.contains(&next) {
            words = format!("{words}: {next}");
        }
        cause = error.source();
    }
    escape(&words).into_owned()
}

/// A figure with four decimals, or with an exponent if it would be too wide for a column: `0.4996`, `1.0000e30`.
#[must_use]
pub fn figure(value: f64) -> String {
    if value.is_finite() && value.abs() >= 1e5 { format!("{value:.4e}") } else { format!("{value:.4}") }
}

/// A number with all its digits, in the shorter of the two notations: `0.001`, `1e30`.
#[must_use]
pub fn number(value: f64) -> String {
    let (plain, scientific) = (value.to_string(), format!("{value:e}"));
    if plain.len() <= scientific.len().max(8) { plain } else { scientific }
}

/// A count with its thousands set apart: `101,770`.
#[must_use]
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.char_indices() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A pace in steps per second: `16 steps/s`.
#[must_use]
pub fn pace(steps_per_second: f64) -> String {
    let number = format!("{steps_per_second:.2}");
    let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), thousands);
    match (whole.as_str(), part.trim_end_matches('0')) {
        ("1", "") => "1 step/s".to_owned(),
        (whole, "") => format!("{whole} steps/s"),
        (whole, part) => format!("{whole}.{part} steps/s"),
    }
}

/// Displays what it holds, with control characters escaped.
#[derive(Clone, Copy, Debug)]
pub struct Printable<T>(pub T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::write(&mut Escaping(f), format_args!("{}", self.0))
    }
}

/// Escapes what is written to it.
struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut shown = 0;
        for (at, c) in text.char_indices().filter(|(_, c)| is_control(*c)) {
            self.0.write_str(&text[shown..at])?;
            shown = at + c.len_utf8();
            match u32::from(c) {
                code @ ..0x80 => write!(self.0, "\\x{code:02x}")?,
                code => write!(self.0, "\\u{{{code:x}}}")?,
            }
        }
        self.0.write_str(&text[shown..])
    }
}

#[cfg(test)]
mod tests {
    use std::{io, os::unix::ffi::OsStrExt};

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(escape("a\x1b[31mb\n\x7f"), "a\\x1b[31mb\\x0a\\x7f");
        assert_eq!(escape("\u{9b}2J\u{202e}\u{2066}\u{2028}\u{200f}"), "\\u{9b}2J\\u{202e}\\u{2066}\\u{2028}\\u{200f}");
        assert_eq!(Printable(format_args!("{}\r{}", 1, 2)).to_string(), "1\\x0d2");
    }

    #[test]
    fn what_is_harmless_and_what_is_escaped_already_stay_as_they_are() {
        for text in ["", "Größe 128", "👩‍👧 \\ ▸", "\\x1b"] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn bytes_of_a_name_that_are_no_text_are_escaped_one_by_one() {
        assert_eq!(path(OsStr::from_bytes(b"gr\xf6\xdfe\x1b")), "gr\\xf6\\xdfe\\x1b");
        assert_eq!(path("runs/größe"), "runs/größe");
    }

    #[test]
    fn figures_and_numbers_fit_a_column() {
        assert_eq!([0.499_63, 0.0, 99_999.0, 1e30].map(figure), ["0.4996", "0.0000", "99999.0000", "1.0000e30"]);
        assert_eq!([f64::NAN, f64::INFINITY, -1e9].map(figure), ["NaN", "inf", "-1.0000e9"]);
        assert_eq!([0.001, 0.0007, 1e30, 1e-30, 3.0].map(number), ["0.001", "0.0007", "1e30", "1e-30", "3"]);
    }

    #[test]
    fn thousands_are_set_apart() {
        let texts = [0, 7, 999, 1000, 101_770, 1_234_567].map(thousands);
        assert_eq!(texts, ["0", "7", "999", "1,000", "101,770", "1,234,567"]);
    }

    #[test]
    fn a_pace_is_told_without_needless_zeros() {
        let texts = [0.5, 1.0, 16.0, 0.333_333, 1024.0].map(pace);
        assert_eq!(texts, ["0.5 steps/s", "1 step/s", "16 steps/s", "0.33 steps/s", "1,024 steps/s"]);
    }

    #[test]
    fn a_cause_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read x\x07{}", if *.twice { ": not found" } else { "" })]
        struct Refused {
            twice: bool,
            source: io::Error,
        }
        for twice in [false, true] {
            let outer = Refused { twice, source: io::Error::other("not found") };
            assert_eq!(error(&outer), "cannot read x\\x07: not found");
        }
    }
}
