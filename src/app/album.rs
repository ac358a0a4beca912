//! Which images a person leafs through, in which order, and which of them is selected. Knows the predictions that it
//! goes by, not where they come from.

use super::archive::Moment;
use crate::fashion::{CLASSES, Class};

/// Which images are left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those of this true class.
    pub class: Option<Class>,
    /// Those that are taken for this class.
    pub predicted: Option<Class>,
    /// Those that are taken for what they are not.
    pub wrong: bool,
}

impl Filter {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_open(self) -> bool {
        self == Self::default()
    }

    /// Whether it takes a prediction to know what is left.
    #[must_use]
    pub fn needs_predictions(self) -> bool {
        self.predicted.is_some() || self.wrong
    }

    fn admits(self, truth: Class, predicted: Option<Class>) -> bool {
        self.class.is_none_or(|class| class == truth)
            && (!self.needs_predictions()
                || predicted.is_some_and(|predicted| {
                    self.predicted.is_none_or(|class| class == predicted) && !(self.wrong && predicted == truth)
                }))
    }
}

/// The order of the images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the data set has them.
    #[default]
    Index,
    /// The least confident prediction first.
    LeastConfident,
    /// The most confident mistake first; after the mistakes the right answers, the least confident first.
    MostConfidentlyWrong,
}

impl Order {
    /// The order after this one, around.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Index => Self::LeastConfident,
            Self::LeastConfident => Self::MostConfidentlyWrong,
            Self::MostConfidentlyWrong => Self::Index,
        }
    }
}

/// The images that a filter leaves, in an order, and the selected one. It stays selected also when the filter no longer
/// leaves it, since a network that learns changes its mind while one looks.
#[derive(Clone, Debug, Default)]
pub struct Album {
    filter: Filter,
    order: Order,
    list: Vec<u32>,
    selected: usize,
    /// Where in the list the selected image was, when it last was in it.
    last_place: usize,
}

impl Album {
    /// What is left.
    #[must_use]
    pub fn filter(&self) -> Filter {
        self.filter
    }

    /// In which order.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// Whether it has all images in the data set's order.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.filter.is_open() && self.order == Order::Index
    }

    /// How many images are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether no image is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Index, in the data set, of the image at this place of the list.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<usize> {
        self.list.get(place).map(|index| *index as usize)
    }

    /// Index, in the data set, of the selected image.
    #[must_use]
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The place in the list of the image at `index` of the data set.
    #[must_use]
    pub fn place_of(&self, index: usize) -> Option<usize> {
        match self.order {
            Order::Index => self.list.binary_search_by_key(&index, |index| *index as usize).ok(),
            _ => self.list.iter().position(|other| *other as usize == index),
        }
    }

    /// The selected image's place in the list, if it is in it.
    #[must_use]
    pub fn place(&self) -> Option<usize> {
        self.place_of(self.selected)
    }

    /// The place in the list from which one goes on: the selected image's, or else the first behind it.
    #[must_use]
    pub fn nearest_place(&self) -> usize {
        let behind = || match self.order {
            Order::Index => self.list.partition_point(|index| (*index as usize) < self.selected),
            _ => self.last_place,
        };
        self.place().unwrap_or_else(|| behind().min(self.len().saturating_sub(1)))
    }

    /// Selects an image of the data set.
    pub fn select(&mut self, index: usize) {
        self.selected = index;
        self.last_place = self.place().unwrap_or(self.last_place);
    }

    /// Makes the list anew of images of these true classes, by what `moment` has of their predictions.
    pub fn arrange(&mut self, truths: &[Class], moment: Option<&Moment>) {
        let predicted = |index: usize| moment.and_then(|moment| moment.predicted(index));
        self.list.clear();
        self.list.extend(
            (0..)
                .zip(truths)
                .filter(|(index, truth)| self.filter.admits(**truth, predicted(*index as usize)))
                .map(|(index, _)| index),
        );
        let Some(moment) = moment else { return };
        let confidence = |index: u32| moment.confidence(index as usize);
        match self.order {
            Order::Index => {}
            Order::LeastConfident => self.list.sort_by(|one, other| confidence(*one).total_cmp(&confidence(*other))),
            Order::MostConfidentlyWrong => {
                let rank = |index: u32| {
                    let is_right = predicted(index as usize) == truths.get(index as usize).copied();
                    if is_right { confidence(index) } else { -confidence(index) }
                };
                self.list.sort_by(|one, other| rank(*one).total_cmp(&rank(*other)));
            }
        }
    }

    /// Changes what is left and in which order; the selected image is then one of the list, if there is any: in
    /// another order the first one, which is what an order is asked for.
    pub fn set(&mut self, filter: Filter, order: Order, truths: &[Class], moment: Option<&Moment>) {
        let is_reordered = order != self.order;
        (self.filter, self.order, self.last_place) = (filter, order, 0);
        self.arrange(truths, moment);
        let place = if is_reordered { 0 } else { self.nearest_place() };
        self.select(self.at(place).unwrap_or(self.selected));
    }
}

