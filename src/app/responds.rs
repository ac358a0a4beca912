//! What every screen answers to: the keys, as a trait, with the answers that most screens share. Knows no screen of its own.

use super::{
    Action,
    answer::{Answer, Offer, Stance},
    known::Half,
    scene::Scene,
    screen::Screen,
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
        "there is nothing to zoom here".into()
    }

    /// Goes to the index that was typed: that of a test image, where the screen has nothing else to count.
    fn jump(&mut self, scene: &mut Scene, index: usize) -> Answer {
        if let Some(refused) = scene.refuse(Half::Test, index) {
            return refused;
        }
        match scene.jump(Half::Test, index) {
            Answer::Say(words) => Answer::Show(Screen::Dashboard, Some(words)),
            _ => Answer::Show(Screen::Dashboard, None),
        }
    }

    /// Does what means something on this screen alone; `None`: that is not this screen's.
    fn act(&mut self, _: &mut Scene, _: Action) -> Option<Answer> {
        None
    }

    /// Whether a key has a meaning on this screen alone.
    fn owns(&self, _: Action) -> bool {
        false
    }

    /// Whether a key does something here at this moment. What means the same on all screens is not asked for.
    fn offers(&self, scene: &Scene, action: Action) -> Offer;

    /// Which images it shows.
    fn half(&self) -> Half {
        Half::Test
    }

    /// Whether it shows one image, which a turn of the wheel exchanges for the next one.
    fn shows_one(&self) -> bool {
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
