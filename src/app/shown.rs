//! What the views read of the dashboard's state. Changes nothing.

use super::{
    App, Half, Overlay, Page, Phase, Screen, album::Album, archive::Moment, chart::Chart, history::History, moment,
    progress::Progress,
};
use crate::{
    fashion::{CLASSES, Class, Dataset, Split, Survey},
    protocol::{Attribution, Batch, EpochRecord, Probabilities, Started, Tiles, Usage},
};

impl App {
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

    /// The half of the data set that the screen shows, once it is read.
    #[must_use]
    pub fn split(&self) -> Option<&Split> {
        let data = self.data()?;
        Some(match self.half() {
            Half::Test => &data.test,
            Half::Train => &data.train,
        })
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

    /// The prediction of the image at `index` of those that the screen shows; of a training image there is none.
    #[must_use]
    pub fn shown_prediction(&self, index: usize) -> Option<&Probabilities> {
        if self.half() == Half::Train { None } else { self.prediction(index) }
    }

    /// Which pixels of the selected image speak for its prediction, where that is shown.
    #[must_use]
    pub fn attribution(&self) -> Option<&Attribution> {
        self.attribution.as_ref().filter(|of| self.shows_explanation() && Some(of.index) == self.image())
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
    pub fn tiles(&self) -> Option<&Tiles> {
        self.tiles.as_ref()
    }

    /// Units of the first layer.
    pub(super) fn unit_count(&self) -> usize {
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
        let other = self.chart.other.as_ref().and_then(|other| other.epochs.last());
        own.max(other.map_or(0, |record| self.chart.end_of_other(record, self.steps_per_epoch())))
    }

    /// Steps that an epoch takes; 1 before the run has begun.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        self.started.as_ref().map_or(1, Started::steps_per_epoch)
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
