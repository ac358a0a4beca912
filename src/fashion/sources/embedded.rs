//! Fashion-MNIST as it is compiled into the program.

use std::path::PathBuf;

use super::{
    DataError,
    idx::{IdxFile, SetFile, load_set},
};
use crate::fashion::{Dataset, FASHION_NAMES};

/// What this data set is called.
pub(super) const NAME: &str = "Fashion-MNIST";

/// Reads it.
///
/// # Errors
/// When the program was built with other files than those of `data/`.
pub(super) fn load() -> Result<Dataset, DataError> {
    let open = |file: SetFile| {
        let name = PathBuf::from(format!("{}.gz (in the program)", file.name()));
        IdxFile::open(name, file.kind(), bytes(file))
    };
    load_set(open, || Ok(FASHION_NAMES.map(str::to_owned)))
}

/// A file's content, gzipped.
fn bytes(file: SetFile) -> &'static [u8] {
    match file {
        SetFile::TrainImages => include_bytes!("../../../data/train-images-idx3-ubyte.gz"),
        SetFile::TrainLabels => include_bytes!("../../../data/train-labels-idx1-ubyte.gz"),
        SetFile::TestImages => include_bytes!("../../../data/t10k-images-idx3-ubyte.gz"),
        SetFile::TestLabels => include_bytes!("../../../data/t10k-labels-idx1-ubyte.gz"),
    }
}
