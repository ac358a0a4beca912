//! Colours that stand for values: the heat of a table, what speaks for and against, matplotlib's own map. And what
//! stands in for them where a terminal has few. Draws nothing.

use ratatui::style::{Color, Style};

use super::theme::{ANSI_GREYS, Depth, Theme, Tone, on_index, on_rgb};

impl Theme {
    /// The ground of a table's cell that is this much of what it could be, 0 to 1, right or wrong, with ink that shows
    /// on it; the terminal's own for nothing, and where there are no colours.
    #[must_use]
    pub fn heat(&self, heat: f64, tone: Tone) -> Style {
        let hues = self.hues();
        let (hue, scale) = if tone == Tone::Right { (&hues.right, &hues.rights) } else { (&hues.wrong, &hues.wrongs) };
        if heat <= 0.0 {
            return Style::new();
        }
        let part = 0.15 + 0.85 * heat.min(1.0);
        match self.depth() {
            Depth::TrueColor => on_rgb(scale.rgb.map(|channel| mixed(255, channel, part))),
            Depth::Ansi256 => on_index(ramped(scale.ramp, part)),
            Depth::Ansi16 if heat >= 0.3 => Style::new().bg(hue.ansi_ground.0).fg(hue.ansi_ground.1),
            Depth::Ansi16 | Depth::None => Style::new(),
        }
    }

    /// The colour of a pixel that says something for (up to 1) or against (down to -1), on a ground of this level, 0
    /// black to 255 white; `None` where characters must show it.
    #[must_use]
    pub fn diverging(&self, level: u8, sign: f32) -> Option<Color> {
        let part = f64::from(sign.abs().min(1.0));
        let towards = if sign > 0.0 { &self.hues().favour } else { &self.hues().against };
        let colour = towards.rgb.map(|channel| mixed(level, channel, part));
        match self.depth() {
            _ if !self.shows_signs_in_colour() => None,
            Depth::TrueColor => Some(Color::Rgb(colour[0], colour[1], colour[2])),
            Depth::Ansi256 if part < 0.1 => self.grey(level),
            // The nearest colours of the mixes would be of many hues.
            Depth::Ansi256 if level > 250 => Some(Color::Indexed(ramped(towards.ramp, part))),
            Depth::Ansi256 => Some(cube(colour)),
            _ if part < 0.2 => self.grey(level),
            _ => Some(towards.ansi[usize::from(part > 0.5)]),
        }
    }

    /// The cell of sixteen colours that looks most like two pixels of these levels, one over the other, 0 black to 255
    /// white: the nearest greys of both, or one grey shaded with the next, which has more levels. `None` with other
    /// colours.
    #[must_use]
    pub fn shaded_greys(&self, upper: u8, lower: u8) -> Option<(&'static str, Style)> {
        if self.depth() != Depth::Ansi16 || self.ascii() {
            return None;
        }
        let apart = |one: u8, other: u8| u32::from(one.abs_diff(other)).pow(2);
        let nearest = |level: u8| ANSI_GREYS.into_iter().min_by_key(|(grey, _)| apart(level, *grey));
        let ((upper_grey, upper_colour), (lower_grey, lower_colour)) = (nearest(upper)?, nearest(lower)?);
        let halves = ("▀", Style::new().fg(upper_colour).bg(lower_colour));
        let shades = ANSI_GREYS.windows(2).flat_map(|pair| {
            let [(dark, ground), (light, ink)] = [pair[0], pair[1]];
            ["░", "▒", "▓"]
                .into_iter()
                .zip([0.25, 0.5, 0.75])
                .map(move |(symbol, part)| (mixed(dark, light, part), (symbol, Style::new().fg(ink).bg(ground))))
        });
        let all = [(apart(upper, upper_grey) + apart(lower, lower_grey), halves)].into_iter();
        let all = all.chain(shades.map(|(level, cell)| (apart(upper, level) + apart(lower, level), cell)));
        all.min_by_key(|(apart, _)| *apart).map(|(_, cell)| cell)
    }

    /// Whether [`Theme::diverging`] has colours.
    #[must_use]
    pub fn shows_signs_in_colour(&self) -> bool {
        !self.ascii() && self.depth() != Depth::None
    }

