//! What a run and those who look on say to each other: plain data. Knows neither of the two.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{fashion::CLASSES, settings::Settings};

pub mod numbers;

#[cfg(test)]
pub(crate) mod samples;

/// The probabilities of one image's ten classes, in the classes' order; they sum to 1.
pub type Probabilities = [f32; CLASSES];

/// Every test image's probabilities, in the test images' order: large, and shared by all who keep them.
pub type Predictions = Arc<[Probabilities]>;

/// What somebody who looks on asks of the run. Taken between two batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Stop before the next batch and wait.
    Pause,
    /// Go on.
    Resume,
    /// While paused: train a single batch.
    Step,
    /// Train at most this many steps per second; `None`: as fast as the device can.
    Pace {
        /// Steps per second, positive and finite.
        steps_per_second: Option<f64>,
    },
    /// From now on report this of the network, and nothing that was asked for before.
    Look(Look),
    /// Of a run that has ended: play it again from its beginning.
    Replay,
    /// Of a run that is played again: show its end at once.
    EndReplay,
    /// Keep a checkpoint of this moment.
    Save,
    /// End the run.
    Stop,
}

/// What somebody wants to see of the network while it learns. What there is not, such as an image past the last one,
/// counts for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Test images, by index from 0, whose predictions are reported as [`Report::Prediction`].
    pub predicted: BTreeSet<usize>,
    /// Test images, by index from 0, of which [`Report::Attribution`] says what each pixel contributes.
    pub explained: BTreeSet<usize>,
    /// Parts of the network that are reported as [`Report::Tiles`], a report for each of these ranges.
    pub tiles: BTreeSet<TileRange>,
}

impl Look {
    /// What both ask to see.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            predicted: &self.predicted | &other.predicted,
            explained: &self.explained | &other.explained,
            tiles: &self.tiles | &other.tiles,
        }
    }
}

/// Consecutive tiles of those that a network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TileRange {
    /// The first of them, from 0.
    pub first: usize,
    /// How many.
    pub count: usize,
}

/// What happens to a run, in the order in which it happens. One stream feeds everybody who looks on, and the logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum Report {
    /// The device answered, the network stands, training begins; or a run is shown from its beginning. What was known
    /// of the run before is to be forgotten.
    Started(Started),
    /// Some steps were trained. A slow reader gets fewer of these, each with more of the curve.
    Batch(Batch),
    /// A test image as the network of this step sees it, where [`Command::Look`] asks for it.
    Prediction {
        /// Index into the test images, from 0.
        index: usize,
        /// Steps trained before this prediction, over the whole run.
        step: u64,
        /// The ten classes' probabilities.
        #[serde(with = "numbers")]
        probabilities: Probabilities,
    },
    /// What each pixel of a test image says for the prediction, where [`Command::Look`] asks for it.
    Attribution(Attribution),
    /// Parts of the network as they are now, where [`Command::Look`] asks for them.
    Tiles(Tiles),
    /// Every test image, as the network sees it before it trains any further.
    Untrained {
        /// Steps trained before these predictions, over the whole run; 0 in a new one.
        step: u64,
        /// One entry per test image.
        #[serde(with = "numbers")]
        predictions: Predictions,
    },
    /// Training waits for a command: the answer to [`Command::Pause`].
    Paused,
    /// Training goes on: the answer to [`Command::Resume`].
    Resumed,
    /// The pace changed to this; `None`: as fast as the device can.
    Paced {
        /// Steps per second.
        steps_per_second: Option<f64>,
    },
    /// The last batch of an epoch is trained, the test images are next.
    Evaluating {
        /// The epoch, from 1.
        epoch: u32,
    },
    /// An epoch is trained and evaluated. After it training goes on, or waits, as it did before the evaluation.
    Epoch {
        /// Its figures.
        record: EpochRecord,
        /// Every test image's prediction after this epoch, in the test images' order. Empty for a listener that comes
        /// so late that they are no longer kept.
        #[serde(with = "numbers")]
        predictions: Predictions,
    },
    /// What the device is busy with, about once a second while it trains.
    Usage(Usage),
    /// A checkpoint is kept.
    Saved {
        /// The steps that are trained in it.
        step: u64,
    },
    /// Something of the run could not be kept. Training goes on.
    NotSaved {
        /// What, and why.
        reason: String,
    },
    /// Something that whoever asked for the run should know of it.
    Note {
        /// What, in a sentence.
        text: String,
    },
    /// All epochs are trained.
    Finished,
    /// Training cannot go on. Looks are answered all the same.
    Failed {
        /// What was found, and what to do.
        reason: String,
    },
    /// Nobody trains the run any longer, whether its last epoch is trained or not.
    Ended {
        /// How it ended, in words: `stopped in epoch 4`.
        how: String,
        /// How to continue it, if it can be: `fitroom --resume coat`.
        next: Option<String>,
    },
    /// What follows happened before: a run that has ended is played again.
    Replaying,
    /// The program that trains is there, but says nothing for some seconds: it is stopped, or its machine is busy. Any
    /// other report says that it is back.
    Silent,
}

/// The facts of a run that stand when its training begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// What the run was asked to do.
    pub settings: Settings,
    /// The device that trains, in words: `CPU, 2 threads`.
    pub device: String,
    /// The ordinal of the CUDA GPU that trains, if one does.
    pub gpu: Option<usize>,
    /// Weights and biases of the network.
    pub parameters: usize,
    /// Parts of the network that can be drawn, as many as [`Tiles::of`] says.
    pub tiles: usize,
    /// Images in the training split.
    pub train_images: usize,
    /// Images in the test split.
    pub test_images: usize,
    /// The run's name, if it is kept.
    pub run: Option<String>,
    /// Epochs that were trained before, where this goes on with a run; oldest first. Reports of them follow, and of
    /// their batches.
    pub past: Vec<EpochRecord>,
    /// Steps that were trained before.
    pub past_steps: u64,
}

