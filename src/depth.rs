//! Finds out from the environment what the terminal can show: colours, characters, any picture at all. Asks no
//! terminal.

use crate::{
    cli::{Color, Colours},
    view::{Depth, Theme},
};

/// Says why there is no dashboard on a terminal that cannot be drawn on.
pub const NOT_DRAWN: &str = "TERM is not set or names no terminal that can be drawn on, so there is no dashboard: \
                             one line per epoch follows (TERM=xterm-256color suits nearly every terminal)";

/// The theme that the options and the environment (`variable`: a name's value, if it is set) ask for.
pub fn theme(colours: &Colours, variable: impl Fn(&str) -> Option<String>) -> Theme {
    let ascii = colours.ascii || !is_unicode(&variable);
    Theme::new(detect(colours.color, variable), ascii)
}

/// The columns of the terminal that standard output is, where it says how many it has.
#[must_use]
pub fn columns() -> Option<usize> {
    crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// Whether the terminal can be drawn on: it can print anywhere, unlike that of an editor, and `TERM` names it.
pub fn can_draw(variable: impl Fn(&str) -> Option<String>) -> bool {
    let types_only = ["", "dumb", "unknown", "emacs"];
    variable("TERM").is_some_and(|term| types_only.iter().all(|name| !term.eq_ignore_ascii_case(name)))
}

/// Whether the locale has more characters than ASCII (POSIX, Base Definitions, 8.2: the first of these variables that
/// is not empty decides). If none is set, as in many containers, nothing is known, and nearly all terminals take UTF-8.
pub fn is_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    set.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The depth that `--color` and the environment (`variable`: a name's value, if it is set) ask for.
pub fn detect(color: Color, variable: impl Fn(&str) -> Option<String>) -> Depth {
    let depth = match color {
        Color::Never => Depth::None,
        Color::Ansi16 => Depth::Ansi16,
        Color::Ansi256 => Depth::Ansi256,
        Color::Truecolor => Depth::TrueColor,
        Color::Always => promised(&variable),
        // https://no-color.org: set, and not empty.
        Color::Auto if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) => Depth::None,
        Color::Auto => match promised(&variable) {
            Depth::Ansi16 if variable("TERM").as_deref() == Some("dumb") => Depth::None,
            depth => depth,
        },
    };
    // crossterm reads NO_COLOR too, and would drop the colours that were asked for.
    crossterm::style::force_color_output(depth != Depth::None);
    depth
}

fn promised(variable: &impl Fn(&str) -> Option<String>) -> Depth {
    match (variable("COLORTERM").as_deref(), variable("TERM").as_deref()) {
        (Some("truecolor" | "24bit"), _) => Depth::TrueColor,
        (_, Some(term)) if term.ends_with("-direct") => Depth::TrueColor,
        (_, Some("linux" | "dumb" | "ansi" | "vt100" | "vt220" | "xterm-16color")) => Depth::Ansi16,
        // Over SSH nearly every terminal has the palette of 256 colours, whatever it calls itself.
        _ => Depth::Ansi256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(color: Color, environment: &[(&str, &str)]) -> Depth {
        detect(color, |name| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn truecolor_is_used_where_it_is_promised() {
        assert_eq!(with(Color::Auto, &[("COLORTERM", "truecolor"), ("TERM", "xterm-256color")]), Depth::TrueColor);
        assert_eq!(with(Color::Auto, &[("COLORTERM", "24bit")]), Depth::TrueColor);
        assert_eq!(with(Color::Auto, &[("TERM", "xterm-256color")]), Depth::Ansi256);
        assert_eq!(with(Color::Auto, &[]), Depth::Ansi256);
        assert_eq!(with(Color::Auto, &[("TERM", "linux")]), Depth::Ansi16);
    }

    #[test]
    fn a_terminal_that_only_types_is_not_drawn_on() {
        for (term, expected) in
            [("xterm-256color", true), ("linux", true), ("vt100", true), ("dumb", false), ("DUMB", false), ("", false)]
        {
            assert_eq!(can_draw(|name| (name == "TERM").then(|| term.to_owned())), expected, "{term:?}");
        }
        assert!(!can_draw(|_| None));
    }

    #[test]
    fn a_locale_without_utf_8_means_ascii() {
        let with = |values: [&str; 3]| {
            is_unicode(|name| {
                let at = ["LC_ALL", "LC_CTYPE", "LANG"].iter().position(|variable| *variable == name);
                at.map(|at| values[at].to_owned())
            })
        };
        assert!(with(["", "", "de_CH.UTF-8"]) && with(["", "C.utf8", "C"]) && with(["", "", ""]));
        assert!(!with(["C", "", "en_US.UTF-8"]) && !with(["", "", "POSIX"]) && !with(["", "de_DE@euro", "C.UTF-8"]));
    }

    #[test]
    fn no_color_takes_the_colours_unless_they_are_asked_for() {
        assert_eq!(with(Color::Auto, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(with(Color::Auto, &[("NO_COLOR", ""), ("COLORTERM", "truecolor")]), Depth::TrueColor);
        assert_eq!(with(Color::Always, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::TrueColor);
        assert_eq!(with(Color::Ansi16, &[("NO_COLOR", "1")]), Depth::Ansi16);
        assert_eq!(with(Color::Never, &[("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(with(Color::Auto, &[("TERM", "dumb")]), Depth::None);
    }
}
