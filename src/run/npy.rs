//! NumPy's `.npy`, of which every test image's probabilities are written and read: 32-bit floats, little-endian, a row
//! of ten per image. Knows bytes; where they are kept is others' business.
//!
//! What is written is version 1.0, byte for byte as `numpy.save` has it. What is read may also be version 2.0 and have
//! other spaces. The form is described in the documentation of `numpy.lib.format`.

use crate::{
    fashion::CLASSES,
    json,
    protocol::{Predictions, Probabilities},
};

const MAGIC: &[u8] = b"\x93NUMPY";

/// Bytes of the header's text that is written. NumPy pads it so that the rows begin at a multiple of 64, and has room
/// in it for a longer number of images; the rows begin at 128 whatever their number.
const TEXT: u16 = 118;

/// The longest header that is read, as with NumPy.
const LONGEST_HEADER: usize = 10_000;

/// Bytes of an image's row.
const ROW: usize = CLASSES * size_of::<f32>();

/// Why bytes are not every test image's probabilities as `.npy`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NpyError {
    /// Another kind of file.
    #[error("it begins with \"{}\", expected \"{}\"", found.escape_ascii(), MAGIC.escape_ascii())]
    Magic {
        /// Its first bytes, six at the most.
        found: Vec<u8>,
    },
    /// Another version of the format.
    #[error("it has version {major}.{minor} of the format, expected 1.0 or 2.0")]
    Version {
        /// The number before the point.
        major: u8,
        /// The number after it.
        minor: u8,
    },
    /// It is cut short.
    #[error("it ends after {found} bytes, expected {expected}")]
    Truncated {
        /// Its bytes.
        found: u64,
        /// How many it must have, as far as what is there tells.
        expected: u64,
    },
    /// A header of a length that no array of probabilities needs.
    #[error("its header has {found} bytes, expected {LONGEST_HEADER} at the most")]
    LongHeader {
        /// The bytes that it says it has.
        found: u32,
    },
    /// A header that is none of an array of plain numbers.
    #[error(
        "its header is {found}, expected {{'descr': '<f4', 'fortran_order': False, 'shape': (images, {CLASSES}), }}"
    )]
    Header {
        /// The header, without its middle if it is long.
        found: String,
    },
    /// Other numbers.
    #[error("its numbers are '{found}', expected '<f4', little-endian 32-bit floats")]
    Numbers {
        /// NumPy's name of them.
        found: String,
    },
    /// Numbers in an order other than row by row.
    #[error("its fortran_order is {found}, expected False")]
    Order {
        /// What it is instead.
        found: String,
    },
    /// Numbers that are no rows of ten.
    #[error("its shape is ({found}), expected (images, {CLASSES})")]
    Shape {
        /// The shape.
        found: String,
    },
    /// It is too long.
    #[error("it has {found} bytes, expected {expected}")]
    Excess {
        /// Its bytes.
        found: u64,
        /// How many its header promises.
        expected: u64,
    },
}

/// The bytes of a file with these rows.
#[must_use]
pub fn to_bytes(rows: &[Probabilities]) -> Vec<u8> {
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {CLASSES}), }}", rows.len());
    let before = MAGIC.len() + 4 + usize::from(TEXT);
    let mut bytes = Vec::with_capacity(before + size_of_val(rows));
    bytes.extend(MAGIC);
    bytes.extend([1, 0]);
    bytes.extend(TEXT.to_le_bytes());
    bytes.extend(format!("{text:width$}\n", width = usize::from(TEXT) - 1).into_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|number| number.to_le_bytes()));
    bytes
}

/// The rows in a file's bytes. Takes no more memory than they have, whatever its header promises.
///
/// # Errors
/// When they are cut short, or anything but rows of ten 32-bit floats.
pub fn parse(bytes: &[u8]) -> Result<Predictions, NpyError> {
    let (text, content) = split(bytes)?;
    let images = images(text)?;
    let (before, found) = ((bytes.len() - content.len()) as u64, bytes.len() as u64);
    let expected = images.checked_mul(ROW as u64).and_then(|content| content.checked_add(before));
    let expected = expected.unwrap_or(u64::MAX);
    if found < expected {
        return Err(NpyError::Truncated { found, expected });
    }
    if found > expected {
        return Err(NpyError::Excess { found, expected });
    }
    let (rows, _) = content.as_chunks::<ROW>();
    Ok(rows.iter().map(probabilities).collect())
}

fn probabilities(row: &[u8; ROW]) -> Probabilities {
    let (numbers, _) = row.as_chunks();
    std::array::from_fn(|class| f32::from_le_bytes(numbers[class]))
}

