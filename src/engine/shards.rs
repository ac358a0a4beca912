//! The learner for processors: the network cut into shards, a thread for each, that meet as often as a step's
//! arithmetic demands. dfdx's tape and gradients, operations of our own on them. Knows no epochs.
//!
//! ```text
//! trainer thread   step ── call ──> pass ───── exchange ── pass ── update ──> next step
//! helper threads            └────> pass ───── exchange ── pass ── update ── done
//! ```
//!
//! A thread that is kept from running by other programs would hold up all the others. So the trainer thread, which can
//! do everybody's work by itself with the same results, compares both ways now and then and takes the faster one.

mod crew;
mod cut;
mod exchange;
mod ink;
#[cfg(test)]
mod instruction_sets;
mod kernels;
mod pacing;
mod pass;
mod team;

use std::{
    num::NonZeroUsize,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Instant,
};

use self::{
    crew::Crew,
    cut::{Cut, Shard},
    kernels::parameter::AdamStep,
    pacing::{Pacing, Way},
    pass::{Batches, PASS, Station},
    team::Team,
};
use super::{
    error::EngineError,
    instructions,
    learner::{Learner, LearnerState, Logits, NamedTensor, StepOutcome},
    model::{self, Outline},
};
use crate::{fashion::Dataset, settings::Settings};

/// Hidden units times images of a batch that keep a thread busy for long enough to be worth waiting for.
const WORTH_A_THREAD: usize = 2048;

/// A network that some threads of the CPU train.
pub(super) struct ShardedLearner {
    dataset: Arc<Dataset>,
    settings: Settings,
    step: u64,
    team: Arc<Team>,
    station: Station,
    /// Calls to the helpers so far.
    calls: u64,
    helpers: Vec<JoinHandle<()>>,
    pacing: Pacing,
    outcomes: Vec<StepOutcome>,
    /// Of each training image; see [`ink::likeness`].
    likeness: Vec<u16>,
    /// The batch of the last step, its images sorted by their likeness.
    batch: Vec<u32>,
    /// The same, each below its likeness.
    sorted: Vec<u64>,
}

/// Threads that pay for these layers and batches on this machine; where a number is asked for, as many as that, however
/// few cores there are: the weights depend on their number. Never more than there are parts to be had of the layers.
pub(super) fn threads(settings: &Settings) -> usize {
    cut(settings).shards()
}

/// A network's cut for the threads that train it.
fn cut(settings: &Settings) -> Cut {
    let sizes = settings.layer_sizes();
    let worth = || {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let units: usize = cut::hidden(&sizes).iter().sum();
        (units.saturating_mul(settings.batch_size) / WORTH_A_THREAD).clamp(1, cores)
    };
    let threads = settings.threads.map_or_else(worth, NonZeroUsize::get);
    Cut::new(sizes, threads)
}

/// What the network of this state says of these images (`pixels`: n × 784 bytes).
pub(super) fn logits(settings: &Settings, state: &LearnerState, pixels: &[u8]) -> Result<Vec<Logits>, EngineError> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let crew = Crew::new(instructions::chosen(), Cut::new(settings.layer_sizes(), 1), state, 0);
    pass::logits(&Arc::new(crew), threads, pixels)
}

