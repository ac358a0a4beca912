//! Reads IDX files, gzipped or plain, and says what is wrong with one that it cannot read. Knows the format alone:
//! which files make a data set, and where they lie, is `source`'s business.
//!
//! An IDX file is big-endian: a magic number (0x00000803 for images, 0x00000801 for labels), the count, for images also
//! the rows and columns (28 each here), then one byte a pixel or label and nothing after them.

use std::{
    fmt,
    io::{self, BufRead, Cursor, Read},
    path::PathBuf,
};

use flate2::bufread::GzDecoder;

use crate::printable;

use super::{CLASSES, Class, PIXELS, SIDE, sniff};

/// What every gzip member begins with.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The first bytes of memory for an IDX file's content; from there it doubles as bytes arrive.
const FIRST_STEP: usize = 64 * 1024;

/// How many bytes past the promised ones are looked at, to say how many there are.
const EXCESS_LIMIT: u64 = 4096;

/// Why a data set cannot be read: which file, and what is wrong with it. Its text is one whole line.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", printable::path(file))]
pub struct DataError {
    /// The file, or the directory of the data set.
    pub file: PathBuf,
    /// What was found there, and what was expected.
    pub problem: Problem,
}

/// What is wrong with a file of a data set.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The data set's directory is none.
    #[error("{found}, expected a directory with the four IDX files of a data set")]
    NotADirectory {
        /// What is in its place.
        found: &'static str,
    },
    /// One of the four files is there neither gzipped nor plain.
    #[error("no such file, nor a plain {plain}; put one of the two there, or choose another data directory")]
    Missing {
        /// The plain file's name, which would do as well.
        plain: &'static str,
    },
    /// Something else has the file's name.
    #[error("found {found}, expected a file")]
    NotAFile {
        /// What it is.
        found: &'static str,
    },
    /// The system refused to read the file.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// The name ends with `.gz`, the content is something else.
    #[error("not gzip: begins with {}, expected 1F 8B{}", hex(&found[..found.len().min(4)]), gzip_hint(found))]
    NotGzip {
        /// The file's first bytes, a few hundred at the most.
        found: Vec<u8>,
    },
    /// The gzip data break off.
    #[error("truncated gzip: breaks off after {inflated} inflated bytes, expected {expected} and their checksum")]
    GzipTruncated {
        /// Bytes that could be inflated.
        inflated: u64,
        /// Bytes that the IDX format, or the header of this file, makes it hold.
        expected: u64,
    },
    /// The gzip data contradict themselves: a wrong checksum, say, or something else after the last member.
    #[error("damaged gzip: {reason}, expected data that `gzip -t` finds sound; copy or download the file again")]
    GzipDamaged {
        /// What the decoder found.
        reason: String,
    },
    /// The file ends before its header does.
    #[error("the header of IDX {kind} is cut off: found {found} bytes, expected {}", kind.header_bytes())]
    HeaderTruncated {
        /// What the file should hold.
        kind: Kind,
        /// Bytes of the header that are there.
        found: u64,
    },
    /// The file is of another kind, or no IDX file at all.
    #[error("bad IDX magic 0x{found:08X}, expected 0x{:08X} for {kind}{}", kind.magic(), magic_hint(start, *kind))]
    Magic {
        /// What the file should hold.
        kind: Kind,
        /// The number that it begins with.
        found: u32,
        /// Its first bytes, a few hundred at the most.
        start: Vec<u8>,
    },
    /// The images have another size.
    #[error("found images of {rows}×{columns} pixels, expected {SIDE}×{SIDE}")]
    Shape {
        /// Rows of an image.
        rows: u32,
        /// Columns of an image.
        columns: u32,
    },
    /// The header counts nothing.
    #[error("found 0 {kind}, expected at least 1")]
    Empty {
        /// What the file should hold.
        kind: Kind,
    },
    /// The file ends before the last image or label.
    #[error(
        "ends too early: found {found} bytes, expected {expected} for the {count} {kind} of its header, {} are missing",
        expected - found
    )]
    Truncated {
        /// What the file holds.
        kind: Kind,
        /// How many of them the header promises.
        count: u32,
        /// Bytes that are there, the header's included.
        found: u64,
        /// Bytes that the header promises, its own included.
        expected: u64,
    },
    /// The file goes on after the last image or label.
    #[error("found {} more than the header promises, expected {expected} for {count} {kind}", excess_bytes(*excess))]
    Excess {
        /// What the file holds.
        kind: Kind,
        /// How many of them the header promises.
        count: u32,
        /// Bytes that the header promises, its own included.
        expected: u64,
        /// Bytes after those; counted up to 4096.
        excess: u64,
    },
    /// There are more labels than images, or fewer.
    #[error("found {labels} labels, expected {images}: one for each image of {}", printable::path(images_file))]
    CountsDisagree {
        /// Labels in this file.
        labels: u32,
        /// Images in the other.
        images: u32,
        /// The images' file.
        images_file: PathBuf,
    },
    /// A label is no class.
    #[error("found label {found} at index {index} (counted from 0), expected 0 to {}", CLASSES - 1)]
    Label {
        /// Where, from 0.
        index: usize,
        /// The label.
        found: u8,
    },
    /// The class names are not text.
    #[error("found bytes that are not UTF-8 in line {line}, expected ten class names, one a line")]
    NamesNotText {
        /// Where, from 1.
        line: usize,
    },
    /// There are not ten class names.
    #[error("found {found} lines, expected {CLASSES}: one class name a line")]
    NamesCount {
        /// Lines in the file.
        found: usize,
    },
    /// A class has no name.
    #[error("found line {line} empty, expected a class name")]
    NameEmpty {
        /// Where, from 1.
        line: usize,
    },
    /// A class name would do something to the terminal.
    #[error(
        "found control character U+{:04X} in line {line}, expected a class name that can be shown",
        u32::from(*found)
    )]
    NameControl {
        /// Where, from 1.
        line: usize,
        /// The character.
        found: char,
    },
}

