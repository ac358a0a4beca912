//! The key table: what each key does, in data. It feeds the dispatch, the help screen and the footer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    Action, Leaving, Overlay, Screen,
    ways::{
        Direction::{Back, Forward},
        Stride,
    },
};

/// A key with its modifiers. Shift is part of a character (`N`), not a modifier of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chord {
    code: KeyCode,
    control: bool,
}

const fn key(code: KeyCode) -> Chord {
    Chord { code, control: false }
}

const fn letter(letter: char) -> Chord {
    key(KeyCode::Char(letter))
}

const fn control(letter: char) -> Chord {
    Chord { code: KeyCode::Char(letter), control: true }
}

impl From<KeyEvent> for Chord {
    fn from(event: KeyEvent) -> Self {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let code = match event.code {
            KeyCode::Char(letter) if control => KeyCode::Char(letter.to_ascii_lowercase()),
            code => code,
        };
        Self { code, control }
    }
}

/// A row of the key table: a key, or a few that belong together.
#[derive(Debug)]
pub struct Binding {
    chords: &'static [(Chord, Action)],
    /// The keys, as the help names them.
    pub keys: &'static str,
    /// What they do, in words for the help.
    pub words: &'static str,
    /// The same for the footer, where it is important enough to stand there.
    pub brief: Option<Brief>,
}

impl Binding {
    /// What the first of the keys does.
    #[must_use]
    pub fn action(&self) -> Action {
        self.chords[0].1
    }
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
    chord: Chord,
    action: Action,
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

/// Every binding of the table, in its order.
pub fn bindings() -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().flat_map(|group| group.bindings)
}

/// What a key does while this lies over the panes.
#[must_use]
pub fn action(overlay: &Overlay, event: KeyEvent) -> Option<Action> {
    match overlay {
        Overlay::Prompt(_) => prompt_action(event),
        Overlay::Leave => leaving_action(event),
        Overlay::None | Overlay::Help { .. } | Overlay::Runs(_) => table_action(event),
    }
}

/// What a key of the table does.
fn table_action(event: KeyEvent) -> Option<Action> {
    if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
        return None;
    }
    let chord = Chord::from(event);
    let mut chords = bindings().flat_map(|binding| binding.chords);
    chords.find(|(bound, _)| *bound == chord).map(|(_, action)| *action)
}

/// What a key does while an index is typed. Keys with Control keep their meaning, so that the program can be left.
fn prompt_action(event: KeyEvent) -> Option<Action> {
    match Chord::from(event) {
        Chord { control: true, .. } => table_action(event),
        Chord { code: KeyCode::Char(letter), .. } => Some(Action::Type(letter)),
        Chord { code: KeyCode::Backspace, .. } => Some(Action::Erase),
        Chord { code: KeyCode::Enter, .. } => Some(Action::Enter),
        Chord { code: KeyCode::Esc, .. } => Some(Action::Back),
        _ => None,
    }
}

/// What a key does while it is asked how to leave.
fn leaving_action(event: KeyEvent) -> Option<Action> {
    let chord = Chord::from(event);
    let way = WAYS_TO_LEAVE.iter().find(|way| way.chord == chord);
    let others =
        || table_action(event).filter(|action| matches!(action, Action::Quit | Action::Redraw | Action::Suspend));
    way.map(|way| way.action).or_else(others)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_stands_twice_in_the_table() {
        let chords: Vec<Chord> = bindings().flat_map(|binding| binding.chords).map(|(chord, _)| *chord).collect();
        for (index, chord) in chords.iter().enumerate() {
            assert!(!chords[..index].contains(chord), "{chord:?} is bound twice");
        }
    }

    #[test]
    fn a_capital_is_found_with_and_without_the_shift_that_some_terminals_report() {
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let event = KeyEvent::new(KeyCode::Char('N'), modifiers);
            assert_eq!(table_action(event), Some(Action::Wrong(Back)));
        }
    }

    #[test]
    fn control_c_quits_also_while_an_index_is_typed() {
        let event = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for overlay in [Overlay::None, Overlay::Prompt(String::new()), Overlay::Leave] {
            assert_eq!(action(&overlay, event), Some(Action::Quit));
        }
        let letter = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(prompt_action(letter), Some(Action::Type('q')));
    }

    /// How README names a key.
    fn name(Chord { code, control }: Chord) -> String {
        match code {
            KeyCode::Char(letter) if control => format!("Ctrl-{}", letter.to_ascii_uppercase()),
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            other => format!("{other:?}"),
        }
    }

    /// The keys of the table by their names, but for `=`, which is + without Shift and goes without saying.
    fn bound() -> BTreeSet<String> {
        let chords = bindings().flat_map(|binding| binding.chords).map(|(chord, _)| name(*chord));
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
            let mut keys: BTreeSet<String> = binding.chords.iter().map(|(chord, _)| name(*chord)).collect();
            // Tab names both.
            keys.retain(|name| name != "=" && name != "Shift-Tab");
            assert_eq!(named(binding.keys), keys, "{:?}", binding.keys);
        }
    }
}
