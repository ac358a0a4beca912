//! The dashboard's state: what is known of the run and where the person stands in it. Reports and actions change it;
//! it draws nothing, waits for nothing and reads no clock.

mod act;
pub mod album;
pub mod archive;
pub mod chart;
pub mod history;
pub mod keys;
pub mod progress;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::{
    album::Album,
    archive::{Archive, Moment},
    chart::Chart,
    history::{History, Point},
    progress::Progress,
};
use crate::{
    fashion::{CLASSES, Class, Dataset, Survey},
    protocol::{
        Attribution, Batch, Command, EpochRecord, Neuron, OtherRun, Probabilities, Report, Started, Units, Usage,
    },
};

/// What a key or a click means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// One to the left, or back.
    Previous,
    /// One to the right, or on.
    Next,
    /// A row up, or back.
    RowUp,
    /// A row down, or on.
    RowDown,
    /// A page back.
    PageUp,
    /// A page on.
    PageDown,
    /// To the first.
    First,
    /// To the last.
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
    /// Leave images of the next class alone, and after the last class all.
    NextClass,
    /// Leave mistakes alone, or all again.
    ToggleWrong,
    /// Leave all images.
    ClearFilter,
    /// The next order of the images.
    NextOrder,
    /// See the predictions of an epoch before.
    Earlier,
    /// See those of an epoch later, and after the last one those of now.
    Later,
    /// See the predictions as they were at this step.
    See(u64),
    /// Ink light on dark, or dark on light.
    Invert,
    /// Larger pictures, a shorter part of the curves.
    ZoomIn,
    /// Smaller pictures, a longer part of the curves.
    ZoomOut,
    /// Show or hide which pixels speak for the prediction.
    ToggleExplain,
    /// Test images or training images.
    ToggleHalf,
    /// Smooth the curves more, and after the most not at all.
    NextSmoothing,
    /// A logarithmic axis for the loss, or a plain one.
    ToggleLogarithm,
    /// Count the curves' axis in epochs or in steps.
    ToggleUnit,
    /// Choose a run to be laid over the curves.
    PickRun,
    /// Show this screen.
    Show(Screen),
    /// The next screen.
    NextScreen,
    /// The screen before.
    PreviousScreen,
    /// Go into what is selected; take what is typed or chosen.
    Enter,
    /// Close what is open; back to where one came from.
    Back,
    /// Select the image at this index, or go into it where it is selected.
    PickImage(usize),
    /// Select this unit, or go into it where it is selected.
    PickUnit(usize),
    /// Select the images of one class that are taken for another, or go into them where they are selected.
    PickCell(Class, Class),
    /// Select this class, or go into it where it is selected.
    PickClass(Class),
    /// Put the cursor of the curves on this step.
    PickStep(u64),
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
    /// Draw the whole screen again.
    Redraw,
    /// Stop the program and give the terminal to the shell.
    Suspend,
    /// Leave.
    Quit,
}

/// The screens, in the order of their digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// The training, one image, its prediction.
    #[default]
    Dashboard,
    /// Many images.
    Gallery,
    /// Which classes are taken for which.
    Confusion,
    /// Loss and accuracy.
    Curves,
    /// What there is to learn from.
    Data,
    /// What the first layer's units look for.
    Neurons,
}

impl Screen {
    /// All of them, in their order.
    pub const ALL: [Self; 6] =
        [Self::Dashboard, Self::Gallery, Self::Confusion, Self::Curves, Self::Data, Self::Neurons];

    /// Its place among all, from 0.
    #[must_use]
    pub fn place(self) -> usize {
        Self::ALL.iter().position(|screen| *screen == self).unwrap_or_default()
    }
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
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The help.
    Help {
        /// Its page, from 0.
        page: usize,
    },
    /// An index is typed; this much of it.
    Prompt(String),
    /// A run is chosen, to be compared with.
    Runs(Choice),
}

/// The runs that can be compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// Those that there are, newest first; `None` while they are read.
    pub runs: Option<Vec<OtherRun>>,
    /// The chosen row: 0 is none of them, and then they follow.
    pub row: usize,
}

/// Which images the gallery shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Half {
    /// Those that the network is measured with.
    #[default]
    Test,
    /// Those that it learns from.
    Train,
}

/// How much of something the terminal holds at once. The state knows no terminal, so it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Side by side; at least 1.
    pub columns: usize,
    /// One below the other; at least 1.
    pub rows: usize,
    /// The largest picture that fits; 0 is half of the usual size, which is 1.
    pub largest: u16,
    /// Pages that the help has; at least 1.
    pub help: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { columns: 10, rows: 10, largest: 1, help: 1 }
    }
}

