//! Compares a CUDA GPU with the CPU: `cargo test --release --features cuda -- cuda`, on a machine with a GPU.
#![cfg(feature = "cuda")]

use std::sync::{
    Arc, LazyLock,
    mpsc::{Receiver, Sender, channel},
};

use fitroom::{
    engine::{self, Checkpoint, Job, Listener, Past, Worker},
    fashion::{Dataset, Source},
    protocol::{EpochRecord, Predictions, Report},
    settings::{DeviceChoice, Settings},
};

static FASHION: LazyLock<Arc<Dataset>> =
    LazyLock::new(|| Arc::new(Source::Embedded.load().expect("the embedded images are whole")));

struct Run {
    _worker: Worker,
    reports: Receiver<Report>,
    checkpoints: Receiver<Checkpoint>,
}

/// Hands on everything.
struct Both(Sender<Report>, Sender<Checkpoint>);

impl Listener for Both {
    fn report(&mut self, report: Report) {
        drop(self.0.send(report));
    }

    fn keeps(&self) -> bool {
        true
    }

    fn keep(&mut self, checkpoint: Checkpoint) {
        drop(self.1.send(checkpoint));
    }
}

fn job(device: DeviceChoice, settings: Settings) -> Job {
    Job::new(Settings { device, ..settings }, Arc::clone(&FASHION))
}

impl Run {
    fn new(job: Job) -> Self {
        let device = job.settings.device;
        let (sender, reports) = channel();
        let (keeper, checkpoints) = channel();
        let worker = engine::spawn(job, Both(sender, keeper)).unwrap_or_else(|error| panic!("{device}: {error}"));
        Self { _worker: worker, reports, checkpoints }
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

fn epoch(number: u32) -> impl Fn(Report) -> Option<EpochRecord> {
    move |report| match report {
        Report::Epoch { record, .. } if record.epoch == number => Some(record),
        _ => None,
    }
}

const DEVICES: [DeviceChoice; 2] = [DeviceChoice::Cpu, DeviceChoice::Cuda(0)];

#[test]
fn cuda_predicts_what_the_cpu_predicts() {
    for hidden in [vec![128], vec![256, 64]] {
        let [cpu, gpu] = DEVICES.map(|device| -> Predictions {
            let settings = Settings { hidden: hidden.clone(), ..Settings::default() };
            let mut job = job(device, settings);
            job.demands.evaluate_untrained = true;
            Run::new(job).find(|report| match report {
                Report::Untrained { predictions, .. } => Some(predictions),
                _ => None,
            })
        });
        assert_eq!(cpu.len(), gpu.len());
        for (image, (cpu, gpu)) in cpu.iter().zip(gpu.iter()).enumerate() {
            for (cpu, gpu) in cpu.iter().zip(gpu) {
                assert!((cpu - gpu).abs() < 1e-4, "image {image}: {cpu} on the CPU, {gpu} on the GPU");
            }
        }
    }
}

#[test]
fn cuda_has_the_losses_of_the_cpu_for_a_hundred_steps() {
    let [cpu, gpu] = DEVICES.map(|device| -> Vec<f64> {
        // At this pace each step gets its own report.
        let mut job = job(device, Settings::default());
        job.demands.pace = Some(50.0);
        let run = Run::new(job);
        let loss = |report| match report {
            Report::Batch(batch) => Some((batch.spans[0].steps, batch.spans[0].loss)),
            _ => None,
        };
        let losses = (0..100).map(|_| run.find(loss)).map(|(steps, loss)| {
            assert_eq!(steps, 1);
            loss
        });
        losses.collect()
    });
    for (step, (cpu, gpu)) in cpu.iter().zip(gpu.iter()).enumerate() {
        assert!((cpu - gpu).abs() < 1e-3, "step {step}: {cpu} on the CPU, {gpu} on the GPU");
    }
}

#[test]
fn cuda_learns_as_well_as_the_cpu_in_three_epochs() {
    let [cpu, gpu] =
        DEVICES.map(|device| Run::new(job(device, Settings { epochs: 3, ..Settings::default() })).find(epoch(3)));
    assert!((cpu.accuracy - gpu.accuracy).abs() < 0.01, "{} on the CPU, {} on the GPU", cpu.accuracy, gpu.accuracy);
    // The accuracy scatters more: there are 10,000 images, and each epoch ends elsewhere.
    assert!((cpu.val_accuracy - gpu.val_accuracy).abs() < 0.02, "{} and {}", cpu.val_accuracy, gpu.val_accuracy);
}

#[test]
fn cuda_s_checkpoints_go_on_on_the_cpu_and_the_cpu_s_on_cuda() {
    let [cpu, gpu] = DEVICES;
    for (from, to) in [(gpu, cpu), (cpu, gpu)] {
        let run = Run::new(job(from, Settings { epochs: 2, ..Settings::default() }));
        let first = run.find(epoch(1));
        let checkpoint = run.checkpoints.recv().expect("an epoch's checkpoint comes after its report");
        let second = run.find(epoch(2));

        let bytes = checkpoint.to_bytes("digest").expect("there is memory");
        let checkpoint = Checkpoint::from_bytes(&bytes).expect("they are whole");
        let evaluation = checkpoint.evaluate(&FASHION.test).expect("there is memory");
        assert!((evaluation.loss - first.val_loss).abs() < 1e-4, "{} and {}", evaluation.loss, first.val_loss);

        let past = Some(Past { checkpoint, epochs: vec![first] });
        let there = Run::new(Job { past, ..job(to, Settings { epochs: 2, ..Settings::default() }) }).find(epoch(2));
        assert_eq!(there.step, second.step);
        assert!((there.loss - second.loss).abs() < 1e-2, "{} on {to}, {} on {from}", there.loss, second.loss);
        assert!((there.accuracy - second.accuracy).abs() < 1e-2, "{} and {}", there.accuracy, second.accuracy);
    }
}

#[test]
fn cuda_without_such_a_gpu_is_refused_in_one_line() {
    let job = job(DeviceChoice::Cuda(97), Settings::default());
    let error = engine::spawn(job, |_| {}).expect_err("nobody has so many");
    assert!(error.to_string().starts_with("CUDA GPU 97 does not answer"), "{error}");
}
