//! The dashboard's state: what is known of the run and where the person stands in it. Reports and actions change it;
//! it draws nothing, waits for nothing and reads no clock.

mod act;
mod action;
pub mod album;
pub mod archive;
pub mod chart;
mod go;
pub mod history;
pub mod keys;
mod place;
pub mod progress;
mod shown;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

pub use self::{
    action::{Action, Screen},
    place::{Choice, Half, Overlay, Page, Phase},
};
use self::{
    album::Album,
    archive::{Archive, Moment},
    chart::Chart,
    history::{History, Point},
};
use crate::{
    fashion::{Class, Dataset, Survey},
    protocol::{
        Attribution, Batch, EpochRecord, Look, OtherRun, Probabilities, Report, Started, TileRange, Tiles, Usage,
    },
};

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
    /// Of the test images, and of the training images.
    filters: [album::Filter; 2],
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
    tiles: Option<Tiles>,
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

    notice: Option<String>,
    /// What is to be told of the run after that, oldest first.
    notes: VecDeque<String>,
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
            tiles: None,
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
            notice: None,
            notes: VecDeque::new(),
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

    /// The data set, where it is to be counted for the screen that is shown.
    #[must_use]
    pub fn wants_survey(&self) -> Option<&Arc<Dataset>> {
        self.data.as_ref().filter(|_| self.screen == Screen::Data && self.survey.is_none())
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

    /// What the screen needs to know of the network at this moment: no more than is seen.
    #[must_use]
    pub fn look(&self) -> Look {
        let index = self.test.selected();
        Look {
            predicted: BTreeSet::from([index]),
            explained: self.shows_explanation().then_some(index).into_iter().collect(),
            tiles: (self.screen == Screen::Neurons).then(|| self.units()).into_iter().collect(),
        }
    }

    /// The units that are seen.
    fn units(&self) -> TileRange {
        if self.is_large {
            return TileRange { first: self.unit, count: 1 };
        }
        TileRange { first: self.page.start(self.unit), count: self.page.count() }
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
            Report::Tiles(tiles) => self.tiles = Some(tiles),
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
            }
            Report::Usage(usage) => self.usage = Some(usage),
            Report::Saved { step } => self.apply_saved(step),
            Report::NotSaved { reason } => {
                if std::mem::take(&mut self.saving) {
                    self.notice = self.notes.pop_front();
                }
                self.unsaved = Some(reason);
            }
            // Each is read before the next one: a key leads on.
            Report::Note { text } if self.notice.is_some() => self.notes.push_back(text),
            Report::Note { text } => self.notice = Some(text),
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
        self.archive.push(Moment::new(epoch, step, is_whole, truths, predictions), self.seen);
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
}

/// The moment of this step, or else the newest.
fn moment(archive: &Archive, seen: Option<u64>) -> Option<&Moment> {
    seen.map_or_else(|| archive.newest(), |step| archive.at(step))
}
