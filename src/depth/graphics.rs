//! Finds out from the environment whether the terminal draws images by itself, and how. Asks no terminal.

use crate::{
    cli,
    view::{Depth, Graphics, Theme},
};

/// The terminals that are known to draw images and that name themselves in `TERM`, which SSH hands on; in capitals or
/// not, and whatever follows a hyphen. Variables that others set are inherited by programs of other terminals.
const TERMS: [(&str, Graphics); 9] = [
    // Placeholders since 0.28 (https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders).
    ("xterm-kitty", Graphics::Kitty),
    // https://github.com/ghostty-org/ghostty/pull/2015, and so in 1.0.
    ("xterm-ghostty", Graphics::Kitty),
    ("ghostty", Graphics::Kitty),
    // https://codeberg.org/dnkl/foot, README.
    ("foot", SIXEL),
    // Both are in libsixel's sixel(5).
    ("mlterm", SIXEL),
    ("yaft", SIXEL),
    // https://github.com/contour-terminal/contour/discussions/416.
    ("contour", SIXEL),
    // https://github.com/BourgeoisBear/rasterm, README.
    ("mintty", SIXEL),
    // The same; it draws kitty's images too, but not their placeholders (https://github.com/wezterm/wezterm/pull/7924).
    ("wezterm", SIXEL),
];

/// Sixel, in cells of a size that the terminal must still be asked for.
const SIXEL: Graphics = Graphics::Sixel { cell: None };

/// Variables of programs that stand between this one and the terminal, and draw no images or not where they should be:
/// tmux, GNU screen, Zellij; and of those that record (asciinema before and since 3.0, VHS), whose players have none.
const BETWEEN: [&str; 6] = ["TMUX", "STY", "ZELLIJ", "ASCIINEMA_REC", "ASCIINEMA_SESSION", "VHS_RECORD"];

/// What pictures are drawn as with `--graphics`, this theme and this environment (`variable`: a name's value, if it is
/// set).
pub fn graphics(asked: cli::Graphics, theme: &Theme, variable: impl Fn(&str) -> Option<String>) -> Graphics {
    let announced = || match variable("TERM") {
        Some(term) if !BETWEEN.iter().any(|name| variable(name).is_some_and(|value| !value.is_empty())) => of(&term),
        _ => Graphics::Blocks,
    };
    match asked {
        // Who wants no colours, or ASCII alone, wants no images; and an image's number is a colour.
        _ if theme.ascii() || theme.depth() == Depth::None => Graphics::Blocks,
        cli::Graphics::Auto => announced(),
        cli::Graphics::Blocks => Graphics::Blocks,
        cli::Graphics::Kitty => Graphics::Kitty,
        cli::Graphics::Sixel => SIXEL,
    }
}

/// What the terminal of this name draws.
fn of(term: &str) -> Graphics {
    let term = term.to_ascii_lowercase();
    let is = |name: &str| term.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    TERMS.iter().find(|(name, _)| is(name)).map_or(Graphics::Blocks, |(_, graphics)| *graphics)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(asked: cli::Graphics, theme: &Theme, environment: &[(&str, &str)]) -> Graphics {
        let value = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        graphics(asked, theme, value)
    }

    #[test]
    fn images_are_drawn_where_the_terminal_s_name_says_that_it_can() {
        let theme = Theme::new(Depth::Ansi256, false);
        for (term, expected) in [
            ("xterm-kitty", Graphics::Kitty),
            ("xterm-ghostty", Graphics::Kitty),
            ("foot", SIXEL),
            ("foot-extra", SIXEL),
            ("mlterm-256color", SIXEL),
            ("contour-latest", SIXEL),
            ("yaft-256color", SIXEL),
            ("xterm-256color", Graphics::Blocks),
            ("xterm", Graphics::Blocks),
            ("footing", Graphics::Blocks),
            ("alacritty", Graphics::Blocks),
            ("konsole-256color", Graphics::Blocks),
            ("tmux-256color", Graphics::Blocks),
            ("screen.xterm-kitty", Graphics::Blocks),
            ("linux", Graphics::Blocks),
        ] {
            assert_eq!(with(cli::Graphics::Auto, &theme, &[("TERM", term)]), expected, "{term}");
        }
        assert_eq!(with(cli::Graphics::Auto, &theme, &[]), Graphics::Blocks);
    }

    #[test]
    fn what_stands_between_or_records_gets_blocks_unless_images_are_asked_for() {
        let theme = Theme::new(Depth::TrueColor, false);
        for name in BETWEEN {
            let environment = [("TERM", "xterm-kitty"), (name, "1")];
            assert_eq!(with(cli::Graphics::Auto, &theme, &environment), Graphics::Blocks, "{name}");
            assert_eq!(with(cli::Graphics::Kitty, &theme, &environment), Graphics::Kitty, "{name}");
        }
        // A window that was started inside of another terminal inherits its variables.
        let inherited = [("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1"), ("TERM_PROGRAM", "ghostty")];
        assert_eq!(with(cli::Graphics::Auto, &theme, &inherited), Graphics::Blocks);
        assert_eq!(with(cli::Graphics::Blocks, &theme, &[("TERM", "xterm-kitty")]), Graphics::Blocks);
        assert_eq!(with(cli::Graphics::Sixel, &theme, &[("TERM", "xterm")]), SIXEL);
    }

    #[test]
    fn who_wants_no_colours_or_ascii_alone_gets_no_images() {
        for theme in [Theme::new(Depth::None, false), Theme::new(Depth::TrueColor, true)] {
            for asked in [cli::Graphics::Auto, cli::Graphics::Kitty, cli::Graphics::Sixel] {
                assert_eq!(with(asked, &theme, &[("TERM", "xterm-kitty")]), Graphics::Blocks, "{asked:?} {theme:?}");
            }
        }
    }
}
