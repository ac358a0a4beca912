//! The Dashboard's own state: how large its picture is. Leads into the Gallery.

use crate::app::{
    Action,
    answer::{Answer, Offer, Stance},
    known::Half,
    responds::{Responds, is_of_images},
    scene::Scene,
    screen::Screen,
    sentences::{NO_LARGER, NO_SMALLER},
    ways::{Direction, Page, Stride},
};

/// The training, one image, its prediction.
#[derive(Debug, Default)]
pub struct Dashboard {
    /// The picture's size; `None`: as large as it fits. 1 is the usual one.
    pub size: Option<u16>,
}

impl Responds for Dashboard {
    fn go(&mut self, scene: &mut Scene, page: &Page, stride: Stride, direction: Direction) -> Answer {
        scene.leaf(Half::Test, page, stride, direction)
    }

    fn enter(&mut self, scene: &mut Scene) -> Answer {
        if let Some(reason) = scene.why_no_image(Half::Test) {
            return reason.into();
        }
        Answer::Into(Screen::Gallery, Stance { half: Half::Test, is_large: true }, None)
    }

    fn go_to_wrong(&mut self, scene: &mut Scene, direction: Direction) -> Answer {
        scene.leaf_to_wrong(direction)
    }

    fn zoom(&mut self, _: &Scene, page: &Page, direction: Direction) -> Answer {
        let largest = page.largest;
        match (direction, self.size) {
            (Direction::Forward, None) => return NO_LARGER.into(),
            (Direction::Forward, Some(size)) => self.size = Some(size + 1).filter(|size| *size < largest),
            (Direction::Back, size) => {
                let size = size.unwrap_or(largest).min(largest);
                self.size = Some(size.saturating_sub(1).max(1)).filter(|smaller| *smaller < largest);
                if size <= 1 {
                    return NO_SMALLER.into();
                }
            }
        }
        Answer::Done
    }

    fn jump(&mut self, scene: &mut Scene, index: usize) -> Answer {
        scene.jump(Half::Test, index)
    }

    fn owns(&self, action: Action) -> bool {
        is_of_images(action)
    }

    fn offers(&self, scene: &Scene, action: Action) -> Offer {
        let (is_running, is_paused) = (scene.known.is_running(), scene.known.will_pause());
        let trains = is_running || is_paused;
        match action {
            Action::TogglePause if is_paused => Offer::As("resume"),
            Action::TogglePause | Action::Save => trains.into(),
            Action::Slower => is_running.into(),
            Action::NextClass => (!trains || !scene.album(Half::Test).filter().is_open()).into(),
            Action::Earlier | Action::ToggleExplain | Action::Invert => (!trains).into(),
            Action::Go(..) | Action::Wrong(_) | Action::OpenPrompt => Offer::Yes,
            _ => Offer::No,
        }
    }

    fn shows_one(&self) -> bool {
        true
    }

    fn shows_prediction(&self) -> bool {
        true
    }

    fn can_explain(&self) -> bool {
        true
    }
}
