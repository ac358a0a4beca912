//! Runs to look at: the dashboard's state after reports and keys, over the real test images. The figures are made up,
//! in the shape that a run's have.

use crate::{
    app::{Action, App, Direction, Loaded, Page, Screen, Stride},
    fashion::{CLASSES, PIXELS, SIDE, Survey},
    protocol::{
        Attribution, Batch, BatchRecord, EpochRecord, OtherRun, Predictions, Report, Started, Tile, Tiles,
        samples::{self, EPOCH, dataset},
    },
    settings::Settings,
};

/// Steps that one report stands for.
const REPORTED: u64 = 25;

/// Does what a key means, on a terminal of the usual size.
fn act(app: &mut App, action: Action) {
    app.act(action, &Page::default());
}

/// Before anything is known.
pub fn loading() -> App {
    App::new(None)
}

/// The images are read, the untrained network has seen them, no batch is trained.
pub fn started() -> App {
    let mut app = loading();
    app.load(Loaded::Data(dataset()));
    app.apply(Report::Started(samples::started()));
    app.apply(Report::Untrained { step: 0, predictions: predictions(0.0) });
    app
}

/// After so many steps, at most 18,750; an epoch that is complete has been evaluated.
pub fn trained(steps: u64) -> App {
    let mut app = started();
    train(&mut app, steps);
    app
}

/// Trains from the first step to this one.
fn train(app: &mut App, steps: u64) {
    let mut step = 0;
    while step < steps {
        let next = (step + REPORTED).min(steps);
        app.apply(Report::Batch(batch(next, next - step)));
        step = next;
        if step.is_multiple_of(EPOCH) {
            let epoch = u32::try_from(step / EPOCH).expect("few epochs");
            app.apply(Report::Evaluating { epoch });
            app.apply(Report::Epoch { record: record(epoch), predictions: predictions(f64::from(epoch)) });
        }
    }
}

/// In the third of ten epochs.
pub fn third_epoch() -> App {
    trained(2 * EPOCH + 1234)
}

/// Paused in the first epoch, in slow motion.
pub fn slow_motion() -> App {
    let mut app = trained(150);
    for _ in 0..8 {
        act(&mut app, Action::Slower);
    }
    app.apply(Report::Batch(Batch { images_per_second: 512.0, ..batch(155, 5) }));
    app.apply(Report::Paced { steps_per_second: Some(16.0) });
    act(&mut app, Action::TogglePause);
    app.apply(Report::Paused);
    app
}

/// The test images are predicted after the third epoch.
pub fn evaluating() -> App {
    let mut app = trained(3 * EPOCH - 1);
    app.apply(Report::Batch(batch(3 * EPOCH, 1)));
    app.apply(Report::Evaluating { epoch: 3 });
    app
}

/// A pause is asked for, and the worker has not come to it.
pub fn pausing() -> App {
    let mut app = third_epoch();
    act(&mut app, Action::TogglePause);
    app
}

/// The same while the test images are predicted.
pub fn pausing_after_the_evaluation() -> App {
    let mut app = evaluating();
    act(&mut app, Action::TogglePause);
    app
}

/// All ten epochs are trained.
pub fn done() -> App {
    let mut app = trained(10 * EPOCH);
    app.apply(Report::Finished);
    app
}

/// In the third epoch, as somebody sees it who only watches.
pub fn watched() -> App {
    let mut app = App::of_another();
    app.load(Loaded::Data(dataset()));
    app.apply(Report::Started(Started { run: Some("coat".to_owned()), ..samples::started() }));
    app.apply(Report::Untrained { step: 0, predictions: predictions(0.0) });
    train(&mut app, 2 * EPOCH + 1234);
    app
}

/// The same, of a run that has ended and is played again.
pub fn replayed() -> App {
    let mut app = watched();
    app.apply(Report::Started(Started { run: Some("coat".to_owned()), ..samples::started() }));
    app.apply(Report::Replaying);
    app.apply(Report::Paced { steps_per_second: Some(1024.0) });
    app.apply(Report::Untrained { step: 0, predictions: predictions(0.0) });
    train(&mut app, 2 * EPOCH + 1234);
    app
}

/// A run that was killed, and that nobody trains.
pub fn killed() -> App {
    let mut app = watched();
    let next = Some("fitroom --resume coat".to_owned());
    app.apply(Report::Ended { how: "killed in epoch 3".to_owned(), next });
    app
}

