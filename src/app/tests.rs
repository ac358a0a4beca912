//! The dashboard's keys as triples: before, keys, after. States are built as the program builds them, by reports and
//! keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use super::{album::Album, screens::curves};
use crate::{
    fashion::{CLASSES, Class},
    protocol::{
        Batch, EpochRecord, Predictions, Probabilities, Started, TileRange,
        samples::{self, dataset, record},
    },
};

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
        "Tab" => Some(KeyCode::Tab),
        "BackTab" => Some(KeyCode::BackTab),
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

/// Presses the keys on a terminal of the usual size; the commands that left for the worker.
fn press(app: &mut App, keys: &str) -> Vec<Command> {
    press_on(app, &Page::default(), keys)
}

/// The same on a terminal that holds so much.
fn press_on(app: &mut App, page: &Page, keys: &str) -> Vec<Command> {
    events(keys)
        .into_iter()
        .filter_map(|event| {
            let action = app.action(event);
            action.and_then(|action| app.act(action, page))
        })
        .collect()
}

/// The images that the screen shows.
fn album(app: &App) -> &Album {
    app.scene().album(app.half())
}

/// Whether one image, or one unit, has the whole screen.
fn is_large(app: &App) -> bool {
    let screens = app.screens();
    match app.screen() {
        Screen::Gallery => screens.gallery.stance.is_large,
        Screen::Neurons => screens.neurons.is_large,
        _ => false,
    }
}

/// The size of the screen's pictures.
fn size_of(app: &App) -> Option<u16> {
    match app.screen() {
        Screen::Dashboard => app.screens().dashboard.size,
        _ => Some(app.screens().gallery.size),
    }
}

fn look_of(app: &App, page: &Page) -> Look {
    app.wishes(page).look
}

/// Probabilities that are sure of the class.
fn sure_of(class: usize) -> Probabilities {
    let mut probabilities = [0.01; 10];
    probabilities[class] = 0.91;
    probabilities
}

fn batch(step: u64) -> Report {
    Report::Batch(samples::batch(step))
}

/// A run in its first epoch, with the real images.
fn training() -> App {
    let mut app = App::new(None);
    app.load(Loaded::Data(dataset()));
    app.apply(Report::Started(samples::started()));
    app
}

/// A run after its first epoch, whose network is right everywhere but at these images.
fn wrong_at(wrong: &[usize]) -> App {
    let mut app = training();
    app.apply(Report::Epoch { record: record(1), predictions: predictions(wrong) });
    app
}

/// Predictions that are right everywhere but at these images.
fn predictions(wrong: &[usize]) -> Predictions {
    let data = dataset();
    let truth = |index: usize| data.test.class(index).index();
    let predicted = |index| sure_of(if wrong.contains(&index) { (truth(index) + 1) % 10 } else { truth(index) });
    (0..data.test.len()).map(predicted).collect()
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
        assert_eq!(album(&app).selected(), after, "{before}, {keys}");
        assert_eq!(app.overlay(), &Overlay::None, "{before}, {keys}");
    }
}

#[test]
fn the_prediction_of_the_image_that_leafing_reached_is_asked_for() {
    let mut app = training();
    for (keys, index) in [("l", 1), ("j", 11), (":42 Enter", 42)] {
        assert_eq!(press(&mut app, keys), []);
        let expected = Look { predicted: BTreeSet::from([index]), ..Look::default() };
        assert_eq!(look_of(&app, &Page::default()), expected, "{keys}");
    }
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
        (9000, "n", 12, Some("continued from the start")),
        (12, "N", 9000, Some("continued from the end")),
        (9000, "N N", 12, None),
    ] {
        let mut app = wrong_at(&[12, 300, 9000]);
        press(&mut app, &format!(":{before} Enter"));
        press(&mut app, keys);
        assert_eq!((album(&app).selected(), app.notice()), (after, notice), "{before}, {keys}");
    }
}

#[test]
fn without_a_wrong_prediction_the_selection_stays_and_a_sentence_says_why() {
    let mut app = wrong_at(&[]);
    assert_eq!(press(&mut app, ":7 Enter n"), []);
    assert_eq!((album(&app).selected(), app.notice()), (7, Some("no wrong prediction among the test images")));
    let mut app = training();
    press(&mut app, "n");
    assert_eq!(app.notice(), Some("no predictions yet: they come with the first evaluation"));
}

#[test]
fn pausing_twice_resumes() {
    let mut app = training();
    assert_eq!(press(&mut app, "Space"), [Command::Pause]);
    assert_eq!(app.known().phase, Phase::Training, "the worker has not said so yet");
    app.apply(Report::Paused);
    assert_eq!(app.known().phase, Phase::Paused);
    assert_eq!(press(&mut app, "Space"), [Command::Resume]);
    app.apply(Report::Resumed);
    assert_eq!(app.known().phase, Phase::Training);
}

#[test]
fn after_an_evaluation_it_trains_or_waits_as_it_did_before() {
    let epoch = || Report::Epoch { record: record(1), predictions: predictions(&[]) };
    let mut app = training();
    app.apply(Report::Evaluating { epoch: 1 });
    assert_eq!(app.known().phase, Phase::Evaluating);
    app.apply(epoch());
    assert_eq!(app.known().phase, Phase::Training);

    app.apply(Report::Paused);
    assert_eq!(press(&mut app, "."), [Command::Step]);
    app.apply(Report::Evaluating { epoch: 2 });
    assert_eq!(app.known().phase, Phase::Evaluating);
    app.apply(epoch());
    assert_eq!(app.known().phase, Phase::Paused);
    // One that nobody has seen begin ends nothing.
    app.apply(epoch());
    assert_eq!(app.known().phase, Phase::Paused);
}

