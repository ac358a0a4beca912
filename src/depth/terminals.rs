//! What is known of terminals by the names and the variables that they set, as tables. Asks no terminal.

use crate::view::Depth;

/// What the value of `TERM` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// How many colours there are; `None`: that is not known by the name.
    pub depth: Option<Depth>,
    /// Whether its font has no more than ASCII, whatever the locale says.
    pub is_ascii: bool,
}

/// How a name in a table is compared with the value of `TERM`.
#[derive(Clone, Copy, Debug)]
enum Name {
    /// It is the name, or begins with it and `-`, `+` or `.`, behind which a variant is named: `vt100-w`.
    Of(&'static str),
    /// It ends with this, or has it before another `-`: `xterm-direct`, `xterm-direct256`.
    Variant(&'static str),
}

use Name::{Of, Variant};

/// Names with what they say, the first that fits decides. terminfo has them all (ncurses, `misc/terminfo.src`).
const NAMES: &[(Name, Option<Depth>, bool)] = &[
    // Hardware and variants without colours.
    (Variant("-mono"), Some(Depth::None), false),
    (Variant("-m"), Some(Depth::None), false),
    (Of("vt50"), Some(Depth::None), false),
    (Of("vt52"), Some(Depth::None), false),
    (Of("vt100"), Some(Depth::None), false),
    (Of("vt102"), Some(Depth::None), false),
    (Of("vt220"), Some(Depth::None), false),
    (Of("vt320"), Some(Depth::None), false),
    (Of("vt420"), Some(Depth::None), false),
    (Of("dumb"), Some(Depth::None), false),
    // Linux' console, also with GNU screen in it. The fonts that Debian gives it lack most of the block characters.
    (Of("linux"), Some(Depth::Ansi16), true),
    (Of("screen.linux"), Some(Depth::Ansi16), true),
    // The palettes of 8, 16 and 88 colours. That of 88 numbers other colours than that of 256.
    (Variant("-8color"), Some(Depth::Ansi16), false),
    (Variant("-16color"), Some(Depth::Ansi16), false),
    (Variant("-88color"), Some(Depth::Ansi16), false),
    (Of("xterm-color"), Some(Depth::Ansi16), false),
    (Of("ansi"), Some(Depth::Ansi16), false),
    (Of("pcansi"), Some(Depth::Ansi16), false),
    (Of("cons25"), Some(Depth::Ansi16), false),
    (Of("wsvt25"), Some(Depth::Ansi16), false),
    (Of("cygwin"), Some(Depth::Ansi16), false),
    (Of("dtterm"), Some(Depth::Ansi16), false),
    (Of("eterm"), Some(Depth::Ansi16), false),
    (Of("vt525"), Some(Depth::Ansi16), false),
    // Terminals that have known all colours for as long as they have had these names.
    (Variant("-direct"), Some(Depth::TrueColor), false),
    (Of("xterm-kitty"), Some(Depth::TrueColor), false),
    (Of("kitty"), Some(Depth::TrueColor), false),
    (Of("xterm-ghostty"), Some(Depth::TrueColor), false),
    (Of("ghostty"), Some(Depth::TrueColor), false),
    (Of("alacritty"), Some(Depth::TrueColor), false),
    (Of("foot"), Some(Depth::TrueColor), false),
    (Of("wezterm"), Some(Depth::TrueColor), false),
    (Of("contour"), Some(Depth::TrueColor), false),
    (Of("rio"), Some(Depth::TrueColor), false),
    (Of("iterm2"), Some(Depth::TrueColor), false),
    (Of("iterm"), Some(Depth::TrueColor), false),
    (Of("mintty"), Some(Depth::TrueColor), false),
];

/// Values of `TERM_PROGRAM` of terminals with all colours. `Apple_Terminal` is none of them: it has them from macOS 26
/// on, and nothing that it sets says so for certain.
const PROGRAMS: &[&str] =
    &["iTerm.app", "WezTerm", "ghostty", "vscode", "Hyper", "rio", "mintty", "WarpTerminal", "Tabby"];

/// Variables that only terminals with all colours set, with the least number that says so, if not all do.
const VARIABLES: &[(&str, Option<u32>)] = &[
    ("WT_SESSION", None),
    ("KITTY_WINDOW_ID", None),
    ("KONSOLE_VERSION", None),
    // All terminals that are made with this library: GNOME's and others.
    ("VTE_VERSION", Some(3600)),
];

/// What this value of `TERM` says.
pub(super) fn named(term: &str) -> Named {
    let term = term.to_ascii_lowercase();
    let fits = |name: &Name| match name {
        Of(name) => term.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '+', '.'])),
        Variant(name) => term.split_once(name).is_some_and(|(before, rest)| {
            let is_number = rest.bytes().all(|byte| byte.is_ascii_digit());
            !before.is_empty() && (is_number || rest.starts_with('-'))
        }),
    };
    NAMES.iter().find(|(name, ..)| fits(name)).map_or(Named { depth: None, is_ascii: false }, |(_, depth, is_ascii)| {
        Named { depth: *depth, is_ascii: *is_ascii }
    })
}

/// Whether a terminal has set a variable (`variable`: a name's value, if it is set) that only those with all colours
/// set.
pub(super) fn has_all_colours(variable: &impl Fn(&str) -> Option<String>) -> bool {
    let is_listed = |program: String| PROGRAMS.contains(&program.as_str());
    let says_so = |(name, least): &(&str, Option<u32>)| {
        let value = variable(name).filter(|value| !value.is_empty());
        value.is_some_and(|value| least.is_none_or(|least| value.parse().is_ok_and(|number: u32| number >= least)))
    };
    variable("TERM_PROGRAM").is_some_and(is_listed) || VARIABLES.iter().any(says_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_its_variants_and_for_no_other_that_begins_alike() {
        for (term, depth) in [
            ("xterm-mono", Some(Depth::None)),
            ("ansi-m", Some(Depth::None)),
            ("linux-m", Some(Depth::None)),
            ("vt100", Some(Depth::None)),
            ("vt100-w", Some(Depth::None)),
            ("vt220+keypad", Some(Depth::None)),
            ("VT100", Some(Depth::None)),
            ("linux", Some(Depth::Ansi16)),
            ("linux-16color", Some(Depth::Ansi16)),
            ("xterm-16color", Some(Depth::Ansi16)),
            ("rxvt-88color", Some(Depth::Ansi16)),
            ("ansi", Some(Depth::Ansi16)),
            ("xterm-direct", Some(Depth::TrueColor)),
            ("xterm-direct256", Some(Depth::TrueColor)),
            ("alacritty-direct", Some(Depth::TrueColor)),
            ("foot-extra", Some(Depth::TrueColor)),
            ("iTerm2.app", Some(Depth::TrueColor)),
            ("xterm", None),
            ("xterm-256color", None),
            ("screen-256color", None),
            ("tmux-256color", None),
            ("riot", None),
            ("footer", None),
            ("vt1000", None),
            ("a-monster", None),
            ("rxvt-unicode-256color", None),
        ] {
            assert_eq!(named(term).depth, depth, "{term}");
        }
    }

    #[test]
    fn only_the_console_s_font_is_short_of_characters() {
        for (term, expected) in
            [("linux", true), ("linux-16color", true), ("screen.linux", true), ("vt220", false), ("xterm-mono", false)]
        {
            assert_eq!(named(term).is_ascii, expected, "{term}");
        }
    }
}
