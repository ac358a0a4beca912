//! The dashboard's state: what is known of the run and where the person stands in it. Reports and actions change it;
//! it draws nothing, waits for nothing and reads no clock.

pub mod history;
pub mod keys;
pub mod progress;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::{
    app::{
        history::{History, Point},
        progress::Progress,
    },
    fashion::{Class, Dataset},
    metrics::most_probable,
    protocol::{Batch, Command, EpochRecord, Probabilities, Report, Started, Usage},
};

/// Images that ↑ and ↓ pass over.
const ROW: usize = 10;
/// Images that a page passes over.
const PAGE: usize = 100;
/// Steps a second from which doubling leads back to full speed.
const FASTEST_PACE: f64 = 4096.0;

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The image before.
    Previous,
    /// The image after.
    Next,
    /// Ten images back.
    RowUp,
    /// Ten images on.
    RowDown,
    /// A hundred images back.
    PageUp,
    /// A hundred images on.
    PageDown,
    /// The first image.
    First,
    /// The last image.
    Last,
    /// The next image that the network gets wrong.
    NextWrong,
    /// The one before that it gets wrong.
    PreviousWrong,
    /// Begin to type an index.
    OpenPrompt,
    /// A character of the index.
    Type(char),
    /// Take the last character back.
    Erase,
    /// Go to the index typed.
    Accept,
    /// Ink light on dark, or dark on light.
    Invert,
    /// Pause or resume training.
    TogglePause,
    /// While paused: train one batch.
    Step,
    /// Halve the pace.
    Slower,
    /// Double the pace.
    Faster,
    /// Keep a checkpoint now.
    Save,
    /// Show or hide the help.
    ToggleHelp,
    /// Close what is open.
    Back,
    /// Draw the whole screen again.
    Redraw,
    /// Stop the program and give the terminal to the shell.
    Suspend,
    /// Leave.
    Quit,
}

/// How far the run is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The data set is read, the device is opened.
    Loading,
    /// Batches are trained.
    Training,
    /// Training waits for the person.
    Paused,
    /// The test images are predicted after an epoch.
    Evaluating,
    /// All epochs are trained.
    Done,
    /// Training ended early.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
}

/// What lies over the panes and takes the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The help.
    Help,
    /// An index is typed; this much of it.
    Prompt(String),
}

/// Every test image as the network saw it at one step.
#[derive(Clone, Debug)]
struct Predictions {
    step: u64,
    rows: Vec<Probabilities>,
}

/// One test image as the network saw it at one step.
#[derive(Clone, Copy, Debug)]
struct Live {
    index: usize,
    step: u64,
    probabilities: Probabilities,
}

/// The dashboard's state.
#[derive(Debug)]
pub struct App {
    data: Option<Arc<Dataset>>,
    started: Option<Started>,
    phase: Phase,
    batch: Option<Batch>,
    history: History,
    epochs: Vec<EpochRecord>,
    predictions: Option<Predictions>,
    live: Option<Live>,
    selected: usize,
    pace: Option<f64>,
    /// The highest rate seen at full speed, in steps a second.
    full_speed: Option<f64>,
    inverted: bool,
    overlay: Overlay,
    notice: Option<String>,
    /// How busy the device was lately.
    usage: Option<Usage>,
    /// Whether the person waits for a checkpoint.
    saving: bool,
    /// Why something of the run could not be kept lately.
    unsaved: Option<String>,
    quitting: bool,
}

impl App {
    /// A dashboard before its run. `pace`: at most this many steps a second.
    #[must_use]
    pub fn new(pace: Option<f64>) -> Self {
        Self {
            data: None,
            started: None,
            phase: Phase::Loading,
            batch: None,
            history: History::default(),
            epochs: Vec::new(),
            predictions: None,
            live: None,
            selected: 0,
            pace,
            full_speed: None,
            inverted: false,
            overlay: Overlay::None,
            notice: None,
            usage: None,
            saving: false,
            unsaved: None,
            quitting: false,
        }
    }

    /// Takes the data set, once it is read.
    pub fn load(&mut self, data: Arc<Dataset>) {
        self.data = Some(data);
    }

    /// Takes in what happened to the run.
    pub fn apply(&mut self, report: Report) {
        match report {
            Report::Started(started) => self.apply_started(started),
            Report::Batch(batch) => self.apply_batch(batch),
            Report::Prediction { index, step, probabilities } => {
                self.live = Some(Live { index, step, probabilities });
            }
            Report::Untrained { step, predictions } => self.predictions = Some(Predictions { step, rows: predictions }),
            Report::Paused => self.phase = Phase::Paused,
            Report::Resumed => self.phase = Phase::Training,
            Report::Paced { steps_per_second } => self.pace = steps_per_second,
            Report::Evaluating { .. } => self.phase = Phase::Evaluating,
            Report::Epoch { record, predictions } => {
                self.predictions = Some(Predictions { step: record.step, rows: predictions });
                self.epochs.push(record);
                self.phase = Phase::Training;
            }
            Report::Usage(usage) => self.usage = Some(usage),
            Report::Saved { step } => self.apply_saved(step),
            Report::NotSaved { reason } => {
                if std::mem::take(&mut self.saving) {
                    self.notice = None;
                }
                self.unsaved = Some(reason);
            }
            Report::Finished => self.phase = Phase::Done,
            Report::Failed { reason } => self.phase = Phase::Failed { reason },
        }
    }

