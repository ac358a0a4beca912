//! What all screens share: what is known of the run, and what of it a person looks at on whichever screen: the selected
//! images, the moment, the way pictures are drawn.

use super::{
    album::{Album, Filter, Order},
    answer::Answer,
    archive::Moment,
    known::{Half, Known},
    sentences::{LOADING, NO_PREDICTIONS, NOT_PREDICTED, NOTHING_LEFT},
    ways::{Direction, Page, Stride, moved},
};
use crate::{
    fashion::{Class, Split},
    protocol::{Attribution, Probabilities, Report},
};

/// What all screens share.
#[derive(Debug, Default)]
pub struct Scene {
    /// What is known of the run.
    pub known: Known,
    test: Album,
    train: Album,
    /// The step of the moment that is shown; `None`: now.
    seen: Option<u64>,
    /// Whether pictures are drawn light on dark.
    pub inverted: bool,
    /// Whether a large picture shows which pixels speak for the prediction.
    pub explain: bool,
}

impl Scene {
    /// Takes in what happened to the run, and shows new predictions unless the person is looking at others.
    pub(super) fn apply(&mut self, report: Report) {
        let has_predictions = matches!(report, Report::Untrained { .. } | Report::Epoch { .. });
        if matches!(report, Report::Started(_)) {
            self.seen = None;
        }
        self.known.apply(report, self.seen);
        if has_predictions && self.seen.is_none() {
            self.arrange(Half::Test);
        }
    }

    /// Makes the list of images anew, after what it goes by has changed.
    pub(super) fn arrange(&mut self, half: Half) {
        let Self { known, seen, test, train, .. } = self;
        match half {
            Half::Test => test.arrange(known.classes(half), moment(known, *seen)),
            Half::Train => train.arrange(known.classes(half), None),
        }
    }

    /// The images of this half, and which of them is selected.
    #[must_use]
    pub fn album(&self, half: Half) -> &Album {
        match half {
            Half::Test => &self.test,
            Half::Train => &self.train,
        }
    }

    /// The selected image of this half, unless the filter leaves none at all.
    #[must_use]
    pub fn image(&self, half: Half) -> Option<usize> {
        let album = self.album(half);
        (!album.is_empty()).then(|| album.selected())
    }

    /// Selects the image at `index` of this half.
    pub(super) fn select(&mut self, half: Half, index: usize) {
        match half {
            Half::Test => self.test.select(index),
            Half::Train => self.train.select(index),
        }
    }

    /// The moment whose predictions are shown, once there is one.
    #[must_use]
    pub fn moment(&self) -> Option<&Moment> {
        moment(&self.known, self.seen)
    }

    /// The moment that is shown, where it is not now.
    #[must_use]
    pub fn past(&self) -> Option<&Moment> {
        self.moment().filter(|_| self.is_past())
    }

    /// Whether what is shown was before now.
    #[must_use]
    pub fn is_past(&self) -> bool {
        self.seen.is_some()
    }

    /// The prediction of the image at `index` of this half, as of the moment that is shown; of now the freshest. Of a
    /// training image there is none.
    #[must_use]
    pub fn prediction(&self, half: Half, index: usize) -> Option<&Probabilities> {
        if half == Half::Train {
            return None;
        }
        let moment = self.moment();
        let kept = moment.and_then(|moment| moment.probabilities(index));
        let live = self.known.live.as_ref().filter(|live| self.seen.is_none() && live.index == index);
        match (live, moment) {
            (Some(live), Some(moment)) if live.step < moment.step => kept,
            (Some(live), _) => Some(&live.probabilities),
            (None, _) => kept,
        }
    }

    /// Which pixels of the selected test image speak for its prediction, where that is to be shown and is known.
    #[must_use]
    pub fn attribution(&self) -> Option<&Attribution> {
        let is_wanted = self.explain && !self.is_past();
        self.known.attribution.as_ref().filter(|of| is_wanted && Some(of.index) == self.image(Half::Test))
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

    /// Why no image of this half can be shown, if so.
    pub(super) fn why_no_image(&self, half: Half) -> Option<&'static str> {
        match &self.known.data {
            None => Some(LOADING),
            Some(_) => self.album(half).is_empty().then_some(NOTHING_LEFT),
        }
    }

