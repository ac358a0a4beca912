//! Listeners at a hub: late, slow, curious and gone.

use std::{
    pin::pin,
    sync::mpsc::TryRecvError,
    task::{Context, Poll, Wake},
};

use super::*;
use crate::{
    engine::{self, CommandQueue},
    fashion::CLASSES,
    protocol::{
        Attribution, Batch, BatchRecord, Command, EpochRecord, Look, Predictions, Probabilities, Report, Tile,
        TileRange, Tiles, Usage, samples,
    },
};

pub(super) fn batch(epoch: u32, step: u64) -> Batch {
    Batch { epoch, ..samples::batch(step) }
}

/// The figures of an epoch of ten steps.
pub(super) fn epoch(number: u32) -> EpochRecord {
    EpochRecord { step: u64::from(number) * 10, ..samples::record(number) }
}

fn started() -> Report {
    Report::Started(samples::started())
}

fn usage(load_percent: u32) -> Report {
    Report::Usage(Usage { name: None, load_percent, memory: 1, memory_total: None, temperature: None, power: None })
}

fn predictions(first: f32) -> Predictions {
    [[first; CLASSES]; 2].into()
}

fn epoch_report(number: u32) -> Report {
    Report::Epoch { record: epoch(number), predictions: predictions(0.25) }
}

fn prediction(index: usize, step: u64) -> Report {
    Report::Prediction { index, step, probabilities: [0.1; CLASSES] }
}

fn tiles(first: usize, count: usize) -> Report {
    let tile = |number| Tile {
        number,
        title: format!("Unit {number}"),
        rows: 1,
        columns: 1,
        values: vec![0.0],
        votes: Vec::new(),
    };
    Report::Tiles(Tiles { step: 1, of: 8, tiles: (first..first + count).map(tile).collect() })
}

fn note(text: &str) -> Report {
    Report::Note { text: text.to_owned() }
}

fn not_saved(reason: &str) -> Report {
    Report::NotSaved { reason: reason.to_owned() }
}

fn look(predicted: &[usize]) -> Look {
    Look { predicted: predicted.iter().copied().collect(), ..Look::default() }
}

/// A hub whose trainer takes commands at the other end.
fn connected() -> (Hub, Emitter, CommandQueue) {
    let (hub, emitter) = Hub::new(true);
    let (commands, received) = engine::commands();
    hub.connect(commands);
    (hub, emitter, received)
}

fn emit_all(emitter: &Emitter, reports: &[Report]) {
    for report in reports {
        emitter.emit(report.clone());
    }
}

/// What waits for this listener.
fn waiting(reports: &mut Reports) -> Vec<Report> {
    std::iter::from_fn(|| reports.try_next().ok()).collect()
}

#[test]
fn every_listener_gets_all_reports_in_their_order() {
    let (hub, emitter, _commands) = connected();
    let (_first, mut first) = hub.join();
    let (_second, mut second) = hub.join();
    let all =
        [started(), Report::Batch(batch(1, 1)), Report::Evaluating { epoch: 1 }, epoch_report(1), Report::Finished];
    emit_all(&emitter, &all);
    assert_eq!(waiting(&mut first), all);
    assert_eq!(waiting(&mut second), all);
    assert_eq!(first.try_next(), Err(TryRecvError::Empty));
}

#[test]
fn a_late_listener_gets_what_it_missed_in_an_order_in_which_it_could_have_happened() {
    let (hub, emitter, _commands) = connected();
    let untrained = Report::Untrained { step: 0, predictions: predictions(0.1) };
    for report in [
        started(),
        untrained.clone(),
        note("first"),
        Report::Batch(batch(1, 5)),
        usage(80),
        Report::Batch(batch(1, 10)),
        Report::Evaluating { epoch: 1 },
        epoch_report(1),
        Report::Saved { step: 10 },
        usage(90),
        Report::Paced { steps_per_second: Some(8.0) },
        Report::Batch(batch(2, 11)),
        not_saved("full"),
        Report::Paused,
    ] {
        emitter.emit(report);
    }
    let (_seat, mut late) = hub.join();
    assert_eq!(
        waiting(&mut late),
        [
            started(),
            note("first"),
            Report::Paced { steps_per_second: Some(8.0) },
            untrained,
            epoch_report(1),
            // With the curve of all.
            told(2, &[5, 10, 11]),
            usage(90),
            not_saved("full"),
            Report::Paused,
        ]
    );
    emitter.emit(Report::Resumed);
    assert_eq!(waiting(&mut late), [Report::Resumed]);
}

