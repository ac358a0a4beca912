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
        format::{accuracy, fit, joined, thousands, width},
        heading,
        theme::Theme,
    },
};

/// Columns from which the charts stand side by side.
const SIDE_BY_SIDE: u16 = 110;
/// Cells between two charts, and between the entries of the legend.
const GUTTER: u16 = 2;
/// Columns from which the horizontal axis has more labels.
const WIDE: u16 = 60;
/// Labels of the vertical axis at the most.
const MOST_LABELS: u32 = 6;
/// What a loss of 0 is drawn as on a logarithmic axis.
const LEAST_LOSS: f64 = 1e-6;
/// A curve of fewer points has no outliers.
const LEAST_CURVE: usize = 8;

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

/// Draws both charts, what their lines are and what the cursor reads of each, and where the cursor stands.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    let areas = Areas::new(area);
    heading::draw(frame, areas.heading, "Curves", &words(app, theme), theme);
    frame.render_widget(legend(app, areas.legend.width.into(), theme), areas.legend);
    for (figure, area) in FIGURES.iter().zip(areas.charts) {
        draw_chart(frame, area, figure, app, theme);
    }
    frame.render_widget(place(app, areas.place.width.into(), theme), areas.place);
}

/// What a click there means: a step for the cursor.
pub fn hit(area: Rect, app: &App, position: Position) -> Option<Action> {
    let charts = Areas::new(area).charts.into_iter().zip(&FIGURES);
    let (chart, figure) = charts.into_iter().find(|(chart, _)| chart.contains(position))?;
    let [_, area] = title_and_graph(chart);
    let lines = Lines::new(app, figure, area);
    let graph = lines.graph(area);
    let column = position.x.checked_sub(graph.x)?;
    let (start, end) = lines.horizontal;
    let part = f64::from(column) / f64::from(graph.width.saturating_sub(1).max(1));
    Some(Action::PickStep(whole(start + (end - start) * part).min(app.last_step())))
}

struct Areas {
    heading: Rect,
    legend: Rect,
    charts: [Rect; 2],
    place: Rect,
}

impl Areas {
    fn new(area: Rect) -> Self {
        let [heading, legend, body, place] = area.layout(&Layout::vertical([
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
        Self { heading, legend, charts, place }
    }
}

/// The name of a chart's figure, and the rest of it.
fn title_and_graph(chart: Rect) -> [Rect; 2] {
    chart.layout(&Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]))
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

/// What each line is, and what it is at the cursor.
fn legend(app: &App, cells: usize, theme: &Theme) -> Line<'static> {
    let step = app.chart().cursor(app.last_step());
    let figures = |loss: f64, part: f64| format!(" {loss:.4}, {}", accuracy(part));
    let test = |record: Option<&EpochRecord>| {
        record.map(|record| figures(record.val_loss, record.val_accuracy)).unwrap_or_default()
    };
    let point = step.and_then(|step| point_at(app.history().points(), step));
    let training = point.map(|point| figures(point.loss, point.accuracy)).unwrap_or_default();
    let own = step.and_then(|step| epoch_at(app.epochs(), step, |record| record.step));
    let [training_sample, test_sample, other_training, other_test] = theme.strokes().samples;
    let mut entries = vec![
        (training_sample, theme.accent(), format!("training{training}")),
        (test_sample, theme.second(), format!("test{}", test(own))),
    ];
    if let Some(other) = &app.chart().other {
        let end = |record: &EpochRecord| app.chart().end_of_other(record, app.steps_per_epoch());
        let record = step.and_then(|step| epoch_at(&other.epochs, step, end));
        let name = fit(&other.name, cells / 5, theme.glyphs().ellipsis);
        entries.push((other_training, theme.beside(), format!("{name}: training")));
        entries.push((other_test, theme.beside(), format!("test{}", test(record))));
    }
    let mut line = Line::default();
    for (sample, style, words) in entries {
        let gap = if line.spans.is_empty() { String::new() } else { " ".repeat(GUTTER.into()) };
        if line.width() + gap.len() + width(sample) + 1 + width(&words) > cells {
            break;
        }
        line.push_span(Span::raw(gap));
        line.push_span(Span::styled(sample, style));
        line.push_span(Span::raw(format!(" {words}")));
    }
    line
}

/// Where the cursor stands, or how to get one.
fn place(app: &App, cells: usize, theme: &Theme) -> Line<'static> {
    let dot = theme.glyphs().dot;
    let Some(step) = app.chart().cursor(app.last_step()) else {
        let arrows = if theme.ascii() { "Left, Right" } else { "← →" };
        let words = [format!("{arrows}: a cursor that reads the curves"), "Enter: the predictions of then".to_owned()];
        return Line::styled(joined(words.iter().map(String::as_str), dot, cells), theme.muted());
    };
    let mut words =
        vec![format!("step {}", thousands(step)), format!("epoch {:.2}", float(step) / float(app.steps_per_epoch()))];
    let point = point_at(app.history().points(), step).filter(|point| point.steps >= app.steps_per_epoch());
    words.extend(point.map(|point| format!("training: the mean of {} steps", thousands(point.steps))));
    let record = epoch_at(app.epochs(), step, |record| record.step);
    words.extend(record.map(|record| format!("test: after epoch {}", record.epoch)));
    Line::from(joined(words.iter().map(String::as_str), dot, cells))
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
    /// The first and the last step.
    horizontal: (f64, f64),
    vertical: (f64, f64),
    /// Steps with their labels.
    horizontal_labels: Vec<(f64, String)>,
    /// Labels at equal distances, from the lowest to the highest.
    vertical_labels: Vec<String>,
}