#[test]
fn a_pause_that_is_asked_for_while_an_epoch_is_evaluated_comes_once_and_is_taken_back_by_the_next_key() {
    let epoch = || Report::Epoch { record: record(1), predictions: predictions(&[]) };
    let mut app = training();
    app.apply(Report::Evaluating { epoch: 1 });
    assert_eq!(press(&mut app, "Space"), [Command::Pause]);
    assert_eq!((&app.known().phase, app.known().will_pause()), (&Phase::Evaluating, true));
    app.apply(epoch());
    assert!(app.known().will_pause(), "the end of an epoch is no answer to what was asked for");
    app.apply(Report::Paused);
    assert_eq!((&app.known().phase, app.known().asked_to_pause), (&Phase::Paused, None));

    let mut app = training();
    app.apply(Report::Evaluating { epoch: 1 });
    assert_eq!(press(&mut app, "Space Space"), [Command::Pause, Command::Resume]);
    app.apply(epoch());
    assert!(!app.known().will_pause());
    // Before the answers come.
    assert_eq!(press(&mut app, "Space"), [Command::Pause]);
    assert!(app.known().will_pause());
    for report in [Report::Paused, Report::Resumed, Report::Paused] {
        app.apply(report);
    }
    assert_eq!((&app.known().phase, app.known().asked_to_pause), (&Phase::Paused, None));
}

#[test]
fn a_single_batch_is_trained_only_while_paused() {
    let mut app = training();
    assert_eq!(press(&mut app, "."), []);
    assert_eq!(app.notice(), Some("pause first (Space), then train batch by batch"));
    assert_eq!(press(&mut app, "Space . ."), [Command::Pause, Command::Step, Command::Step]);
}

#[test]
fn the_pace_halves_from_full_speed_down_to_one_and_doubles_back_to_full_speed() {
    let mut app = training();
    app.apply(Report::Batch(Batch { images_per_second: 32.0 * 900.0, ..samples::batch(1) }));
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
        assert_eq!(app.known().pace, pace, "{keys}");
        assert_eq!(commands.last(), Some(&Command::Pace { steps_per_second: pace }), "{keys}");
    }
}

#[test]
fn the_pace_is_said_wherever_it_is_changed_and_after_the_end_why_it_is_not() {
    for screen in 1..=6 {
        let mut app = training();
        press(&mut app, &format!("{screen} <"));
        assert_eq!(app.notice(), Some("slow motion: 2,048 steps/s"), "screen {screen}");
        press(&mut app, "> >");
        assert_eq!(app.notice(), Some("full speed"), "screen {screen}");
        app.apply(Report::Finished);
        for key in ["<", ">"] {
            assert_eq!(press(&mut app, key), [], "{key}");
            assert_eq!((app.notice(), app.known().pace), (Some("training has ended"), None), "{key}");
        }
    }
}

#[test]
fn help_opens_and_closes_by_its_key_and_by_escape() {
    let mut app = training();
    press(&mut app, "?");
    assert_eq!(app.overlay(), &Overlay::Help { page: 0 });
    press(&mut app, "?");
    assert_eq!(app.overlay(), &Overlay::None);
    press(&mut app, "? Esc");
    assert_eq!(app.overlay(), &Overlay::None);
}

#[test]
fn keys_before_the_data_set_is_read_do_no_harm() {
    let mut app = App::new(None);
    assert_eq!(press(&mut app, "l h j k n N g G :5 Enter Space . i"), []);
    assert_eq!((album(&app).selected(), &app.known().phase), (0, &Phase::Loading));
}

/// The sample run, in training and kept.
fn kept() -> App {
    let mut app = training();
    app.apply(Report::Started(Started { run: Some("coat".to_owned()), ..samples::started() }));
    app
}

#[test]
fn keys_that_cannot_do_anything_before_the_data_set_is_read_say_so() {
    let loading = "the images are still being read";
    for (keys, notice) in [
        (":5 Enter", "no test image can be shown yet"),
        ("6 :5 Enter", "no unit can be shown yet"),
        ("Space", "training has not started yet"),
        (".", "training has not started yet"),
        ("l", loading),
        ("n", loading),
        ("c", loading),
        ("Enter", loading),
        ("2 Enter", loading),
        ("5 Enter", loading),
    ] {
        let mut app = App::new(None);
        assert_eq!(press(&mut app, keys), [], "{keys}");
        assert_eq!(app.notice(), Some(notice), "{keys}");
    }
}

#[test]
fn a_run_that_is_not_kept_is_left_without_a_question() {
    for keys in ["q", "C-c", ":12 C-c", "? q"] {
        let mut app = training();
        press(&mut app, keys);
        assert_eq!(app.leaving(), Some(Leaving::Stopping), "{keys}");
    }
}

#[test]
fn whoever_leaves_a_run_that_trains_is_asked_how() {
    for (keys, leaving) in [
        ("q", None),
        (":12 C-c", None),
        ("q s", Some(Leaving::Stopping)),
        ("q q", Some(Leaving::AtOnce)),
        ("C-c C-c", Some(Leaving::AtOnce)),
        ("q C-c", Some(Leaving::AtOnce)),
        ("q Esc", None),
        ("q l Space 3 Enter", None),
    ] {
        let mut app = kept();
        assert_eq!(press(&mut app, keys), [], "{keys}: nothing is asked of the run yet");
        assert_eq!(app.leaving(), leaving, "{keys}");
        assert_eq!(app.screen(), Screen::Dashboard, "{keys}");
    }
    let mut app = kept();
    press(&mut app, "q Esc");
    assert_eq!(app.overlay(), &Overlay::None, "it goes on");
    app.apply(Report::Finished);
    press(&mut app, "q");
    assert_eq!(app.leaving(), Some(Leaving::Stopping), "there is nothing left to go on");
}

#[test]
fn a_run_is_left_to_the_background_once_it_is_kept_and_stays_where_it_cannot_be() {
    let mut app = kept();
    assert_eq!(press(&mut app, "q d"), [Command::Save]);
    assert_eq!((app.leaving(), app.overlay()), (None, &Overlay::None));
    let reason = "not saved: the disk is full".to_owned();
    app.apply(Report::NotSaved { reason });
    assert_eq!(app.notice(), Some("it stays in this terminal: not saved: the disk is full"));
    app.apply(Report::Saved { step: 8 });
    assert_eq!(app.leaving(), None, "it was not asked for again");
    assert_eq!(press(&mut app, "q d"), [Command::Save]);
    app.apply(Report::Saved { step: 9 });
    assert_eq!(app.leaving(), Some(Leaving::Detaching));

    let mut app = kept();
    press(&mut app, "q d");
    app.apply(Report::Finished);
    assert_eq!(app.leaving(), Some(Leaving::Stopping), "nothing is left to go on");
    let mut app = kept();
    press(&mut app, "q d q q");
    assert_eq!(app.leaving(), Some(Leaving::AtOnce), "who does not want to wait need not");
}