impl ShardedLearner {
    /// A learner that goes on from `state`, with the number of [`threads`], the calling one among them.
    ///
    /// # Errors
    /// When the system gives no threads or no memory.
    pub fn new(dataset: Arc<Dataset>, settings: Settings, state: &LearnerState) -> Result<Self, EngineError> {
        dfdx::flush_denormals_to_zero();
        let cut = cut(&settings);
        let batch_size = settings.batch_size.min(dataset.train.len()).max(1);
        let images = batch_size.min(PASS);
        let seats = cut.shards();
        let batches = if batch_size > PASS { Batches::OfSeveralPasses } else { Batches::OfOnePass };
        let crew = Crew::new(instructions::chosen(), cut, state, images);
        let team = Arc::new(Team::new(Arc::clone(&dataset), crew, batches, images));
        let station = team.station(0).map_err(EngineError::arithmetic)?;
        let (images, _) = dataset.train.pixels().as_chunks();
        let likeness = images.iter().map(ink::likeness).collect();
        let mut learner = Self {
            dataset,
            settings,
            step: state.step,
            team,
            station,
            calls: 0,
            helpers: Vec::new(),
            pacing: Pacing::default(),
            outcomes: Vec::new(),
            likeness,
            batch: Vec::new(),
            sorted: Vec::new(),
        };
        for seat in 1..seats {
            let team = Arc::clone(&learner.team);
            let helper = thread::Builder::new().name(format!("trainer-{seat}")).spawn(move || team.help(seat))?;
            learner.helpers.push(helper);
        }
        Ok(learner)
    }

    /// Puts the batch's images in the order of their likeness; those that are equally like, in their own.
    fn sort(&mut self, batch: &[u32]) {
        self.sorted.clear();
        let number = |image: &u32| u64::from(self.likeness[*image as usize]) << u32::BITS | u64::from(*image);
        self.sorted.extend(batch.iter().map(number));
        self.sorted.sort_unstable();
        self.batch.clear();
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the image")]
        self.batch.extend(self.sorted.iter().map(|number| *number as u32));
    }

    /// Waits until no helper is busy with the network.
    fn settle(&self) -> Result<(), EngineError> {
        if self.team.settle(self.calls) { Ok(()) } else { Err(helper_ended()) }
    }
}

impl Learner for ShardedLearner {
    fn step(&mut self, batch: &[u32], next: &[u32]) -> Result<(), EngineError> {
        let start = Instant::now();
        self.step += 1;
        let adam = AdamStep::new(self.settings.learning_rate, self.step);
        self.sort(batch);
        let together = !self.helpers.is_empty() && self.pacing.way() == Way::Together;
        if together {
            self.calls += 1;
            self.team.call(&self.batch, next, adam, self.calls);
        } else {
            self.settle()?;
        }
        let verdict = self.station.train(&self.dataset.train, &self.batch, adam, together);
        if self.team.crew.meeting.is_stopped() {
            return Err(helper_ended());
        }
        let verdict = verdict.map_err(EngineError::arithmetic)?;
        let images = u32::try_from(batch.len()).expect("indices are u32, and a batch holds each at most once");
        #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^24 images")]
        let loss = verdict.loss / images as f32;
        self.outcomes.push(StepOutcome { loss, correct: verdict.correct, images });
        if !self.helpers.is_empty() {
            self.pacing.add(batch.len(), start.elapsed());
        }
        Ok(())
    }

    fn drain(&mut self, outcomes: &mut Vec<StepOutcome>) -> Result<(), EngineError> {
        outcomes.append(&mut self.outcomes);
        Ok(())
    }

    fn logits(&mut self, pixels: &[u8]) -> Result<Vec<Logits>, EngineError> {
        self.settle()?;
        pass::logits(&self.team.crew, self.helpers.len() + 1, pixels)
    }

    fn test_logits(&mut self) -> Result<Vec<Logits>, EngineError> {
        let dataset = Arc::clone(&self.dataset);
        self.logits(dataset.test.pixels())
    }

    fn parameters(&self) -> Result<Vec<NamedTensor>, EngineError> {
        self.settle()?;
        let crew = &self.team.crew;
        let mut parameters: Vec<NamedTensor> = model::outlines(&self.settings).map(Outline::zeros).collect();
        for shard in 0..crew.shards.len() {
            crew.shard(shard).save_parameters(&crew.cut, &mut parameters);
        }
        Ok(parameters)
    }

