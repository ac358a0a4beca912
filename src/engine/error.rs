//! What can go wrong in the engine, in words that say what to do about it. Handles none of it.

use std::io;

/// What can go wrong in an engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The device asked for is not to be had.
    #[error("{0}")]
    Device(String),
    /// A setting that nothing can be trained with.
    #[error("{0}")]
    Setting(String),
    /// The device has too little memory.
    #[error("the device has too little free memory: choose smaller --hidden or --batch-size, or another --device")]
    Memory,
    /// dfdx or the device under it failed.
    #[error("the device failed: {0}")]
    Arithmetic(String),
    /// The loss is no longer a number, or too large to ever come back.
    #[error(
        "the {what} became {} at step {step} (epoch {epoch}): try a learning rate lower than {}, for example {}",
        amount(*value),
        plain(*learning_rate),
        plain(lower(*learning_rate))
    )]
    Diverged {
        /// `loss`, or `loss on the test images`.
        what: &'static str,
        /// What it became.
        value: f64,
        /// Steps trained in the whole run, this one counted.
        step: u64,
        /// The epoch, from 1.
        epoch: u32,
        /// The learning rate that led here.
        learning_rate: f64,
    },
    /// The system gives no thread.
    #[error("cannot start the trainer thread: {0}")]
    Thread(io::Error),
    /// A bug: the trainer thread panicked.
    #[error("the trainer thread panicked: {0}")]
    Panicked(String),
}

// Without `#[from]`, which would also make it the error's source: that is shown after the error, and so twice.
impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        Self::Thread(error)
    }
}

impl EngineError {
    /// A device's error, in words.
    #[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
    pub(super) fn arithmetic(error: impl ToString) -> Self {
        let words = error.to_string();
        // As CUDA's driver, cuBLAS and dfdx's CPU call it.
        let is_memory =
            ["OUT_OF_MEMORY", "CUBLAS_STATUS_ALLOC_FAILED", "OutOfMemory"].iter().any(|it| words.contains(it));
        if is_memory { Self::Memory } else { Self::Arithmetic(words) }
    }
}

/// A loss that is no loss, in words.
fn amount(loss: f64) -> String {
    match loss {
        _ if loss.is_nan() => "NaN".to_owned(),
        _ if loss.is_infinite() => "infinite".to_owned(),
        _ => format!("{loss:.1e}"),
    }
}

/// A learning rate that is worth a try where this one failed: a tenth of it, or the usual 0.001 where that is lower.
fn lower(learning_rate: f64) -> f64 {
    (learning_rate / 10.0).min(1e-3)
}

/// A learning rate as a person would write it: at most three digits that count, no rows of zeros.
fn plain(number: f64) -> String {
    let short = format!("{number:.2e}").parse().unwrap_or(number);
    if (1e-5..1e9).contains(&short) { format!("{short}") } else { format!("{short:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_room_says_what_to_do() {
        let error = EngineError::arithmetic("Driver(DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\"))");
        assert!(error.to_string().contains("choose smaller --hidden"), "{error}");
        assert!(EngineError::arithmetic("CUDA_ERROR_ILLEGAL_ADDRESS").to_string().starts_with("the device failed"));
    }

    #[test]
    fn the_advice_is_a_tenth_or_the_usual_rate_in_few_digits() {
        let advice = |rate| plain(lower(rate));
        assert_eq!(
            (advice(1e6), advice(0.01), advice(0.007), advice(0.001)),
            four(["0.001", "0.001", "0.0007", "0.0001"])
        );
        assert_eq!((plain(1e6), plain(0.1), plain(2.0 / 3.0), plain(1e-9)), four(["1000000", "0.1", "0.667", "1e-9"]));
    }

    #[test]
    fn the_sample_of_a_training_that_diverged_is_what_it_says() {
        let error = EngineError::Diverged { what: "loss", value: f64::NAN, step: 4984, epoch: 3, learning_rate: 0.003 };
        assert_eq!(error.to_string(), crate::protocol::samples::DIVERGED);
    }

    fn four(words: [&str; 4]) -> (String, String, String, String) {
        let [a, b, c, d] = words.map(str::to_owned);
        (a, b, c, d)
    }
}
