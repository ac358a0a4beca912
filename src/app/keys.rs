//! The key table: what each key does, in data. It feeds the dispatch, the help screen and the footer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Action;

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

/// A row of the key table.
#[derive(Debug)]
pub struct Binding {
    chords: &'static [Chord],
    /// What it does.
    pub action: Action,
    /// The keys, as the help names them.
    pub keys: &'static str,
    /// What it does, in words for the help.
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
    ($chords:expr, $action:expr, $keys:literal, $words:literal) => {
        Binding { chords: &$chords, action: $action, keys: $keys, words: $words, brief: None }
    };
    ($chords:expr, $action:expr, $keys:literal, $words:literal, $brief_keys:literal $brief_words:literal) => {
        Binding {
            chords: &$chords,
            action: $action,
            keys: $keys,
            words: $words,
            brief: Some(Brief { keys: $brief_keys, words: $brief_words }),
        }
    };
}

/// Every key of the dashboard.
pub const TABLE: &[Group] = &[
    Group {
        title: "Test images",
        bindings: &[
            bind!([key(KeyCode::Left), letter('h')], Action::Previous, "← h", "previous image"),
            bind!([key(KeyCode::Right), letter('l')], Action::Next, "→ l", "next image", "← →" "leaf"),
            bind!([key(KeyCode::Up), letter('k')], Action::RowUp, "↑ k", "ten back"),
            bind!([key(KeyCode::Down), letter('j')], Action::RowDown, "↓ j", "ten on"),
            bind!([key(KeyCode::PageUp)], Action::PageUp, "PgUp", "a hundred back"),
            bind!([key(KeyCode::PageDown)], Action::PageDown, "PgDn", "a hundred on"),
            bind!([key(KeyCode::Home), letter('g')], Action::First, "Home g", "first image"),
            bind!([key(KeyCode::End), letter('G')], Action::Last, "End G", "last image"),
            bind!([letter('n')], Action::NextWrong, "n", "next wrong prediction", "n" "wrong"),
            bind!([letter('N')], Action::PreviousWrong, "N", "previous wrong prediction"),
            bind!([letter(':'), letter('/')], Action::OpenPrompt, ": /", "jump to an index", ":" "jump"),
            bind!([letter('i')], Action::Invert, "i", "invert the picture", "i" "invert"),
        ],
    },
    Group {
        title: "Training",
        bindings: &[
            bind!([letter(' ')], Action::TogglePause, "Space", "pause, resume", "Space" "pause"),
            bind!([letter('.')], Action::Step, ".", "while paused: train one batch", "." "one batch"),
            bind!([letter('<')], Action::Slower, "<", "slow motion: halve the pace", "< >" "pace"),
            bind!([letter('>')], Action::Faster, ">", "faster, up to full speed"),
            bind!([letter('s')], Action::Save, "s", "save a checkpoint now", "s" "save"),
        ],
    },
    Group {
        title: "fitroom",
        bindings: &[
            bind!([letter('?')], Action::ToggleHelp, "?", "this help", "?" "help"),
            bind!([key(KeyCode::Esc)], Action::Back, "Esc", "close what is open"),
            bind!([control('l')], Action::Redraw, "Ctrl-L", "redraw the screen"),
            bind!([control('z')], Action::Suspend, "Ctrl-Z", "suspend to the shell"),
            bind!([letter('q'), control('c')], Action::Quit, "q Ctrl-C", "quit", "q" "quit"),
        ],
    },
];

/// Every binding of the table, in its order.
pub fn bindings() -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().flat_map(|group| group.bindings)
}

/// What a key does on the dashboard.
#[must_use]
pub fn action(event: KeyEvent) -> Option<Action> {
    if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
        return None;
    }
    let chord = Chord::from(event);
    bindings().find(|binding| binding.chords.contains(&chord)).map(|binding| binding.action)
}

/// What a key does while an index is typed. Keys with Control keep their meaning, so that the program can be left.
#[must_use]
pub fn prompt_action(event: KeyEvent) -> Option<Action> {
    match Chord::from(event) {
        Chord { control: true, .. } => action(event),
        Chord { code: KeyCode::Char(letter), .. } => Some(Action::Type(letter)),
        Chord { code: KeyCode::Backspace, .. } => Some(Action::Erase),
        Chord { code: KeyCode::Enter, .. } => Some(Action::Accept),
        Chord { code: KeyCode::Esc, .. } => Some(Action::Back),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice_in_the_table() {
        let chords: Vec<Chord> = bindings().flat_map(|binding| binding.chords).copied().collect();
        for (index, chord) in chords.iter().enumerate() {
            assert!(!chords[..index].contains(chord), "{chord:?} is bound twice");
        }
    }

    #[test]
    fn a_capital_is_found_with_and_without_the_shift_that_some_terminals_report() {
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let event = KeyEvent::new(KeyCode::Char('N'), modifiers);
            assert_eq!(action(event), Some(Action::PreviousWrong));
        }
    }

    #[test]
    fn control_c_quits_also_while_an_index_is_typed() {
        let event = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action(event), Some(Action::Quit));
        assert_eq!(prompt_action(event), Some(Action::Quit));
        let letter = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(prompt_action(letter), Some(Action::Type('q')));
    }
}
