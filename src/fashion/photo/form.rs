//! Brings a grey picture to the form of the data as its makers did (arXiv 1708.07747, section 2): trims the margins,
//! scales the longest edge to 28 pixels, centres the subject, and makes dark parts ink. Knows nothing of files.
//!
//! They started from pictures on white. Here the ground may be light or dark, lie in a gradient of light and have a
//! soft shadow on it, so it is found first, from the picture's edge, and subtracted. In all images of the data the
//! longest edge has 26 to 28 pixels, and the most ink is 254 or 255.

#![expect(clippy::cast_precision_loss, reason = "a picture has some thousand pixels per side at most")]

use image::GrayImage;

use super::{
    super::{PIXELS, SIDE},
    ground::{Ground, place},
    plane::{Plane, Region, means, squares},
};

/// Contrast, of 255, below which the subject is also looked for in the colours.
pub const FAINT: f32 = 32.0;
/// Contrast below which there is nothing to be seen.
const NOTHING: f32 = 10.0;
/// Contrast above which something is to be seen for sure.
const CLEAR: f32 = 40.0;
/// The most squares along a picture's side when its subject is looked for.
const LOOKED_AT: u32 = 256;
/// The most squares in a close look at a picture, because each takes memory. In the largest pictures each square is six
/// by six pixels.
const MOST_SQUARES: f64 = (1_u32 << 22) as f64;
/// Squares along the side of a pixel (of 28) in a close look.
const CLOSELY: usize = 4;
/// Ink, of 255, from which the subject's size is estimated.
const SURE: f32 = 56.0;
/// The least ink of the subject's edge.
const FIRST: f32 = 7.0;
/// Ink that is too dark for a shadow.
const DARKEST_SHADOW: f32 = 110.0;
/// How much a shadow darkens at most from one square to the next.
const SOFT: f32 = 4.0;
/// The shortest of the longest edges of the data's images.
const SHORTEST: f64 = 26.0;
/// The least of the most ink in each of the data's images.
const MOST_INK: u8 = 253;
/// The fewest pixels of pure ground at the edge of an image of the data.
const LEAST_GROUND: usize = 10;

/// What is in a picture: its ink, its ground, and whether the ink is darker or lighter than that.
#[derive(Clone, Debug)]
pub struct Subject {
    ground: Ground,
    is_dark: bool,
    contrast: f32,
    found: Option<Found>,
}

/// What is to be seen.
#[derive(Clone, Debug)]
struct Found {
    /// The picture, in pixels.
    whole: Region,
    /// How many pixels of the picture the side of a square has.
    size: u32,
    /// The ink of the squares, without what lies on the ground, such as a shadow.
    subject: Plane,
    /// Where that ink is, in squares.
    region: Region,
}

impl Subject {
    /// Looks for the subject.
    pub fn find(picture: &GrayImage) -> Self {
        let longest = picture.width().max(picture.height());
        let size = longest.div_ceil(LOOKED_AT);
        let coarse = squares(picture, size);
        let ground = Ground::of(&coarse);
        let is_dark = is_dark(&coarse, &ground);
        let coarse = ink(&coarse, &ground, is_dark);
        let contrast = coarse.max();
        let is_there = contrast > NOTHING.max(6.0 * ground.noise);
        let found = if is_there { Found::find(picture, &ground, is_dark, (&coarse, size)) } else { None };
        Self { ground, is_dark, contrast, found }
    }

    /// How much it differs from its ground at most, of 255; 0 if nothing is to be seen.
    pub fn contrast(&self) -> f32 {
        if self.found.is_some() { self.contrast } else { 0.0 }
    }

    /// Whether it is more than the traces that JPEG leaves beside a line.
    pub fn is_seen_clearly(&self) -> bool {
        self.contrast() > CLEAR
    }

    /// The ground's level in the middle of the picture.
    pub fn ground_level(&self) -> u8 {
        byte(self.ground.at(0.0, 0.0))
    }

    /// Draws its image and notes what was done; `None` if nothing is to be seen.
    pub fn drawn(&self, steps: &mut Vec<String>) -> Option<[u8; PIXELS]> {
        let found = self.found.as_ref()?;
        let mut ink = found.fitted();
        let most = ink.max();
        if most <= 0.0 {
            return None;
        }
        steps.extend(subtracted(&self.ground));
        steps.extend(found.trimmed());
        if self.is_dark {
            steps.push("inverted".to_owned());
        }
        if most < 253.5 {
            steps.push(format!("ink to {} raised to 255", byte(most)));
            ink.values.iter_mut().for_each(|value| *value *= 255.0 / most);
        }
        Some(placed(&ink))
    }
}

