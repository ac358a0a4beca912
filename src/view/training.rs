//! The run: its state, how far it is, its speed, and its curves of loss and accuracy.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use crate::{
    app::{App, Phase, history::Point, progress::Progress},
    view::{
        bars::{Bounds, Curve, Gauge},
        format::{accuracy, duration, joined, loss, pace, rounded, thousands, width, wrap},
        heading,
        theme::{Theme, Tone},
    },
};

/// From this size on, the curves stand beside the figures.
const ROOM_FOR_CURVES: (u16, u16) = (56, 4);
/// Cells of a curve's name and figure.
const CURVE_LABEL: u16 = 8;

/// Draws the heading and below it the state; beside that the curves, or in place of all the reason of a failure.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let has_heading = area.height > 4;
    let [heading, area] =
        area.layout(&Layout::vertical([Constraint::Length(u16::from(has_heading)), Constraint::Fill(1)]));
    let device = app.started().map_or("", |started| &started.device);
    heading::draw(frame, heading, "Training", device, theme);
    if let Phase::Failed { reason } = app.phase() {
        draw_failure(frame, area, reason, theme);
    } else if area.width >= ROOM_FOR_CURVES.0 && area.height >= ROOM_FOR_CURVES.1 {
        let [figures, curves] = area.layout(&Layout::horizontal([Constraint::Fill(1); 2]).spacing(3));
        draw_figures(frame, figures, rows_beside_curves(figures.height), app, theme);
        draw_curves(frame, curves, app, theme);
    } else {
        draw_figures(frame, area, rows_alone(area.height), app, theme);
    }
}

/// The rows that the pane wants at this width, where the run has failed: all of the reason.
pub fn failure_rows(phase: &Phase, cells: u16) -> Option<u16> {
    let Phase::Failed { reason } = phase else { return None };
    let lines = wrap(reason, usize::from(cells)).len();
    Some(u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(3))
}

fn draw_failure(frame: &mut Frame, area: Rect, reason: &str, theme: &Theme) {
    let mut lines = vec![State::failed().line(theme, usize::from(area.width))];
    lines.extend(wrap(reason, usize::from(area.width)).into_iter().map(Line::raw));
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// The run's state in words.
#[derive(Debug, PartialEq)]
struct State {
    mark: Mark,
    word: &'static str,
    details: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    Moving,
    Waiting,
    Done,
    Failed,
}

impl State {
    fn failed() -> Self {
        Self { mark: Mark::Failed, word: "failed", details: Vec::new() }
    }

    fn new(app: &App) -> Self {
        let slow_motion = app.pace().map(|steps| format!("slow motion: {}", pace(steps)));
        let (mark, word, details) = match app.phase() {
            Phase::Loading if app.data().is_none() => (Mark::Waiting, "loading", vec!["reading the images".to_owned()]),
            Phase::Loading => (Mark::Waiting, "loading", vec!["opening the device".to_owned()]),
            Phase::Training => (Mark::Moving, "training", slow_motion.into_iter().collect()),
            Phase::Paused => (Mark::Waiting, "paused", slow_motion.into_iter().collect()),
            Phase::Evaluating => (Mark::Moving, "evaluating", vec![test_images(app)]),
            Phase::Done => (Mark::Done, "done", outcome(app)),
            Phase::Failed { .. } => return Self::failed(),
        };
        Self { mark, word, details }
    }

    /// The state on one line: a mark, the word and those details that fit.
    fn line(&self, theme: &Theme, cells: usize) -> Line<'static> {
        let glyphs = theme.glyphs();
        let (mark, style) = match self.mark {
            Mark::Moving => (glyphs.state, theme.accent()),
            Mark::Waiting => (glyphs.state, theme.muted()),
            Mark::Done => (glyphs.right, theme.tone(Tone::Right)),
            Mark::Failed => (glyphs.wrong, theme.tone(Tone::Wrong)),
        };
        let before = format!("{mark} ");
        let room = cells.saturating_sub(width(&before) + width(self.word) + width(glyphs.dot));
        let details = joined(self.details.iter().map(String::as_str), glyphs.dot, room);
        let details = if details.is_empty() { details } else { format!("{}{details}", glyphs.dot) };
        Line::from(vec![Span::styled(before, style), Span::styled(self.word, theme.strong()), Span::raw(details)])
    }
}

