//! A run as the rest of the program sees it: commands into a worker thread, reports out of it, on real images.

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::{
        Arc, LazyLock,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use fitroom::{
    engine::{self, Checkpoint, EngineError, Job, Listener, Worker},
    fashion::{CLASSES, Dataset, FASHION_NAMES, Source},
    protocol::{
        Batch, BatchRecord, Command, EpochRecord, Look, Predictions, Probabilities, Report, Started, TileRange, Tiles,
    },
    run::Facts,
    settings::{DeviceChoice, Model, Settings},
};

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough to see that nothing comes.
const SILENCE: Duration = Duration::from_millis(150);

static FASHION: LazyLock<Dataset> = LazyLock::new(|| Source::Embedded.load().expect("the embedded images are whole"));

/// A job on this many of the first images, with a small network.
fn job(train: usize, test: usize) -> Job {
    let settings = Settings { epochs: 2, hidden: vec![16], device: DeviceChoice::Cpu, ..Settings::default() };
    Job::new(settings, Arc::new(Dataset::new(FASHION.train.head(train), FASHION.test.head(test), FASHION_NAMES)))
}

/// A job whose end no test waits for.
fn long_job() -> Job {
    let mut job = job(1_000, 100);
    job.settings.epochs = 1_000_000;
    job
}

/// Of the network, these test images' predictions.
fn predicted<const N: usize>(images: [usize; N]) -> Look {
    Look { predicted: images.into(), ..Look::default() }
}

fn select(index: usize) -> Command {
    Command::Look(predicted([index]))
}

fn tiles(first: usize, count: usize) -> Command {
    Command::Look(Look { tiles: [TileRange { first, count }].into(), ..Look::default() })
}

struct Run {
    worker: Worker,
    reports: Receiver<Report>,
}

impl Run {
    fn new(job: Job) -> Self {
        let (sender, reports) = channel();
        let worker = engine::spawn(job, move |report| {
            // A test that has seen enough hangs up.
            let _ = sender.send(report);
        });
        Self { worker: worker.expect("the CPU is there"), reports }
    }

    fn send(&self, command: Command) {
        self.worker.send(command).expect("the worker lives");
    }

    fn next(&self) -> Report {
        self.reports.recv_timeout(PATIENCE).expect("a report comes")
    }

    /// Skips reports until one is what `pick` looks for.
    fn find<T>(&self, mut pick: impl FnMut(Report) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.next()) {
                return found;
            }
        }
    }

    /// All reports up to the end of training.
    fn to_the_end(&self) -> Vec<Report> {
        let mut reports = Vec::new();
        loop {
            let report = self.next();
            let is_last = matches!(report, Report::Finished | Report::Failed { .. });
            reports.push(report);
            if is_last {
                return reports;
            }
        }
    }

    /// Pauses, and skips everything that was reported before.
    fn pause(&self) {
        self.send(Command::Pause);
        self.find(|report| (report == Report::Paused).then_some(()));
    }

    /// Selects an image and waits for its prediction, skipping everything else.
    fn prediction_of(&self, selected: usize) -> (u64, Probabilities) {
        self.send(select(selected));
        self.find(|report| match report {
            Report::Prediction { index, step, probabilities } if index == selected => Some((step, probabilities)),
            _ => None,
        })
    }

    fn assert_silent(&self) {
        match self.reports.recv_timeout(SILENCE) {
            Err(RecvTimeoutError::Timeout) => {}
            other => panic!("expected no report, got {other:?}"),
        }
    }

    fn stop(self) {
        self.worker.stop().expect("the worker does not panic");
    }
}

fn batch(report: Report) -> Option<Batch> {
    match report {
        Report::Batch(batch) => Some(batch),
        _ => None,
    }
}

fn batches(reports: &[Report]) -> Vec<Batch> {
    reports.iter().cloned().filter_map(batch).collect()
}

/// The curve that these tell.
fn spans(batches: &[Batch]) -> Vec<BatchRecord> {
    batches.iter().flat_map(|batch| batch.spans.clone()).collect()
}

fn epochs(reports: &[Report]) -> Vec<(EpochRecord, Predictions)> {
    let epoch = |report: &Report| match report {
        Report::Epoch { record, predictions } => Some((*record, predictions.clone())),
        _ => None,
    };
    reports.iter().filter_map(epoch).collect()
}

