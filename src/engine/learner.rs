//! What every learner does, whatever its device and its network, and what it is asked in and answers with: plain data.
//! Computes nothing.

use super::error::EngineError;
use crate::fashion::CLASSES;

/// What the last layer says of one image, before the softmax.
pub(crate) type Logits = [f32; CLASSES];

/// A device's way of doing a network's arithmetic: steps, predictions, and its whole state out and in.
///
/// The network is Dense and `ReLU` for each hidden layer, then Dense with ten logits; the loss is the batch's mean softmax
/// cross entropy; the optimizer is Adam as Keras writes it.
pub(crate) trait Learner {
    /// Trains one step on the training images with these indices (1 or more). Does not wait for a device that
    /// computes on its own; the figures come with [`Learner::drain`].
    fn step(&mut self, batch: &[u32]) -> Result<(), EngineError>;

    /// The figures of the steps since the last call, oldest first. Waits for the device.
    fn drain(&mut self, outcomes: &mut Vec<StepOutcome>) -> Result<(), EngineError>;

    /// The ten logits of each of these images (`pixels`: n × 784 bytes, n at least 1), n entries.
    fn logits(&mut self, pixels: &[u8]) -> Result<Vec<Logits>, EngineError>;

    /// The weights and biases, first layer first.
    fn parameters(&self) -> Result<Vec<LayerValues>, EngineError> {
        Ok(self.state()?.parameters)
    }

    /// The weights, the moments and the count of steps.
    fn state(&self) -> Result<LearnerState, EngineError>;

    /// Takes over a state of the same layer sizes; training goes on from it bit for bit.
    fn restore(&mut self, state: &LearnerState) -> Result<(), EngineError>;
}

/// What one step did on its batch, before its update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StepOutcome {
    /// Mean softmax cross entropy over the batch, in nats.
    pub loss: f32,
    /// How many of the batch's images had the largest logit at their true class.
    pub correct: u32,
    /// How many images the batch had.
    pub images: u32,
}

/// A layer's values in the orientation that a checkpoint has (`PyTorch`'s): weight `[outputs, inputs]` row by row.
/// Holds parameters, or Adam's moments of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LayerValues {
    pub inputs: usize,
    pub outputs: usize,
    /// `outputs × inputs` values.
    pub weight: Vec<f32>,
    /// `outputs` values.
    pub bias: Vec<f32>,
}

impl LayerValues {
    /// A layer of zeros.
    pub fn zeros(inputs: usize, outputs: usize) -> Self {
        Self { inputs, outputs, weight: vec![0.0; inputs * outputs], bias: vec![0.0; outputs] }
    }
}

/// All that a learner must know to go on as if it had never been interrupted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LearnerState {
    /// Steps trained; Adam's `t`.
    pub step: u64,
    /// Weights and biases, first layer first.
    pub parameters: Vec<LayerValues>,
    /// Adam's first moments, laid out alike.
    pub first_moments: Vec<LayerValues>,
    /// Adam's second moments, laid out alike.
    pub second_moments: Vec<LayerValues>,
}