impl Started {
    /// Steps that an epoch takes: one per batch, the last of which may be shorter.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        self.train_images.div_ceil(self.settings.batch_size.max(1)) as u64
    }

    /// The network's layer sizes, input to logits: `784-128-10`.
    #[must_use]
    pub fn layers(&self) -> String {
        let sizes = self.settings.layer_sizes();
        sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("-")
    }
}

/// What the pixels of a test image say for and against what the network takes it for: the derivative of the predicted
/// class's logit by each pixel's ink, times the ink (gradient × input, Shrikumar et al. 2016, arXiv:1605.01713).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// Index into the test images, from 0.
    pub index: usize,
    /// Steps trained before, over the whole run.
    pub step: u64,
    /// 784 parts of the logit, row by row: positive for the prediction, negative against it.
    #[serde(with = "numbers")]
    pub pixels: Vec<f32>,
}

/// Parts of a network that can be drawn, as they were at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tiles {
    /// Steps trained before, over the whole run.
    pub step: u64,
    /// How many tiles the network has in all.
    pub of: usize,
    /// Those that were asked for, as far as there are any.
    pub tiles: Vec<Tile>,
}

/// A part of a network, as a picture: of a dense network a unit of its first layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tile {
    /// Its number among all of the network's, from 0.
    pub number: usize,
    /// What it is called: `Unit 12`.
    pub title: String,
    /// The picture's height in values.
    pub rows: usize,
    /// The picture's width in values.
    pub columns: usize,
    /// `rows` × `columns` values, row by row: of a unit its weight for each pixel.
    #[serde(with = "numbers")]
    pub values: Vec<f32>,
    /// What it adds to each class's logit for each 1 that it puts out, as if no unit behind it were held back. Empty
    /// where that is not known.
    #[serde(with = "numbers")]
    pub votes: Vec<f32>,
}

/// How busy the device is that trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// What the device is called, where the run's own words do not say it: `NVIDIA H200`.
    pub name: Option<String>,
    /// How busy: of a GPU 0 to 100, of the CPU 100 for each core that this program keeps busy.
    pub load_percent: u32,
    /// Bytes of memory in use: of the whole GPU, or by this program.
    pub memory: u64,
    /// Bytes that the GPU has in all.
    pub memory_total: Option<u64>,
    /// Degrees Celsius of the GPU.
    pub temperature: Option<u32>,
    /// Watts that the GPU draws.
    pub power: Option<u32>,
}

/// Another run's figures, to be compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherRun {
    /// Its name.
    pub name: String,
    /// What it was asked to do.
    pub settings: Settings,
    /// Its epochs so far, oldest first.
    pub epochs: Vec<EpochRecord>,
}

/// Where the epoch stands, and how the curve goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// The epoch, from 1.
    pub epoch: u32,
    /// Steps trained in this epoch, from 1.
    pub step_in_epoch: u64,
    /// Steps trained in the whole run, from 1.
    pub step: u64,
    /// The curve of the steps since the last such report, oldest first. How it is cut follows from the steps' numbers,
    /// never from when they are told: `metrics::Spans` makes the same of it in whatever portions it comes.
    pub spans: Vec<BatchRecord>,
    /// Running mean of the loss since the epoch began, as Keras shows it.
    #[serde(deserialize_with = "numbers::number")]
    pub epoch_loss: f64,
    /// Running mean of the accuracy since the epoch began, 0 to 1.
    #[serde(deserialize_with = "numbers::number")]
    pub epoch_accuracy: f64,
    /// Seconds of training since the epoch began, pauses left out, slow motion counted.
    #[serde(deserialize_with = "numbers::number")]
    pub seconds: f64,
    /// Training images per second, measured over the last moments.
    #[serde(deserialize_with = "numbers::number")]
    pub images_per_second: f64,
}

/// The figures of a span of batches, under the names that `batches.jsonl` gives them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// The epoch of the span's end, from 1.
    pub epoch: u32,
    /// Steps trained in the whole run at the span's end.
    pub step: u64,
    /// How many of them are the span's.
    pub steps: u64,
    /// Mean of their losses (mean softmax cross entropy, in nats).
    #[serde(deserialize_with = "numbers::number")]
    pub loss: f64,
    /// Mean of their accuracies, 0 to 1.
    #[serde(deserialize_with = "numbers::number")]
    pub accuracy: f64,
}

/// An epoch's figures, under the names that `metrics.jsonl` gives them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: u32,
    /// Steps trained in the whole run at its end.
    pub step: u64,
    /// Mean of the training batches' losses, in nats.
    #[serde(deserialize_with = "numbers::number")]
    pub loss: f64,
    /// Mean of the training batches' accuracies, 0 to 1.
    #[serde(deserialize_with = "numbers::number")]
    pub accuracy: f64,
    /// Loss on the test images after the epoch.
    #[serde(deserialize_with = "numbers::number")]
    pub val_loss: f64,
    /// Accuracy on the test images after the epoch, 0 to 1.
    #[serde(deserialize_with = "numbers::number")]
    pub val_accuracy: f64,
    /// Adam's learning rate.
    #[serde(deserialize_with = "numbers::number")]
    pub learning_rate: f64,
    /// Seconds of training alone.
    #[serde(deserialize_with = "numbers::number")]
    pub seconds: f64,
    /// Seconds of the evaluation.
    #[serde(deserialize_with = "numbers::number")]
    pub eval_seconds: f64,
    /// Training images per second of training.
    #[serde(deserialize_with = "numbers::number")]
    pub images_per_second: f64,
}
