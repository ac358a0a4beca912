//! Why a checkpoint cannot be used, in words that say what to do about it. Reads none.

use safetensors::SafeTensorError;

use crate::json;

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It is cut short, or no safetensors file at all.
    #[error("it is not a complete safetensors file ({}): put back a copy of it, or train again", json::plain(_0))]
    NoSafetensors(SafeTensorError),
    /// It is a safetensors file of another program.
    #[error("it is a safetensors file, but not one of fitroom's: {0}")]
    Foreign(String),
    /// It is laid out as another version of fitroom does it.
    #[error("it has layout {found}, and this fitroom reads layout {expected}: use the fitroom that wrote it")]
    Version {
        /// The layout that it has.
        found: u32,
        /// The layout that this program reads.
        expected: u32,
    },
    /// A tensor is missing or of another kind than the network's.
    #[error("its tensor {name} {found}, expected {expected}")]
    Tensor {
        /// Which.
        name: String,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// A tensor has a value that no training leaves behind.
    #[error("its tensor {name} has {found} at {place:?}, expected {expected}: put back a copy of it, or train again")]
    Value {
        /// Which.
        name: String,
        /// The first such value.
        found: f32,
        /// Where it is, from 0, one index per dimension.
        place: Vec<usize>,
        /// What it should be.
        expected: &'static str,
    },
    /// What it says of itself cannot be.
    #[error("its header says {what} {found}, expected {expected}: put back a copy of it, or train again")]
    Header {
        /// Of what.
        what: &'static str,
        /// What it says.
        found: String,
        /// What could be.
        expected: String,
    },
    /// It belongs to a run with other settings.
    #[error("it was trained with {what} {theirs}, and the run with {ours}")]
    Settings {
        /// Which setting.
        what: &'static str,
        /// The checkpoint's.
        theirs: String,
        /// The run's.
        ours: String,
    },
    /// It has learned from other images.
    #[error("it was trained on another data set than the run's")]
    Dataset,
}

// Without `#[from]`, which would also make it the error's source: that is shown after the error, and so twice.
impl From<SafeTensorError> for CheckpointError {
    fn from(error: SafeTensorError) -> Self {
        Self::NoSafetensors(error)
    }
}