fn test_images(app: &App) -> String {
    app.started().map_or_else(String::new, |started| format!("{} test images", thousands(started.test_images as u64)))
}

/// How long it took in all, and how good the network became.
fn outcome(app: &App) -> Vec<String> {
    let total: f64 = app.epochs().iter().map(|record| record.seconds + record.eval_seconds).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and time is not negative")]
    let took = format!("in {}", duration(total.round() as u64));
    let reached = app.epochs().last().map(|last| format!("test accuracy {}", accuracy(last.val_accuracy)));
    [Some(took), reached].into_iter().flatten().collect()
}

/// A row of the figures.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Row {
    State,
    Epoch,
    Batch,
    Speed,
    /// Loss and accuracy, where no curve shows them.
    Means,
    Air,
}

/// The rows beside the curves.
const fn rows_beside_curves(height: u16) -> &'static [Row] {
    match height {
        ..5 => &[Row::State, Row::Epoch, Row::Batch, Row::Speed],
        5..7 => &[Row::State, Row::Air, Row::Epoch, Row::Batch, Row::Speed],
        7..9 => &[Row::State, Row::Air, Row::Epoch, Row::Batch, Row::Air, Row::Speed],
        _ => &[Row::State, Row::Air, Row::Epoch, Row::Air, Row::Batch, Row::Air, Row::Speed],
    }
}

/// The rows without curves, in a low area the most telling.
const fn rows_alone(height: u16) -> &'static [Row] {
    match height {
        ..3 => &[Row::State, Row::Means],
        3 => &[Row::State, Row::Epoch, Row::Means],
        4 => &[Row::State, Row::Epoch, Row::Batch, Row::Means],
        5..7 => &[Row::State, Row::Epoch, Row::Batch, Row::Speed, Row::Means],
        _ => &[Row::State, Row::Air, Row::Epoch, Row::Batch, Row::Speed, Row::Air, Row::Means],
    }
}

fn draw_figures(frame: &mut Frame, area: Rect, rows: &[Row], app: &App, theme: &Theme) {
    let state = State::new(app);
    let progress = app.progress();
    for (row, area) in rows.iter().zip(area.rows()) {
        match (row, &progress) {
            (Row::State, _) => frame.render_widget(state.line(theme, usize::from(area.width)), area),
            (Row::Epoch, Some(progress)) => {
                let count = format!("{}/{}", progress.epoch, progress.epochs);
                draw_gauge(frame, area, "epoch", &count, progress.run_ratio(), progress, theme);
            }
            (Row::Batch, Some(progress)) => {
                let count = count(progress.step_in_epoch, progress.steps_per_epoch);
                draw_gauge(frame, area, "batch", &count, progress.epoch_ratio(), progress, theme);
            }
            (Row::Speed, Some(progress)) => draw_speed(frame, area, app.phase(), progress, theme),
            (Row::Means, _) => draw_means(frame, area, app, theme),
            (Row::Epoch | Row::Batch | Row::Speed, None) | (Row::Air, _) => {}
        }
    }
}

fn count(part: u64, whole: u64) -> String {
    format!("{}/{}", thousands(part), thousands(whole))
}

/// A label, a count and a gauge. The count is as wide as the longest of the run, so that nothing moves when it grows.
fn draw_gauge(frame: &mut Frame, area: Rect, label: &str, text: &str, ratio: f64, progress: &Progress, theme: &Theme) {
    let widest = width(&count(progress.steps_per_epoch, progress.steps_per_epoch));
    let before = u16::try_from(label.len() + 1 + widest + 2).unwrap_or(u16::MAX);
    let line =
        Line::from(vec![Span::styled(format!("{label} "), theme.muted()), Span::raw(format!("{text:>widest$}"))]);
    frame.render_widget(line, area);
    let place = Rect { x: area.x.saturating_add(before), width: area.width.saturating_sub(before), ..area };
    let gauge = Gauge { ratio, filled: theme.accent(), empty: theme.muted(), glyphs: theme.glyphs() };
    frame.render_widget(&gauge, place.intersection(area));
}

