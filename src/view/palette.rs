//! Colours that stand for values: the heat of a table, what speaks for and against, matplotlib's own map. And what
//! stands in for them where a terminal has few. Draws nothing.

use ratatui::style::{Color, Style};

use super::theme::{Depth, Theme, Tone};

impl Theme {
    /// The ground of a table's cell that is this much of what it could be, 0 to 1, right or wrong, with ink that shows
    /// on it; the terminal's own for nothing, and where there are no colours.
    #[must_use]
    pub fn heat(&self, heat: f64, tone: Tone) -> Style {
        let Some(Color::Rgb(red, green, blue)) = Self::new(Depth::TrueColor, false).tone(tone).fg else {
            return Style::new();
        };
        if heat <= 0.0 || self.depth() == Depth::None {
            return Style::new();
        }
        let part = 0.15 + 0.85 * heat.min(1.0);
        let mixed = [red, green, blue].map(|channel| mixed(255, channel, part));
        let is_dark = heat > 0.55;
        match self.depth() {
            Depth::TrueColor => Style::new().bg(Color::Rgb(mixed[0], mixed[1], mixed[2])).fg(if is_dark {
                Color::Rgb(255, 255, 255)
            } else {
                Color::Rgb(0, 0, 0)
            }),
            Depth::Ansi256 => {
                let ramp = if tone == Tone::Right { GREENS } else { REDS };
                Style::new().bg(ramped(ramp, part)).fg(if is_dark { WHITE } else { BLACK })
            }
            Depth::Ansi16 if heat < 0.3 => Style::new(),
            Depth::Ansi16 => self.tone(tone).fg.map_or(Style::new(), |ground| Style::new().bg(ground).fg(Color::Black)),
            Depth::None => Style::new(),
        }
    }

    /// The colour of a pixel that says something for (up to 1) or against (down to -1), on a ground of this level, 0
    /// black to 255 white; `None` where characters must show it.
    #[must_use]
    pub fn diverging(&self, level: u8, sign: f32) -> Option<Color> {
        let part = f64::from(sign.abs().min(1.0));
        let towards = if sign > 0.0 { FOR } else { AGAINST };
        let colour = towards.map(|channel| mixed(level, channel, part));
        match self.depth() {
            _ if !self.shows_signs_in_colour() => None,
            Depth::TrueColor => Some(Color::Rgb(colour[0], colour[1], colour[2])),
            Depth::Ansi256 if part < 0.1 => self.grey(level),
            // The nearest colours of the mixes would be of many hues.
            Depth::Ansi256 if level > 250 => Some(ramped(if sign > 0.0 { BLUES } else { REDS }, part)),
            Depth::Ansi256 => Some(cube(colour)),
            _ if part < 0.2 => self.grey(level),
            _ => Some(match (sign > 0.0, part > 0.5) {
                (true, true) => Color::Blue,
                (true, false) => Color::LightBlue,
                (false, true) => Color::Red,
                (false, false) => Color::LightRed,
            }),
        }
    }

    /// Whether [`Theme::diverging`] has colours.
    #[must_use]
    pub fn shows_signs_in_colour(&self) -> bool {
        !self.ascii() && self.depth() != Depth::None
    }

    /// The colour of this value, 0 to 255, in matplotlib's default colour map `viridis`; `None` where characters must
    /// show it.
    #[must_use]
    pub fn viridis(&self, value: u8) -> Option<Color> {
        let (lower, part) = (usize::from(value) * 4 / 256, f64::from(value) * 4.0 / 255.0);
        #[expect(clippy::cast_precision_loss, reason = "below 4")]
        let part = (part - lower as f64).clamp(0.0, 1.0);
        let [from, to] = [VIRIDIS[lower], VIRIDIS[lower + 1]];
        let colour: [u8; 3] = std::array::from_fn(|channel| mixed(from[channel], to[channel], part));
        match self.depth() {
            _ if self.ascii() => None,
            Depth::TrueColor => Some(Color::Rgb(colour[0], colour[1], colour[2])),
            Depth::Ansi256 => Some(cube(colour)),
            Depth::None | Depth::Ansi16 => self.grey(value),
        }
    }
}

