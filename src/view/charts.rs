//! The Curves: loss and accuracy of training and test images over the run, as charts with axes, a cursor that reads them,
//! and perhaps another run's beside.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    style::Style,
    symbols::Marker,
    text::{Line, Span},
    widgets::{Axis, Chart, Dataset, GraphType},
};

use crate::{
    app::{
        Action, App,
        chart::{Smoothing, Unit, epoch_at, point_at},
        history::Point,
    },
    protocol::EpochRecord,
    view::{
        bars::Bounds,
        format::{accuracy, joined, thousands, width},
        heading,
        theme::Theme,
    },
};

/// Columns from which the charts stand side by side.
const SIDE_BY_SIDE: u16 = 110;
/// Cells between two charts.
const GUTTER: u16 = 2;
/// Columns from which the horizontal axis has five labels.
const WIDE: u16 = 60;
/// Rows from which the vertical axis has five labels.
const TALL: u16 = 12;
/// What a loss of 0 is drawn as on a logarithmic axis.
const LEAST_LOSS: f64 = 1e-6;

/// One of the two figures.
struct Figure {
    name: &'static str,
    of_point: fn(&Point) -> f64,
    of_training: fn(&EpochRecord) -> f64,
    of_test: fn(&EpochRecord) -> f64,
    text: fn(f64, usize) -> String,
    is_loss: bool,
}

const FIGURES: [Figure; 2] = [
    Figure {
        name: "loss",
        of_point: |point| point.loss,
        of_training: |record| record.loss,
        of_test: |record| record.val_loss,
        text: |value, decimals| format!("{value:.decimals$}"),
        is_loss: true,
    },
    Figure {
        name: "accuracy",
        of_point: |point| point.accuracy,
        of_training: |record| record.accuracy,
        of_test: |record| record.val_accuracy,
        text: |value, decimals| format!("{:.1$}%", value * 100.0, decimals.saturating_sub(2)),
        is_loss: false,
    },
];

/// Draws both charts, what their lines are, and what the cursor reads.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let areas = Areas::new(area);
    heading::draw(frame, areas.heading, "Curves", &words(app, theme), theme);
    frame.render_widget(legend(app, theme), areas.legend);
    for (figure, area) in FIGURES.iter().zip(areas.charts) {
        draw_chart(frame, area, figure, app, theme);
    }
    frame.render_widget(reading(app, areas.reading.width.into(), theme), areas.reading);
}

/// What a click there means: a step for the cursor.
pub fn hit(area: Rect, app: &App, position: Position) -> Option<Action> {
    let chart = Areas::new(area).charts.into_iter().find(|chart| chart.contains(position))?;
    let lines = Lines::new(app, &FIGURES[0], chart);
    let graph = lines.graph(chart);
    let column = position.x.checked_sub(graph.x)?;
    let (start, end) = lines.horizontal;
    let part = f64::from(column) / f64::from(graph.width.max(1));
    Some(Action::PickStep(whole(start + (end - start) * part)))
}

struct Areas {
    heading: Rect,
    legend: Rect,
    charts: [Rect; 2],
    reading: Rect,
}

impl Areas {
    fn new(area: Rect) -> Self {
        let [heading, legend, body, reading] = area.layout(&Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
        ]));
        let halves = [Constraint::Fill(1), Constraint::Fill(1)];
        let charts = if area.width >= SIDE_BY_SIDE {
            body.layout(&Layout::horizontal(halves).spacing(GUTTER))
        } else {
            body.layout(&Layout::vertical(halves))
        };
        Self { heading, legend, charts, reading }
    }
}

/// How the curves are shown.
fn words(app: &App, theme: &Theme) -> String {
    let chart = app.chart();
    let mut words = vec![if chart.unit == Unit::Epochs { "by epochs" } else { "by steps" }.to_owned()];
    if chart.smoothing != Smoothing::None {
        words.push(format!("smoothed by {}", chart.smoothing.weight()));
    }
    if chart.logarithmic {
        words.push("logarithmic loss".to_owned());
    }
    if chart.is_zoomed() {
        let (start, end) = chart.window(app.last_step());
        words.push(format!("steps {} to {}", thousands(start), thousands(end)));
    }
    words.join(theme.glyphs().dot)
}

/// What each line is.
fn legend(app: &App, theme: &Theme) -> Line<'static> {
    let [line, ..] = theme.glyphs().gauge;
    let dot = theme.glyphs().point;
    let mut spans = vec![
        Span::styled(format!("{line}{line} "), theme.accent()),
        Span::raw("training    "),
        Span::styled(format!("{line}{dot} "), theme.second()),
        Span::raw("test"),
    ];
    if let Some(other) = &app.chart().other {
        spans.push(Span::styled(format!("    {line}{line} "), theme.beside()));
        spans.push(Span::raw(format!("{}: training    ", other.name)));
        spans.push(Span::styled(format!("{line}{dot} "), theme.beside()));
        spans.push(Span::raw("test"));
    }
    Line::from(spans)
}

