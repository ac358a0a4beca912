//! Trains a network on a device, on a thread of its own: commands in, reports out. The one place where a device is
//! chosen. Knows nothing of screens.

mod adam;
#[cfg(test)]
mod images;
mod network;
mod plain;
#[cfg(test)]
mod reference;
mod trainer;

pub use trainer::EngineError;
