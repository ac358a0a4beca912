//! Finds frames around a picture, such as those of screenshots, scans and letterboxed films, and what they enclose.
//! Does not say whether anything is to be seen inside.

#![expect(clippy::cast_precision_loss, reason = "a picture has some thousand pixels per side at most")]
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lines of a picture are counted")]

use std::fmt;

use image::{GrayImage, imageops};

use super::ground::Ground;

/// How much the pixels of a frame may differ from its level.
const ALIKE: f32 = 12.0;
/// How much a frame must differ from the ground that it encloses.
const STEP: f32 = 24.0;
/// How much of a line of a frame must be alike; the rest is dust, or what JPEG makes of a corner.
const ALL: f32 = 0.95;
/// How much of what lies along a frame's inner edge must be one ground; the rest is a subject that touches the frame.
const MOST: f32 = 0.4;
/// The same if there are bars on some sides only, because a subject with a straight edge may look like that.
const MOST_BESIDE_BARS: f32 = 0.5;
/// The same for a broad frame, because a rectangular subject on its ground looks like that.
const MOST_IN_BROAD: f32 = 0.7;
/// The part of a picture's side from which on a frame is broad.
const BROAD: f32 = 0.08;
/// The largest part of a picture's side that a frame takes.
const BROADEST: f32 = 0.25;
/// Over how much of a picture's side a frame's inner edge may be blurred.
const BLURRED: f32 = 0.03;
/// The shortest side of half a picture in which a frame is looked for, in pixels.
const SHORTEST: usize = 8;

/// The sides in the order of CSS: top, right, bottom, left.
const SIDES: [Side; 4] = [Side::Top, Side::Right, Side::Bottom, Side::Left];

/// The widths of a frame in pixels, in the order of CSS; 0 on a side without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame([u32; 4]);

impl fmt::Display for Frame {
    /// `frame 4 4 4 4 trimmed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [top, right, bottom, left] = self.0;
        write!(f, "frame {top} {right} {bottom} {left} trimmed")
    }
}

impl Frame {
    /// The outermost frame of a picture: lines of one level, along some of its sides, that enclose a ground of another
    /// level.
    pub fn of(picture: &GrayImage) -> Option<Self> {
        if SIDES.iter().any(|side| side.depth(picture) < 2 * SHORTEST) {
            return None;
        }
        let runs = SIDES.map(|side| run(picture, side));
        let bands = [0, 1, 2, 3].map(|at| {
            // What lies along the other sides is not part of the line inside this one.
            let ends = SIDES[at].ends().map(|end| runs[end].map_or(0, |(width, _)| width));
            runs[at].and_then(|run| band(picture, SIDES[at], run, ends))
        });
        let frame = Self(bands.map(|band| band.map_or(0, |band| band.width as u32)));
        (frame.is_one() && frame.encloses_a_ground(picture, &bands)).then_some(frame)
    }

    /// The part of the picture inside: left edge, top edge, width and height.
    pub fn inside(&self, (width, height): (u32, u32)) -> (u32, u32, u32, u32) {
        let [top, right, bottom, left] = self.0;
        (left, top, width - left - right, height - top - bottom)
    }

    /// Whether, inside another frame, it may be the stroke of an outline, and the other one the margin around it.
    pub fn is_stroke_in(&self, margin: &Self) -> bool {
        // A real frame has more room than that between itself and a subject that is as even as a frame.
        self.0.iter().sum::<u32>() < 3 * margin.0.iter().sum::<u32>()
    }

    /// Whether it is a whole frame and not just bars on some sides.
    pub fn is_on_all_sides(&self) -> bool {
        self.0.iter().all(|width| *width > 0)
    }

    fn is_one(&self) -> bool {
        self.0.iter().any(|width| *width > 0)
    }

    fn encloses_a_ground(&self, picture: &GrayImage, bands: &[Option<Band>; 4]) -> bool {
        let (left, top, width, height) = self.inside(picture.dimensions());
        let inside = imageops::crop_imm(picture, left, top, width, height).to_image();
        let (ground, share) = Ground::of_edge(&inside, ALIKE);
        let is_broad = SIDES
            .iter()
            .zip(bands)
            .any(|(side, band)| band.is_some_and(|band| band.width as f32 > side.depth(picture) as f32 * BROAD));
        let most = match (is_broad, self.is_on_all_sides()) {
            (true, _) => MOST_IN_BROAD,
            (false, true) => MOST,
            (false, false) => MOST_BESIDE_BARS,
        };
        share >= most
            && SIDES.iter().zip(bands).all(|(side, band)| {
                let (across, down) = side.middle();
                band.is_none_or(|band| (ground.at(across, down) - band.level).abs() >= STEP)
            })
    }
}