/// What the curves are at the cursor, or how to get one.
fn reading(app: &App, cells: usize, theme: &Theme) -> Line<'static> {
    let Some(step) = app.chart().cursor(app.last_step()) else {
        let arrows = if theme.ascii() { "Left, Right: a cursor" } else { "← → a cursor" };
        let words = format!("{arrows} that reads the curves, Enter: the predictions of then");
        return Line::styled(words, theme.muted());
    };
    let mut words = vec![format!("step {}", thousands(step))];
    if let Some(started) = app.started() {
        words.push(format!("epoch {:.2}", epochs(step, started.steps_per_epoch())));
    }
    let figures = |loss: f64, part: f64| format!("{loss:.4}, {}", accuracy(part));
    let point = point_at(app.history().points(), step);
    words.extend(point.map(|point| format!("training {}", figures(point.loss, point.accuracy))));
    let test = |records| {
        let record = epoch_at(records, step)?;
        Some(format!("{} after epoch {}", figures(record.val_loss, record.val_accuracy), record.epoch))
    };
    words.extend(test(app.epochs()).map(|words| format!("test {words}")));
    let other = app.chart().other.as_ref();
    words.extend(other.and_then(|other| Some(format!("{} {}", other.name, test(&other.epochs)?))));
    Line::from(joined(words.iter().map(String::as_str), theme.glyphs().dot, cells))
}

#[expect(clippy::cast_precision_loss, reason = "for the eye")]
fn epochs(step: u64, steps_per_epoch: u64) -> f64 {
    step as f64 / steps_per_epoch.max(1) as f64
}

/// A line's points, by step.
type Points = Vec<(f64, f64)>;

/// What one chart shows.
struct Lines {
    /// The training curve as it is, where it is smoothed besides.
    raw: Points,
    training: Points,
    test: Points,
    other_training: Points,
    other_test: Points,
    horizontal: (f64, f64),
    vertical: (f64, f64),
    horizontal_labels: Vec<String>,
    vertical_labels: Vec<String>,
}

impl Lines {
    fn new(app: &App, figure: &Figure, area: Rect) -> Self {
        let chart = app.chart();
        let (start, end) = chart.window(app.last_step());
        let at =
            |step: u64, value: f64| (float(step), if figure.is_loss && chart.logarithmic { log(value) } else { value });
        let inside = |step: u64| (start..=end).contains(&step);
        let points = app.history().points();
        let curve = |values: Vec<f64>| {
            let shown = points.iter().zip(values).filter(|(point, _)| inside(point.step));
            let means = thinned(shown, end - start, area.width);
            means.into_iter().map(|(step, value)| at(step, value)).collect()
        };
        let values = || points.iter().map(figure.of_point);
        let smoothed = chart.smoothing != Smoothing::None;
        let raw = if smoothed { curve(values().collect()) } else { Points::new() };
        let training = curve(chart.smoothing.of(values()));
        let of = |records: &[EpochRecord], value: fn(&EpochRecord) -> f64| -> Points {
            let shown = records.iter().filter(|record| inside(record.step) && value(record).is_finite());
            shown.map(|record| at(record.step, value(record))).collect()
        };
        let test = of(app.epochs(), figure.of_test);
        let other = chart.other.as_ref().map_or(&[][..], |other| &other.epochs);
        let (other_training, other_test) = (of(other, figure.of_training), of(other, figure.of_test));
        let heights = |points: &Points| points.iter().map(|(_, value)| *value).collect::<Vec<f64>>();
        let mut heights =
            [most_of(heights(&training)), heights(&test), heights(&other_training), heights(&other_test)].concat();
        // The scale leaves the newest value out, which here counts as well.
        heights.extend(heights.first().copied());
        let bounds = Bounds::around(&heights);
        let is_logarithmic = figure.is_loss && chart.logarithmic;
        let (count, decimals) = ticks(&bounds, if area.height >= TALL { 6 } else { 3 });
        let label = |value: f64| {
            if is_logarithmic { format!("{:.2}", 10_f64.powf(value)) } else { (figure.text)(value, decimals) }
        };
        let vertical_labels = between(bounds.low, bounds.high, count).map(label).collect();
        let per_epoch = app.started().map_or(1, crate::protocol::Started::steps_per_epoch);
        let horizontal = |step: f64| match chart.unit {
            Unit::Steps => thousands(whole(step)),
            Unit::Epochs => short(step / float(per_epoch.max(1))),
        };
        let most = if area.width >= WIDE { 6 } else { 4 };
        let unit = if chart.unit == Unit::Epochs { float(per_epoch.max(1)) } else { 1.0 };
        let (start, end) = (float(start), float(end));
        // The whole run ends at a round number; a part of it where it ends.
        let (end, count) = if chart.is_zoomed() { (end, most) } else { round_end(end / unit, most) };
        let end = if chart.is_zoomed() { end } else { end * unit };
        let horizontal_labels = between(start, end, count).map(horizontal).collect();
        Self {
            raw,
            training,
            test,
            other_training,
            other_test,
            horizontal: (start, end),
            vertical: (bounds.low, bounds.high),
            horizontal_labels,
            vertical_labels,
        }
    }

