//! The Curves: loss and accuracy of training and test images over the run, as charts with axes, a cursor that reads
//! them, and perhaps another run's beside.

mod figure;
mod lines;
mod shared;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    style::Style,
    symbols::Marker,
    text::{Line, Span},
    widgets::{
        Axis, Chart,
        canvas::{self, Canvas, Context},
    },
};

pub(super) use self::figure::{FIGURES, Figure};
use self::{
    lines::{ChartLines, Points, Reading, reading},
    shared::paint_line,
};
use crate::{
    app::{
        Action, Known, Page, Scene,
        screens::curves::{Curves, Smoothing, Unit, epoch_at},
    },
    protocol::EpochRecord,
    view::{
        format::{accuracy, fit, joined, thousands, width},
        heading,
        scale::{float, whole},
        theme::Theme,
    },
};

/// Columns from which the charts stand side by side.
const SIDE_BY_SIDE: u16 = 110;
/// Cells between two charts, and between the entries of the legend.
const GUTTER: u16 = 2;

/// Draws both charts, what their lines are and what the cursor reads of each, and where the cursor stands.
pub fn draw(frame: &mut Frame, area: Rect, curves: &Curves, scene: &Scene, theme: &Theme) {
    let known = &scene.known;
    let areas = CurvesAreas::new(area);
    let readings = readings(curves, known, areas.charts.map(|chart| chart.width));
    heading::draw(frame, areas.heading, "Curves", &words(curves, known, theme), theme);
    frame.render_widget(legend(curves, known, readings, areas.legend.width.into(), theme), areas.legend);
    for (figure, area) in FIGURES.iter().zip(areas.charts) {
        draw_chart(frame, area, figure, curves, known, theme);
    }
    frame.render_widget(place(curves, known, readings, areas.place.width.into(), theme), areas.place);
}

/// There is nothing to page through.
pub fn page(_: Rect, _: &Curves, _: &Scene) -> Page {
    Page::default()
}

/// What a click there means: a step for the cursor.
pub fn hit(area: Rect, curves: &Curves, scene: &Scene, position: Position) -> Option<Action> {
    let charts = CurvesAreas::new(area).charts.into_iter().zip(&FIGURES);
    let (chart, figure) = charts.into_iter().find(|(chart, _)| chart.contains(position))?;
    let [_, area] = title_and_graph(chart);
    let lines = ChartLines::new(curves, &scene.known, figure, area);
    let graph = lines.graph(area);
    let column = position.x.checked_sub(graph.x)?;
    let (start, end) = lines.horizontal;
    let part = f64::from(column) / f64::from(graph.width.saturating_sub(1).max(1));
    Some(Action::PickStep(whole(start + (end - start) * part).min(curves.last_step(&scene.known))))
}

struct CurvesAreas {
    heading: Rect,
    legend: Rect,
    charts: [Rect; 2],
    place: Rect,
}

