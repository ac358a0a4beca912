//! `labels.txt`: the ten classes' names, one per line. Knows its lines; where the file lies is for `sources` to say.

use super::CLASSES;
use crate::printable;

/// What is wrong with a list of class names.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamesProblem {
    /// The class names are not text.
    #[error("found bytes that are not UTF-8 in line {line}, expected ten class names, one per line")]
    NotText {
        /// Where, from 1.
        line: usize,
    },
    /// There are not ten class names.
    #[error("found {found} lines, expected {CLASSES}: one class name per line")]
    Count {
        /// Lines in the file.
        found: usize,
    },
    /// A class has no name.
    #[error("found line {line} empty, expected a class name")]
    Empty {
        /// Where, from 1.
        line: usize,
    },
    /// A class name would do something to the terminal.
    #[error(
        "found control character U+{:04X} in line {line}, expected a class name that can be shown",
        u32::from(*found)
    )]
    Control {
        /// Where, from 1.
        line: usize,
        /// The character.
        found: char,
    },
}

/// The names in the bytes of a `labels.txt`: ten lines, one name each, in the classes' order. Blanks around a name,
/// blank lines at the end and a byte order mark, which some editors write, are no part of it.
///
/// # Errors
/// When there are not ten, one is empty, or one cannot be shown.
pub fn parse_names(bytes: &[u8]) -> Result<[String; CLASSES], NamesProblem> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        NamesProblem::NotText { line: before.split(|byte| *byte == b'\n').count() }
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).trim_end();

    let found = text.lines().count();
    if found != CLASSES {
        return Err(NamesProblem::Count { found });
    }
    let mut names = [""; CLASSES];
    names.iter_mut().zip(text.lines()).for_each(|(name, line)| *name = line.trim());
    for (line, name) in (1..).zip(names) {
        if name.is_empty() {
            return Err(NamesProblem::Empty { line });
        }
        if let Some(found) = name.chars().find(|c| printable::is_control(*c)) {
            return Err(NamesProblem::Control { line, found });
        }
    }
    Ok(names.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_are_ten_names_without_the_blanks_around_them() {
        let names = parse_names(b"\xEF\xBB\xBFa\n b \nc\r\nd\ne\nf\ng\nh\ni\nj\n\n").expect("ten names");
        assert_eq!(names, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);
    }

    #[test]
    fn what_is_no_list_of_names_is_said_with_its_line() {
        for (bytes, problem) in [
            (&b"a\nb"[..], NamesProblem::Count { found: 2 }),
            (b"a\nb\n\xFF", NamesProblem::NotText { line: 3 }),
            (b"a\nb\n \nd\ne\nf\ng\nh\ni\nj", NamesProblem::Empty { line: 3 }),
            (b"a\nb\nc\x1B\nd\ne\nf\ng\nh\ni\nj", NamesProblem::Control { line: 3, found: '\u{1B}' }),
        ] {
            assert_eq!(parse_names(bytes), Err(problem));
        }
    }
}
