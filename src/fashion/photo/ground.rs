//! Finds a picture's ground from what lies along its edges: a level, or a slope if the light falls from one side. Knows
//! nothing of what stands in front of it.

use image::GrayImage;

use super::plane::Plane;

/// How deep the looked-at edge of a picture is, as a part of its side.
const DEPTH: f32 = 0.015;
/// How much what belongs to a ground may differ from its level.
const NEAR: f32 = 6.0;
/// How much a ground's level may change from one edge to the opposite one.
const STEEPEST: f32 = 90.0;
/// How many more samples a slope must explain than a level does, as a part of all samples.
const WORTH: f32 = 0.08;
/// How many pixels along a side are looked at, at most.
const SAMPLED: usize = 400;
/// How many slopes are tried.
const TRIES: usize = 600;

/// A ground: its level in the middle of the picture, and how much it rises from the left to the right edge and from the
/// top to the bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ground {
    middle: f32,
    right: f32,
    down: f32,
    /// The standard deviation of its single values.
    pub noise: f32,
}

/// A place at a picture's edge, from -0.5 to 0.5 in each direction, and its level.
#[derive(Clone, Copy)]
struct Sample {
    across: f32,
    down: f32,
    level: f32,
}

impl Ground {
    /// The ground on which most of a picture's edge agrees.
    pub fn of(picture: &Plane) -> Self {
        Self::through(&samples(picture))
    }

    /// The ground by a picture's outermost pixels alone, and which part of them is no further from it than `distance`.
    pub fn of_edge(picture: &GrayImage, distance: f32) -> (Self, f32) {
        let samples = outermost(picture);
        let ground = Self::through(&samples);
        #[expect(clippy::cast_precision_loss, reason = "there are some hundred samples")]
        let share = ground.near(&samples, distance).count() as f32 / samples.len() as f32;
        (ground, share)
    }

    fn through(samples: &[Sample]) -> Self {
        let level = level(samples);
        let slope = slope(samples);
        #[expect(clippy::cast_precision_loss, reason = "there are some hundred samples")]
        let gain = (slope.explains(samples) as f32 - level.explains(samples) as f32) / samples.len() as f32;
        let ground = if gain > WORTH { slope } else { level };
        Self { noise: ground.noise(samples), ..ground }
    }

    fn flat(level: f32) -> Self {
        Self { middle: level, right: 0.0, down: 0.0, noise: 0.0 }
    }

    /// Its level at this place, from -0.5 to 0.5 in each direction.
    pub fn at(&self, across: f32, down: f32) -> f32 {
        (self.middle + self.right * across + self.down * down).clamp(0.0, 255.0)
    }

    /// Its lowest and its highest level.
    pub fn levels(&self) -> (f32, f32) {
        let half = self.right.abs().midpoint(self.down.abs());
        ((self.middle - half).max(0.0), (self.middle + half).min(255.0))
    }

    fn near<'a>(&'a self, samples: &'a [Sample], distance: f32) -> impl Iterator<Item = &'a Sample> {
        samples.iter().filter(move |sample| (sample.level - self.at(sample.across, sample.down)).abs() <= distance)
    }

    fn explains(&self, samples: &[Sample]) -> usize {
        self.near(samples, NEAR).count()
    }

    /// How much the samples near it vary, from the median of their distances.
    fn noise(&self, samples: &[Sample]) -> f32 {
        let distances =
            self.near(samples, 5.0 * NEAR).map(|sample| (sample.level - self.at(sample.across, sample.down)).abs());
        // In a normal distribution the median distance is 0.6745 standard deviations.
        median(distances.collect()) / 0.6745
    }
}

/// The picture's edge, a few values deep.
fn samples(picture: &Plane) -> Vec<Sample> {
    let (columns, rows) = (picture.columns, picture.rows);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few cells"
    )]
    let depth = (columns.min(rows) as f32 * DEPTH).ceil().max(1.0) as usize;
    let is_edge = |x: usize, y: usize| x < depth || y < depth || x + depth >= columns || y + depth >= rows;
    picture
        .cells()
        .filter(|(x, y, _)| is_edge(*x, *y))
        .map(|(x, y, level)| Sample { across: place(x, columns), down: place(y, rows), level })
        .collect()
}

