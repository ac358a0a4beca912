//! A run on a terminal: a progress bar per epoch, in Keras's manner, that leaves the epoch's line behind.

use std::{
    io::{self, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{lines::TextLines, teller::Teller};
use crate::{
    depth,
    printable::figure,
    protocol::{Batch, Report},
};

/// Draws the epoch that trains under the lines of those that have ended.
pub(super) struct ProgressBars<W> {
    lines: TextLines<W>,
    steps: u64,
    bar: ProgressBar,
    characters: &'static str,
    /// Where bars are drawn.
    target: fn() -> ProgressDrawTarget,
}

impl<W: Write> ProgressBars<W> {
    /// Bars and lines that go to `out`, which is standard output; `unicode`: whether it shows more than ASCII.
    pub fn new(out: W, unicode: bool) -> Self {
        let characters = if unicode { "━╸─" } else { "=>-" };
        let target = || ProgressDrawTarget::stdout_with_hz(20);
        Self { lines: TextLines::within(out, depth::columns), steps: 0, bar: ProgressBar::hidden(), characters, target }
    }

    /// Begins a bar, where something else has been written since the last one also in the middle of an epoch.
    fn begin(&mut self, batch: &Batch) {
        let style = ProgressStyle::with_template("{prefix} {human_pos:>6}/{human_len} {bar:16} {elapsed} {wide_msg}")
            .expect("the template is a valid one")
            .progress_chars(self.characters);
        let elapsed = Duration::try_from_secs_f64(batch.seconds).unwrap_or_default();
        self.bar = ProgressBar::with_draw_target(Some(self.steps), (self.target)()).with_elapsed(elapsed);
        self.bar.set_style(style);
        self.bar.set_prefix(format!("Epoch {}", batch.epoch));
    }

    fn batch(&mut self, batch: &Batch) {
        if self.bar.is_hidden() && self.bar.length().is_none() {
            self.begin(batch);
        }
        self.bar.set_position(batch.step_in_epoch);
        self.bar.set_message(format!("loss: {} - accuracy: {:.4}", figure(batch.epoch_loss), batch.epoch_accuracy));
    }
}

impl<W: Write> Teller for ProgressBars<W> {
    fn tell(&mut self, report: &Report) -> io::Result<()> {
        match report {
            Report::Started(started) => self.steps = started.steps_per_epoch(),
            Report::Batch(batch) => self.batch(batch),
            // Words follow, and they have lines of their own.
            Report::Epoch { .. }
            | Report::NotSaved { .. }
            | Report::Note { .. }
            | Report::Failed { .. }
            | Report::Ended { .. } => {
                self.bar.finish_and_clear();
                self.bar = ProgressBar::hidden();
            }
            _ => {}
        }
        self.lines.tell(report)
    }
}

impl<W> Drop for ProgressBars<W> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard};

    use indicatif::TermLike;

    use super::*;
    use crate::protocol::samples;

    /// The line of a terminal that the cursor stands on.
    #[derive(Debug)]
    struct LastLine;

    static LINE: Mutex<String> = Mutex::new(String::new());

    fn line() -> MutexGuard<'static, String> {
        LINE.lock().expect("no test panics while it holds it")
    }

    impl TermLike for LastLine {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, _: &str) -> io::Result<()> {
            line().clear();
            Ok(())
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            line().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            line().clear();
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whatever_is_written_beside_the_bar_has_a_line_of_its_own_and_the_bar_goes_on_below_it() {
        let words = || "words".to_owned();
        for report in [
            Report::Note { text: words() },
            Report::NotSaved { reason: words() },
            Report::Failed { reason: words() },
            Report::Ended { how: words(), next: None },
            Report::Epoch { record: samples::record(1), predictions: [].into() },
        ] {
            let mut bars = ProgressBars::new(Vec::new(), false);
            bars.target = || ProgressDrawTarget::term_like(Box::new(LastLine));
            let mut tell = |report: &Report| bars.tell(report).expect("memory takes all");
            tell(&Report::Started(samples::started()));
            tell(&Report::Batch(samples::batch(100)));
            assert!(line().contains("Epoch 1    100/1,875 >"), "{:?}", line());
            tell(&report);
            assert_eq!(*line(), "", "{report:?}");
            tell(&Report::Batch(Batch { seconds: 75.0, ..samples::batch(900) }));
            assert!(line().contains("900/1,875"), "{:?}", line());
            assert!(line().contains(" 75s ") || line().contains(" 1m "), "{:?}", line());
        }
    }
}
