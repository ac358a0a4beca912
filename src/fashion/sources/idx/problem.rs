//! What can be wrong with the IDX files of a data set, in words that say what was found and what was expected. Reads
//! none of them.

use std::{fmt, path::PathBuf};

use crate::{
    fashion::{CLASSES, PIXELS, SIDE, gzip, sniff},
    printable,
};

/// How many bytes past the promised ones are looked at, to say how many there are.
pub(super) const EXCESS_LIMIT: u64 = 4096;

/// What is wrong with a file that should be IDX, or with the directory of such files.
#[derive(Debug, thiserror::Error)]
pub enum IdxProblem {
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
    /// The name ends with `.gz`, the content is something else.
    #[error("not gzip: begins with {}, expected 1F 8B{}", sniff::hex(&found[..found.len().min(4)]), gzip_hint(found))]
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
    #[error("damaged gzip: {reason}, expected data that `gzip -t` accepts; copy or download the file again")]
    GzipDamaged {
        /// What the decoder found.
        reason: String,
    },
    /// The file ends before its header does.
    #[error("the header of IDX {kind} is cut off: found {found} bytes, expected {}", kind.header_bytes())]
    HeaderTruncated {
        /// What the file should hold.
        kind: IdxKind,
        /// Bytes of the header that are there.
        found: u64,
    },
    /// The file is of another kind, or no IDX file at all.
    #[error("bad IDX magic 0x{found:08X}, expected 0x{:08X} for {kind}{}", kind.magic(), magic_hint(start, *kind))]
    Magic {
        /// What the file should hold.
        kind: IdxKind,
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
        kind: IdxKind,
    },
    /// The file ends before the last image or label.
    #[error(
        "ends too early: found {found} bytes, expected {expected} for the {count} {kind} of its header, {} are missing",
        expected - found
    )]
    Truncated {
        /// What the file holds.
        kind: IdxKind,
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
        kind: IdxKind,
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
}

/// What an IDX file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdxKind {
    /// 28×28 images, a byte a pixel.
    Images,
    /// Classes, a byte each.
    Labels,
}

impl IdxKind {
    /// The number that such a file begins with: two zero bytes, 8 for unsigned bytes, how many dimensions there are.
    pub(super) const fn magic(self) -> u32 {
        match self {
            Self::Images => 0x0000_0803,
            Self::Labels => 0x0000_0801,
        }
    }

    /// The magic number and the size of each dimension, four bytes each.
    pub(super) const fn header_bytes(self) -> u64 {
        match self {
            Self::Images => 16,
            Self::Labels => 8,
        }
    }

    pub(super) const fn item_bytes(self) -> u64 {
        match self {
            Self::Images => PIXELS as u64,
            Self::Labels => 1,
        }
    }
}

impl fmt::Display for IdxKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Images => "images",
            Self::Labels => "labels",
        })
    }
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
        "; it seems to be a plain IDX file: remove .gz from its name".to_owned()
    } else {
        hint(start)
    }
}

/// What a file with another magic number may be instead.
fn magic_hint(start: &[u8], expected: IdxKind) -> String {
    for other in [IdxKind::Images, IdxKind::Labels] {
        if other != expected && start.starts_with(&other.magic().to_be_bytes()) {
            return format!("; these are {other}: are the files of images and labels swapped?");
        }
    }
    if start.starts_with(&gzip::MAGIC) {
        return "; it is gzip inside gzip: unpack it once".to_owned();
    }
    hint(start)
}

/// What the file is, where that can be told: failed downloads leave web pages and pointers behind, under the name of
/// the data.
fn hint(start: &[u8]) -> String {
    sniff::kind_of(start).map(|kind| format!("; it is {kind}")).unwrap_or_default()
}