#[test]
fn whoever_looks_on_leaves_the_run_alone() {
    let mut app = App::of_another();
    app.apply(Report::Started(Started { run: Some("coat".to_owned()), ..samples::started() }));
    assert_eq!(press(&mut app, "q"), []);
    assert_eq!(app.leaving(), Some(Leaving::Stopping));
}

#[test]
fn a_run_that_somebody_else_stops_is_left_by_who_trains_it_and_not_by_who_looks_on() {
    let ended = Report::Ended { how: "stopped in epoch 1".to_owned(), next: None };
    let (mut owner, mut watcher) = (kept(), App::of_another());
    owner.apply(ended.clone());
    watcher.apply(ended);
    assert_eq!((owner.leaving(), watcher.leaving()), (Some(Leaving::Stopping), None));
}

#[test]
fn a_run_that_is_played_is_left_by_the_key_that_plays_it_and_by_esc_once_nothing_else_is_to_be_left() {
    let ended = || Report::Ended { how: "ended just now".to_owned(), next: None };
    let mut app = App::of_another();
    app.load(Loaded::Data(samples::dataset()));
    let predictions: Predictions = vec![[0.1; CLASSES]; samples::dataset().test.len()].into();
    let play = |app: &mut App| {
        app.apply(Report::Started(samples::started()));
        app.apply(Report::Replaying);
        for epoch in 1..=2 {
            app.apply(Report::Epoch { record: samples::record(epoch), predictions: predictions.clone() });
        }
    };
    app.apply(Report::Started(samples::started()));
    app.apply(ended());
    assert_eq!(press(&mut app, "Esc"), []);
    assert_eq!(press(&mut app, "P"), [Command::Replay]);
    play(&mut app);
    assert_eq!(press(&mut app, "P"), [Command::EndReplay]);
    app.apply(ended());
    assert_eq!(press(&mut app, "P"), [Command::Replay]);
    play(&mut app);
    assert_eq!(press(&mut app, "Enter Esc"), []);
    assert_eq!(app.screen(), Screen::Dashboard);
    assert_eq!(press(&mut app, "? Esc"), []);
    assert_eq!(press(&mut app, "[ Esc"), []);
    assert!(!app.scene().is_past());
    assert_eq!(app.offers(Action::Back), Offer::As("end replay"));
    assert_eq!(press(&mut app, "Esc"), [Command::EndReplay]);
    press(&mut app, "2 Enter w");
    assert_eq!(app.notice(), Some("the weights of then are not kept: w explains at the run's end (Esc)"));
}

#[test]
fn what_is_asked_of_a_program_that_does_not_answer_is_said_to_wait() {
    let mut app = App::of_another();
    app.apply(Report::Started(samples::started()));
    let words = Some("the program that trains does not answer: it gets to this when it goes on");
    app.apply(Report::Silent);
    for (key, command) in [("Space", Command::Pause), (".", Command::Step), ("s", Command::Save)] {
        assert_eq!(press(&mut app, key), [command]);
        assert_eq!(app.notice(), words, "{key}");
    }
    app.apply(Report::Paused);
    assert_eq!(press(&mut app, "Space"), [Command::Resume]);
    assert_eq!(app.notice(), None, "it answers again");
}

#[test]
fn a_run_that_begins_again_is_shown_from_its_beginning() {
    let mut app = kept();
    app.apply(Report::Epoch { record: samples::record(1), predictions: [].into() });
    app.apply(Report::Batch(samples::batch(1876)));
    app.apply(Report::Started(samples::started()));
    let known = app.known();
    assert!(known.epochs.is_empty() && known.batch.is_none() && known.history.points().is_empty());
    assert!(known.data.is_some(), "the images stay");
}

#[test]
fn of_a_run_that_has_ended_only_what_somebody_does_is_offered() {
    let ended = || Report::Ended { how: "ended just now".to_owned(), next: None };
    let mut app = App::of_another();
    app.load(Loaded::Data(samples::dataset()));
    app.apply(Report::Started(samples::started()));
    assert_eq!((app.offers(Action::Save), app.offers(Action::Replay)), (Offer::Yes, Offer::No));
    app.apply(ended());
    assert_eq!((app.offers(Action::Save), app.offers(Action::Replay)), (Offer::No, Offer::Yes));
    app.apply(Report::Started(samples::started()));
    app.apply(Report::Replaying);
    // Esc ends it, and where it leads back from an image first, P does.
    assert_eq!((app.offers(Action::Save), app.offers(Action::Replay)), (Offer::No, Offer::No));
    press(&mut app, "2 Enter");
    assert_eq!(app.offers(Action::Replay), Offer::As("end replay"));
    // It cannot be opened.
    app.apply(ended());
    app.apply(Report::Silent);
    assert_eq!(app.offers(Action::Replay), Offer::No);
    assert_eq!(press(&mut app, "P"), []);
}

#[test]
fn a_program_that_says_nothing_is_silent_until_it_says_something() {
    let mut app = kept();
    app.apply(Report::Silent);
    assert!(app.known().is_silent);
    app.apply(Report::Batch(samples::batch(1)));
    assert!(!app.known().is_silent);
}