impl Page {
    /// How many fit.
    #[must_use]
    pub fn count(&self) -> usize {
        self.columns * self.rows
    }

    /// The first place of the page that this place is on.
    #[must_use]
    pub fn start(&self, place: usize) -> usize {
        place / self.count() * self.count()
    }
}

/// How pictures are drawn. Of their sizes 0 is half of the usual one, which is 1.
#[derive(Clone, Copy, Debug, Default)]
struct Pictures {
    /// `None`: as large as they fit.
    dashboard: Option<u16>,
    gallery: u16,
    neurons: u16,
    /// Light on dark.
    inverted: bool,
    /// With what the pixels say for and against the prediction.
    explain: bool,
}

/// Units of the first layer as they were at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Neurons {
    /// Steps that were trained.
    pub step: u64,
    /// How many units the layer has.
    pub of: usize,
    /// Those that are known.
    pub neurons: Vec<Neuron>,
}

/// One test image as the network saw it at one step.
#[derive(Clone, Copy, Debug)]
struct Live {
    index: usize,
    step: u64,
    probabilities: Probabilities,
}

/// Where a person was before going into something.
#[derive(Clone, Debug)]
struct Place {
    screen: Screen,
    is_large: bool,
    half: Half,
    filter: album::Filter,
}

/// The dashboard's state.
#[derive(Debug)]
pub struct App {
    data: Option<Arc<Dataset>>,
    survey: Option<Survey>,
    started: Option<Started>,
    phase: Phase,
    batch: Option<Batch>,
    history: History,
    epochs: Vec<EpochRecord>,
    archive: Archive,
    live: Option<Live>,
    attribution: Option<Attribution>,
    neurons: Option<Neurons>,
    pace: Option<f64>,
    /// The highest rate seen at full speed, in steps a second.
    full_speed: Option<f64>,
    /// How busy the device was lately.
    usage: Option<Usage>,

    screen: Screen,
    overlay: Overlay,
    /// Where one goes back to.
    trail: Vec<Place>,
    page: Page,
    /// The step of the moment that is shown; `None`: now.
    seen: Option<u64>,
    test: Album,
    train: Album,
    half: Half,
    /// Whether one image, or one unit, has the whole screen.
    is_large: bool,
    pictures: Pictures,
    cell: Option<(Class, Class)>,
    class: Class,
    unit: usize,
    chart: Chart,
    /// What the worker was last asked to look into.
    asked: (bool, Option<Units>),

