//! A batch's way through shards of the network and back: operations on dfdx's tape, whose gradients are dfdx's,
//! computed by `kernels`. One thread takes its own shard and meets the others, or takes all shards alone, with the same
//! results to the bit. Starts no thread.

mod backward;
mod core;
mod forward;

use std::{rc::Rc, sync::Arc, thread};

use dfdx::{
    prelude::{Backward, Cpu, CpuError, Gradients, Rank0, SplitTape, Tensor, Trace, ZerosTensor},
    tensor::PutTape,
};

pub(super) use self::core::Batches;
use self::core::{Core, Pass};
use super::{
    crew::Crew,
    kernels::{panels::LOGITS, parameter::AdamStep, softmax::Verdict},
};
use crate::{
    engine::{error::EngineError, learner::Logits},
    fashion::{CLASSES, PIXELS, Split},
};

/// Images of a pass: as many as keep their activations in a core's own cache. A larger batch is several passes.
pub(super) const PASS: usize = 256;

/// Images below which a prediction is not worth another thread.
const WORTH_SHARING: usize = 64;

/// The logits of these images (`pixels`: n × 784 bytes), by so many threads. Nobody may train the crew's shards
/// meanwhile.
pub(super) fn logits(crew: &Arc<Crew>, threads: usize, pixels: &[u8]) -> Result<Vec<Logits>, EngineError> {
    let images = pixels.len() / PIXELS;
    if images < WORTH_SHARING || threads < 2 {
        return logits_alone(crew, pixels);
    }
    let share = images.div_ceil(threads) * PIXELS;
    let parts = thread::scope(|scope| {
        let mut parts = pixels.chunks(share);
        let own = parts.next().unwrap_or_default();
        let others: Vec<_> = parts.map(|part| scope.spawn(|| logits_alone(crew, part))).collect();
        let own = logits_alone(crew, own);
        let panicked = |_| Err(EngineError::Panicked("during a prediction".to_owned()));
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(panicked));
        [own].into_iter().chain(others).collect::<Result<Vec<_>, _>>()
    })?;
    Ok(parts.concat())
}

fn logits_alone(crew: &Arc<Crew>, pixels: &[u8]) -> Result<Vec<Logits>, EngineError> {
    let images = pixels.len() / PIXELS;
    let mut logits = Vec::with_capacity(images);
    let station = Station::new(crew, 0, images.clamp(1, PASS), None);
    station.map_err(EngineError::arithmetic)?.logits(pixels, |row| {
        logits.push(*row.first_chunk::<CLASSES>().expect("ten of them count"));
    });
    Ok(logits)
}

/// A thread's own memory for its passes.
pub(super) struct Station {
    core: Rc<Core>,
    tape: TapeEnds,
    gradients: Option<Gradients<f32, Cpu>>,
}

/// What every tape begins and ends with.
struct TapeEnds {
    root: Tensor<Rank0, f32, Cpu>,
    loss: Tensor<Rank0, f32, Cpu>,
}

impl Station {
    /// A thread's memory for passes of at most `images`, through the shards of this crew. `seat`: the thread's own
    /// shard. `trains`: whether a batch may be more than a pass; `None` for predictions alone.
    pub fn new(crew: &Arc<Crew>, seat: usize, images: usize, trains: Option<Batches>) -> Result<Self, CpuError> {
        let (device, core) = (Cpu::default(), Core::new(crew, seat, images, trains)?);
        let tape = TapeEnds { root: device.try_zeros()?, loss: device.try_zeros()? };
        Ok(Self { core: Rc::new(core), tape, gradients: Some(Gradients::leaky()) })
    }

    /// Trains one batch of `images`: all shards with `together` unset, else this thread's own, while the crew's other
    /// threads do the same with theirs.
    pub fn train(
        &mut self,
        images: &Split,
        batch: &[u32],
        adam: AdamStep,
        together: bool,
    ) -> Result<Verdict, CpuError> {
        let shards = if together { self.core.seat..self.core.seat + 1 } else { 0..self.core.crew.cut.shards() };
        #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^24 images")]
        let weight = 1.0 / batch.len() as f32;
        let passes = batch.len().div_ceil(PASS);
        let mut sum = Verdict::default();
        for (number, chunk) in batch.chunks(PASS).enumerate() {
            let adam = (number + 1 == passes).then_some(adam);
            let pass = Pass { shards: shards.clone(), together, rows: chunk.len(), weight, resume: number > 0, adam };
            let indices = || chunk.iter().map(|index| *index as usize);
            let first = if together { chunk.len() * self.core.seat / self.core.crew.cut.shards() } else { 0 };
            self.core.read(indices().map(|index| images.image(index).pixels()), first);
            self.core.work.borrow_mut().classes.clear();
            self.core.work.borrow_mut().classes.extend(indices().map(|index| images.class(index).index()));
            let verdict = self.pass(&pass)?;
            sum.loss += verdict.loss;
            sum.correct += verdict.correct;
        }
        Ok(sum)
    }

    /// Forward and backward.
    fn pass(&mut self, pass: &Pass) -> Result<Verdict, CpuError> {
        let gradients = self.gradients.take().unwrap_or_else(Gradients::leaky);
        let (_, mut tape) = self.tape.root.clone().traced(gradients).split_tape();
        self.core.forward(pass, &mut tape);
        let verdict = self.core.loss(pass, &self.tape.loss, &mut tape);
        self.gradients = Some(self.tape.loss.clone().put_tape(tape).try_backward()?);
        Ok(verdict)
    }

