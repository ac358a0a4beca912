//! What a file is that should have been another one, told from its first bytes. Reads none of them further.

/// How many of a file's first bytes it takes to tell.
pub const ENOUGH: usize = 512;

/// Kinds of files that begin with these bytes, at this place, in words that follow "it is".
const MARKS: &[(usize, &[u8], &str)] = &[
    (0, b"\x1F\x8B", "gzip: unpack it"),
    (0, b"PK\x03\x04", "a Zip archive (as .npz files are): unpack it, and write its arrays as IDX"),
    (0, b"PK\x05\x06", "an empty Zip archive"),
    (0, b"\xFD7zXZ\0", "xz: unpack it"),
    (0, b"\x28\xB5\x2F\xFD", "zstd: unpack it"),
    (0, b"\x04\x22\x4D\x18", "LZ4: unpack it"),
    (0, b"BZh", "bzip2: unpack it"),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7z archive: unpack it"),
    (0, b"Rar!\x1A\x07", "a RAR archive: unpack it"),
    (257, b"ustar", "a tar archive: unpack it"),
    (0, b"\x1F\x9D", "the output of compress: unpack it"),
    (0, b"\x93NUMPY", "a NumPy array (.npy): write its bytes as IDX"),
    (0, b"\x89HDF\r\n\x1A\n", "an HDF5 file: write its arrays as IDX"),
    (0, b"PAR1", "a Parquet file: write its images as IDX"),
    (0, b"\x00\x00\x08\x01", "an IDX file of labels"),
    (0, b"\x00\x00\x08\x03", "an IDX file of images"),
    (0, b"\x01\x08\x00\x00", "an IDX file of labels with its bytes in reverse order: write its header big-endian"),
    (0, b"\x03\x08\x00\x00", "an IDX file of images with its bytes in reverse order: write its header big-endian"),
    (0, b"\x89PNG\r\n\x1A\n", "a PNG picture"),
    (0, b"\xFF\xD8\xFF", "a JPEG picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"GIF8", "a GIF picture: save it as PNG"),
    (0, b"BM", "a BMP picture: save it as PNG"),
    (0, b"II*\0", "a TIFF picture: save it as PNG"),
    (0, b"MM\0*", "a TIFF picture: save it as PNG"),
    (4, b"ftypavi", "an AVIF picture: save it as PNG"),
    (4, b"ftyphei", "a HEIC picture: save it as PNG"),
    (4, b"ftypmif1", "a HEIF picture: save it as PNG"),
    (0, b"\x00\x00\x01\x00", "an icon: save it as PNG"),
    (0, b"qoif", "a QOI picture: save it as PNG"),
    (0, b"\x76\x2F\x31\x01", "an OpenEXR picture: save it as PNG"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x7FELF", "a program"),
];

/// Text that begins so, whatever its case, in words that follow "it is".
const TEXTS: &[(&str, &str)] = &[
    ("version https://git-lfs", "a Git LFS pointer, the data are elsewhere: get them with `git lfs pull`"),
    ("<!doctype html", "a web page, perhaps of an error: download the data again"),
    ("<html", "a web page, perhaps of an error: download the data again"),
    ("<svg", "an SVG picture: save it as PNG"),
    ("<?xml", "an XML document, perhaps of an error"),
];

/// These bytes as two hexadecimal digits each; of none, that there is nothing.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing (the file is empty)".to_owned();
    }
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

/// What a file that begins so is, as far as can be told, in words that follow "it is"; never more than a line.
#[must_use]
pub fn kind_of(start: &[u8]) -> Option<String> {
    let is_marked = |(at, mark, _): &&(usize, &[u8], &str)| start.get(*at..).is_some_and(|rest| rest.starts_with(mark));
    if let Some((_, _, words)) = MARKS.iter().find(is_marked) {
        return Some((*words).to_owned());
    }
    if let [0, 0, values @ (0x08 | 0x09 | 0x0B..=0x0E), dimensions, ..] = start {
        let values = match values {
            0x08 => "unsigned bytes",
            0x09 => "signed bytes",
            0x0B => "16-bit integers",
            0x0C => "32-bit integers",
            0x0D => "32-bit floats",
            _ => "64-bit floats",
        };
        return Some(format!("an IDX file of {values} in {dimensions} dimensions"));
    }
    text(start)
}

/// What text is, or how it begins.
fn text(start: &[u8]) -> Option<String> {
    const SHOWN: usize = 24;
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    // The last character may be cut in two.
    let text = match str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => str::from_utf8(&start[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    if text.is_empty() || text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace()) {
        return None;
    }
    let lower = text.trim_start().to_lowercase();
    if let Some((_, words)) = TEXTS.iter().find(|(begins, _)| lower.starts_with(begins)) {
        return Some((*words).to_owned());
    }
    let line = text.lines().next().unwrap_or_default();
    let shown: String = line.chars().take(SHOWN).collect();
    Some(format!("text that begins with {shown:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_data_is_told_by_its_name() {
        let tar = [vec![0; 257], b"ustar".to_vec()].concat();
        for (start, words) in [
            (&b"\x1F\x8B\x08"[..], "gzip"),
            (b"PK\x03\x04rest", "a Zip archive"),
            (&tar, "a tar archive"),
            (b"\x93NUMPY\x01", "a NumPy array"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP picture"),
            (b"\0\0\0\x20ftypavif", "an AVIF picture"),
            (b"\0\0\x0D\x03", "an IDX file of 32-bit floats in 3 dimensions"),
            (b"\x03\x08\0\0", "an IDX file of images with its bytes in reverse order"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
            (b"\n <!DOCTYPE HTML>\n", "a web page"),
            (b"\xEF\xBB\xBF<html>", "a web page"),
            (b"label,pixel1,pixel2\n9,0,0", "text that begins with \"label,pixel1,pixel2\""),
        ] {
            let found = kind_of(start).expect(words);
            assert!(found.starts_with(words), "{found}");
            assert_eq!(found.lines().count(), 1);
        }
        for start in [&b""[..], &[0; 100], b"\x80\x81\x82", b"ab\x1b[2J"] {
            assert_eq!(kind_of(start), None);
        }
    }
}