/// The pixels along the picture's edge; of a large picture some hundred per side.
fn outermost(picture: &GrayImage) -> Vec<Sample> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let sample = |x: usize, y: usize| {
        let level = picture.as_raw()[y * width + x].into();
        Sample { across: place(x, width), down: place(y, height), level }
    };
    let step = width.max(height).div_ceil(SAMPLED);
    let across = (0..width).step_by(step).flat_map(|x| [sample(x, 0), sample(x, height - 1)]);
    let down = (0..height).step_by(step).flat_map(|y| [sample(0, y), sample(width - 1, y)]);
    across.chain(down).collect()
}

/// Where the middle of a cell is, from -0.5 to 0.5.
#[expect(clippy::cast_precision_loss, reason = "there are some hundred cells")]
pub fn place(cell: usize, cells: usize) -> f32 {
    (cell as f32 + 0.5) / cells as f32 - 0.5
}

/// The level that most samples are near.
fn level(samples: &[Sample]) -> Ground {
    let best = (0..=255_u8)
        .map(|level| Ground::flat(level.into()))
        .max_by(|a, b| {
            let [a, b] = [a, b].map(|ground| ground.explains(samples));
            a.cmp(&b)
        })
        .expect("there are 256 levels");
    // Its neighbours may explain as many samples: take the middle of what it explains.
    let refined =
        |ground: Ground| Ground::flat(median(ground.near(samples, NEAR).map(|sample| sample.level).collect()));
    refined(refined(best))
}

/// The slope through three samples that most of all samples are near, then fitted to all of those.
fn slope(samples: &[Sample]) -> Ground {
    let mut draws = Draws(1);
    let best = (0..TRIES)
        .filter_map(|_| Ground::fitted((0..3).map(|_| samples[draws.below(samples.len())])))
        .max_by_key(|ground| ground.explains(samples));
    let refined = |ground: Ground| Ground::fitted(ground.near(samples, NEAR).copied()).unwrap_or(ground);
    best.map_or(Ground::flat(0.0), |best| refined(refined(best)))
}

impl Ground {
    /// The plane through these samples by least squares; `None` if there is none, or if it is too steep.
    fn fitted(samples: impl Iterator<Item = Sample>) -> Option<Self> {
        let mut matrix = [[0.0_f64; 4]; 3];
        for Sample { across, down, level } in samples {
            let line = [1.0, across, down, level].map(f64::from);
            for (row, factor) in matrix.iter_mut().zip(line) {
                row.iter_mut().zip(line).for_each(|(sum, value)| *sum += factor * value);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a level needs no more")]
        let [middle, right, down] = solved(matrix)?.map(|value| value as f32);
        (right.abs() + down.abs() <= STEEPEST).then_some(Self { middle, right, down, noise: 0.0 })
    }
}

/// The solution of three equations by elimination; `None` if it is not unique.
fn solved(mut matrix: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    for pivot in 0..3 {
        let largest = (pivot..3).max_by(|a, b| matrix[*a][pivot].abs().total_cmp(&matrix[*b][pivot].abs()))?;
        matrix.swap(pivot, largest);
        if matrix[pivot][pivot].abs() < 1e-6 {
            return None;
        }
        for row in (0..3).filter(|row| *row != pivot) {
            let factor = matrix[row][pivot] / matrix[pivot][pivot];
            let above = matrix[pivot];
            matrix[row].iter_mut().zip(above).for_each(|(value, above)| *value -= factor * above);
        }
    }
    Some([0, 1, 2].map(|row| matrix[row][3] / matrix[row][row]))
}

/// Numbers without a pattern, but the same each time, so that a picture is always seen in the same way.
struct Draws(u64);

impl Draws {
    fn below(&mut self, count: usize) -> usize {
        // Knuth's multiplier and increment; the upper bits are the random ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % count.max(1) as u64).expect("it is below a usize")
    }
}

/// The median; 0 if there are none.
fn median(mut values: Vec<f32>) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
