//! Trains a network on a device, on a thread of its own: commands in, reports out. The one place where a device is
//! chosen. Knows nothing of screens.

mod trainer;

pub use trainer::EngineError;