/// The speed at the left end and the time that is left at the right, so that neither moves the other.
fn draw_speed(frame: &mut Frame, area: Rect, phase: &Phase, progress: &Progress, theme: &Theme) {
    if progress.images_per_second <= 0.0 {
        return;
    }
    let speed = rounded(progress.images_per_second);
    let left = match progress.remaining_seconds() {
        Some(seconds) if *phase != Phase::Done => duration(seconds),
        _ => String::new(),
    };
    if !left.is_empty() {
        let line = Line::from(vec![Span::raw(left.clone()), Span::styled(" left", theme.muted())]);
        frame.render_widget(line.right_aligned(), area);
    }
    if width(&speed) + " images/s".len() + 2 + width(&left) + " left".len() <= usize::from(area.width) {
        let line = Line::from(vec![Span::raw(speed), Span::styled(" images/s", theme.muted())]);
        frame.render_widget(line, area);
    }
}

fn draw_means(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let Some(batch) = app.batch() else { return };
    let line = Line::from(vec![
        Span::styled("loss ", theme.muted()),
        Span::raw(loss(batch.epoch_loss)),
        Span::styled("  accuracy ", theme.muted()),
        Span::raw(accuracy(batch.epoch_accuracy)),
    ]);
    frame.render_widget(line, area);
}

/// Draws the curves of loss and accuracy, one over the other.
fn draw_curves(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let gap = u16::from(area.height > 4);
    let height = (area.height - gap) / 2;
    let [upper, lower] = area
        .layout(&Layout::vertical([Constraint::Length(height), Constraint::Length(height)]).spacing(i32::from(gap)));
    let batch = app.batch();
    let loss = Figure {
        name: "loss",
        value: batch.map(|batch| loss(batch.epoch_loss)),
        of: |point| point.loss,
        label: |value, decimals| format!("{value:.decimals$}"),
    };
    let accuracy = Figure {
        name: "accuracy",
        value: batch.map(|batch| accuracy(batch.epoch_accuracy)),
        of: |point| point.accuracy,
        label: |value, decimals| format!("{:.1$}%", value * 100.0, decimals.saturating_sub(2)),
    };
    draw_curve(frame, upper, &loss, app, theme);
    draw_curve(frame, lower, &accuracy, app, theme);
}

/// What a curve shows.
struct Figure {
    name: &'static str,
    /// The running mean since the epoch began.
    value: Option<String>,
    of: fn(&Point) -> f64,
    /// A bound of the scale, with this many digits after the point.
    label: fn(f64, usize) -> String,
}

/// A curve between its name with the newest figure and the bounds of its scale.
fn draw_curve(frame: &mut Frame, area: Rect, figure: &Figure, app: &App, theme: &Theme) {
    let [names, curve, scale] = area.layout(
        &Layout::horizontal([Constraint::Length(CURVE_LABEL), Constraint::Fill(1), Constraint::Length(4)]).spacing(1),
    );
    let texts = [Line::styled(figure.name, theme.muted()), Line::raw(figure.value.clone().unwrap_or_default())];
    for (text, row) in texts.into_iter().zip(names.rows()) {
        frame.render_widget(text, row);
    }
    let values: Vec<f64> = app.history().columns(usize::from(curve.width)).iter().map(figure.of).collect();
    if values.is_empty() {
        return;
    }
    let bounds = Bounds::around(&values);
    frame.render_widget(&Curve { values: &values, bounds, style: theme.accent(), glyphs: theme.glyphs() }, curve);
    let ends = [(scale.top(), bounds.high), (scale.bottom().saturating_sub(1), bounds.low)];
    for (y, bound) in ends {
        let place = Rect { y, height: 1, ..scale }.intersection(scale);
        frame.render_widget(Span::styled((figure.label)(bound, bounds.decimals), theme.muted()), place);
    }
}