/// The text of the header, and what follows it.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), NpyError> {
    let found = bytes.len() as u64;
    let start = &bytes[..MAGIC.len().min(bytes.len())];
    if !MAGIC.starts_with(start) {
        return Err(NpyError::Magic { found: start.to_vec() });
    }
    let truncated = |expected: usize| NpyError::Truncated { found, expected: expected as u64 };
    let after = &bytes[start.len()..];
    let (&[major, minor], after) = after.split_first_chunk().ok_or_else(|| truncated(MAGIC.len() + 2))?;
    let (length, after) = match (major, minor) {
        (1, 0) => {
            let (length, after) = after.split_first_chunk().ok_or_else(|| truncated(MAGIC.len() + 4))?;
            (u16::from_le_bytes(*length).into(), after)
        }
        (2, 0) => {
            let (length, after) = after.split_first_chunk().ok_or_else(|| truncated(MAGIC.len() + 6))?;
            (u32::from_le_bytes(*length), after)
        }
        _ => return Err(NpyError::Version { major, minor }),
    };
    let size = usize::try_from(length).ok().filter(|size| *size <= LONGEST_HEADER);
    let size = size.ok_or(NpyError::LongHeader { found: length })?;
    after.split_at_checked(size).ok_or_else(|| truncated(bytes.len() - after.len() + size))
}

/// How many images a header says there are.
fn images(text: &[u8]) -> Result<u64, NpyError> {
    let header = str::from_utf8(text).ok().and_then(HeaderText::of);
    let Some(HeaderText { numbers, order, shape }) = header else {
        return Err(NpyError::Header { found: shown(&String::from_utf8_lossy(text)) });
    };
    if numbers != "<f4" {
        return Err(NpyError::Numbers { found: shown(numbers) });
    }
    if order != "False" {
        return Err(NpyError::Order { found: shown(order) });
    }
    let images = shape.split_once(',').and_then(|(images, classes)| {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (images, classes) = (images.trim_matches(' '), classes.trim_matches(' '));
        let is_ours = is_number(images) && is_number(classes) && classes.parse() == Ok(CLASSES);
        if is_ours { images.parse().ok().filter(|images| *images > 0) } else { None }
    });
    images.ok_or_else(|| NpyError::Shape { found: shown(shape) })
}

fn shown(text: &str) -> String {
    json::shortened(text.trim_ascii()).into_owned()
}

/// What a header says, each in its own words.
struct HeaderText<'a> {
    numbers: &'a str,
    order: &'a str,
    shape: &'a str,
}

impl<'a> HeaderText<'a> {
    /// The parts of this text, which are in the order of their names, as NumPy writes them.
    fn of(text: &'a str) -> Option<Self> {
        let mut rest = Rest(text);
        rest.take_all(&["{", "'descr'", ":", "'"])?;
        let numbers = rest.until('\'')?;
        rest.take_all(&[",", "'fortran_order'", ":"])?;
        let order = rest.until(',')?;
        rest.take_all(&["'shape'", ":", "("])?;
        let shape = rest.until(')')?;
        // The comma after the last item is there or not.
        let _ = rest.take(",");
        rest.take("}")?;
        let is_padding = rest.0.strip_suffix('\n')?.bytes().all(|byte| byte == b' ');
        is_padding.then_some(Self { numbers, order: order.trim_matches(' '), shape })
    }
}

