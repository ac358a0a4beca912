//! Arithmetic on predictions: running means. Knows nothing of where they come from.
