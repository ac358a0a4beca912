//! The learner that is nothing but dfdx: its tensors, its tape, its Adam, on any of its devices. Trains on GPUs, and is
//! what the one for processors is held to.

use std::sync::Arc;

use dfdx::{
    prelude::{
        Axis, Backward, ChooseFrom, Device, GatherTo, Gradients, MaxTo, MeanTo, NoneTape, Rank0, SelectTo, SplitTape,
        SumTo, Tape, Tensor, Trace, TryGe, TryStack,
    },
    tensor::PutTape,
};

use super::{
    adam::Adam,
    error::EngineError,
    learner::{Learner, LearnerState, Logits, NamedTensor, StepOutcome},
    model::{Network, Rows},
};
use crate::{
    fashion::{Dataset, PIXELS},
    settings::Settings,
};

/// A single figure that may still be on its way to be computed.
type Scalar<D, T = NoneTape> = Tensor<Rank0, f32, D, T>;

/// Images that one pass of [`logits`] takes, which bounds its memory.
const CHUNK: usize = 1_000;

/// A network, its optimizer, and the images that it learns from: on the device, once and for all, so that a step sends
/// it no more than its images' indices and classes.
pub(super) struct PlainLearner<D: Device<f32>> {
    device: D,
    dataset: Arc<Dataset>,
    /// The training images' ink, `[images, 784]`.
    train: Rows<D>,
    /// The test images' ink, in chunks.
    test: Vec<Rows<D>>,
    settings: Settings,
    network: Network<D>,
    adam: Adam<D>,
    /// Figures that may still be on their way, so that a step never waits for a device that computes on its own.
    pending: Vec<PendingStep<D>>,
}

/// A step's loss and its count of right answers, where they were computed.
struct PendingStep<D: Device<f32>> {
    loss: Scalar<D>,
    correct: Scalar<D>,
    images: u32,
}

impl<D: Device<f32>> PlainLearner<D> {
    /// A learner that goes on from `state`, on this device.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn new(
        device: D,
        dataset: Arc<Dataset>,
        settings: Settings,
        state: &LearnerState,
    ) -> Result<Self, EngineError> {
        let network = Network::new(settings.model, &device, &state.parameters)?;
        let adam = Adam::new(settings.learning_rate, &network, state)?;
        let images = |pixels: &[u8]| rows(&device, pixels).map_err(EngineError::arithmetic);
        let train = images(dataset.train.pixels())?;
        let test = dataset.test.pixels().chunks(CHUNK * PIXELS).map(images).collect::<Result<_, _>>()?;
        Ok(Self { device, dataset, train, test, settings, network, adam, pending: Vec::new() })
    }

    /// One step; what can fail in it fails with the device's own error.
    fn try_step(&mut self, batch: &[u32]) -> Result<(), D::Err> {
        let indices: Vec<usize> = batch.iter().map(|index| *index as usize).collect();
        let labels = indices.iter().map(|index| self.dataset.train.class(*index).index()).collect();
        let indices = self.device.try_tensor_from_vec(indices, (batch.len(),))?;
        let labels = self.device.try_tensor_from_vec(labels, (batch.len(),))?;
        let images: Rows<D> = self.train.clone().try_gather(indices)?;

        let logits = self.network.forward(images.traced(Gradients::leaky()))?;
        let (loss, correct) = loss_and_correct(logits, labels)?;
        let figure = loss.retaped();
        let mut gradients = loss.try_backward()?;
        self.adam.update(&mut self.network, &mut gradients)?;
        let images = u32::try_from(batch.len()).expect("indices are u32, and a batch holds each at most once");
        self.pending.push(PendingStep { loss: figure, correct, images });
        Ok(())
    }

    /// The figures of the steps since the last call, fetched in one go: the host waits for the device once.
    fn fetch(&mut self) -> Result<Vec<StepOutcome>, D::Err> {
        if self.pending.is_empty() {
            return Ok(Vec::new());
        }
        let images: Vec<u32> = self.pending.iter().map(|pending| pending.images).collect();
        let figures: Vec<Scalar<D>> =
            self.pending.drain(..).flat_map(|pending| [pending.loss, pending.correct]).collect();
        let figures = figures.try_stack()?.as_vec();
        let (figures, _) = figures.as_chunks();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, exact in a float")]
        let outcome =
            |(images, [loss, correct]): (u32, &[f32; 2])| StepOutcome { loss: *loss, correct: *correct as u32, images };
        Ok(images.into_iter().zip(figures).map(outcome).collect())
    }
}

/// A loss with its tape, and a count of right answers.
type LossAndCorrect<D, T> = (Scalar<D, T>, Scalar<D>);

