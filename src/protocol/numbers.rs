//! How numbers go through JSON, which has no word for what is no number: a single one as `null`, many as the base64 of
//! their bytes, little-endian, which is also read and written much faster than digits.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::fashion::CLASSES;

/// Reads a number; `null` is one that is no number.
///
/// # Errors
/// When it is neither.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Numbers of 32 bits that go through JSON as one string.
pub trait Packed: Sized {
    /// The numbers, row by row.
    fn numbers(&self) -> &[f32];

    /// What these numbers make; `None` where they are too few or too many.
    fn of(numbers: Vec<f32>) -> Option<Self>;
}

impl Packed for Vec<f32> {
    fn numbers(&self) -> &[f32] {
        self
    }

    fn of(numbers: Vec<f32>) -> Option<Self> {
        Some(numbers)
    }
}

/// The probabilities of one image.
impl Packed for [f32; CLASSES] {
    fn numbers(&self) -> &[f32] {
        self
    }

    fn of(numbers: Vec<f32>) -> Option<Self> {
        numbers.try_into().ok()
    }
}

/// Those of all test images.
impl Packed for Arc<[[f32; CLASSES]]> {
    fn numbers(&self) -> &[f32] {
        self.as_flattened()
    }

    fn of(numbers: Vec<f32>) -> Option<Self> {
        let (rows, rest) = numbers.as_chunks();
        rest.is_empty().then(|| Arc::from(rows))
    }
}

/// Writes them as a string of base64.
///
/// # Errors
/// When the serializer fails.
pub fn serialize<S: Serializer>(packed: &impl Packed, serializer: S) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = packed.numbers().iter().flat_map(|number| number.to_le_bytes()).collect();
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

/// Reads them from a string of base64.
///
/// # Errors
/// When it is none, or has other numbers than are expected.
pub fn deserialize<'de, D: Deserializer<'de>, T: Packed>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
    let (numbers, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        return Err(D::Error::custom(format_args!("{} bytes are no numbers of 4 bytes each", bytes.len())));
    }
    let count = numbers.len();
    T::of(numbers.iter().copied().map(f32::from_le_bytes).collect())
        .ok_or_else(|| D::Error::custom(format_args!("{count} numbers do not make what is expected")))
}
