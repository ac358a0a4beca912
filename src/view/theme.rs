//! Colours and characters, and what stands in for them where a terminal has few of either. Draws nothing.
//!
//! Whether the terminal's background is dark or light is unknown, and no colour has the contrast of text both on a
//! usual dark one and on white. So text keeps the terminal's own foreground, or stands on a ground that is set with it;
//! only labels are grey. The colours themselves are in `hues`, with the tests of their contrast.

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style},
    symbols::{Marker, border},
};

use super::{
    graphics::Graphics,
    hues::{self, GREY, Hue, Hues, Palette},
};

/// How many colours a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None, or none are wanted (`NO_COLOR`, `--color never`).
    None,
    /// The sixteen that a terminal's own settings define.
    Ansi16,
    /// The palette of 256.
    Ansi256,
    /// Any red, green and blue.
    TrueColor,
}

/// The colours and characters that the screen is drawn with.
#[derive(Clone, Debug)]
pub struct Theme {
    depth: Depth,
    ascii: bool,
    palette: Palette,
    graphics: Graphics,
}

/// What a bar says of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neither predicted nor true.
    Other,
    /// Predicted, and wrong.
    Wrong,
    /// The true class.
    Right,
}

/// The characters of the screen that are not text.
#[derive(Debug)]
pub struct Glyphs {
    /// A heading's line.
    pub rule: &'static str,
    /// Between items of one line.
    pub dot: &'static str,
    /// Between two lengths.
    pub times: &'static str,
    /// Stands for the end of a name that was cut.
    pub ellipsis: &'static str,
    /// Before a state.
    pub state: &'static str,
    /// Before the name of a moment that has passed.
    pub back: &'static str,
    /// What is right, or done.
    pub right: &'static str,
    /// A count of 0 in a table.
    pub nothing: &'static str,
    /// What is wrong, or failed.
    pub wrong: &'static str,
    /// The predicted class among the bars.
    pub predicted: &'static str,
    /// The true class among the bars.
    pub truth: &'static str,
    /// A gauge's full, half and empty cell.
    pub gauge: [&'static str; 3],
    /// A cell filled from the left, from nothing to full in equal steps.
    pub from_left: &'static [&'static str],
    /// A cell filled from below, from nothing to full in equal steps.
    pub from_below: &'static [&'static str],
    /// Ink, from none to full.
    pub shades: &'static [&'static str],
}

