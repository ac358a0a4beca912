//! The dashboard's keys as triples: before, keys, after. States are built as the program builds them, by reports and keys.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::{fashion::Source, settings::Settings};

/// Reads `l l :12 Enter C-c`: names of keys, or else each character of a word.
fn events(keys: &str) -> Vec<KeyEvent> {
    let named = |name: &str| match name {
        "Enter" => Some(KeyCode::Enter),
        "Esc" => Some(KeyCode::Esc),
        "Bksp" => Some(KeyCode::Backspace),
        "Space" => Some(KeyCode::Char(' ')),
        "Left" => Some(KeyCode::Left),
        "Right" => Some(KeyCode::Right),
        "Up" => Some(KeyCode::Up),
        "Down" => Some(KeyCode::Down),
        "PgUp" => Some(KeyCode::PageUp),
        "PgDn" => Some(KeyCode::PageDown),
        "Home" => Some(KeyCode::Home),
        "End" => Some(KeyCode::End),
        _ => None,
    };
    let mut events = Vec::new();
    for word in keys.split_whitespace() {
        if let Some(code) = named(word) {
            events.push(KeyEvent::new(code, KeyModifiers::NONE));
        } else if let Some(letter) = word.strip_prefix("C-") {
            let letter = letter.chars().next().expect("a letter follows C-");
            events.push(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL));
        } else {
            events.extend(word.chars().map(|letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
        }
    }
    events
}

/// Presses the keys; the commands that left for the worker.
fn press(app: &mut App, keys: &str) -> Vec<Command> {
    events(keys)
        .into_iter()
        .filter_map(|event| {
            let action = match app.overlay() {
                Overlay::Prompt(_) => keys::prompt_action(event),
                Overlay::None | Overlay::Help => keys::action(event),
            };
            action.and_then(|action| app.act(action))
        })
        .collect()
}

/// Probabilities that are sure of the class.
fn sure_of(class: usize) -> Probabilities {
    let mut probabilities = [0.01; 10];
    probabilities[class] = 0.91;
    probabilities
}

fn started() -> Report {
    Report::Started(Started {
        settings: Settings::default(),
        device: "CPU".to_owned(),
        parameters: 101_770,
        train_images: 60_000,
        test_images: 10_000,
        run: None,
        past: Vec::new(),
        past_steps: 0,
        gpu: None,
    })
}

fn record(epoch: u32) -> EpochRecord {
    EpochRecord {
        epoch,
        step: u64::from(epoch) * 1875,
        loss: 0.5,
        accuracy: 0.8,
        val_loss: 0.4,
        val_accuracy: 0.85,
        learning_rate: 0.001,
        seconds: 1.0,
        eval_seconds: 0.03,
        images_per_second: 60_000.0,
    }
}

fn batch(step: u64, images_per_second: f64) -> Report {
    Report::Batch(Batch {
        epoch: 1,
        step_in_epoch: step,
        step,
        steps: 1,
        loss: 1.0,
        accuracy: 0.5,
        epoch_loss: 1.0,
        epoch_accuracy: 0.5,
        seconds: 0.1,
        images_per_second,
    })
}

fn dataset() -> Arc<Dataset> {
    static DATA: std::sync::OnceLock<Arc<Dataset>> = std::sync::OnceLock::new();
    Arc::clone(DATA.get_or_init(|| Arc::new(Source::Embedded.load().expect("the data is compiled in"))))
}

/// A run in its first epoch, with the real images.
fn training() -> App {
    let mut app = App::new(None);
    app.load(dataset());
    app.apply(started());
    app
}

/// A run after its first epoch, whose network is right everywhere but at these images.
fn wrong_at(wrong: &[usize]) -> App {
    let mut app = training();
    let data = dataset();
    let predictions = (0..data.test.len())
        .map(|index| {
            let truth = data.test.class(index).index();
            sure_of(if wrong.contains(&index) { (truth + 1) % 10 } else { truth })
        })
        .collect();
    app.apply(Report::Epoch { record: record(1), predictions });
    app
}

#[test]
fn leafing_goes_where_the_key_says_and_stops_at_the_ends() {
    for (before, keys, after) in [
        (0, "l", 1),
        (0, "Right Right", 2),
        (0, "h", 0),
        (5, "Left", 4),
        (5, "k", 0),
        (5, "j", 15),
        (50, "Up Down Down", 60),
        (50, "PgDn", 150),
        (50, "PgUp", 0),
        (50, "G", 9999),
        (9999, "l", 9999),
        (9995, "j", 9999),
        (9995, "End Home", 0),
        (50, "g", 0),
        (0, ":123 Enter", 123),
        (0, "/12 Bksp 5 Enter", 15),
        (7, ":123 Esc", 7),
        (7, ":9999 Enter", 9999),
        (7, ":10000 Enter", 7),
        (7, ": Enter", 7),
        (7, ":99999999999999 Enter", 7),
        (7, ":1x2 Enter", 12),
    ] {
        let mut app = training();
        press(&mut app, &format!(":{before} Enter"));
        press(&mut app, keys);
        assert_eq!(app.selected(), after, "{before}, {keys}");
        assert_eq!(app.overlay(), &Overlay::None, "{before}, {keys}");
    }
}

#[test]
fn each_leafing_asks_the_worker_for_the_image_it_reached() {
    let mut app = training();
    assert_eq!(press(&mut app, "l j"), [Command::Select { index: 1 }, Command::Select { index: 11 }]);
    assert_eq!(press(&mut app, ":42 Enter"), [Command::Select { index: 42 }]);
}

#[test]
fn an_index_that_is_not_there_is_answered_with_the_last_one_that_is() {
    let mut app = training();
    press(&mut app, ":10000 Enter");
    assert_eq!(app.notice(), Some("no test image 10000: the last one is 9999"));
    press(&mut app, "l");
    assert_eq!(app.notice(), None);
}

#[test]
fn wrong_predictions_are_found_in_both_directions_and_around_the_end() {
    for (before, keys, after, notice) in [
        (0, "n", 12, None),
        (12, "n", 300, None),
        (300, "n", 9000, None),
        (9000, "n", 12, Some("from the start again")),
        (12, "N", 9000, Some("from the end again")),
        (9000, "N N", 12, None),
    ] {
        let mut app = wrong_at(&[12, 300, 9000]);
        press(&mut app, &format!(":{before} Enter"));
        press(&mut app, keys);
        assert_eq!((app.selected(), app.notice()), (after, notice), "{before}, {keys}");
    }
}

#[test]
fn without_a_wrong_prediction_the_selection_stays_and_a_sentence_says_why() {
    let mut app = wrong_at(&[]);
    assert_eq!(press(&mut app, ":7 Enter n"), [Command::Select { index: 7 }]);
    assert_eq!((app.selected(), app.notice()), (7, Some("no wrong prediction among the test images")));
    let mut app = training();
    press(&mut app, "n");
    assert_eq!(app.notice(), Some("no predictions yet: they come with the first evaluation"));
}

#[test]
fn pausing_twice_resumes() {
    let mut app = training();
    assert_eq!(press(&mut app, "Space"), [Command::Pause]);
    assert_eq!(app.phase(), &Phase::Paused);
    assert_eq!(press(&mut app, "Space"), [Command::Resume]);
    assert_eq!(app.phase(), &Phase::Training);
}

#[test]
fn a_single_batch_is_trained_only_while_paused() {
    let mut app = training();
    assert_eq!(press(&mut app, "."), []);
    assert_eq!(app.notice(), Some("pause first (Space), then batch by batch"));
    assert_eq!(press(&mut app, "Space . ."), [Command::Pause, Command::Step, Command::Step]);
}

#[test]
fn the_pace_halves_from_full_speed_down_to_one_and_doubles_back_to_full_speed() {
    let mut app = training();
    app.apply(batch(1, 32.0 * 900.0));
    for (keys, pace) in [
        ("<", Some(256.0)),
        ("<", Some(128.0)),
        (">", Some(256.0)),
        (">", Some(512.0)),
        (">", None),
        (">", None),
        ("< < < < < < < < <", Some(1.0)),
        ("<", Some(1.0)),
    ] {
        let commands = press(&mut app, keys);
        assert_eq!(app.pace(), pace, "{keys}");
        assert_eq!(commands.last(), Some(&Command::Pace { steps_per_second: pace }), "{keys}");
    }
}

#[test]
fn help_opens_and_closes_by_its_key_and_by_escape() {
    let mut app = training();
    press(&mut app, "?");
    assert_eq!(app.overlay(), &Overlay::Help);
    press(&mut app, "?");
    assert_eq!(app.overlay(), &Overlay::None);
    press(&mut app, "? Esc");
    assert_eq!(app.overlay(), &Overlay::None);
}

#[test]
fn keys_before_the_data_set_is_read_do_no_harm() {
    let mut app = App::new(None);
    assert_eq!(press(&mut app, "l h j k n N g G :5 Enter Space . i"), []);
    assert_eq!((app.selected(), app.phase()), (0, &Phase::Loading));
}

#[test]
fn quitting_stops_the_worker() {
    for keys in ["q", "C-c", ":12 C-c", "? q"] {
        let mut app = training();
        assert_eq!(press(&mut app, keys).last(), Some(&Command::Stop), "{keys}");
        assert!(app.quitting(), "{keys}");
    }
}

#[test]
fn the_freshest_prediction_of_the_selected_image_is_shown() {
    let mut app = wrong_at(&[]);
    let truth = dataset().test.class(0).index();
    assert_eq!(app.prediction(0), Some(&sure_of(truth)));
    app.apply(Report::Prediction { index: 0, step: 1900, probabilities: sure_of(3) });
    assert_eq!(app.prediction(0), Some(&sure_of(3)));
    assert_eq!(app.prediction(1), Some(&sure_of(dataset().test.class(1).index())));
    app.apply(Report::Prediction { index: 0, step: 1000, probabilities: sure_of(4) });
    assert_eq!(app.prediction(0), Some(&sure_of(truth)), "older than the evaluation");
}

#[test]
fn a_failed_run_says_why_and_lets_the_person_leaf() {
    let mut app = training();
    app.apply(Report::Failed { reason: "the loss became NaN".to_owned() });
    assert_eq!(press(&mut app, "l Space"), [Command::Select { index: 1 }]);
    assert_eq!(app.phase(), &Phase::Failed { reason: "the loss became NaN".to_owned() });
    assert_eq!(app.notice(), Some("training has ended"));
}

#[test]
fn saving_is_told_when_it_is_done_and_failing_until_it_works_again() {
    let mut app = App::new(None);
    assert_eq!(app.act(Action::Save), None);
    assert_eq!(app.notice(), Some("nothing to save yet"));
    let mut app = training();
    assert_eq!(app.act(Action::Save), Some(Command::Save));
    app.apply(Report::Saved { step: 7 });
    assert_eq!(app.notice(), Some("saved as it is after step 7"));
    app.apply(Report::NotSaved { reason: "not saved: the disk is full".to_owned() });
    app.act(Action::Next);
    assert_eq!((app.notice(), app.unsaved()), (None, Some("not saved: the disk is full")));
    app.act(Action::Save);
    app.apply(Report::NotSaved { reason: "not saved: the disk is full".to_owned() });
    assert_eq!((app.notice(), app.unsaved()), (None, Some("not saved: the disk is full")));
    // One that nobody asked for is no news but that it works again.
    app.apply(Report::Saved { step: 8 });
    assert_eq!((app.notice(), app.unsaved()), (None, None));
}

#[test]
fn a_run_that_goes_on_shows_the_epochs_that_it_had() {
    let mut app = App::new(None);
    let record = record(1);
    let Report::Started(started) = started() else { panic!("it is a start") };
    app.apply(Report::Started(Started { past: vec![record], past_steps: record.step, ..started }));
    assert_eq!(app.epochs(), [record]);
    assert_eq!(app.history().points().len(), 1);
}
