//! The Dashboard: the training, one image, what the network takes it for.
//!
//! From 22 rows:
//!
//! ```text
//! Training · CPU, 2 threads ──────────────────────────
//! ● training               loss      1.0 ▇▄▂▁▁
//!                          0.3421    0.2 █████
//! epoch        3/10 ━━━──
//! batch 1,234/1,875 ━━━━─  accuracy  90% ▁▅▇▇▇
//! 151,000 images/s         87.8%     60% █████
//! Test image 12 ─────────  Prediction ────────────────
//! ┌────────────────────┐     T-shirt/top            0%
//! │                    │     Trouser                0%
//! │      picture       │     Pullover    ██████    83%
//! │                    │     …
//! │                    │   Epochs ────────────────────
//! │                    │       loss  acc.  test loss …
//! └────────────────────┘    1 0.504 82.4%      0.431 …
//!  ✓ Pullover 83% (…)       2 0.376 86.4%      0.398 …
//! ```
//!
//! With fewer rows the training pane stands over the bars, to the right of the picture, and the epochs are left out.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    text::Line,
    widgets::Clear,
};

use crate::{
    app::{Action, Half, Page, Scene, Screen, screens::dashboard::Dashboard},
    view::{
        epochs,
        images::Shown,
        picture::{self, COLUMNS, ROWS},
        prediction, sparklines, test_image,
        theme::Theme,
        training,
    },
};

/// From this many rows between header and footer, the training pane has the whole width.
const ROOM_FOR_ROWS: u16 = 22;
/// Columns that the bars and the table want.
const RIGHT: u16 = 40;
/// Cells between two columns of panes.
const GUTTER: u16 = 2;
/// Columns of the picture's pane while the picture has scale 1: wide enough for its caption.
const LEFT: u16 = 36;
/// Rows of the training pane: at least this, and at most.
const TRAINING: (u16, u16) = (6, 14);

/// Images that ↑ and ↓ pass over, and such rows that a page has.
const STRIDES: (usize, usize) = (10, 10);

/// Draws the panes.
pub fn draw(frame: &mut Frame, area: Rect, dashboard: &Dashboard, scene: &Scene, theme: &Theme) {
    let (known, shown) = (&scene.known, Shown::new(scene, Half::Test));
    let areas = DashboardAreas::new(area, scene);
    training::draw_heading(frame, areas.heading, known, theme);
    if areas.curves.is_empty() {
        training::draw_alone(frame, areas.training, known, theme);
    } else {
        training::draw(frame, areas.training, known, theme);
        sparklines::draw(frame, areas.curves, known, theme);
    }
    test_image::draw(frame, areas.image, &shown, dashboard.size, theme);
    test_image::draw_caption(frame, areas.caption, &shown, theme);
    prediction::draw(frame, areas.prediction, &shown, theme);
    epochs::draw(frame, areas.epochs, &known.epochs, seen(scene), theme);
    let filter = shown.words_in(areas.filter.width.into(), theme);
    frame.render_widget(Line::styled(filter, theme.muted()), areas.filter);
    if !shown.album.is_plain() && areas.image.y == areas.prediction.y {
        // Which images are left takes more words than the picture is wide.
        let heading = Rect { height: 1, ..areas.image.union(areas.prediction) };
        frame.render_widget(Clear, heading);
        test_image::draw_heading(frame, heading, &shown, theme);
    }
}

/// The step of the epoch whose predictions are shown, where that is not now.
fn seen(scene: &Scene) -> Option<u64> {
    scene.past().map(|moment| moment.step)
}

/// How far a row and a page go, and the largest picture.
pub fn page(area: Rect, _: &Dashboard, scene: &Scene) -> Page {
    let image = DashboardAreas::new(area, scene).image;
    let height = image.height.saturating_sub(test_image::TEXT_ROWS);
    let largest = picture::scale(image.width, height).max(1);
    Page { columns: STRIDES.0, rows: STRIDES.1, largest, ..Page::default() }
}

/// What a click there means: the way into what the pane shows in small.
pub fn hit(area: Rect, _: &Dashboard, scene: &Scene, position: Position) -> Option<Action> {
    let areas = DashboardAreas::new(area, scene);
    if areas.image.contains(position) {
        return Some(Action::Enter);
    }
    if areas.epochs.contains(position) {
        return epochs::hit(areas.epochs, &scene.known.epochs, seen(scene), position);
    }
    if areas.prediction.contains(position) {
        return Some(Action::Show(Screen::Confusion));
    }
    let is_training = [areas.heading, areas.training, areas.curves].iter().any(|area| area.contains(position));
    is_training.then_some(Action::Show(Screen::Curves))
}

