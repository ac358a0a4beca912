//! The colours of each palette at each depth, as tables, and what shows on what. Decides on no use and draws nothing.

use ratatui::style::Color;

/// Which colours stand for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// Green is right and red is wrong.
    #[default]
    Standard,
    /// Blue is right and orange is wrong.
    ColourBlind,
}

/// A colour at each depth.
#[derive(Debug)]
pub struct Hue {
    /// Among sixteen.
    pub ansi: Color,
    /// Among sixteen, as the ground of text, and the ink of that.
    pub ansi_ground: (Color, Color),
    /// In the palette of 256.
    pub indexed: u8,
    /// Any red, green and blue.
    pub rgb: [u8; 3],
}

/// The way from white to a full colour.
#[derive(Debug)]
pub struct Scale {
    /// What it is called in words, and among sixteen.
    pub name: &'static str,
    pub ansi_name: &'static str,
    /// Among sixteen, pale and full.
    pub ansi: [Color; 2],
    /// In the palette of 256, from pale to full.
    pub ramp: [u8; 5],
    /// The full one.
    pub rgb: [u8; 3],
}

/// All colours of a palette.
#[derive(Debug)]
pub struct Hues {
    pub right: Hue,
    pub wrong: Hue,
    /// What moves or is chosen.
    pub accent: Hue,
    /// The test images' curve.
    pub second: Hue,
    /// Another run's curves.
    pub beside: Hue,
    /// How much of a row is right, and how much wrong.
    pub rights: Scale,
    pub wrongs: Scale,
    /// What speaks for something, and against.
    pub favour: Scale,
    pub against: Scale,
}

/// The grey of labels, at both depths that have one.
pub const GREY: (u8, [u8; 3]) = (243, [0x76; 3]);

const ACCENT: Hue =
    Hue { ansi: Color::LightBlue, ansi_ground: (Color::Blue, Color::White), indexed: 32, rgb: [0x24, 0x77, 0xcf] };
const SECOND: Hue = Hue {
    ansi: Color::LightMagenta,
    ansi_ground: (Color::Magenta, Color::White),
    indexed: 166,
    rgb: [0xbf, 0x56, 0x1a],
};
const BLUES: Scale = Scale {
    name: "blue",
    ansi_name: "blue",
    ansi: [Color::LightBlue, Color::Blue],
    ramp: [189, 153, 111, 69, 26],
    rgb: [0x1f, 0x6f, 0xd0],
};
const REDS: Scale = Scale {
    name: "red",
    ansi_name: "red",
    ansi: [Color::LightRed, Color::Red],
    ramp: [224, 217, 210, 203, 160],
    rgb: [0xdc, 0x36, 0x3c],
};

static STANDARD: Hues = Hues {
    right: Hue { ansi: Color::Green, ansi_ground: (Color::Green, Color::Black), indexed: 28, rgb: [0x18, 0x88, 0x3f] },
    wrong: Hue {
        ansi: Color::LightRed,
        ansi_ground: (Color::Red, Color::White),
        indexed: 160,
        rgb: [0xdc, 0x36, 0x3c],
    },
    accent: ACCENT,
    second: SECOND,
    beside: Hue { ansi: Color::Cyan, ansi_ground: (Color::Cyan, Color::Black), indexed: 98, rgb: [0x8a, 0x5c, 0xd6] },
    rights: Scale {
        name: "green",
        ansi_name: "green",
        ansi: [Color::LightGreen, Color::Green],
        ramp: [194, 157, 114, 71, 28],
        rgb: [0x18, 0x88, 0x3f],
    },
    wrongs: REDS,
    favour: BLUES,
    against: REDS,
};

const ORANGES: Scale = Scale {
    name: "orange",
    ansi_name: "yellow",
    ansi: [Color::LightYellow, Color::Yellow],
    ramp: [230, 223, 215, 208, 166],
    rgb: [0xc1, 0x56, 0x00],
};

/// Blue, vermilion and bluish green, which people with each kind of colour-blindness tell apart (Okabe and Ito, Color
/// Universal Design, 2008), made darker so that they show on white.
static COLOUR_BLIND: Hues = Hues {
    right: Hue {
        ansi: Color::LightBlue,
        ansi_ground: (Color::Blue, Color::White),
        indexed: 32,
        rgb: [0x00, 0x7b, 0xc0],
    },
    wrong: Hue {
        ansi: Color::Yellow,
        ansi_ground: (Color::Yellow, Color::Black),
        indexed: 166,
        rgb: [0xc1, 0x56, 0x00],
    },
    accent: ACCENT,
    second: Hue { ansi: Color::Yellow, ansi_ground: (Color::Yellow, Color::Black), ..SECOND },
    beside: Hue { ansi: Color::Cyan, ansi_ground: (Color::Cyan, Color::Black), indexed: 29, rgb: [0x00, 0x86, 0x5f] },
    rights: BLUES,
    wrongs: ORANGES,
    favour: BLUES,
    against: ORANGES,
};