impl CurvesAreas {
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
fn words(curves: &Curves, known: &Known, theme: &Theme) -> String {
    let mut words = vec![if curves.unit == Unit::Epochs { "by epochs" } else { "by steps" }.to_owned()];
    if curves.smoothing != Smoothing::None {
        words.push(format!("smoothed by {}", curves.smoothing.weight()));
    }
    if curves.logarithmic {
        words.push("logarithmic loss".to_owned());
    }
    if curves.is_zoomed() {
        let (start, end) = curves.window(curves.last_step(known));
        words.push(format!("steps {} to {}", thousands(start), thousands(end)));
    }
    words.join(theme.glyphs().dot)
}

/// What the cursor reads of the training: a loss and an accuracy, in charts of these widths.
fn readings(curves: &Curves, known: &Known, widths: [u16; 2]) -> Option<[Reading; 2]> {
    let of = |number: usize| reading(curves, known, &FIGURES[number], widths[number]);
    Some([of(0)?, of(1)?])
}

/// What each line is, and what it is at the cursor.
fn legend(
    curves: &Curves,
    known: &Known,
    readings: Option<[Reading; 2]>,
    cells: usize,
    theme: &Theme,
) -> Line<'static> {
    let step = curves.cursor(curves.last_step(known));
    let test = |record: Option<&EpochRecord>| {
        record.map(|record| format!(" {}", figures(record.val_loss, record.val_accuracy))).unwrap_or_default()
    };
    let training = readings.map(|[loss, part]| format!(" {}", figures(loss.drawn, part.drawn))).unwrap_or_default();
    let own = step.and_then(|step| epoch_at(&known.epochs, step, |record| record.step));
    let [training_sample, test_sample, other_training, other_test] = theme.strokes().samples;
    let mut entries = vec![
        (training_sample, theme.accent(), format!("training{training}")),
        (test_sample, theme.second(), format!("test{}", test(own))),
    ];
    if let Some(other) = &curves.other {
        let end = |record: &EpochRecord| curves.end_of_other(record, known.steps_per_epoch());
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

/// A loss and an accuracy.
fn figures(loss: f64, part: f64) -> String {
    format!("{loss:.4}, {}", accuracy(part))
}

/// Where the cursor stands, or how to get one.
fn place(curves: &Curves, known: &Known, readings: Option<[Reading; 2]>, cells: usize, theme: &Theme) -> Line<'static> {
    let dot = theme.glyphs().dot;
    let Some(step) = curves.cursor(curves.last_step(known)) else {
        let arrows = if theme.ascii() { "Left, Right" } else { "← →" };
        let words = [format!("{arrows}: move a cursor"), "Enter: the predictions at that time".to_owned()];
        return Line::styled(joined(words.iter().map(String::as_str), dot, cells), theme.muted());
    };
    let mut words =
        vec![format!("step {}", thousands(step)), format!("epoch {:.2}", float(step) / float(known.steps_per_epoch()))];
    words.extend(readings.and_then(|[loss, part]| match curves.smoothing {
        Smoothing::None if loss.steps == 1 => None,
        Smoothing::None => Some(format!("training: the mean of {} steps", thousands(loss.steps))),
        _ => Some(format!("unsmoothed: {}", figures(loss.measured, part.measured))),
    }));
    let record = epoch_at(&known.epochs, step, |record| record.step);
    words.extend(record.map(|record| format!("test: after epoch {}", record.epoch)));
    Line::from(joined(words.iter().map(String::as_str), dot, cells))
}

fn draw_chart(frame: &mut Frame, chart: Rect, figure: &Figure, curves: &Curves, known: &Known, theme: &Theme) {
    let [title, area] = title_and_graph(chart);
    frame.render_widget(Line::styled(figure.name, theme.strong()), title);
    draw_graph(frame, area, figure, curves, known, theme);
}

/// Draws the lines of a figure between their axes.
pub(super) fn draw_graph(
    frame: &mut Frame,
    area: Rect,
    figure: &Figure,
    curves: &Curves,
    known: &Known,
    theme: &Theme,
) {
    let lines = ChartLines::new(curves, known, figure, area);
    if lines.training.is_empty() && lines.test.is_empty() {
        frame.render_widget(Line::styled("no batch has been trained yet", theme.muted()).centered(), area);
        return;
    }
    let axis_of = |(low, high): (f64, f64), labels: Vec<String>| {
        let labels = labels.into_iter().map(|label| Span::styled(label, theme.muted())).collect::<Vec<_>>();
        Axis::default().style(theme.muted()).bounds([low, high]).labels(labels)
    };
    let axes = Chart::new(Vec::new())
        .legend_position(None)
        .x_axis(axis_of(lines.horizontal, vec![String::new(), String::new()]))
        .y_axis(axis_of((lines.vertical.low, lines.vertical.high), vec![" ".repeat(lines.label_cells()); 2]));
    frame.render_widget(axes, area);
    draw_vertical_labels(frame, &lines, area, theme);
    draw_horizontal_labels(frame, &lines, area, theme);
    let cursor: Points = curves.cursor(curves.last_step(known)).map_or_else(Vec::new, |step| {
        [lines.vertical.low, lines.vertical.high].map(|height| (float(step), height)).to_vec()
    });
    let canvas = Canvas::default()
        .x_bounds([lines.horizontal.0, lines.horizontal.1])
        .y_bounds([lines.vertical.low, lines.vertical.high])
        .marker(theme.strokes().line)
        .paint(|context| paint(context, &lines, &cursor, theme));
    let graph = lines.graph(area);
    frame.render_widget(canvas, graph);
    shared::show_all(frame.buffer_mut(), graph, &lines, theme);
}

/// Paints the curves into one layer, where a cell that two of them share has the dots of both, and the test images'
/// epochs over it.
fn paint(context: &mut Context, lines: &ChartLines, cursor: &Points, theme: &Theme) {
    let strokes = theme.strokes();
    paint_line(context, cursor, theme.muted());
    paint_line(context, &lines.raw, theme.muted());
    // What is only the ground of the others gives way to them.
    context.layer();
    let mut line = |points: &Points, style: Style| paint_line(context, points, style);
    // Without colours lines would be one: only the training's own is drawn then.
    if theme.tells_lines_apart() {
        line(&lines.other_training, theme.beside());
        line(&lines.other_test, theme.beside());
        line(&lines.test, theme.second());
    }
    line(&lines.training, theme.accent());
    let mut dots = |points: &Points, style: Style, symbol| {
        context.marker(Marker::Custom(symbol));
        context.draw(&canvas::Points { coords: points, color: style.fg.unwrap_or_default() });
    };
    dots(&lines.other_training, theme.beside(), strokes.other_training);
    dots(&lines.other_test, theme.beside(), strokes.other_test);
    dots(&lines.test, theme.second(), strokes.test);
}

/// Draws each label on the row of its value; the chart itself would put them at equal distances, rounded down.
fn draw_vertical_labels(frame: &mut Frame, lines: &ChartLines, area: Rect, theme: &Theme) {
    let graph = lines.graph(area);
    let cells = lines.label_cells();
    for (tick, label) in lines.vertical.ticks.iter().zip(&lines.vertical_labels) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row of the graph")]
        let row = ((1.0 - lines.vertical.ratio(*tick)) * f64::from(graph.height.saturating_sub(1))).round() as u16;
        let width = u16::try_from(cells).unwrap_or(u16::MAX);
        let place = Rect { x: area.x, y: area.y + row, width, height: 1 }.intersection(area);
        frame.render_widget(Span::styled(format!("{label:>cells$}"), theme.muted()), place);
    }
}