#[test]
fn the_freshest_prediction_of_the_selected_image_is_shown() {
    let mut app = wrong_at(&[]);
    let truth = dataset().test.class(0).index();
    assert_eq!(app.scene().prediction(Half::Test, 0), Some(&sure_of(truth)));
    app.apply(Report::Prediction { index: 0, step: 1900, probabilities: sure_of(3) });
    assert_eq!(app.scene().prediction(Half::Test, 0), Some(&sure_of(3)));
    assert_eq!(app.scene().prediction(Half::Test, 1), Some(&sure_of(dataset().test.class(1).index())));
    app.apply(Report::Prediction { index: 0, step: 1000, probabilities: sure_of(4) });
    assert_eq!(app.scene().prediction(Half::Test, 0), Some(&sure_of(truth)), "older than the evaluation");
}

#[test]
fn a_failed_run_says_why_and_lets_the_person_leaf() {
    let mut app = training();
    app.apply(Report::Failed { reason: "the loss became NaN".to_owned() });
    assert_eq!(press(&mut app, "l Space"), []);
    assert_eq!(album(&app).selected(), 1);
    assert_eq!(&app.known().phase, &Phase::Failed { reason: "the loss became NaN".to_owned() });
    assert_eq!(app.notice(), Some("training has ended"));
}

#[test]
fn saving_is_reported_when_it_is_done_and_failing_until_it_works_again() {
    let mut app = App::new(None);
    assert_eq!(app.act(Action::Save, &Page::default()), None);
    assert_eq!(app.notice(), Some("nothing to save yet"));
    let mut app = training();
    assert_eq!(app.act(Action::Save, &Page::default()), Some(Command::Save));
    app.apply(Report::Saved { step: 7 });
    assert_eq!(app.notice(), Some("saved as it is after step 7"));
    app.apply(Report::NotSaved { reason: "not saved: the disk is full".to_owned() });
    app.act(Action::Go(Stride::One, Direction::Forward), &Page::default());
    assert_eq!((app.notice(), app.known().unsaved.as_deref()), (None, Some("not saved: the disk is full")));
    app.act(Action::Save, &Page::default());
    app.apply(Report::NotSaved { reason: "not saved: the disk is full".to_owned() });
    assert_eq!((app.notice(), app.known().unsaved.as_deref()), (None, Some("not saved: the disk is full")));
    // One that nobody asked for is no news but that it works again.
    app.apply(Report::Saved { step: 8 });
    assert_eq!((app.notice(), app.known().unsaved.as_deref()), (None, None));
}

#[test]
fn of_two_notes_the_second_shows_after_a_key_and_after_what_the_key_says() {
    let mut app = training();
    for text in ["first", "second"] {
        app.apply(Report::Note { text: text.to_owned() });
    }
    assert_eq!(app.notice(), Some("first"));
    app.act(Action::Save, &Page::default());
    assert_eq!(app.notice(), Some("saving"));
    app.apply(Report::Saved { step: 7 });
    assert_eq!(app.notice(), Some("saved as it is after step 7"));
    app.act(Action::Go(Stride::One, Direction::Forward), &Page::default());
    assert_eq!(app.notice(), Some("second"));
    app.act(Action::Go(Stride::One, Direction::Forward), &Page::default());
    assert_eq!(app.notice(), None);
}

#[test]
fn a_run_that_goes_on_shows_the_epochs_that_it_had() {
    let mut app = App::new(None);
    let record = record(1);
    app.apply(Report::Started(Started { past: vec![record], past_steps: record.step, ..samples::started() }));
    app.apply(Report::Batch(samples::batch(record.step)));
    app.apply(Report::Epoch { record, predictions: predictions(&[]) });
    assert_eq!(app.known().epochs, [record], "each comes once");
    assert_eq!(app.known().history.points().len(), 1);
}

#[test]
fn digits_and_tab_show_the_screens() {
    use Screen::{Confusion, Curves, Dashboard, Data, Gallery, Neurons};
    for (keys, screen) in [
        ("1", Dashboard),
        ("2", Gallery),
        ("3", Confusion),
        ("4", Curves),
        ("5", Data),
        ("6", Neurons),
        ("Tab", Gallery),
        ("Tab Tab Tab Tab Tab Tab", Dashboard),
        ("BackTab", Neurons),
        ("3 BackTab", Gallery),
        ("? 2", Gallery),
    ] {
        let mut app = wrong_at(&[12]);
        press(&mut app, keys);
        assert_eq!((app.screen(), app.overlay()), (screen, &Overlay::None), "{keys}");
    }
}

#[test]
fn the_gallery_goes_by_the_rows_and_pages_that_it_has() {
    for (keys, selected) in
        [("j", 5), ("l j j k", 6), ("PgDn", 10), ("PgDn PgDn PgUp l", 11), ("G", 9999), ("G k", 9994)]
    {
        let mut app = wrong_at(&[12]);
        press(&mut app, "2");
        press_on(&mut app, &Page { columns: 5, rows: 2, ..Page::default() }, keys);
        assert_eq!(album(&app).selected(), selected, "{keys}");
        press(&mut app, "1");
        assert_eq!(album(&app).selected(), selected, "{keys}: the Dashboard shows the same image");
    }
}

/// Of the test images 12, 300 and 9000 are wrong.
#[test]
fn filters_leave_what_they_say_and_leafing_stays_within() {
    let data = dataset();
    let of = |class: usize| data.test.classes().iter().filter(|other| other.index() == class).count();
    for (keys, left) in [
        ("x", 3),
        ("x x", 10_000),
        ("c", of(0)),
        ("c c", of(1)),
        ("c c c c c c c c c c c", 10_000),
        ("c c C", 10_000),
        ("x c C", 10_000),
        ("x C", 10_000),
    ] {
        let mut app = wrong_at(&[12, 300, 9000]);
        press(&mut app, keys);
        assert_eq!(album(&app).len(), left, "{keys}");
    }
    let mut app = wrong_at(&[12, 300, 9000]);
    for (key, index) in [("x", 12), ("l", 300), ("l", 9000), ("l", 9000), ("g", 12), ("C", 12)] {
        press(&mut app, key);
        assert_eq!(album(&app).selected(), index, "{key}");
    }
}