impl Lines {
    fn new(app: &App, figure: &Figure, area: Rect) -> Self {
        let chart = app.chart();
        let is_logarithmic = figure.is_loss && chart.logarithmic;
        let (start, end) = chart.window(app.last_step());
        let height = |value: f64| if is_logarithmic { value.max(LEAST_LOSS).log10() } else { value };
        let points = app.history().points();
        let curve = |values: Vec<f64>| -> Points {
            let all: Vec<(&Point, f64)> = points.iter().zip(values).collect();
            let shown = seen(&all, (start, end), |(point, _)| point.step);
            let means = thinned(shown.iter().copied(), end - start, area.width);
            means.into_iter().map(|(step, value)| (float(step), height(value))).collect()
        };
        let values = || points.iter().map(figure.of_point);
        let smoothed = chart.smoothing != Smoothing::None;
        let raw = if smoothed { curve(values().collect()) } else { Points::new() };
        let training = curve(chart.smoothing.of(values()));
        let of =
            |records: &[EpochRecord], value: fn(&EpochRecord) -> f64, step: &dyn Fn(&EpochRecord) -> u64| -> Points {
                let all: Vec<(u64, f64)> = records
                    .iter()
                    .map(|record| (step(record), value(record)))
                    .filter(|(_, value)| value.is_finite())
                    .collect();
                let shown = seen(&all, (start, end), |(step, _)| *step);
                shown.iter().map(|(step, value)| (float(*step), height(*value))).collect()
            };
        let own = |record: &EpochRecord| record.step;
        let test = of(app.epochs(), figure.of_test, &own);
        let other = chart.other.as_ref().map_or(&[][..], |other| &other.epochs);
        let end_of_other = |record: &EpochRecord| chart.end_of_other(record, app.steps_per_epoch());
        let other_training = of(other, figure.of_training, &end_of_other);
        let other_test = of(other, figure.of_test, &end_of_other);
        let heights = |points: &Points| points.iter().map(|(_, height)| *height).collect::<Vec<f64>>();
        let mut all =
            [most_of(heights(&training)), heights(&test), heights(&other_training), heights(&other_test)].concat();
        // The scale leaves the newest value out, which here counts as well.
        all.extend(all.first().copied());
        let bounds = Bounds::around(&all);
        let (low, high, count, decimals) = vertical_ticks(&bounds, area.height);
        let label = |value: f64| {
            if is_logarithmic { format!("{:.2}", 10_f64.powf(value)) } else { (figure.text)(value, decimals) }
        };
        let vertical_labels = between(low, high, count).map(label).collect();
        let most = if area.width >= WIDE { 7.0 } else { 4.0 };
        let unit = if chart.unit == Unit::Epochs { float(app.steps_per_epoch()) } else { 1.0 };
        let (end, horizontal_labels) =
            horizontal_ticks((float(start) / unit, float(end) / unit), most, chart.unit, chart.is_zoomed());
        Self {
            raw,
            training,
            test,
            other_training,
            other_test,
            horizontal: (float(start), end * unit),
            vertical: (low, high),
            horizontal_labels: horizontal_labels.into_iter().map(|(place, label)| (place * unit, label)).collect(),
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

/// Those of the items, which are in the order of their steps, that are within these steps, and one before and one behind
/// them, so that a line goes on to the edges.
fn seen<T>(items: &[T], (start, end): (u64, u64), step: impl Fn(&T) -> u64) -> &[T] {
    let first = items.partition_point(|item| step(item) < start).saturating_sub(1);
    let last = items.partition_point(|item| step(item) <= end).saturating_add(1).min(items.len());
    &items[first.min(last)..last]
}

/// A curve's values without the highest and the lowest two of a hundred: the first steps' loss would press all others to the
/// ground (`TensorBoard` leaves outliers out of the scale likewise).
fn most_of(mut values: Vec<f64>) -> Vec<f64> {
    if values.len() < LEAST_CURVE {
        return values;
    }
    values.sort_by(f64::total_cmp);
    let outliers = (values.len() / 50).max(1);
    values[outliers..values.len() - outliers].to_vec()
}

/// The least of 1, 2 or 5 times a power of ten, and no less than `least`, of which at most so many span the range.
fn round_step(range: f64, most: f64, least: f64) -> f64 {
    let power = 10_f64.powf((range / most).max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    steps.into_iter().find(|step| range / step <= most).unwrap_or(range).max(least)
}

/// Where the axis ends, and the round numbers on it with their labels: the whole run ends at such a number, a part of it
/// where it ends.
fn horizontal_ticks((start, end): (f64, f64), most: f64, unit: Unit, is_zoomed: bool) -> (f64, Vec<(f64, String)>) {
    // Of the whole run no label stands within an epoch, and of steps none ever.
    let least = if is_zoomed && unit == Unit::Epochs { 0.0 } else { 1.0 };
    let step = round_step(end - start, most, least);
    let end = if is_zoomed { end } else { (end / step).ceil().max(1.0) * step };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few digits")]
    let decimals = (-(step * 1.000_001).log10().floor()).max(0.0) as usize;
    let mut ticks = Vec::new();
    // A zero that is not negative, as which it would be written.
    let mut place = (start / step - 1e-9).ceil() * step + 0.0;
    while place <= end + step * 1e-9 {
        let label = if unit == Unit::Steps { thousands(whole(place)) } else { format!("{place:.decimals$}") };
        ticks.push((place, label));
        place += step;
    }
    (end, ticks)
}

/// The part of a scale that may be added to it for the sake of more labels.
const SLACK: f64 = 1.2;

/// The scale that shows these values with a round number on every label, each on a row of its own: its ends, how many labels,
/// and their digits after the point. Of those that are hardly larger than they need to be it has the most labels.
fn vertical_ticks(bounds: &Bounds, height: u16) -> (f64, f64, u32, usize) {
    // The axis and its labels stand below the rows.
    let rows = u32::from(height.saturating_sub(2)).max(1);
    let range = bounds.high - bounds.low;
    let scale = |count: u32| {
        let parts = f64::from(count - 1);
        // A start on a round number may leave too little above it: then the next larger part does.
        let mut part = round_step(range * (1.0 - 1e-9), parts, 0.0);
        loop {
            let low = (bounds.low / part + 1e-9).floor() * part;
            let high = low + part * parts;
            if high >= bounds.high - part * 1e-9 {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few digits")]
                let decimals = (-(part * 1.000_001).log10().floor()).max(0.0) as usize;
                return (low, high, count, decimals);
            }
            part = round_step(part * 1.5, 1.0, 0.0);
        }
    };
    let fitting = (3..=MOST_LABELS).filter(|count| rows > 1 && (rows - 1).is_multiple_of(count - 1)).map(scale);
    let waste = |(low, high, ..): &(f64, f64, u32, usize)| (high - low) / range;
    let fitting: Vec<_> = fitting.collect();
    let least = fitting.iter().map(waste).fold(f64::INFINITY, f64::min);
    let best = fitting.into_iter().rev().find(|scale| waste(scale) <= least.max(SLACK));
    best.unwrap_or((bounds.low, bounds.high, 2, bounds.decimals))
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

fn draw_chart(frame: &mut Frame, chart: Rect, figure: &Figure, app: &App, theme: &Theme) {
    let [title, area] = title_and_graph(chart);
    frame.render_widget(Line::styled(figure.name, theme.strong()), title);
    let lines = Lines::new(app, figure, area);
    if lines.training.is_empty() && lines.test.is_empty() {
        frame.render_widget(Line::styled("no batch is trained yet", theme.muted()).centered(), area);
        return;
    }
    let cursor: Points = app.chart().cursor(app.last_step()).map_or_else(Vec::new, |step| {
        [lines.vertical.0, lines.vertical.1].map(|height| (float(step), height)).to_vec()
    });
    let strokes = theme.strokes();
    let line = |points, style| dataset(points, style, strokes.line, GraphType::Line);
    let dots = |points, style, symbol| dataset(points, style, Marker::Custom(symbol), GraphType::Scatter);
    let mut datasets = vec![line(&cursor, theme.muted()), line(&lines.raw, theme.muted())];
    // Without colours lines would be one: only the training's own is drawn then.
    if theme.tells_lines_apart() {
        datasets.push(line(&lines.other_training, theme.beside()));
        datasets.push(line(&lines.other_test, theme.beside()));
    } else {
        datasets.push(dots(&lines.other_training, theme.beside(), strokes.other_training));
    }
    datasets.push(dots(&lines.other_test, theme.beside(), strokes.other_test));
    datasets.push(line(&lines.training, theme.accent()));
    if theme.tells_lines_apart() {
        datasets.push(line(&lines.test, theme.second()));
    }
    datasets.push(dots(&lines.test, theme.second(), strokes.test));
    let axis = |(low, high): (f64, f64), labels: Vec<String>| {
        let labels = labels.into_iter().map(|label| Span::styled(label, theme.muted())).collect::<Vec<_>>();
        Axis::default().style(theme.muted()).bounds([low, high]).labels(labels)
    };
    let chart = Chart::new(datasets)
        .legend_position(None)
        .x_axis(axis(lines.horizontal, vec![String::new(), String::new()]))
        .y_axis(axis(lines.vertical, lines.vertical_labels.clone()));
    frame.render_widget(chart, area);
    draw_horizontal_labels(frame, &lines, area, theme);
}

/// Draws each label under its place on the axis, which the chart itself would not.
fn draw_horizontal_labels(frame: &mut Frame, lines: &Lines, area: Rect, theme: &Theme) {
    let graph = lines.graph(area);
    let row = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..graph };
    let (start, end) = lines.horizontal;
    let mut free = row.x;
    for (place, label) in &lines.horizontal_labels {
        let cells = u16::try_from(width(label)).unwrap_or(u16::MAX);
        let part = (place - start) / (end - start).max(f64::MIN_POSITIVE);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a column of the graph")]
        let column = (part * f64::from(graph.width.saturating_sub(1))).round() as u16;
        let x = graph.x + column.saturating_sub(cells / 2).min(graph.width.saturating_sub(cells));
        if x < free {
            continue;
        }
        let place = Rect { x, width: cells, ..row }.intersection(row);
        frame.render_widget(Span::styled(label.as_str(), theme.muted()), place);
        free = x + cells + 1;
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

    fn labels((start, end): (f64, f64), most: f64, unit: Unit, is_zoomed: bool) -> (f64, String) {
        let (end, ticks) = horizontal_ticks((start, end), most, unit, is_zoomed);
        (end, ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_whole_run_ends_at_a_round_number() {
        for ((end, most), expected) in [
            ((0.3, 6.0), (1.0, "0 1")),
            ((10.0, 6.0), (10.0, "0 2 4 6 8 10")),
            ((11.4, 6.0), (12.0, "0 2 4 6 8 10 12")),
            ((12.0, 4.0), (15.0, "0 5 10 15")),
            ((3.0, 4.0), (3.0, "0 1 2 3")),
        ] {
            assert_eq!(labels((0.0, end), most, Unit::Epochs, false), (expected.0, expected.1.to_owned()));
        }
        let steps = labels((0.0, 18_750.0), 6.0, Unit::Steps, false);
        assert_eq!(steps, (20_000.0, "0 5,000 10,000 15,000 20,000".to_owned()));
    }

    #[test]
    fn a_part_of_the_run_has_its_round_numbers_where_they_are() {
        assert_eq!(labels((4.68, 5.0), 6.0, Unit::Epochs, true), (5.0, "4.7 4.8 4.9 5.0".to_owned()));
        assert_eq!(labels((2.995, 3.0), 6.0, Unit::Epochs, true).1, "2.995 2.996 2.997 2.998 2.999 3.000");
        assert_eq!(labels((5_620.0, 5_625.0), 6.0, Unit::Steps, true).1, "5,620 5,621 5,622 5,623 5,624 5,625");
    }

    #[test]
    fn the_first_steps_do_not_set_the_scale() {
        for (count, first) in [(100, 2), (20, 1)] {
            let values: Vec<f64> = (0..count).map(|step| if step < first { 2.3 } else { 0.3 }).collect();
            assert!(most_of(values).iter().all(|value| (value - 0.3).abs() < 1e-9));
        }
        assert_eq!(most_of(vec![3.0, 1.0]), [3.0, 1.0]);
    }

    #[test]
    fn a_line_goes_on_to_the_edges_of_the_window() {
        let steps = [10, 20, 30, 40, 50];
        assert_eq!(seen(&steps, (25, 35), |step| *step), [20, 30, 40]);
        assert_eq!(seen(&steps, (0, 100), |step| *step), steps);
        assert_eq!(seen(&steps, (60, 70), |step| *step), [50]);
        assert!(seen(&[], (60, 70), |step: &u64| *step).is_empty());
    }

    #[test]
    fn vertical_labels_are_exact_and_each_on_its_row() {
        let ticks = |low, high, height| {
            let (low, high, count, decimals) = vertical_ticks(&Bounds { low, high, decimals: 1 }, height);
            between(low, high, count).map(|value| format!("{value:.decimals$}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ticks(0.2, 0.7, 13), "0.2 0.3 0.4 0.5 0.6 0.7");
        assert_eq!(ticks(0.2, 0.8, 12), "0.2 0.4 0.6 0.8", "of ten rows four are at equal distances");
        assert_eq!(ticks(0.2, 0.7, 12), "0.2 0.4 0.6 0.8", "which takes a scale that ends at a round number");
        assert_eq!(ticks(0.65, 0.9, 8), "0.65 0.70 0.75 0.80 0.85 0.90");
        assert_eq!(ticks(0.0, 1.0, 9), "0.0 0.5 1.0");
        // As of 80×24 once: 84.8 and 87.2 stood there.
        for height in 4..60 {
            for (low, high) in [(0.8, 0.92), (0.824, 0.896), (0.31, 0.77), (0.005, 2.31), (97.0, 131.0)] {
                let (start, end, count, decimals) = vertical_ticks(&Bounds { low, high, decimals: 2 }, height);
                assert!(start <= low + 1e-9 && end >= high - 1e-9, "{start} to {end} of {low} to {high}");
                let part = (end - start) / f64::from(count - 1);
                let digit = part / 10_f64.powf((part * 1.000_001).log10().floor());
                let is_round = [1.0, 2.0, 5.0].iter().any(|round| (digit - round).abs() < 1e-6);
                assert!(count == 2 || is_round, "{count} labels every {part}, {decimals} digits");
            }
        }
    }
}
