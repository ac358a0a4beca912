//! A path in JSON, to the last byte: text, or an array of its bytes where it is none. For `#[serde(with)]`.

use std::{
    ffi::OsString,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Deserialize, Serialize)]
#[serde(untagged, expecting = "expected a path: text, or a list of its bytes")]
enum WrittenPath {
    Text(String),
    Bytes(Vec<u8>),
}

/// Writes it.
///
/// # Errors
/// When the serializer fails.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    let written = match path.to_str() {
        Some(text) => WrittenPath::Text(text.to_owned()),
        None => WrittenPath::Bytes(path.as_os_str().as_bytes().to_vec()),
    };
    written.serialize(serializer)
}

/// Reads it.
///
/// # Errors
/// When it is neither text nor bytes.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(match WrittenPath::deserialize(deserializer)? {
        WrittenPath::Text(text) => text.into(),
        WrittenPath::Bytes(bytes) => OsString::from_vec(bytes).into(),
    })
}
