//! Where the Dashboard's panes stand. Arithmetic; draws nothing.
//!
//! What is least important gives way first, row by row: air, what is said once more elsewhere, rows of the table, the
//! curves' height. The picture is drawn whole on every screen.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::{
    app::{Half, Scene},
    view::{
        epochs,
        picture::{self, COLUMNS, ROWS},
        prediction, test_image, training,
    },
};

/// Columns that the bars want, and the table, and both of them one over the other.
const RIGHT: u16 = 40;
/// Cells between two columns of panes.
const GUTTER: u16 = 2;
/// Columns beside the picture from which bars and table stand side by side.
const SIDE_BY_SIDE: u16 = 2 * RIGHT + GUTTER;
/// Columns of the picture's pane while the picture has scale 1: wide enough for its caption.
const LEFT: u16 = 36;
/// Rows of the training pane over the picture, without its heading: at least this, and at most.
const TRAINING: (u16, u16) = (2, training::MOST_ROWS);
/// The least of such rows where the pane has as good a place beside the picture.
const TRAINING_BY_ITSELF: u16 = 5;
/// Such rows from which the table may have rows of its own below the picture.
const TRAINING_OVER_TABLE: u16 = 8;
/// Rows of the table's epochs that it wants: at least this, and at most, where a run has as many.
const EPOCHS: (u16, u16) = (3, 10);
/// Rows that let the bars have the pitch of 2 for that of 1, and the pitch of 3 for that of 2.
const HIGHER_BARS: (u16, u16) = (9, 10);

/// Where each pane stands; one that is left out has an empty area.
#[derive(Clone, Copy, Debug, Default)]
pub struct DashboardAreas {
    /// The training pane's heading; it stands over the curves too where these are beside it.
    pub heading: Rect,
    pub training: Rect,
    pub curves: Rect,
    pub image: Rect,
    /// Which images are listed, where not all are and the picture is too narrow for that.
    pub filter: Rect,
    /// The image's caption, where it does not fit below the picture.
    pub caption: Rect,
    pub prediction: Rect,
    pub epochs: Rect,
}

impl DashboardAreas {
    pub fn new(body: Rect, scene: &Scene) -> Self {
        let wish = Wish::new(scene);
        if let Some(rows) = training::failure_rows(&scene.known.phase, body.width) {
            let (heading, rest) = split(body, 1, 0);
            let (training, rest) = split(rest, rows, 0);
            return Self { heading, training, ..Self::without_run(rest, wish) };
        }
        let scale = scale(body);
        if body.height < least_over_picture(body, scale) {
            return Self::beside_picture(body, scale, wish);
        }
        Self::over_picture(body, scale, wish)
    }

    /// Training over the picture, curves over the rest:
    ///
    /// ```text
    /// Training ───────────────────────────────────────
    /// ● training               loss      1.0 ▇▄▂▁▁
    /// epoch        3/10 ━━━──  0.3421    0.2 █████
    /// batch 1,234/1,875 ━━━━─  accuracy  90% ▁▅▇▇▇
    /// 151,000 images/s         87.8%     60% █████
    /// Test image 12 ─────────  Prediction ────────────
    /// ┌────────────────────┐   T-shirt/top            0%
    /// │      picture       │   Trouser                0%
    /// │                    │   …
    /// │                    │   Epochs ────────────────
    /// └────────────────────┘       loss  acc.  test loss …
    ///  ✓ Pullover 83% (…)       1 0.504 82.4%      0.431 …
    /// ```
    ///
    /// Where the columns are narrow and long, the table has the whole width below them.
    fn over_picture(body: Rect, scale: u16, wish: Wish) -> Self {
        let picture = ROWS * scale + test_image::TEXT_ROWS;
        let table = epochs::HEADING_ROWS + wish.epochs;
        let is_wide = columns(body, scale)[1].width >= SIDE_BY_SIDE;
        let is_long = body.height > TRAINING_OVER_TABLE + 1 + picture + table;
        let (body, below) = if is_long && !is_wide { split(body, body.height - table - 1, 1) } else { (body, NONE) };
        let (heading, body) = split(body, 1, 0);
        let [left, right] = columns(body, scale);
        // Up to that many rows the picture stands beside the bars, and the filter in the heading of both.
        let has_filter_below = wish.is_filtered && left.height > picture + TRAINING_BY_ITSELF;
        let rows = left.height.saturating_sub(picture + u16::from(has_filter_below));
        let (training, left) = split(left, rows.clamp(TRAINING.0, TRAINING.1), 0);
        let (image, rest) = split(left, picture, 0);
        let (curves, prediction, epochs) = if is_wide {
            let [_, lower] = shared(right.height, [2, 16], &[UpTo(0, 13), UpTo(1, 6)]);
            let (curves, lower) = split(right, right.height.saturating_sub(lower), 0);
            let [prediction, epochs] = halves(lower);
            (curves, prediction, epochs)
        } else {
            let (table, has_table) = if below.is_empty() { (table, 1) } else { (0, 0) };
            let least = [2, prediction::LEAST_ROWS + 1, (epochs::HEADING_ROWS + EPOCHS.0) * has_table, 0];
            let more = table.saturating_sub(least[2]);
            let order = [
                UpTo(0, 5),
                UpTo(1, 1),
                UpTo(2, more),
                UpTo(3, has_table),
                UpTo(0, 8),
                Whole(1, HIGHER_BARS.0),
                UpTo(0, 15),
                Whole(1, HIGHER_BARS.1),
            ];
            let [_, bars, table, air] = shared(right.height, least, &order);
            let (curves, lower) = split(right, right.height.saturating_sub(bars + table + air), 0);
            let (prediction, epochs) = split(lower, bars, air);
            (curves, prediction, if below.is_empty() { epochs } else { below })
        };
        let has_filter = wish.is_filtered && image.y != prediction.y;
        let (filter, _) = split(rest, u16::from(has_filter), 0);
        Self { heading, training, curves, image, filter, prediction, epochs, ..Self::default() }
    }

