//! Plain settings of a training run. Knows nothing of the command line that fills them or of the engine that obeys
//! them.

use std::{fmt, num::NonZeroUsize, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    fashion::{CLASSES, PIXELS},
    printable::number,
};

/// What defines a training run. Two runs with equal settings, on one device, train the same weights bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How many times the network sees every training image; at least 1.
    pub epochs: u32,
    /// Images per step, 1 to 60,000; an epoch's last batch may be shorter.
    pub batch_size: usize,
    /// Adam's learning rate; positive and finite.
    pub learning_rate: f64,
    /// What kind of network learns. Runs that were begun before there was a choice are dense.
    #[serde(default)]
    pub model: Model,
    /// Units of each hidden layer, first to last; each at least 1.
    pub hidden: Vec<usize>,
    /// The source of all randomness: initial weights and the order of the images.
    pub seed: u64,
    /// Where the arithmetic runs.
    pub device: DeviceChoice,
    /// Threads of the CPU that train; `None` leaves the choice to the engine.
    pub threads: Option<NonZeroUsize>,
}

impl Default for Settings {
    /// The tutorial's run: 784-128-10, batches of 32, Adam at 0.001, ten epochs.
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 32,
            learning_rate: 1e-3,
            model: Model::Dense,
            hidden: vec![128],
            seed: 0,
            device: DeviceChoice::Auto,
            threads: None,
        }
    }
}

impl Settings {
    /// The sizes that images go through on their way to the logits: 784 pixels, each hidden layer's units, 10 classes.
    #[must_use]
    pub fn layer_sizes(&self) -> Vec<usize> {
        match self.model {
            Model::Dense => [PIXELS].into_iter().chain(self.hidden.iter().copied()).chain([CLASSES]).collect(),
        }
    }

    /// The units of the hidden layers as `--hidden` has them: `256,64`.
    #[must_use]
    pub fn units(&self) -> String {
        self.hidden.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
    }

    /// The first setting that differs and decides which weights are trained: runs that differ in it cannot go on with
    /// each other's. Not the number of threads, which is settled only where the training begins.
    #[must_use]
    pub fn difference(&self, asked: &Self) -> Option<Difference> {
        // To the bit, as the weights go by it.
        let is_same_rate = self.learning_rate.to_bits() == asked.learning_rate.to_bits();
        let settings = [
            (Setting::Model, self.model == asked.model),
            (Setting::BatchSize, self.batch_size == asked.batch_size),
            (Setting::LearningRate, is_same_rate),
            (Setting::Hidden, self.hidden == asked.hidden),
            (Setting::Seed, self.seed == asked.seed),
        ];
        let (setting, _) = settings.into_iter().find(|(_, is_same)| !is_same)?;
        Some(setting.difference(self, asked))
    }
}

/// A setting that decides which weights are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// What kind of network learns.
    Model,
    /// Images per step.
    BatchSize,
    /// Adam's learning rate.
    LearningRate,
    /// Units of the hidden layers.
    Hidden,
    /// The source of all randomness.
    Seed,
    /// Threads of the CPU that train.
    Threads,
}

impl Setting {
    /// What it is called in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::BatchSize => "batch size",
            Self::LearningRate => "learning rate",
            Self::Hidden => "hidden layers",
            Self::Seed => "seed",
            Self::Threads => "threads",
        }
    }

    /// Its option on the command line.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::Model => "--model",
            Self::BatchSize => "--batch-size",
            Self::LearningRate => "--learning-rate",
            Self::Hidden => "--hidden",
            Self::Seed => "--seed",
            Self::Threads => "--threads",
        }
    }

    /// What a run's settings have, and what is asked for instead.
    #[must_use]
    pub fn difference(self, theirs: &Settings, asked: &Settings) -> Difference {
        Difference { setting: self, theirs: self.value(theirs), asked: self.value(asked) }
    }

    /// Its value as the option takes it.
    fn value(self, settings: &Settings) -> String {
        match self {
            Self::Model => settings.model.name().to_owned(),
            Self::BatchSize => settings.batch_size.to_string(),
            Self::LearningRate => number(settings.learning_rate),
            Self::Hidden => settings.units(),
            Self::Seed => settings.seed.to_string(),
            Self::Threads => {
                settings.threads.map_or_else(|| "as many as pay off".to_owned(), |threads| threads.to_string())
            }
        }
    }
}

