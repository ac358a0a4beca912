//! Finds out how many colours the terminal has, from what its environment promises. Reads no terminal.

use crate::{cli::Color, view::Depth};

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
    // crossterm reads NO_COLOR too, and would drop the colours that were asked for here.
    crossterm::style::force_color_output(depth != Depth::None);
    depth
}

fn promised(variable: &impl Fn(&str) -> Option<String>) -> Depth {
    match (variable("COLORTERM").as_deref(), variable("TERM").as_deref()) {
        (Some("truecolor" | "24bit"), _) => Depth::TrueColor,
        (_, Some(term)) if term.ends_with("-direct") => Depth::TrueColor,
        (_, Some("linux" | "dumb" | "ansi" | "vt100" | "vt220" | "xterm-16color")) => Depth::Ansi16,
        // Nearly every terminal that one reaches over SSH has the palette of 256, whatever it calls itself.
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
    fn no_color_takes_the_colours_unless_they_are_asked_for() {
        assert_eq!(with(Color::Auto, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(with(Color::Auto, &[("NO_COLOR", ""), ("COLORTERM", "truecolor")]), Depth::TrueColor);
        assert_eq!(with(Color::Always, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::TrueColor);
        assert_eq!(with(Color::Ansi16, &[("NO_COLOR", "1")]), Depth::Ansi16);
        assert_eq!(with(Color::Never, &[("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(with(Color::Auto, &[("TERM", "dumb")]), Depth::None);
    }
}
