//! The real program asked about saved runs: `evaluate`, `predict`, `runs`, `completions`, `man`.

#[path = "place/place.rs"]
mod place;

use std::{fs, process::Command};

use safetensors::{SafeTensors, tensor::TensorView};
use serde_json::{Value, json};

use self::place::{FASHION, Place, assert_success, error, run, write_split};

/// A place with a run of two epochs, `coat`.
fn place() -> Place {
    let place = Place::new();
    assert_success(&run(place.train(&["--epochs", "2", "--run", "coat"])));
    place
}

fn text(command: Command) -> String {
    let output = run(command);
    assert_success(&output);
    String::from_utf8(output.stdout).expect("words are text")
}

fn answers(command: Command) -> Vec<Value> {
    text(command).lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn floats(file: &SafeTensors, name: &str) -> Vec<f64> {
    let tensor = file.tensor(name).expect("the checkpoint has it");
    let (values, _) = tensor.data().as_chunks();
    values.iter().map(|bytes| f32::from_le_bytes(*bytes).into()).collect()
}

/// The probabilities by the textbook formula, from the file's weights.
fn probabilities(checkpoint: &[u8], pixels: &[u8]) -> Vec<f64> {
    let file = SafeTensors::deserialize(checkpoint).expect("it is a safetensors file");
    let dense = |inputs: &[f64], layer: usize| -> Vec<f64> {
        let weight = floats(&file, &format!("layers.{layer}.weight"));
        let bias = floats(&file, &format!("layers.{layer}.bias"));
        let rows = weight.chunks(inputs.len()).zip(bias);
        rows.map(|(row, bias)| row.iter().zip(inputs).map(|(weight, input)| weight * input).sum::<f64>() + bias)
            .collect()
    };
    let ink: Vec<f64> = pixels.iter().map(|byte| f64::from(*byte) / 255.0).collect();
    let hidden: Vec<f64> = dense(&ink, 0).into_iter().map(|value| value.max(0.0)).collect();
    let powers: Vec<f64> = dense(&hidden, 1).into_iter().map(f64::exp).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[test]
fn predict_prints_the_probabilities_that_the_checkpoint_s_weights_give() {
    let place = place();
    let checkpoint = fs::read(place.path("runs/coat/checkpoint.safetensors")).expect("the run has a checkpoint");
    let indices = ["0", "12", "499"];
    let lines = answers(place.command(&[&["predict", "--json"], &indices[..]].concat()));
    assert_eq!(lines.len(), 3);
    for (line, index) in lines.iter().zip(indices) {
        let index: usize = index.parse().expect("a number");
        assert_eq!(line["index"], index);
        let expected = probabilities(&checkpoint, FASHION.test.image(index).pixels());
        let found = line["probabilities"].as_array().expect("ten of them");
        assert_eq!(found.len(), 10);
        for (found, expected) in found.iter().zip(expected) {
            let difference = (found.as_f64().expect("a number") - expected).abs();
            assert!(difference < 1e-5, "image {index}: {found} is not {expected}");
        }
        assert_eq!(line["class"], FASHION.name(FASHION.test.class(index)));
    }
}

#[test]
fn evaluate_agrees_with_the_run_s_own_metrics() {
    let place = place();
    let lines = answers(place.command(&["evaluate", "--json"]));
    let metrics = fs::read_to_string(place.path("runs/coat/metrics.jsonl")).expect("the run has metrics");
    let last: Value = serde_json::from_str(metrics.lines().last().expect("two epochs")).expect("it is JSON");
    assert_eq!(lines[0]["accuracy"], last["val_accuracy"]);
    let number = |value: &Value| value.as_f64().expect("a number");
    assert!((number(&lines[0]["loss"]) - number(&last["val_loss"])).abs() < 1e-6);
    let confusion = lines[0]["confusion"].as_array().expect("ten rows");
    let sum: u64 =
        confusion.iter().flat_map(|row| row.as_array().expect("ten columns")).filter_map(Value::as_u64).sum();
    assert_eq!(sum, 500);

    let table = text(place.command(&["evaluate", "coat"]));
    assert!(table.contains("precision    recall  f1-score   support"), "{table}");
    assert!(table.contains(&format!("Test accuracy: {:.4}", number(&last["val_accuracy"]))), "{table}");
    assert_eq!(table.matches("Ankle boot").count(), 2, "{table}");
}

#[test]
fn the_tutorial_s_sheet_is_as_wide_as_the_terminal_is() {
    let place = place();
    let indices = ["16", "17", "22", "23", "24", "25", "39", "40", "41", "42", "48", "49", "50", "51", "66"];
    for (columns, rows) in [(80, 15), (120, 8), (200, 5)] {
        let mut command = place.command(&[&["predict"], &indices[..]].concat());
        command.env("COLUMNS", columns.to_string());
        let sheet = text(command);
        assert!(sheet.lines().all(|line| line.chars().count() <= columns), "{sheet}");
        assert_eq!(sheet.lines().filter(|line| line.starts_with("Test image")).count(), rows, "{sheet}");
        assert_eq!(sheet.matches("Test image").count(), 15);
        assert!(!sheet.contains('\x1b'), "a pipe gets no colours unless it asks");
    }
    let coloured = text(place.command(&["predict", "16", "--color", "truecolor"]));
    assert!(coloured.contains("\x1b[38;2;"), "{coloured}");
    let ascii = text(place.command(&["predict", "16", "--ascii"]));
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn pictures_and_idx_files_are_taken_too() {
    let place = place();
    let pixels = *FASHION.test.image(12).pixels();
    let inverted: Vec<u8> = pixels.iter().map(|ink| 255 - ink).collect();
    let picture = image::GrayImage::from_raw(28, 28, inverted).expect("28 by 28");
    picture.save(place.path("shoe.png")).expect("there is room");
    write_split(&place.path("."), "three", &FASHION.test.head(3));
    let lines = answers(place.command(&["predict", "--json", "./shoe.png", "three-images-idx3-ubyte", "12"]));
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["file"], "./shoe.png");
    assert_eq!(lines[0]["probabilities"], lines[4]["probabilities"]);
    assert_eq!((&lines[3]["file"], &lines[3]["image"]), (&"three-images-idx3-ubyte".into(), &2.into()));
    assert_eq!(lines[0].get("class"), None);
}

#[test]
fn what_cannot_be_predicted_says_why() {
    let place = place();
    let words = error(place.command(&["predict", "500"]));
    assert_eq!(words, "fitroom: there is no test image 500: expected 0 to 499");
    let words = error(place.command(&["predict", "nothing.png"]));
    assert!(words.starts_with("fitroom: cannot read nothing.png: No such file"), "{words}");
    fs::write(place.path("words.png"), "words").expect("there is room");
    let words = error(place.command(&["predict", "words.png"]));
    let expected = "it is text that begins with \"words\", expected a PNG, JPEG, WebP or IDX file";
    assert_eq!(words, format!("fitroom: words.png: {expected}"));
    let words = error(place.command(&["predict", "0", "--run", "dress"]));
    assert!(words.contains("no run dress in runs; there is coat"), "{words}");

    let checkpoint = place.path("runs/coat/checkpoint.safetensors");
    let whole = fs::read(&checkpoint).expect("the run has a checkpoint");
    fs::write(&checkpoint, &whole[..whole.len() / 2]).expect("there is room");
    for command in [["predict", "0"], ["evaluate", "coat"]] {
        let words = error(place.command(&command));
        assert!(
            words.contains("cannot use runs/coat/checkpoint.safetensors: it is not a complete safetensors"),
            "{words}"
        );
    }
    fs::write(&checkpoint, &whole[..5]).expect("there is room");
    assert_eq!(
        error(place.command(&["predict", "0"])),
        "fitroom: cannot use runs/coat/checkpoint.safetensors: it is not a complete safetensors file (header too \
         small): put back a copy of it, or train again"
    );
    fs::remove_file(&checkpoint).expect("it is there");
    assert!(error(place.command(&["evaluate"])).contains("the run coat was saved, but its checkpoint is missing"));
}

/// The checkpoint with changes in its header's JSON or in a tensor's bytes.
fn changed(whole: &[u8], tensor: &str, change: impl FnOnce(&mut Value, &mut [u8])) -> Vec<u8> {
    let file = SafeTensors::deserialize(whole).expect("it is a safetensors file");
    let (_, metadata) = SafeTensors::read_metadata(whole).expect("it is a safetensors file");
    let mut texts = metadata.metadata().clone().expect("it has a header");
    let mut header: Value = serde_json::from_str(&texts["fitroom"]).expect("it is JSON");
    let mut bytes = file.tensor(tensor).expect("the checkpoint has it").data().to_vec();
    change(&mut header, &mut bytes);
    texts.insert("fitroom".to_owned(), header.to_string());
    let tensors = file.tensors().into_iter().map(|(name, view)| {
        let data = if name == tensor { bytes.clone() } else { view.data().to_vec() };
        (name, view.dtype(), view.shape().to_vec(), data)
    });
    let tensors: Vec<_> = tensors.collect();
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, data)| (name, TensorView::new(*dtype, shape.clone(), data).expect("they fit")));
    safetensors::serialize(views, Some(texts)).expect("there is room")
}

