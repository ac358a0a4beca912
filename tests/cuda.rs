//! A CUDA GPU held to the CPU: `cargo test --release --features cuda -- cuda`, on a machine with a GPU.
#![cfg(feature = "cuda")]

use std::sync::{
    Arc, LazyLock,
    mpsc::{Receiver, channel},
};

use fitroom::{
    engine::{self, Job, Worker},
    fashion::{Dataset, Source},
    protocol::{Command, EpochRecord, Probabilities, Report},
    settings::{DeviceChoice, Settings},
};

static FASHION: LazyLock<Arc<Dataset>> =
    LazyLock::new(|| Arc::new(Source::Embedded.load().expect("the embedded images are whole")));

struct Run {
    worker: Worker,
    reports: Receiver<Report>,
}

impl Run {
    fn new(device: DeviceChoice, settings: Settings) -> Self {
        let job = Job { evaluate_untrained: true, ..Job::new(Settings { device, ..settings }, Arc::clone(&FASHION)) };
        let (sender, reports) = channel();
        let worker = engine::spawn(job, move |report| drop(sender.send(report)));
        Self { worker: worker.unwrap_or_else(|error| panic!("{device}: {error}")), reports }
    }

    fn find<T>(&self, pick: impl Fn(Report) -> Option<T>) -> T {
        loop {
            match self.reports.recv().expect("the worker lives") {
                Report::Failed { reason } => panic!("{reason}"),
                report => {
                    if let Some(found) = pick(report) {
                        return found;
                    }
                }
            }
        }
    }
}

const DEVICES: [DeviceChoice; 2] = [DeviceChoice::Cpu, DeviceChoice::Cuda(0)];

#[test]
fn cuda_predicts_what_the_cpu_predicts() {
    for hidden in [vec![128], vec![256, 64]] {
        let [cpu, gpu] = DEVICES.map(|device| -> Vec<Probabilities> {
            Run::new(device, Settings { hidden: hidden.clone(), ..Settings::default() }).find(|report| match report {
                Report::Untrained { predictions, .. } => Some(predictions),
                _ => None,
            })
        });
        assert_eq!(cpu.len(), gpu.len());
        for (image, (cpu, gpu)) in cpu.iter().zip(&gpu).enumerate() {
            for (cpu, gpu) in cpu.iter().zip(gpu) {
                assert!((cpu - gpu).abs() < 1e-4, "image {image}: {cpu} on the CPU, {gpu} on the GPU");
            }
        }
    }
}

#[test]
fn cuda_has_the_losses_of_the_cpu_for_a_hundred_steps() {
    let [cpu, gpu] = DEVICES.map(|device| -> Vec<f64> {
        let run = Run::new(device, Settings::default());
        run.worker.send(Command::Pace { steps_per_second: Some(40.0) }).expect("the worker lives");
        let mut losses = Vec::new();
        while losses.len() < 100 {
            // At this pace each step is reported by itself, but for those before the pace was known.
            let (loss, steps) = run.find(|report| match report {
                Report::Batch(batch) => Some((batch.loss, batch.steps)),
                _ => None,
            });
            losses.extend(std::iter::repeat_n(
                if steps == 1 { loss } else { f64::NAN },
                usize::try_from(steps).unwrap_or(100),
            ));
        }
        losses
    });
    let both: Vec<_> = cpu.iter().zip(&gpu).take(100).filter(|(cpu, gpu)| cpu.is_finite() && gpu.is_finite()).collect();
    assert!(both.len() > 50, "{} steps were reported one by one", both.len());
    for (step, (cpu, gpu)) in both.into_iter().enumerate() {
        assert!((cpu - gpu).abs() < 1e-3, "step {step}: {cpu} on the CPU, {gpu} on the GPU");
    }
}

#[test]
fn cuda_learns_as_well_as_the_cpu_in_three_epochs() {
    let [cpu, gpu] = DEVICES.map(|device| -> EpochRecord {
        Run::new(device, Settings { epochs: 3, ..Settings::default() }).find(|report| match report {
            Report::Epoch { record, .. } if record.epoch == 3 => Some(record),
            _ => None,
        })
    });
    assert!((cpu.accuracy - gpu.accuracy).abs() < 0.01, "{} on the CPU, {} on the GPU", cpu.accuracy, gpu.accuracy);
    assert!((cpu.val_accuracy - gpu.val_accuracy).abs() < 0.02, "{} and {}", cpu.val_accuracy, gpu.val_accuracy);
}

#[test]
fn cuda_without_such_a_gpu_is_refused_in_one_line() {
    let settings = Settings { device: DeviceChoice::Cuda(97), ..Settings::default() };
    let error = engine::spawn(Job::new(settings, Arc::clone(&FASHION)), |_| {}).expect_err("nobody has so many");
    assert!(error.to_string().starts_with("CUDA GPU 97 does not answer"), "{error}");
}