#[test]
fn a_late_listener_learns_of_a_pause_and_of_the_evaluation_that_comes_in_it() {
    let (hub, emitter, _commands) = connected();
    let evaluating = Report::Evaluating { epoch: 1 };
    emit_all(&emitter, &[started(), Report::Paused, evaluating.clone()]);
    let (_seat, mut amid) = hub.join();
    assert_eq!(waiting(&mut amid), [started(), Report::Paused, evaluating.clone()]);
    emit_all(&emitter, &[epoch_report(1)]);
    let (_seat, mut after) = hub.join();
    assert_eq!(waiting(&mut after), [started(), epoch_report(1), Report::Paused]);
    let failed = Report::Failed { reason: "the loss is NaN".to_owned() };
    emit_all(&emitter, &[evaluating, failed.clone()]);
    let (_seat, mut last) = hub.join();
    assert_eq!(waiting(&mut last), [started(), epoch_report(1), failed]);
}

#[test]
fn a_listener_of_a_long_run_that_comes_late_gets_a_bounded_curve_of_all_steps() {
    let (hub, emitter, _commands) = connected();
    (1..=50_000).for_each(|step| emitter.emit(Report::Batch(batch(1, step))));
    let (_seat, mut late) = hub.join();
    let batches = waiting(&mut late);
    let [Report::Batch(newest)] = &batches[..] else { panic!("one batch has the curve of all: {batches:?}") };
    assert!(newest.spans.len() <= 2064, "{} spans", newest.spans.len());
    assert_eq!(steps(&batches), 50_000);
    assert_eq!(Batch { spans: Vec::new(), ..newest.clone() }, Batch { spans: Vec::new(), ..batch(1, 50_000) });
}

/// Steps of the curve that these reports tell.
fn steps(reports: &[Report]) -> u64 {
    spans(reports).map(|span| span.steps).sum()
}

/// The curve that these reports tell.
fn spans(reports: &[Report]) -> impl Iterator<Item = &BatchRecord> {
    reports.iter().flat_map(|report| if let Report::Batch(batch) = report { &batch.spans[..] } else { &[] })
}

/// The report of a batch of this epoch, with the curve of these steps, the last of which is its own.
fn told(epoch: u32, steps: &[u64]) -> Report {
    let spans = steps.iter().flat_map(|step| samples::batch(*step).spans).collect();
    Report::Batch(Batch { spans, ..batch(epoch, *steps.last().expect("it stands somewhere")) })
}

#[test]
fn a_slow_listener_keeps_nobody_waiting_stays_within_its_memory_and_loses_nothing_important() {
    let (hub, emitter, _commands) = connected();
    let (_seat, mut slow) = hub.join();
    let mut important = Vec::new();
    for number in 1..=10_u32 {
        for step in 1..=2000 {
            emitter.emit(Report::Batch(batch(number, u64::from(number - 1) * 2000 + step)));
        }
        emit_all(&emitter, &[Report::Evaluating { epoch: number }]);
        emit_all(&emitter, &[epoch_report(number), Report::Saved { step: u64::from(number) * 2000 }]);
        important.push(epoch_report(number));
        emit_all(&emitter, &[Report::Paused, Report::Paced { steps_per_second: None }, Report::Resumed]);
        (0..100).for_each(|load| emitter.emit(usage(load)));
    }
    let end = [Report::Finished, Report::Failed { reason: "the loss is NaN".to_owned() }];
    emit_all(&emitter, &end);
    important.extend(end);
    let reports = waiting(&mut slow);
    let is_batch = |report: &&Report| matches!(report, Report::Batch(_));
    assert_eq!(reports.iter().filter(is_batch).count(), 1, "of batches the newest waits");
    assert!(spans(&reports).count() <= 2064, "{} spans", spans(&reports).count());
    assert_eq!(steps(&reports), 20_000, "with the curve of all");
    let mut at = 0;
    for span in spans(&reports) {
        assert_eq!(span.step, at + span.steps);
        assert!((span.accuracy - 0.5).abs() < 1e-12, "the mean of equals is the same");
        at = span.step;
    }
    let newest = [
        Report::Evaluating { epoch: 10 },
        Report::Saved { step: 20_000 },
        Report::Paced { steps_per_second: None },
        Report::Resumed,
        usage(99),
    ];
    let passing = reports.iter().filter(|report| !is_batch(report) && !important.contains(report)).cloned();
    assert_eq!(passing.collect::<Vec<_>>(), newest, "of what passes the newest waits");
    let others = reports.into_iter().filter(|report| important.contains(report));
    assert_eq!(others.collect::<Vec<_>>(), important);
}

