//! The screens: one list, and what each of them answers to keys. A screen's own state is its file's; what they share is the
//! scene's.

pub mod confusion;
pub mod curves;
pub mod dashboard;
pub mod data;
pub mod gallery;
pub mod neurons;

use super::{
    Action,
    answer::{Answer, Offer, Stance},
    known::Half,
    scene::Scene,
    ways::{Direction, Page, Stride},
};
use crate::protocol::TileRange;

/// Declares the screens in the order of their digits, each with the file that has its state.
macro_rules! screens {
    ($($(#[$doc:meta])* $screen:ident in $file:ident,)*) => {
        /// The screens, in the order of their digits.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Screen {
            $($(#[$doc])* $screen,)*
        }

        impl Screen {
            /// All of them, in their order.
            pub const ALL: [Self; [$(stringify!($screen)),*].len()] = [$(Self::$screen),*];

            /// What it is called.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$screen => stringify!($screen),)*
                }
            }
        }

        /// Each screen's own state.
        #[derive(Debug, Default)]
        pub struct Screens {
            $($(#[$doc])* pub $file: $file::$screen,)*
        }

        impl Screens {
            pub(super) fn get(&self, screen: Screen) -> &dyn Responds {
                match screen {
                    $(Screen::$screen => &self.$file,)*
                }
            }

            pub(super) fn get_mut(&mut self, screen: Screen) -> &mut dyn Responds {
                match screen {
                    $(Screen::$screen => &mut self.$file,)*
                }
            }
        }
    };
}

screens! {
    /// The training, one image, its prediction.
    Dashboard in dashboard,
    /// Many images.
    Gallery in gallery,
    /// Which classes are taken for which.
    Confusion in confusion,
    /// Loss and accuracy.
    Curves in curves,
    /// What there is to learn from.
    Data in data,
    /// What the network's units look for.
    Neurons in neurons,
}

impl Default for Screen {
    fn default() -> Self {
        Self::ALL[0]
    }
}

impl Screen {
    /// Its place among all, from 0.
    #[must_use]
    pub fn place(self) -> usize {
        Self::ALL.iter().position(|screen| *screen == self).unwrap_or_default()
    }

    /// The one that so many places further on, around.
    pub(super) fn after(self, places: usize) -> Self {
        Self::ALL[(self.place() + places) % Self::ALL.len()]
    }

    /// How a sentence calls it: `the Curves (4)`.
    pub(super) fn with_digit(self) -> String {
        format!("the {} ({})", self.name(), self.place() + 1)
    }
}

/// A screen's answers to keys, from its own state and what all screens share.
pub(super) trait Responds {
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
