//! The command line: arguments and their environment variables, checked and turned into settings. Runs nothing.

mod defaults;
mod manual;
mod variables;

use std::{ffi::OsString, fmt, io, num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::{Args, CommandFactory, FromArgMatches, Parser, ValueEnum};
use clap_complete::Shell;

pub use self::defaults::{Configured, Origin, Setting};
use crate::{
    fashion::Source,
    printable::thousands,
    settings::{DeviceChoice, Difference, Settings},
};

/// The most epochs that can be asked for.
pub const MOST_EPOCHS: u32 = 100_000;

/// Train a Fashion-MNIST classifier live in the terminal, watch it learn, and browse what it predicts.
///
/// Without a command, fitroom opens the dashboard and starts training. If standard output is not a terminal, it does
/// the same as `fitroom train`.
#[derive(Debug, Parser)]
#[command(version, bin_name = "fitroom", max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Cli {
    /// What to do instead of opening the dashboard.
    #[command(subcommand)]
    pub command: Option<Subcommand>,
    /// The run.
    #[command(flatten)]
    pub training: Training,
    /// What is kept of it.
    #[command(flatten)]
    pub keeping: Keeping,
    /// Its looks.
    #[command(flatten)]
    pub looks: Looks,
    /// What is told beside it.
    #[command(flatten)]
    pub telling: Telling,
    /// Its file.
    #[command(flatten)]
    pub file: ConfigurationFile,
    /// What holds in the end, and where it is from.
    #[arg(skip)]
    pub configured: Configured,
}

/// A command line with nothing to run: it is wrong, or it asks for help or for the version.
#[derive(Debug)]
pub struct Refusal(clap::Error);

impl Refusal {
    /// Prints what is wrong with it, or what it asks for.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print(&self) -> io::Result<()> {
        self.0.print()
    }

    /// The program's exit status.
    #[must_use]
    pub fn status(&self) -> u8 {
        u8::try_from(self.0.exit_code()).unwrap_or(2)
    }
}

impl fmt::Display for Refusal {
    /// What [`Refusal::print`] prints, without colours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.render())
    }
}

impl Cli {
    /// Reads these arguments, which begin with the program's name, and the environment.
    ///
    /// # Errors
    /// When they are wrong, or ask for help or the version.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Refusal> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        Self::of(&arguments).map_err(|error| Refusal(variables::printable(error)))
    }

    fn of(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let (command, mut configured) = (Self::command(), Configured::default());
        let outcome = variables::read(&command, arguments, |meant, given| configured.read(&command, meant, given))?;
        let mut cli = Self::from_arg_matches(&outcome.matches)?;
        if let (Some(Subcommand::Config { .. }), Some((name, below))) = (&cli.command, outcome.matches.subcommand()) {
            let meant = command.find_subcommand(name).expect("the arguments were read by this command");
            configured.settings = defaults::settings(&command, meant, below, &outcome);
        }
        cli.configured = configured;
        Ok(cli)
    }

    /// The script that completes this command line in this shell.
    #[must_use]
    pub fn completions(shell: Shell) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut variables::named(Self::command()), "fitroom", &mut script);
        script
    }

    /// The manual page of the program, followed by those of its commands.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "memory takes all")]
    pub fn manual() -> Vec<u8> {
        let mut fitroom = variables::named(Self::command()).disable_help_subcommand(true);
        fitroom.build();
        let mut pages = Vec::new();
        for page in [&fitroom].into_iter().chain(fitroom.get_subcommands()) {
            manual::write(page, &mut pages).expect("memory takes all");
        }
        pages
    }
}