static UNICODE: Glyphs = Glyphs {
    rule: "─",
    dot: " · ",
    times: "×",
    ellipsis: "…",
    state: "●",
    back: "◂",
    right: "✓",
    wrong: "✗",
    nothing: "·",
    predicted: "▸",
    truth: "✓",
    gauge: ["━", "╸", "─"],
    from_left: &[" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    from_below: &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    shades: &[" ", "░", "▒", "▓", "█"],
};

static ASCII: Glyphs = Glyphs {
    rule: "-",
    dot: " | ",
    times: "x",
    ellipsis: "~",
    state: "*",
    back: "<",
    right: "ok",
    wrong: "x",
    nothing: ".",
    predicted: ">",
    truth: "*",
    gauge: ["#", "-", "-"],
    from_left: &[" ", ":", "#"],
    from_below: &[" ", ".", ":", "#"],
    shades: &[" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"],
};

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// What curves are drawn with, and what stands for each of them in a legend. Each has a character of its own; without
/// colours only one of them is a line.
#[derive(Debug)]
pub struct Strokes {
    /// A line.
    pub line: Marker,
    /// A single value of the test images.
    pub test: char,
    /// A single value of another run's training.
    pub other_training: char,
    /// A single value of another run's test images.
    pub other_test: char,
    /// In small: training, test, another run's training, its test.
    pub samples: [&'static str; 4],
}

const BRAILLE: Strokes = Strokes {
    line: Marker::Braille,
    test: '•',
    other_training: '+',
    other_test: 'o',
    samples: ["━━", "━•", "━+", "━o"],
};

const BRAILLE_ALONE: Strokes = Strokes { samples: ["━━", "•", "+", "o"], ..BRAILLE };

const DOTTED: Strokes = Strokes {
    line: Marker::Custom('.'),
    test: '*',
    other_training: '+',
    other_test: 'o',
    samples: ["...", ".*", ".+", ".o"],
};

const DOTTED_ALONE: Strokes = Strokes { samples: ["...", "*", "+", "o"], ..DOTTED };

impl Theme {
    /// For a terminal of this many colours; `ascii`: one that shows no characters beyond ASCII.
    #[must_use]
    pub fn new(depth: Depth, ascii: bool) -> Self {
        Self { depth, ascii, palette: Palette::default(), graphics: Graphics::Blocks }
    }

    /// The same with the colours of this palette.
    #[must_use]
    pub fn with_palette(self, palette: Palette) -> Self {
        Self { palette, ..self }
    }

    /// The same with pictures drawn as this, where they are not half blocks.
    #[must_use]
    pub fn with_graphics(self, graphics: Graphics) -> Self {
        Self { graphics, ..self }
    }

    /// What pictures are drawn as.
    #[must_use]
    pub fn graphics(&self) -> Graphics {
        self.graphics
    }

    /// How many colours there are.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// Whether only ASCII may reach the screen.
    #[must_use]
    pub fn ascii(&self) -> bool {
        self.ascii
    }

    /// The characters to draw with.
    #[must_use]
    pub fn glyphs(&self) -> &'static Glyphs {
        if self.ascii { &ASCII } else { &UNICODE }
    }

    /// The frame of what lies over the panes.
    #[must_use]
    pub fn border(&self) -> border::Set<'static> {
        if self.ascii { ASCII_BORDER } else { border::ROUNDED }
    }

    /// Headings, keys, figures to be found at a glance.
    #[must_use]
    pub fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Labels, lines, hints: what the eye may pass over. Of sixteen colours no grey is legible in every palette.
    #[must_use]
    pub fn muted(&self) -> Style {
        match self.depth {
            Depth::None | Depth::Ansi16 => Style::new().add_modifier(Modifier::DIM),
            Depth::Ansi256 | Depth::TrueColor => self.tone(Tone::Other),
        }
    }

    /// What moves: gauges and curves. No text.
    #[must_use]
    pub fn accent(&self) -> Style {
        self.coloured(&self.hues().accent)
    }

    /// What is chosen of several: the screen's name, a moment of the past.
    #[must_use]
    pub fn chosen(&self) -> Style {
        self.grounded(&self.hues().accent).add_modifier(Modifier::BOLD)
    }

    /// A bar that says this. No text.
    #[must_use]
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Other => self.of(Color::DarkGray, GREY.0, GREY.1),
            Tone::Wrong => self.coloured(&self.hues().wrong),
            Tone::Right => self.coloured(&self.hues().right),
        }
    }

    /// Text that says this, or a mark.
    #[must_use]
    pub fn verdict(&self, tone: Tone) -> Style {
        match tone {
            Tone::Other => self.muted(),
            Tone::Wrong => self.grounded(&self.hues().wrong),
            Tone::Right => self.grounded(&self.hues().right),
        }
    }

    /// The frame of a selected picture, a mark beside each of its rows.
    #[must_use]
    pub fn selection(&self) -> [&'static str; 2] {
        if self.ascii { ["|", "|"] } else { ["▐", "▌"] }
    }

    /// What curves are drawn with.
    #[must_use]
    pub fn strokes(&self) -> &'static Strokes {
        match (self.ascii, self.tells_lines_apart()) {
            (false, true) => &BRAILLE,
            (false, false) => &BRAILLE_ALONE,
            (true, true) => &DOTTED,
            (true, false) => &DOTTED_ALONE,
        }
    }

    /// Whether lines are told apart by their colours.
    #[must_use]
    pub fn tells_lines_apart(&self) -> bool {
        self.depth != Depth::None
    }

    /// Another run's curves.
    #[must_use]
    pub fn beside(&self) -> Style {
        self.coloured(&self.hues().beside)
    }

    /// The test images' curve.
    #[must_use]
    pub fn second(&self) -> Style {
        self.coloured(&self.hues().second)
    }

    /// The colour of a picture's pixel, 0 black to 255 white; `None` where characters must shade it.
    #[must_use]
    pub fn grey(&self, level: u8) -> Option<Color> {
        match self.depth {
            _ if self.ascii => None,
            Depth::None => None,
            Depth::Ansi16 => Some(nearest(level, ANSI_GREYS)),
            Depth::Ansi256 => Some(nearest(level, palette_greys())),
            Depth::TrueColor => Some(Color::Rgb(level, level, level)),
        }
    }

    /// The palette's colours.
    pub(super) fn hues(&self) -> &'static Hues {
        self.palette.hues()
    }

    fn coloured(&self, hue: &Hue) -> Style {
        self.of(hue.ansi, hue.indexed, hue.rgb)
    }

    /// This colour at the depth that there is.
    pub(super) fn of(&self, ansi: Color, indexed: u8, rgb: [u8; 3]) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            Depth::Ansi16 => Style::new().fg(ansi),
            Depth::Ansi256 => Style::new().fg(Color::Indexed(indexed)),
            Depth::TrueColor => Style::new().fg(Color::from(rgb)),
        }
    }

    /// Ink on a ground of this colour.
    fn grounded(&self, hue: &Hue) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            Depth::Ansi16 => Style::new().bg(hue.ansi_ground.0).fg(hue.ansi_ground.1),
            Depth::Ansi256 => on_index(hue.indexed),
            Depth::TrueColor => on_rgb(hue.rgb),
        }
    }

    /// Replaces what is beyond ASCII, wherever it came from (class names, a device's name, an error's words), on a
    /// terminal that cannot show it.
    pub fn restrict(&self, buffer: &mut Buffer) {
        if !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                let plain = plain(cell.symbol());
                cell.set_symbol(plain);
            }
        }
    }
}

