//! The Data's own state: which class is selected. Leads into the Gallery, to the class's training images.

use crate::{
    app::{
        Action,
        album::Filter,
        answer::{Answer, Offer, Stance},
        known::Half,
        responds::Responds,
        scene::Scene,
        screen::Screen,
        sentences::LOADING,
        ways::{Direction, Page, Stride, moved},
    },
    fashion::{CLASSES, Class},
};

/// What there is to learn from.
#[derive(Debug)]
pub struct Data {
    /// The selected class.
    pub class: Class,
}

impl Default for Data {
    fn default() -> Self {
        Self { class: Class::FIRST }
    }
}

impl Responds for Data {
    fn go(&mut self, _: &mut Scene, page: &Page, stride: Stride, direction: Direction) -> Answer {
        let place = moved(self.class.index(), page.distance(stride).min(CLASSES), direction, CLASSES - 1);
        self.class = Class::all().nth(place).unwrap_or(self.class);
        Answer::Done
    }

    fn enter(&mut self, scene: &mut Scene) -> Answer {
        if scene.known.data.is_none() {
            return LOADING.into();
        }
        let filter = Filter { class: Some(self.class), ..Filter::default() };
        Answer::Into(Screen::Gallery, Stance { half: Half::Train, is_large: false }, Some(filter))
    }

    fn act(&mut self, scene: &mut Scene, action: Action) -> Option<Answer> {
        let Action::PickClass(class) = action else { return None };
        Some(self.pick(scene, self.class == class, |data, _| data.class = class))
    }

    fn is_waiting(&self, scene: &Scene) -> bool {
        scene.known.data.is_some() && scene.known.survey.is_none()
    }

    fn owns(&self, action: Action) -> bool {
        action == Action::Invert
    }

    fn offers(&self, _: &Scene, action: Action) -> Offer {
        match action {
            Action::Go(..) => Offer::As("move"),
            Action::Enter => Offer::Yes,
            _ => Offer::No,
        }
    }
}