#[test]
fn a_checkpoint_that_no_training_can_have_left_is_refused_by_name_and_place() {
    let place = place();
    let path = place.path("runs/coat/checkpoint.safetensors");
    let whole = fs::read(&path).expect("the run has a checkpoint");
    let what_to_do = "put back a copy of it, or train again";
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("there is room");
        let words = error(place.command(&["predict", "0"]));
        assert_eq!(error(place.command(&["evaluate"])), words);
        words.strip_prefix("fitroom: cannot use runs/coat/checkpoint.safetensors: ").expect("it is named").to_owned()
    };
    for (tensor, at, value, words) in [
        ("layers.0.weight", 784 * 3 + 5, f32::NAN, "NaN at [3, 5], expected a number"),
        ("layers.1.bias", 9, f32::INFINITY, "inf at [9], expected a number"),
        ("adam.first_moment.layers.0.bias", 0, f32::NEG_INFINITY, "-inf at [0], expected a number"),
        ("adam.second_moment.layers.1.weight", 64, -0.5, "-0.5 at [1, 0], expected a number from 0"),
    ] {
        let bytes = changed(&whole, tensor, |_, bytes| bytes[4 * at..4 * at + 4].copy_from_slice(&value.to_le_bytes()));
        assert_eq!(refused(&bytes), format!("its tensor {tensor} has {words}: {what_to_do}"));
    }
    for (pointer, value, words) in [
        ("/epoch", json!(0), "its header says epoch 0, expected 1 to 2, the epochs of its training"),
        ("/epoch", json!(3), "its header says epoch 3, expected 1 to 2, the epochs of its training"),
        ("/step", json!(7), "its header says step 7, expected 376 in epoch 2"),
        ("/step", json!(u64::MAX), "its header says step 18446744073709551615, expected 376 in epoch 2"),
        (
            "/position",
            json!(u64::MAX),
            "its header says position 18446744073709551615, expected no more than there can be images",
        ),
        ("/seconds", json!(-1.0), "its header says seconds -1, expected a number from 0"),
        ("/tally/loss_sum", json!(-1.0), "its header says loss of its tally -1, expected a number from 0"),
        (
            "/tally/correct",
            json!(6001),
            "its header says right answers of its tally 6001, expected at most 6000, its images",
        ),
        ("/tally/images", json!(5), "its header says images of its tally 5, expected 6000, its position"),
        (
            "/tally/steps",
            json!(5),
            "its header says steps of its tally 5, expected 188, for 6000 images in batches of 32",
        ),
        ("/settings/epochs", json!(0), "its header says epochs 0, expected 1 or more"),
        (
            "/settings/batch_size",
            json!(0),
            "its header says batch size 0, expected 1 or more, and no more than there can be images",
        ),
        ("/settings/learning_rate", json!(0.0), "its header says learning rate 0, expected a positive number"),
        ("/settings/hidden", json!([64, 0]), "its header says units of a hidden layer 0, expected 1 or more"),
    ] {
        let bytes = changed(&whole, "layers.0.bias", |header, _| *header.pointer_mut(pointer).expect(pointer) = value);
        assert_eq!(refused(&bytes), format!("{words}: {what_to_do}"));
    }
    for (pointer, value, words) in [
        ("/tally/loss_sum", json!(null), "invalid type: null, expected a number"),
        ("/seconds", json!("long"), "invalid type: string \"long\", expected a number"),
        ("/settings", json!(3), "invalid type: integer `3`, expected an object"),
        ("/settings/hidden", json!([u64::MAX]), "its tensor layers.0.weight is F32 of shape [64, 784], expected"),
        (
            "/settings/hidden",
            json!([4_000_000_000_u64, 4_000_000_000_u64]),
            "its tensor layers.0.weight is F32 of shape",
        ),
    ] {
        let bytes = changed(&whole, "layers.0.bias", |header, _| *header.pointer_mut(pointer).expect(pointer) = value);
        let found = refused(&bytes);
        assert!(found.contains(words) && !found.contains("struct"), "{found}");
    }
    fs::write(&path, changed(&whole, "layers.0.bias", |_, _| ())).expect("there is room");
    assert_success(&run(place.command(&["predict", "0"])));
}