    fn state(&self) -> Result<LearnerState, EngineError> {
        self.settle()?;
        let crew = &self.team.crew;
        let mut state = model::zeros(&self.settings, self.step);
        for shard in 0..crew.shards.len() {
            crew.shard(shard).save(&crew.cut, &mut state);
        }
        Ok(state)
    }

    fn restore(&mut self, state: &LearnerState) -> Result<(), EngineError> {
        self.settle()?;
        let crew = &self.team.crew;
        for shard in 0..crew.shards.len() {
            *crew.shard_mut(shard) = Shard::new(&crew.cut, shard, state);
        }
        self.step = state.step;
        Ok(())
    }
}

impl Drop for ShardedLearner {
    fn drop(&mut self) {
        self.team.stop();
        for helper in self.helpers.drain(..) {
            // A helper that panicked has ended as well, and the step that missed it has failed.
            let _ = helper.join();
        }
    }
}

fn helper_ended() -> EngineError {
    EngineError::Panicked("one of its helper threads ended".to_owned())
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::Cpu;

    use super::*;
    use crate::engine::{
        plain::{PlainLearner, prepare_cpu_thread},
        samples::{dense, fashion, untrained},
    };

    fn learner(dataset: &Arc<Dataset>, batch_size: usize, threads: usize, state: &LearnerState) -> ShardedLearner {
        let hidden: Vec<usize> = state.parameters.iter().step_by(2).skip(1).map(|weight| weight.shape[1]).collect();
        ShardedLearner::new(Arc::clone(dataset), dense(&hidden, batch_size, threads), state).expect("the CPU has room")
    }

    fn batches(size: u32, count: u32, images: u32) -> impl Iterator<Item = Vec<u32>> {
        (0..count).map(move |batch| (0..size).map(|image| (batch * size + image * 7) % images).collect())
    }

    fn train(learner: &mut impl Learner, batches: impl Iterator<Item = Vec<u32>>) -> Vec<StepOutcome> {
        let mut outcomes = Vec::new();
        for batch in batches {
            learner.step(&batch, &[7, 0]).expect("the CPU computes");
        }
        learner.drain(&mut outcomes).expect("the CPU computes");
        outcomes
    }

    fn values(tensors: &[NamedTensor]) -> impl Iterator<Item = f32> + '_ {
        tensors.iter().flat_map(|tensor| &tensor.values).copied()
    }

    fn largest_difference(one: &[NamedTensor], other: &[NamedTensor]) -> f32 {
        values(one).zip(values(other)).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
    }

    fn assert_same(one: &LearnerState, other: &LearnerState) {
        let bits = |state: &LearnerState| -> Vec<u32> {
            let all = [&state.parameters, &state.first_moments, &state.second_moments];
            all.into_iter().flat_map(|tensors| values(tensors)).map(f32::to_bits).collect()
        };
        assert_eq!(one.step, other.step);
        assert!(bits(one) == bits(other), "the states differ");
    }

    /// Steps of both learners from the same weights on the same batches: losses and weights to 1e-5.
    fn agrees_with_plain_dfdx(hidden: &[usize], size: u32, steps: u32) {
        let dataset = fashion(2_000, 1);
        let state = untrained(hidden, 1);
        prepare_cpu_thread(1);
        let mut plain = PlainLearner::new(Cpu::default(), Arc::clone(&dataset), Settings::default(), &state)
            .expect("there is room");
        let expected = train(&mut plain, batches(size, steps, 2_000));
        let expected_state = plain.state().expect("the CPU computes");
        for threads in [1, 2, 3] {
            let mut sharded = learner(&dataset, size as usize, threads, &state);
            let outcomes = train(&mut sharded, batches(size, steps, 2_000));
            for (step, (outcome, expected)) in outcomes.iter().zip(&expected).enumerate() {
                let difference = (outcome.loss - expected.loss).abs();
                assert!(
                    difference < 1e-5,
                    "{hidden:?} by {size}, {threads} threads, step {step}: off by {difference:e}"
                );
                assert_eq!((outcome.correct, outcome.images), (expected.correct, expected.images));
            }
            assert_eq!(outcomes.len(), expected.len());
            let state = sharded.state().expect("the CPU computes");
            let difference = largest_difference(&state.parameters, &expected_state.parameters);
            assert!(difference < 1e-5, "{hidden:?} by {size}, {threads} threads: weights off by {difference:e}");
            let difference = largest_difference(&state.first_moments, &expected_state.first_moments);
            assert!(difference < 1e-5, "{hidden:?} by {size}, {threads} threads: moments off by {difference:e}");
        }
    }

    #[test]
    fn the_tutorial_s_network_is_trained_as_plain_dfdx_trains_it() {
        agrees_with_plain_dfdx(&[128], 32, 12);
    }

    #[test]
    fn small_and_odd_layers_are_trained_as_plain_dfdx_trains_them() {
        agrees_with_plain_dfdx(&[16], 31, 8);
        agrees_with_plain_dfdx(&[130], 32, 8);
        agrees_with_plain_dfdx(&[], 32, 8);
    }

    #[test]
    fn several_layers_are_trained_as_plain_dfdx_trains_them() {
        agrees_with_plain_dfdx(&[96, 40], 32, 8);
        agrees_with_plain_dfdx(&[40, 96, 70], 33, 6);
        agrees_with_plain_dfdx(&[128, 16], 32, 6);
    }

    #[test]
    fn a_wide_layer_is_trained_as_plain_dfdx_trains_it() {
        agrees_with_plain_dfdx(&[512], 32, 4);
    }

    #[test]
    fn batches_of_one_image_are_trained_as_plain_dfdx_trains_them() {
        agrees_with_plain_dfdx(&[128], 1, 12);
    }

    #[test]
    fn batches_of_several_passes_are_trained_as_plain_dfdx_trains_them() {
        agrees_with_plain_dfdx(&[64], 1_000, 4);
        agrees_with_plain_dfdx(&[64, 64], 600, 3);
    }

    #[test]
    fn threads_together_and_one_alone_for_all_train_the_same_bits() {
        let dataset = fashion(2_000, 1);
        for (hidden, size) in [(vec![128], 32), (vec![96, 64, 40], 300)] {
            let state = untrained(&hidden, 1);
            let trained = |pacing: Option<Pacing>| {
                let mut learner = learner(&dataset, size as usize, 2, &state);
                for batch in batches(size, 10, 2_000) {
                    if let Some(pacing) = pacing {
                        learner.pacing = pacing;
                    }
                    learner.step(&batch, &[7, 0]).expect("the CPU computes");
                }
                learner.state().expect("the CPU computes")
            };
            let together = trained(Some(Pacing::default()));
            assert_same(&trained(Some(Pacing::alone())), &together);
            assert_same(&trained(None), &together);
        }
    }

    #[test]
    fn a_state_comes_back_as_it_was_set_and_training_goes_on_from_it_bit_for_bit() {
        let dataset = fashion(2_000, 1);
        for threads in [1, 2] {
            let mut whole = learner(&dataset, 32, threads, &untrained(&[128, 33], 0));
            train(&mut whole, batches(32, 20, 2_000));
            let state = whole.state().expect("the CPU computes");
            let mut resumed = learner(&dataset, 32, threads, &untrained(&[128, 33], 1));
            train(&mut resumed, batches(32, 3, 2_000));
            resumed.restore(&state).expect("the layers are the same");
            assert_same(&resumed.state().expect("the CPU computes"), &state);
            assert_eq!(train(&mut resumed, batches(32, 20, 2_000)), train(&mut whole, batches(32, 20, 2_000)));
            assert_same(&resumed.state().expect("the CPU computes"), &whole.state().expect("the CPU computes"));
        }
    }

    /// What a GPU trained is gone on with on the CPU, and the other way round.
    #[test]
    fn a_state_moves_between_the_two_learners_to_the_bit() {
        let dataset = fashion(2_000, 1);
        let mut sharded = learner(&dataset, 32, 2, &untrained(&[128, 33], 0));
        train(&mut sharded, batches(32, 10, 2_000));
        let state = sharded.state().expect("the CPU computes");
        prepare_cpu_thread(1);
        let plain =
            PlainLearner::new(Cpu::default(), Arc::clone(&dataset), Settings::default(), &untrained(&[128, 33], 1));
        let mut plain = plain.expect("there is room");
        plain.restore(&state).expect("the layers are the same");
        assert_same(&plain.state().expect("the CPU computes"), &state);
        let (one, other) = (train(&mut plain, batches(32, 5, 2_000)), train(&mut sharded, batches(32, 5, 2_000)));
        for (one, other) in one.iter().zip(&other) {
            assert!((one.loss - other.loss).abs() < 1e-5, "{} is not {}", one.loss, other.loss);
        }
        let state = plain.state().expect("the CPU computes");
        sharded.restore(&state).expect("the layers are the same");
        assert_same(&sharded.state().expect("the CPU computes"), &state);
    }

    #[test]
    fn many_images_have_the_logits_that_each_has_alone() {
        let dataset = fashion(1, PASS * 2 + 77);
        for threads in [1, 2] {
            let mut learner = learner(&dataset, 32, threads, &untrained(&[64, 40], 0));
            let all = learner.logits(dataset.test.pixels()).expect("the CPU computes");
            assert_eq!(all.len(), dataset.test.len());
            for index in [0, PASS - 1, PASS, PASS * 2 + 76] {
                let alone = learner.logits(dataset.test.image(index).pixels()).expect("the CPU computes");
                for (one, other) in alone[0].iter().zip(&all[index]) {
                    assert!((one - other).abs() < 1e-5, "image {index}: {one} is not {other}");
                }
            }
        }
    }

    #[test]
    fn a_network_that_is_lost_says_so_by_its_loss() {
        let dataset = fashion(320, 1);
        let settings = Settings { learning_rate: 1e30, ..dense(&[64], 32, 2) };
        let learner = ShardedLearner::new(Arc::clone(&dataset), settings, &untrained(&[64], 0));
        let mut learner = learner.expect("there is room");
        let outcomes = train(&mut learner, batches(32, 5, 320));
        assert!(outcomes[0].loss.is_finite() && outcomes[4].loss.is_nan(), "{outcomes:?}");
    }

    #[test]
    fn a_helper_that_ends_fails_the_step_and_nobody_waits_for_it() {
        let dataset = fashion(320, 1);
        let mut learner = learner(&dataset, 32, 2, &untrained(&[64], 0));
        train(&mut learner, batches(32, 2, 320));
        // No such image: the helper panics over it, and the trainer thread must not wait for it.
        learner.calls += 1;
        learner.team.call(&[100_000], &[], AdamStep::new(1e-3, 3), learner.calls);
        let error = learner.settle().expect_err("the helper is gone");
        assert!(error.to_string().contains("helper"), "{error}");
        assert!(learner.step(&[0, 1, 2], &[]).is_err());
    }

    #[test]
    fn no_more_threads_are_taken_than_there_is_work_for() {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        // 0 threads: none are asked for.
        let threads = |hidden: &[usize], batch_size, asked| threads(&dense(hidden, batch_size, asked));
        assert_eq!(threads(&[16], 32, 0), 1);
        assert_eq!(threads(&[128], 32, 0), cores.min(2));
        assert_eq!(threads(&[], 60_000, 0), 1);
        assert_eq!(threads(&[4096], 1024, 1), 1);
        // As many as are asked for, also beyond the cores.
        assert_eq!(threads(&[4096], 1024, 100), 100);
        assert_eq!(threads(&[4096], 1024, 1024), 128);
    }
}
