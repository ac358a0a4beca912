//! `metrics.jsonl` and `batches.jsonl`; the first byte says which.

use std::path::Path;

use fitroom::{
    json,
    run::{RunError, batches, metrics},
};

use super::{check_shown, within};

/// Bytes for each of the file: of a span's line, whatever may be a figure is kept as a value until that is known.
const FOR_A_BYTE: usize = 64;
const BASE: usize = 4 * 1024;

/// Reads it.
pub fn take(input: &[u8]) {
    let Some((first, file)) = input.split_first() else { return };
    let path = Path::new("x.jsonl");
    let bound = FOR_A_BYTE * file.len() + BASE;
    if first % 2 == 0 {
        match within(bound, || metrics::parse(file, path)) {
            Ok(records) => {
                let text: String = records.iter().map(|record| metrics::line(record) + "\n").collect();
                let again = metrics::parse(text.as_bytes(), path).expect("it was written by the program");
                let lines: String = again.iter().map(|record| metrics::line(record) + "\n").collect();
                assert_eq!(lines, text);
            }
            Err(error) => check(&error),
        }
    } else {
        for line in within(bound, || batches::parse(file)) {
            let text = serde_json::to_vec(&line).expect("numbers and a time under fixed names are JSON");
            assert_eq!(batches::parse(&text), [line]);
        }
    }
}

/// Holds the error to naming a line.
fn check(error: &RunError) {
    let RunError::Line { line, cause, .. } = error else { panic!("{error}") };
    assert!(*line > 0);
    check_shown(&json::plain(cause));
    check_shown(error);
}