    /// Where the lines are drawn within a chart's area, between the axes.
    fn graph(&self, area: Rect) -> Rect {
        let labels = self.vertical_labels.iter().map(|label| width(label)).max().unwrap_or(0);
        let left = u16::try_from(labels).unwrap_or(u16::MAX).saturating_add(1).min(area.width);
        Rect { x: area.x + left, width: area.width - left, ..area }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for the eye")]
fn float(step: u64) -> f64 {
    step as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a step, which is not negative")]
fn whole(step: f64) -> u64 {
    step.round() as u64
}

fn log(loss: f64) -> f64 {
    loss.max(LEAST_LOSS).log10()
}

/// A number of epochs in few characters: `3`, `2.5`.
fn short(epochs: f64) -> String {
    let text = format!("{epochs:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A curve's values without the two highest and the two lowest of a hundred: the first steps' loss would press all others
/// to the ground (`TensorBoard` leaves outliers out of the scale likewise).
fn most_of(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    let outliers = values.len() / 50;
    values[outliers..values.len() - outliers].to_vec()
}

/// The next round number, and how many labels it takes from 0 to there, at most so many and one more: steps of 1, 2 or 5 times
/// a power of ten.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few labels")]
fn round_end(end: f64, most: u32) -> (f64, u32) {
    let power = 10_f64.powf((end.max(1.0) / f64::from(most)).log10().floor()).max(1.0);
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    let step = steps.into_iter().find(|step| (end / step).ceil() <= f64::from(most)).unwrap_or(end);
    let count = (end / step).ceil().max(1.0);
    (count * step, count as u32 + 1)
}

/// How many labels divide a scale into parts that their digits after the point tell exactly, at most so many, and those digits.
fn ticks(bounds: &Bounds, most: u32) -> (u32, usize) {
    let is_exact = |count: u32, decimals: usize| {
        let part =
            (bounds.high - bounds.low) / f64::from(count - 1) * 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
        (part - part.round()).abs() < 1e-6
    };
    let fewer =
        |decimals: usize| (3..=most).rev().find(|count| is_exact(*count, decimals)).map(|count| (count, decimals));
    fewer(bounds.decimals).or_else(|| fewer(bounds.decimals + 1)).unwrap_or((2, bounds.decimals))
}

/// So many numbers from one to another, both counted.
fn between(low: f64, high: f64, count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(move |number| low + (high - low) * f64::from(number) / f64::from((count - 1).max(1)))
}

/// The curve of these points over so many steps, as the mean over each column of a chart; a point counts for as many steps as
/// it stands for.
fn thinned<'a>(points: impl Iterator<Item = (&'a Point, f64)>, steps: u64, columns: u16) -> Vec<(u64, f64)> {
    let steps_a_column = (steps / u64::from(columns.max(1))).max(1);
    let mut means: Vec<(u64, f64, u64)> = Vec::with_capacity(columns.into());
    for (point, value) in points {
        match means.last_mut() {
            Some((step, mean, weight)) if *step / steps_a_column == point.step / steps_a_column => {
                *weight += point.steps;
                *mean += (value - *mean) * float(point.steps) / float((*weight).max(1));
                *step = point.step;
            }
            _ => means.push((point.step, value, point.steps)),
        }
    }
    means.into_iter().map(|(step, mean, _)| (step, mean)).collect()
}

fn draw_chart(frame: &mut Frame, area: Rect, figure: &Figure, app: &App, theme: &Theme) {
    let [title, area] = area.layout(&Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]));
    frame.render_widget(Line::styled(figure.name, theme.strong()), title);
    let lines = Lines::new(app, figure, area);
    if lines.training.is_empty() && lines.test.is_empty() {
        frame.render_widget(Line::styled("no batch is trained yet", theme.muted()).centered(), area);
        return;
    }
    let cursor: Points = app.chart().cursor(app.last_step()).map_or_else(Vec::new, |step| {
        [lines.vertical.0, lines.vertical.1].map(|height| (float(step), height)).to_vec()
    });
    let line = |points, style| dataset(points, style, theme.line(), GraphType::Line);
    let dots = |points, style| dataset(points, style, Marker::Dot, GraphType::Scatter);
    let datasets = vec![
        line(&cursor, theme.muted()),
        line(&lines.other_training, theme.beside()),
        line(&lines.other_test, theme.beside()),
        dots(&lines.other_test, theme.beside()),
        line(&lines.raw, theme.muted()),
        line(&lines.training, theme.accent()),
        line(&lines.test, theme.second()),
        dots(&lines.test, theme.second()),
    ];
    let axis = |(low, high): (f64, f64), labels: &[String]| {
        let labels = labels.iter().map(|label| Span::styled(label.clone(), theme.muted())).collect::<Vec<_>>();
        Axis::default().style(theme.muted()).bounds([low, high]).labels(labels)
    };
    let chart = Chart::new(datasets)
        .legend_position(None)
        .x_axis(axis(lines.horizontal, &[String::new(), String::new()]))
        .y_axis(axis(lines.vertical, &lines.vertical_labels));
    frame.render_widget(chart, area);
    draw_horizontal_labels(frame, &lines, area, theme);
}

/// Draws each label under its place on the axis: the chart itself would draw them at equal distances but for the first.
fn draw_horizontal_labels(frame: &mut Frame, lines: &Lines, area: Rect, theme: &Theme) {
    let graph = lines.graph(area);
    let row = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..graph };
    let last = u16::try_from(lines.horizontal_labels.len().saturating_sub(1)).unwrap_or(1).max(1);
    for (number, label) in (0..=last).zip(&lines.horizontal_labels) {
        let cells = u16::try_from(width(label)).unwrap_or(u16::MAX);
        let middle = graph.width.saturating_sub(1) * number / last;
        let left = middle.saturating_sub(cells / 2).min(graph.width.saturating_sub(cells));
        let place = Rect { x: row.x + left, width: cells, ..row }.intersection(row);
        frame.render_widget(Span::styled(label.as_str(), theme.muted()), place);
    }
}