/// What an IDX file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 28×28 images, a byte a pixel.
    Images,
    /// Classes, a byte each.
    Labels,
}

impl Kind {
    /// The number that such a file begins with: two zero bytes, 8 for unsigned bytes, how many dimensions there are.
    const fn magic(self) -> u32 {
        match self {
            Self::Images => 0x0000_0803,
            Self::Labels => 0x0000_0801,
        }
    }

    /// The magic number and the size of each dimension, four bytes each.
    const fn header_bytes(self) -> u64 {
        match self {
            Self::Images => 16,
            Self::Labels => 8,
        }
    }

    const fn item_bytes(self) -> u64 {
        match self {
            Self::Images => PIXELS as u64,
            Self::Labels => 1,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Images => "images",
            Self::Labels => "labels",
        })
    }
}

/// An IDX file whose header is read and right, and whose content is still to come.
pub struct Idx<'a> {
    content: Box<dyn Read + Send + 'a>,
    kind: Kind,
    count: u32,
}

impl<'a> Idx<'a> {
    /// Reads the header. Content that begins as gzip does is inflated, whatever the file was called.
    ///
    /// # Errors
    /// When `input` fails, or does not begin as an IDX file of this kind with at least one 28×28 image or label.
    pub fn open(input: impl BufRead + Send + 'a, kind: Kind) -> Result<Self, Problem> {
        let mut content = inflated_if_gzip(input)?;
        let mut header = Header { content: &mut content, kind, found: 0 };

        let magic = header.number()?;
        if magic != kind.magic() {
            let mut start = magic.to_be_bytes().to_vec();
            // It is of another kind already; what cannot be read of it does not make it more so.
            let _ = content.take(sniff::ENOUGH as u64).read_to_end(&mut start);
            return Err(Problem::Magic { kind, found: magic, start });
        }
        let count = header.number()?;
        if kind == Kind::Images {
            let (rows, columns) = (header.number()?, header.number()?);
            if [rows, columns].map(u64::from) != [SIDE as u64; 2] {
                return Err(Problem::Shape { rows, columns });
            }
        }
        let idx = Self { content, kind, count };
        if count == 0 {
            // Where something follows nonetheless it is the header that is wrong.
            return Err(idx.into_bytes().err().unwrap_or(Problem::Empty { kind }));
        }
        Ok(idx)
    }

