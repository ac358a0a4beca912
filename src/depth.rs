//! Finds out from the environment what the terminal can show: colours, characters, any picture at all. Asks no
//! terminal, because an answer may come late or never.

pub mod sixteen;
mod terminals;

mod graphics;

pub use graphics::graphics;

use crate::{
    cli::{Color, Colours, Palette},
    view::{self, Depth, Theme},
};

/// Says why there is no dashboard on a terminal that cannot be drawn on.
pub const NOT_DRAWN: &str = "TERM is not set or names no terminal that can be drawn on, so there is no dashboard: \
                             one line per epoch follows (TERM=xterm-256color suits nearly every terminal)";

/// The theme that the options and the environment (`variable`: a name's value, if it is set) ask for.
pub fn theme(colours: &Colours, variable: impl Fn(&str) -> Option<String>) -> Theme {
    let has_font = !terminals::named(&variable("TERM").unwrap_or_default()).is_ascii;
    let ascii = colours.ascii || !has_font || !is_unicode(&variable);
    let palette = match colours.palette {
        Palette::Standard => view::Palette::Standard,
        Palette::ColorBlind => view::Palette::ColourBlind,
    };
    Theme::new(detect(colours.color, variable), ascii).with_palette(palette)
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
        // Whoever insists on colours gets those that are the least to ask for.
        Color::Always => match promised(&variable) {
            Depth::None => Depth::Ansi16,
            depth => depth,
        },
        // https://no-color.org: set, and not empty.
        Color::Auto if is_set(&variable, "NO_COLOR") => Depth::None,
        Color::Auto => promised(&variable),
    };
    // crossterm reads NO_COLOR too, and would drop the colours that were asked for.
    crossterm::style::force_color_output(depth != Depth::None);
    depth
}

/// The colours that the environment promises. Of what it says, the nearest to the screen counts: a multiplexer's word
/// before that of the terminal around it, whose variables it hands down, and a name of a terminal with few colours
/// before `COLORTERM`, which is left over from another one.
fn promised(variable: &impl Fn(&str) -> Option<String>) -> Depth {
    let term = variable("TERM").unwrap_or_default();
    let named = terminals::named(&term).depth;
    if let Some(few @ (Depth::None | Depth::Ansi16)) = named {
        return few;
    }
    let is_promised = matches!(variable("COLORTERM").as_deref(), Some("truecolor" | "24bit"));
    let knows_all = is_promised || named == Some(Depth::TrueColor);
    let has_all = match multiplexer(&term, variable) {
        // GNU screen 4.9 takes other colours for attributes, and hands down COLORTERM. screen 5 knows them, if it is
        // told to, and says so nowhere.
        Some(Multiplexer::Screen) => false,
        // tmux turns what its terminal does not show into what it does. From 3.6 on it sets COLORTERM itself.
        Some(Multiplexer::Tmux) => knows_all,
        None => knows_all || terminals::has_all_colours(variable),
    };
    // Over SSH nearly every terminal has the palette of 256 colours, whatever it calls itself.
    if has_all { Depth::TrueColor } else { Depth::Ansi256 }
}

/// A program that shows terminals in a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Multiplexer {
    Screen,
    Tmux,
}

/// Which one the program runs in, if the environment says so. Either may run in the other, and then both have left
/// their variables: `TERM` is that of the inner one, but tmux may use screen's name.
fn multiplexer(term: &str, variable: &impl Fn(&str) -> Option<String>) -> Option<Multiplexer> {
    let is_in_screen = is_set(variable, "STY");
    let is_in_tmux = is_set(variable, "TMUX") || variable("TERM_PROGRAM").as_deref() == Some("tmux");
    if term.starts_with("tmux") {
        Some(Multiplexer::Tmux)
    } else if is_in_screen || (term.starts_with("screen") && !is_in_tmux) {
        Some(Multiplexer::Screen)
    } else {
        is_in_tmux.then_some(Multiplexer::Tmux)
    }
}