    notice: Option<String>,
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
            survey: None,
            started: None,
            phase: Phase::Loading,
            batch: None,
            history: History::default(),
            epochs: Vec::new(),
            archive: Archive::default(),
            live: None,
            attribution: None,
            neurons: None,
            pace,
            full_speed: None,
            usage: None,
            screen: Screen::default(),
            overlay: Overlay::None,
            trail: Vec::new(),
            page: Page::default(),
            seen: None,
            test: Album::default(),
            train: Album::default(),
            half: Half::default(),
            is_large: false,
            pictures: Pictures::default(),
            cell: None,
            class: Class::FIRST,
            unit: 0,
            chart: Chart::default(),
            asked: (false, None),
            notice: None,
            saving: false,
            unsaved: None,
            quitting: false,
        }
    }

    /// Takes the data set, once it is read.
    pub fn load(&mut self, data: Arc<Dataset>) {
        self.train.arrange(data.train.classes(), None);
        self.data = Some(data);
        self.arrange();
    }

    /// Whether the data set is to be counted for the screen that is shown.
    #[must_use]
    pub fn wants_survey(&self) -> bool {
        self.screen == Screen::Data && self.survey.is_none() && self.data.is_some()
    }

    /// Takes what the data set is made of.
    pub fn take_survey(&mut self, survey: Survey) {
        self.survey = Some(survey);
    }

    /// Whether the runs that can be compared with are waited for.
    #[must_use]
    pub fn wants_runs(&self) -> bool {
        matches!(&self.overlay, Overlay::Runs(Choice { runs: None, .. }))
    }

    /// Takes the runs that can be compared with, newest first, or why they cannot be read.
    pub fn take_runs(&mut self, runs: Result<Vec<OtherRun>, String>) {
        if !self.wants_runs() {
            return;
        }
        let own = self.started.as_ref().and_then(|started| started.run.as_ref());
        match runs {
            Ok(mut runs) => {
                runs.retain(|run| Some(&run.name) != own && !run.epochs.is_empty());
                self.overlay = Overlay::Runs(Choice { row: usize::from(!runs.is_empty()), runs: Some(runs) });
            }
            Err(reason) => {
                self.overlay = Overlay::None;
                self.notice = Some(reason);
            }
        }
    }

    /// Takes how much the terminal holds of the screen that is shown.
    pub fn fit(&mut self, page: Page) {
        self.page = page;
    }

    /// What the worker is to look into from now on, where that has changed: no more than is seen.
    pub fn requests(&mut self) -> Vec<Command> {
        let explain = self.shows_explanation();
        let units = (self.screen == Screen::Neurons).then(|| self.units());
        let mut commands = Vec::new();
        if self.asked.0 != explain {
            commands.push(Command::Explain { on: explain });
        }
        if self.asked.1 != units {
            commands.push(Command::Watch { units });
        }
        self.asked = (explain, units);
        commands
    }

    /// The units that are seen.
    fn units(&self) -> Units {
        if self.is_large {
            return Units { first: self.unit, count: 1 };
        }
        Units { first: self.page.start(self.unit), count: self.page.count() }
    }

    /// Takes in what happened to the run.
    pub fn apply(&mut self, report: Report) {
        match report {
            Report::Started(started) => self.apply_started(started),
            Report::Batch(batch) => self.apply_batch(batch),
            Report::Prediction { index, step, probabilities } => {
                self.live = Some(Live { index, step, probabilities });
            }
            Report::Attribution(attribution) => self.attribution = Some(attribution),
            Report::Neurons { step, of, neurons } => self.neurons = Some(Neurons { step, of, neurons }),
            Report::Untrained { step, predictions } => {
                let epochs = self.epochs.len();
                let is_whole = step == self.epochs.last().map_or(0, |record| record.step);
                self.keep(u32::try_from(epochs).unwrap_or(u32::MAX), step, is_whole, predictions);
            }
            Report::Paused => self.phase = Phase::Paused,
            Report::Resumed => self.phase = Phase::Training,
            Report::Paced { steps_per_second } => self.pace = steps_per_second,
            Report::Evaluating { .. } => self.phase = Phase::Evaluating,
            Report::Epoch { record, predictions } => {
                self.keep(record.epoch, record.step, true, predictions);
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

    /// Keeps every test image's prediction, and shows them unless the person is looking at others.
    fn keep(&mut self, epoch: u32, step: u64, is_whole: bool, predictions: Vec<Probabilities>) {
        let truths = self.data.as_ref().map_or(&[][..], |data| data.test.classes());
        self.archive.push(Moment::new(epoch, step, is_whole, truths, predictions));
        if self.seen.is_none() {
            self.arrange();
        }
    }

    /// Makes the list of test images anew, after what it goes by has changed.
    fn arrange(&mut self) {
        let Self { data, archive, seen, test, .. } = self;
        if let Some(data) = data {
            test.arrange(data.test.classes(), moment(archive, *seen));
        }
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

    /// The data set, once it is read.
    #[must_use]
    pub fn data(&self) -> Option<&Dataset> {
        self.data.as_deref()
    }

    /// What the data set is made of, once it is counted.
    #[must_use]
    pub fn survey(&self) -> Option<&Survey> {
        self.survey.as_ref()
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

    /// The screen that is shown.
    #[must_use]
    pub fn screen(&self) -> Screen {
        self.screen
    }

    /// Whether one image, or one unit, has the whole screen.
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.is_large
    }

    /// Which images the screen shows: training images in the gallery alone.
    #[must_use]
    pub fn half(&self) -> Half {
        if self.screen == Screen::Gallery { self.half } else { Half::Test }
    }

    /// The images that the screen shows.
    #[must_use]
    pub fn album(&self) -> &Album {
        match self.half() {
            Half::Test => &self.test,
            Half::Train => &self.train,
        }
    }

    /// Index of the selected image among those that the screen shows.
    #[must_use]
    pub fn selected(&self) -> usize {
        self.album().selected()
    }

    /// The selected image, unless the filter leaves none at all.
    #[must_use]
    pub fn image(&self) -> Option<usize> {
        (!self.album().is_empty()).then(|| self.selected())
    }

    /// What the terminal holds of the screen.
    #[must_use]
    pub fn page(&self) -> Page {
        self.page
    }

    /// The size of the screen's pictures; `None`: as large as they fit. 0 is half of the usual size, which is 1.
    #[must_use]
    pub fn size(&self) -> Option<u16> {
        match self.screen {
            Screen::Gallery => Some(self.pictures.gallery),
            Screen::Neurons => Some(self.pictures.neurons),
            Screen::Dashboard => self.pictures.dashboard,
            Screen::Confusion | Screen::Curves | Screen::Data => None,
        }
    }

    /// The moment whose predictions are shown, once there is one.
    #[must_use]
    pub fn moment(&self) -> Option<&Moment> {
        moment(&self.archive, self.seen)
    }

    /// The moments that can be gone back to.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Whether what is shown was before now.
    #[must_use]
    pub fn is_past(&self) -> bool {
        self.seen.is_some()
    }

    /// The prediction of the test image at `index`, as of the moment that is shown; of now the freshest.
    #[must_use]
    pub fn prediction(&self, index: usize) -> Option<&Probabilities> {
        let moment = self.moment();
        let kept = moment.and_then(|moment| moment.probabilities(index));
        let live = self.live.as_ref().filter(|live| self.seen.is_none() && live.index == index);
        match (live, moment) {
            (Some(live), Some(moment)) if live.step < moment.step => kept,
            (Some(live), _) => Some(&live.probabilities),
            (None, _) => kept,
        }
    }

    /// The prediction of the selected image of those that the screen shows; of a training image there is none.
    #[must_use]
    pub fn selected_prediction(&self) -> Option<&Probabilities> {
        if self.half() == Half::Train { None } else { self.prediction(self.selected()) }
    }

    /// Which pixels of the selected image speak for its prediction, where that is shown.
    #[must_use]
    pub fn attribution(&self) -> Option<&Attribution> {
        self.attribution.as_ref().filter(|of| self.shows_explanation() && of.index == self.selected())
    }

    /// Whether it is to be shown which pixels speak for the prediction: of now, on a screen that has one large picture.
    #[must_use]
    pub fn shows_explanation(&self) -> bool {
        let has_picture = self.screen == Screen::Dashboard || (self.screen == Screen::Gallery && self.is_large);
        self.pictures.explain && has_picture && self.half() == Half::Test && !self.is_past()
    }

    /// The selected cell of the confusion matrix: the true class and the predicted one. At first the most frequent mistake.
    #[must_use]
    pub fn cell(&self) -> (Class, Class) {
        self.cell.or_else(|| self.mistakes().first().copied()).unwrap_or((Class::FIRST, Class::FIRST))
    }

    /// The mistakes that were made, true class and predicted one, the most frequent first.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(Class, Class)> {
        let Some(moment) = self.moment() else { return Vec::new() };
        let count = |(truth, predicted): (Class, Class)| moment.confusion().counts()[truth.index()][predicted.index()];
        let cells = Class::all().flat_map(|truth| Class::all().map(move |predicted| (truth, predicted)));
        let mut cells: Vec<_> = cells.filter(|cell| cell.0 != cell.1 && count(*cell) > 0).collect();
        cells.sort_by_key(|cell| std::cmp::Reverse(count(*cell)));
        cells
    }

    /// The selected class of the data.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// The selected unit.
    #[must_use]
    pub fn unit(&self) -> usize {
        self.unit
    }

    /// Whether Esc leads somewhere.
    #[must_use]
    pub fn can_go_back(&self) -> bool {
        !self.trail.is_empty() || (self.screen == Screen::Curves && self.chart.cursor(self.last_step()).is_some())
    }

    /// The units of the first layer that are known.
    #[must_use]
    pub fn neurons(&self) -> Option<&Neurons> {
        self.neurons.as_ref()
    }

    /// Units of the first layer.
    fn unit_count(&self) -> usize {
        self.started.as_ref().map_or(0, |started| started.settings.hidden.first().copied().unwrap_or(CLASSES))
    }

    /// What of the curves is shown.
    #[must_use]
    pub fn chart(&self) -> &Chart {
        &self.chart
    }

    /// The last step that the curves show, of this run or of the one beside it.
    #[must_use]
    pub fn last_step(&self) -> u64 {
        let own = self.history.points().last().map_or(0, |point| point.step);
        let other = self.chart.other.as_ref().and_then(|other| other.epochs.last()).map_or(0, |record| record.step);
        own.max(other)
    }

    /// Steps a second that training keeps to; `None`: as fast as it can.
    #[must_use]
    pub fn pace(&self) -> Option<f64> {
        self.pace
    }

    /// Whether pictures are drawn light on dark.
    #[must_use]
    pub fn inverted(&self) -> bool {
        self.pictures.inverted
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

/// The moment of this step, or else the newest.
fn moment(archive: &Archive, seen: Option<u64>) -> Option<&Moment> {
    seen.map_or_else(|| archive.newest(), |step| archive.at(step))
}
