//! Predictions as `.npy`. The first byte says whether the rest is the file; or the header of one, behind which there
//! are so many zeros.

use fitroom::run::npy::{self, NpyError};

use super::{check_shown, within};

/// Bytes beside one for each of the file: what an error quotes of a header, which is at most 10,000 bytes long. As text
/// it may have three for each.
const BASE: usize = 64 * 1024;

/// Reads it.
pub fn take(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let file = match first % 3 {
        0 => rest.to_vec(),
        version => {
            let [high, low, header @ ..] = rest else { return };
            of_header(version, header, usize::from(u16::from_be_bytes([*high, *low])))
        }
    };
    match within(file.len() + BASE, || npy::parse(&file)) {
        Ok(rows) => {
            assert!(!rows.is_empty());
            let written = npy::to_bytes(&rows);
            let again = npy::parse(&written).expect("it was written by the program");
            assert!(npy::to_bytes(&again) == written && file.ends_with(&written[written.len() - 40 * rows.len()..]));
        }
        Err(NpyError::Truncated { found, expected }) => assert!(found == file.len() as u64 && found < expected),
        Err(error) => check_shown(&error),
    }
}

fn of_header(version: u8, header: &[u8], zeros: usize) -> Vec<u8> {
    let length = u32::try_from(header.len()).expect("inputs are small").to_le_bytes();
    let length = if version == 1 { &length[..2] } else { &length };
    [&b"\x93NUMPY"[..], &[version, 0], length, header, &vec![0; zeros]].concat()
}
