//! The confusion matrix's own state: which of its cells is selected. Leads into the Gallery, to the images of a cell.

use crate::{
    app::{
        Action,
        album::Filter,
        answer::{Answer, Offer, Stance},
        known::Half,
        responds::{Responds, is_of_predictions},
        scene::Scene,
        screen::Screen,
        ways::{Direction, Page, Stride, moved},
    },
    fashion::{CLASSES, Class},
};

/// Which classes are taken for which.
#[derive(Debug, Default)]
pub struct Confusion {
    /// The selected cell: the true class and the predicted one.
    selected: Option<(Class, Class)>,
}

impl Confusion {
    /// The selected cell: the true class and the predicted one. At first the most frequent mistake.
    #[must_use]
    pub fn cell(&self, scene: &Scene) -> (Class, Class) {
        self.selected.or_else(|| scene.mistakes().first().copied()).unwrap_or((Class::FIRST, Class::FIRST))
    }
}

impl Responds for Confusion {
    fn go(&mut self, scene: &mut Scene, _: &Page, stride: Stride, direction: Direction) -> Answer {
        let (truth, predicted) = self.cell(scene);
        let along = |class: Class, distance| {
            Class::all().nth(moved(class.index(), distance, direction, CLASSES - 1)).unwrap_or(class)
        };
        self.selected = Some(match stride {
            Stride::One => (truth, along(predicted, 1)),
            Stride::All => (truth, along(predicted, CLASSES)),
            Stride::Row => (along(truth, 1), predicted),
            Stride::Page => (along(truth, CLASSES), predicted),
        });
        Answer::Done
    }

    fn enter(&mut self, scene: &mut Scene) -> Answer {
        if let Some(reason) = scene.why_no_predictions(Half::Test) {
            return reason.into();
        }
        let (truth, predicted) = self.cell(scene);
        let filter = Filter { class: Some(truth), predicted: Some(predicted), wrong: false };
        Answer::Into(Screen::Gallery, Stance { half: Half::Test, is_large: false }, Some(filter))
    }

    /// Goes to the next mistake by how frequent it is.
    fn go_to_wrong(&mut self, scene: &mut Scene, direction: Direction) -> Answer {
        let mistakes = scene.mistakes();
        let Some(last) = mistakes.len().checked_sub(1) else { return "there are no mistakes".into() };
        let cell = self.cell(scene);
        let from = mistakes.iter().position(|mistake| *mistake == cell);
        self.selected = Some(mistakes[from.map_or(0, |from| moved(from, 1, direction, last))]);
        Answer::Done
    }

    fn act(&mut self, scene: &mut Scene, action: Action) -> Option<Answer> {
        let Action::PickCell(truth, predicted) = action else { return None };
        let is_selected = self.cell(scene) == (truth, predicted);
        Some(self.pick(scene, is_selected, |confusion, _| confusion.selected = Some((truth, predicted))))
    }

    fn owns(&self, action: Action) -> bool {
        is_of_predictions(action)
    }

    fn offers(&self, _: &Scene, action: Action) -> Offer {
        match action {
            Action::Go(..) => Offer::As("move"),
            Action::Wrong(_) | Action::Enter | Action::Earlier => Offer::Yes,
            _ => Offer::No,
        }
    }
}