#[test]
fn a_batch_that_waits_while_the_run_begins_again_keeps_its_curve_to_itself() {
    let (hub, emitter, _commands) = connected();
    let (_seat, mut slow) = hub.join();
    for step in [1, 2] {
        emitter.emit(Report::Batch(batch(1, step)));
    }
    emit_all(&emitter, &[started()]);
    for step in [1, 2, 3] {
        emitter.emit(Report::Batch(batch(1, step)));
    }
    assert_eq!(waiting(&mut slow), [told(1, &[1, 2]), started(), told(1, &[1, 2, 3])]);
    emit_all(&emitter, &[told(1, &[4])]);
    assert_eq!(waiting(&mut slow), [told(1, &[4])], "what was taken comes no second time");
}

#[test]
fn one_reason_why_nothing_is_saved_waits_once_and_again_after_something_was() {
    let (hub, emitter, _commands) = connected();
    let (_seat, mut reports) = hub.join();
    let all = [not_saved("full"), not_saved("gone"), Report::Saved { step: 1 }, not_saved("gone"), Report::Finished];
    for report in &all {
        emitter.emit(report.clone());
        if let Report::NotSaved { .. } = report {
            emitter.emit(Report::Batch(batch(1, 1)));
            emitter.emit(report.clone());
        }
    }
    let told = waiting(&mut reports).into_iter().filter(|report| !matches!(report, Report::Batch(_)));
    assert_eq!(told.collect::<Vec<_>>(), all);
}

#[test]
fn predictions_that_are_no_longer_kept_leave_the_epoch_s_figures() {
    let (hub, emitter, _commands) = connected();
    let (_seat, mut slow) = hub.join();
    // Two of these fit into the memory, no three.
    let images = (30 << 20) / size_of::<Probabilities>();
    for number in 1..=4 {
        emitter.emit(Report::Epoch { record: epoch(number), predictions: vec![[0.1; CLASSES]; images].into() });
    }
    let (_late, mut late) = hub.join();
    for reports in [&mut slow, &mut late] {
        let epochs = waiting(reports).into_iter().map(|report| match report {
            Report::Epoch { record, predictions } => (record.epoch, predictions.len()),
            report => panic!("{report:?}"),
        });
        assert_eq!(epochs.collect::<Vec<_>>(), [(1, images), (2, 0), (3, 0), (4, images)]);
    }
}

#[test]
fn all_listeners_share_an_epoch_s_predictions_with_the_hub() {
    let (hub, emitter, _commands) = connected();
    let (_first, mut first) = hub.join();
    emitter.emit(epoch_report(1));
    let (_late, mut late) = hub.join();
    let shared = [&mut first, &mut late].map(|reports| match reports.try_next() {
        Ok(Report::Epoch { predictions, .. }) => predictions,
        other => panic!("{other:?}"),
    });
    assert!(Arc::ptr_eq(&shared[0], &shared[1]));
}