/// Mean softmax cross entropy over the rows, in nats, and how many rows have their largest logit at their label.
fn loss_and_correct<D, T>(
    logits: Rows<D, T>,
    labels: Tensor<(usize,), usize, D>,
) -> Result<LossAndCorrect<D, T>, D::Err>
where
    D: Device<f32>,
    T: Tape<f32, D>,
{
    let (logits, tape) = logits.split_tape();
    let largest = logits.clone().try_max::<(usize,), Axis<1>>()?;
    let own = logits.clone().try_select(labels.clone())?;
    let (ones, zeros) = (own.device().try_ones_like(&own)?, own.device().try_zeros_like(&own)?);
    let correct = own.try_ge(&largest)?.try_choose(ones, zeros)?.try_sum()?;
    let log_probabilities = logits.put_tape(tape).try_log_softmax::<Axis<1>>()?;
    let loss = log_probabilities.try_select::<(usize,), _>(labels)?.try_mean()?.try_negate()?;
    Ok((loss, correct))
}

/// What a network on this device says of these images (`pixels`: n × 784 bytes). Takes no data set, as a learner does.
///
/// # Errors
/// When the device has no room.
pub(super) fn logits<D: Device<f32>>(
    network: &Network<D>,
    device: &D,
    pixels: &[u8],
) -> Result<Vec<Logits>, EngineError> {
    let chunks = pixels.chunks(CHUNK * PIXELS).map(|chunk| rows(device, chunk));
    try_logits(network, chunks).map_err(EngineError::arithmetic)
}

/// The logits of these images, a chunk of them after the other.
fn try_logits<D: Device<f32>>(
    network: &Network<D>,
    mut chunks: impl Iterator<Item = Result<Rows<D>, D::Err>>,
) -> Result<Vec<Logits>, D::Err> {
    let mut logits = Vec::new();
    chunks.try_for_each(|images| {
        logits.extend_from_slice(network.forward(images?)?.as_vec().as_chunks().0);
        Ok(())
    })?;
    Ok(logits)
}

/// Images on a device, `[images, 784]`.
pub(super) fn rows<D: Device<f32>>(device: &D, pixels: &[u8]) -> Result<Rows<D>, D::Err> {
    device.try_tensor_from_vec(pixels.iter().copied().map(ink).collect(), (pixels.len() / PIXELS, PIXELS))
}

impl<D: Device<f32>> Learner for PlainLearner<D> {
    fn step(&mut self, batch: &[u32], _: &[u32]) -> Result<(), EngineError> {
        self.try_step(batch).map_err(EngineError::arithmetic)
    }

    fn drain(&mut self, outcomes: &mut Vec<StepOutcome>) -> Result<(), EngineError> {
        outcomes.extend(self.fetch().map_err(EngineError::arithmetic)?);
        Ok(())
    }

    fn logits(&mut self, pixels: &[u8]) -> Result<Vec<Logits>, EngineError> {
        logits(&self.network, &self.device, pixels)
    }

    fn test_logits(&mut self) -> Result<Vec<Logits>, EngineError> {
        try_logits(&self.network, self.test.iter().cloned().map(Ok)).map_err(EngineError::arithmetic)
    }

    fn parameters(&self) -> Result<Vec<NamedTensor>, EngineError> {
        Ok(self.network.values())
    }

    fn state(&self) -> Result<LearnerState, EngineError> {
        let [first_moments, second_moments] = self.adam.moments(&self.network);
        Ok(LearnerState { step: self.adam.step(), parameters: self.network.values(), first_moments, second_moments })
    }

    fn restore(&mut self, state: &LearnerState) -> Result<(), EngineError> {
        self.network = Network::new(self.settings.model, &self.device, &state.parameters)?;
        self.adam = Adam::new(self.settings.learning_rate, &self.network, state)?;
        Ok(())
    }
}

/// Readies the calling thread for this learner on the CPU, by two things that halve the time of a step each.
///
/// Adam's second moments of pixels that are always black shrink to denormal numbers, which processors are slow with:
/// they are flushed to zero. And rayon, left alone, shares the products among all cores at once, though they are too
/// small for it: it gets a pool of this thread and as many others as make `threads`.
#[cfg(test)]
pub(super) fn prepare_cpu_thread(threads: usize) {
    dfdx::flush_denormals_to_zero();
    // It fails on a thread that is a pool's already, and then that pool serves.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build();
}