impl Found {
    /// Looks closely at a picture that has this ink in squares of this size.
    fn find(picture: &GrayImage, ground: &Ground, is_dark: bool, (coarse, size): (&Plane, u32)) -> Option<Self> {
        let scale = 255.0 / coarse.max();
        let rough = bounds(coarse, 1, |column, row| coarse.at(column, row) * scale > SURE)?;
        let longest = rough.longest() * f64::from(size);
        // Single pixels of a photograph, and their noise, must not count.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the picture's side")]
        let closely = ((longest / (SIDE * CLOSELY) as f64) as u32).max(1);
        let Region { width, height, .. } = Region::whole(picture);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few pixels")]
        let size = closely.max((width * height / MOST_SQUARES).sqrt().ceil() as u32);
        let levels = squares(picture, size);
        let range = if is_dark { ground.at(0.0, 0.0) } else { 255.0 - ground.at(0.0, 0.0) };
        let noise = Ground::of(&levels).noise * scale * 255.0 / range.max(1.0);
        let ink = ink(&levels, ground, is_dark);

        let of_255 = Plane { values: ink.values.iter().map(|value| value * scale).collect(), ..ink };
        let mut subject = ink;
        let is_ground = reached(&of_255, SOFT.max(4.0 * noise));
        subject.values.iter_mut().zip(&is_ground).filter(|(_, is_ground)| **is_ground).for_each(|(ink, _)| *ink = 0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the picture's side")]
        let pixel = ((longest / SIDE as f64 / f64::from(size)) as usize).max(1);
        let least = FIRST.max(4.0 * noise) / scale;
        remove_specks(&mut subject, least, pixel * pixel);
        let within = |cells| bounds(&subject, cells, |column, row| subject.at(column, row) > least);
        // A single thin stroke has only one square in each of its columns or rows.
        let cells = pixel.div_ceil(2);
        let (cells, rough) = within(cells).map(|rough| (cells, rough)).or_else(|| Some((1, within(1)?)))?;
        let region = edges(&subject, rough, pixel, cells);
        Some(Self { whole: Region::whole(picture), size, subject, region })
    }

    /// The subject, scaled so that its longest edge has 28 pixels.
    fn fitted(&self) -> Plane {
        let (columns, rows) = size(self.region);
        let whole = (self.subject.columns, self.subject.rows);
        // The region is stretched to whole pixels: cutting it would lose a thin stroke at its edge.
        let ink = means(whole, |column, row| self.subject.at(column, row), self.region, columns, rows);
        ink.sharpened(self.subject.max())
    }

    /// The margins in the order of CSS: top, right, bottom, left; `None` if there are none.
    fn trimmed(&self) -> Option<String> {
        let Region { left, top, width, height } = self.region;
        let size = f64::from(self.size);
        let margins = [
            top * size,
            self.whole.width - (left + width) * size,
            self.whole.height - (top + height) * size,
            left * size,
        ]
        .map(|margin| margin.round().max(0.0));
        let [top, right, bottom, left] = margins;
        margins.iter().any(|margin| *margin > 0.0).then(|| format!("margins {top} {right} {bottom} {left} trimmed"))
    }
}

/// The pixels of a picture that has the form of the data already, perhaps inverted; notes what was done. `None` for
/// others.
pub fn already(picture: &GrayImage, steps: &mut Vec<String>) -> Option<[u8; PIXELS]> {
    if picture.dimensions() != (28, 28) {
        return None;
    }
    let pixels: [u8; PIXELS] = picture.as_raw().as_slice().try_into().ok()?;
    let grounds = |pixels: &[u8; PIXELS]| {
        let at_edge = |at: &usize| [0, SIDE - 1].contains(&(at % SIDE)) || [0, SIDE - 1].contains(&(at / SIDE));
        (0..PIXELS).filter(at_edge).filter(|at| pixels[*at] == 0).count()
    };
    let inverted = pixels.map(|level| 255 - level);
    let is_inverted = grounds(&inverted) > grounds(&pixels);
    let pixels = if is_inverted { inverted } else { pixels };
    let ink = Plane::from_fn(SIDE, SIDE, |column, row| pixels[row * SIDE + column].into());
    let region = bounds(&ink, 1, |column, row| ink.at(column, row) > 0.0)?;
    let is_in_form = grounds(&pixels) >= LEAST_GROUND
        && region.longest() >= SHORTEST
        && pixels.iter().any(|level| *level >= MOST_INK);
    if is_in_form && is_inverted {
        steps.push("inverted".to_owned());
    }
    is_in_form.then_some(pixels)
}

/// Whether a picture has the form of the data already.
pub fn is_already(picture: &GrayImage) -> bool {
    already(picture, &mut Vec::new()).is_some()
}

/// The picture with its levels as they are, as large as it fits, in the middle of a black ground.
pub fn fitted(picture: &GrayImage) -> [u8; PIXELS] {
    let whole = Region::whole(picture);
    let (columns, rows) = size(whole);
    let level = |x: usize, y: usize| f32::from(picture.as_raw()[y * picture.width() as usize + x]);
    placed(&means((picture.width() as usize, picture.height() as usize), level, whole, columns, rows))
}

/// Whether the subject is darker than its ground: whether more of the picture is darker than lighter.
fn is_dark(levels: &Plane, ground: &Ground) -> bool {
    let least = NOTHING.min(FIRST.max(3.0 * ground.noise));
    let (darker, lighter) = levels.cells().fold((0.0, 0.0), |(darker, lighter), (column, row, level)| {
        let difference = ground.at(place(column, levels.columns), place(row, levels.rows)) - level;
        (darker + (difference - least).max(0.0), lighter + (-difference - least).max(0.0))
    });
    darker > lighter
}

/// How much ink, of 255, a level is on a ground: none if it is the ground's level, and all of it if it is black on a
/// light ground or white on a dark one.
fn inked(level: f32, ground: f32, is_dark: bool) -> f32 {
    let (difference, range) = if is_dark { (ground - level, ground) } else { (level - ground, 255.0 - ground) };
    (255.0 * difference / range.max(1.0)).clamp(0.0, 255.0)
}

fn ink(levels: &Plane, ground: &Ground, is_dark: bool) -> Plane {
    Plane::from_fn(levels.columns, levels.rows, |column, row| {
        let ground = ground.at(place(column, levels.columns), place(row, levels.rows));
        inked(levels.at(column, row), ground, is_dark)
    })
}

/// Which squares are ground: those that can be reached from the picture's edge without a step. On the way it may slowly
/// become dark, as in a shadow. A subject begins with a step.
fn reached(ink: &Plane, step: f32) -> Vec<bool> {
    let (columns, rows) = (ink.columns, ink.rows);
    let mut is_ground = vec![false; columns * rows];
    let mut open: Vec<usize> = Vec::new();
    let enter = |at: usize, from: f32, is_ground: &mut Vec<bool>, open: &mut Vec<usize>| {
        let value = ink.values[at];
        if !is_ground[at] && value < DARKEST_SHADOW && value - from <= step {
            is_ground[at] = true;
            open.push(at);
        }
    };
    for (column, row, _) in ink.cells() {
        if column == 0 || row == 0 || column + 1 == columns || row + 1 == rows {
            enter(row * columns + column, 0.0, &mut is_ground, &mut open);
        }
    }
    while let Some(at) = open.pop() {
        let from = ink.values[at];
        beside(at, columns, rows).for_each(|next| enter(next, from, &mut is_ground, &mut open));
    }
    is_ground
}

/// Removes connected parts of fewer than `area` squares: dust and noise. Squares that touch only at a corner count as
/// connected, as in a slanted stroke. If such parts are most of the ink, they are the subject, such as a dashed line,
/// and stay.
fn remove_specks(subject: &mut Plane, least: f32, area: usize) {
    let (columns, rows) = (subject.columns, subject.rows);
    let mut is_seen: Vec<bool> = subject.values.iter().map(|ink| *ink <= least).collect();
    let (mut specks, mut rest) = (Vec::new(), 0.0);
    for start in 0..is_seen.len() {
        let mut part = Vec::new();
        if !std::mem::replace(&mut is_seen[start], true) {
            part.push(start);
        }
        let mut next = 0;
        while let Some(at) = part.get(next).copied() {
            next += 1;
            for beside in around(at, columns, rows) {
                if !std::mem::replace(&mut is_seen[beside], true) {
                    part.push(beside);
                }
            }
        }
        if part.len() < area {
            specks.extend(part);
        } else {
            rest += part.iter().map(|at| subject.values[*at]).sum::<f32>();
        }
    }
    if specks.iter().map(|at| subject.values[*at]).sum::<f32>() <= rest {
        for at in specks {
            subject.values[at] = 0.0;
        }
    }
}

/// The eight squares around one, fewer at the edge.
fn around(at: usize, columns: usize, rows: usize) -> impl Iterator<Item = usize> {
    let (column, row) = (at % columns, at / columns);
    let near = |at: usize, count: usize| at.saturating_sub(1)..(at + 2).min(count);
    near(row, rows)
        .flat_map(move |y| near(column, columns).map(move |x| y * columns + x))
        .filter(move |beside| *beside != at)
}

/// The squares to the left and to the right of one, above and below it.
fn beside(at: usize, columns: usize, rows: usize) -> impl Iterator<Item = usize> {
    let (column, row) = (at % columns, at / columns);
    [
        (column > 0).then(|| at - 1),
        (column + 1 < columns).then(|| at + 1),
        (row > 0).then(|| at - columns),
        (row + 1 < rows).then(|| at + columns),
    ]
    .into_iter()
    .flatten()
}

/// Where the subject's edges are: where it has half of the ink that it has one pixel (of 28) further in. So a blurred
/// edge is found where the sharp edge was.
fn edges(subject: &Plane, rough: Region, pixel: usize, least: usize) -> Region {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "these are whole squares")]
    let [left, top, width, height] = [rough.left, rough.top, rough.width, rough.height].map(|length| length as usize);
    let across: Vec<f32> = (0..subject.columns)
        .map(|column| dense((top..top + height).map(|row| subject.at(column, row)).collect(), least))
        .collect();
    let down: Vec<f32> = (0..subject.rows)
        .map(|row| dense((left..left + width).map(|column| subject.at(column, row)).collect(), least))
        .collect();
    let (left, right) =
        (edge(across.iter(), left, pixel), edge(across.iter().rev(), subject.columns - left - width, pixel));
    let (top, bottom) = (edge(down.iter(), top, pixel), edge(down.iter().rev(), subject.rows - top - height, pixel));
    let [width, height] = [subject.columns as f64 - left - right, subject.rows as f64 - top - bottom];
    Region { left, top, width, height }
}