    /// A run that goes on shows what it did before: its epochs, and their means as points of the curve.
    fn apply_started(&mut self, started: Started) {
        self.phase = Phase::Training;
        self.epochs.clone_from(&started.past);
        let mut before = 0;
        for &EpochRecord { step, loss, accuracy, .. } in &started.past {
            self.history.push(Point { step, steps: step - before, loss, accuracy });
            before = step;
        }
        self.started = Some(started);
    }

    fn apply_saved(&mut self, step: u64) {
        self.unsaved = None;
        if std::mem::take(&mut self.saving) {
            self.notice = Some(format!("saved as it is after step {step}"));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a batch size is far below 2⁵²")]
    fn apply_batch(&mut self, batch: Batch) {
        self.history.push(Point { step: batch.step, steps: batch.steps, loss: batch.loss, accuracy: batch.accuracy });
        if let (None, Some(started)) = (self.pace, &self.started) {
            let rate = batch.images_per_second / started.settings.batch_size as f64;
            self.full_speed = Some(self.full_speed.map_or(rate, |fastest| fastest.max(rate)));
        }
        self.batch = Some(batch);
    }

    /// Does what a key means; the command, if any, is for the worker.
    pub fn act(&mut self, action: Action) -> Option<Command> {
        self.notice = None;
        match action {
            Action::Previous => self.select(self.selected.saturating_sub(1)),
            Action::Next => self.select(self.selected + 1),
            Action::RowUp => self.select(self.selected.saturating_sub(ROW)),
            Action::RowDown => self.select(self.selected + ROW),
            Action::PageUp => self.select(self.selected.saturating_sub(PAGE)),
            Action::PageDown => self.select(self.selected + PAGE),
            Action::First => self.select(0),
            Action::Last => self.select(usize::MAX),
            Action::NextWrong => self.select_wrong(Direction::Forward),
            Action::PreviousWrong => self.select_wrong(Direction::Back),
            Action::OpenPrompt => self.show(Overlay::Prompt(String::new())),
            Action::Type(letter) => self.type_digit(letter),
            Action::Erase => self.erase(),
            Action::Accept => self.accept(),
            Action::Invert => self.invert(),
            Action::TogglePause => self.toggle_pause(),
            Action::Step => self.step(),
            Action::Slower => Some(self.slower()),
            Action::Faster => Some(self.faster()),
            Action::ToggleHelp => self.toggle_help(),
            Action::Back => self.show(Overlay::None),
            Action::Save => self.save(),
            Action::Quit => Some(self.quit()),
            // The terminal's own affairs.
            Action::Redraw | Action::Suspend => None,
        }
    }

    fn save(&mut self) -> Option<Command> {
        if self.started.is_none() {
            return self.notify("nothing to save yet");
        }
        self.saving = true;
        self.notice = Some("saving".to_owned());
        Some(Command::Save)
    }

    /// Selects the image at `index`, or the last one where there are fewer.
    fn select(&mut self, index: usize) -> Option<Command> {
        let last = self.data.as_ref()?.test.len() - 1;
        self.selected = index.min(last);
        Some(Command::Select { index: self.selected })
    }

    fn select_wrong(&mut self, direction: Direction) -> Option<Command> {
        let count = self.data.as_ref()?.test.len();
        if self.predictions.is_none() {
            return self.notify("no predictions yet: they come with the first evaluation");
        }
        let found = (1..=count)
            .map(|distance| match direction {
                Direction::Forward => (self.selected + distance) % count,
                Direction::Back => (self.selected + count - distance) % count,
            })
            .find(|&index| self.is_right(index) == Some(false));
        match found {
            None => self.notify("no wrong prediction among the test images"),
            Some(index) => {
                let wrapped = match direction {
                    Direction::Forward => index <= self.selected,
                    Direction::Back => index >= self.selected,
                };
                self.notice = wrapped.then(|| match direction {
                    Direction::Forward => "from the start again".to_owned(),
                    Direction::Back => "from the end again".to_owned(),
                });
                self.select(index)
            }
        }
    }

    fn type_digit(&mut self, letter: char) -> Option<Command> {
        match &mut self.overlay {
            Overlay::Prompt(text) if letter.is_ascii_digit() && text.len() < 9 => text.push(letter),
            Overlay::Prompt(_) => return self.notify("an index is made of digits"),
            Overlay::None | Overlay::Help => {}
        }
        None
    }

    fn erase(&mut self) -> Option<Command> {
        if let Overlay::Prompt(text) = &mut self.overlay {
            text.pop();
        }
        None
    }

    fn accept(&mut self) -> Option<Command> {
        let Overlay::Prompt(text) = std::mem::take(&mut self.overlay) else { return None };
        let last = self.data.as_ref()?.test.len() - 1;
        match text.parse() {
            Err(_) => None,
            Ok(index) if index > last => self.notify(&format!("no test image {index}: the last one is {last}")),
            Ok(index) => self.select(index),
        }
    }

    fn invert(&mut self) -> Option<Command> {
        self.inverted = !self.inverted;
        None
    }

    fn toggle_pause(&mut self) -> Option<Command> {
        match self.phase {
            Phase::Training | Phase::Evaluating => {
                self.phase = Phase::Paused;
                Some(Command::Pause)
            }
            Phase::Paused => {
                self.phase = Phase::Training;
                Some(Command::Resume)
            }
            Phase::Loading => self.notify("training has not begun"),
            Phase::Done | Phase::Failed { .. } => self.notify("training has ended"),
        }
    }

    fn step(&mut self) -> Option<Command> {
        match self.phase {
            Phase::Paused => Some(Command::Step),
            Phase::Done | Phase::Failed { .. } => self.notify("training has ended"),
            Phase::Loading | Phase::Training | Phase::Evaluating => {
                self.notify("pause first (Space), then batch by batch")
            }
        }
    }

    fn slower(&mut self) -> Command {
        let from = self.pace.or(self.full_speed).unwrap_or(FASTEST_PACE).max(2.0);
        // A power of two is a pace that a person can name, whatever the machine's own was.
        self.set_pace(Some((from / 2.0).log2().floor().exp2()))
    }

    fn faster(&mut self) -> Command {
        let fastest = self.full_speed.unwrap_or(FASTEST_PACE);
        self.set_pace(self.pace.map(|pace| pace * 2.0).filter(|pace| *pace < fastest))
    }

    fn set_pace(&mut self, pace: Option<f64>) -> Command {
        self.pace = pace;
        Command::Pace { steps_per_second: pace }
    }

    fn toggle_help(&mut self) -> Option<Command> {
        let next = if self.overlay == Overlay::Help { Overlay::None } else { Overlay::Help };
        self.show(next)
    }

    fn show(&mut self, overlay: Overlay) -> Option<Command> {
        self.overlay = overlay;
        None
    }

    fn quit(&mut self) -> Command {
        self.quitting = true;
        Command::Stop
    }

    fn notify(&mut self, words: &str) -> Option<Command> {
        self.notice = Some(words.to_owned());
        None
    }

    /// The data set, once it is read.
    #[must_use]
    pub fn data(&self) -> Option<&Dataset> {
        self.data.as_deref()
    }

    /// The facts of the run, once it has begun.
    #[must_use]
    pub fn started(&self) -> Option<&Started> {
        self.started.as_ref()
    }

    /// How far the run is.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Where the newest batch stands.
    #[must_use]
    pub fn batch(&self) -> Option<&Batch> {
        self.batch.as_ref()
    }

    /// The run's curve.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The figures of the epochs so far, oldest first.
    #[must_use]
    pub fn epochs(&self) -> &[EpochRecord] {
        &self.epochs
    }

    /// How far the run is, once it has begun.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        Some(Progress::new(self.started.as_ref()?, self.batch.as_ref(), &self.epochs))
    }

    /// Index of the selected test image.
    #[must_use]
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The freshest prediction of the test image at `index`.
    #[must_use]
    pub fn prediction(&self, index: usize) -> Option<&Probabilities> {
        let live = self.live.as_ref().filter(|live| live.index == index);
        let all = self.predictions.as_ref().and_then(|all| Some((all.step, all.rows.get(index)?)));
        match (live, all) {
            (Some(live), Some((step, _))) if live.step >= step => Some(&live.probabilities),
            (_, Some((_, row))) => Some(row),
            (live, None) => live.map(|live| &live.probabilities),
        }
    }

    /// Whether the test image at `index` is predicted as what it is.
    fn is_right(&self, index: usize) -> Option<bool> {
        let truth: Class = self.data.as_ref()?.test.class(index);
        Some(most_probable(self.prediction(index)?) == truth)
    }

    /// Steps a second that training keeps to; `None`: as fast as it can.
    #[must_use]
    pub fn pace(&self) -> Option<f64> {
        self.pace
    }

    /// Whether pictures are drawn light on dark.
    #[must_use]
    pub fn inverted(&self) -> bool {
        self.inverted
    }

    /// What lies over the panes.
    #[must_use]
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// How busy the device was lately, while training was not over.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref().filter(|_| matches!(self.phase, Phase::Training | Phase::Evaluating))
    }

    /// Why something of the run could not be kept lately.
    #[must_use]
    pub fn unsaved(&self) -> Option<&str> {
        self.unsaved.as_deref()
    }

    /// A sentence for the person about the last key.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Whether the person has left.
    #[must_use]
    pub fn quitting(&self) -> bool {
        self.quitting
    }
}

/// The way through the test images.
#[derive(Clone, Copy)]
enum Direction {
    Forward,
    Back,
}
