//! Computes means over parts of a grey picture. Arithmetic only.

use image::GrayImage;

/// Numbers in rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    pub columns: usize,
    pub rows: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

impl Plane {
    /// The plane with these values, given by column and row.
    pub fn from_fn(columns: usize, rows: usize, mut value: impl FnMut(usize, usize) -> f32) -> Self {
        let values = (0..rows * columns).map(|at| value(at % columns, at / columns)).collect();
        Self { columns, rows, values }
    }

    /// The value in this column and row.
    pub fn at(&self, column: usize, row: usize) -> f32 {
        self.values[row * self.columns + column]
    }

    /// Columns and rows with their values.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, f32)> {
        self.values.iter().enumerate().map(|(at, value)| (at % self.columns, at / self.columns, *value))
    }

    /// The plane sharpened as by `convert -sharpen 0x1`, with a Gaussian of radius and standard deviation 1; outside it
    /// the edge continues. Nothing becomes less than 0 or more than `most`.
    pub fn sharpened(&self, most: f32) -> Self {
        // e^(-d²/2) at the squared distances 0, 1 and 2.
        const WEIGHTS: [f32; 3] = [1.0, 0.606_530_66, 0.367_879_44];
        let around = |at: usize, count: usize| [at.saturating_sub(1), at, (at + 1).min(count - 1)];
        let sum = WEIGHTS[0] + 4.0 * (WEIGHTS[1] + WEIGHTS[2]);
        Self::from_fn(self.columns, self.rows, |column, row| {
            let mut blurred = 0.0;
            for (down, y) in around(row, self.rows).into_iter().enumerate() {
                for (across, x) in around(column, self.columns).into_iter().enumerate() {
                    blurred += WEIGHTS[down.abs_diff(1) + across.abs_diff(1)] * self.at(x, y);
                }
            }
            let value = self.at(column, row);
            ((value * (2.0 * sum + 1.0) - blurred) / (sum + 1.0)).clamp(0.0, most)
        })
    }

    /// The largest value; 0 if none is larger.
    pub fn max(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }
}

/// A part of a picture, in pixels and fractions of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Region {
    /// The whole picture.
    pub fn whole(picture: &GrayImage) -> Self {
        let (width, height) = picture.dimensions();
        Self { left: 0.0, top: 0.0, width: width.into(), height: height.into() }
    }

    /// The longer edge.
    pub fn longest(&self) -> f64 {
        self.width.max(self.height)
    }
}

/// The means of squares with sides of `size` pixels; those at the right and at the bottom may be cut off.
pub fn squares(picture: &GrayImage, size: u32) -> Plane {
    let [columns, rows] = [picture.width(), picture.height()].map(|length| length.div_ceil(size) as usize);
    let [width, height, size] = [picture.width(), picture.height(), size].map(|length| length as usize);
    let mut sums = vec![0_u32; columns * rows];
    for (y, line) in picture.as_raw().chunks(width).enumerate() {
        for (squares, pixels) in sums[y / size * columns..].iter_mut().zip(line.chunks(size)) {
            *squares += pixels.iter().copied().map(u32::from).sum::<u32>();
        }
    }
    let length = |at: usize, whole: usize| size.min(whole - at * size);
    #[expect(clippy::cast_precision_loss, reason = "a mean of bytes needs no more")]
    Plane::from_fn(columns, rows, |column, row| {
        sums[row * columns + column] as f32 / (length(column, width) * length(row, height)) as f32
    })
}

/// The means of `columns` by `rows` equal parts of a region, in a plane of `whole` columns and rows with the values
/// that `value` returns. Outside the plane its edge continues.
pub fn means(
    whole: (usize, usize),
    value: impl Fn(usize, usize) -> f32,
    region: Region,
    columns: usize,
    rows: usize,
) -> Plane {
    let across = shares(region.left, region.width, columns, whole.0);
    let down = shares(region.top, region.height, rows, whole.1);
    Plane::from_fn(columns, rows, |column, row| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (y, vertical) in &down[row] {
            for (x, horizontal) in &across[column] {
                let share = vertical * horizontal;
                sum += share * f64::from(value(*x, *y));
                weight += share;
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a level needs no more")]
        let mean = (sum / weight) as f32;
        mean
    })
}

/// Which values of a line each of the `parts` covers, and how much of them. The whole line is covered, so that no
/// stroke is missed, even if it is thinner than a part.
#[expect(clippy::cast_precision_loss, reason = "a line has some thousand values at most")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a value of the line is meant")]
fn shares(start: f64, length: f64, parts: usize, values: usize) -> Vec<Vec<(usize, f64)>> {
    let edge = |part: f64| start + length * part / parts as f64;
    (0..parts)
        .map(|part| {
            let (from, to) = (edge(part as f64), edge(part as f64 + 1.0));
            let first = (from.max(0.0) as usize).min(values - 1);
            let last = (to.ceil().max(0.0) as usize).clamp(first + 1, values);
            let covered = |at: usize| (to.min(at as f64 + 1.0) - from.max(at as f64)).max(1e-9);
            (first..last).map(|at| (at, covered(at))).collect()
        })
        .collect()
}
