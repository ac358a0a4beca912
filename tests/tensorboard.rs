//! Reads the event files of a run with TensorBoard's own code: see `read_events.py`.

use std::{env, process::Command};

use fitroom::{
    fashion::Source,
    protocol::{BatchRecord, EpochRecord, Report, Started},
    run::{DatasetFacts, Kept, Recorder, Run, Runs, Timestamp, events::histogram_tag},
    settings::Settings,
};

fn now() -> Timestamp {
    "2026-11-23T18:31:22.5Z".parse().unwrap()
}

fn settings() -> Settings {
    Settings { epochs: 4, hidden: vec![16, 12], ..Settings::default() }
}

fn dataset() -> DatasetFacts {
    DatasetFacts {
        source: Source::Embedded,
        classes: (0..10).map(|class| format!("class {class}")).collect(),
        train_images: 60_000,
        test_images: 10_000,
        sha256: "ab".repeat(32),
    }
}

/// Records these epochs, with weights whose spread grows and biases that are all 0 at first.
fn train(recorder: &mut Recorder, epochs: std::ops::RangeInclusive<u16>) {
    let started = Started {
        settings: settings(),
        device: "CPU".to_owned(),
        parameters: 784 * 16 + 16 + 16 * 12 + 12 + 12 * 10 + 10,
        tiles: 16,
        train_images: 60_000,
        test_images: 10_000,
        run: None,
        past: Vec::new(),
        past_steps: 0,
        gpu: None,
    };
    recorder.record(&Report::Started(started), now()).unwrap();
    for epoch in epochs {
        let record = EpochRecord {
            epoch: u32::from(epoch),
            step: u64::from(epoch) * 1875,
            loss: 0.5 / f64::from(epoch),
            accuracy: 1.0 - 0.2 / f64::from(epoch),
            val_loss: 0.6 / f64::from(epoch),
            val_accuracy: 1.0 - 0.3 / f64::from(epoch),
            learning_rate: 1e-3,
            seconds: 1.0,
            eval_seconds: 0.1,
            images_per_second: 60_000.0,
        };
        // During the epoch, and at its end.
        for steps in [900, 975] {
            let step = record.step - if steps == 900 { 975 } else { 0 };
            let figures =
                BatchRecord { epoch: record.epoch, step, steps, loss: record.loss, accuracy: record.accuracy };
            recorder.batches(&[figures], now()).unwrap();
        }
        recorder.record(&Report::Epoch { record, predictions: [].into() }, now()).unwrap();
        recorder.histograms(u32::from(epoch), &variables(epoch), now()).unwrap();
    }
}

fn variables(epoch: u16) -> Vec<(String, Vec<f32>)> {
    [784, 16, 12, 10]
        .windows(2)
        .enumerate()
        .flat_map(|(layer, units)| {
            let kernel = values(units[0] * units[1], epoch);
            let bias = values(units[1], epoch - 1);
            let name = if layer == 0 { "dense".to_owned() } else { format!("dense_{layer}") };
            let tag = |kind| histogram_tag(&format!("{name}/{kind}"));
            [(tag("kernel"), kernel), (tag("bias"), bias)]
        })
        .collect()
}

/// This many values from -spread/2 to spread/2.
fn values(count: usize, spread: u16) -> Vec<f32> {
    (0_u16..).map(|index| (f32::from(index % 1009) / 1024.0 - 0.5) * f32::from(spread)).take(count).collect()
}

/// A run that was killed after its third epoch, whose checkpoint had two, and that went on from there.
fn resumed_run(runs: &Runs) -> Run {
    let new = runs.create(Some("resumed".as_ref()), now()).unwrap();
    let run = new.run().clone();
    let mut recorder = Recorder::create(new, settings(), dataset(), now()).unwrap();
    train(&mut recorder, 1..=3);
    drop(recorder);
    let lock = run.hold(&dataset()).unwrap();
    let kept = Some(Kept { step: 2 * 1875, epoch: 2 });
    let mut recorder = Recorder::resume(run.clone(), lock, dataset().source, kept, now()).unwrap();
    train(&mut recorder, 3..=4);
    recorder.record(&Report::Finished, now()).unwrap();
    recorder.close(now()).unwrap();
    run
}

#[test]
#[ignore = "needs a Python, named by the variable PYTHON, that has the package tensorboard"]
fn tensorboard_reads_what_a_run_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let run = resumed_run(&Runs::new(directory.path()));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_events.py");
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(python).arg(script).arg(run.directory()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{said}");
    assert!(said.contains("ok  dashboard: values in sequential/dense_2/bias/histogram"), "{said}");
}