    /// The picture alone at the left, where no room is left over it.
    fn beside_picture(body: Rect, scale: u16, wish: Wish) -> Self {
        let [left, right] = columns(body, scale);
        let (image, below) = split(left, ROWS * scale + test_image::TEXT_ROWS, 0);
        // What a small picture has no row for stands over the bars, the caption where the picture takes all rows.
        let is_bare = body.height < ROWS + 1;
        let notes = u16::from(wish.is_filtered && scale == 1) + u16::from(is_bare);
        let rows = right.height - notes;
        let bars = prediction::LEAST_ROWS;
        if right.width >= SIDE_BY_SIDE {
            let order =
                [UpTo(1, 1), UpTo(2, 1), UpTo(0, 1), UpTo(1, 2), UpTo(2, 1), UpTo(1, 3), Whole(2, HIGHER_BARS.0)];
            let [heading, _, lower] = shared(rows, [0, 2, bars], &order);
            let (run, lower) = split(right, rows - lower, 0);
            let (heading, run) = split(run, heading, 0);
            let [training, curves] = columns(run, 1);
            let (notes, lower) = split(lower, notes, 0);
            let [prediction, epochs] = halves(lower);
            let areas = Self { heading, training, curves, image, prediction, epochs, ..Self::default() };
            return areas.noted(notes, below, wish);
        }
        let table = epochs::HEADING_ROWS + EPOCHS.0;
        let more = wish.epochs - EPOCHS.0;
        let order = [
            UpTo(1, 1),
            UpTo(3, 1),
            UpTo(1, 1),
            UpTo(0, 1),
            UpTo(4, 1),
            UpTo(3, 1),
            UpTo(1, 1),
            UpTo(3, 1),
            Whole(5, table),
            UpTo(5, more),
            UpTo(2, 1),
            UpTo(4, 1),
        ];
        let [heading, training, air, _, bars, table] = shared(rows, [0, 1, 0, 1, bars, 0], &order);
        let (heading, rest) = split(right, heading, 0);
        let (training, rest) = split(rest, training, air);
        let (curves, rest) = split(rest, rest.height.saturating_sub(notes + bars + table), 0);
        let (notes, rest) = split(rest, notes, 0);
        let (prediction, epochs) = split(rest, bars, 0);
        let areas = Self { heading, training, curves, image, prediction, epochs, ..Self::default() };
        areas.noted(notes, below, wish)
    }

