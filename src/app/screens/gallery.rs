//! The Gallery's own state: which images it shows, how large, and whether one has it all.

use crate::app::{
    Action,
    answer::{Answer, Offer, Stance},
    known::Half,
    responds::{Responds, is_of_images, resize},
    scene::Scene,
    screen::Screen,
    sentences::{NO_ZOOM, NOT_PREDICTED},
    ways::{Direction, Page, Stride},
};

/// Many images.
#[derive(Debug, Default)]
pub struct Gallery {
    /// Which images it shows, and whether one of them has the whole screen.
    pub stance: Stance,
    /// The pictures' size, where there are many. 0 is half of the usual one, which is 1.
    pub size: u16,
}

impl Responds for Gallery {
    fn go(&mut self, scene: &mut Scene, page: &Page, stride: Stride, direction: Direction) -> Answer {
        scene.leaf(self.half(), page, stride, direction)
    }

    fn enter(&mut self, scene: &mut Scene) -> Answer {
        if let Some(reason) = scene.why_no_image(self.half()) {
            return reason.into();
        }
        if self.stance.is_large {
            return Answer::Done;
        }
        Answer::Into(Screen::Gallery, Stance { is_large: true, ..self.stance }, None)
    }

    fn go_to_wrong(&mut self, scene: &mut Scene, direction: Direction) -> Answer {
        match self.half() {
            Half::Test => scene.leaf_to_wrong(direction),
            Half::Train => NOT_PREDICTED.into(),
        }
    }

    fn zoom(&mut self, _: &Scene, page: &Page, direction: Direction) -> Answer {
        if self.stance.is_large {
            return NO_ZOOM.into();
        }
        resize(&mut self.size, direction, page)
    }

    fn jump(&mut self, scene: &mut Scene, index: usize) -> Answer {
        scene.jump(self.half(), index)
    }

    fn act(&mut self, scene: &mut Scene, action: Action) -> Option<Answer> {
        match action {
            Action::ToggleHalf => {
                self.stance.half = if self.half() == Half::Test { Half::Train } else { Half::Test };
                Some(Answer::Done)
            }
            Action::PickImage(index) => {
                let half = self.half();
                let is_selected = index == scene.album(half).selected();
                Some(self.pick(scene, is_selected, |_, scene| scene.select(half, index)))
            }
            _ => None,
        }
    }

    fn owns(&self, action: Action) -> bool {
        is_of_images(action) || action == Action::ToggleHalf
    }

    fn offers(&self, _: &Scene, action: Action) -> Offer {
        let (is_test, is_large) = (self.half() == Half::Test, self.stance.is_large);
        match action {
            Action::Wrong(_) | Action::ToggleWrong | Action::NextOrder | Action::Earlier => is_test.into(),
            Action::ToggleExplain => (is_large && is_test).into(),
            Action::Zoom(_) | Action::ToggleHalf | Action::Enter => (!is_large).into(),
            Action::Go(..) | Action::OpenPrompt | Action::NextClass => Offer::Yes,
            _ => Offer::No,
        }
    }

    fn half(&self) -> Half {
        self.stance.half
    }

    fn shows_one(&self) -> bool {
        self.stance.is_large
    }

    fn shows_prediction(&self) -> bool {
        self.half() == Half::Test
    }

    fn can_explain(&self) -> bool {
        self.stance == Stance { half: Half::Test, is_large: true }
    }

    fn stand(&mut self, stance: Stance) -> Stance {
        std::mem::replace(&mut self.stance, stance)
    }
}