/// The loss is no number any more.
pub fn failed() -> App {
    let mut app = loading();
    app.load(Loaded::Data(dataset()));
    let settings = Settings { learning_rate: 0.003, ..Settings::default() };
    app.apply(Report::Started(Started { settings, ..samples::started() }));
    app.apply(Report::Untrained { step: 0, predictions: predictions(0.0) });
    train(&mut app, 2 * EPOCH + 1233);
    app.apply(Report::Failed { reason: samples::DIVERGED.to_owned() });
    app
}

/// The tutorial's Sneaker that is taken for a Sandal.
pub fn wrong() -> App {
    let mut app = third_epoch();
    act(&mut app, Action::Wrong(Direction::Forward));
    app
}

pub fn help() -> App {
    let mut app = third_epoch();
    act(&mut app, Action::ToggleHelp);
    app
}

/// An index is typed.
pub fn prompt() -> App {
    let mut app = third_epoch();
    for action in [Action::OpenPrompt, Action::Type('1'), Action::Type('2'), Action::Type('3')] {
        act(&mut app, action);
    }
    app
}

/// A key had no effect and says why.
pub fn notice() -> App {
    let mut app = third_epoch();
    act(&mut app, Action::Step);
    app
}

/// A screen of a run that is done, after these actions.
fn screen(screen: Screen, actions: &[Action]) -> App {
    let mut app = done();
    app.load(Loaded::Survey(Box::new(Survey::new(&dataset()))));
    act(&mut app, Action::Show(screen));
    for action in actions {
        act(&mut app, *action);
    }
    app
}

/// The mistakes of one class, seen as they were after the first epoch.
pub fn filtered() -> App {
    let mut actions = vec![Action::NextClass; 8];
    actions.extend([Action::ToggleWrong, Action::NextOrder]);
    actions.extend([Action::Earlier; 9]);
    screen(Screen::Dashboard, &actions)
}

/// A run of other settings beside this one, smoothed and with a cursor.
pub fn compared() -> App {
    let mut app = screen(Screen::Curves, &[Action::PickRun]);
    let settings = Settings { learning_rate: 1e-4, ..Settings::default() };
    let epochs = (1..=8).map(|epoch| {
        let record = record(epoch);
        EpochRecord { loss: record.loss + 0.1, val_loss: record.val_loss + 0.1, ..record }
    });
    app.load(Loaded::Runs(Ok(vec![OtherRun { name: "slow".to_owned(), settings, epochs: epochs.collect() }])));
    for action in [
        Action::Enter,
        Action::NextSmoothing,
        Action::NextSmoothing,
        Action::Go(Stride::One, Direction::Back),
        Action::Go(Stride::One, Direction::Back),
    ] {
        act(&mut app, action);
    }
    app
}

/// The runs to choose from.
pub fn choice() -> App {
    let mut app = screen(Screen::Curves, &[Action::PickRun]);
    let run = |name: &str, learning_rate| OtherRun {
        settings: Settings { learning_rate, ..Settings::default() },
        epochs: vec![record(1), record(2)],
        ..samples::other_run(name, 0)
    };
    app.load(Loaded::Runs(Ok(vec![run("coat", 1e-3), run("shirt", 1e-4)])));
    app
}

/// Units that look for stripes, each of another width.
pub fn neurons(actions: &[Action]) -> App {
    let mut app = screen(Screen::Neurons, &[]);
    let tile = |number: usize| Tile {
        number,
        title: format!("Unit {number}"),
        rows: SIDE,
        columns: SIDE,
        values: (0..PIXELS)
            .map(|pixel| if (pixel / (number % 9 + 2)).is_multiple_of(2) { 0.1 } else { -0.1 })
            .collect(),
        votes: (0..CLASSES).map(|class| if class == number % CLASSES { 0.9 } else { -0.1 }).collect(),
    };
    app.apply(Report::Tiles(Tiles { step: 18_750, of: 128, tiles: (0..128).map(tile).collect() }));
    for action in actions {
        act(&mut app, *action);
    }
    app
}

/// The picture of the mistake that `wrong` shows, with what its pixels say.
pub fn explained() -> App {
    let mut app = screen(Screen::Dashboard, &[Action::Wrong(Direction::Forward), Action::ToggleExplain]);
    let pixels = dataset().test.image(12).pixels().map(|byte| f32::from(byte) / 255.0);
    let pixels = (0..).zip(pixels).map(|(pixel, ink)| if pixel % 28 < 14 { ink } else { -ink }).collect();
    app.apply(Report::Attribution(Attribution { index: 12, step: 18_750, pixels }));
    app
}

/// The mistakes among the coats before the training, when everything was taken for a coat.
fn empty() -> App {
    let mut actions = vec![Action::NextClass; 5];
    actions.extend([Action::ToggleWrong, Action::See(0)]);
    screen(Screen::Gallery, &actions)
}