impl Palette {
    /// Its colours.
    pub(super) fn hues(self) -> &'static Hues {
        match self {
            Self::Standard => &STANDARD,
            Self::ColourBlind => &COLOUR_BLIND,
        }
    }
}

/// The contrast that text needs at least (WCAG 2.2, 1.4.3).
pub const TEXT: f64 = 4.5;

/// How well one colour shows on another, 1 to 21 (WCAG 2.2, "contrast ratio").
pub fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    (one / other).max(other / one)
}

/// How light a colour is, 0 to 1 (WCAG 2.2, "relative luminance", with the threshold of IEC 61966-2-1).
fn luminance([red, green, blue]: [u8; 3]) -> f64 {
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// Whether white ink is the one for this ground; else it is black. One of the two always has the contrast of text.
pub fn wants_white_ink(ground: [u8; 3]) -> bool {
    contrast(ground, [255; 3]) >= TEXT
}

/// An entry of the palette of 256 from 16 on, which all terminals have alike: a cube of 6×6×6 and 24 greys.
pub fn rgb(index: u8) -> [u8; 3] {
    let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
    if index >= 232 {
        return [8 + 10 * (index - 232); 3];
    }
    let place = index.saturating_sub(16);
    [level(place / 36), level(place / 6 % 6), level(place % 6)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a shape needs to be seen (WCAG 2.2, 1.4.11).
    const SHAPE: f64 = 3.0;
    const BLACK_AND_WHITE: [[u8; 3]; 2] = [[0; 3], [255; 3]];
    /// Grounds of terminals that are neither: a usual dark theme and Solarized's light one.
    const OTHER_GROUNDS: [[u8; 3]; 2] = [[0x1e, 0x1e, 0x2e], [0xfd, 0xf6, 0xe3]];

    fn hues() -> impl Iterator<Item = &'static Hue> {
        [Palette::Standard, Palette::ColourBlind].into_iter().flat_map(|palette| {
            let Hues { right, wrong, accent, second, beside, .. } = palette.hues();
            [right, wrong, accent, second, beside]
        })
    }

    #[test]
    fn contrast_is_that_of_known_pairs() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        assert!((contrast([0x77; 3], [255; 3]) - 4.478).abs() < 1e-3);
    }

    #[test]
    fn the_palette_of_256_is_as_every_terminal_has_it() {
        for (index, expected) in [(16, [0; 3]), (28, [0, 135, 0]), (166, [215, 95, 0]), (231, [255; 3])] {
            assert_eq!(rgb(index), expected, "{index}");
        }
        assert_eq!((rgb(232), rgb(243), rgb(255)), ([8; 3], [0x76; 3], [238; 3]));
    }

    #[test]
    fn text_shows_on_every_ground_that_is_set_for_it() {
        for hue in hues() {
            for ground in [hue.rgb, rgb(hue.indexed)] {
                let ink = if wants_white_ink(ground) { [255; 3] } else { [0; 3] };
                assert!(contrast(ink, ground) >= TEXT, "{ground:x?}");
            }
        }
    }

    #[test]
    fn labels_show_on_black_and_on_white() {
        for ground in BLACK_AND_WHITE {
            assert!(contrast(GREY.1, ground) >= TEXT && contrast(rgb(GREY.0), ground) >= TEXT, "{ground:x?}");
        }
    }

    #[test]
    fn in_truecolor_every_colour_would_even_do_for_text_on_black_and_on_white() {
        for hue in hues() {
            for ground in BLACK_AND_WHITE {
                assert!(contrast(hue.rgb, ground) >= TEXT, "{hue:x?} on {ground:x?}: {}", contrast(hue.rgb, ground));
            }
        }
    }

    #[test]
    fn bars_and_curves_show_on_every_ground() {
        for hue in hues() {
            for ground in BLACK_AND_WHITE.into_iter().chain(OTHER_GROUNDS) {
                for colour in [hue.rgb, rgb(hue.indexed)] {
                    assert!(contrast(colour, ground) >= SHAPE, "{colour:x?} on {ground:x?}");
                }
            }
        }
    }

    #[test]
    fn the_full_end_of_a_scale_is_its_colour() {
        for palette in [Palette::Standard, Palette::ColourBlind] {
            let Hues { right, wrong, rights, wrongs, favour, against, .. } = palette.hues();
            assert_ne!(right.rgb, wrong.rgb);
            for scale in [rights, wrongs, favour, against] {
                let lightness = scale.ramp.map(|index| luminance(rgb(index)));
                assert!(lightness.is_sorted_by(|one, next| one > next), "{scale:?}");
            }
        }
    }
}
