//! The key table: what each key does unless its user has it otherwise, in data. What holds is in `bound`.

use crossterm::event::KeyCode;

use super::{
    Action, Leaving, Screen,
    chord::{Chord, control, key, letter},
    ways::{
        Direction::{Back, Forward},
        Stride,
    },
};

/// A row of the key table: a key, or a few that belong together.
#[derive(Debug)]
pub struct Binding {
    pub(super) chords: &'static [(Chord, Action)],
    /// The keys, as the help names them.
    pub keys: &'static str,
    /// What they do, in words for the help.
    pub words: &'static str,
    /// The same for the footer, where it is important enough to stand there.
    pub brief: Option<Brief>,
}

/// What the footer says of a key, or of a pair of them.
#[derive(Clone, Copy, Debug)]
pub struct Brief {
    /// The key, or both keys of a pair.
    pub keys: &'static str,
    /// What they do, in a word or two.
    pub words: &'static str,
    /// Where there is no room for all, those of less importance leave first: 0 to 6.
    pub importance: u8,
}

/// A heading of the help with its rows.
#[derive(Debug)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// Its rows, in the help's order.
    pub bindings: &'static [Binding],
}

macro_rules! bind {
    ($chords:expr, $keys:literal, $words:literal) => {
        Binding { chords: &$chords, keys: $keys, words: $words, brief: None }
    };
    ($chords:expr, $keys:literal, $words:literal, $brief_keys:literal $brief_words:literal $importance:literal) => {
        Binding {
            chords: &$chords,
            keys: $keys,
            words: $words,
            brief: Some(Brief { keys: $brief_keys, words: $brief_words, importance: $importance }),
        }
    };
}

const LEFT: Chord = key(KeyCode::Left);
const RIGHT: Chord = key(KeyCode::Right);
const UP: Chord = key(KeyCode::Up);
const DOWN: Chord = key(KeyCode::Down);

/// The digits of the screens, then the keys to the next one and to the one before.
const SCREENS: [(Chord, Action); Screen::ALL.len() + 2] = {
    let mut chords = [(key(KeyCode::Tab), Action::NextScreen); Screen::ALL.len() + 2];
    let (mut place, mut digit) = (0, b'1');
    while place < Screen::ALL.len() {
        chords[place] = (letter(digit as char), Action::Show(Screen::ALL[place]));
        (place, digit) = (place + 1, digit + 1);
    }
    chords[place + 1] = (key(KeyCode::BackTab), Action::PreviousScreen);
    chords
};

/// The names of so many digits, for the help and for the footer.
macro_rules! digits {
    ($($digits:literal)*) => {
        [$((concat!($digits, " Tab"), $digits)),*]
    };
}

/// How the help and the footer name the keys of the screens. More than nine have no digits.
const SCREEN_KEYS: (&str, &str) = digits!["1" "1-2" "1-3" "1-4" "1-5" "1-6" "1-7" "1-8" "1-9"][Screen::ALL.len() - 1];