/// Draws each label under its place on the axis, which the chart itself would not.
fn draw_horizontal_labels(frame: &mut Frame, lines: &ChartLines, area: Rect, theme: &Theme) {
    let graph = lines.graph(area);
    let row = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..graph }.intersection(area);
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

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, widgets::Widget};

    use super::*;
    use crate::{
        app::{Action, App, Screen},
        protocol::{Batch, BatchRecord, Report, samples},
        view::{scale::VerticalAxis, theme::Depth},
    };

    /// The Curves of a run whose loss falls and whose accuracy rises to 100 percent, after these keys.
    fn curves(keys: &[Action]) -> App {
        let mut app = App::new(None);
        app.apply(Report::Started(samples::started()));
        for step in 1..=1000 {
            let at = float(step);
            let (loss, accuracy) =
                (0.2 + 2.0 / at.sqrt(), 1.0 - 0.6 / at.sqrt() - if step % 2 == 0 { 0.0 } else { 0.05 });
            let span = BatchRecord { epoch: 1, step, steps: 1, loss, accuracy: accuracy.min(1.0) };
            app.apply(Report::Batch(Batch { spans: vec![span], ..samples::batch(step) }));
        }
        for action in [Action::Show(Screen::Curves)].iter().chain(keys) {
            app.act(*action, &Page::default());
        }
        app
    }

    fn chart_lines(app: &App, figure: &Figure) -> ChartLines {
        ChartLines::new(&app.screens().curves, app.known(), figure, Rect::new(0, 0, 58, 34))
    }

    #[test]
    fn smoothing_moves_no_axis_and_no_accuracy_is_above_100_percent() {
        for figure in &FIGURES {
            let plain = chart_lines(&curves(&[]), figure);
            assert!(plain.vertical_labels.len() > 3, "{:?}", plain.vertical_labels);
            for presses in 1..=3 {
                let smoothed = chart_lines(&curves(&vec![Action::NextSmoothing; presses]), figure);
                assert_eq!(smoothed.vertical, plain.vertical, "{} after m {presses} times", figure.name);
                assert_ne!(smoothed.training, plain.training);
            }
        }
        let accuracy = chart_lines(&curves(&[]), &FIGURES[1]);
        assert!(
            accuracy
                .vertical_labels
                .iter()
                .all(|label| label.trim_end_matches('%').parse().is_ok_and(|percent: f64| percent <= 100.0))
        );
    }

    #[test]
    fn before_the_first_step_there_are_no_figures_to_read() {
        let theme = Theme::new(Depth::None, false);
        let words = |step| {
            let app = curves(&[Action::PickStep(step)]);
            let (curves, known) = (&app.screens().curves, app.known());
            // As wide as a column for each step.
            legend(curves, known, readings(curves, known, [1000; 2]), 78, &theme).to_string()
        };
        assert_eq!(words(0).split_whitespace().filter(|word| word.contains('.')).count(), 0, "{}", words(0));
        assert!(words(1).contains("training 2.2000"), "{}", words(1));
    }

    #[test]
    fn the_cursor_reads_the_line_that_is_drawn_and_what_it_was_before_it_was_smoothed() {
        let row = |line: &Points| line.iter().find(|(step, _)| *step >= 500.0).map(|(_, height)| *height);
        for presses in 0..=3 {
            let app = curves(&[&[Action::PickStep(500)][..], &vec![Action::NextSmoothing; presses]].concat());
            for figure in &FIGURES {
                let reading = reading(&app.screens().curves, app.known(), figure, 58).expect("it stands on the line");
                let lines = chart_lines(&app, figure);
                assert_eq!(Some(reading.drawn), row(&lines.training), "{} after m {presses} times", figure.name);
                let raw = if presses == 0 { &lines.training } else { &lines.raw };
                assert_eq!(Some(reading.measured), row(raw));
                assert_eq!(reading.steps, 17);
            }
        }
    }

    /// The dots of each cell, as braille has them; a marker covers its whole cell.
    fn dots(lines: &ChartLines) -> Vec<u32> {
        let (area, theme) = (Rect::new(0, 0, 40, 10), Theme::new(Depth::TrueColor, false));
        let mut buffer = Buffer::empty(area);
        let canvas = Canvas::default()
            .x_bounds([0.0, 10.0])
            .y_bounds([0.0, 1.0])
            .marker(theme.strokes().line)
            .paint(|context| paint(context, lines, &Points::new(), &theme));
        canvas.render(area, &mut buffer);
        let pattern = |symbol: &str| match symbol.chars().next().map_or(0, u32::from) {
            braille @ 0x2800..=0x28ff => braille - 0x2800,
            0x20 => 0,
            _ => 0xff,
        };
        buffer.content.iter().map(|cell| pattern(cell.symbol())).collect()
    }

    /// These two lines alone.
    fn lines(training: &Points, test: Points) -> ChartLines {
        ChartLines {
            raw: Points::new(),
            training: training.clone(),
            test,
            other_training: Points::new(),
            other_test: Points::new(),
            horizontal: (0.0, 10.0),
            vertical: VerticalAxis { low: 0.0, high: 1.0, ticks: Vec::new(), decimals: 0 },
            horizontal_labels: Vec::new(),
            vertical_labels: Vec::new(),
        }
    }

    #[test]
    fn lines_that_share_their_cells_take_turns_and_a_value_on_the_training_s_line_has_its_own_sign() {
        let flat: Points = vec![(0.0, 0.5), (10.0, 0.5)];
        for (depth, ascii, sign) in
            [(Depth::TrueColor, false, "◉"), (Depth::None, false, "◉"), (Depth::None, true, "@")]
        {
            let (area, theme) = (Rect::new(0, 0, 40, 9), Theme::new(depth, ascii));
            let chart = lines(&flat, flat.clone());
            let mut buffer = Buffer::empty(area);
            let canvas = Canvas::default()
                .x_bounds([0.0, 10.0])
                .y_bounds([0.0, 1.0])
                .marker(theme.strokes().line)
                .paint(|context| paint(context, &chart, &Points::new(), &theme));
            canvas.render(area, &mut buffer);
            shared::show_all(&mut buffer, area, &chart, &theme);
            let row: Vec<_> = (0..40).map(|column| &buffer[(column, 4)]).collect();
            let signs: Vec<usize> = (0..40).filter(|column| row[*column].symbol() == sign).collect();
            assert_eq!(signs, [0, 39], "both ends are values");
            let between = &row[1..39];
            let count = |style: Style| between.iter().filter(|cell| Some(cell.fg) == style.fg).count();
            if depth == Depth::TrueColor {
                assert_eq!((count(theme.accent()), count(theme.second())), (19, 19));
            }
        }
    }

    #[test]
    fn the_training_curve_has_no_hole_where_the_test_curve_crosses_it() {
        let curve =
            |height: fn(f64) -> f64| (0..=10).map(f64::from).map(|step| (step, height(step))).collect::<Points>();
        let (training, test) = (curve(|step| 0.2 + step * 0.05), curve(|step| 0.25 + step * 0.04));
        let (alone, both) = (dots(&lines(&training, Points::new())), dots(&lines(&training, test)));
        assert!(alone.iter().any(|cell| *cell > 0) && alone != both);
        let holes = alone.iter().zip(&both).filter(|(alone, both)| *alone & !*both != 0).count();
        assert_eq!(holes, 0);
    }
}