#[test]
fn an_empty_filter_says_so_and_can_be_cleared() {
    let mut app = wrong_at(&[]);
    assert_eq!(press(&mut app, "x l"), []);
    assert_eq!((app.scene().image(app.half()), app.notice()), (None, Some("no image matches the filter: C clears it")));
    press(&mut app, "2 Enter");
    assert_eq!((is_large(&app), app.notice()), (false, Some("no image matches the filter: C clears it")));
    press(&mut app, "C");
    assert_eq!(app.scene().image(app.half()), Some(0));
}

#[test]
fn an_image_that_the_network_learns_stays_in_sight_and_one_goes_on_from_there() {
    let mut app = wrong_at(&[12, 300, 9000]);
    press(&mut app, "x l");
    assert_eq!(album(&app).selected(), 300);
    app.apply(Report::Epoch { record: record(2), predictions: predictions(&[12, 9000]) });
    assert_eq!((album(&app).selected(), album(&app).len(), album(&app).place()), (300, 2, None));
    press(&mut app, "l");
    assert_eq!(album(&app).selected(), 9000);
    let mut app = wrong_at(&[12, 300, 9000]);
    press(&mut app, "x l");
    app.apply(Report::Epoch { record: record(2), predictions: predictions(&[12, 9000]) });
    press(&mut app, "h");
    assert_eq!(album(&app).selected(), 12);
}

#[test]
fn the_order_begins_with_the_surest_mistake_or_the_least_confidence() {
    let mut app = wrong_at(&[12, 300, 9000]);
    press(&mut app, "l o o");
    assert_eq!(album(&app).selected(), 12);
    press(&mut app, "l l o");
    assert_eq!((album(&app).order(), album(&app).selected()), (album::Order::Index, 0));
}

#[test]
fn a_filter_keeps_the_selected_image_where_it_leaves_it() {
    let mut app = wrong_at(&[12, 300, 9000]);
    press(&mut app, ":300 Enter x");
    assert_eq!((album(&app).selected(), album(&app).place()), (300, Some(1)));
    press(&mut app, "C");
    assert_eq!((album(&app).selected(), album(&app).place()), (300, Some(300)));
}

#[test]
fn an_index_outside_of_the_filter_can_be_seen_and_is_spoken_of() {
    let mut app = wrong_at(&[12, 300]);
    press(&mut app, "x :7 Enter");
    assert_eq!(album(&app).selected(), 7);
    assert_eq!(app.notice(), Some("test image 7 does not match the filter"));
}

#[test]
fn a_cell_of_the_matrix_leads_to_its_images_and_back() {
    let mut app = wrong_at(&[12, 300, 9000]);
    let truth = dataset().test.class(12);
    press(&mut app, "c 3");
    app.act(Action::PickCell(truth, Class::all().nth((truth.index() + 1) % 10).expect("a class")), &Page::default());
    assert_eq!(press(&mut app, "Enter"), []);
    assert_eq!(album(&app).selected(), 12);
    assert_eq!((app.screen(), album(&app).at(0)), (Screen::Gallery, Some(12)));
    press(&mut app, "Enter Esc Esc");
    assert_eq!((app.screen(), album(&app).filter().predicted), (Screen::Confusion, None));
    assert_eq!(album(&app).filter().class.map(Class::index), Some(0), "the filter from before is back");
}

#[test]
fn arrows_move_over_the_matrix_and_n_over_its_mistakes() {
    let mut app = wrong_at(&[12, 300, 9000]);
    press(&mut app, "3 g PgUp");
    let cell = |app: &App| {
        (app.screens().confusion.cell(app.scene()).0.index(), app.screens().confusion.cell(app.scene()).1.index())
    };
    assert_eq!(cell(&app), (0, 0));
    press(&mut app, "l l j");
    assert_eq!(cell(&app), (1, 2));
    press(&mut app, "G PgDn");
    assert_eq!(cell(&app), (9, 9));
    press(&mut app, "n");
    assert_ne!(cell(&app).0, cell(&app).1);
    assert_eq!(press(&mut App::new(None), "3 n Enter"), []);
}

/// A run whose network gets one image less wrong each epoch: after epoch 1 these three, then two, then one.
fn three_epochs() -> App {
    let mut app = wrong_at(&[12, 300, 9000]);
    app.apply(Report::Epoch { record: record(2), predictions: predictions(&[300, 9000]) });
    app.apply(Report::Epoch { record: record(3), predictions: predictions(&[9000]) });
    app
}

#[test]
fn brackets_go_through_the_epochs_and_everything_is_as_it_was() {
    for (keys, wrong, is_past) in
        [("", 1, false), ("[", 2, true), ("[ [", 3, true), ("[ [ [", 3, true), ("[ [ ]", 2, true), ("[ ]", 1, false)]
    {
        let mut app = three_epochs();
        press(&mut app, keys);
        press(&mut app, "x");
        assert_eq!((album(&app).len(), app.scene().is_past()), (wrong, is_past), "{keys}");
        let confusion = app.scene().moment().expect("a moment").confusion();
        assert!((confusion.accuracy() - (1.0 - f64::from(u32::try_from(wrong).expect("few")) / 10_000.0)).abs() < 1e-9);
    }
    let mut app = three_epochs();
    press(&mut app, "] [ [ [");
    assert_eq!(app.notice(), Some("there are no earlier predictions"));
}

#[test]
fn escape_leads_back_to_the_present_once_nothing_else_is_open() {
    let mut app = three_epochs();
    assert_eq!(app.offers(Action::Back), Offer::No);
    press(&mut app, "[ [ Enter");
    assert_eq!(app.offers(Action::Back), Offer::Yes);
    press(&mut app, "Esc");
    assert_eq!((app.screen(), app.scene().is_past()), (Screen::Dashboard, true), "it has closed the image");
    assert_eq!(app.offers(Action::Back), Offer::As("present"));
    press(&mut app, "Esc");
    assert_eq!((app.scene().is_past(), app.offers(Action::Back)), (false, Offer::No));
}

#[test]
fn what_changes_the_run_returns_to_now_and_leafing_does_not() {
    for (keys, is_past) in
        [("l", true), ("2", true), ("x", true), ("Space", false), ("<", false), ("s", false), (".", false)]
    {
        let mut app = three_epochs();
        press(&mut app, &format!("[ {keys}"));
        assert_eq!(app.scene().is_past(), is_past, "{keys}");
    }
}