/// Where each pane stands; one that is left out has an empty area.
#[derive(Debug, Default)]
struct DashboardAreas {
    /// The training pane's heading; it stands over the curves too.
    heading: Rect,
    training: Rect,
    curves: Rect,
    image: Rect,
    /// Which images are listed, where not all are and the picture is too narrow for that.
    filter: Rect,
    /// The image's caption, where it does not fit below the picture.
    caption: Rect,
    prediction: Rect,
    epochs: Rect,
}

impl DashboardAreas {
    fn new(body: Rect, scene: &Scene) -> Self {
        let failure = training::failure_rows(&scene.known.phase, body.width);
        if body.height >= ROOM_FOR_ROWS {
            return Self::in_rows(body, failure);
        }
        Self::in_columns(body, failure, !scene.album(Half::Test).is_plain())
    }

    /// Training and curves over image | prediction and epochs.
    fn in_rows(body: Rect, failure: Option<u16>) -> Self {
        let scale = scale(body);
        let left = if scale > 1 { COLUMNS * scale } else { LEFT };
        let rows = training_rows(body.height, scale) - 1;
        let [heading, run, rest] = body.layout(&Layout::vertical([
            Constraint::Length(1),
            Constraint::Max(rows.max(failure.unwrap_or(0))),
            Constraint::Min(0),
        ]));
        let [training, curves] = if failure.is_some() { [run, Rect::default()] } else { columns(run, left) };
        let [image, right] = columns(rest, left);
        let pitch = pitch(right.height);
        let air = u16::from(pitch > 1);
        // Without air around them the bars need no scale below them either, until the table has shown enough.
        let bars = prediction::rows(pitch) - u16::from(pitch == 1 && right.height < 24);
        let [prediction, epochs] =
            right.layout(&Layout::vertical([Constraint::Max(bars), Constraint::Min(0)]).spacing(i32::from(air)));
        Self { heading, training, curves, image, prediction, epochs, ..Self::default() }
    }

    /// Image | training over prediction; a failure over all of them.
    fn in_columns(body: Rect, failure: Option<u16>, is_filtered: bool) -> Self {
        let reason = failure.map_or(0, |rows| rows.saturating_add(1));
        let [reason, body] = body.layout(&Layout::vertical([Constraint::Max(reason), Constraint::Min(0)]));
        let [image, right] = columns(body, LEFT);
        // The bars' heading needs the room that a picture with heading and caption has.
        let bars = prediction::LEAST_ROWS + u16::from(right.height >= ROWS + test_image::TEXT_ROWS);
        let [run, filter, caption, prediction] = right.layout(&Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(u16::from(is_filtered)),
            Constraint::Length(u16::from(body.height == ROWS)),
            Constraint::Max(bars),
        ]));
        let run = if failure.is_some() { reason } else { run };
        let [heading, training] =
            run.layout(&Layout::vertical([Constraint::Length(u16::from(run.height > 4)), Constraint::Fill(1)]));
        Self { heading, training, image, filter, caption, prediction, ..Self::default() }
    }
}

/// The picture's column and the one beside it. The picture gives way down to its own width.
fn columns(area: Rect, left: u16) -> [Rect; 2] {
    let left = left.min(area.width.saturating_sub(GUTTER + RIGHT)).max(COLUMNS);
    area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Fill(1)]).spacing(i32::from(GUTTER)))
}

/// The largest scale of the picture that leaves room for the other panes; at least 1.
fn scale(body: Rect) -> u16 {
    let width = body.width.saturating_sub(GUTTER + RIGHT);
    let height = body.height.saturating_sub(TRAINING.0 + test_image::TEXT_ROWS);
    picture::scale(width, height).max(1)
}

/// The training pane's share of the height. What the picture leaves goes two rows to the training pane, then to the
/// table of epochs until it shows ten, then to the training pane's curves, then to the table again.
fn training_rows(height: u16, scale: u16) -> u16 {
    let (least, most) = TRAINING;
    let picture = ROWS * scale + test_image::TEXT_ROWS;
    let ten_epochs = prediction::rows(1) + epochs::HEADING_ROWS + 10;
    let spare = height.saturating_sub(least + picture);
    let first = spare.min(2);
    let table = (spare - first).min(ten_epochs.saturating_sub(picture));
    (least + spare - table).min(most)
}

/// Rows from one bar to the next, so that at least six epochs are shown below.
fn pitch(height: u16) -> u16 {
    let epochs = 1 + epochs::HEADING_ROWS + 6;
    (1..=4).rev().find(|pitch| prediction::rows(*pitch) + epochs <= height).unwrap_or(1)
}
