//! What a network's parameters are called and how large they are, before they have values. Plain data.

use crate::engine::learner::NamedTensor;

/// A parameter without its values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outline {
    /// As `PyTorch` would name it in a checkpoint: `layers.0.weight`.
    pub name: String,
    /// As Keras names it, which is what TensorBoard shows: `dense/kernel`.
    pub variable: String,
    /// As `PyTorch` lays it out: outputs first.
    pub shape: Vec<usize>,
}

impl Outline {
    /// How many values it has; `None`: more than can be counted.
    pub fn len(&self) -> Option<usize> {
        self.shape.iter().try_fold(1, |product: usize, size| product.checked_mul(*size))
    }

    /// The parameter with all values 0.
    pub fn zeros(self) -> NamedTensor {
        let values = vec![0.0; self.shape.iter().product()];
        NamedTensor { name: self.name, shape: self.shape, values }
    }
}
