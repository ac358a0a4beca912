//! Reads IDX files, gzipped or plain.

/// Why a data set cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {}
