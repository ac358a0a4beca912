//! The job as dfdx's own documentation writes it: `Linear`, `Adam`, a tape a step. The measure for fitroom's engine.

use std::{env, time::Instant};

use dfdx::{
    optim::{Adam, AdamConfig},
    prelude::*,
};
use fitroom::fashion::{PIXELS, Source};
use rand::{SeedableRng, seq::SliceRandom};

type Network = ((Linear<PIXELS, 128>, ReLU), Linear<128, 10>);

/// The number after `--name`, or else `default`.
fn option(name: &str, default: usize) -> usize {
    let mut arguments = env::args().skip_while(|argument| argument != name);
    arguments.nth(1).map_or(default, |number| number.parse().expect("a number follows the option"))
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2⁵²")]
fn main() {
    let (epochs, batch_size) = (option("--epochs", 6), option("--batch-size", 32));
    let data = Source::Embedded.load().expect("the data is compiled in");
    let device = Cpu::default();
    let mut network = device.build_module::<Network, f32>();
    let config = AdamConfig { eps: 1e-7, ..AdamConfig::default() };
    let mut adam = Adam::new(&network, config);
    let mut gradients = network.alloc_grads();
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    let mut order: Vec<usize> = (0..data.train.len()).collect();
    for epoch in 1..=epochs {
        let start = Instant::now();
        order.shuffle(&mut random);
        let (mut total, mut correct) = (0.0, 0);
        for batch in order.chunks(batch_size) {
            let pixels = batch.iter().flat_map(|&index| data.train.image(index).pixels());
            let images = pixels.map(|&ink| f32::from(ink) / 255.0).collect::<Vec<_>>();
            let images = device.tensor_from_vec(images, (batch.len(), Const::<PIXELS>));
            let mut truth = vec![0.0; batch.len() * 10];
            for (row, &index) in batch.iter().enumerate() {
                truth[row * 10 + data.train.class(index).index()] = 1.0;
            }
            let truth = device.tensor_from_vec(truth, (batch.len(), Const::<10>));
            let logits = network.forward_mut(images.traced(gradients));
            for (row, &index) in logits.as_vec().chunks(10).zip(batch) {
                let best = (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).expect("ten logits");
                correct += usize::from(best == data.train.class(index).index());
            }
            let loss = cross_entropy_with_logits_loss(logits, truth);
            total += f64::from(loss.array()) * batch.len() as f64;
            gradients = loss.backward();
            adam.update(&mut network, &gradients).expect("every parameter is used");
            network.zero_grads(&mut gradients);
        }
        let count = order.len() as f64;
        let seconds = start.elapsed().as_secs_f64();
        let (loss, accuracy) = (total / count, correct as f64 / count);
        println!(r#"{{"epoch": {epoch}, "seconds": {seconds:.4}, "loss": {loss:.5}, "accuracy": {accuracy:.5}}}"#);
    }
}