/// What of a text is still to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Takes this, and spaces before it.
    fn take(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.trim_start_matches(' ').strip_prefix(word)?;
        Some(())
    }

    fn take_all(&mut self, words: &[&str]) -> Option<()> {
        words.iter().try_for_each(|word| self.take(word))
    }

    /// Takes what is before this letter, and the letter.
    fn until(&mut self, end: char) -> Option<&'a str> {
        let (before, after) = self.0.split_once(end)?;
        self.0 = after;
        Some(before)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file of this version, with this text as its header and so many zeros behind it.
    fn file(version: u8, text: &str, zeros: usize) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        let length = if version == 1 { &length[..2] } else { &length };
        [MAGIC, &[version, 0], length, text.as_bytes(), &vec![0; zeros]].concat()
    }

    fn refusal(text: &str) -> NpyError {
        parse(&file(1, text, 2 * ROW)).unwrap_err()
    }

    #[test]
    fn the_bytes_are_those_of_numpy_save() {
        let rows = [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], [f32::NAN; CLASSES]];
        let bytes = to_bytes(&rows);
        // numpy.save of NumPy 2.5.
        let mut expected =
            b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 10), }".to_vec();
        expected.resize(127, b' ');
        expected.push(b'\n');
        assert_eq!(bytes[..128], expected);
        assert_eq!(bytes.len(), 128 + 2 * 40);
        assert_eq!(bytes[128..132], 0.1_f32.to_le_bytes());
        assert_eq!(bytes[164..168], 1_f32.to_le_bytes());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_to_the_last_bit(
            rows in prop::collection::vec(prop::array::uniform10(any::<u32>()), 1..40)
        ) {
            let rows: Vec<Probabilities> = rows.iter().map(|row| row.map(f32::from_bits)).collect();
            let bits = |rows: &[Probabilities]| rows.iter().map(|row| row.map(f32::to_bits)).collect::<Vec<_>>();
            let read = parse(&to_bytes(&rows)).unwrap();
            prop_assert_eq!(bits(&read), bits(&rows));
        }
    }

    #[test]
    fn every_cut_of_a_file_is_told_as_one() {
        for bytes in [
            to_bytes(&[[0.1; CLASSES]; 3]),
            file(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 10)}\n", 120),
        ] {
            parse(&bytes).unwrap();
            for end in 0..bytes.len() {
                let error = parse(&bytes[..end]).unwrap_err();
                let NpyError::Truncated { found, expected } = error else { panic!("{end}: {error}") };
                assert!(found == end as u64 && expected > found && expected <= bytes.len() as u64, "{end}: {expected}");
            }
        }
    }

    #[test]
    fn headers_that_numpy_writes_otherwise_are_read_too() {
        for text in [
            // Version 1.0 and 2.0 of old and new NumPys, whose padding differs.
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 10), }\n",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 10), }               \n",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 10)}\n",
            "{'descr':'<f4','fortran_order':False,'shape':(2,10)}\n",
        ] {
            for version in [1, 2] {
                assert_eq!(parse(&file(version, text, 2 * ROW)).unwrap().len(), 2, "{text}");
            }
        }
    }

    #[test]
    fn another_kind_of_array_is_refused_by_what_it_is() {
        let text = |numbers: &str, order: &str, shape: &str| {
            format!("{{'descr': {numbers}, 'fortran_order': {order}, 'shape': {shape}, }}\n")
        };
        for numbers in ["<f8", ">f4", "|u1", "<f4x"] {
            let error = refusal(&text(&format!("'{numbers}'"), "False", "(2, 10)"));
            assert_eq!(error, NpyError::Numbers { found: numbers.to_owned() });
        }
        let error = refusal(&text("'<f4'", "True", "(2, 10)"));
        assert_eq!(error.to_string(), "its fortran_order is True, expected False");
        for shape in
            ["", "20", "20,", "2, 10, 1", "10, 2", "-2, 10", "+2, 10", "0, 10", "2L, 10L", "99999999999999999999, 10"]
        {
            let error = refusal(&text("'<f4'", "False", &format!("({shape})")));
            assert_eq!(error, NpyError::Shape { found: shape.to_owned() });
        }
        let structured = text("[('a', '<f4')]", "False", "(2, 10)");
        for text in [
            "",
            "\n",
            "{}\n",
            "{'descr': '<f4'}\n",
            &structured,
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 10), } x\n",
        ] {
            assert_eq!(refusal(text), NpyError::Header { found: text.trim().to_owned() });
        }
    }

    #[test]
    fn what_is_no_npy_file_is_refused_by_its_beginning_and_its_version() {
        let error = parse(b"\x89PNG\r\n\x1a\n and so on").unwrap_err().to_string();
        assert_eq!(error, r#"it begins with "\x89PNG\r\n", expected "\x93NUMPY""#);
        let error = parse(&file(3, "{}", 0)).unwrap_err().to_string();
        assert_eq!(error, "it has version 3.0 of the format, expected 1.0 or 2.0");
    }

    #[test]
    fn a_promise_that_the_file_does_not_hold_costs_nothing() {
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 10), }}\n", u64::MAX);
        let error = parse(&file(1, &text, ROW)).unwrap_err();
        assert!(matches!(error, NpyError::Truncated { expected: u64::MAX, .. }), "{error}");
        let mut bytes = to_bytes(&[[0.1; CLASSES]]);
        bytes.push(0);
        assert_eq!(parse(&bytes).unwrap_err(), NpyError::Excess { found: 169, expected: 168 });
        let error = parse(&[MAGIC, &[2, 0], &u32::MAX.to_le_bytes()].concat()).unwrap_err();
        assert_eq!(error.to_string(), "its header has 4294967295 bytes, expected 10000 at the most");
    }
}