/// The class filter after this one, around: all, the first class, and so on to the last.
#[must_use]
pub fn next_class(class: Option<Class>) -> Option<Class> {
    match class {
        None => Some(Class::FIRST),
        Some(class) => Class::all().nth(class.index() + 1).filter(|class| class.index() < CLASSES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(number: u8) -> Class {
        Class::new(number).expect("a class")
    }

    /// Six images of the classes 0 1 0 1 0 1, taken for 0 1 1 0 0 2 with these confidences.
    fn images() -> (Vec<Class>, Moment) {
        let truths: Vec<Class> = [0, 1, 0, 1, 0, 1].map(class).to_vec();
        let rows = [(0, 0.9), (1, 0.5), (1, 0.6), (0, 0.8), (0, 0.4), (2, 0.7)].map(|(class, sure)| {
            let mut row = [0.0; CLASSES];
            row[class] = sure;
            row
        });
        let moment = Moment::new(1, 10, true, &truths, rows.into());
        (truths, moment)
    }

    fn list(filter: Filter, order: Order) -> Vec<usize> {
        let (truths, moment) = images();
        let mut album = Album::default();
        album.set(filter, order, &truths, Some(&moment));
        (0..album.len()).filter_map(|place| album.at(place)).collect()
    }

    #[test]
    fn a_filter_leaves_what_it_says() {
        let open = Filter::default();
        assert_eq!(list(open, Order::Index), [0, 1, 2, 3, 4, 5]);
        assert_eq!(list(Filter { class: Some(class(1)), ..open }, Order::Index), [1, 3, 5]);
        assert_eq!(list(Filter { wrong: true, ..open }, Order::Index), [2, 3, 5]);
        assert_eq!(list(Filter { wrong: true, class: Some(class(1)), ..open }, Order::Index), [3, 5]);
        let cell = Filter { class: Some(class(0)), predicted: Some(class(1)), wrong: false };
        assert_eq!(list(cell, Order::Index), [2]);
        assert!(list(Filter { class: Some(class(7)), ..open }, Order::Index).is_empty());
    }

    #[test]
    fn an_order_puts_first_what_it_says() {
        assert_eq!(list(Filter::default(), Order::LeastConfident), [4, 1, 2, 5, 3, 0]);
        assert_eq!(list(Filter::default(), Order::MostConfidentlyWrong), [3, 5, 2, 4, 1, 0]);
    }

    #[test]
    fn without_predictions_a_class_can_be_told_and_a_mistake_cannot() {
        let (truths, _) = images();
        let mut album = Album::default();
        album.set(Filter { class: Some(class(1)), ..Filter::default() }, Order::LeastConfident, &truths, None);
        assert_eq!(album.len(), 3);
        album.set(Filter { wrong: true, ..Filter::default() }, Order::Index, &truths, None);
        assert!(album.is_empty());
    }

    #[test]
    fn a_filter_that_leaves_the_selected_image_out_selects_the_next_one_behind() {
        let (truths, moment) = images();
        let mut album = Album::default();
        album.arrange(&truths, Some(&moment));
        album.select(1);
        album.set(Filter { wrong: true, ..Filter::default() }, Order::Index, &truths, Some(&moment));
        assert_eq!((album.selected(), album.place()), (2, Some(0)));
        album.set(Filter { class: Some(class(9)), ..Filter::default() }, Order::Index, &truths, Some(&moment));
        assert_eq!((album.selected(), album.place(), album.nearest_place()), (2, None, 0));
    }

    #[test]
    fn an_image_that_drops_out_while_one_looks_stays_selected() {
        let (truths, moment) = images();
        let mut album = Album::default();
        album.set(Filter { wrong: true, ..Filter::default() }, Order::Index, &truths, Some(&moment));
        album.select(3);
        let rows = truths.iter().map(|truth| std::array::from_fn(|class| f32::from(u8::from(class == truth.index()))));
        let better = Moment::new(2, 20, true, &truths, rows.collect());
        album.arrange(&truths, Some(&better));
        assert_eq!((album.selected(), album.place(), album.len()), (3, None, 0));
    }

    #[test]
    fn where_an_image_drops_out_of_an_order_one_goes_on_from_its_place() {
        let (truths, moment) = images();
        let mut album = Album::default();
        album.set(Filter { wrong: true, ..Filter::default() }, Order::LeastConfident, &truths, Some(&moment));
        album.select(5);
        assert_eq!(album.place(), Some(1));
        let rows =
            (0..6).map(|index| *moment.probabilities(if index == 5 { 1 } else { index }).expect("a row")).collect();
        album.arrange(&truths, Some(&Moment::new(2, 20, true, &truths, rows)));
        assert_eq!((album.len(), album.place(), album.nearest_place()), (2, None, 1));
    }

    #[test]
    fn the_class_filter_goes_around() {
        let mut class = None;
        for expected in 0..CLASSES {
            class = next_class(class);
            assert_eq!(class.map(Class::index), Some(expected));
        }
        assert_eq!(next_class(class), None);
    }
}