#[test]
fn in_the_past_the_live_prediction_is_not_shown_and_new_epochs_disturb_nothing() {
    let mut app = three_epochs();
    press(&mut app, ":300 Enter [");
    let truth = dataset().test.class(300).index();
    app.apply(Report::Prediction { index: 300, step: 6000, probabilities: sure_of(truth) });
    app.apply(Report::Epoch { record: record(4), predictions: predictions(&[]) });
    assert_eq!(app.scene().prediction(Half::Test, 300), Some(&sure_of((truth + 1) % 10)));
    assert_eq!(app.scene().moment().map(|moment| moment.epoch), Some(2));
    press(&mut app, "] ] ]");
    assert_eq!((app.scene().is_past(), app.scene().prediction(Half::Test, 300)), (false, Some(&sure_of(truth))));
}

#[test]
fn while_an_epoch_is_trained_the_one_before_is_a_step_back() {
    let mut app = three_epochs();
    app.apply(batch(3 * 1875 + 10));
    press(&mut app, "[");
    assert_eq!(app.scene().moment().map(|moment| moment.epoch), Some(3));
    press(&mut app, "[ ]");
    assert_eq!((app.scene().moment().map(|moment| moment.epoch), app.scene().is_past()), (Some(3), true));
    press(&mut app, "]");
    assert!(!app.scene().is_past());
}

#[test]
fn the_curves_cursor_leads_to_the_predictions_of_then() {
    let mut app = three_epochs();
    app.apply(batch(3 * 1875));
    press(&mut app, "4 Enter");
    assert_eq!(app.screen(), Screen::Curves);
    press(&mut app, "k k");
    assert_eq!(app.screens().curves.cursor(app.screens().curves.last_step(app.known())), Some(1875));
    press(&mut app, "Enter");
    assert_eq!((app.screen(), app.scene().moment().map(|moment| moment.epoch)), (Screen::Dashboard, Some(1)));
    press(&mut app, "Esc Esc");
    assert_eq!(
        (app.screen(), app.screens().curves.cursor(app.screens().curves.last_step(app.known()))),
        (Screen::Curves, None)
    );
}

#[test]
fn keys_of_the_curves_work_there_and_say_so_elsewhere() {
    let mut app = three_epochs();
    (1..=5625).step_by(100).for_each(|step| app.apply(batch(step)));
    app.apply(batch(3 * 1875));
    press(&mut app, "m y a");
    assert_eq!(app.notice(), Some("this key is for the Curves (4)"));
    press(&mut app, "4 m m y a + +");
    let chart = &app.screens().curves;
    assert_eq!(
        (chart.smoothing, chart.logarithmic, chart.unit),
        (curves::Smoothing::Medium, true, curves::Unit::Steps)
    );
    assert_eq!(chart.window(5625), (4219, 5625));
    press(&mut app, "- - -");
    assert_eq!(app.notice(), Some("this is the whole run"));
}

/// Whatever a key changes is seen where it is pressed; else it changes nothing and names the screens that show it.
#[test]
fn a_key_acts_only_where_what_it_changes_is_shown() {
    let images = "this key is for the Dashboard (1) and the Gallery (2)";
    let predictions = "this key is for the Dashboard (1), the Gallery (2) and the Confusion (3)";
    let jump = "this key is for the Dashboard (1), the Gallery (2) and the Neurons (6)";
    let pictures = "this key is for the Dashboard (1), the Gallery (2), the Data (5) and the Neurons (6)";
    for (screens, keys, notice) in [
        ("3456", "x c C o w", images),
        ("456", "n N [ ]", predictions),
        ("345", ": /", jump),
        ("34", "i", pictures),
        ("12356", "m y a r", "this key is for the Curves (4)"),
        ("13456", "t", "training images are in the Gallery (2)"),
    ] {
        for (screen, key) in screens.chars().flat_map(|screen| keys.split(' ').map(move |key| (screen, key))) {
            let mut app = three_epochs();
            press(&mut app, &format!("{screen} {key}"));
            assert_eq!(app.notice(), Some(notice), "{key} on screen {screen}");
            assert!(app.scene().album(Half::Test).is_plain() && app.overlay() == &Overlay::None, "{key}");
            let scene = app.scene();
            assert!(!scene.is_past() && !scene.inverted && !scene.explain, "{key} on screen {screen}");
            let offered = app.keys().rows().filter(|row| app.offers(row.action()) != Offer::No);
            let unseen: Vec<&str> =
                offered.filter(|row| app.elsewhere(row.action()).is_some()).map(|row| &*row.keys).collect();
            assert!(unseen.is_empty(), "{unseen:?} are offered on screen {screen}");
        }
    }
}

#[test]
fn a_key_that_needs_predictions_or_a_large_picture_says_so_where_there_is_none() {
    let not_predicted = "training images are not predicted";
    for (keys, notice) in [
        ("2 w", "open an image first (Enter): its pixels are coloured there"),
        ("[ w", "w explains only the newest predictions: ] leads to them"),
        ("2 t w", not_predicted),
        ("2 t [", not_predicted),
        ("2 t ]", not_predicted),
    ] {
        let mut app = three_epochs();
        press(&mut app, keys);
        assert_eq!((app.notice(), app.scene().explain), (Some(notice), false), "{keys}");
    }
}

#[test]
fn another_run_is_chosen_laid_beside_and_taken_away() {
    let runs =
        || [("coat", 1), ("empty", 0), ("shirt", 1)].map(|(name, epochs)| samples::other_run(name, epochs)).to_vec();
    let mut app = three_epochs();
    press(&mut app, "4 r");
    assert!(app.wishes(&Page::default()).runs);
    app.load(Loaded::Runs(Ok(runs())));
    press(&mut app, "j Enter");
    assert_eq!(app.screens().curves.other.as_ref().map(|run| run.name.as_str()), Some("shirt"));
    press(&mut app, "r");
    app.load(Loaded::Runs(Ok(runs())));
    press(&mut app, "k Enter");
    assert_eq!(app.screens().curves.other, None);
    press(&mut app, "r Esc");
    app.load(Loaded::Runs(Ok(runs())));
    assert_eq!(app.overlay(), &Overlay::None, "runs that come too late open nothing");
    press(&mut app, "r");
    app.load(Loaded::Runs(Err("cannot read runs".to_owned())));
    assert_eq!((app.overlay(), app.notice()), (&Overlay::None, Some("cannot read runs")));
}

