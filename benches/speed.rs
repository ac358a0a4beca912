//! How long the parts take: `cargo bench`. What is trained and drawn is the real thing, through the public interface.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, LazyLock,
        mpsc::{Receiver, sync_channel},
    },
};

use divan::{Bencher, black_box, counter::ItemsCount};
use fitroom::{
    app::{Action, App, Direction, Half, Loaded, Page, Screen, Stride},
    engine::{self, Job, Worker},
    fashion::{Dataset, FASHION_NAMES, Source, Survey},
    protocol::{Command, Look, Predictions, Report},
    settings::Settings,
    view::{self, Depth, Theme},
};
use ratatui::{Terminal, backend::TestBackend, layout::Rect};

static FASHION: LazyLock<Dataset> = LazyLock::new(|| Source::Embedded.load().expect("the embedded images are whole"));

fn main() {
    if let Some(name) = std::env::var(engine::INSTRUCTIONS).ok().filter(|name| !name.is_empty()) {
        engine::compute_with(&name).expect("the processor has these instructions");
    }
    divan::main();
}

/// A run that goes on for ever, and waits for its reports to be taken.
struct Run {
    reports: Receiver<Report>,
    _worker: Worker,
}

impl Run {
    /// Trains on so many training and test images.
    fn new(train: usize, test: usize, settings: Settings) -> Self {
        let dataset = Arc::new(Dataset::new(FASHION.train.head(train), FASHION.test.head(test), FASHION_NAMES));
        let settings = Settings { epochs: u32::MAX, ..settings };
        let job = Job::new(settings, dataset);
        let (sender, reports) = sync_channel(0);
        let worker = engine::spawn(job, move |report| drop(sender.send(report))).expect("the CPU is always there");
        let run = Self { reports, _worker: worker };
        run.epoch();
        run
    }

    /// Waits for the end of an epoch.
    fn epoch(&self) {
        while !matches!(self.reports.recv(), Ok(Report::Epoch { .. })) {}
    }
}

fn threads(count: usize) -> Settings {
    Settings { threads: NonZeroUsize::new(count), ..Settings::default() }
}

/// A hundred of the tutorial's steps.
#[divan::bench(args = [1, 2], sample_count = 50)]
fn steps_100(bencher: Bencher, count: usize) {
    let run = Run::new(3_200, 1, threads(count));
    bencher.counter(ItemsCount::new(100_usize)).bench_local(|| run.epoch());
}

/// An epoch of 60,000 images.
#[divan::bench(args = [1, 2], sample_count = 10)]
fn epoch(bencher: Bencher, count: usize) {
    let run = Run::new(60_000, 1, threads(count));
    bencher.counter(ItemsCount::new(60_000_usize)).bench_local(|| run.epoch());
}

/// An epoch of other networks and batches: hidden layers, batch size.
#[divan::bench(args = [(&[128][..], 1_024), (&[256, 64][..], 32), (&[1_024][..], 256)], sample_count = 5)]
fn epoch_of(bencher: Bencher, (hidden, batch_size): (&[usize], usize)) {
    let run = Run::new(60_000, 1, Settings { hidden: hidden.to_vec(), batch_size, ..Settings::default() });
    bencher.counter(ItemsCount::new(60_000_usize)).bench_local(|| run.epoch());
}

/// The evaluation of 10,000 test images, after a step on one image.
#[divan::bench(sample_count = 50)]
fn evaluation(bencher: Bencher) {
    let run = Run::new(1, 10_000, Settings::default());
    bencher.counter(ItemsCount::new(10_000_usize)).bench_local(|| run.epoch());
}

/// Inflating and reading all four files.
#[divan::bench(sample_count = 10)]
fn idx_reading(bencher: Bencher) {
    bencher.counter(ItemsCount::new(70_000_usize)).bench(|| Source::Embedded.load());
}

/// The dashboard after an epoch of training.
fn trained() -> App {
    let dataset = Arc::new(FASHION.clone());
    let mut app = App::new(None);
    app.load(Loaded::Data(Arc::clone(&dataset)));
    let settings = Settings { epochs: 1, ..Settings::default() };
    let mut job = Job::new(settings, dataset);
    job.demands.evaluate_untrained = true;
    let (sender, reports) = sync_channel(64);
    let worker = engine::spawn(job, move |report| drop(sender.send(report))).expect("the CPU is always there");
    let look = Look { predicted: [0].into(), ..Look::default() };
    worker.send(Command::Look(look)).expect("it trains");
    for report in reports {
        let is_last = report == Report::Finished;
        app.apply(report);
        if is_last {
            break;
        }
    }
    app
}

/// A frame of each screen.
#[divan::bench(args = Screen::ALL, consts = [80, 200])]
fn frame<const COLUMNS: u16>(bencher: Bencher, screen: Screen) {
    let (columns, rows) = (COLUMNS, if COLUMNS == 80 { 24 } else { 60 });
    let mut app = trained();
    app.load(Loaded::Survey(Box::new(Survey::new(&FASHION))));
    app.act(Action::Show(screen), &view::page(Rect::new(0, 0, columns, rows), &app));
    let theme = Theme::new(Depth::TrueColor, false);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a test terminal is always to be had");
    bencher.bench_local(|| terminal.draw(|frame| view::draw(frame, black_box(&app), &theme)).map(|_| ()));
}

/// Leafing to the next image, and to the next wrong one; other filters, orders, epochs and screens.
#[divan::bench(args = [
    Action::Go(Stride::One, Direction::Forward),
    Action::Wrong(Direction::Forward),
    Action::NextClass,
    Action::ToggleWrong,
    Action::NextOrder,
    Action::See(0),
    Action::NextScreen,
])]
fn action(bencher: Bencher, action: Action) {
    let (mut app, page) = (trained(), Page::default());
    bencher.bench_local(|| app.act(black_box(action), &page));
}

/// Taking in the predictions of an epoch while the surest mistakes stand first: verdicts, matrix, list.
#[divan::bench]
fn predictions(bencher: Bencher) {
    let mut app = trained();
    app.act(Action::NextOrder, &Page::default());
    app.act(Action::NextOrder, &Page::default());
    let rows: Predictions =
        (0..10_000).filter_map(|index| app.scene().prediction(Half::Test, index).copied()).collect();
    let mut step = 1;
    bencher.with_inputs(|| rows.clone()).bench_local_values(|predictions| {
        step += 1;
        app.apply(Report::Untrained { step, predictions });
    });
}
