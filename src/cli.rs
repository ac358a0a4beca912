//! The command line: arguments and their environment variables, checked and turned into settings. Runs nothing.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, ValueEnum, builder::FalseyValueParser};

use crate::{
    fashion::Source,
    settings::{DeviceChoice, Settings},
};

/// Train a Fashion-MNIST classifier live in the terminal, watch it learn, and leaf through what it predicts.
///
/// On a terminal this opens the dashboard and trains at once. With standard output elsewhere the same training
/// runs as lines of text, one an epoch.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    /// The run.
    #[command(flatten)]
    pub training: Training,
    /// Its looks.
    #[command(flatten)]
    pub looks: Looks,
}

/// What to train, on what.
#[derive(Args, Debug)]
#[command(next_help_heading = "Training")]
pub struct Training {
    /// How many times the network sees every training image
    #[arg(long, env = "FITROOM_EPOCHS", value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: u32,

    /// Images a step, 1 to 60000
    #[arg(long, env = "FITROOM_BATCH_SIZE", value_name = "N", default_value_t = 32,
          value_parser = batch_size)]
    pub batch_size: usize,

    /// Adam's learning rate
    #[arg(long, env = "FITROOM_LEARNING_RATE", value_name = "RATE", default_value_t = 0.001,
          value_parser = positive)]
    pub learning_rate: f64,

    /// Units of the hidden layers, first to last: 128, or 256,64
    #[arg(long, env = "FITROOM_HIDDEN", value_name = "UNITS", default_value = "128", value_delimiter = ',',
          value_parser = units)]
    pub hidden: Vec<usize>,

    /// The source of all randomness: one seed on one device gives the same weights, bit for bit
    #[arg(long, env = "FITROOM_SEED", value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Where to train: auto, cpu, cuda or cuda:N
    #[arg(long, env = "FITROOM_DEVICE", value_name = "DEVICE", default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,

    /// Threads of the CPU that train [default: what pays on this machine]
    #[arg(long, env = "FITROOM_THREADS", value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,

    /// A directory with another data set: the four IDX files, gzipped or plain, and perhaps labels.txt
    /// [default: Fashion-MNIST, compiled in]
    #[arg(long, env = "FITROOM_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Slow motion: train at most this many steps a second, 1 or more [default: full speed]
    #[arg(long, env = "FITROOM_PACE", value_name = "STEPS", value_parser = pace)]
    pub pace: Option<f64>,
}

/// How the screen looks.
#[derive(Args, Debug)]
#[command(next_help_heading = "Screen")]
pub struct Looks {
    /// Frames a second at the most, 1 to 60
    #[arg(long, env = "FITROOM_FPS", value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..=60))]
    pub fps: u32,

    /// Colours: as many as the terminal says it has (auto), none (never), or just so many
    #[arg(long, env = "FITROOM_COLOR", value_name = "WHEN", default_value = "auto")]
    pub color: Color,

    /// Draw with ASCII characters alone
    #[arg(long, env = "FITROOM_ASCII", value_parser = FalseyValueParser::new())]
    pub ascii: bool,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Truecolor where COLORTERM promises it, else 256 colours; none with `NO_COLOR`
    Auto,
    /// As auto, whatever `NO_COLOR` says
    Always,
    /// None
    Never,
    /// The terminal's own 16
    #[value(name = "16")]
    Ansi16,
    /// The palette of 256
    #[value(name = "256")]
    Ansi256,
    /// All
    Truecolor,
}

impl Training {
    /// The settings of the run.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            epochs: self.epochs,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            hidden: self.hidden.clone(),
            seed: self.seed,
            device: self.device,
            threads: self.threads,
        }
    }

    /// Where its data set comes from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.data.clone().map_or(Source::Embedded, Source::Directory)
    }
}

/// A whole number in the range, or what was expected instead.
fn whole(text: &str, least: usize, most: usize) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("expected a whole number from {least} to {most}")),
    }
}

fn batch_size(text: &str) -> Result<usize, String> {
    whole(text, 1, 60_000)
}

fn units(text: &str) -> Result<usize, String> {
    whole(text, 1, 16_384)
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    whole(text, 1, 1024).map(|number| NonZeroUsize::new(number).expect("the range begins at 1"))
}

fn positive(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(number) if f64::is_finite(number) && number > 0.0 => Ok(number),
        _ => Err("expected a positive number, such as 0.001".to_owned()),
    }
}

fn pace(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(number) if (1.0..=1e6).contains(&number) => Ok(number),
        _ => Err("expected a number of steps a second from 1 to 1000000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_options_it_is_the_tutorial() {
        let cli = parse("fitroom").expect("no option is needed");
        assert_eq!(cli.training.settings(), Settings::default());
        assert_eq!(cli.training.source(), Source::Embedded);
    }

    #[test]
    fn hidden_layers_are_separated_by_commas() {
        let cli = parse("fitroom --hidden 256,64").expect("two layers");
        assert_eq!(cli.training.hidden, [256, 64]);
    }

    #[test]
    fn what_is_out_of_range_is_wrong_usage() {
        for options in [
            "--epochs 0",
            "--epochs -1",
            "--batch-size 0",
            "--batch-size 60001",
            "--learning-rate 0",
            "--learning-rate -1",
            "--learning-rate nan",
            "--learning-rate inf",
            "--hidden 0",
            "--hidden 128,",
            "--hidden x",
            "--threads 0",
            "--pace 0",
            "--pace nan",
            "--fps 0",
            "--fps 61",
            "--color blue",
            "--device gpu",
            "--seed -1",
        ] {
            let error = parse(&format!("fitroom {options}")).expect_err(options);
            assert_eq!(error.exit_code(), 2, "{options}");
        }
    }
}