/// What there is besides the dashboard.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Train without the dashboard: show a progress bar on a terminal, else print one line per epoch
    Train {
        /// The run.
        #[command(flatten)]
        training: Training,
        /// What is kept of it.
        #[command(flatten)]
        keeping: Keeping,
        /// Print one line of JSON per epoch, the same as in metrics.jsonl
        #[arg(long)]
        json: bool,
        /// Train in the background: print the run's name once it trains, and give the shell back
        #[arg(long, conflicts_with_all = ["no_save", "json"])]
        detach: bool,
        /// Say in a line of JSON what trains, and leave the terminal.
        #[arg(long, hide = true, conflicts_with_all = ["no_save", "json"])]
        background: bool,
        /// What is told beside it.
        #[command(flatten)]
        telling: Telling,
        /// Its file.
        #[command(flatten)]
        file: ConfigurationFile,
    },
    /// Evaluate a run on the test images: loss, accuracy, figures per class, confusion matrix
    Evaluate {
        /// A run's name or directory [default: the newest that has a checkpoint]
        #[arg(value_name = "RUN")]
        argument: Option<PathBuf>,
        /// The same, as predict takes it
        #[arg(long, value_name = "RUN", conflicts_with = "argument")]
        run: Option<PathBuf>,
        /// Where to look.
        #[command(flatten)]
        directories: Directories,
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Show images, and what a run's network predicts for them
    Predict {
        /// Indices of test images, or files: PNG, JPEG, WebP or IDX images; - is standard input, ./12 is a file
        /// named 12
        #[arg(required = true, value_name = "INDEX|FILE")]
        inputs: Vec<OsString>,
        /// Take pictures as they are, with light ink on black: only make them grey and fit them into 28×28, without
        /// subtracting the ground, trimming margins or inverting
        #[arg(long)]
        as_is: bool,
        /// A run's name or directory [default: the newest that has a checkpoint]
        #[arg(long, value_name = "RUN")]
        run: Option<PathBuf>,
        /// Where to look.
        #[command(flatten)]
        directories: Directories,
        /// Print one line of JSON per image, with its ten probabilities
        #[arg(long)]
        json: bool,
        /// How it looks.
        #[command(flatten)]
        colours: Colours,
    },
    /// Open the dashboard on a run that another program trains, or that has ended
    Watch {
        /// A run's name or directory [default: the newest that trains, else the newest]
        #[arg(value_name = "RUN")]
        argument: Option<PathBuf>,
        /// The same, as predict takes it
        #[arg(long, value_name = "RUN", conflicts_with = "argument")]
        run: Option<PathBuf>,
        /// Where to look.
        #[command(flatten)]
        directories: Directories,
        /// Its looks.
        #[command(flatten)]
        looks: Looks,
        /// What is told beside it.
        #[command(flatten)]
        telling: Telling,
    },
    /// Save and end a run that another program trains
    Stop {
        /// A run's name or directory [default: the newest that trains]
        #[arg(value_name = "RUN")]
        argument: Option<PathBuf>,
        /// The same, as predict takes it
        #[arg(long, value_name = "RUN", conflicts_with = "argument")]
        run: Option<PathBuf>,
        /// The directory of all runs
        #[arg(long, value_name = "DIR", default_value = "runs")]
        runs: PathBuf,
        /// Its file.
        #[command(flatten)]
        file: ConfigurationFile,
    },
    /// List the runs, newest first, with their best test accuracy
    Runs {
        /// The directory of all runs
        #[arg(long, value_name = "DIR", default_value = "runs")]
        runs: PathBuf,
        /// Print one line of JSON per run
        #[arg(long)]
        json: bool,
        /// Its file.
        #[command(flatten)]
        file: ConfigurationFile,
    },
    /// Show what holds for each option, and where that comes from: the command line, the environment, the
    /// configuration file or fitroom itself; and the keys that the file has bound anew
    Config {
        /// The run.
        #[command(flatten)]
        training: Training,
        /// What is kept of it.
        #[command(flatten)]
        keeping: Keeping,
        /// Its looks.
        #[command(flatten)]
        looks: Looks,
        /// What is told beside it.
        #[command(flatten)]
        telling: Telling,
        /// Its file.
        #[command(flatten)]
        file: ConfigurationFile,
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the shell script that completes fitroom's command line
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual pages of fitroom and of its commands
    Man,
}

/// Where runs and images are.
#[derive(Args, Debug)]
pub struct Directories {
    /// The directory of all runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,

    /// Use this data set instead of the run's: a directory with the four IDX files
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Its file.
    #[command(flatten)]
    pub file: ConfigurationFile,
}

/// The configuration file. What it says is read before the rest of the command line.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigurationFile {
    /// A file with defaults for options, and keys (docs/config.md), or none
    /// [default: ~/.config/fitroom/config.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// A saved run, and images for it.
#[derive(Clone, Debug)]
pub struct Which {
    /// Its name or directory; `None`: the newest that has a checkpoint.
    pub run: Option<PathBuf>,
    /// The directory of all runs.
    pub runs: PathBuf,
    /// A data set to use instead of its own.
    pub data: Option<PathBuf>,
}

impl Directories {
    /// This run in these directories.
    #[must_use]
    pub fn which(self, run: Option<PathBuf>) -> Which {
        Which { run, runs: self.runs, data: self.data }
    }
}

/// What is kept of a run.
#[derive(Args, Debug)]
#[command(next_help_heading = "Keeping")]
pub struct Keeping {
    /// The directory of all runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,

    /// The name of a new run [default: the time, such as 2026-11-23T18-31-22]
    #[arg(long, value_name = "NAME")]
    pub run: Option<OsString>,

    /// Continue a run from its last checkpoint, with the same weights as if it had never stopped: a run's name or
    /// directory [default: the newest that has a checkpoint]; --epochs may be raised
    #[arg(long, value_name = "RUN", num_args = 0..=1, conflicts_with = "run")]
    pub resume: Option<Option<PathBuf>>,

    /// Save this often during an epoch too, as long as it costs no more than 1 percent; 0 or off: only after each
    /// epoch
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = interval)]
    pub save_every: Interval,

    /// Keep nothing of the run
    #[arg(long, conflicts_with_all = ["run", "resume"])]
    pub no_save: bool,

    /// Run this by sh once the training has ended, failed or been stopped, with the run's directory and state in
    /// variables (docs/runs.md) [default: nothing]
    #[arg(long, value_name = "COMMAND")]
    pub on_end: Option<String>,
}