#[test]
fn a_class_of_the_data_leads_to_its_training_images() {
    let mut app = three_epochs();
    press(&mut app, "5");
    assert!(app.wishes(&Page::default()).survey);
    press(&mut app, "j j Enter");
    assert_eq!((app.screen(), app.half(), album(&app).len()), (Screen::Gallery, Half::Train, 6000));
    assert_eq!(press(&mut app, "l x o n"), []);
    assert_eq!(app.notice(), Some("training images are not predicted"));
    press(&mut app, "Esc");
    assert_eq!((app.screen(), app.half()), (Screen::Data, Half::Test));
    press(&mut app, "2 t");
    assert_eq!((app.half(), album(&app).len()), (Half::Train, 60_000));
}

#[test]
fn the_worker_is_asked_for_what_is_seen_and_for_no_more() {
    let mut app = three_epochs();
    let look = |image: Option<usize>, is_explained: bool, tiles: Option<(usize, usize)>| Look {
        predicted: image.into_iter().collect(),
        explained: image.filter(|_| is_explained).into_iter().collect(),
        tiles: tiles.map(|(first, count)| TileRange { first, count }).into_iter().collect(),
    };
    assert_eq!(look_of(&app, &Page::default()), look(Some(0), false, None));
    press(&mut app, "w l");
    assert_eq!(look_of(&app, &Page::default()), look(Some(1), true, None));
    for (keys, image) in [("2", Some(1)), ("2 t", None), ("2 t t", Some(1)), ("3", None), ("4", None), ("5", None)] {
        press(&mut app, keys);
        assert_eq!(look_of(&app, &Page::default()), look(image, false, None), "{keys}");
        press(&mut app, "2");
        if app.half() == Half::Train {
            press(&mut app, "t");
        }
    }
    press(&mut app, "6");
    let page = Page { columns: 5, rows: 2, ..Page::default() };
    assert_eq!(look_of(&app, &page), look(None, false, Some((0, 10))));
    press(&mut app, ":57 Enter");
    assert_eq!(look_of(&app, &page), look(None, false, Some((50, 10))));
    press(&mut app, "Enter");
    assert_eq!(look_of(&app, &page), look(None, false, Some((57, 1))));
    press(&mut app, ":128 Enter");
    assert_eq!(app.notice(), Some("no unit 128: the last one is 127"));
    press(&mut app, "1");
    assert_eq!(look_of(&app, &page), look(Some(1), true, None));
    press(&mut app, "[");
    assert_eq!(look_of(&app, &page), look(None, false, None), "the network of then is gone");
    let mut app = wrong_at(&[]);
    press(&mut app, "x");
    assert_eq!(look_of(&app, &page), look(None, false, None), "the filter leaves no image");
}

#[test]
fn the_neurons_are_gone_through_before_the_first_of_them_is_drawn() {
    for (keys, unit) in [("6 l l", 2), ("6 :5 Enter", 5), ("6 G", 127), ("6 :127 Enter l", 127)] {
        let mut app = training();
        press(&mut app, keys);
        assert_eq!((app.screens().neurons.selected, app.notice()), (unit, None), "{keys}");
    }
    let mut app = App::new(None);
    press(&mut app, "6 l");
    assert_eq!(app.notice(), Some("no unit can be shown yet"));
}

#[test]
fn while_the_epoch_is_evaluated_that_a_single_batch_has_ended_it_is_paused_all_the_same() {
    let mut app = training();
    app.apply(Report::Paused);
    assert_eq!(press(&mut app, "."), [Command::Step]);
    app.apply(Report::Evaluating { epoch: 1 });
    assert!(app.known().will_pause() && !app.known().is_running());
    assert_eq!(press(&mut app, ". Space"), [Command::Step, Command::Resume]);
    assert!(!app.known().will_pause());
}

#[test]
fn the_curves_stay_where_the_cursor_stands_before_all_predictions() {
    let mut app = App::new(None);
    app.load(Loaded::Data(dataset()));
    let past: Vec<EpochRecord> = (1..=3).map(record).collect();
    app.apply(Report::Started(Started { past: past.clone(), past_steps: 3 * 1875, ..samples::started() }));
    for record in past {
        app.apply(Report::Epoch { record, predictions: [].into() });
    }
    app.apply(Report::Untrained { step: 3 * 1875, predictions: predictions(&[12]) });
    press(&mut app, "4 Home Enter");
    assert_eq!(
        (app.screen(), app.notice()),
        (Screen::Curves, Some("the predictions from before epoch 3 were not kept"))
    );
    press(&mut app, "Esc");
    assert!(app.screen() == Screen::Curves && !app.scene().is_past(), "there was nothing to come back from");
}

/// Else the other screens would not say whose key it is.
#[test]
fn what_a_key_does_on_one_screen_alone_that_screen_owns() {
    for screen in Screen::ALL {
        for binding in Keys::default().rows() {
            let App { scene, screens, .. } = &mut App::new(None);
            let (action, shown) = (binding.action(), screens.get_mut(screen));
            let acts = shown.act(scene, action).is_some();
            assert!(!acts || shown.owns(action), "{} on the {}", binding.keys, screen.name());
        }
    }
}