/// Every key of the dashboard.
pub const TABLE: &[Group] = &[
    Group {
        title: "Go",
        bindings: &[
            bind!(
                [
                    (LEFT, Action::Go(Stride::One, Back)),
                    (letter('h'), Action::Go(Stride::One, Back)),
                    (RIGHT, Action::Go(Stride::One, Forward)),
                    (letter('l'), Action::Go(Stride::One, Forward))
                ],
                "← → h l",
                "previous, next",
                "← →" "move" 2
            ),
            bind!(
                [
                    (UP, Action::Go(Stride::Row, Back)),
                    (letter('k'), Action::Go(Stride::Row, Back)),
                    (DOWN, Action::Go(Stride::Row, Forward)),
                    (letter('j'), Action::Go(Stride::Row, Forward))
                ],
                "↑ ↓ k j",
                "one row up, down"
            ),
            bind!(
                [
                    (key(KeyCode::PageUp), Action::Go(Stride::Page, Back)),
                    (key(KeyCode::PageDown), Action::Go(Stride::Page, Forward))
                ],
                "PgUp PgDn",
                "one page back, forward"
            ),
            bind!(
                [
                    (key(KeyCode::Home), Action::Go(Stride::All, Back)),
                    (letter('g'), Action::Go(Stride::All, Back)),
                    (key(KeyCode::End), Action::Go(Stride::All, Forward)),
                    (letter('G'), Action::Go(Stride::All, Forward))
                ],
                "Home End g G",
                "first, last"
            ),
            bind!(
                [(letter('n'), Action::Wrong(Forward)), (letter('N'), Action::Wrong(Back))],
                "n N",
                "next, previous mistake",
                "n" "mistake" 2
            ),
            bind!(
                [(letter(':'), Action::OpenPrompt), (letter('/'), Action::OpenPrompt)],
                ": /",
                "jump to an index",
                ":" "jump" 1
            ),
            bind!([(key(KeyCode::Enter), Action::Enter)], "Enter", "open what is selected", "Enter" "open" 3),
            bind!([(key(KeyCode::Esc), Action::Back)], "Esc", "close, or back", "Esc" "back" 4),
        ],
    },
    Group {
        title: "Images",
        bindings: &[
            bind!(
                [(letter('c'), Action::NextClass), (letter('C'), Action::ClearFilter)],
                "c C",
                "one class, all images",
                "c C" "class" 1
            ),
            bind!([(letter('x'), Action::ToggleWrong)], "x", "only the mistakes", "x" "mistakes" 1),
            bind!([(letter('o'), Action::NextOrder)], "o", "change the order", "o" "order" 1),
            bind!(
                [(letter('['), Action::Earlier), (letter(']'), Action::Later)],
                "[ ]",
                "an epoch back, forward",
                "[ ]" "epoch" 1
            ),
            bind!([(letter('w'), Action::ToggleExplain)], "w", "what the pixels say", "w" "why" 1),
            bind!([(letter('i'), Action::Invert)], "i", "invert the pictures", "i" "invert" 0),
            bind!(
                [
                    (letter('+'), Action::Zoom(Forward)),
                    (letter('='), Action::Zoom(Forward)),
                    (letter('-'), Action::Zoom(Back))
                ],
                "+ -",
                "zoom in, out",
                "+ -" "zoom" 1
            ),
            bind!([(letter('t'), Action::ToggleHalf)], "t", "test, training images", "t" "train/test" 1),
        ],
    },
    Group {
        title: "Curves",
        bindings: &[
            bind!([(letter('m'), Action::NextSmoothing)], "m", "smooth", "m" "smooth" 1),
            bind!([(letter('y'), Action::ToggleLogarithm)], "y", "logarithmic loss", "y" "log" 1),
            bind!([(letter('a'), Action::ToggleUnit)], "a", "by epochs, by steps", "a" "axis" 1),
            bind!([(letter('r'), Action::PickRun)], "r", "compare with a run", "r" "run" 1),
        ],
    },
    Group {
        title: "Training",
        bindings: &[
            bind!([(letter(' '), Action::TogglePause)], "Space", "pause, resume", "Space" "pause" 3),
            bind!([(letter('.'), Action::Step)], ".", "paused: train a batch", "." "one batch" 3),
            bind!(
                [(letter('<'), Action::Slower), (letter('>'), Action::Faster)],
                "< >",
                "halve, double the pace",
                "< >" "pace" 1
            ),
            bind!([(letter('P'), Action::Replay)], "P", "ended run: play, leave", "P" "play" 3),
            bind!([(letter('s'), Action::Save)], "s", "save a checkpoint now", "s" "save" 1),
        ],
    },
    Group {
        title: "fitroom",
        bindings: &[
            Binding {
                chords: &SCREENS,
                keys: SCREEN_KEYS.0,
                words: "screens",
                brief: Some(Brief { keys: SCREEN_KEYS.1, words: "screens", importance: 0 }),
            },
            bind!([(letter('?'), Action::ToggleHelp)], "?", "this help", "?" "help" 5),
            bind!([(control('l'), Action::Redraw), (control('z'), Action::Suspend)], "Ctrl-L -Z", "redraw, suspend"),
            bind!(
                [(letter('q'), Action::Quit), (control('c'), Action::Quit)],
                "q Ctrl-C", "leave", "q" "quit" 6
            ),
        ],
    },
];

