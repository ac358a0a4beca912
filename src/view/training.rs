//! The run: its state, how far it is and how fast.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::{Known, Phase, progress::Progress},
    protocol::{Started, Usage},
    view::{
        bars::Gauge,
        epochs,
        format::{accuracy, bytes, duration, fit, joined, loss, pace, rounded, thousands, width, wrap},
        heading, phase,
        theme::Theme,
    },
};

/// Draws the heading, with the device.
pub fn draw_heading(frame: &mut Frame, area: Rect, known: &Known, theme: &Theme) {
    let device = known.started.as_ref().map_or("", |started| &started.device);
    let mut facts = vec![device.to_owned()];
    facts.extend(known.started.iter().flat_map(settings));
    let is_gpu = known.started.as_ref().is_some_and(|started| started.gpu.is_some());
    facts.extend(known.usage.iter().filter(|_| known.is_running()).flat_map(|of| usage(of, is_gpu)));
    let room = usize::from(area.width).saturating_sub(width("Training") + width(theme.glyphs().dot));
    let facts = joined(facts.iter().map(String::as_str), theme.glyphs().dot, room);
    heading::draw(frame, area, "Training", &facts, theme);
}

/// How it is trained, in a few words each.
fn settings(started: &Started) -> [String; 2] {
    let settings = &started.settings;
    [format!("Adam {}", settings.learning_rate), format!("batch {}", thousands(settings.batch_size as u64))]
}

/// How busy the device is, in a few words each: a GPU in percent of what it can do, the CPU by its cores.
fn usage(usage: &Usage, is_gpu: bool) -> Vec<String> {
    let mut facts: Vec<String> = usage.name.iter().cloned().collect();
    let load = usage.load_percent;
    facts.push(if is_gpu { format!("{load}% busy") } else { format!("{:.1} cores busy", f64::from(load) / 100.0) });
    let memory = bytes(usage.memory);
    facts.push(usage.memory_total.map_or(memory.clone(), |total| format!("{memory} of {}", bytes(total))));
    facts.extend(usage.temperature.map(|celsius| format!("{celsius} °C")));
    facts.extend(usage.power.map(|watts| format!("{watts} W")));
    facts
}

/// Draws the state and the figures that no curve shows, or the reason of a failure; in a low area the most telling
/// rows.
pub fn draw(frame: &mut Frame, area: Rect, known: &Known, theme: &Theme) {
    let state = StateWords::new(known, theme);
    if let Phase::Failed { reason } = &known.phase {
        return draw_failure(frame, area, &state, reason, theme);
    }
    let rows = rows(area.height);
    let progress = known.progress();
    for (row, area) in rows.iter().zip(area.rows()) {
        match (row, &progress) {
            (Row::State, _) => state.draw(frame, area, !rows.contains(&Row::Detail), theme),
            (Row::StateAndTime, _) => {
                let time = progress.as_ref().and_then(|progress| time_left(known, progress, theme)).unwrap_or_default();
                let cells = u16::try_from(time.width()).map_or(0, |width| if width > 0 { width + 2 } else { 0 });
                let words = Rect { width: area.width.saturating_sub(cells), ..area };
                state.draw(frame, words, true, theme);
                frame.render_widget(time.right_aligned(), area);
            }
            (Row::Detail, _) => state.draw_detail(frame, area, theme),
            (Row::Epoch, Some(progress)) => draw_epoch(frame, area, progress, theme),
            (Row::EpochAndBatch, Some(progress)) => draw_epoch_and_batch(frame, area, progress, theme),
            (Row::Batch, Some(progress)) => draw_batch(frame, area, progress, theme),
            (Row::Speed, Some(progress)) => draw_speed(frame, area, known, progress, theme),
            (Row::Last | Row::Best | Row::Gap, Some(progress)) => {
                draw_outcome(frame, area, *row, known, progress, theme);
            }
            (Row::Epoch | Row::EpochAndBatch | Row::Batch | Row::Speed | Row::Last | Row::Best | Row::Gap, None)
            | (Row::Air, _) => {}
        }
    }
}

/// The rows that a failure wants at this width: all of its reason.
pub fn failure_rows(phase: &Phase, cells: u16) -> Option<u16> {
    let Phase::Failed { reason } = phase else { return None };
    let lines = wrap(reason, usize::from(cells)).len();
    Some(u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(1))
}

/// A row of the pane.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Row {
    State,
    /// The same, and the time that is left.
    StateAndTime,
    /// What more is to be said of the state.
    Detail,
    Epoch,
    /// The same, and the batch in figures.
    EpochAndBatch,
    Batch,
    /// The speed and the time that is left.
    Speed,
    /// The test images after the last epoch.
    Last,
    /// The best epoch.
    Best,
    /// How much better the training images are known than the test images.
    Gap,
    Air,
}

/// The most rows that the pane has use for.
pub const MOST_ROWS: u16 = 13;

