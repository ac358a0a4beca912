//! Which screens there are: the one list that all else about them follows from.

/// Hands the list of the screens to a macro: for each its name and the file, below `app/screens` and below
/// `view/screens`, that it lives in. The order is that of the digits.
macro_rules! for_each_screen {
    ($declare:ident) => {
        $declare! {
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
    };
}
pub(crate) use for_each_screen;

macro_rules! declare {
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
    };
}

for_each_screen!(declare);

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