/// A pixel's byte as the network sees it, 0 to 1.
fn ink(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::Cpu;

    use super::*;
    use crate::engine::{
        reference::Reference,
        samples::{fashion, untrained},
    };

    fn learner(dataset: &Arc<Dataset>, state: &LearnerState) -> PlainLearner<Cpu> {
        prepare_cpu_thread(1);
        PlainLearner::new(Cpu::default(), Arc::clone(dataset), Settings::default(), state).expect("the CPU has room")
    }

    fn train(learner: &mut impl Learner, batches: impl IntoIterator<Item = Vec<u32>>) -> Vec<StepOutcome> {
        let mut outcomes = Vec::new();
        for batch in batches {
            learner.step(&batch, &[]).expect("the CPU computes");
        }
        learner.drain(&mut outcomes).expect("the CPU computes");
        outcomes
    }

    /// The images in the order of the file, 32 at a time.
    fn batches(range: std::ops::Range<u32>) -> impl Iterator<Item = Vec<u32>> {
        range.map(|batch| (batch * 32..(batch + 1) * 32).collect())
    }

    fn bits(tensors: &[NamedTensor]) -> Vec<u32> {
        tensors.iter().flat_map(|tensor| &tensor.values).map(|value| value.to_bits()).collect()
    }

    fn assert_same(left: &LearnerState, right: &LearnerState) {
        assert_eq!(left.step, right.step);
        assert!(bits(&left.parameters) == bits(&right.parameters), "the parameters differ");
        assert!(bits(&left.first_moments) == bits(&right.first_moments), "the first moments differ");
        assert!(bits(&left.second_moments) == bits(&right.second_moments), "the second moments differ");
    }

    fn the_losses_are_those_of_plain_arithmetic(hidden: &[usize]) {
        let dataset = fashion(3_200, 1);
        let state = untrained(hidden, 0);
        let outcomes = train(&mut learner(&dataset, &state), batches(0..100));
        let mut reference = Reference::new(&state, 1e-3);
        for (step, (outcome, batch)) in outcomes.iter().zip(batches(0..100)).enumerate() {
            let (loss, correct) = reference.step(&dataset.train, &batch);
            let difference = (f64::from(outcome.loss) - loss).abs();
            assert!(difference < 1e-4, "step {step}: {} is {difference:.1e} from {loss}", outcome.loss);
            assert_eq!(outcome.correct, correct, "step {step}");
        }
        assert!(outcomes[99].loss < outcomes[0].loss / 2.0, "nothing was learned");
    }

    #[test]
    fn the_losses_of_a_hundred_steps_are_those_of_plain_arithmetic_in_64_bits() {
        the_losses_are_those_of_plain_arithmetic(&[128]);
    }

    #[test]
    fn two_hidden_layers_are_trained_as_plain_arithmetic_trains_them() {
        the_losses_are_those_of_plain_arithmetic(&[64, 32]);
    }

    #[test]
    fn no_hidden_layer_is_trained_as_plain_arithmetic_trains_it() {
        the_losses_are_those_of_plain_arithmetic(&[]);
    }

    #[test]
    fn a_learner_shows_its_parameters() {
        let state = untrained(&[16], 0);
        let learner = learner(&fashion(1, 1), &state);
        assert!(learner.parameters().expect("the CPU computes") == state.parameters);
    }

    #[test]
    fn a_state_comes_back_as_it_was_set() {
        let dataset = fashion(640, 1);
        let mut first = learner(&dataset, &untrained(&[32], 0));
        train(&mut first, batches(0..20));
        let state = first.state().expect("the CPU computes");
        assert_eq!(state.step, 20);
        let mut second = learner(&dataset, &untrained(&[32], 1));
        second.restore(&state).expect("the layers are the same");
        assert_same(&second.state().expect("the CPU computes"), &state);
    }

    #[test]
    fn training_goes_on_from_a_state_bit_for_bit() {
        let dataset = fashion(1_280, 1);
        let mut whole = learner(&dataset, &untrained(&[32], 0));
        train(&mut whole, batches(0..20));
        let state = whole.state().expect("the CPU computes");
        let rest = train(&mut whole, batches(20..40));
        let mut resumed = learner(&dataset, &state);
        assert_eq!(train(&mut resumed, batches(20..40)), rest);
        assert_same(&resumed.state().expect("the CPU computes"), &whole.state().expect("the CPU computes"));
    }

    #[test]
    fn the_figures_of_a_step_are_those_of_its_logits() {
        let dataset = fashion(100, 1);
        let mut learner = learner(&dataset, &untrained(&[32], 0));
        let logits = learner.logits(dataset.train.pixels()).expect("the CPU computes");
        let outcome = train(&mut learner, [(0..100).collect()])[0];
        let right = logits
            .iter()
            .zip(dataset.train.classes())
            .filter(|(logits, class)| logits.iter().all(|logit| *logit <= logits[class.index()]));
        assert_eq!(outcome.correct as usize, right.count());
        assert_eq!(outcome.images, 100);
    }

    #[test]
    fn more_images_than_a_chunk_have_the_logits_that_each_has_alone() {
        let dataset = fashion(1, CHUNK + 1);
        let mut learner = learner(&dataset, &untrained(&[32], 0));
        let all = learner.logits(dataset.test.pixels()).expect("the CPU computes");
        assert_eq!(all.len(), CHUNK + 1);
        assert!(learner.test_logits().expect("the CPU computes") == all, "the images at hand are others");
        for index in [0, CHUNK - 1, CHUNK] {
            let alone = learner.logits(dataset.test.image(index).pixels()).expect("the CPU computes");
            for (one, other) in alone[0].iter().zip(&all[index]) {
                assert!((one - other).abs() < 1e-5, "image {index}: {one} is not {other}");
            }
        }
    }
}