#[test]
fn the_names_of_classes_in_run_json_are_shown_escaped() {
    let place = place();
    let path = place.path("runs/coat/run.json");
    let mut facts: Value = serde_json::from_slice(&fs::read(&path).expect("the run has facts")).expect("it is JSON");
    facts["dataset"]["classes"][8] = "\u{202e}Bag\u{1b}c".into();
    fs::write(&path, facts.to_string()).expect("there is room");
    write_split(place.directory.path(), "one", &FASHION.test.head(1));
    let shown = text(place.command(&["predict", "--run", "coat", "one-images-idx3-ubyte"]));
    assert!(shown.contains("\\u{202e}Bag\\x1bc") && !shown.contains(['\u{202e}', '\u{1b}']), "{shown}");
}

#[test]
fn a_run_json_that_is_none_is_told_in_plain_words() {
    let place = place();
    let path = place.path("runs/coat/run.json");
    let whole = fs::read_to_string(&path).expect("the run has one");
    for (text, words) in [
        ("null".to_owned(), "invalid type: null, expected an object at line 1 column 4"),
        ("{}".to_owned(), "missing field `epochs_done` at line 1 column 2"),
        (whole.replace("\"done\"", "\"asleep\""), "unknown value `asleep`, expected one of `training`"),
        (
            whole.replace("\"epochs_done\": 2", "\"epochs_done\": null"),
            "invalid type: null, expected a whole number from 0",
        ),
        (
            whole.replace("\"epochs_done\": 2", "\"epochs_done\": \"a map of u8, a sequence\""),
            "invalid type: string \"a map of u8, a sequence\", expected a whole number from 0",
        ),
        (whole.replace("\"done\"", "\"a map of f64\""), "unknown value `a map of f64`, expected one of `training`"),
        (whole[..40].to_owned(), "EOF while parsing"),
        (whole.replace("\"done\"", &format!("\"{}\"", "long".repeat(50_000))), "unknown value `longlong"),
    ] {
        fs::write(&path, text).expect("there is room");
        let found = error(place.command(&["evaluate", "coat"]));
        assert!(found.contains(&format!("runs/coat/run.json is not what fitroom writes: {words}")), "{found}");
        assert!(!found.contains("struct") && !found.contains("enum") && !found.contains("u32"), "{found}");
        assert!(found.chars().count() < 500, "{found}");
    }
}