const fn rows(height: u16) -> &'static [Row] {
    use Row::{Air, Batch, Best, Detail, Epoch, EpochAndBatch, Gap, Last, Speed, State, StateAndTime};
    match height {
        ..2 => &[StateAndTime],
        2 => &[StateAndTime, EpochAndBatch],
        3 => &[StateAndTime, Epoch, Batch],
        4 => &[State, Epoch, Batch, Speed],
        5 => &[State, Detail, Epoch, Batch, Speed],
        6 | 7 => &[State, Detail, Epoch, Batch, Air, Speed],
        8 => &[State, Detail, Air, Epoch, Air, Batch, Air, Speed],
        9 => &[State, Detail, Epoch, Batch, Speed, Air, Last, Best, Gap],
        10 => &[State, Detail, Air, Epoch, Batch, Speed, Air, Last, Best, Gap],
        11 => &[State, Detail, Air, Epoch, Batch, Air, Speed, Air, Last, Best, Gap],
        12 => &[State, Detail, Air, Epoch, Air, Batch, Air, Speed, Air, Last, Best, Gap],
        _ => &[State, Detail, Air, Epoch, Air, Batch, Air, Speed, Air, Last, Best, Gap, Air],
    }
}

fn draw_failure(frame: &mut Frame, area: Rect, state: &StateWords, reason: &str, theme: &Theme) {
    let mut rows = area.rows();
    state.draw(frame, rows.next().unwrap_or_default(), false, theme);
    for (line, row) in wrap(reason, usize::from(area.width)).into_iter().zip(rows) {
        frame.render_widget(Line::raw(line), row);
    }
}

/// The run's state in words.
#[derive(Debug, PartialEq)]
struct StateWords {
    /// The mark before the word, and its style.
    mark: (&'static str, Style),
    word: String,
    detail: String,
    /// Whether the detail is the run's result.
    is_result: bool,
}

impl StateWords {
    fn new(known: &Known, theme: &Theme) -> Self {
        let is_result = known.phase == Phase::Done;
        let detail = match &known.phase {
            Phase::Loading if known.data.is_none() => "reading the images".to_owned(),
            Phase::Loading => "opening the device".to_owned(),
            Phase::Training | Phase::Paused => slow_motion(known),
            Phase::Evaluating => test_images(known),
            Phase::Failed { .. } => String::new(),
            Phase::Done | Phase::Ended { .. } => reached(known),
        };
        let word = phase::word(known);
        let word = if is_result { format!("{word} in {}", duration(total(known))) } else { word.to_owned() };
        Self { mark: phase::mark(known, theme), word, detail, is_result }
    }

    /// Draws a mark and the word, and the detail on the same row where there is room for it.
    fn draw(&self, frame: &mut Frame, area: Rect, with_detail: bool, theme: &Theme) {
        let (mark, style) = self.mark;
        let mut line = Line::from(vec![
            Span::styled(mark, style),
            Span::raw(" "),
            Span::styled(self.word.as_str(), theme.strong()),
        ]);
        let detail = format!("{}{}", theme.glyphs().dot, self.detail);
        if with_detail && !self.detail.is_empty() && line.width() + width(&detail) <= usize::from(area.width) {
            line.push_span(detail);
        }
        frame.render_widget(line, area);
    }