/// A side of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Top,
    Right,
    Bottom,
    Left,
}

impl Side {
    /// How many lines there are from this side to the opposite one.
    fn depth(self, picture: &GrayImage) -> usize {
        match self {
            Self::Top | Self::Bottom => picture.height() as usize,
            Self::Left | Self::Right => picture.width() as usize,
        }
    }

    /// The sides at which its lines begin and end.
    fn ends(self) -> [usize; 2] {
        match self {
            Self::Top | Self::Bottom => [3, 1],
            Self::Left | Self::Right => [0, 2],
        }
    }

    /// Where its middle is, from -0.5 to 0.5 in each direction.
    fn middle(self) -> (f32, f32) {
        match self {
            Self::Top => (0.0, -0.5),
            Self::Right => (0.5, 0.0),
            Self::Bottom => (0.0, 0.5),
            Self::Left => (-0.5, 0.0),
        }
    }

    /// The line at this distance from this side, without this much at its ends.
    fn line(self, picture: &GrayImage, at: usize, ends: [usize; 2]) -> PixelLine {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let pixels = picture.as_raw();
        let at = if matches!(self, Self::Top | Self::Left) { at } else { self.depth(picture) - 1 - at };
        let [before, after] = ends;
        PixelLine::of(match self {
            Self::Top | Self::Bottom => pixels[at * width + before..(at + 1) * width - after].to_vec(),
            Self::Left | Self::Right => (before..height - after).map(|row| pixels[row * width + at]).collect(),
        })
    }
}

/// What a line of pixels looks like.
#[derive(Clone, Copy, Debug)]
struct PixelLine {
    /// The median of its levels.
    level: f32,
    /// Whether nearly all pixels have that level.
    is_even: bool,
}

impl PixelLine {
    fn of(mut pixels: Vec<u8>) -> Self {
        let middle = pixels.len() / 2;
        let level = f32::from(*pixels.select_nth_unstable(middle).1);
        let alike = pixels.iter().filter(|pixel| (f32::from(**pixel) - level).abs() <= ALIKE).count();
        Self { level, is_even: alike as f32 >= pixels.len() as f32 * ALL }
    }
}

/// One side of a frame.
#[derive(Clone, Copy, Debug)]
struct Band {
    /// How many lines it has, including those over which its inner edge is blurred.
    width: usize,
    level: f32,
}

/// How many lines from this side on have one level, and which; `None` if the first line has not, or if there are too
/// many.
fn run(picture: &GrayImage, side: Side) -> Option<(usize, f32)> {
    let first = side.line(picture, 0, [0, 0]);
    let most = (side.depth(picture) as f32 * BROADEST) as usize;
    let is_alike = |at: &usize| {
        let line = side.line(picture, *at, [0, 0]);
        line.is_even && (line.level - first.level).abs() <= ALIKE
    };
    let width = (0..=most).take_while(is_alike).count();
    (1..=most).contains(&width).then_some((width, first.level))
}

/// These lines as one side of a frame; `None` if the ground continues beside what comes next.
fn band(picture: &GrayImage, side: Side, (width, level): (usize, f32), ends: [usize; 2]) -> Option<Band> {
    let blurred = 3.max((side.depth(picture) as f32 * BLURRED) as usize);
    let lines: Vec<PixelLine> = (width..=width + blurred + 1).map(|at| side.line(picture, at, ends)).collect();
    let is_other = |line: &PixelLine| (line.level - level).abs() >= STEP;
    let is_past = |pair: &[PixelLine]| is_other(&pair[0]) && (pair[0].level - pair[1].level).abs() <= ALIKE / 2.0;
    let inner = lines
        .windows(2)
        .position(is_past)
        // That is a line of the next frame.
        .or_else(|| lines.iter().position(|line| is_other(line) && line.is_even))?;
    Some(Band { width: width + inner, level })
}
