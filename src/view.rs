//! The dashboard's state as a frame: one file a pane. Pure: reads no clock, waits on no channel, changes no state.
//!
//! The whole screen, from 22 rows between header and footer:
//!
//! ```text
//! fitroom   784-128-10 · 101,770 parameters · …
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
//! ← → leaf  n wrong  : jump  …
//! ```
//!
//! With fewer rows the training pane stands over the bars, to the right of the picture, and the epochs are left out.

mod bars;
pub mod card;
mod curves;
mod epochs;
mod footer;
mod format;
mod header;
mod heading;
mod help;
pub mod picture;
mod prediction;
mod test_image;
mod theme;
mod training;

#[cfg(test)]
mod tests;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Margin, Rect},
    text::Line,
};

pub use self::theme::{Depth, Glyphs, Theme, Tone};
use self::{
    format::wrap,
    picture::{COLUMNS, ROWS},
};
use crate::app::{App, Overlay};

/// The least screen on which the panes are drawn, in cells.
pub const LEAST: (u16, u16) = (60, 16);
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

/// Draws the dashboard.
pub fn draw(frame: &mut Frame, app: &App, theme: &Theme) {
    let screen = frame.area();
    if screen.width < LEAST.0 || screen.height < LEAST.1 {
        draw_too_small(frame, screen, theme);
    } else {
        draw_panes(frame, screen, app, theme);
    }
    if *app.overlay() == Overlay::Help {
        help::draw(frame, screen, theme);
    }
    theme.restrict(frame.buffer_mut());
}

fn draw_panes(frame: &mut Frame, screen: Rect, app: &App, theme: &Theme) {
    let areas = Areas::new(screen, app);
    header::draw(frame, areas.header, app, theme);
    training::draw_heading(frame, areas.heading, app, theme);
    if areas.curves.is_empty() {
        training::draw_alone(frame, areas.training, app, theme);
    } else {
        training::draw(frame, areas.training, app, theme);
        curves::draw(frame, areas.curves, app, theme);
    }
    test_image::draw(frame, areas.image, app, theme);
    test_image::draw_caption(frame, areas.caption, app, theme);
    prediction::draw(frame, areas.prediction, app, theme);
    epochs::draw(frame, areas.epochs, app, theme);
    footer::draw(frame, areas.footer, app, theme);
}

/// What size it takes, in the middle of a screen that has less.
fn draw_too_small(frame: &mut Frame, screen: Rect, theme: &Theme) {
    let ((columns, rows), times) = (LEAST, theme.glyphs().times);
    let Rect { width, height, .. } = screen;
    let sentence = format!("fitroom needs {columns}{times}{rows} cells, this terminal has {width}{times}{height}.");
    let lines = wrap(&sentence, usize::from(width));
    let place = screen.centered_vertically(Constraint::Length(u16::try_from(lines.len()).unwrap_or(u16::MAX)));
    for (line, row) in lines.into_iter().zip(place.rows()) {
        frame.render_widget(Line::raw(line).centered(), row);
    }
}

/// Where each pane stands; one that is left out has an empty area.
#[derive(Debug, Default)]
struct Areas {
    header: Rect,
    /// The training pane's heading; it stands over the curves too.
    heading: Rect,
    training: Rect,
    curves: Rect,
    image: Rect,
    /// The image's caption, where it does not fit below the picture.
    caption: Rect,
    prediction: Rect,
    epochs: Rect,
    footer: Rect,
}

impl Areas {
    fn new(screen: Rect, app: &App) -> Self {
        let inside = screen.inner(Margin::new(1, 0));
        let [header, body, footer] =
            inside.layout(&Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]));
        let failure = training::failure_rows(app.phase(), body.width);
        let areas =
            if body.height >= ROOM_FOR_ROWS { Self::in_rows(body, failure) } else { Self::in_columns(body, failure) };
        Self { header, footer, ..areas }
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
    fn in_columns(body: Rect, failure: Option<u16>) -> Self {
        let reason = failure.map_or(0, |rows| rows.saturating_add(1));
        let [reason, body] = body.layout(&Layout::vertical([Constraint::Max(reason), Constraint::Min(0)]));
        let [image, right] = columns(body, LEFT);
        // The bars' heading needs the room that a picture with heading and caption has.
        let bars = prediction::LEAST_ROWS + u16::from(right.height >= ROWS + test_image::TEXT_ROWS);
        let [run, caption, prediction] = right.layout(&Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(u16::from(body.height == ROWS)),
            Constraint::Max(bars),
        ]));
        let run = if failure.is_some() { reason } else { run };
        let [heading, training] =
            run.layout(&Layout::vertical([Constraint::Length(u16::from(run.height > 4)), Constraint::Fill(1)]));
        Self { heading, training, image, caption, prediction, ..Self::default() }
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