/// The most ink that at least this many of these have.
fn dense(mut line: Vec<f32>, least: usize) -> f32 {
    line.sort_unstable_by(|a, b| b.total_cmp(a));
    line.get(least - 1).copied().unwrap_or(0.0)
}

/// Where a line of ink that begins at `first` has half of what it has one pixel further on.
fn edge<'a>(line: impl Iterator<Item = &'a f32>, first: usize, pixel: usize) -> f64 {
    let line: Vec<f32> = line.copied().take(first + pixel).collect();
    let half = line[first.min(line.len())..].iter().copied().fold(0.0, f32::max) / 2.0;
    match line.iter().position(|ink| *ink >= half) {
        Some(at) if at > 0 => {
            let (before, here) = (line[at - 1], line[at]);
            at as f64 + f64::from((half - before) / (here - before).max(f32::EPSILON)) - 0.5
        }
        _ => 0.0,
    }
}

/// The columns and rows that contain all lines with at least this many such cells.
fn bounds(plane: &Plane, least: usize, is_subject: impl Fn(usize, usize) -> bool) -> Option<Region> {
    let (mut columns, mut rows) = (vec![0; plane.columns], vec![0; plane.rows]);
    for (column, row, _) in plane.cells().filter(|(column, row, _)| is_subject(*column, *row)) {
        columns[column] += 1;
        rows[row] += 1;
    }
    let ends = |counts: &[usize]| {
        let first = counts.iter().position(|count| *count >= least)?;
        Some((first, counts.iter().rposition(|count| *count >= least)? + 1))
    };
    let ((left, right), (top, bottom)) = (ends(&columns)?, ends(&rows)?);
    let [left, top, width, height] = [left, top, right - left, bottom - top].map(|length| length as f64);
    Some(Region { left, top, width, height })
}

