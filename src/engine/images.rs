//! Real images for this room's tests. Not compiled into the program.

use std::sync::{Arc, LazyLock};

use crate::fashion::{Dataset, FASHION_NAMES, Source};

static FASHION: LazyLock<Dataset> = LazyLock::new(|| Source::Embedded.load().expect("the embedded images are whole"));

/// So many of Fashion-MNIST's first training and test images.
pub(super) fn fashion(train: usize, test: usize) -> Arc<Dataset> {
    Arc::new(Dataset::new(FASHION.train.head(train), FASHION.test.head(test), FASHION_NAMES))
}
