//! What every screen answers to: the keys, as a trait, with the answers that most screens share. Knows no screen of its
//! own.

use super::{
    Action,
    answer::{Answer, Offer, Stance},
    known::Half,
    scene::Scene,
    sentences::{NO_LARGER, NO_SMALLER, NO_ZOOM},
    ways::{Direction, Page, Stride},
};
use crate::protocol::TileRange;

/// A screen's answers to keys, from its own state and what all screens share.
pub trait Responds {
    /// Goes by a stride through what the screen has.
    fn go(&mut self, scene: &mut Scene, page: &Page, stride: Stride, direction: Direction) -> Answer;

    /// Goes into what is selected.
    fn enter(&mut self, scene: &mut Scene) -> Answer;

    /// Goes to the next mistake.
    fn go_to_wrong(&mut self, _: &mut Scene, _: Direction) -> Answer {
        Answer::Done
    }

    /// Shows more of less, or less of more.
    fn zoom(&mut self, _: &Scene, _: &Page, _: Direction) -> Answer {
        NO_ZOOM.into()
    }

    /// Goes to the index that was typed.
    fn jump(&mut self, _: &mut Scene, _: usize) -> Answer {
        Answer::Done
    }

    /// Goes into what is picked where it is selected already, else selects it.
    fn pick(&mut self, scene: &mut Scene, is_selected: bool, select: impl FnOnce(&mut Self, &mut Scene)) -> Answer
    where
        Self: Sized,
    {
        if is_selected {
            return self.enter(scene);
        }
        select(self, scene);
        Answer::Done
    }

    /// Does what means something on this screen alone; `None`: that is not this screen's.
    fn act(&mut self, _: &mut Scene, _: Action) -> Option<Answer> {
        None
    }

    /// Whether a key that acts only where what it changes is shown acts here.
    fn owns(&self, _: Action) -> bool {
        false
    }

    /// Whether a key does something here at this moment. What means the same on all screens is not asked for.
    fn offers(&self, scene: &Scene, action: Action) -> Offer;

    /// Which images it shows.
    fn half(&self) -> Half {
        Half::Test
    }

    /// Whether what it shows is asked for and has not come yet.
    fn is_waiting(&self, _: &Scene) -> bool {
        false
    }

    /// Whether it shows one image, which a turn of the wheel exchanges for the next one.
    fn shows_one(&self) -> bool {
        false
    }

    /// Whether it shows what the network makes of the selected test image.
    fn shows_prediction(&self) -> bool {
        false
    }

    /// Whether it has a picture that can show which pixels speak for the prediction.
    fn can_explain(&self) -> bool {
        false
    }

    /// Which parts of the network it shows.
    fn tiles(&self, _: &Page) -> Option<TileRange> {
        None
    }

    /// Takes what is open only here back; `false` where there was nothing.
    fn close(&mut self) -> bool {
        false
    }

    /// Whether there is something that [`Responds::close`] takes back.
    fn is_open(&self) -> bool {
        false
    }

    /// Shows what it has in this way from now on, and returns how it was shown before.
    fn stand(&mut self, stance: Stance) -> Stance {
        stance
    }
}

/// Whether a key chooses among images, or changes what is seen of one: it acts where images are listed.
pub fn is_of_images(action: Action) -> bool {
    let of_a_list = matches!(action, Action::NextClass | Action::ToggleWrong | Action::NextOrder | Action::ClearFilter);
    let of_a_picture = matches!(action, Action::Invert | Action::ToggleExplain);
    of_a_list || of_a_picture || is_of_predictions(action) || action == Action::OpenPrompt
}

/// Whether a key goes to a mistake or to another epoch's predictions: it acts where predictions are shown.
pub fn is_of_predictions(action: Action) -> bool {
    matches!(action, Action::Wrong(_) | Action::Earlier | Action::Later)
}

/// Makes pictures a size larger or smaller, where that fits.
pub fn resize(size: &mut u16, direction: Direction, page: &Page) -> Answer {
    match direction {
        Direction::Forward if *size < page.largest => *size += 1,
        Direction::Forward => return NO_LARGER.into(),
        Direction::Back => {
            let shown = (*size).min(page.largest);
            *size = shown.saturating_sub(1);
            if shown == 0 {
                return NO_SMALLER.into();
            }
        }
    }
    Answer::Done
}