    /// How many images or labels the header promises; at least 1.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The content without the header: `count() × 784` bytes for images, `count()` for labels. Reads to the file's
    /// end to know that it is whole. Memory grows with the bytes that arrive, whatever the header promises, and a
    /// gzip file is inflated no further than a few kilobytes past that promise.
    ///
    /// # Errors
    /// When reading fails, the gzip data are damaged, or the file is shorter or longer than its header says.
    pub fn into_bytes(mut self) -> Result<Vec<u8>, Problem> {
        // Below 2³² × 784, so no u64 overflows here.
        let promised = u64::from(self.count) * self.kind.item_bytes();
        let expected = self.kind.header_bytes() + promised;

        let mut bytes = Vec::new();
        let outcome = read_promised(&mut self.content, promised, &mut bytes);
        let found = self.kind.header_bytes() + bytes.len() as u64;
        outcome.map_err(|error| problem(error, found, expected))?;
        if found < expected {
            return Err(Problem::Truncated { kind: self.kind, count: self.count, found, expected });
        }

        // Reading on to the end also compares gzip's checksum.
        let mut rest = Vec::new();
        (&mut self.content)
            .take(EXCESS_LIMIT)
            .read_to_end(&mut rest)
            .map_err(|error| problem(error, found, expected))?;
        if !rest.is_empty() {
            let excess = rest.len() as u64;
            return Err(Problem::Excess { kind: self.kind, count: self.count, expected, excess });
        }
        Ok(bytes)
    }
}

impl fmt::Debug for Idx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Idx({} {})", self.count, self.kind)
    }
}

/// Whether a file that begins so is an IDX file, plain, or anything gzipped, which no picture is.
#[must_use]
pub fn is_idx(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0, 0, 8]) || bytes.starts_with(&GZIP_MAGIC)
}

/// Reads a whole IDX file of images, gzipped or plain: n × 784 bytes, n at least 1.
///
/// # Errors
/// When `input` is not such a file, whole and sound.
pub fn read_images(input: impl BufRead + Send) -> Result<Vec<u8>, Problem> {
    Idx::open(input, Kind::Images)?.into_bytes()
}

/// Reads a whole IDX file of labels, gzipped or plain: at least one class.
///
/// # Errors
/// When `input` is not such a file, whole and sound, or a label is above 9.
pub fn read_labels(input: impl BufRead + Send) -> Result<Vec<Class>, Problem> {
    classes(&Idx::open(input, Kind::Labels)?.into_bytes()?)
}

/// The classes that these labels are.
///
/// # Errors
/// When one is above 9.
pub(super) fn classes(labels: &[u8]) -> Result<Vec<Class>, Problem> {
    labels.iter().enumerate().map(|(index, &found)| Class::new(found).ok_or(Problem::Label { index, found })).collect()
}

/// A header in the course of being read.
struct Header<'a, R> {
    content: &'a mut R,
    kind: Kind,
    found: u64,
}

impl<R: Read> Header<'_, R> {
    /// The next four bytes.
    fn number(&mut self) -> Result<u32, Problem> {
        let mut bytes = Vec::with_capacity(4);
        let outcome = self.content.take(4).read_to_end(&mut bytes);
        self.found += bytes.len() as u64;
        outcome.map_err(|error| problem(error, self.found, self.kind.header_bytes()))?;
        let bytes = bytes.try_into().map_err(|_| Problem::HeaderTruncated { kind: self.kind, found: self.found })?;
        Ok(u32::from_be_bytes(bytes))
    }
}

/// Appends `promised` bytes, or as many as there are. `bytes` keeps those that came before an error.
fn read_promised(content: &mut impl Read, promised: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let step = growth(bytes.len(), promised);
        if step == 0 {
            return Ok(());
        }
        bytes.try_reserve_exact(step)?;
        if content.take(step as u64).read_to_end(bytes)? < step {
            return Ok(());
        }
    }
}

/// How many more bytes to make room for when this many of the promised ones have come: as many again, so that memory
/// is never more than twice what the file really holds, and in the end exactly what it promised.
fn growth(arrived: usize, promised: u64) -> usize {
    let missing = promised.saturating_sub(arrived as u64);
    arrived.max(FIRST_STEP).min(usize::try_from(missing).unwrap_or(usize::MAX))
}

/// The content of a file that may be gzipped, which its first two bytes tell.
fn inflated_if_gzip<'a>(mut input: impl BufRead + Send + 'a) -> Result<Box<dyn Read + Send + 'a>, Problem> {
    let mut start = Vec::with_capacity(GZIP_MAGIC.len());
    (&mut input).take(GZIP_MAGIC.len() as u64).read_to_end(&mut start).map_err(Problem::Unreadable)?;
    let gzipped = start == GZIP_MAGIC;
    let whole = Cursor::new(start).chain(input);
    Ok(if gzipped { Box::new(Members { current: Some(GzDecoder::new(whole)) }) } else { Box::new(whole) })
}