fn is_set(variable: &impl Fn(&str) -> Option<String>, name: &str) -> bool {
    variable(name).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(color: Color, environment: &[(&str, &str)]) -> Depth {
        detect(color, |name| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn each_environment_has_the_colours_that_it_promises() {
        for (environment, expected) in [
            // What COLORTERM promises, which ssh does not hand on.
            (&[("COLORTERM", "truecolor"), ("TERM", "xterm-256color")][..], Depth::TrueColor),
            (&[("COLORTERM", "24bit")], Depth::TrueColor),
            (&[("COLORTERM", "gnome-terminal"), ("TERM", "xterm")], Depth::Ansi256),
            (&[("TERM", "xterm-256color")], Depth::Ansi256),
            (&[], Depth::Ansi256),
            // Names, and variables that terminals set.
            (&[("TERM", "xterm-kitty")], Depth::TrueColor),
            (&[("TERM", "xterm-direct")], Depth::TrueColor),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], Depth::TrueColor),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "Apple_Terminal")], Depth::Ansi256),
            (&[("TERM", "xterm-256color"), ("WT_SESSION", "1f0c")], Depth::TrueColor),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "7603")], Depth::TrueColor),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "3405")], Depth::Ansi256),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "new")], Depth::Ansi256),
            (&[("TERM", "xterm-256color"), ("KONSOLE_VERSION", "")], Depth::Ansi256),
            // Few colours, whatever is left over from another terminal.
            (&[("TERM", "linux"), ("COLORTERM", "truecolor")], Depth::Ansi16),
            (&[("TERM", "xterm-16color"), ("VTE_VERSION", "7603")], Depth::Ansi16),
            (&[("TERM", "xterm-mono"), ("COLORTERM", "truecolor")], Depth::None),
            (&[("TERM", "vt220")], Depth::None),
            (&[("TERM", "dumb")], Depth::None),
            // tmux, whose own word counts, and not what the terminal around it has set.
            (&[("TERM", "tmux-256color"), ("TMUX", "/tmp/tmux"), ("COLORTERM", "truecolor")], Depth::TrueColor),
            (&[("TERM", "screen-256color"), ("TMUX", "/tmp/tmux"), ("COLORTERM", "truecolor")], Depth::TrueColor),
            (&[("TERM", "screen"), ("TERM_PROGRAM", "tmux"), ("COLORTERM", "truecolor")], Depth::TrueColor),
            (&[("TERM", "tmux-256color"), ("TMUX", "/tmp/tmux"), ("KITTY_WINDOW_ID", "1")], Depth::Ansi256),
            (&[("TERM", "screen-256color"), ("TMUX", "/tmp/tmux"), ("VTE_VERSION", "7603")], Depth::Ansi256),
            (&[("TERM", "tmux-direct"), ("TMUX", "/tmp/tmux")], Depth::TrueColor),
            (&[("TERM", "tmux-256color")], Depth::Ansi256),
            // GNU screen, which does not show what it hands down.
            (&[("TERM", "screen"), ("COLORTERM", "truecolor")], Depth::Ansi256),
            (&[("TERM", "screen.xterm-256color"), ("COLORTERM", "truecolor")], Depth::Ansi256),
            (&[("TERM", "screen-256color"), ("KITTY_WINDOW_ID", "1")], Depth::Ansi256),
            (&[("TERM", "xterm-256color"), ("STY", "12.pts"), ("COLORTERM", "truecolor")], Depth::Ansi256),
            (&[("TERM", "screen.linux"), ("STY", "12.tty1")], Depth::Ansi16),
            // The one in the other.
            (&[("TERM", "screen"), ("STY", "1.a"), ("TMUX", "b"), ("COLORTERM", "truecolor")], Depth::Ansi256),
            (&[("TERM", "tmux-256color"), ("STY", "1.a"), ("COLORTERM", "truecolor")], Depth::TrueColor),
        ] {
            assert_eq!(with(Color::Auto, environment), expected, "{environment:?}");
        }
    }

    #[test]
    fn the_console_s_font_and_the_locale_decide_on_the_characters() {
        let colours = |ascii| Colours { color: Color::Auto, palette: Palette::Standard, ascii };
        for (term, locale, asked, expected) in [
            ("xterm-256color", "C.UTF-8", false, false),
            ("xterm-256color", "C.UTF-8", true, true),
            ("xterm-256color", "en_US.ISO-8859-1", false, true),
            ("linux", "C.UTF-8", false, true),
            ("linux-16color", "", false, true),
            ("vt220", "de_CH.utf8", false, false),
        ] {
            let variable = |name: &str| match name {
                "TERM" => Some(term.to_owned()),
                "LANG" => Some(locale.to_owned()),
                _ => None,
            };
            assert_eq!(theme(&colours(asked), variable).ascii(), expected, "{term}, {locale}, {asked}");
        }
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
        assert!(with(["C.UTF-8", "", ""]) && with(["en_US.UTF-8@euro", "C", "C"]));
        assert!(!with(["", "", "en_US.ISO-8859-1"]) && !with(["en_US.ISO-8859-15", "C.UTF-8", "C.UTF-8"]));
        assert!(!with(["C", "", "en_US.UTF-8"]) && !with(["", "", "POSIX"]) && !with(["", "de_DE@euro", "C.UTF-8"]));
    }

    #[test]
    fn no_color_takes_the_colours_unless_they_are_asked_for() {
        assert_eq!(with(Color::Auto, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(with(Color::Auto, &[("NO_COLOR", ""), ("COLORTERM", "truecolor")]), Depth::TrueColor);
        assert_eq!(with(Color::Always, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::TrueColor);
        assert_eq!(with(Color::Ansi16, &[("NO_COLOR", "1")]), Depth::Ansi16);
        assert_eq!(with(Color::Never, &[("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(with(Color::Truecolor, &[("STY", "12.pts"), ("TERM", "screen")]), Depth::TrueColor);
        assert_eq!(with(Color::Always, &[("TERM", "vt100")]), Depth::Ansi16);
    }
}