fn assert_close(left: f64, right: f64) {
    assert!((left - right).abs() <= 1e-9 * right.abs().max(1.0), "{left} is not {right}");
}

#[test]
fn a_run_begins_with_its_facts_and_ends_with_finished() {
    let job = job(1_000, 100);
    // This network is too small for a second thread; whoever continues the run takes as many.
    let settings = Settings { threads: NonZeroUsize::new(1), ..job.settings.clone() };
    let run = Run::new(job);
    let reports = run.to_the_end();
    let Report::Started(started) = &reports[0] else { panic!("{:?} comes first", reports[0]) };
    let expected = Started {
        settings,
        device: started.device.clone(),
        parameters: 785 * 16 + 17 * 10,
        tiles: 16,
        train_images: 1_000,
        test_images: 100,
        run: None,
        past: Vec::new(),
        past_steps: 0,
        gpu: None,
    };
    assert_eq!(*started, expected);
    assert!(started.device.starts_with("CPU"), "{}", started.device);
    assert_eq!(reports.last(), Some(&Report::Finished));
    run.assert_silent();
    run.stop();
}

#[test]
fn the_batches_of_an_epoch_add_up_to_its_record() {
    let run = Run::new(job(1_000, 100));
    let reports = run.to_the_end();
    let epochs = epochs(&reports);
    assert_eq!(epochs.len(), 2);
    for (number, (record, predictions)) in (1..).zip(&epochs) {
        let batches: Vec<Batch> = batches(&reports).into_iter().filter(|batch| batch.epoch == number).collect();
        assert_eq!(spans(&batches).iter().map(|span| span.steps).sum::<u64>(), 32);
        let last = batches.last().expect("an epoch has batches");
        assert_eq!((last.step_in_epoch, last.step), (32, 32 * u64::from(number)));
        assert_eq!((record.epoch, record.step), (number, last.step));
        assert_close(record.loss, last.epoch_loss);
        assert_close(record.accuracy, last.epoch_accuracy);
        assert_close(record.learning_rate, 0.001);
        assert!(record.seconds > 0.0 && record.eval_seconds > 0.0 && record.images_per_second > 0.0, "{record:?}");
        assert_close(record.images_per_second, 1_000.0 / record.seconds);
        assert_eq!(predictions.len(), 100);
        for probabilities in &**predictions {
            assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
    assert!(epochs[1].0.loss < epochs[0].0.loss, "nothing was learned");
    run.stop();
}

#[test]
fn an_epoch_is_evaluated_after_its_last_batch() {
    let run = Run::new(job(100, 100));
    let order: Vec<&str> = run
        .to_the_end()
        .iter()
        .map(|report| match report {
            Report::Batch(batch) if batch.step_in_epoch == 4 => "last batch",
            Report::Evaluating { .. } => "evaluating",
            Report::Epoch { .. } => "epoch",
            Report::Paused => "paused",
            Report::Resumed => "resumed",
            Report::Finished => "finished",
            _ => "",
        })
        .filter(|name| !name.is_empty())
        .collect();
    // What nobody asked for is not answered: that it goes on is the next epoch's to show.
    let epoch = ["last batch", "evaluating", "epoch"];
    assert_eq!(order, [&epoch[..], &epoch[..], &["finished"]].concat());
    run.stop();
}

#[test]
fn a_short_last_batch_counts_by_its_images() {
    let mut job = job(40, 10);
    job.settings.epochs = 1;
    // Slow enough that every step is reported by itself.
    job.demands.pace = Some(50.0);
    let run = Run::new(job);
    let reports = run.to_the_end();
    let batches = batches(&reports);
    let spans = spans(&batches);
    assert_eq!(spans.iter().map(|span| (span.step, span.steps)).collect::<Vec<_>>(), [(1, 1), (2, 1)]);
    assert_close(batches[1].epoch_loss, (32.0 * spans[0].loss + 8.0 * spans[1].loss) / 40.0);
    assert_close(batches[1].epoch_accuracy, (32.0 * spans[0].accuracy + 8.0 * spans[1].accuracy) / 40.0);
    run.stop();
}

#[test]
fn two_runs_with_one_seed_report_the_same_figures_and_another_seed_others() {
    let figures = |seed| {
        let mut job = job(1_000, 100);
        job.settings.seed = seed;
        let run = Run::new(job);
        let figures: Vec<_> = epochs(&run.to_the_end())
            .into_iter()
            .map(|(record, predictions)| (record.loss.to_bits(), record.val_loss.to_bits(), predictions))
            .collect();
        run.stop();
        figures
    };
    assert!(figures(5) == figures(5), "one seed trained two networks");
    assert!(figures(5) != figures(6), "two seeds trained one network");
}

#[test]
fn three_epochs_on_five_thousand_images_teach_most_of_the_classes() {
    let mut job = job(5_000, 2_000);
    job.settings = Settings { epochs: 3, device: DeviceChoice::Cpu, ..Settings::default() };
    let run = Run::new(job);
    let (last, _) = epochs(&run.to_the_end()).pop().expect("three epochs");
    // Seeds 0 to 3 reach 0.837 to 0.841 and 0.811 to 0.835.
    assert!(last.accuracy > 0.82, "training accuracy {}", last.accuracy);
    assert!(last.val_accuracy > 0.79, "test accuracy {}", last.val_accuracy);
    run.stop();
}

#[test]
fn the_untrained_network_is_reported_when_it_is_asked_for() {
    let mut job = job(100, 50);
    job.demands.evaluate_untrained = true;
    let run = Run::new(job);
    assert!(matches!(run.next(), Report::Started(_)));
    let Report::Untrained { step, predictions } = run.next() else { panic!("the untrained network comes second") };
    assert_eq!((step, predictions.len()), (0, 50));
    for probabilities in &*predictions {
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    run.stop();
}

#[test]
fn pausing_stops_between_two_batches_and_resuming_goes_on_with_the_next() {
    let run = Run::new(long_job());
    let mut step = run.find(batch).step;
    run.send(Command::Pause);
    run.find(|report| match report {
        Report::Batch(batch) => {
            step = batch.step;
            None
        }
        Report::Paused => Some(()),
        _ => None,
    });
    run.assert_silent();
    run.send(Command::Resume);
    assert_eq!(run.next(), Report::Resumed);
    let next = run.find(batch);
    assert_eq!(next.spans[0].step, step + next.spans[0].steps);
    assert_eq!(next.spans.last().map(|span| span.step), Some(next.step));
    run.stop();
}

#[test]
fn a_pause_that_is_asked_for_during_an_evaluation_comes_once_the_epoch_is_told() {
    // Each report waits until the test takes it.
    let (sender, reports) = sync_channel(0);
    let worker = engine::spawn(long_job(), move |report| drop(sender.send(report))).expect("the CPU is there");
    let next = || reports.recv_timeout(PATIENCE).expect("a report comes");
    while !matches!(next(), Report::Evaluating { .. }) {}
    worker.send(Command::Pause).expect("the worker lives");
    assert!(matches!(next(), Report::Epoch { .. }));
    assert_eq!(next(), Report::Paused);
    worker.send(Command::Resume).expect("the worker lives");
    assert_eq!(next(), Report::Resumed);
    assert!(matches!(next(), Report::Batch(Batch { epoch: 2, .. })));
    drop(reports);
    worker.stop().expect("the worker does not panic");
}

#[test]
fn pausing_twice_and_resuming_twice_is_pausing_and_resuming_once() {
    let run = Run::new(long_job());
    run.pause();
    run.pause();
    run.assert_silent();
    run.send(Command::Resume);
    run.send(Command::Resume);
    assert_eq!(run.next(), Report::Resumed);
    run.find(|report| (report == Report::Resumed).then_some(()));
    run.find(batch);
    run.stop();
}

#[test]
fn a_pause_does_not_count_as_training_time() {
    let run = Run::new(long_job());
    let mut before = run.find(batch);
    run.send(Command::Pause);
    run.find(|report| {
        if let Some(batch) = batch(report.clone()) {
            before = batch;
        }
        (report == Report::Paused).then_some(())
    });
    thread::sleep(Duration::from_millis(500));
    run.send(Command::Step);
    let after = run.find(batch);
    assert!(after.seconds - before.seconds < 0.4, "{} s after {} s", after.seconds, before.seconds);
    run.stop();
}

#[test]
fn a_step_while_paused_is_one_batch_and_its_prediction() {
    let mut job = job(96, 10);
    // The first step is trained at once, the second would come in an hour. The third is the epoch's last.
    job.demands.pace = Some(1.0 / 3_600.0);
    let run = Run::new(job);
    assert_eq!(run.find(batch).step, 1);
    run.pause();
    assert_eq!(run.prediction_of(3).0, 1);
    for step in 2..=4 {
        run.send(Command::Step);
        let Report::Batch(batch) = run.next() else { panic!("the batch comes first") };
        let spans: Vec<(u64, u64)> = batch.spans.iter().map(|span| (span.step, span.steps)).collect();
        assert_eq!((batch.step, spans), (step, vec![(step, 1)]));
        let Report::Prediction { index, step: predicted, .. } = run.next() else {
            panic!("its prediction comes second")
        };
        assert_eq!((index, predicted), (3, step));
        if step == 3 {
            assert_eq!(run.next(), Report::Evaluating { epoch: 1 });
            assert!(matches!(run.next(), Report::Epoch { .. }));
        }
    }
    run.assert_silent();
    run.stop();
}

#[test]
fn single_steps_go_over_the_ends_of_the_epochs_up_to_the_end_of_the_run() {
    let mut job = job(64, 10);
    // The first step is trained at once, the second would come in an hour.
    job.demands.pace = Some(1.0 / 3_600.0);
    let run = Run::new(job);
    assert_eq!(run.find(batch).step, 1);
    run.pause();
    let mut names = Vec::new();
    for _ in 0..3 {
        run.send(Command::Step);
    }
    run.find(|report| {
        match &report {
            Report::Batch(batch) => names.push(format!("batch {}.{}", batch.epoch, batch.step_in_epoch)),
            Report::Evaluating { epoch } => names.push(format!("evaluating {epoch}")),
            Report::Epoch { record, .. } => names.push(format!("epoch {}", record.epoch)),
            Report::Paused | Report::Resumed => names.push("an answer".to_owned()),
            _ => {}
        }
        (report == Report::Finished).then_some(())
    });
    // The end of an epoch does not end the pause, and nobody asked whether it does.
    let first = ["batch 1.2", "evaluating 1", "epoch 1"];
    assert_eq!(names, [&first[..], &["batch 2.1", "batch 2.2", "evaluating 2", "epoch 2"]].concat());
    run.send(Command::Step);
    run.assert_silent();
    run.stop();
}

#[test]
fn a_step_while_training_is_ignored() {
    let mut job = long_job();
    job.demands.pace = Some(1.0 / 3_600.0);
    let run = Run::new(job);
    run.find(batch);
    run.send(Command::Step);
    run.assert_silent();
    run.stop();
}

#[test]
fn a_pace_is_kept_and_every_step_of_it_is_reported_with_its_prediction() {
    let mut job = long_job();
    job.demands.pace = Some(20.0);
    let run = Run::new(job);
    let start = Instant::now();
    let (before, _) = run.prediction_of(0);
    for step in before + 1..=before + 6 {
        assert_eq!(run.find(batch).step, step);
        assert!(matches!(run.next(), Report::Prediction { index: 0, .. }));
    }
    // Five intervals of 50 ms lie between six steps.
    assert!(start.elapsed() >= Duration::from_millis(240), "{:?}", start.elapsed());
    run.stop();
}

#[test]
fn slow_motion_counts_as_training_time_and_every_epoch_begins_at_0() {
    let mut job = job(128, 10);
    job.demands.pace = Some(20.0);
    let start = Instant::now();
    let run = Run::new(job);
    let seconds: Vec<f64> = epochs(&run.to_the_end()).iter().map(|(record, _)| record.seconds).collect();
    let elapsed = start.elapsed().as_secs_f64();
    // Three intervals of 50 ms lie between an epoch's four steps.
    assert!(seconds.iter().all(|&seconds| seconds > 0.145), "{seconds:?}");
    assert!(seconds.iter().sum::<f64>() < elapsed, "{seconds:?} in {elapsed} s");
    run.stop();
}

#[test]
fn commands_are_answered_at_once_however_slow_the_pace() {
    let mut job = long_job();
    job.demands.pace = Some(1.0 / 3_600.0);
    let run = Run::new(job);
    run.find(batch);
    let start = Instant::now();
    run.prediction_of(1);
    run.pause();
    run.send(Command::Resume);
    run.find(|report| (report == Report::Resumed).then_some(()));
    run.send(Command::Pace { steps_per_second: None });
    assert_eq!(run.next(), Report::Paced { steps_per_second: None });
    run.find(batch);
    // Four answers take some milliseconds, far less than the hour until the next step.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    run.stop();
}

#[test]
fn a_pace_that_is_none_is_ignored() {
    for pace in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1.0 / 3_601.0] {
        let mut job = long_job();
        job.demands.pace = Some(pace);
        let run = Run::new(job);
        run.find(batch);
        run.pause();
        run.send(Command::Pace { steps_per_second: Some(pace) });
        run.assert_silent();
        run.stop();
    }
}

#[test]
fn a_selection_is_answered_while_training_while_paused_and_after_the_end() {
    let run = Run::new(long_job());
    let (first, _) = run.prediction_of(0);
    run.pause();
    let (second, probabilities) = run.prediction_of(99);
    assert!(second >= first);
    assert_eq!(run.prediction_of(99), (second, probabilities));
    run.stop();

    let run = Run::new(job(100, 50));
    let (record, predictions) = epochs(&run.to_the_end()).pop().expect("two epochs");
    let (step, probabilities) = run.prediction_of(49);
    assert_eq!(step, record.step);
    for class in 0..CLASSES {
        assert!((probabilities[class] - predictions[49][class]).abs() < 1e-5);
    }
    run.stop();
}

#[test]
fn an_image_that_is_not_there_is_not_selected() {
    let run = Run::new(job(100, 50));
    run.send(select(50));
    assert!(run.to_the_end().iter().all(|report| !matches!(report, Report::Prediction { .. })));
    for index in [50, usize::MAX] {
        run.send(select(index));
    }
    run.assert_silent();
    run.stop();
}

#[test]
fn the_selected_image_is_followed_while_the_network_learns() {
    let run = Run::new(long_job());
    run.send(select(5));
    let mut steps = Vec::new();
    run.find(|report| {
        if let Report::Prediction { index: 5, step, .. } = report {
            steps.push(step);
        }
        (steps.len() == 4).then_some(())
    });
    assert!(steps.is_sorted() && steps[3] > steps[0], "{steps:?}");
    run.stop();
}

#[test]
fn what_the_pixels_say_is_told_while_it_is_asked_for() {
    let run = Run::new(long_job());
    run.pause();
    run.send(Command::Look(Look { explained: BTreeSet::from([3]), ..predicted([3]) }));
    let attribution = |report| if let Report::Attribution(attribution) = report { Some(attribution) } else { None };
    let first = run.find(attribution);
    assert_eq!((first.index, first.pixels.len()), (3, 784));
    run.send(Command::Step);
    let next = run.find(attribution);
    assert_eq!(next.step, first.step + 1);
    assert!(next.pixels != first.pixels, "the network has learned");
    run.send(Command::Look(Look { explained: BTreeSet::from([5]), ..predicted([5]) }));
    assert_eq!(run.find(attribution).index, 5);
    run.send(select(5));
    run.send(Command::Step);
    run.send(Command::Pause);
    run.find(|report| {
        assert!(!matches!(report, Report::Attribution(_)), "nobody asks any longer");
        (report == Report::Paused).then_some(())
    });
    run.stop();
}

#[test]
fn the_first_layers_units_are_told_while_they_are_watched() {
    let run = Run::new(long_job());
    run.pause();
    run.send(tiles(2, 3));
    let seen =
        |report| if let Report::Tiles(Tiles { step, of, tiles }) = report { Some((step, of, tiles)) } else { None };
    let (step, of, first) = run.find(seen);
    assert_eq!(first.iter().map(|tile| tile.number).collect::<Vec<_>>(), [2, 3, 4]);
    run.send(Command::Step);
    let (next_step, next_of, next) = run.find(seen);
    assert_eq!((next_step, next_of), (step + 1, of));
    assert!(next[0].values != first[0].values, "the network has learned");
    run.send(tiles(of, 9));
    assert!(run.find(seen).2.is_empty(), "there are none behind the last one");
    run.send(Command::Resume);
    run.find(seen);
    run.stop();
}

#[test]
fn a_network_that_learns_too_fast_fails_with_its_step_and_still_answers() {
    let mut job = job(1_000, 50);
    job.settings.learning_rate = 1e30;
    let run = Run::new(job);
    let reports = run.to_the_end();
    let reason = match reports.last() {
        Some(Report::Failed { reason }) => reason.as_str(),
        other => panic!("{other:?} comes last"),
    };
    assert_eq!(
        reason,
        "the loss became NaN at step 2 (epoch 1): try a learning rate lower than 1e30, for example 0.001"
    );
    let batches = batches(&reports);
    assert!(batches.iter().all(|batch| batch.epoch_loss.is_finite()));
    assert!(spans(&batches).iter().all(|span| span.loss.is_finite()));
    run.assert_silent();
    for command in [Command::Resume, Command::Step, Command::Pause, select(0)] {
        run.send(command);
    }
    let Report::Prediction { probabilities, .. } = run.next() else {
        panic!("there is nothing but a prediction to be had")
    };
    assert!(probabilities.iter().all(|probability| probability.is_finite()));
    run.assert_silent();
    run.stop();
}

#[test]
fn a_run_that_nobody_commands_any_more_ends() {
    let run = Run::new(long_job());
    run.find(batch);
    drop(run.worker);
    // The thread owns the other end: it is gone when the thread is.
    let end = Instant::now() + PATIENCE;
    while run.reports.recv_timeout(end.saturating_duration_since(Instant::now())).is_ok() {}
    assert_eq!(run.reports.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_finished_run_and_a_paused_run_can_be_stopped() {
    let run = Run::new(job(100, 50));
    run.to_the_end();
    run.stop();
    let run = Run::new(long_job());
    run.pause();
    run.stop();
}

/// What a run hands to its keeper.
#[derive(Debug)]
enum Kept {
    Figures(Vec<BatchRecord>),
    Checkpoint(u64),
}

/// A keeper that takes this long to keep a run.
struct Keeper {
    cost: Duration,
    told: Sender<Kept>,
}

impl Listener for Keeper {
    fn report(&mut self, _report: Report) {}

    fn keeps(&self) -> bool {
        true
    }

    fn cost_of_keeping(&self) -> Option<Duration> {
        Some(self.cost)
    }

    fn keep_figures(&mut self, figures: Vec<BatchRecord>) {
        // A test that has seen enough hangs up.
        let _ = self.told.send(Kept::Figures(figures));
    }

    fn keep(&mut self, checkpoint: Checkpoint) {
        let _ = self.told.send(Kept::Checkpoint(checkpoint.step()));
    }
}

/// A run of slow epochs, with a batch every 50 ms, that is to be kept every 20 ms and takes `cost` to keep.
fn kept_run(cost: Duration) -> (Worker, Receiver<Kept>) {
    let (told, kept) = channel();
    let mut job = long_job();
    job.demands.pace = Some(20.0);
    job.demands.save_every = Some(Duration::from_millis(20));
    (engine::spawn(job, Keeper { cost, told }).expect("the CPU is there"), kept)
}

#[test]
fn an_epoch_that_lasts_is_kept_in_time_with_the_figures_of_its_batches_first() {
    let (worker, kept) = kept_run(Duration::ZERO);
    for _ in 0..3 {
        let Ok(Kept::Figures(figures)) = kept.recv_timeout(PATIENCE) else { panic!("figures come first") };
        for span in &figures {
            assert!(span.steps > 0 && span.loss > 0.0 && (0.0..=1.0).contains(&span.accuracy), "{span:?}");
        }
        let Ok(Kept::Checkpoint(step)) = kept.recv_timeout(PATIENCE) else { panic!("a checkpoint comes next") };
        assert_eq!(figures.last().map(|span| span.step), Some(step));
    }
    worker.stop().expect("it lives");
}

#[test]
fn what_takes_long_to_keep_is_kept_less_often_and_its_figures_come_all_the_same() {
    let (worker, kept) = kept_run(Duration::from_secs(10));
    for _ in 0..5 {
        let told = kept.recv_timeout(PATIENCE).expect("figures come");
        assert!(matches!(told, Kept::Figures(_)), "{told:?}");
    }
    worker.stop().expect("it lives");
    // Its end is kept whatever that takes.
    assert!(kept.iter().any(|told| matches!(told, Kept::Checkpoint(_))));
}

#[test]
fn what_was_trained_before_a_pause_is_kept_amid_it() {
    let (told, kept) = channel();
    let every = Duration::from_millis(300);
    let mut job = long_job();
    job.demands.pace = Some(1.0);
    job.demands.save_every = Some(every);
    let worker = engine::spawn(job, Keeper { cost: Duration::ZERO, told }).expect("the CPU is there");
    worker.send(Command::Pause).expect("it lives");
    worker.send(Command::Step).expect("it lives");
    let kept: Vec<Kept> = (0..2).map(|_| kept.recv_timeout(PATIENCE).expect("it is kept")).collect();
    assert!(matches!(kept[..], [Kept::Figures(_), Kept::Checkpoint(1 | 2)]), "{kept:?}");
    worker.stop().expect("it lives");
}

#[test]
fn a_panic_on_the_trainer_thread_is_reported_and_returned() {
    let (sender, reports) = channel();
    let worker = engine::spawn(job(100, 50), move |report| {
        assert!(!matches!(report, Report::Epoch { .. }), "this epoch is too much");
        let _ = sender.send(report);
    });
    let worker = worker.expect("the CPU is there");
    let failed = reports.iter().find_map(|report| match report {
        Report::Failed { reason } => Some(reason),
        _ => None,
    });
    assert_eq!(failed.as_deref(), Some("the trainer thread panicked: this epoch is too much"));
    let error = worker.stop().expect_err("the thread panicked");
    assert!(matches!(&error, EngineError::Panicked(words) if words == "this epoch is too much"), "{error}");
}

/// A `run.json` as the program wrote it before there was a choice of models.
const BEFORE_THERE_WERE_MODELS: &str = r#"
    {"state": "done", "epochs_done": 2, "best": {"epoch": 2, "val_accuracy": 0.8583}, "kept": {"step": 3750,
    "epoch": 2}, "started": "2026-11-26T18:06:28.107Z", "ended": "2026-11-26T18:06:28.452Z", "held_by":
    null, "settings": {"epochs": 2, "batch_size": 32, "learning_rate": 0.001, "hidden": [96, 40], "seed": 0,
    "device": "cpu", "threads": 2}, "device": "CPU, 2 threads", "usage": null, "parameters": 79650,
    "dataset": {"directory": null, "classes": ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"], "train_images": 60000, "test_images": 10000,
    "sha256": "ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f"}, "versions": {"fitroom":
    "0.1.0"}}
"#;

#[test]
fn a_run_that_was_begun_before_there_were_models_is_dense() {
    let facts = Facts::from_json(BEFORE_THERE_WERE_MODELS.as_bytes()).expect("it is a run's");
    assert_eq!((facts.settings.model, facts.settings.layer_sizes()), (Model::Dense, vec![784, 96, 40, 10]));
    let written: serde_json::Value = serde_json::to_value(&facts).expect("it is plain data");
    assert_eq!(written["settings"]["hidden"], serde_json::json!([96, 40]));
}

#[test]
fn settings_that_nothing_can_be_trained_with_are_named() {
    type Change = fn(&mut Settings);
    let error = |change: Change| {
        let mut job = job(10, 10);
        change(&mut job.settings);
        engine::spawn(job, |_| {}).expect_err("nothing can be trained with that").to_string()
    };
    let cases: [(Change, &str); 8] = [
        (|settings| settings.epochs = 0, "epochs is 0"),
        (|settings| settings.batch_size = 0, "batch size is 0"),
        (|settings| settings.learning_rate = 0.0, "learning rate is 0"),
        (|settings| settings.learning_rate = f64::NAN, "learning rate is NaN"),
        (|settings| settings.learning_rate = f64::INFINITY, "learning rate is inf"),
        (|settings| settings.hidden = vec![8, 0], "hidden layer has 0 units"),
        (|settings| settings.hidden = vec![usize::MAX], "more than the 268435456 weights"),
        (|settings| settings.hidden = vec![1 << 20, 1 << 20], "more than the 268435456 weights"),
    ];
    for (change, words) in cases {
        let error = error(change);
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    }
}

#[test]
fn a_build_without_cuda_says_how_to_get_one_with_it() {
    let mut job = job(10, 10);
    job.settings.device = DeviceChoice::Cuda(0);
    let error = engine::spawn(job, |_| {}).expect_err("there is no CUDA");
    assert!(matches!(error, EngineError::Device(_)));
    assert!(error.to_string().contains("cargo build --release --features cuda"), "{error}");
}
