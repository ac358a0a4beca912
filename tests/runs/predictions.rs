//! The predictions that runs keep of their epochs.

use fitroom::fashion::Class;

use super::*;

/// The files of a run's predictions, with their bytes, by their names.
pub fn files(place: &Place, run: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(place.path("runs").join(run).join("predictions")).expect("the run has predictions");
    entries
        .map(|entry| {
            let entry = entry.expect("it can be listed");
            let name = entry.file_name().into_string().expect("it is text");
            (name, fs::read(entry.path()).expect("it can be read"))
        })
        .collect()
}

/// The probabilities of the 500 test images in a file, once its header is what NumPy writes.
fn rows(file: &[u8]) -> Vec<[f32; 10]> {
    let (header, content) = file.split_at(128);
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (500, 10), }";
    let expected = [b"\x93NUMPY\x01\x00\x76\x00", format!("{text:117}\n").as_bytes()].concat();
    assert_eq!(header.escape_ascii().to_string(), expected.escape_ascii().to_string());
    let numbers = content.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")));
    let numbers: Vec<f32> = numbers.collect();
    assert_eq!((content.len(), numbers.len()), (20_000, 5000));
    numbers.chunks_exact(10).map(|row| row.try_into().expect("ten numbers")).collect()
}

/// How many of the test images are predicted right, 0 to 1.
fn accuracy(rows: &[[f32; 10]]) -> f64 {
    let is_right = |(row, truth): (&[f32; 10], &Class)| {
        let best = row.iter().enumerate().max_by(|left, right| left.1.total_cmp(right.1));
        best.is_some_and(|(class, _)| class == truth.index())
    };
    let right = rows.iter().zip(FASHION.test.classes()).filter(|&pair| is_right(pair)).count();
    f64::from(u32::try_from(right).expect("there are 500")) / 500.0
}

#[test]
fn a_run_keeps_what_its_network_made_of_every_test_image_before_the_first_step_and_after_each_epoch() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "3", "--run", "coat"])));
    let files = files(&place, "coat");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["epoch-0000.npy", "epoch-0001.npy", "epoch-0002.npy", "epoch-0003.npy"]);
    let epochs: Vec<Vec<[f32; 10]>> = files.values().map(|file| rows(file)).collect();
    for row in epochs.iter().flatten() {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
    }
    assert!(accuracy(&epochs[0]) < 0.4, "before the first step it knew {}", accuracy(&epochs[0]));
    for (epoch, record) in epochs[1..].iter().zip(place.metrics("coat")) {
        assert_eq!(record["val_accuracy"].as_f64(), Some(accuracy(epoch)));
    }

    let indices = ["0", "7", "123", "499"];
    let output = run(place.command(&[&["predict", "--json", "--run", "coat"], &indices[..]].concat()));
    assert_success(&output);
    let told = String::from_utf8(output.stdout).expect("words are text");
    assert_eq!(told.lines().count(), indices.len());
    for (line, index) in told.lines().zip(indices) {
        let line: Value = serde_json::from_str(line).expect("each line is JSON");
        let row = &epochs[3][index.parse::<usize>().expect("a number")];
        let told = line["probabilities"].as_array().expect("ten probabilities");
        let told: Vec<f64> = told.iter().map(|number| number.as_f64().expect("a number")).collect();
        // `predict` computes few images in another order than an evaluation computes all.
        let difference = told.iter().zip(row).map(|(told, kept)| (told - f64::from(*kept)).abs()).fold(0.0, f64::max);
        assert!(told.len() == 10 && difference < 1e-5, "image {index}: {told:?} is not {row:?}");
    }
}

#[test]
fn a_run_of_an_older_fitroom_goes_on_and_keeps_predictions_from_then_on() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "4", "--run", "whole"])));
    assert_success(&run(place.train(&["--epochs", "2", "--run", "coat"])));
    fs::remove_dir_all(place.path("runs/coat/predictions")).expect("it is there");
    assert_success(&run(place.train(&["--resume", "coat", "--epochs", "4"])));
    let mut expected = files(&place, "whole");
    expected.retain(|name, _| !["epoch-0000.npy", "epoch-0001.npy"].contains(&name.as_str()));
    assert!(files(&place, "coat") == expected, "the predictions differ");
}

#[test]
fn predictions_that_a_power_cut_tore_keep_no_run_from_going_on_and_those_of_later_epochs_are_cut_off() {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "3", "--run", "whole"])));
    assert_success(&run(place.train(&["--epochs", "2", "--run", "coat"])));
    let path = |epoch: &str| place.path("runs/coat/predictions").join(epoch);
    fs::write(path("epoch-0001.npy"), b"").expect("it can be written");
    fs::write(path("epoch-0002.npy"), b"\x93NUMPY\x01").expect("it can be written");
    fs::write(path("epoch-0003.npy"), b"of a killed program").expect("it can be written");
    fs::write(path("epoch-0009.npy"), b"of a killed program").expect("it can be written");
    fs::write(path(".fitroom-1-2.tmp"), b"of a killed program").expect("it can be written");
    assert_success(&run(place.train(&["--resume", "coat", "--epochs", "3"])));
    let mut expected = files(&place, "whole");
    expected.insert("epoch-0001.npy".to_owned(), Vec::new());
    assert!(files(&place, "coat") == expected, "the predictions differ");
}

#[test]
fn predictions_that_find_no_room_are_told_and_those_of_later_epochs_are_kept() {
    let place = Place::new();
    let mut command = place.train(&["--epochs", "4", "--run", "coat", "--pace", "400"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program runs");
    until("it trains", || place.path("runs/coat/predictions/epoch-0000.npy").exists());
    let taken = place.path("runs/coat/predictions/epoch-0002.npy");
    fs::create_dir(&taken).expect("its name is free");
    until("the second epoch is done", || place.facts("coat")["kept"]["epoch"].as_u64() >= Some(2));
    fs::remove_dir(&taken).expect("it is empty");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "the run is saved all the same");
    let mut words = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut words).expect("words are text");
    assert!(words.starts_with("fitroom: not saved: cannot write runs/coat/predictions/epoch-0002.npy: "), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
    let files = files(&place, "coat");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["epoch-0000.npy", "epoch-0001.npy", "epoch-0003.npy", "epoch-0004.npy"]);
    assert_eq!(place.facts("coat")["state"], "done");
}
