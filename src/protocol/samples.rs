//! What the unit tests report: the tutorial's run, and figures in the shape that a run's have. A test names those of
//! them that it is about, `EpochRecord { loss: f64::NAN, ..samples::record(1) }`, and takes the others as they are.

use std::sync::{Arc, LazyLock};

use super::{Batch, BatchRecord, EpochRecord, OtherRun, Started};
use crate::{
    fashion::{Dataset, Source},
    settings::Settings,
};

/// Why a training at a learning rate of 0.003 ends whose loss becomes NaN at step 4984, in the words of the engine,
/// which holds them to be its own by a test.
pub(crate) const DIVERGED: &str =
    "the loss became NaN at step 4984 (epoch 3): try a learning rate lower than 0.003, for example 0.0003";

/// Steps of an epoch: 60,000 images in batches of 32.
pub(crate) const EPOCH: u64 = 1875;

/// The data set that the sample run learns from: all of the real one, read once.
pub(crate) fn dataset() -> Arc<Dataset> {
    static DATASET: LazyLock<Arc<Dataset>> =
        LazyLock::new(|| Arc::new(Source::Embedded.load().expect("the compiled-in data can be read")));
    Arc::clone(&DATASET)
}

/// The tutorial's run on a CPU, new and not kept.
pub(crate) fn started() -> Started {
    Started {
        settings: Settings::default(),
        device: "CPU, 2 threads".to_owned(),
        gpu: None,
        parameters: 101_770,
        tiles: 128,
        train_images: 60_000,
        test_images: 10_000,
        run: None,
        past: Vec::new(),
        past_steps: 0,
    }
}

/// A report for this step alone, counted from 1 over the whole run.
pub(crate) fn batch(step: u64) -> Batch {
    let epoch = u32::try_from((step - 1) / EPOCH + 1).expect("few epochs");
    Batch {
        epoch,
        step_in_epoch: (step - 1) % EPOCH + 1,
        step,
        spans: vec![BatchRecord { epoch, step, steps: 1, loss: 1.0, accuracy: 0.5 }],
        epoch_loss: 1.0,
        epoch_accuracy: 0.5,
        seconds: 0.1,
        images_per_second: 60_000.0,
    }
}

/// The figures of this epoch, counted from 1; they are the same for each.
pub(crate) fn record(epoch: u32) -> EpochRecord {
    EpochRecord {
        epoch,
        step: u64::from(epoch) * EPOCH,
        loss: 0.5,
        accuracy: 0.82,
        val_loss: 0.45,
        val_accuracy: 0.85,
        learning_rate: 1e-3,
        seconds: 1.0,
        eval_seconds: 0.1,
        images_per_second: 60_000.0,
    }
}

/// Another run of the tutorial's settings, after so many epochs.
pub(crate) fn other_run(name: &str, epochs: u32) -> OtherRun {
    OtherRun { name: name.to_owned(), settings: Settings::default(), epochs: (1..=epochs).map(record).collect() }
}