    /// Draws the detail on a row of its own, below the word.
    fn draw_detail(&self, frame: &mut Frame, area: Rect, theme: &Theme) {
        let style = if self.is_result { theme.strong() } else { Style::new() };
        let indent = "  ";
        let room = usize::from(area.width).saturating_sub(indent.len());
        let detail = fit(&self.detail, room, theme.glyphs().ellipsis);
        frame.render_widget(Line::from(vec![Span::raw(indent), Span::styled(detail, style)]), area);
    }
}

fn slow_motion(known: &Known) -> String {
    let slowly = |steps| if known.is_replay { pace(steps) } else { format!("slow motion: {}", pace(steps)) };
    known.pace.map_or_else(String::new, slowly)
}

fn test_images(known: &Known) -> String {
    let Some(started) = &known.started else { return String::new() };
    let then = if known.will_pause() { ", then a pause" } else { "" };
    format!("{} test images{then}", thousands(started.test_images as u64))
}

/// Seconds of training and evaluation over all epochs.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and time is not negative")]
fn total(known: &Known) -> u64 {
    known.epochs.iter().map(|record| record.seconds + record.eval_seconds).sum::<f64>().round() as u64
}

/// How good the network became.
fn reached(known: &Known) -> String {
    known.epochs.last().map_or_else(String::new, |last| format!("test accuracy {}", accuracy(last.val_accuracy)))
}

fn draw_epoch(frame: &mut Frame, area: Rect, progress: &Progress, theme: &Theme) {
    let text = format!("{}/{}", progress.epoch, progress.epochs);
    draw_gauge(frame, area, ("epoch", &text), progress.run_ratio(), progress, theme);
}

fn draw_batch(frame: &mut Frame, area: Rect, progress: &Progress, theme: &Theme) {
    let text = count(progress.step_in_epoch, progress.steps_per_epoch);
    draw_gauge(frame, area, ("batch", &text), progress.epoch_ratio(), progress, theme);
}

/// Both on one row: the batch in figures, where there is room for them, and the gauge of the run.
fn draw_epoch_and_batch(frame: &mut Frame, area: Rect, progress: &Progress, theme: &Theme) {
    let (epoch, epochs) = (progress.epoch.to_string(), progress.epochs.to_string());
    let batch = count(progress.step_in_epoch, progress.steps_per_epoch);
    let widest = widest(progress);
    let line = |label| {
        Line::from(vec![
            Span::styled("epoch", theme.muted()),
            Span::raw(format!(" {epoch:>0$}/{epochs}", epochs.len())),
            Span::styled(label, theme.muted()),
            Span::raw(format!(" {batch:>widest$}")),
        ])
    };
    let fitting = [" batch", " "].map(line).into_iter().find(|line| line.width() <= usize::from(area.width));
    let Some(mut line) = fitting else { return draw_epoch(frame, area, progress, theme) };
    line.push_span("  ");
    draw_before_gauge(frame, area, line, progress.run_ratio(), theme);
}

fn count(part: u64, whole: u64) -> String {
    format!("{}/{}", thousands(part), thousands(whole))
}

/// Cells of the longest count of the run, in which each is written, so that nothing moves when it grows.
fn widest(progress: &Progress) -> usize {
    width(&count(progress.steps_per_epoch, progress.steps_per_epoch))
}

/// A label, a count and a gauge.
fn draw_gauge(frame: &mut Frame, area: Rect, texts: (&str, &str), ratio: f64, progress: &Progress, theme: &Theme) {
    let (label, text) = texts;
    let widest = widest(progress);
    let line = Line::from(vec![Span::styled(label, theme.muted()), Span::raw(format!(" {text:>widest$}  "))]);
    draw_before_gauge(frame, area, line, ratio, theme);
}

fn draw_before_gauge(frame: &mut Frame, area: Rect, line: Line, ratio: f64, theme: &Theme) {
    let before = u16::try_from(line.width()).unwrap_or(u16::MAX);
    frame.render_widget(line, area);
    let place = Rect { x: area.x.saturating_add(before), width: area.width.saturating_sub(before), ..area };
    let gauge = Gauge { ratio, filled: theme.accent(), empty: theme.muted(), glyphs: theme.glyphs() };
    frame.render_widget(&gauge, place);
}

/// The speed at the left end and the time that is left at the right, so that neither moves the other. Of a run that is
/// played again they were another day's.
fn draw_speed(frame: &mut Frame, area: Rect, known: &Known, progress: &Progress, theme: &Theme) {
    if known.is_replay || progress.images_per_second <= 0.0 {
        return;
    }
    let left = time_left(known, progress, theme).unwrap_or_default();
    let speed = labelled(rounded(progress.images_per_second), " images/s", theme);
    if speed.width() + 2 + left.width() <= usize::from(area.width) {
        frame.render_widget(speed, area);
    }
    frame.render_widget(left.right_aligned(), area);
}

/// The time that is left, while something is.
fn time_left(known: &Known, progress: &Progress, theme: &Theme) -> Option<Line<'static>> {
    let is_known = !known.is_replay && !known.is_over() && progress.images_per_second > 0.0;
    let seconds = progress.remaining_seconds().filter(|_| is_known)?;
    Some(labelled(duration(seconds), " left", theme))
}

fn labelled(number: String, label: &'static str, theme: &Theme) -> Line<'static> {
    Line::from(vec![Span::raw(number), Span::styled(label, theme.muted())])
}

/// What the epochs have come to so far: the last one, the best one, and how far test images are behind training images.
fn draw_outcome(frame: &mut Frame, area: Rect, row: Row, known: &Known, progress: &Progress, theme: &Theme) {
    let Some(last) = known.epochs.last() else { return };
    let best = epochs::best(&known.epochs).unwrap_or(last);
    let (label, figure, note) = match row {
        Row::Best => ("best", accuracy(best.val_accuracy), format!("epoch {}", best.epoch)),
        Row::Gap => ("gap", epochs::gap(last), "below training".to_owned()),
        _ => ("test", accuracy(last.val_accuracy), format!("loss {}", loss(last.val_loss, 6))),
    };
    let widest = widest(progress);
    let mut line =
        Line::from(vec![Span::styled(format!("{label:5}"), theme.muted()), Span::raw(format!(" {figure:>widest$}"))]);
    if line.width() + 2 + width(&note) <= usize::from(area.width) {
        line.push_span(Span::styled(format!("  {note}"), theme.muted()));
    }
    frame.render_widget(line, area);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_busy_by_its_cores_and_a_gpu_in_percent() {
        let process = Usage {
            name: None,
            load_percent: 102,
            memory: 93_000_000,
            memory_total: None,
            temperature: None,
            power: None,
        };
        assert_eq!(usage(&process, false), ["1.0 cores busy", "93 MB"]);
        let gpu = Usage { load_percent: 98, memory_total: Some(80_000_000_000), ..process };
        assert_eq!(usage(&gpu, true), ["98% busy", "93 MB of 80.0 GB"]);
    }
}