/// Blue, for; red, against: the two ends of a diverging palette.
const FOR: [u8; 3] = [0x1f, 0x6f, 0xd0];
const AGAINST: [u8; 3] = [0xdc, 0x36, 0x3c];
/// matplotlib's `viridis` at 0, ¼, ½, ¾ and 1.
const VIRIDIS: [[u8; 3]; 5] =
    [[0x44, 0x01, 0x54], [0x3b, 0x52, 0x8b], [0x21, 0x91, 0x8c], [0x5e, 0xc9, 0x62], [0xfd, 0xe7, 0x25]];
/// The palette's own black and white.
const BLACK: Color = Color::Indexed(16);
const WHITE: Color = Color::Indexed(231);

/// A channel between two, at this part of the way.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
fn mixed(from: u8, to: u8, part: f64) -> u8 {
    (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8
}

/// From a light colour to a full one, in the palette's cube.
const BLUES: [u8; 5] = [189, 153, 111, 69, 26];
const REDS: [u8; 5] = [224, 217, 210, 203, 160];
const GREENS: [u8; 5] = [194, 157, 114, 71, 28];

/// The colour at this part of a ramp, 0 to 1.
fn ramped(ramp: [u8; 5], part: f64) -> Color {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 5")]
    let place = (part.clamp(0.0, 1.0) * 4.0).round() as usize;
    Color::Indexed(ramp[place])
}

/// The nearest colour of the palette's cube of 6×6×6.
fn cube(colour: [u8; 3]) -> Color {
    let nearest = |channel: u8| match channel {
        ..48 => 0,
        48..115 => 1,
        _ => (channel - 35) / 40,
    };
    let [red, green, blue] = colour.map(nearest);
    Color::Indexed(16 + 36 * red + 6 * green + blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_that_says_nothing_is_grey_and_one_that_says_much_is_blue_or_red() {
        let theme = Theme::new(Depth::TrueColor, false);
        assert_eq!(theme.diverging(200, 0.0), Some(Color::Rgb(200, 200, 200)));
        assert_eq!(theme.diverging(200, 1.0), Some(Color::Rgb(0x1f, 0x6f, 0xd0)));
        assert_eq!(theme.diverging(200, -7.0), Some(Color::Rgb(0xdc, 0x36, 0x3c)));
        let palette = Theme::new(Depth::Ansi256, false);
        assert_eq!(palette.diverging(255, 0.0), Some(Color::Indexed(231)));
        assert_eq!(palette.diverging(255, 1.0), Some(Color::Indexed(16 + 6 + 4)));
        assert_eq!(Theme::new(Depth::None, false).diverging(255, 1.0), None);
    }

    #[test]
    fn viridis_goes_from_its_purple_to_its_yellow() {
        let theme = Theme::new(Depth::TrueColor, false);
        assert_eq!(theme.viridis(0), Some(Color::Rgb(0x44, 0x01, 0x54)));
        assert_eq!(theme.viridis(255), Some(Color::Rgb(0xfd, 0xe7, 0x25)));
        // matplotlib's own at 127 is #21908d.
        let Some(Color::Rgb(red, green, blue)) = theme.viridis(127) else { panic!("a colour") };
        assert!(red.abs_diff(0x21) < 3 && green.abs_diff(0x90) < 3 && blue.abs_diff(0x8d) < 3, "{red} {green} {blue}");
    }

    #[test]
    fn a_table_s_cell_has_ink_that_shows_on_its_ground() {
        for depth in [Depth::Ansi16, Depth::Ansi256, Depth::TrueColor] {
            let theme = Theme::new(depth, false);
            assert_eq!(theme.heat(0.0, Tone::Right), Style::new());
            for heat in [0.3, 0.5, 0.6, 1.0] {
                let style = theme.heat(heat, Tone::Wrong);
                assert!(style.bg.is_some() && style.fg.is_some() && style.bg != style.fg, "{depth:?}, {heat}");
            }
        }
        assert_eq!(Theme::new(Depth::None, false).heat(1.0, Tone::Right), Style::new());
    }
}