    /// The picture and what the network takes it for, where the reason of a failure has the rows over them.
    fn without_run(body: Rect, wish: Wish) -> Self {
        let [image, right] = columns(body, scale(body));
        let (prediction, epochs) = if right.width >= SIDE_BY_SIDE {
            halves(right).into()
        } else {
            let table = epochs::HEADING_ROWS + EPOCHS.0;
            let order =
                [UpTo(0, 1), Whole(1, table), UpTo(1, wish.epochs - EPOCHS.0), UpTo(0, 1), Whole(0, HIGHER_BARS.0)];
            let [bars, table] = shared(right.height, [prediction::LEAST_ROWS, 0], &order);
            let (prediction, epochs) = split(right, bars, 0);
            (prediction, Rect { height: if table == 0 { 0 } else { epochs.height }, ..epochs })
        };
        Self { image, prediction, epochs, ..Self::default() }
    }

    /// With the filter and the caption on these rows, as far as there are any; else the filter below the picture.
    fn noted(self, notes: Rect, below: Rect, wish: Wish) -> Self {
        let filter = u16::from(wish.is_filtered);
        let (beside, caption) = split(notes, filter.min(notes.height), 0);
        let (below, _) = split(below, filter, 0);
        let is_beside = beside.height > 0 && self.image.width <= LEFT;
        let (filter, caption) = if is_beside { (beside, caption) } else { (below, notes) };
        Self { filter, caption, ..self }
    }
}

const NONE: Rect = Rect::ZERO;

/// What the panes of a run want.
#[derive(Clone, Copy)]
struct Wish {
    /// Rows of the table's epochs: as many from the run's beginning as it will have, so that nothing moves later.
    epochs: u16,
    /// Whether it is to be said which images are listed.
    is_filtered: bool,
}

impl Wish {
    fn new(scene: &Scene) -> Self {
        let known = &scene.known;
        let settled = known.started.as_ref().map_or(EPOCHS.1, |started| rows(started.settings.epochs as usize));
        let epochs = settled.max(rows(known.epochs.len())).clamp(EPOCHS.0, EPOCHS.1);
        Self { epochs, is_filtered: !scene.album(Half::Test).is_plain() }
    }
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// What a pane, given by its place among the panes, gets of the rows that are left.
enum Share {
    /// So many, or as many as are left.
    UpTo(usize, u16),
    /// So many, or none where fewer are left.
    Whole(usize, u16),
}

use Share::{UpTo, Whole};

/// The height shared among panes: each has at least so many rows, and what is left is given away in this order.
fn shared<const N: usize>(height: u16, least: [u16; N], order: &[Share]) -> [u16; N] {
    let mut spare = height.saturating_sub(least.iter().sum());
    let mut panes = least;
    for share in order {
        let (pane, given) = match *share {
            UpTo(pane, rows) => (pane, rows.min(spare)),
            Whole(pane, rows) => (pane, if rows <= spare { rows } else { 0 }),
        };
        panes[pane] += given;
        spare -= given;
    }
    panes
}

/// The first rows of an area, and what is left of it below some air.
fn split(area: Rect, rows: u16, air: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let rest = (area.height - rows).saturating_sub(air);
    (Rect { height: rows, ..area }, Rect { y: area.bottom() - rest, height: rest, ..area })
}

/// The bars and the table side by side.
fn halves(area: Rect) -> [Rect; 2] {
    area.layout(&Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(i32::from(GUTTER)))
}

/// The column of a picture of this scale and the one beside it. The first gives way down to the picture's own width.
fn columns(area: Rect, scale: u16) -> [Rect; 2] {
    let left = if scale > 1 { COLUMNS * scale } else { LEFT };
    let left = left.min(area.width.saturating_sub(GUTTER + RIGHT)).max(COLUMNS);
    area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Fill(1)]).spacing(i32::from(GUTTER)))
}

/// The largest scale of the picture that leaves room for the other panes; at least 1. From three on the training has
/// to have room over it, for beside it too many rows would stay empty.
fn scale(body: Rect) -> u16 {
    let width = body.width.saturating_sub(GUTTER + RIGHT);
    let fits = |scale: &u16| *scale < 3 || body.height >= least_over_picture(body, *scale);
    let largest = picture::scale(width, body.height.saturating_sub(test_image::TEXT_ROWS));
    (1..=largest).rev().find(fits).unwrap_or(1)
}

