//! What every learner does, whatever its device and its network, and the plain data that goes in and out of it.
//! Computes nothing.

use super::error::EngineError;
use crate::fashion::CLASSES;

/// What the last layer says of one image, before the softmax.
pub(super) type Logits = [f32; CLASSES];

/// A device's way of doing a network's arithmetic: steps, predictions, and its whole state out and in.
///
/// The loss is the batch's mean softmax cross entropy; the optimizer is Adam as Keras writes it.
pub(super) trait Learner {
    /// Trains one step on the training images with these indices (1 or more). The `next` ones are likely to follow, and
    /// may be made ready. Does not wait for a device that computes on its own; the figures come with
    /// [`Learner::drain`].
    fn step(&mut self, batch: &[u32], next: &[u32]) -> Result<(), EngineError>;

    /// The figures of the steps since the last call, oldest first. Waits for the device.
    fn drain(&mut self, outcomes: &mut Vec<StepOutcome>) -> Result<(), EngineError>;

    /// The ten logits of each of these images (`pixels`: n × 784 bytes, n at least 1), n entries.
    fn logits(&mut self, pixels: &[u8]) -> Result<Vec<Logits>, EngineError>;

    /// The ten logits of each test image, in their order. A learner may have those images at hand.
    fn test_logits(&mut self) -> Result<Vec<Logits>, EngineError>;

    /// The parameters.
    fn parameters(&self) -> Result<Vec<NamedTensor>, EngineError>;

    /// The parameters, their moments and the count of steps.
    fn state(&self) -> Result<LearnerState, EngineError>;

    /// Takes over a state of the same network; training goes on from it bit for bit.
    fn restore(&mut self, state: &LearnerState) -> Result<(), EngineError>;
}

/// What one step did on its batch, before its update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StepOutcome {
    /// Mean softmax cross entropy over the batch, in nats.
    pub loss: f32,
    /// How many of the batch's images had the largest logit at their true class.
    pub correct: u32,
    /// How many images the batch had.
    pub images: u32,
}

/// A parameter, or what an optimizer keeps for each of its values, as a checkpoint has it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// The parameter's name: `layers.0.weight`.
    pub name: String,
    /// Sizes, the outputs first, as `PyTorch` has them.
    pub shape: Vec<usize>,
    /// As many values as the shape has places, the last index running fastest.
    pub values: Vec<f32>,
}

/// All that a learner must know to go on as if it had never been interrupted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LearnerState {
    /// Steps trained; Adam's `t`.
    pub step: u64,
    /// The parameters, in the order of their network.
    pub parameters: Vec<NamedTensor>,
    /// Adam's first moments of each, in the same order, under the same names.
    pub first_moments: Vec<NamedTensor>,
    /// Adam's second moments of each, likewise.
    pub second_moments: Vec<NamedTensor>,
}
