//! `TFRecord`, the file format under TensorBoard's events: records with their lengths and checksums. Knows nothing of
//! what the records hold.
//!
//! A record is its length (8 bytes), the masked CRC-32C of those (4), its data, and the masked CRC-32C of the data (4);
//! numbers are little-endian. <https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>

/// Bytes of a record before its data.
const HEADER: usize = 12;
/// Bytes of a record after its data.
const FOOTER: usize = 4;

/// Appends a record with this data.
pub fn append(records: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    records.extend(length);
    records.extend(masked_crc(&length).to_le_bytes());
    records.extend(data);
    records.extend(masked_crc(data).to_le_bytes());
}

/// Takes the first record off and gives its data. `None` at the end, and where a record is torn or does not match its
/// checksums: there, every reader stops.
pub fn take<'a>(records: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (header, rest) = records.split_at_checked(HEADER)?;
    let (length, length_crc) = header.split_at(8);
    check(length, length_crc)?;
    let length = u64::from_le_bytes(length.try_into().expect("split after 8 bytes"));
    let (data, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let (data_crc, rest) = rest.split_at_checked(FOOTER)?;
    check(data, data_crc)?;
    *records = rest;
    Some(data)
}

fn check(data: &[u8], crc: &[u8]) -> Option<()> {
    (masked_crc(data).to_le_bytes() == crc).then_some(())
}

/// A checksum as the format stores it: rotated and shifted, since checksums of data that has checksums in it are weak.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), as RFC 3720 defines it.
fn crc32c(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc: u32, &byte| TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8))
}

/// The checksum register after each value of a byte.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte: u32 = 0;
    while byte < 256 {
        let mut crc = byte;
        let mut bit = 0;
        while bit < 8 {
            // 0x82f63b78 is the polynomial 0x1edc6f41 with its bits in reverse.
            crc = (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_rfc_3720() {
        let ascending: Vec<u8> = (0..32).collect();
        let descending: Vec<u8> = (0..32).rev().collect();
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&ascending), 0x46dd_794e);
        assert_eq!(crc32c(&descending), 0x113f_db5c);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn records_come_back_in_order() {
        let mut records = Vec::new();
        for data in [&b"one"[..], b"", b"three"] {
            append(&mut records, data);
        }
        let mut rest = &records[..];
        assert_eq!(take(&mut rest), Some(&b"one"[..]));
        assert_eq!(take(&mut rest), Some(&b""[..]));
        assert_eq!(take(&mut rest), Some(&b"three"[..]));
        assert_eq!(take(&mut rest), None);
        assert!(rest.is_empty());
    }

    #[test]
    fn a_record_cut_at_any_byte_is_none() {
        let mut record = Vec::new();
        append(&mut record, b"data");
        for length in 0..record.len() {
            let mut rest = &record[..length];
            assert_eq!(take(&mut rest), None, "cut after {length} bytes");
            assert_eq!(rest.len(), length);
        }
    }

    #[test]
    fn a_record_with_any_bit_flipped_is_none() {
        let mut record = Vec::new();
        append(&mut record, b"data");
        for bit in 0..record.len() * 8 {
            let mut flipped = record.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(take(&mut &flipped[..]), None, "bit {bit}");
        }
    }
}
