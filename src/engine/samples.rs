//! Real images and small networks for this room's tests. Not compiled into the program.

use std::{num::NonZeroUsize, sync::Arc};

use super::{learner::LearnerState, model};
use crate::{
    fashion::{Dataset, FASHION_NAMES},
    protocol::samples::dataset,
    settings::Settings,
};

/// So many of Fashion-MNIST's first training and test images.
pub(super) fn fashion(train: usize, test: usize) -> Arc<Dataset> {
    let all = dataset();
    Arc::new(Dataset::new(all.train.head(train), all.test.head(test), FASHION_NAMES))
}

/// Settings of a dense network with these hidden layers, for batches of this size and so many threads.
pub(super) fn dense(hidden: &[usize], batch_size: usize, threads: usize) -> Settings {
    let threads = NonZeroUsize::new(threads);
    Settings { hidden: hidden.to_vec(), batch_size, threads, ..Settings::default() }
}

/// A dense network with these hidden layers before its first step.
pub(super) fn untrained(hidden: &[usize], seed: u64) -> LearnerState {
    model::untrained(&Settings { seed, ..dense(hidden, 32, 1) })
}
