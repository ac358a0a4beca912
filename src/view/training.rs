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

/// Draws the state and the figures that no curve shows, or the reason of a failure.
pub fn draw(frame: &mut Frame, area: Rect, known: &Known, theme: &Theme) {
    draw_rows(frame, area, rows_beside_curves(area.height), known, theme);
}

/// The same where no curves are drawn.
pub fn draw_alone(frame: &mut Frame, area: Rect, known: &Known, theme: &Theme) {
    draw_rows(frame, area, rows_alone(area.height), known, theme);
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
    StateWords,
    /// What more is to be said of the state.
    Detail,
    Epoch,
    Batch,
    Speed,
    /// Loss and accuracy, where no curve shows them.
    Means,
    Air,
}

const fn rows_beside_curves(height: u16) -> &'static [Row] {
    match height {
        ..5 => &[Row::StateWords, Row::Epoch, Row::Batch, Row::Speed],
        5 => &[Row::StateWords, Row::Detail, Row::Epoch, Row::Batch, Row::Speed],
        6..9 => &[Row::StateWords, Row::Detail, Row::Epoch, Row::Batch, Row::Air, Row::Speed],
        _ => &[Row::StateWords, Row::Detail, Row::Air, Row::Epoch, Row::Air, Row::Batch, Row::Air, Row::Speed],
    }
}

/// In a low area the most telling rows.
const fn rows_alone(height: u16) -> &'static [Row] {
    match height {
        ..3 => &[Row::StateWords, Row::Means],
        3 => &[Row::StateWords, Row::Epoch, Row::Means],
        4 => &[Row::StateWords, Row::Epoch, Row::Batch, Row::Means],
        5 => &[Row::StateWords, Row::Epoch, Row::Batch, Row::Speed, Row::Means],
        6 => &[Row::StateWords, Row::Detail, Row::Epoch, Row::Batch, Row::Speed, Row::Means],
        _ => &[Row::StateWords, Row::Detail, Row::Epoch, Row::Batch, Row::Speed, Row::Air, Row::Means],
    }
}

fn draw_rows(frame: &mut Frame, area: Rect, rows: &[Row], known: &Known, theme: &Theme) {
    let state = StateWords::new(known, theme);
    if let Phase::Failed { reason } = &known.phase {
        return draw_failure(frame, area, &state, reason, theme);
    }
    let has_detail_row = rows.contains(&Row::Detail);
    let progress = known.progress();
    for (row, area) in rows.iter().zip(area.rows()) {
        match (row, &progress) {
            (Row::StateWords, _) => state.draw(frame, area, !has_detail_row, theme),
            (Row::Detail, _) => state.draw_detail(frame, area, theme),
            (Row::Means, _) => draw_means(frame, area, known, theme),
            (Row::Epoch, Some(progress)) => draw_epoch(frame, area, progress, theme),
            (Row::Batch, Some(progress)) => draw_batch(frame, area, progress, theme),
            (Row::Speed, Some(progress)) => draw_speed(frame, area, known, progress, theme),
            (Row::Epoch | Row::Batch | Row::Speed, None) | (Row::Air, _) => {}
        }
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

fn count(part: u64, whole: u64) -> String {
    format!("{}/{}", thousands(part), thousands(whole))
}

/// A label, a count and a gauge. The count is as wide as the longest of the run, so that nothing moves when it grows.
fn draw_gauge(frame: &mut Frame, area: Rect, texts: (&str, &str), ratio: f64, progress: &Progress, theme: &Theme) {
    let (label, text) = texts;
    let widest = width(&count(progress.steps_per_epoch, progress.steps_per_epoch));
    let line = Line::from(vec![Span::styled(label, theme.muted()), Span::raw(format!(" {text:>widest$}"))]);
    let before = u16::try_from(line.width() + 2).unwrap_or(u16::MAX);
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
    let labelled = |number: String, label: &'static str| {
        Line::from(vec![Span::styled(number, Style::new()), Span::styled(label, theme.muted())])
    };
    let left = progress.remaining_seconds().filter(|_| !matches!(known.phase, Phase::Done | Phase::Ended { .. }));
    let left = left.map(|seconds| labelled(duration(seconds), " left")).unwrap_or_default();
    let speed = labelled(rounded(progress.images_per_second), " images/s");
    if speed.width() + 2 + left.width() <= usize::from(area.width) {
        frame.render_widget(speed, area);
    }
    frame.render_widget(left.right_aligned(), area);
}

fn draw_means(frame: &mut Frame, area: Rect, known: &Known, theme: &Theme) {
    let Some(batch) = &known.batch else { return };
    let line = Line::from(vec![
        Span::styled("loss ", theme.muted()),
        Span::raw(loss(batch.epoch_loss, 6)),
        Span::styled("  accuracy ", theme.muted()),
        Span::raw(accuracy(batch.epoch_accuracy)),
    ]);
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