/// A setting of a run for which something else is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub setting: Setting,
    /// What the run has, as the option takes it.
    pub theirs: String,
    /// What is asked for.
    pub asked: String,
}

impl fmt::Display for Difference {
    /// In words that follow the run's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, theirs, asked } = self;
        write!(f, "was started with {} {theirs}, and cannot continue with {asked}", setting.option())
    }
}

/// A kind of network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Dense layers alone, with a `ReLU` after each but the last: the tutorial's.
    #[default]
    Dense,
}

impl Model {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
        }
    }
}

/// The device asked for, as `--device` spells it: `auto`, `cpu`, `cuda` or `cuda:N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum DeviceChoice {
    /// CUDA when the build has it and a GPU answers, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA GPU of this ordinal.
    Cuda(usize),
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(0) => f.write_str("cuda"),
            Self::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|ordinal| ordinal.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("unknown device {text:?}, expected auto, cpu, cuda or cuda:N")),
        }
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As programs without a choice of models wrote them.
    const WITHOUT_A_MODEL: &str = r#"{"epochs":2,"batch_size":32,"learning_rate":0.001,"hidden":[96,40],"seed":3,
        "device":"cpu","threads":2}"#;

    #[test]
    fn settings_without_a_model_are_those_of_a_dense_network() {
        let read: Settings = serde_json::from_str(WITHOUT_A_MODEL).unwrap();
        let expected = Settings {
            epochs: 2,
            model: Model::Dense,
            hidden: vec![96, 40],
            seed: 3,
            device: DeviceChoice::Cpu,
            threads: NonZeroUsize::new(2),
            ..Settings::default()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_written_names_the_model_and_keeps_what_was_there_before() {
        let before: serde_json::Value = serde_json::from_str(WITHOUT_A_MODEL).unwrap();
        let settings: Settings = serde_json::from_str(WITHOUT_A_MODEL).unwrap();
        let mut written = serde_json::to_value(settings).unwrap();
        assert_eq!(written.as_object_mut().unwrap().remove("model"), Some("dense".into()));
        assert_eq!(written, before);
    }

    #[test]
    fn layer_sizes_lead_from_the_pixels_to_the_classes() {
        let sizes = |hidden: &[usize]| Settings { hidden: hidden.to_vec(), ..Settings::default() }.layer_sizes();
        assert_eq!(sizes(&[96, 40]), [784, 96, 40, 10]);
        assert_eq!(sizes(&[]), [784, 10]);
    }

    #[test]
    fn every_device_reads_back_as_it_is_written() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda(0), DeviceChoice::Cuda(3)] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
    }

    #[test]
    fn each_setting_that_the_weights_go_by_is_a_difference_and_the_others_are_none() {
        let ours = Settings::default();
        let free = Settings { epochs: 99, device: DeviceChoice::Cpu, threads: NonZeroUsize::new(3), ..ours.clone() };
        assert_eq!(ours.difference(&free), None);
        for (asked, words) in [
            (Settings { batch_size: 64, ..free.clone() }, "--batch-size 32, and cannot continue with 64"),
            (Settings { learning_rate: 0.5, ..free.clone() }, "--learning-rate 0.001, and cannot continue with 0.5"),
            (Settings { hidden: vec![64, 32], ..free.clone() }, "--hidden 128, and cannot continue with 64,32"),
            (Settings { seed: 7, ..free.clone() }, "--seed 0, and cannot continue with 7"),
        ] {
            let difference = ours.difference(&asked).expect("they differ");
            assert_eq!(difference.to_string(), format!("was started with {words}"));
        }
    }

    #[test]
    fn a_device_that_is_none_is_named_in_the_error() {
        for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"] {
            let error = text.parse::<DeviceChoice>().expect_err("not a device");
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