/// All members of a gzip file, one after the other: `cat a.gz b.gz` is gzip too, and some compressors write it so.
/// flate2's own decoder for this would call anything after the last member an invalid header.
struct Members<R> {
    current: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.current {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.current = self.current.take().map(GzDecoder::into_inner).map(next_member).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The member that begins here, if the file does not end here. Zero bytes before it or at the end are padding, as what
/// writes to tapes or in blocks leaves behind; `gzip` and Python pass over them too.
fn next_member<R: BufRead>(mut input: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        let bytes = input.fill_buf()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            break;
        }
        input.consume(zeros);
    }
    match input.fill_buf()? {
        [] => Ok(None),
        [first, ..] if *first == GZIP_MAGIC[0] => Ok(Some(GzDecoder::new(input))),
        after => {
            let after = hex(&after[..after.len().min(4)]);
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("{after} follows the compressed data")))
        }
    }
}

/// What an error means that came after `inflated` of `expected` bytes: the decoder's own are the file's fault.
fn problem(error: io::Error, inflated: u64, expected: u64) -> Problem {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Problem::GzipTruncated { inflated, expected },
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if error.raw_os_error().is_none() => {
            Problem::GzipDamaged { reason: error.to_string() }
        }
        _ => Problem::Unreadable(error),
    }
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing (the file is empty)".to_owned();
    }
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

fn excess_bytes(excess: u64) -> String {
    match excess {
        1 => "1 byte".to_owned(),
        EXCESS_LIMIT.. => format!("at least {EXCESS_LIMIT} bytes"),
        _ => format!("{excess} bytes"),
    }
}

/// What a file that is not gzip may be instead.
fn gzip_hint(start: &[u8]) -> String {
    if start.starts_with(&[0, 0, 8]) {
        "; it seems to be a plain IDX file: take .gz off its name".to_owned()
    } else {
        hint(start)
    }
}

/// What a file with another magic number may be instead.
fn magic_hint(start: &[u8], expected: Kind) -> String {
    for other in [Kind::Images, Kind::Labels] {
        if other != expected && start.starts_with(&other.magic().to_be_bytes()) {
            return format!("; these are {other}: are the files of images and labels swapped?");
        }
    }
    if start.starts_with(&GZIP_MAGIC) {
        return "; it is gzip inside gzip: unpack it once".to_owned();
    }
    hint(start)
}

