//! Checkpoints. The first byte says whether the rest is the file; or the header of a safetensors file, behind which
//! there are zeros; or fitroom's own header, in a file with all the tensors of a network of 784-1-10.

use std::fmt::Write;

use fitroom::{engine::Checkpoint, settings::Settings};

use super::{check_shown, within};

/// Bytes for each of the file: a shape of `0,` is eight bytes a number, and both headers are read twice.
const FOR_A_BYTE: usize = 48;
const BASE: usize = 64 * 1024;
/// The tensors' names of a network of two layers, and their shapes.
const TENSORS: [(&str, &[usize]); 4] =
    [("layers.0.weight", &[1, 784]), ("layers.0.bias", &[1]), ("layers.1.weight", &[10, 1]), ("layers.1.bias", &[10])];
const KINDS: [&str; 3] = ["", "adam.first_moment.", "adam.second_moment."];

/// Reads it.
pub fn take(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let file = match first % 3 {
        0 => rest.to_vec(),
        1 => {
            let [high, low, header @ ..] = rest else { return };
            of_header(header, usize::from(u16::from_be_bytes([*high, *low])))
        }
        _ => of_fitroom(&String::from_utf8_lossy(rest)),
    };
    match within(FOR_A_BYTE * file.len() + BASE, || Checkpoint::from_bytes(&file)) {
        Ok(checkpoint) => check(&checkpoint),
        Err(error) => check_shown(&error),
    }
}

/// Asks a checkpoint all that it is asked, and writes it.
fn check(checkpoint: &Checkpoint) {
    assert!(checkpoint.epochs_done() <= checkpoint.epoch() && checkpoint.epoch() > 0);
    assert!(checkpoint.step() > 0 || checkpoint.is_between_epochs());
    assert_eq!(checkpoint.parameters().len(), 2 * (checkpoint.hidden().len() + 1));
    let predictions = checkpoint.predict(&[128; 784]).expect("there is memory for one image");
    assert_eq!(predictions.len(), 1);
    if let Err(error) = checkpoint.check(&Settings::default(), "ab") {
        check_shown(&error);
    }
    let written = checkpoint.to_bytes("ab").expect("it was read");
    let again = Checkpoint::from_bytes(&written).expect("it was written by the program");
    assert_eq!(again.step(), checkpoint.step());
    assert!(again.parameters() == checkpoint.parameters());
}

fn of_header(header: &[u8], zeros: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, &vec![0; zeros]].concat()
}

fn of_fitroom(header: &str) -> Vec<u8> {
    let mut text = format!("{{\"__metadata__\":{{\"fitroom\":{}}}", serde_json::Value::from(header));
    let mut end = 0;
    for kind in KINDS {
        for (name, shape) in TENSORS {
            let start = end;
            end += 4 * shape.iter().product::<usize>();
            write!(
                text,
                ",\"{kind}{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}}"
            )
            .expect("a string takes all");
        }
    }
    text.push('}');
    of_header(text.as_bytes(), end)
}