#[test]
fn a_class_name_that_turns_the_direction_of_text_is_refused() {
    let place = place();
    for control in ['\u{61c}', '\u{200e}', '\u{200f}'] {
        fs::write(place.path("data/labels.txt"), format!("0\n1\n2{control}\n3\n4\n5\n6\n7\n8\n9\n"))
            .expect("there is room");
        let words = error(place.command(&["evaluate", "coat", "--data", "data"]));
        let found = format!("found control character U+{:04X} in line 3, expected a class name", u32::from(control));
        assert!(words.contains(&found), "{words}");
    }
}

#[test]
fn runs_are_listed_newest_first() {
    let place = Place::new();
    assert_eq!(text(place.command(&["runs"])), "no runs in runs: train one with `fitroom train`\n");
    assert!(answers(place.command(&["runs", "--json"])).is_empty());
    assert!(error(place.command(&["evaluate"])).contains("no runs in runs: train one with `fitroom train`"));
    assert_success(&run(place.train(&["--epochs", "1", "--run", "first"])));
    assert_success(&run(place.train(&["--epochs", "1", "--run", "second", "--learning-rate", "0.01"])));
    let table = text(place.command(&["runs"]));
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[1].starts_with("second  done") && lines[1].ends_with("0.01"), "{table}");
    assert!(lines[2].starts_with("first   done"), "{table}");
    let runs = answers(place.command(&["runs", "--json"]));
    assert_eq!((&runs[0]["run"], &runs[0]["state"]), (&"second".into(), &"done".into()));
}

#[test]
fn shells_get_their_completions() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = text(place.command(&["completions", shell]));
        assert!(script.contains("fitroom") && script.contains("learning-rate"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_of_each_command() {
    let pages = text(Place::new().command(&["man"]));
    for name in ["", "-train", "-evaluate", "-predict", "-watch", "-stop", "-runs", "-completions", "-man"] {
        assert!(pages.contains(&format!(".TH fitroom{name} 1")), "{name}");
    }
    assert!(pages.contains("\\-\\-learning\\-rate"), "{pages}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let place = place();
    let fitroom = env!("CARGO_BIN_EXE_fitroom");
    for command in ["evaluate", "evaluate --json", "predict 1", "predict 1 --json", "runs", "completions bash", "man"] {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{fitroom} {command} >/dev/full")]).current_dir(place.directory.path());
        let words = error(shell);
        assert!(words.starts_with("fitroom: cannot write to standard output: No space left"), "{command}: {words}");
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("{fitroom} {command} | true; exit ${{PIPESTATUS[0]}}")]);
        shell.current_dir(place.directory.path());
        let output = run(shell);
        let words = String::from_utf8_lossy(&output.stderr);
        // A fast program may have written everything before the reader goes.
        assert!(matches!(output.status.code(), Some(0 | 141)) && words.is_empty(), "{command}: {words}");
    }
}