/// What the file is, where that can be told: failed downloads leave web pages and pointers behind, under the name of
/// the data.
fn hint(start: &[u8]) -> String {
    sniff::kind_of(start).map(|kind| format!("; it is {kind}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write};

    use flate2::{Compression, write::GzEncoder};
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn images(count: u32, pixels: &[u8]) -> Vec<u8> {
        let side = u32::try_from(SIDE).unwrap();
        [Kind::Images.magic(), count, side, side]
            .map(u32::to_be_bytes)
            .concat()
            .into_iter()
            .chain(pixels.to_vec())
            .collect()
    }

    fn labels(count: u32, labels: &[u8]) -> Vec<u8> {
        [&Kind::Labels.magic().to_be_bytes(), &count.to_be_bytes(), labels].concat()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn counted(items: &[u8]) -> u32 {
        u32::try_from(items.len()).unwrap()
    }

    fn numbers(classes: &[Class]) -> Vec<u8> {
        classes.iter().map(|class| u8::try_from(class.index()).unwrap()).collect()
    }

    /// Counts the bytes that are asked of it.
    struct Metered<'a, R> {
        input: R,
        bytes: &'a mut u64,
    }

    impl<R: Read> Read for Metered<'_, R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.input.read(buffer)?;
            *self.bytes += count as u64;
            Ok(count)
        }
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_reading_them_ends_without_panic(bytes in vec(any::<u8>(), 0..600)) {
            let _ = read_images(&bytes[..]);
            let _ = read_labels(&bytes[..]);
        }

        #[test]
        fn whatever_follows_a_gzip_header_reading_it_ends_without_panic(bytes in vec(any::<u8>(), 0..600)) {
            let _ = read_labels(&[&[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF], &bytes[..]].concat()[..]);
        }

        #[test]
        fn a_header_is_believed_only_as_far_as_bytes_follow(count in 1_u32.., bytes in vec(0..10_u8, 0..3000)) {
            let read = read_images(&images(count, &bytes)[..]);
            prop_assert_eq!(read.is_ok(), u64::from(count) * PIXELS as u64 == bytes.len() as u64);
            let read = read_labels(&labels(count, &bytes)[..]);
            prop_assert_eq!(read.is_ok(), u64::from(count) == bytes.len() as u64);
        }

        #[test]
        fn memory_at_most_doubles_what_has_arrived(arrived in 0..1_usize << 40, promised: u64) {
            let step = growth(arrived, promised);
            prop_assert!(step <= arrived.max(FIRST_STEP));
            prop_assert!(step == 0 || arrived as u64 + step as u64 <= promised);
            prop_assert_eq!(step == 0, arrived as u64 >= promised);
        }

        #[test]
        fn what_is_written_reads_back(count in 1..5_u32, ink in vec(any::<u8>(), 4 * PIXELS), chunk in 1..40_usize) {
            let pixels = &ink[..count as usize * PIXELS];
            let file = images(count, pixels);
            prop_assert_eq!(read_images(&file[..]).unwrap(), pixels);
            prop_assert_eq!(read_images(&gzip(&file)[..]).unwrap(), pixels);
            // However few bytes come at a time.
            prop_assert_eq!(read_images(BufReader::with_capacity(chunk, &file[..])).unwrap(), pixels);
            prop_assert_eq!(read_images(BufReader::with_capacity(chunk, &gzip(&file)[..])).unwrap(), pixels);
        }

        #[test]
        fn a_gzip_file_of_several_members_is_one_file(
            classes in vec(0..10_u8, 1..300), cuts in vec(0..300_usize, 0..4),
        ) {
            let file = labels(counted(&classes), &classes);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(file.len())).collect();
            cuts.extend([0, file.len()]);
            cuts.sort_unstable();
            let members: Vec<u8> = cuts.windows(2).flat_map(|cut| gzip(&file[cut[0]..cut[1]])).collect();
            prop_assert_eq!(numbers(&read_labels(&members[..]).unwrap()), classes);
        }

        #[test]
        fn no_flipped_bit_of_a_gzip_file_changes_what_is_read(
            classes in vec(0..10_u8, 1..200), place in any::<prop::sample::Index>(), bit in 0..8,
        ) {
            let mut file = gzip(&labels(counted(&classes), &classes));
            let place = place.index(file.len());
            file[place] ^= 1_u8 << bit;
            // Some bits of gzip's header say nothing of the data, its date for one.
            if let Ok(read) = read_labels(&file[..]) {
                prop_assert_eq!(numbers(&read), classes);
            }
        }
    }

    #[test]
    fn no_beginning_of_a_file_passes_for_the_whole() {
        let file = labels(300, &[3; 300]);
        for whole in [&file, &gzip(&file)] {
            for length in 0..whole.len() {
                let problem = read_labels(&whole[..length]).expect_err("a part of a file");
                assert!(!problem.to_string().is_empty());
            }
            assert!(read_labels(&whole[..]).is_ok());
        }
    }

    #[test]
    fn an_endless_file_is_read_no_further_than_its_header_says() {
        let mut bytes = 0;
        let start = labels(5, &[]);
        let endless = Metered { input: start.chain(io::repeat(0)), bytes: &mut bytes };
        let problem = read_labels(BufReader::new(endless)).expect_err("endless");
        assert!(matches!(problem, Problem::Excess { count: 5, expected: 13, excess: EXCESS_LIMIT, .. }), "{problem}");
        assert!(bytes < 32 * 1024, "{bytes} bytes were read");
    }

    #[test]
    fn a_gzip_bomb_is_inflated_no_further_than_its_header_says() {
        let bomb = gzip(&labels(5, &vec![0; 1 << 26]));
        let mut bytes = 0;
        let metered = Metered { input: &bomb[..], bytes: &mut bytes };
        let problem = read_labels(BufReader::new(metered)).expect_err("a bomb");
        assert_eq!(
            problem.to_string(),
            "found at least 4096 bytes more than the header promises, expected 13 for 5 labels"
        );
        assert!(bytes < bomb.len() as u64 / 2, "{bytes} of {} bytes were read", bomb.len());
    }

    #[test]
    fn the_largest_promise_overflows_nothing() {
        let problem = read_images(&images(u32::MAX, &[7; 100])[..]).expect_err("100 bytes are not 3 TB");
        assert_eq!(
            problem.to_string(),
            "ends too early: found 116 bytes, expected 3367254359296 for the 4294967295 images of its header, \
             3367254359180 are missing"
        );
    }

    #[test]
    fn a_failing_disk_is_not_mistaken_for_a_damaged_file() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::from_raw_os_error(5))
            }
        }
        let file = labels(300, &[3; 300]);
        for start in [&file[..4], &file[..100], &gzip(&file)[..15]] {
            let problem = read_labels(BufReader::new(start.chain(Failing))).expect_err("a failing disk");
            assert!(matches!(problem, Problem::Unreadable(_)), "{problem}");
        }
    }
}