    /// The logits of these images, ten and some zeros each, computed by this thread alone.
    fn logits(&mut self, images: &[u8], mut each: impl FnMut(&[f32; LOGITS])) {
        for images in images.chunks(PASS * PIXELS) {
            let shards = 0..self.core.crew.cut.shards();
            let rows = images.len() / PIXELS;
            let pass = Pass { shards, together: false, rows, weight: 0.0, resume: false, adam: None };
            self.core.read(images.as_chunks().0.iter(), 0);
            self.core.forward(&pass, &mut dfdx::prelude::NoneTape);
            let work = self.core.work.borrow();
            let (logits, _) = work.logits.as_chunks();
            logits[..rows].iter().for_each(&mut each);
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::engine::{
        learner::LearnerState,
        model,
        reference::Reference,
        samples::{dense, fashion, untrained},
        shards::{cut::Cut, instruction_sets::under_each},
    };

    const ADAM: AdamStep = AdamStep { rate: 1e-3, first: 0.1, second: 1e-3, epsilon: 1e-7 };

    /// Batches of one pass and of two, of images that are not in a row.
    fn batches() -> Vec<Vec<u32>> {
        let sizes = [32, 1, 33, 300, 7].into_iter();
        sizes.map(|size| (0..size).map(|image| (size + image * 7) % 600).collect()).collect()
    }

    fn crew(arch: Arch, hidden: &[usize], shards: usize) -> Arc<Crew> {
        let cut = Cut::new(dense(hidden, 32, shards).layer_sizes(), shards);
        assert_eq!(cut.shards(), shards, "the layers have as many parts");
        Arc::new(Crew::new(arch, cut, &untrained(hidden, 1), PASS))
    }

    fn station(crew: &Arc<Crew>, seat: usize) -> Station {
        crew.meeting.sit(seat);
        Station::new(crew, seat, PASS, Some(Batches::OfSeveralPasses)).expect("the CPU has room")
    }

    /// Trains all batches from one seat.
    fn train(crew: &Arc<Crew>, seat: usize, together: bool) -> Vec<Verdict> {
        let (images, mut station) = (&fashion(600, 1).train, station(crew, seat));
        let verdicts = batches().into_iter().map(|batch| station.train(images, &batch, ADAM, together));
        verdicts.collect::<Result<_, _>>().expect("the CPU computes")
    }

    fn state(crew: &Crew, hidden: &[usize]) -> LearnerState {
        let mut state = model::zeros(&dense(hidden, 32, 1), 0);
        for shard in 0..crew.shards.len() {
            crew.shard(shard).save(&crew.cut, &mut state);
        }
        state
    }

    #[test]
    fn threads_that_meet_train_the_bits_of_one_that_takes_all_shards() {
        under_each(|arch| {
            for (hidden, shards) in [(vec![128], 2), (vec![96, 70], 3), (vec![64, 33, 40], 2)] {
                let alone = crew(arch, &hidden, shards);
                let expected = train(&alone, 0, false);
                let together = crew(arch, &hidden, shards);
                let verdicts = thread::scope(|scope| {
                    let seats = (0..shards).map(|seat| {
                        scope.spawn({
                            let crew = &together;
                            move || train(crew, seat, true)
                        })
                    });
                    let seats: Vec<_> = seats.collect();
                    seats.into_iter().map(|seat| seat.join().expect("the thread computes")).collect::<Vec<_>>()
                });
                assert!(verdicts.iter().all(|verdicts| *verdicts == expected), "{hidden:?}: {verdicts:?}");
                assert!(state(&together, &hidden) == state(&alone, &hidden), "{hidden:?}: the weights differ");
            }
        });
    }

    #[test]
    fn losses_are_those_of_64_bits_whatever_the_cut() {
        under_each(|arch| {
            for (hidden, shards) in [(vec![], 1), (vec![40], 1), (vec![40], 2), (vec![64, 33], 2)] {
                let images = fashion(600, 1);
                let crew = crew(arch, &hidden, shards);
                let mut station = station(&crew, 0);
                let mut reference = Reference::new(&untrained(&hidden, 1), 1e-3);
                for (step, batch) in (1..).zip(batches()) {
                    // Keras's corrections of the moments, in one factor.
                    let rate = 1e-3 * (1.0 - 0.999_f32.powi(step)).sqrt() / (1.0 - 0.9_f32.powi(step));
                    let adam = AdamStep { rate, ..ADAM };
                    let found = station.train(&images.train, &batch, adam, false).expect("the CPU computes");
                    let (loss, correct) = reference.step(&images.train, &batch);
                    let images = f64::from(u32::try_from(batch.len()).expect("it is small"));
                    let difference = (f64::from(found.loss) / images - loss).abs();
                    assert!(difference < 1e-4, "{hidden:?} in {shards}, step {step}: off by {difference:.1e}");
                    assert_eq!(found.correct, correct, "{hidden:?} in {shards}, step {step}");
                }
            }
        });
    }

    #[test]
    fn logits_are_the_same_bits_from_any_number_of_threads() {
        under_each(|arch| {
            let images = fashion(1, PASS + 70);
            for shards in [1, 2] {
                let crew = crew(arch, &[64, 40], shards);
                let alone = logits(&crew, 1, images.test.pixels()).expect("the CPU computes");
                assert_eq!(alone.len(), PASS + 70);
                for threads in [2, 3] {
                    let shared = logits(&crew, threads, images.test.pixels()).expect("the CPU computes");
                    assert!(shared == alone, "{threads} threads, {shards} shards");
                }
            }
        });
    }
}
