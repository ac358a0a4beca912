//! Every test image's prediction after each epoch of the run, in bounded memory, and what follows from it. Draws
//! nothing.

use crate::{
    fashion::Class,
    metrics::{
        ConfusionMatrix, most_probable,
        thinning::{CAPACITY, Thinning, most_within},
    },
    protocol::{Predictions, Probabilities},
};

/// Every test image as the network saw it at one moment.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Epochs that were trained in whole.
    pub epoch: u32,
    /// Steps that were trained, over the whole run.
    pub step: u64,
    /// Whether it is the end of its epoch, or the beginning of the run; else it is amid an epoch.
    pub is_whole: bool,
    rows: Predictions,
    predicted: Vec<Class>,
    confusion: ConfusionMatrix,
}

impl Moment {
    /// What the network made of the images of these true classes, in their order.
    #[must_use]
    pub fn new(epoch: u32, step: u64, is_whole: bool, truths: &[Class], rows: Predictions) -> Self {
        let predicted: Vec<Class> = rows.iter().map(most_probable).collect();
        let confusion = ConfusionMatrix::of_answers(truths, predicted.iter().copied());
        Self { epoch, step, is_whole, rows, predicted, confusion }
    }

    /// The probabilities of the test image at `index`, if there is such an image.
    #[must_use]
    pub fn probabilities(&self, index: usize) -> Option<&Probabilities> {
        self.rows.get(index)
    }

    /// What the test image at `index` was taken for, if there is such an image.
    #[must_use]
    pub fn predicted(&self, index: usize) -> Option<Class> {
        self.predicted.get(index).copied()
    }

    /// How sure the network was of that, 0 to 1; 0 where there is no such image.
    #[must_use]
    pub fn confidence(&self, index: usize) -> f32 {
        self.predicted(index).map_or(0.0, |class| self.rows[index][class.index()])
    }

    /// Which classes were taken for which.
    #[must_use]
    pub fn confusion(&self) -> &ConfusionMatrix {
        &self.confusion
    }
}

/// The moments of a run, oldest first, of a long run those that [`Thinning`] keeps: with 10,000 test images, 163
/// moments.
#[derive(Debug, Default)]
pub struct Archive {
    moments: Vec<Moment>,
}

impl Archive {
    /// Adds the newest moment. The one of the step that is `seen` is kept whatever comes.
    pub fn push(&mut self, moment: Moment, seen: Option<u64>) {
        // A run that goes on has its last moment again.
        if self.moments.last().is_some_and(|last| last.step == moment.step) {
            self.moments.pop();
        }
        let bytes = moment.rows.len() * (size_of::<Probabilities>() + size_of::<Class>());
        // One amid an epoch comes before the epoch's end.
        let newest = moment.epoch + u32::from(!moment.is_whole);
        self.moments.push(moment);
        let (first, last) = (&self.moments[0], self.moments.len() - 1);
        let (first_step, last_step) = (first.step, self.moments[last].step);
        let of = |most| Thinning::new(first.epoch, newest, most);
        let passes = |thinning: Thinning, moment: &Moment| {
            [first_step, last_step].contains(&moment.step) || (moment.is_whole && thinning.passes(moment.epoch))
        };
        let most = most_within(CAPACITY, bytes);
        let is_beside = |moment: &&Moment| Some(moment.step) == seen && !passes(of(most), moment);
        let thinning = of(most - self.moments.iter().filter(is_beside).count());
        self.moments.retain(|moment| Some(moment.step) == seen || passes(thinning, moment));
    }

    /// The moments, oldest first.
    #[must_use]
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// The newest moment, if there is any.
    #[must_use]
    pub fn newest(&self) -> Option<&Moment> {
        self.moments.last()
    }

    /// The last moment that is no later than this step, else the first.
    #[must_use]
    pub fn at(&self, step: u64) -> Option<&Moment> {
        let later = self.moments.partition_point(|moment| moment.step <= step);
        self.moments.get(later.saturating_sub(1))
    }

    /// The moment before this step, if one is kept.
    #[must_use]
    pub fn before(&self, step: u64) -> Option<&Moment> {
        self.moments.iter().rev().find(|moment| moment.step < step)
    }

    /// The moment after this step, if there is one.
    #[must_use]
    pub fn after(&self, step: u64) -> Option<&Moment> {
        self.moments.iter().find(|moment| moment.step > step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fashion::CLASSES;

    fn moment(epoch: u32, images: usize) -> Moment {
        let truths = vec![Class::FIRST; images];
        Moment::new(epoch, u64::from(epoch) * 10, true, &truths, vec![[0.1; CLASSES]; images].into())
    }

    #[test]
    fn a_short_run_keeps_every_epoch_and_finds_its_way_among_them() {
        let mut archive = Archive::default();
        assert!(archive.at(5).is_none() && archive.before(5).is_none() && archive.newest().is_none());
        (0..10).for_each(|epoch| archive.push(moment(epoch, 3), None));
        assert_eq!(
            archive.moments().iter().map(|moment| moment.epoch).collect::<Vec<_>>(),
            (0..10).collect::<Vec<_>>()
        );
        assert_eq!(archive.at(45).map(|moment| moment.epoch), Some(4));
        assert_eq!(archive.before(40).map(|moment| moment.epoch), Some(3));
        assert_eq!(archive.after(40).map(|moment| moment.epoch), Some(5));
        assert!(archive.before(0).is_none() && archive.after(90).is_none());
    }

    #[test]
    fn a_long_run_stays_within_its_memory_and_keeps_the_first_and_the_newest() {
        let images = 100_000;
        let mut archive = Archive::default();
        for epoch in 0..60 {
            archive.push(moment(epoch, images), None);
            assert!(archive.moments().len() <= CAPACITY / (images * 41), "{} moments", archive.moments().len());
            assert_eq!(archive.moments()[0].epoch, 0);
            assert_eq!(archive.newest().map(|moment| moment.epoch), Some(epoch));
        }
        let epochs: Vec<u32> = archive.moments().iter().map(|moment| moment.epoch).collect();
        let kept: Vec<u32> = (0..60).step_by(4).chain([59]).collect();
        assert_eq!(epochs, kept);
    }

    #[test]
    fn a_moment_that_is_seen_is_never_dropped() {
        let mut archive = Archive::default();
        for epoch in 0..60 {
            archive.push(moment(epoch, 100_000), Some(170));
            assert!(epoch < 17 || archive.at(170).is_some_and(|moment| moment.step == 170), "epoch {epoch}");
        }
    }

    #[test]
    fn a_moment_amid_an_epoch_gives_way_to_the_epoch_s_end() {
        let mut archive = Archive::default();
        archive.push(moment(0, 1), None);
        archive.push(Moment { is_whole: false, step: 7, ..moment(0, 1) }, None);
        archive.push(moment(1, 1), None);
        assert_eq!(archive.moments().iter().map(|moment| moment.step).collect::<Vec<_>>(), [0, 10]);
    }

    #[test]
    fn a_moment_knows_what_was_taken_for_what_and_how_surely() {
        let mut sure = [0.0; CLASSES];
        sure[3] = 0.75;
        let moment = Moment::new(1, 10, true, &[Class::FIRST], [sure].into());
        assert_eq!(moment.predicted(0).map(Class::index), Some(3));
        assert!((moment.confidence(0) - 0.75).abs() < f32::EPSILON);
        assert_eq!(moment.confusion().counts()[0][3], 1);
        assert_eq!((moment.predicted(1), moment.confidence(1)), (None, 0.0));
    }
}
