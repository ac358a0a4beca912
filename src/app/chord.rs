//! A key with its modifiers, and its name. Knows not what it means.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers. Shift is part of a character (`N`), not a modifier of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    code: KeyCode,
    control: bool,
}

pub(super) const fn key(code: KeyCode) -> Chord {
    Chord { code, control: false }
}

pub(super) const fn letter(letter: char) -> Chord {
    key(KeyCode::Char(letter))
}

pub(super) const fn control(letter: char) -> Chord {
    Chord { code: KeyCode::Char(letter), control: true }
}

/// The keys that have names, the first of each as it is shown.
const NAMES: [(KeyCode, &[&str]); 16] = [
    (KeyCode::Char(' '), &["Space"]),
    (KeyCode::Enter, &["Enter", "Return"]),
    (KeyCode::Esc, &["Esc", "Escape"]),
    (KeyCode::Tab, &["Tab"]),
    (KeyCode::BackTab, &["Shift-Tab"]),
    (KeyCode::Backspace, &["Backspace"]),
    (KeyCode::Delete, &["Delete", "Del"]),
    (KeyCode::Insert, &["Insert", "Ins"]),
    (KeyCode::Left, &["←", "Left"]),
    (KeyCode::Right, &["→", "Right"]),
    (KeyCode::Up, &["↑", "Up"]),
    (KeyCode::Down, &["↓", "Down"]),
    (KeyCode::PageUp, &["PgUp", "PageUp"]),
    (KeyCode::PageDown, &["PgDn", "PageDown"]),
    (KeyCode::Home, &["Home"]),
    (KeyCode::End, &["End"]),
];

/// The letters that terminals send for keys of their own while Control is held.
const TAKEN: [(char, &str); 4] = [('i', "Tab"), ('m', "Enter"), ('j', "Enter"), ('h', "Backspace")];

impl Chord {
    /// Reads a key's name: `p`, `N`, `Ctrl-X`, `Space`, `PgUp`, `F5`.
    ///
    /// # Errors
    /// In words that follow the name, why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(rest) = strip_prefix(text, "ctrl-").or_else(|| strip_prefix(text, "c-").filter(|rest| is_one(rest)))
        {
            let letter = rest.chars().next().filter(|letter| is_one(rest) && letter.is_ascii_alphabetic());
            let letter = letter.ok_or("is no key: expected a letter after Ctrl-")?.to_ascii_lowercase();
            return match TAKEN.iter().find(|(taken, _)| *taken == letter) {
                Some((_, name)) => Err(format!("is the same key as {name} to a terminal: expected another")),
                None => Ok(control(letter)),
            };
        }
        let mut letters = text.chars();
        if let (Some(character), None) = (letters.next(), letters.next())
            && !character.is_control()
            && !NAMES.iter().any(|(_, names)| names.contains(&text))
        {
            return Ok(letter(character));
        }
        let named = NAMES.iter().find(|(_, names)| names.iter().any(|name| name.eq_ignore_ascii_case(text)));
        let function = || text.strip_prefix(['F', 'f'])?.parse().ok().filter(|number| (1..=12).contains(number));
        let code = named.map(|(code, _)| *code).or_else(|| function().map(KeyCode::F));
        code.map(key).ok_or_else(|| {
            "is no key: expected a character, Ctrl- with a letter, or a name such as Space, Tab, PgUp, Left or F5"
                .to_owned()
        })
    }

    /// What it is called: `N`, `Ctrl-L`, `Space`, `←`.
    #[must_use]
    pub fn name(self) -> String {
        let Self { code, control } = self;
        match (NAMES.iter().find(|(named, _)| *named == code), code) {
            (Some((_, names)), _) => names[0].to_owned(),
            (None, KeyCode::Char(letter)) if control => format!("Ctrl-{}", letter.to_ascii_uppercase()),
            (None, KeyCode::Char(letter)) => letter.to_string(),
            (None, KeyCode::F(number)) => format!("F{number}"),
            (None, other) => format!("{other:?}"),
        }
    }

    /// The character, if it is one alone.
    pub(super) fn character(self) -> Option<char> {
        match self {
            Self { code: KeyCode::Char(letter), control: false } => Some(letter),
            _ => None,
        }
    }

    /// Whether Control is held.
    pub(super) const fn has_control(self) -> bool {
        self.control
    }
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

fn is_one(text: &str) -> bool {
    text.chars().count() == 1
}

/// What follows this prefix, in upper or lower case.
fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    (head.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reads_back_by_its_name() {
        for name in ["p", "N", "ä", ".", "-", "Space", "Ctrl-X", "←", "PgUp", "Shift-Tab", "F12", "Esc"] {
            assert_eq!(Chord::parse(name).map(Chord::name).as_deref(), Ok(name));
        }
        for (spelled, name) in
            [("ctrl-x", "Ctrl-X"), ("c-X", "Ctrl-X"), ("left", "←"), ("pageup", "PgUp"), (" ", "Space")]
        {
            assert_eq!(Chord::parse(spelled).map(Chord::name).as_deref(), Ok(name), "{spelled:?}");
        }
    }

    #[test]
    fn what_no_terminal_sends_is_no_key() {
        for text in ["", "Alt-x", "pp", "F13", "F0", "Ctrl-", "Ctrl-1", "Ctrl-xy", "\x1b", "c-"] {
            assert!(Chord::parse(text).is_err_and(|words| words.starts_with("is no key")), "{text:?}");
        }
        assert_eq!(Chord::parse("Ctrl-I"), Err("is the same key as Tab to a terminal: expected another".to_owned()));
    }
}