/// A way to leave, while it is asked for one.
#[derive(Debug)]
pub struct Way {
    pub(super) chord: Chord,
    pub(super) action: Action,
    /// The key's name.
    pub keys: &'static str,
    /// What it does.
    pub words: &'static str,
    /// The same where there is little room.
    pub brief: &'static str,
}

/// The ways to leave, and the one to stay.
pub const WAYS_TO_LEAVE: [Way; 3] = [
    Way {
        chord: letter('s'),
        action: Action::Leave(Leaving::Stopping),
        keys: "s",
        words: "stop and save",
        brief: "stop and save",
    },
    Way {
        chord: letter('d'),
        action: Action::Leave(Leaving::Detaching),
        keys: "d",
        words: "leave it training in the background",
        brief: "leave it training",
    },
    Way { chord: key(KeyCode::Esc), action: Action::Back, keys: "Esc", words: "go on", brief: "go on" },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn bindings() -> impl Iterator<Item = &'static Binding> {
        TABLE.iter().flat_map(|group| group.bindings)
    }

    #[test]
    fn no_key_stands_twice_in_the_table() {
        let chords: Vec<Chord> = bindings().flat_map(|binding| binding.chords).map(|(chord, _)| *chord).collect();
        for (index, chord) in chords.iter().enumerate() {
            assert!(!chords[..index].contains(chord), "{chord:?} is bound twice");
        }
    }

    /// The keys of the table by their names, but for `=`, which is + without Shift and goes without saying.
    fn bound() -> BTreeSet<String> {
        let chords = bindings().flat_map(|binding| binding.chords).map(|(chord, _)| chord.name());
        chords.filter(|name| name != "=").collect()
    }

    /// The keys that a text names: `1…3` and `1-3` are three, `: or /` are two, and so are `Ctrl-L -Z`.
    fn named(text: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for word in text.split_whitespace().filter(|word| *word != "or") {
            match word.split(['…', '-']).collect::<Vec<_>>()[..] {
                [first, last] if first.parse::<u8>().is_ok() => {
                    let (first, last): (u8, u8) = (first.parse().expect("a digit"), last.parse().expect("a digit"));
                    names.extend((first..=last).map(|digit| digit.to_string()));
                }
                ["", letter] if !letter.is_empty() => {
                    names.insert(format!("Ctrl-{letter}"));
                }
                _ => {
                    names.insert(word.to_owned());
                }
            }
        }
        names
    }

    #[test]
    fn the_readme_s_table_names_all_keys_and_no_others() {
        let readme = include_str!("../../README.md");
        let section = readme.split("\n## ").find(|section| section.starts_with("Keys\n")).expect("it has a section");
        let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).skip(1);
        let (named, bound) = (named(&rows.collect::<Vec<_>>().join(" ")), bound());
        let odd: Vec<&String> = named.symmetric_difference(&bound).collect();
        assert!(odd.is_empty(), "only the README or only the key table has {odd:?}");
    }

    #[test]
    fn the_help_names_the_keys_of_each_row_and_no_others() {
        for binding in bindings() {
            let mut keys: BTreeSet<String> = binding.chords.iter().map(|(chord, _)| chord.name()).collect();
            // Tab names both.
            keys.retain(|name| name != "=" && name != "Shift-Tab");
            assert_eq!(named(binding.keys), keys, "{:?}", binding.keys);
        }
    }
}