    /// Why the images of this half have no predictions, if so.
    pub(super) fn why_no_predictions(&self, half: Half) -> Option<&'static str> {
        match (half, self.moment()) {
            (Half::Train, _) => Some(NOT_PREDICTED),
            (Half::Test, None) => Some(NO_PREDICTIONS),
            (Half::Test, Some(_)) => None,
        }
    }

    /// Changes which images are left, and in which order.
    pub(super) fn set_filter(&mut self, half: Half, filter: Filter, order: Order) {
        let Self { known, seen, test, train, .. } = self;
        if known.data.is_some() {
            let classes = known.classes(half);
            match half {
                Half::Test => test.set(filter, order, classes, moment(known, *seen)),
                Half::Train => train.set(filter, order, classes, None),
            }
        }
    }

    /// Goes through the images that the filter leaves.
    pub(super) fn leaf(&mut self, half: Half, page: &Page, stride: Stride, direction: Direction) -> Answer {
        if let Some(reason) = self.why_no_image(half) {
            return reason.into();
        }
        let album = self.album(half);
        let last = album.len().saturating_sub(1);
        // From an image that has dropped out of the list one step on is the one that has taken its place.
        let distance = match (album.place(), direction) {
            (None, Direction::Forward) => page.distance(stride) - 1,
            _ => page.distance(stride),
        };
        if let Some(index) = album.at(moved(album.nearest_place(), distance, direction, last)) {
            self.select(half, index);
        }
        Answer::Done
    }

    /// Goes to the next test image that the network gets wrong.
    pub(super) fn leaf_to_wrong(&mut self, direction: Direction) -> Answer {
        let Some(data) = &self.known.data else { return LOADING.into() };
        let Some(moment) = self.moment() else { return NO_PREDICTIONS.into() };
        let (count, from) = (self.test.len(), self.test.nearest_place());
        let is_wrong =
            |index: usize| moment.predicted(index).is_some_and(|predicted| predicted != data.test.class(index));
        // An image that has dropped out of the list is before the one at its place.
        let step = usize::from(self.test.place().is_some());
        let found = (0..count)
            .map(|distance| match direction {
                Direction::Forward => (from + distance + step) % count,
                Direction::Back => (from + count - distance - 1) % count,
            })
            .filter_map(|place| Some((place, self.test.at(place)?)))
            .find(|(_, index)| is_wrong(*index));
        let Some((place, index)) = found else {
            return if self.test.filter().is_open() {
                "no wrong prediction among the test images".into()
            } else {
                "no wrong prediction among these images".into()
            };
        };
        self.test.select(index);
        match direction {
            Direction::Forward if place < from + step => "continued from the start".into(),
            Direction::Back if place >= from => "continued from the end".into(),
            Direction::Forward | Direction::Back => Answer::Done,
        }
    }

    /// Selects the image that was typed, of those of this half.
    pub(super) fn jump(&mut self, half: Half, index: usize) -> Answer {
        if let Some(refused) = refuse(name(half), index, self.known.split(half).map_or(0, Split::len)) {
            return refused;
        }
        let is_left = self.album(half).place_of(index).is_some();
        self.select(half, index);
        if is_left {
            return Answer::Done;
        }
        format!("{} {index} does not match the filter", name(half)).into()
    }

    pub(super) fn earlier(&mut self) -> Answer {
        // What is seen now may be some steps after the newest moment.
        let archive = &self.known.archive;
        let batch = self.known.batch.as_ref().map(|batch| batch.step);
        let now = || batch.into_iter().chain(archive.newest().map(|moment| moment.step)).max();
        let from = self.seen.or_else(now).unwrap_or(0);
        match archive.before(from).map(|moment| moment.step) {
            Some(step) => self.see(step),
            None if archive.newest().is_none() => NO_PREDICTIONS.into(),
            None => "there are no earlier predictions".into(),
        }
    }

    pub(super) fn later(&mut self) -> Answer {
        let Some(from) = self.seen else { return "these are the newest predictions".into() };
        match self.known.archive.after(from).map(|moment| moment.step) {
            Some(step) => self.see(step),
            None => self.return_to_now(),
        }
    }

    /// Shows the predictions as of this step. The newest are what is seen now, unless training has gone on from there.
    pub(super) fn see(&mut self, step: u64) -> Answer {
        let archive = &self.known.archive;
        let (first, newest) = (archive.moments().first(), archive.newest().map(|moment| moment.step));
        if let Some(first) = first.filter(|first| first.step > step) {
            return format!("the predictions from before epoch {} were not kept", first.epoch).into();
        }
        let at = archive.at(step).map(|moment| moment.step);
        let has_gone_on = self.known.batch.as_ref().is_some_and(|batch| batch.step > newest.unwrap_or(0));
        if at == newest && !has_gone_on {
            return self.return_to_now();
        }
        self.seen = at;
        self.arrange(Half::Test);
        Answer::Done
    }

    pub(super) fn return_to_now(&mut self) -> Answer {
        if self.seen.take().is_some() {
            self.arrange(Half::Test);
        }
        Answer::Done
    }
}

/// The answer to an index that none of `count` things has.
pub(super) fn refuse(what: &str, index: usize, count: usize) -> Option<Answer> {
    match count.checked_sub(1) {
        None => Some(format!("no {what} can be shown yet").into()),
        Some(last) if index > last => Some(format!("no {what} {index}: the last one is {last}").into()),
        Some(_) => None,
    }
}

fn name(half: Half) -> &'static str {
    match half {
        Half::Test => "test image",
        Half::Train => "training image",
    }
}

/// The moment of this step, or else the newest.
fn moment(known: &Known, seen: Option<u64>) -> Option<&Moment> {
    seen.map_or_else(|| known.archive.newest(), |step| known.archive.at(step))
}