/// The screens beside the Dashboard, each with its name.
pub fn screens() -> Vec<(&'static str, App)> {
    let cell = [Action::Enter];
    vec![
        (
            "gallery",
            screen(
                Screen::Gallery,
                &[Action::Go(Stride::Row, Direction::Forward), Action::Go(Stride::One, Direction::Forward)],
            ),
        ),
        ("gallery_large", screen(Screen::Gallery, &[Action::Wrong(Direction::Forward), Action::Enter])),
        ("gallery_training", screen(Screen::Gallery, &[Action::ToggleHalf, Action::Zoom(Direction::Forward)])),
        ("training_values", screen(Screen::Gallery, &[Action::ToggleHalf, Action::Enter])),
        ("gallery_empty", empty()),
        ("gallery_cell", screen(Screen::Confusion, &cell)),
        ("confusion", screen(Screen::Confusion, &[])),
        ("curves", screen(Screen::Curves, &[])),
        ("compared", compared()),
        ("choice", choice()),
        ("data", screen(Screen::Data, &[Action::Go(Stride::One, Direction::Forward)])),
        ("neurons", neurons(&[Action::Go(Stride::One, Direction::Forward)])),
        ("neuron", neurons(&[Action::Enter])),
        ("filtered", filtered()),
        ("explained", explained()),
    ]
}

/// Every scene of the Dashboard with its name.
pub fn all() -> Vec<(&'static str, App)> {
    vec![
        ("loading", loading()),
        ("started", started()),
        ("third_epoch", third_epoch()),
        ("slow_motion", slow_motion()),
        ("evaluating", evaluating()),
        ("pausing", pausing()),
        ("pausing_after_the_evaluation", pausing_after_the_evaluation()),
        ("done", done()),
        ("failed", failed()),
        ("wrong", wrong()),
        ("help", help()),
        ("prompt", prompt()),
        ("notice", notice()),
    ]
}

/// A falling loss and a rising accuracy, with the noise of small batches.
pub fn batch(step: u64, steps: u64) -> Batch {
    let at = f64::from(u32::try_from(step).expect("few steps"));
    let noise = (at * 12.9898).sin() * 0.06 / f64::from(u32::try_from(steps).expect("few steps")).sqrt();
    let mean = 0.22 + 0.28 * (-at / 5000.0).exp() + 1.7 * (-at / 70.0).exp();
    let right = 0.92 - 0.1 * (-at / 5000.0).exp() - 0.65 * (-at / 70.0).exp();
    let report = samples::batch(step);
    Batch {
        spans: vec![BatchRecord { epoch: report.epoch, step, steps, loss: mean + noise, accuracy: right - noise }],
        epoch_loss: mean,
        epoch_accuracy: right,
        seconds: f64::from(u32::try_from(report.step_in_epoch).expect("few steps")) / 4700.0,
        images_per_second: 150_400.0 + 3000.0 * noise,
        ..report
    }
}

fn record(epoch: u32) -> EpochRecord {
    let batch = batch(u64::from(epoch) * EPOCH, 1);
    EpochRecord {
        loss: batch.epoch_loss + 0.05,
        accuracy: batch.epoch_accuracy - 0.01,
        val_loss: batch.epoch_loss + 0.09,
        val_accuracy: batch.epoch_accuracy - 0.03,
        seconds: 0.4,
        eval_seconds: 0.03,
        images_per_second: 150_400.0,
        ..samples::record(epoch)
    }
}

/// Images 12, 49 and so on are taken for the class two before their own, as a Sneaker for a Sandal; all others are
/// right, more surely so after more epochs.
fn predictions(epochs: f64) -> Predictions {
    let test = &dataset().test;
    (0..test.len())
        .map(|index| {
            let truth = test.class(index).index();
            if epochs == 0.0 {
                return std::array::from_fn(|class| if class == 4 { 0.19 } else { 0.09 });
            }
            let wrong = index % 37 == 12;
            let (first, second) =
                if wrong { ((truth + CLASSES - 2) % CLASSES, truth) } else { (truth, (truth + 3) % CLASSES) };
            let sure = if wrong { 0.83 } else { 1.0 - 0.12 / epochs };
            std::array::from_fn(|class| {
                #[expect(clippy::cast_possible_truncation, reason = "a probability")]
                match class {
                    _ if class == first => sure as f32,
                    _ if class == second => ((1.0 - sure) * 0.8) as f32,
                    _ => ((1.0 - sure) * 0.2 / 8.0) as f32,
                }
            })
        })
        .collect()
}