/// The columns and rows of a region whose longest edge is 28 pixels.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 1 to 28")]
fn size(region: Region) -> (usize, usize) {
    let scaled = |length: f64| ((length * 28.0 / region.longest()).round() as usize).clamp(1, SIDE);
    (scaled(region.width), scaled(region.height))
}

/// Puts the ink in the middle of an image; if there is no exact middle, one pixel nearer to the right and the bottom,
/// as in most images of the data.
fn placed(ink: &Plane) -> [u8; PIXELS] {
    let mut pixels = [0; PIXELS];
    let (left, top) = ((SIDE - ink.columns).div_ceil(2), (SIDE - ink.rows).div_ceil(2));
    for (column, row, value) in ink.cells() {
        pixels[(row + top) * SIDE + column + left] = byte(value);
    }
    pixels
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float that is cast is clamped, NaN is 0"
)]
fn byte(value: f32) -> u8 {
    value.round() as u8
}

/// What is said of a ground that is subtracted; nothing if it is 0, because then there is nothing to subtract.
fn subtracted(ground: &Ground) -> Option<String> {
    let (lowest, highest) = ground.levels();
    match (byte(lowest), byte(highest)) {
        (0, 0) => None,
        (lowest, highest) if lowest == highest => Some(format!("ground {lowest} subtracted")),
        (lowest, highest) => Some(format!("ground {lowest} to {highest} subtracted")),
    }
}
