//! The socket of a run that trains, and what may come to it or be in its place.

use std::{
    io::{BufRead, BufReader, Write},
    net::Shutdown,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use proptest::{
    prelude::{Just, Strategy, any, prop_oneof},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use super::*;
use crate::{
    pty::{memory_of, signal},
    visitor::{connect, rest, socket},
};

/// How many visitors are let in at the same time.
const MOST: usize = 64;

#[test]
fn a_visitor_is_greeted_and_told_the_run_from_its_beginning() {
    let place = Place::new();
    let trainer = endless(&place, "300");
    let run = Run::at(&place, "coat");
    until("two epochs", || run.epochs() > 1);
    let mut visitor = Visitor::of(&place, "coat");
    let version = env!("CARGO_PKG_VERSION");
    let process = trainer.process();
    assert_eq!(
        visitor.greeting,
        serde_json::json!({ "fitroom": version, "protocol": 2, "run": "coat", "process": process, "paused": false })
    );
    let started = visitor.next().expect("it is told");
    assert_eq!((&started["report"], &started["run"]), (&"started".into(), &"coat".into()));
    let untrained = visitor.until_report("untrained");
    assert_eq!(probabilities(&untrained).len(), 500);
    let first = visitor.until_report("epoch");
    assert_eq!(first["record"]["epoch"], 1);
    for row in probabilities(&first) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
    }
    visitor.send(r#"{"command":"look","predicted":[3,499],"explained":[7],"tiles":[{"first":0,"count":2}]}"#);
    assert_eq!(visitor.until_report("tiles")["of"], 16);
    assert_eq!(visitor.until_report("attribution")["index"], 7);
    visitor.until("an image", |report| report["report"] == "prediction" && report["index"] == 499);
    visitor.send(r#"{"command":"pace","steps_per_second":4}"#);
    assert_eq!(visitor.until_report("paced")["steps_per_second"], 4.0);
    visitor.send(r#"{"command":"pause"}"#);
    visitor.until_report("paused");
    visitor.send(r#"{"command":"save"}"#);
    visitor.until_report("saved");
    visitor.send(r#"{"command":"resume"}"#);
    visitor.until_report("resumed");
    visitor.send(r#"{"command":"stop"}"#);
    visitor.until_report("ended");
    assert_eq!(visitor.next(), None);
}

/// The predictions in a report: base64 of little-endian 32-bit floats, ten per test image.
fn probabilities(report: &Value) -> Vec<Vec<f32>> {
    let text = report["predictions"].as_str().expect("base64");
    let digit = |letter: u8| {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        u32::try_from(alphabet.iter().position(|&known| known == letter).expect("a digit")).expect("it is small")
    };
    let digits: Vec<u32> = text.bytes().filter(|&letter| letter != b'=').map(digit).collect();
    let bytes: Vec<u8> = digits
        .chunks(4)
        .flat_map(|four| {
            let bits = (0..4).fold(0, |bits, place| bits << 6 | four.get(place).copied().unwrap_or(0));
            bits.to_be_bytes()[1..four.len()].to_vec()
        })
        .collect();
    let numbers = bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")));
    numbers.collect::<Vec<f32>>().chunks_exact(10).map(<[f32]>::to_vec).collect()
}

/// What somebody might send who is no fitroom, and whether it is refused.
fn garbage() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let line = |text: &str| (format!("{text}\n").into_bytes(), true);
    let wrong: Vec<(Vec<u8>, bool)> = [
        "{}",
        "null",
        "[]",
        "\"pause\"",
        r#"{"command":"dance"}"#,
        r#"{"command":null}"#,
        r#"{"command":"look","predicted":[-1],"explained":[],"tiles":[]}"#,
        r#"{"command":"look","predicted":"all"}"#,
        r#"{"command":"pace","steps_per_second":"fast"}"#,
        r#"{"command":"pause"}{"command":"resume"}"#,
        r#"{"error":"you"}"#,
        "GET / HTTP/1.1",
        "\u{1b}[2J\u{202e}",
        "\0\0\0\0",
    ]
    .map(line)
    .into();
    let nested = (1..2000_usize).prop_map(|depth| (format!("{}\n", "[".repeat(depth)).into_bytes(), true));
    let too_long = (65_537..200_000_usize, any::<u8>())
        .prop_map(|(length, byte)| (vec![if byte == b'\n' { b'x' } else { byte }; length], true));
    let half = "[a-z{}\"]{1,200}".prop_map(|text| (text.into_bytes(), false));
    let blank = "[ \n\r]{1,200}".prop_map(|text| (text.into_bytes(), false));
    // A line of bytes that begins as no JSON of a command does.
    let bytes = proptest::collection::vec(any::<u8>(), 0..3000)
        .prop_map(|bytes| ([&b"\xff"[..], &bytes, b"\n"].concat(), true));
    prop_oneof![proptest::sample::select(wrong), nested, too_long, half, blank, bytes, Just((Vec::new(), false))]
}

#[test]
fn whatever_is_sent_to_the_socket_its_sender_alone_is_sent_away_with_a_word() {
    let place = Place::new();
    let mut trainer = endless(&place, "300");
    let mut witness = Visitor::of(&place, "coat");
    let mut runner = TestRunner::default();
    let garbage = garbage();
    for _ in 0..100 {
        let (bytes, is_refused) = garbage.new_tree(&mut runner).expect("it can be made").current();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
        let mut stream = connect(&place, "coat");
        // An error means that it was sent away before the end.
        let _ = stream.write_all(&bytes);
        // What is only half said is said to its end before that is refused.
        let _ = stream.shutdown(Shutdown::Write);
        let lines = rest(&mut stream);
        assert_eq!(lines[0]["protocol"], 2, "{shown:?}");
        let last = lines.last().expect("there is one");
        assert_eq!(last.get("error").is_some(), is_refused, "{shown:?}: {last}");
        if is_refused {
            let words = last["error"].as_str().expect("words");
            assert!(
                words.starts_with("this is no command: ") || words == "a command has at most 65536 bytes",
                "{words}"
            );
        }
    }
    witness.assert_is_told_more();
    assert!(trainer.0.try_wait().expect("it is ours").is_none());
}

#[test]
fn fifty_visitors_are_served_and_the_sixty_fifth_is_told_that_there_is_no_room() {
    let place = Place::new();
    let mut trainer = endless(&place, "100");
    let mut visitors: Vec<Visitor> = (0..50).map(|_| Visitor::of(&place, "coat")).collect();
    for (index, visitor) in visitors.iter_mut().enumerate() {
        visitor.send(&format!(r#"{{"command":"look","predicted":[{index}],"explained":[],"tiles":[]}}"#));
    }
    for (index, visitor) in visitors.iter_mut().enumerate() {
        let report = visitor.until_report("prediction");
        assert_eq!(report["index"].as_u64(), Some(index as u64), "it is told of its own image alone");
    }
    visitors.extend((50..MOST).map(|_| Visitor::of(&place, "coat")));
    let words = "64 others watch this run already, which is as many as may";
    assert_eq!(rest(&mut connect(&place, "coat")), [serde_json::json!({ "error": words })]);
    let mut watcher = watch(&place, "coat");
    assert_eq!(watcher.wait(), 1);
    watcher.assert_given_back();
    assert!(watcher.text().contains(&format!("fitroom: {words}")), "{}", watcher.text());

    // There is room again.
    drop(visitors.pop());
    let end = Instant::now() + Duration::from_secs(60);
    while visitors.len() < MOST {
        assert!(Instant::now() < end, "there is no room for one more");
        visitors.extend(Some(Visitor::of(&place, "coat")).filter(|visitor| visitor.greeting["protocol"] == 2));
    }
    // Nobody can keep others from stopping it.
    assert_success(&run(place.command(&["stop", "coat"])));
    assert_eq!(trainer.0.wait().expect("it ends").code(), Some(143));
    for visitor in &mut visitors {
        while visitor.next().is_some() {}
    }
}

#[test]
fn the_socket_is_its_owner_s_alone_and_is_gone_after_the_run() {
    let place = Place::new();
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    let mut shell = Command::new("sh");
    let options = "--data data --hidden 16 --epochs 2 --pace 200 --run coat";
    shell.args(["-c", &format!("umask 0; exec {fitroom} train {options}")]);
    shell.current_dir(place.directory.path()).stdout(Stdio::null());
    let mut trainer = Running(shell.spawn().expect("the program starts"));
    Visitor::of(&place, "coat");
    let mode = fs::metadata(socket(&place, "coat")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(trainer.0.wait().expect("it ends").code(), Some(0));
    assert!(!socket(&place, "coat").exists());
}

#[test]
fn what_a_killed_program_left_of_its_socket_is_replaced() {
    let place = Place::new();
    let trainer = endless(&place, "300");
    let there = Run::at(&place, "coat");
    until("a checkpoint", || there.checkpoint().exists());
    signal(trainer.process(), "KILL");
    drop(trainer);
    assert!(socket(&place, "coat").exists(), "it was left");
    UnixStream::connect(socket(&place, "coat")).expect_err("nobody listens");
    let mut resumed = place.command(&["train", "--resume", "coat", "--pace", "300"]);
    let resumed = resumed.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut resumed = Running(resumed);
    let mut visitor = Visitor::of(&place, "coat");
    assert_eq!(visitor.greeting["process"], resumed.process());
    visitor.assert_is_told_more();
    visitor.send(r#"{"command":"stop"}"#);
    assert_eq!(resumed.0.wait().expect("it ends").code(), Some(0));
    let words = std::io::read_to_string(resumed.0.stderr.take().expect("it is piped")).expect("words are text");
    assert_eq!(words, "fitroom: the run was stopped by somebody who watches it\n");
}

#[test]
fn a_socket_that_is_removed_or_replaced_while_the_run_trains_is_made_again() {
    let place = Place::new();
    let mut trainer = endless(&place, "300");
    let mut witness = Visitor::of(&place, "coat");
    let path = socket(&place, "coat");
    for instead in [None, Some("no socket")] {
        fs::remove_file(&path).expect("it is there");
        if let Some(text) = instead {
            fs::write(&path, text).expect("it can be written");
        }
        until("it is made again", || UnixStream::connect(&path).is_ok());
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        Visitor::of(&place, "coat").assert_is_told_more();
        witness.assert_is_told_more();
    }
    witness.send(r#"{"command":"stop"}"#);
    assert_eq!(trainer.0.wait().expect("it ends").code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn a_dashboard_on_a_run_that_is_over_leaves_its_socket_to_the_process_that_goes_on_with_it() {
    let place = Place::new();
    let mut first = Terminal::at(&place, 100, 30, &["--epochs", "3", "--pace", "100", "--run", "coat"]);
    until("it can be found", || place.path("runs/coat/run.json").exists());
    let mut watcher = watch(&place, "coat");
    watcher.until_shown("watching coat");
    first.until("the end", |screen| screen.contains("3/3") && screen.contains("done"));
    // The run is let go of, and whoever watched it has it as its directory has it.
    until("the socket is gone", || !socket(&place, "coat").exists());
    watcher.until("the end", |screen| screen.contains("ended just now") && !screen.contains("watching"));

    let options = ["train", "--resume", "coat", "--epochs", ENDLESS, "--pace", "300"];
    let mut command = place.command(&options);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut second = Running(command.spawn().expect("the program starts"));
    let process = u64::from(second.process());
    // Longer than anybody takes to look whether a socket is still there.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        assert_eq!(Visitor::of(&place, "coat").greeting["process"].as_u64(), Some(process));
        thread::sleep(Duration::from_millis(250));
    }
    watcher.until_shown("watching coat");
    assert_success(&run(place.command(&["stop", "coat"])));
    assert_eq!(second.0.wait().expect("it is ours").code(), Some(0));
    watcher.until_shown("stopped in epoch");
    // To the first one nothing of that has happened.
    first.press("q");
    assert_eq!(first.wait(), 0);
    first.assert_given_back();
    assert!(!socket(&place, "coat").exists());
}

/// A run that was paused after an epoch, and whoever paused it.
fn paused(place: &Place) -> (Running, Visitor) {
    let options = ["--epochs", ENDLESS, "--pace", "300", "--run", "coat"];
    let trainer = train(place, &options).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
    let trainer = Running(trainer);
    let mut visitor = Visitor::of(place, "coat");
    visitor.until_report("epoch");
    visitor.until_report("saved");
    visitor.send(r#"{"command":"pause"}"#);
    visitor.until_report("paused");
    (trainer, visitor)
}

/// What a run had to say that was asked to end, when it has.
fn last_words(trainer: &mut Running) -> String {
    signal(trainer.process(), "TERM");
    assert_eq!(trainer.0.wait().expect("it ends").code(), Some(143));
    std::io::read_to_string(trainer.0.stderr.take().expect("it is piped")).expect("words are text")
}

/// What is said of a run whose directory is not where it was.
const GONE: &str = "fitroom: not saved: the directory runs/coat is gone, or another one by now: nothing more of the \
                    run is kept\n";

#[test]
fn a_run_whose_directory_is_removed_says_so_once_and_trains_on() {
    let place = Place::new();
    let (mut trainer, mut visitor) = paused(&place);
    fs::remove_dir_all(place.path("runs/coat")).expect("it is there");
    visitor.send(r#"{"command":"resume"}"#);
    for _ in 0..3 {
        visitor.until_report("not_saved");
        visitor.until_report("epoch");
    }
    assert_eq!(last_words(&mut trainer), GONE);
    assert!(!place.path("runs/coat").exists());
}

#[test]
fn of_a_run_whose_directory_is_another_one_s_by_now_nothing_is_written_there_and_who_watches_it_is_let_go() {
    let place = Place::new();
    let (mut trainer, mut visitor) = paused(&place);
    let directory = place.path("runs/coat");
    fs::rename(&directory, place.path("runs/moved")).expect("it is there");
    assert_success(&run(train(&place, &["--epochs", "1", "--run", "coat"])));
    while visitor.next().is_some() {}
    let files = || ["run.json", "metrics.jsonl"].map(|name| fs::read(directory.join(name)).expect("it is there"));
    let before = files();
    assert_eq!(last_words(&mut trainer), GONE);
    assert!(files() == before, "the other run has changed");
    assert_eq!(Run::at(&place, "coat").state(), "done");
}

#[test]
fn a_run_whose_path_is_too_long_for_a_socket_says_so_once_and_trains() {
    let place = Place::new();
    train_whole(&place, "2");
    let runs = "long/".repeat(30);
    let options = ["--epochs", "2", "--pace", "100", "--runs", &runs, "--run", "coat"];
    let trainer = train(&place, &options).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut trainer = Running(trainer);
    let directory = place.path(&runs).join("coat");
    until("it trains", || directory.join("run.json").exists());

    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fitroom"));
    command.args(["watch", "coat", "--runs", &runs]);
    command.cwd(place.directory.path());
    let mut watcher = Terminal::run(200, 30, command);
    assert_eq!(watcher.wait(), 1);
    watcher.assert_given_back();
    let text = watcher.text().replace('\n', "");
    assert!(text.contains("fitroom: nobody can watch the run coat, which process "), "{text}");
    assert!(text.contains(" bytes, more than a socket's address may have"), "{text}");

    assert_success(&run(place.command(&["stop", "coat", "--runs", &runs])));
    assert_eq!(trainer.0.wait().expect("it ends").code(), Some(143));
    let words = std::io::read_to_string(trainer.0.stderr.take().expect("it is piped")).expect("words are text");
    assert!(words.starts_with("fitroom: nobody can watch this run: cannot make long/"), "{words}");
    assert!(words.ends_with(" bytes, more than a socket's address may have\n"), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
    assert_success(&run(place.command(&["train", "--resume", "coat", "--runs", &runs])));
    let weights = |directory: &std::path::Path| left::Checkpoint::read(&directory.join("checkpoint.safetensors"));
    assert!(weights(&directory) == weights(&place.path("runs/whole")), "the weights differ");
}

#[test]
fn whoever_saves_and_looks_without_end_neither_stops_the_training_nor_keeps_it_from_its_end() {
    for end in ["stop", "TERM"] {
        let place = Place::new();
        let options = ["--epochs", ENDLESS, "--run", "coat", "--pace", "500"];
        let mut trainer = Running::train(&place, &options);
        let mut witness = Visitor::of(&place, "coat");
        witness.assert_is_told_more();
        let before = memory_of(trainer.process());
        let images = |from: usize| (from..from + 30).map(|image| image.to_string()).collect::<Vec<_>>().join(",");
        let look = |from: usize| {
            let images = images(from);
            let tiles = r#"[{"first":0,"count":16}]"#;
            format!(r#"{{"command":"look","predicted":[{images}],"explained":[{images}],"tiles":{tiles}}}"#)
        };
        let lines = format!("{{\"command\":\"save\"}}\n{}\n{}\n", look(0), look(100)).repeat(100);
        let floods: Vec<_> = (0..20)
            .map(|_| {
                let (mut stream, lines) = (connect(&place, "coat"), lines.clone());
                // Until it is sent away, or the run ends. It reads nothing.
                thread::spawn(move || while stream.write_all(lines.as_bytes()).is_ok() {})
            })
            .collect();
        thread::sleep(Duration::from_secs(2));
        let there = Run::at(&place, "coat");
        let epochs = there.epochs();
        thread::sleep(Duration::from_secs(4));
        let more = there.epochs() - epochs;
        // Somebody who obeys all of it first trains none.
        assert!(more > 2, "{more} epochs in 4 s");
        let grown = memory_of(trainer.process()).saturating_sub(before);
        assert!(grown < 100 << 20, "{grown} bytes more");
        let start = Instant::now();
        match end {
            "stop" => assert_success(&run(place.command(&["stop", "coat"]))),
            end => signal(trainer.process(), end),
        }
        until("it ends", || trainer.0.try_wait().expect("it is ours").is_some());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert_eq!(there.state(), "stopped");
        for flood in floods {
            flood.join().expect("it does not panic");
        }
    }
}

#[test]
fn a_look_that_no_screen_has_room_for_and_a_pace_that_is_none_are_refused() {
    let place = Place::new();
    let _trainer = endless(&place, "300");
    let mut witness = Visitor::of(&place, "coat");
    let images = (0..10_000).map(|image| image.to_string()).collect::<Vec<_>>().join(",");
    for (command, words) in [
        (
            format!(r#"{{"command":"look","predicted":[],"explained":[{images}],"tiles":[]}}"#),
            "a look has at most 64 images, and 2048 tiles in 8 ranges",
        ),
        (r#"{"command":"pace","steps_per_second":1e-300}"#.to_owned(), "a pace has at least one step per hour"),
    ] {
        let mut stream = connect(&place, "coat");
        stream.write_all(format!("{command}\n").as_bytes()).expect("it is read");
        let lines = rest(&mut stream);
        assert_eq!(lines.last(), Some(&serde_json::json!({ "error": words })));
    }
    witness.assert_is_told_more();
}

/// A run that says it trains, whose directory this test holds, and what answers at its socket.
fn held(place: &Place, answer: impl FnOnce(UnixStream) + Send + 'static) -> fs::File {
    held_by(place, |listener| answer(listener.accept().expect("somebody comes").0))
}

/// As [`held`], for more than one who comes.
fn held_by(place: &Place, attend: impl FnOnce(UnixListener) + Send + 'static) -> fs::File {
    assert_success(&run(train(place, &["--epochs", "1", "--run", "coat"])));
    let directory = place.path("runs/coat");
    let mut facts = place.facts("coat");
    facts["state"] = "training".into();
    fs::write(directory.join("run.json"), facts.to_string()).expect("it can be written");
    let lock = fs::File::open(&directory).expect("it is there");
    flock(&lock, FlockOperation::NonBlockingLockExclusive).expect("nobody else holds it");
    let listener = UnixListener::bind(directory.join("control.sock")).expect("there is room");
    thread::spawn(move || attend(listener));
    lock
}

#[test]
fn what_a_watcher_cannot_understand_ends_the_watching_with_the_reason_and_is_seldom_asked_for_again() {
    let place = Place::new();
    let came = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&came);
    let _lock = held_by(&place, move |listener| {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::Relaxed);
            let greeting = r#"{"fitroom":"9.1","protocol":2,"run":"coat","process":1}"#;
            let lines = format!("{greeting}\n{{\"report\":\"dance\"}}\n");
            stream.expect("somebody comes").write_all(lines.as_bytes()).expect("it is read");
        }
    });
    let mut watcher = watch(&place, "coat");
    watcher.until_shown("cannot be watched");
    thread::sleep(Duration::from_secs(5));
    let count = came.load(Ordering::Relaxed);
    assert!((2..=4).contains(&count), "it came {count} times");
    watcher.press("q");
    assert_eq!(watcher.wait(), 0);
    watcher.assert_given_back();
}

#[test]
fn whoever_is_not_let_in_again_is_told_why_and_watches_as_soon_as_there_is_room() {
    let elsewhere = Place::new();
    let _trainer = endless(&elsewhere, "300");
    let mut visitor = Visitor::of(&elsewhere, "coat");
    let started = visitor.next().expect("it is told");
    let place = Place::new();
    let words = "64 others watch this run already, which is as many as may";
    let (open, is_open) = std::sync::mpsc::channel();
    let _lock = held_by(&place, move |listener| {
        let mut last = None;
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.expect("somebody comes");
            let is_in = number == 0 || is_open.try_recv().is_ok();
            let greeting = r#"{"fitroom":"9.1","protocol":2,"run":"coat","process":1}"#;
            let lines = if is_in { format!("{greeting}\n{started}\n") } else { format!("{{\"error\":\"{words}\"}}\n") };
            // An error means that it has left.
            let _ = stream.write_all(lines.as_bytes());
            // The first one is let go of at once.
            last = Some(stream).filter(|_| is_in && number > 0).or(last);
        }
    });
    let mut watcher = watch(&place, "coat");
    watcher.until_shown(&format!("cannot be watched: {words}"));
    open.send(()).expect("it is waited for");
    watcher.until("it is watched", |screen| screen.contains("watching coat") && !screen.contains("64 others"));
    watcher.press("q");
    assert_eq!(watcher.wait(), 0);
}

#[test]
fn who_could_not_watch_a_run_to_its_end_opens_it_after_that_and_plays_it() {
    let place = Place::new();
    let words = "64 others watch this run already, which is as many as may";
    let (leave, is_left) = std::sync::mpsc::channel::<()>();
    let lock = held_by(&place, move |listener| {
        listener.set_nonblocking(true).expect("it is ours");
        let mut came = 0;
        while is_left.try_recv().is_err() {
            if let Ok((mut stream, _)) = listener.accept() {
                let greeting = r#"{"fitroom":"9.1","protocol":2,"run":"coat","process":1}"#;
                let line = if came == 0 { greeting.to_owned() } else { format!("{{\"error\":\"{words}\"}}") };
                // An error means that it has left.
                let _ = stream.write_all(format!("{line}\n").as_bytes());
                came += 1;
            }
            thread::sleep(Duration::from_millis(5));
        }
    });
    let mut watcher = watch(&place, "coat");
    let refused = format!("cannot be watched: {words}");
    watcher.until("it is refused, and nothing to be asked", |screen| {
        screen.contains(&refused) && !screen.contains("P play")
    });
    // It ends as a killed program does.
    leave.send(()).expect("it is waited for");
    drop(lock);
    watcher.until("it is opened", |screen| screen.contains("killed in epoch") && screen.contains("P play"));
    watcher.press("P");
    watcher.until_shown("replaying coat");
    watcher.press("q");
    assert_eq!(watcher.wait(), 0);
}

#[test]
fn a_program_that_speaks_another_version_or_none_is_not_listened_to() {
    for (greeting, expected) in [
        (
            "{\"fitroom\":\"9.1\\u001b\",\"protocol\":99,\"run\":\"coat\",\"process\":1,\"more\":[]}\n",
            "the run is trained by fitroom 9.1\\x1b, which speaks version 99 of the protocol",
        ),
        ("HTTP/1.1 400 Bad Request\r\n", "what listens at runs/coat/control.sock is no fitroom"),
        ("{\"error\":\"not \\u001b today\"}\n", "fitroom: not \\x1b today"),
        ("", "the program that trains the run does not answer at runs/coat/control.sock: is it suspended?"),
    ] {
        let place = Place::new();
        let _lock = held(&place, move |mut stream| {
            stream.write_all(greeting.as_bytes()).expect("it is read");
            // Until the other side leaves.
            let _ = BufReader::new(stream).read_line(&mut String::new());
        });
        let mut watcher = watch(&place, "coat");
        assert_eq!(watcher.wait(), 1, "{expected}");
        watcher.assert_given_back();
        let text = watcher.text().replace('\n', "");
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn a_program_that_says_one_letter_now_and_then_is_not_listened_to_for_long_and_can_be_left_before() {
    for keys in ["", "q", "\x03"] {
        let place = Place::new();
        let _lock = held(&place, move |mut stream| {
            while stream.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_millis(300));
            }
        });
        let mut watcher = watch(&place, "coat");
        watcher.until_shown("loading");
        watcher.press(keys);
        let start = Instant::now();
        assert_eq!(watcher.wait(), u32::from(keys.is_empty()), "{keys:?}");
        assert!(start.elapsed() < Duration::from_secs(if keys.is_empty() { 10 } else { 3 }), "{keys:?}");
        watcher.assert_given_back();
        let words = "does not answer";
        assert_eq!(watcher.text().contains(words), keys.is_empty(), "{}", watcher.text());
    }
}

#[test]
fn a_door_with_as_many_before_it_as_it_holds_is_not_waited_for_without_end() {
    let place = Place::new();
    let trainer = endless(&place, "300");
    signal(trainer.process(), "STOP");
    // Nobody lets them in.
    let mut crowd = Vec::new();
    let full = rustix::net::SocketAddrUnix::new(socket(&place, "coat")).expect("it is short");
    loop {
        let visitor = rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None);
        let visitor = UnixStream::from(visitor.expect("there is room"));
        visitor.set_nonblocking(true).expect("it can be");
        if rustix::net::connect(&visitor, &full).is_err() {
            break;
        }
        crowd.push(visitor);
    }
    let start = Instant::now();
    let words = crate::place::error(place.command(&["stop", "coat"]));
    assert!(words.contains("is suspended"), "{words}");
    let mut watcher = watch(&place, "coat");
    assert_eq!(watcher.wait(), 1);
    assert!(watcher.text().contains("does not answer"), "{}", watcher.text());
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}