/// What the terminal is told beside what it shows.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Terminal")]
pub struct Telling {
    /// Ring the bell, and have the terminal show a notice if it can, when the training ends or fails
    #[arg(long)]
    pub notify: bool,

    /// Leave the terminal's title as it is, and the progress that some show beside it
    #[arg(long)]
    pub no_title: bool,
}

/// How much time passes until something is done again; `None`: it is not done again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval(pub Option<Duration>);

/// What to train, on what.
#[derive(Args, Debug)]
#[command(next_help_heading = "Training")]
pub struct Training {
    /// Passes over all training images [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_EPOCHS)))]
    pub epochs: Option<u32>,

    /// Images per step, 1 to 60,000 [default: 32]
    #[arg(long, value_name = "N", value_parser = batch_size)]
    pub batch_size: Option<usize>,

    /// Adam's learning rate [default: 0.001]
    #[arg(long, value_name = "RATE", value_parser = positive)]
    pub learning_rate: Option<f64>,

    /// Units of the hidden layers, first to last: 128, or 256,64 [default: 128]
    #[arg(long, value_name = "UNITS", value_delimiter = ',', value_parser = units)]
    pub hidden: Option<Vec<usize>>,

    /// The source of all randomness: one seed on one device gives the same weights, bit for bit [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Where to train: auto, cpu, cuda or cuda:N [default: auto]
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<DeviceChoice>,

    /// How many CPU threads train [default: as many as pay off on this machine]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,

    /// A directory with another data set: the four IDX files, gzipped or plain, and optionally labels.txt
    /// [default: Fashion-MNIST, compiled in]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Slow motion: train at most this many steps per second, 1 or more [default: full speed]
    #[arg(long, value_name = "STEPS", value_parser = pace)]
    pub pace: Option<f64>,
}

/// How the screen looks.
#[derive(Args, Debug)]
#[command(next_help_heading = "Screen")]
pub struct Looks {
    /// The most frames per second, 1 to 60
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..=60))]
    pub fps: u32,

    /// Leave the mouse to the terminal, for selecting text
    #[arg(long)]
    pub no_mouse: bool,

    /// What to draw pictures as; without colours, and in ASCII, they are characters whatever this says
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub graphics: Graphics,

    /// Its colours.
    #[command(flatten)]
    pub colours: Colours,
}

/// What to draw with.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Screen")]
pub struct Colours {
    /// Which colours to use
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,

    /// Which colours stand for right and wrong, for and against
    #[arg(long, value_name = "NAME", default_value = "standard")]
    pub palette: Palette,

    /// Draw with ASCII characters only; this is the default on the Linux console, and if a locale other than UTF-8 is
    /// set
    #[arg(long)]
    pub ascii: bool,
}

/// `--graphics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Graphics {
    /// Images where TERM names a terminal that is known to draw them, half blocks elsewhere, inside tmux, GNU screen
    /// and Zellij, and in recordings
    Auto,
    /// Half blocks, two pixels a cell
    Blocks,
    /// Images of kitty's graphics protocol, with Unicode placeholders (kitty, Ghostty)
    Kitty,
    /// Sixel images, if the terminal says how many pixels a cell has
    Sixel,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// As many as TERM, COLORTERM and what else is set say that the terminal has, 256 if they say nothing; none with
    /// `NO_COLOR`
    Auto,
    /// The same as auto, but ignore `NO_COLOR`, and at least 16
    Always,
    /// No colours
    Never,
    /// The terminal's own 16 colours
    #[value(name = "16")]
    Ansi16,
    /// The palette of 256 colours
    #[value(name = "256")]
    Ansi256,
    /// All colours
    Truecolor,
}

/// `--palette`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Palette {
    /// Green is right and red is wrong
    Standard,
    /// Blue is right and orange is wrong, which the colour-blind tell apart too
    #[value(name = "color-blind", alias = "colour-blind")]
    ColorBlind,
}

