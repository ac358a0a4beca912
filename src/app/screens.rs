//! The screens' own states: a file each, with what it answers to keys. What they share is the scene's.

pub mod confusion;
pub mod curves;
pub mod dashboard;
pub mod data;
pub mod gallery;
pub mod neurons;

use super::{
    responds::Responds,
    screen::{Screen, for_each_screen},
};

macro_rules! declare {
    ($($(#[$doc:meta])* $screen:ident in $file:ident,)*) => {
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

for_each_screen!(declare);