#[test]
fn a_hub_whose_listeners_show_no_predictions_keeps_those_of_two_epochs() {
    let (hub, emitter) = Hub::new(false);
    for number in 1..=20 {
        emitter.emit(epoch_report(number));
    }
    let (_seat, mut late) = hub.join();
    let epochs = waiting(&mut late).into_iter().filter_map(|report| match report {
        Report::Epoch { record, predictions } => Some((record.epoch, predictions.len())),
        _ => None,
    });
    let expected = (1..=20).map(|number| (number, if [1, 20].contains(&number) { 2 } else { 0 }));
    assert_eq!(epochs.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn the_trainer_is_asked_for_what_all_listeners_look_at_and_only_where_that_changes() {
    let (hub, _emitter, commands) = connected();
    let (first, _reports) = hub.join();
    let (second, _more_reports) = hub.join();
    let asked = || commands.try_iter().collect::<Vec<_>>();
    first.send(Command::Look(look(&[1])));
    assert_eq!(asked(), [Command::Look(look(&[1]))]);
    second.send(Command::Look(look(&[1])));
    assert_eq!(asked(), []);
    second.send(Command::Look(look(&[1, 2])));
    first.send(Command::Pause);
    assert_eq!(asked(), [Command::Look(look(&[1, 2])), Command::Pause]);
    drop(second);
    assert_eq!(asked(), [Command::Look(look(&[1]))]);
    drop(first);
    assert_eq!(asked(), [Command::Look(look(&[]))]);
}

#[test]
fn a_listener_gets_the_answers_that_it_asked_for_and_no_others() {
    let (hub, emitter, _commands) = connected();
    let (first, mut first_reports) = hub.join();
    let (second, mut second_reports) = hub.join();
    let (_third, mut nothing) = hub.join();
    first.send(Command::Look(look(&[1])));
    let all_of_eight = TileRange { first: 4, count: 100 };
    let attribution = Report::Attribution(Attribution { index: 2, step: 1, pixels: Vec::new() });
    second.send(Command::Look(Look { predicted: [1, 2].into(), explained: [2].into(), tiles: [all_of_eight].into() }));
    let answers = [prediction(1, 1), prediction(2, 1), attribution.clone(), tiles(4, 4)];
    emit_all(&emitter, &answers);
    // Under way when they were asked for.
    emit_all(&emitter, &[prediction(3, 1), tiles(0, 4)]);
    assert_eq!(waiting(&mut first_reports), [prediction(1, 1)]);
    assert_eq!(waiting(&mut second_reports), answers);
    assert_eq!(waiting(&mut nothing), []);
}

#[test]
fn what_is_known_already_comes_at_once() {
    let (hub, emitter, commands) = connected();
    let (first, _reports) = hub.join();
    first.send(Command::Look(look(&[1, 2])));
    emit_all(&emitter, &[prediction(1, 7), prediction(2, 7), prediction(1, 8)]);
    let (late, mut late_reports) = hub.join();
    assert_eq!(waiting(&mut late_reports), [], "it asked for nothing yet");
    late.send(Command::Look(look(&[1])));
    assert_eq!(waiting(&mut late_reports), [prediction(1, 8)]);
    late.send(Command::Look(look(&[1])));
    assert_eq!(waiting(&mut late_reports), [], "it has that");
    assert_eq!(commands.try_iter().count(), 1, "the trainer is asked for it already");
    first.send(Command::Look(look(&[])));
    drop(late);
    let (last, mut last_reports) = hub.join();
    last.send(Command::Look(look(&[1])));
    assert_eq!(waiting(&mut last_reports), [], "what nobody looks at grows old, and is forgotten");
}

#[test]
fn of_answers_about_one_image_the_newest_waits() {
    let (hub, emitter, _commands) = connected();
    let (seat, mut reports) = hub.join();
    seat.send(Command::Look(look(&[1, 2])));
    for step in 1..=100 {
        emitter.emit(prediction(1, step));
        emitter.emit(prediction(2, step));
    }
    assert_eq!(waiting(&mut reports), [prediction(1, 100), prediction(2, 100)]);
}

#[test]
fn a_listener_that_goes_gets_no_more_and_the_others_go_on() {
    let (hub, emitter, _commands) = connected();
    let (gone, mut gone_reports) = hub.join();
    let (_stays, mut reports) = hub.join();
    let (deaf, deaf_reports) = hub.join();
    emitter.emit(Report::Paused);
    drop(gone);
    drop(deaf_reports);
    emitter.emit(Report::Finished);
    assert_eq!(gone_reports.wait(), Some(Report::Paused), "what waited is still there");
    assert_eq!(gone_reports.wait(), None);
    assert_eq!(waiting(&mut reports), [Report::Paused, Report::Finished]);
    drop(deaf);
}

#[test]
fn the_stream_ends_with_what_feeds_it_and_whoever_comes_then_gets_what_was() {
    let (hub, emitter, commands) = connected();
    let (seat, mut reports) = hub.join();
    let other = emitter.clone();
    other.emit(Report::Finished);
    drop(emitter);
    assert_eq!(waiting(&mut reports), [Report::Finished]);
    assert_eq!(reports.try_next(), Err(TryRecvError::Empty));
    drop(other);
    assert_eq!(reports.try_next(), Err(TryRecvError::Disconnected));
    seat.send(Command::Pause);
    assert_eq!(commands.try_recv(), Err(TryRecvError::Disconnected), "nobody takes commands");
    let (_late, mut late) = hub.join();
    assert_eq!((late.wait(), late.wait()), (Some(Report::Finished), None));
}

#[test]
fn whoever_waits_is_woken_by_a_report_and_by_the_end() {
    let (hub, emitter, _commands) = connected();
    let (_seat, mut reports) = hub.join();
    let waits = std::thread::spawn(move || (reports.wait(), reports.wait()));
    emitter.emit(Report::Paused);
    drop(emitter);
    assert_eq!(waits.join().expect("it waits and goes"), (Some(Report::Paused), None));

    let (hub, emitter, _commands) = connected();
    let (_seat, mut reports) = hub.join();
    std::thread::spawn(move || emitter.emit(Report::Resumed));
    assert_eq!(block_on(reports.next()), Some(Report::Resumed));
    assert_eq!(block_on(reports.next()), None);
}

/// Wakes a thread that waits for a future.
struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// An event loop with nothing else to do.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn what_is_looked_at_before_a_trainer_is_there_is_asked_of_it_when_it_comes() {
    let (hub, _emitter) = Hub::new(true);
    let (seat, _reports) = hub.join();
    seat.send(Command::Look(look(&[7])));
    let (commands, received) = engine::commands();
    hub.connect(commands);
    assert_eq!(received.try_iter().collect::<Vec<_>>(), [Command::Look(look(&[7]))]);
}

#[test]
fn of_checkpoints_the_newest_waits_and_what_was_not_saved_is_said() {
    let (hub, emitter, _commands) = connected();
    let (_seat, mut reports) = hub.join();
    for step in 1..=100 {
        emitter.emit(Report::Saved { step });
    }
    emitter.emit(not_saved("full"));
    emitter.emit(Report::Saved { step: 101 });
    emitter.emit(Report::Saved { step: 102 });
    assert_eq!(waiting(&mut reports), [Report::Saved { step: 100 }, not_saved("full"), Report::Saved { step: 102 }]);
}

#[test]
fn a_run_that_begins_again_is_all_that_is_known_of_it() {
    let (hub, emitter, _commands) = connected();
    emit_all(&emitter, &[started(), Report::Batch(batch(1, 1)), epoch_report(1), Report::Finished, started()]);
    let (_seat, mut late) = hub.join();
    assert_eq!(waiting(&mut late), [started()]);
}

#[test]
fn waiting_letters_leave_the_memory_of_predictions_to_the_hub() {
    let (hub, emitter) = Hub::new(false);
    let (_seat, mut reports) = hub.join();
    let shared: Vec<Predictions> = (0..50).map(|_| predictions(0.5)).collect();
    for (number, predictions) in (1..).zip(&shared) {
        emitter.emit(Report::Epoch { record: epoch(number), predictions: predictions.clone() });
    }
    let held = shared.iter().filter(|predictions| std::sync::Arc::strong_count(predictions) > 1).count();
    let weak: usize = shared.iter().map(std::sync::Arc::weak_count).sum();
    assert!(held <= 2 && weak == 0, "{held} epochs are held, and {weak} letters keep the memory of one");
    assert_eq!(waiting(&mut reports).len(), 50);
}