/// The ink that shows on this ground, and the ground.
pub(super) fn on_rgb(ground: [u8; 3]) -> Style {
    let ink = if hues::wants_white_ink(ground) { 255 } else { 0 };
    Style::new().bg(Color::from(ground)).fg(Color::from([ink; 3]))
}

/// The same in the palette of 256.
pub(super) fn on_index(ground: u8) -> Style {
    let ink = if hues::wants_white_ink(hues::rgb(ground)) { WHITE } else { BLACK };
    Style::new().bg(Color::Indexed(ground)).fg(ink)
}

/// The black and the white of the palette of 256 that no setting changes.
const BLACK: Color = Color::Indexed(16);
const WHITE: Color = Color::Indexed(231);

/// A character's stand-in in ASCII.
fn plain(symbol: &str) -> &'static str {
    match symbol {
        "•" => "*",
        "└" | "┌" | "┐" | "┘" => "+",
        "·" | "│" => "|",
        "×" => "x",
        "→" => ">",
        "…" => "~",
        "–" | "—" | "─" | "−" => "-",
        "‘" | "’" => "'",
        "“" | "”" | "„" => "\"",
        _ => "?",
    }
}

/// The four greys among sixteen colours, as most terminals have them.
pub(super) const ANSI_GREYS: [(u8, Color); 4] =
    [(0, Color::Black), (0x66, Color::DarkGray), (0xc0, Color::Gray), (255, Color::White)];

/// Black, white and the ramp of 24 greys between them in the palette of 256.
fn palette_greys() -> impl Iterator<Item = (u8, Color)> {
    let ramp = (0..24).map(|step| (8 + 10 * step, Color::Indexed(232 + step)));
    [(0, BLACK), (255, WHITE)].into_iter().chain(ramp)
}

fn nearest(level: u8, greys: impl IntoIterator<Item = (u8, Color)>) -> Color {
    let (_, colour) =
        greys.into_iter().min_by_key(|(grey, _)| grey.abs_diff(level)).expect("every palette has its greys");
    colour
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truecolor_shows_every_grey_exactly() {
        let theme = Theme::new(Depth::TrueColor, false);
        for level in 0..=255 {
            assert_eq!(theme.grey(level), Some(Color::Rgb(level, level, level)));
        }
    }

    #[test]
    fn of_256_colours_the_nearest_grey_is_taken() {
        let theme = Theme::new(Depth::Ansi256, false);
        for (level, index) in
            [(0, 16), (4, 16), (5, 232), (8, 232), (13, 232), (14, 233), (238, 255), (246, 255), (247, 231), (255, 231)]
        {
            assert_eq!(theme.grey(level), Some(Color::Indexed(index)), "level {level}");
        }
    }

    #[test]
    fn of_16_colours_the_nearest_grey_is_taken() {
        let theme = Theme::new(Depth::Ansi16, false);
        for (level, colour) in [(0, Color::Black), (0x66, Color::DarkGray), (0xb0, Color::Gray), (255, Color::White)] {
            assert_eq!(theme.grey(level), Some(colour), "level {level}");
        }
    }

    #[test]
    fn without_colours_no_style_sets_one() {
        for ascii in [false, true] {
            let theme = Theme::new(Depth::None, ascii);
            let tones = [Tone::Other, Tone::Wrong, Tone::Right].map(|tone| [theme.tone(tone), theme.verdict(tone)]);
            let others = [theme.strong(), theme.muted(), theme.accent(), theme.chosen()];
            for style in tones.into_iter().flatten().chain(others) {
                assert_eq!((style.fg, style.bg), (None, None));
            }
            assert_eq!(theme.grey(7), None);
        }
    }

    #[test]
    fn every_character_of_the_ascii_set_is_ascii() {
        assert!(format!("{ASCII:?}{ASCII_BORDER:?}{DOTTED:?}{DOTTED_ALONE:?}").is_ascii());
    }
}