impl Keeping {
    /// How often to save while an epoch lasts.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        self.save_every.0
    }

    /// What a shell is to run once the training has ended; an empty command is none.
    #[must_use]
    pub fn at_end(&self) -> Option<String> {
        self.on_end.clone().filter(|command| !command.trim().is_empty())
    }
}

impl Training {
    /// The settings of a new run: the tutorial's, unless something else is asked for.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.over(&Settings::default())
    }

    /// The settings with which a run that was begun with `run` goes on; the epochs, the device and the threads may
    /// change.
    ///
    /// # Errors
    /// What differs, where something else is asked for than the run was begun with.
    pub fn settings_of(&self, run: &Settings) -> Result<Settings, Difference> {
        let settings = self.over(run);
        run.difference(&settings).map_or(Ok(settings), Err)
    }

    /// These settings, except for what is asked for.
    fn over(&self, settings: &Settings) -> Settings {
        Settings {
            epochs: self.epochs.unwrap_or(settings.epochs),
            batch_size: self.batch_size.unwrap_or(settings.batch_size),
            learning_rate: self.learning_rate.unwrap_or(settings.learning_rate),
            model: settings.model,
            hidden: self.hidden.clone().unwrap_or_else(|| settings.hidden.clone()),
            seed: self.seed.unwrap_or(settings.seed),
            device: self.device.unwrap_or(settings.device),
            threads: self.threads.or(settings.threads),
        }
    }

    /// Where its data set comes from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.data.clone().map_or(Source::Embedded, Source::at)
    }
}

/// Reads a whole number of this range, or says what was expected.
fn whole(text: &str, least: usize, most: usize) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("expected a whole number from {least} to {}", thousands(most as u64))),
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

fn interval(text: &str) -> Result<Interval, String> {
    if text.trim().eq_ignore_ascii_case("off") {
        return Ok(Interval(None));
    }
    match text.trim().parse() {
        Ok(0.0) => Ok(Interval(None)),
        Ok(seconds) if (0.01..=1e6).contains(&seconds) => Ok(Interval(Some(Duration::from_secs_f64(seconds)))),
        _ => Err("expected seconds from 0.01 to 1,000,000, or off".to_owned()),
    }
}

fn pace(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(number) if (1.0..=1e6).contains(&number) => Ok(number),
        _ => Err("expected a number of steps per second from 1 to 1,000,000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_option_reads_the_environment_by_itself() {
        let command = Cli::command();
        for command in command.get_subcommands().chain([&command]) {
            assert!(command.get_arguments().all(|option| option.get_env().is_none()), "{}", command.get_name());
        }
    }

    #[test]
    fn without_options_it_is_the_tutorial() {
        let cli = parse("fitroom").expect("no option is needed");
        assert_eq!(cli.training.settings(), Settings::default());
        assert_eq!(cli.training.source(), Source::Embedded);
    }

    #[test]
    fn what_is_asked_of_a_run_takes_it_as_an_option_and_all_but_predict_as_their_argument_too() {
        let run_of = |line: &str| match parse(line).expect(line).command {
            Some(
                Subcommand::Evaluate { argument, run, .. }
                | Subcommand::Watch { argument, run, .. }
                | Subcommand::Stop { argument, run, .. },
            ) => argument.or(run),
            Some(Subcommand::Predict { run, .. }) => run,
            other => panic!("{other:?}"),
        };
        assert_eq!(run_of("fitroom predict 7 --run coat"), Some(PathBuf::from("coat")));
        for command in ["evaluate", "watch", "stop"] {
            for option in ["", "--run "] {
                let line = format!("fitroom {command} {option}coat");
                assert_eq!(run_of(&line), Some(PathBuf::from("coat")), "{line}");
            }
            assert_eq!(run_of(&format!("fitroom {command}")), None);
            assert!(parse(&format!("fitroom {command} coat --run shirt")).is_err(), "which of the two?");
        }
    }

    #[test]
    fn hidden_layers_are_separated_by_commas() {
        let cli = parse("fitroom --hidden 256,64").expect("two layers");
        assert_eq!(cli.training.settings().hidden, [256, 64]);
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
            "--save-every -1",
            "--save-every nan",
            "--save-every never",
            "--fps 0",
            "--fps 61",
            "--color blue",
            "--palette red",
            "--graphics png",
            "--device gpu",
            "--seed -1",
        ] {
            let error = parse(&format!("fitroom {options}")).expect_err(options);
            assert_eq!(error.exit_code(), 2, "{options}");
        }
    }
}