/// Rows from which the training stands over a picture of this scale. Beside the picture it takes rows from bars and
/// table, unless these have enough columns or the picture has many rows; then it can wait for more rows.
fn least_over_picture(body: Rect, scale: u16) -> u16 {
    let can_wait = scale > 1 || columns(body, scale)[1].width >= SIDE_BY_SIDE;
    1 + if can_wait { TRAINING_BY_ITSELF } else { TRAINING.0 } + ROWS * scale + test_image::TEXT_ROWS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::{Action, App, Loaded, Page},
        protocol::{Report, Started, samples},
        settings::Settings,
    };

    fn app(epochs: u32, actions: &[Action]) -> App {
        let mut app = App::new(None);
        let settings = Settings { epochs, ..Settings::default() };
        app.load(Loaded::Data(samples::dataset()));
        app.apply(Report::Started(Started { settings, ..samples::started() }));
        for action in actions {
            app.act(*action, &Page::default());
        }
        app
    }

    /// What is inside of the margins, the first line and the footer of every screen from the least to a large one.
    fn bodies() -> impl Iterator<Item = Rect> {
        (60..=240).flat_map(|width| (16..=70).map(move |height| Rect::new(1, 1, width - 2, height - 2)))
    }

    #[test]
    fn no_pane_leaves_the_screen_or_covers_another_one() {
        let failed = || {
            let mut app = app(10, &[]);
            app.apply(Report::Failed { reason: samples::DIVERGED.to_owned() });
            app
        };
        let mut filtered = 0;
        let runs: [&dyn Fn() -> App; 5] =
            [&|| app(10, &[]), &|| app(1, &[]), &|| app(1000, &[]), &|| app(10, &[Action::NextClass]), &failed];
        for app in runs.map(|run| Box::new(run())) {
            for body in bodies() {
                let areas = DashboardAreas::new(body, app.scene());
                let DashboardAreas { heading, training, curves, image, filter, caption, prediction, epochs } = areas;
                let panes = [heading, training, curves, image, filter, caption, prediction, epochs];
                for (number, pane) in panes.iter().enumerate().filter(|(_, pane)| !pane.is_empty()) {
                    assert_eq!(body.intersection(*pane), *pane, "{body}: {areas:?}");
                    let covered = panes[..number].iter().find(|other| other.intersects(*pane));
                    assert_eq!(covered, None, "{body}: {areas:?}");
                }
                let is_failed = app.known().is_over();
                assert!(is_failed || image.height >= ROWS && prediction.height >= prediction::LEAST_ROWS, "{body}");
                assert!(is_failed || curves.height > 0 && training.height > 0, "{body}: {areas:?}");
                let is_filtered = !app.scene().album(Half::Test).is_plain();
                let is_told = !filter.is_empty() || image.y == prediction.y || image.width > LEFT;
                assert!(!is_filtered || is_told, "{body}: {areas:?}");
                filtered += u32::from(is_filtered);
            }
        }
        assert!(filtered > 0);
    }

    /// Rows of a column of panes that none of them has, and those of the picture's pane that its picture has not.
    #[test]
    fn few_rows_are_left_over() {
        for (epochs, app) in [1, 3, 10, 1000].map(|epochs| (epochs, app(epochs, &[]))) {
            for body in bodies() {
                let areas = DashboardAreas::new(body, app.scene());
                let picture = ROWS * scale(body) + test_image::TEXT_ROWS;
                let below = if areas.epochs.x == areas.image.x { areas.epochs.y - 1 } else { body.bottom() };
                let left = below - areas.image.y.saturating_add(picture).min(below);
                // A narrow screen has the picture in its smallest size, however long it is.
                let most = body.height / if body.width < 98 { 2 } else { 3 };
                assert!(left <= most, "{body} with {epochs} epochs leaves {left} rows below the picture");
                let bottom = areas.prediction.bottom().max(areas.epochs.bottom());
                assert_eq!(bottom, body.bottom(), "{body}: {areas:?}");
            }
        }
    }

    #[test]
    fn the_picture_grows_by_whole_multiples() {
        let scales = [(80, 23), (80, 24), (100, 30), (110, 34), (132, 43), (160, 50), (200, 50), (200, 60), (240, 70)]
            .map(|(width, height)| scale(Rect::new(1, 1, width - 2, height - 2)));
        assert_eq!(scales, [1, 1, 1, 2, 2, 2, 2, 3, 4]);
    }

    #[test]
    fn what_is_left_goes_to_the_panes_in_their_order() {
        let order = [UpTo(0, 2), Whole(1, 3), UpTo(0, 9)];
        let shares = [3, 4, 5, 7, 8, 99].map(|height| shared(height, [1, 2], &order));
        assert_eq!(shares, [[1, 2], [2, 2], [3, 2], [5, 2], [3, 5], [12, 5]]);
    }
}