#[test]
fn every_key_that_the_footer_has_words_for_is_offered_somewhere() {
    let mut states = vec![App::new(None), three_epochs(), three_epochs(), three_epochs(), App::of_another()];
    states[2].apply(Report::Paused);
    states[3].apply(Report::Finished);
    states[4].apply(Report::Ended { how: "done".to_owned(), next: None });
    let keys = Keys::default();
    let mut missing: Vec<_> = keys.rows().filter(|binding| binding.brief.is_some()).collect();
    for app in &mut states {
        for keys in ["1", "2", "Enter", "2", "t", "3", "4", "5", "6"] {
            press(app, keys);
            missing.retain(|binding| app.offers(binding.action()) == Offer::No);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn pictures_grow_and_shrink_within_what_fits() {
    let mut app = three_epochs();
    let page = Page { largest: 2, ..Page::default() };
    for (keys, size, notice) in [
        ("2", Some(0), None),
        ("+", Some(1), None),
        ("+", Some(2), None),
        ("+", Some(2), Some("no larger picture fits this terminal")),
        ("- -", Some(0), None),
        ("-", Some(0), Some("the pictures cannot be smaller")),
        ("1", None, None),
        ("+", None, Some("no larger picture fits this terminal")),
        ("-", Some(1), None),
        ("-", Some(1), Some("the pictures cannot be smaller")),
        ("+", None, None),
    ] {
        press_on(&mut app, &page, keys);
        assert_eq!((size_of(&app), app.notice()), (size, notice), "{keys}");
    }
}

#[test]
fn going_into_an_image_and_back_leads_where_one_was() {
    let mut app = three_epochs();
    press(&mut app, "l Enter");
    assert_eq!((app.screen(), is_large(&app), album(&app).selected()), (Screen::Gallery, true, 1));
    press(&mut app, "l Esc");
    assert_eq!((app.screen(), is_large(&app), album(&app).selected()), (Screen::Dashboard, false, 2));
    press(&mut app, "2 Enter Esc");
    assert_eq!((app.screen(), is_large(&app)), (Screen::Gallery, false));
    app.act(Action::PickImage(7), &Page::default());
    assert_eq!((album(&app).selected(), is_large(&app)), (7, false));
    app.act(Action::PickImage(7), &Page::default());
    assert!(is_large(&app), "a click on the selected image goes into it");
}

#[test]
fn help_and_the_list_of_runs_take_the_keys() {
    for keys in ["? x", "? i", "? Space", "4 r x", "4 r m", "4 r Space"] {
        let mut app = three_epochs();
        assert_eq!(press(&mut app, keys), [], "{keys}");
        assert!(
            album(&app).is_plain()
                && !app.scene().inverted
                && app.screens().curves.smoothing == curves::Smoothing::None,
            "{keys}"
        );
    }
}

#[test]
fn a_list_of_runs_has_a_first_and_a_last_row_and_can_be_clicked() {
    let mut app = three_epochs();
    press(&mut app, "4 r");
    app.load(Loaded::Runs(Ok((0..30).map(|number: u32| samples::other_run(&number.to_string(), 1)).collect())));
    let row = |app: &App| if let Overlay::Runs(choice) = app.overlay() { choice.row } else { panic!("no list") };
    for (keys, expected) in [("End", 30), ("PgUp", 20), ("g", 0), ("PgDn j", 11)] {
        press(&mut app, keys);
        assert_eq!(row(&app), expected, "{keys}");
    }
    app.act(Action::PickRow(3), &Page::default());
    assert_eq!(app.screens().curves.other.as_ref().map(|run| run.name.as_str()), Some("2"));
}

#[test]
fn an_epoch_that_is_not_kept_is_not_shown_as_another() {
    let mut app = App::new(None);
    app.load(Loaded::Data(dataset()));
    let past: Vec<EpochRecord> = (1..=3).map(record).collect();
    app.apply(Report::Started(Started { past: past.clone(), past_steps: 3 * 1875, ..samples::started() }));
    for record in past {
        app.apply(Report::Epoch { record, predictions: [].into() });
    }
    app.apply(Report::Untrained { step: 3 * 1875, predictions: predictions(&[12]) });
    app.apply(Report::Epoch { record: record(4), predictions: predictions(&[]) });
    app.act(Action::See(1875), &Page::default());
    assert_eq!(
        (app.scene().is_past(), app.notice()),
        (false, Some("the predictions from before epoch 3 were not kept"))
    );
    app.act(Action::See(3 * 1875), &Page::default());
    assert_eq!((app.scene().is_past(), app.scene().moment().map(|moment| moment.epoch)), (true, Some(3)));
    app.act(Action::See(4 * 1875), &Page::default());
    assert!(!app.scene().is_past(), "the newest is now");
}

#[test]
fn going_into_a_class_and_back_leaves_the_filter_of_before() {
    let mut app = three_epochs();
    press(&mut app, "2 t c c 5 j Enter Esc 2");
    assert_eq!((app.half(), album(&app).filter().class.map(Class::index)), (Half::Train, Some(1)));
    press(&mut app, "t");
    assert!(album(&app).is_plain(), "that of the test images is another");
}

#[test]
fn the_epochs_of_a_run_of_other_batches_stand_at_their_numbers() {
    let mut app = three_epochs();
    app.apply(batch(1875));
    press(&mut app, "4 r");
    let epochs = (1..=4).map(|epoch| EpochRecord { step: u64::from(epoch) * 118, ..record(epoch) }).collect();
    app.load(Loaded::Runs(Ok(vec![OtherRun { epochs, ..samples::other_run("big", 0) }])));
    press(&mut app, "Enter");
    assert_eq!(app.screens().curves.last_step(app.known()), 4 * 1875);
    press(&mut app, "a");
    assert_eq!(app.screens().curves.last_step(app.known()), 1875);
}

#[test]
fn zooming_in_further_than_there_are_points_leaves_the_window_as_it_is() {
    let mut app = three_epochs();
    (1..=5600).step_by(700).for_each(|step| app.apply(batch(step)));
    press(&mut app, "4 + + + + + +");
    assert_eq!(app.notice(), Some("no shorter part of the run can be shown"));
    let window = app.screens().curves.window(app.screens().curves.last_step(app.known()));
    press(&mut app, "+ +");
    assert_eq!(app.screens().curves.window(app.screens().curves.last_step(app.known())), window);
    assert!(app.screens().curves.is_zoomed());
}