    /// What stands for something and against it, in words, or the characters where [`Theme::diverging`] has no colours.
    #[must_use]
    pub fn sign_names(&self) -> [&'static str; 2] {
        let scales = [&self.hues().favour, &self.hues().against];
        match self.depth() {
            _ if !self.shows_signs_in_colour() => ["+", "-"],
            Depth::Ansi16 => scales.map(|scale| scale.ansi_name),
            _ => scales.map(|scale| scale.name),
        }
    }

    /// A character or a bar that says something for (above 0) or against.
    #[must_use]
    pub fn sign(&self, sign: f32) -> Style {
        let scale = if sign > 0.0 { &self.hues().favour } else { &self.hues().against };
        self.of(scale.ansi[0], scale.ramp[4], scale.rgb)
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

/// matplotlib's `viridis` at 0, ¼, ½, ¾ and 1.
const VIRIDIS: [[u8; 3]; 5] =
    [[0x44, 0x01, 0x54], [0x3b, 0x52, 0x8b], [0x21, 0x91, 0x8c], [0x5e, 0xc9, 0x62], [0xfd, 0xe7, 0x25]];

/// A channel between two, at this part of the way.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
fn mixed(from: u8, to: u8, part: f64) -> u8 {
    (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8
}

/// The colour at this part of a ramp, 0 to 1.
fn ramped(ramp: [u8; 5], part: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 5")]
    let place = (part.clamp(0.0, 1.0) * 4.0).round() as usize;
    ramp[place]
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
    use crate::view::hues::{self, Palette};

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
        let rgb = |colour: Option<Color>| match colour {
            Some(Color::Rgb(red, green, blue)) => [red, green, blue],
            Some(Color::Indexed(index)) => hues::rgb(index),
            other => panic!("{other:?}"),
        };
        for palette in [Palette::Standard, Palette::ColourBlind] {
            for depth in [Depth::Ansi16, Depth::Ansi256, Depth::TrueColor] {
                let theme = Theme::new(depth, false).with_palette(palette);
                assert_eq!(theme.heat(0.0, Tone::Right), Style::new());
                for step in 1..=100 {
                    let styles = [Tone::Right, Tone::Wrong].map(|tone| theme.heat(f64::from(step) / 100.0, tone));
                    for style in styles.into_iter().filter(|_| depth != Depth::Ansi16) {
                        let contrast = hues::contrast(rgb(style.fg), rgb(style.bg));
                        assert!(contrast >= hues::TEXT, "{depth:?}, {step}: {contrast}");
                    }
                    assert!(step < 30 || styles[0].bg != styles[1].bg, "{depth:?}, {step}");
                }
            }
        }
        assert_eq!(Theme::new(Depth::None, false).heat(1.0, Tone::Right), Style::new());
    }

    #[test]
    fn of_sixteen_colours_flat_greys_are_shaded_and_edges_stay_sharp() {
        let theme = Theme::new(Depth::Ansi16, false);
        let style = |ink, ground| Style::new().fg(ink).bg(ground);
        for (upper, lower, expected) in [
            (0, 0, ("▀", style(Color::Black, Color::Black))),
            (255, 0, ("▀", style(Color::White, Color::Black))),
            (0x90, 0x90, ("▒", style(Color::Gray, Color::DarkGray))),
            (0x20, 0x18, ("░", style(Color::DarkGray, Color::Black))),
            (0xf0, 0xf0, ("▓", style(Color::White, Color::Gray))),
        ] {
            assert_eq!(theme.shaded_greys(upper, lower), Some(expected), "{upper}, {lower}");
        }
        assert_eq!(Theme::new(Depth::Ansi256, false).shaded_greys(9, 9), None);
        assert_eq!(Theme::new(Depth::Ansi16, true).shaded_greys(9, 9), None);
    }

    #[test]
    fn for_and_against_differ_in_both_palettes_at_every_depth_with_colours() {
        for palette in [Palette::Standard, Palette::ColourBlind] {
            for depth in [Depth::Ansi16, Depth::Ansi256, Depth::TrueColor] {
                let theme = Theme::new(depth, false).with_palette(palette);
                for level in [0, 128, 255] {
                    for part in [0.3, 0.6, 1.0] {
                        assert_ne!(theme.diverging(level, part), theme.diverging(level, -part), "{depth:?}, {level}");
                    }
                }
            }
        }
    }
}