fn dataset(points: &[(f64, f64)], style: Style, marker: Marker, graph: GraphType) -> Dataset<'_> {
    Dataset::default().data(points).style(style).marker(marker).graph_type(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_the_mean_of_its_steps() {
        let point = |step, steps, loss| Point { step, steps, loss, accuracy: 0.5 };
        let points = [point(1, 1, 4.0), point(4, 3, 2.0), point(10, 6, 1.0), point(12, 2, 7.0)];
        let thin = |columns| thinned(points.iter().map(|point| (point, point.loss)), 20, columns);
        assert_eq!(thin(20), [(1, 4.0), (4, 2.0), (10, 1.0), (12, 7.0)]);
        assert_eq!(thin(4), [(4, 2.5), (12, 2.5)]);
        assert!(thinned(std::iter::empty(), 20, 4).is_empty());
    }

    #[test]
    fn the_whole_run_ends_at_a_round_number() {
        let ends = [(0.3, 6), (1.0, 6), (10.0, 6), (11.4, 6), (12.0, 4), (100.0, 6), (18_750.0, 6), (3.0, 4)];
        let expected = [(1.0, 2), (1.0, 2), (10.0, 6), (12.0, 7), (15.0, 4), (100.0, 6), (20_000.0, 5), (3.0, 4)];
        assert_eq!(ends.map(|(end, most)| round_end(end, most)), expected);
    }

    #[test]
    fn the_first_steps_do_not_set_the_scale() {
        let values: Vec<f64> = (0..100).map(|step| if step < 2 { 2.3 } else { 0.3 }).collect();
        assert!(most_of(values).iter().all(|value| (value - 0.3).abs() < 1e-9));
        assert_eq!(most_of(vec![3.0, 1.0]), [1.0, 3.0]);
    }

    #[test]
    fn labels_are_as_many_as_their_digits_tell_apart() {
        let bounds = |low, high, decimals| Bounds { low, high, decimals };
        assert_eq!(ticks(&bounds(0.2, 0.7, 1), 6), (6, 1));
        assert_eq!(ticks(&bounds(0.75, 0.95, 2), 6), (6, 2));
        assert_eq!(ticks(&bounds(0.2, 0.7, 1), 3), (3, 2));
        assert_eq!(ticks(&bounds(0.0, 1.0, 0), 3), (3, 1));
    }

    #[test]
    fn labels_go_from_one_end_to_the_other() {
        assert_eq!(between(0.0, 1.0, 3).collect::<Vec<_>>(), [0.0, 0.5, 1.0]);
        assert_eq!(["3", "2.5", "0"], [3.0, 2.5, 0.0].map(short).each_ref().map(String::as_str));
    }
}
