//! A batch's way through shards of the network and back: operations on dfdx's tape, whose gradients are dfdx's, computed by
//! `kernels`. One thread takes its own shard and meets the others, or takes all shards alone, with the same results to the
//! bit. Starts no thread.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
    sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard},
    thread,
};

use dfdx::{
    prelude::{Backward, Cpu, CpuError, Gradients, Rank0, SplitTape, Tape, Tensor, Trace, ZerosTensor},
    tensor::PutTape,
};
use pulp::Arch;

use super::{
    cut::{Cut, Shard, Share},
    exchange::{Board, Meeting},
    ink::Ink,
    kernels::{
        elementwise::{add, through_relu},
        input_gradient::InputGradient,
        panels::{LOGITS, PANEL, Strided},
        parameter::AdamStep,
        product::Product,
        softmax::{SoftmaxCrossEntropy, Verdict},
        weight_gradient::{Update, WeightGradient},
    },
};
use crate::{
    engine::{
        error::EngineError,
        learner::{LearnerState, Logits},
    },
    fashion::{CLASSES, PIXELS, Split},
};

/// Images of a pass: as many as keep their activations in a core's own cache. A larger batch is several passes.
pub(super) const PASS: usize = 256;

/// The network, and where the threads that train it meet.
#[derive(Debug)]
pub(super) struct Crew {
    pub cut: Cut,
    pub shards: Vec<RwLock<Shard>>,
    pub meeting: Meeting,
    board: Board,
}

impl Crew {
    /// The shards of this state, and room for the threads to exchange what passes of so many images need.
    pub fn new(cut: Cut, state: &LearnerState, images: usize) -> Self {
        let shards: Vec<_> = (0..cut.shards()).map(|shard| RwLock::new(Shard::new(&cut, shard, state))).collect();
        let (meeting, board) = (Meeting::new(shards.len()), Board::new(shards.len(), images * cut.widest_exchange()));
        Self { cut, shards, meeting, board }
    }

    pub fn shard(&self, shard: usize) -> RwLockReadGuard<'_, Shard> {
        self.shards[shard].read().expect("no thread panics over a shard")
    }

    pub fn shard_mut(&self, shard: usize) -> RwLockWriteGuard<'_, Shard> {
        self.shards[shard].write().expect("no thread panics over a shard")
    }
}

/// Images below which a prediction is not worth another thread.
const WORTH_SHARING: usize = 64;

/// The logits of these images (`pixels`: n × 784 bytes), by so many threads. Nobody may train the crew's shards meanwhile.
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
        let panicked = |_| Err(EngineError::Panicked("over a prediction".to_owned()));
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

/// What a pass goes through, and what comes of it.
#[derive(Clone, Debug)]
struct Pass {
    /// The shards that this thread takes.
    shards: Range<usize>,
    /// Whether other threads take the others, and meet this one.
    together: bool,
    rows: usize,
    /// An image's share of the batch's loss.
    weight: f32,
    /// Whether the batch had a pass before.
    resume: bool,
    /// The update, in the batch's last pass.
    adam: Option<AdamStep>,
}

/// Finds one tensor's gradient among all of them, and makes room for it at first.
type Slot = Box<dyn for<'g> Fn(&'g mut Gradients<f32, Cpu>) -> Result<&'g mut Vec<f32>, CpuError>>;

/// Where the gradients of so many values are kept.
fn slot(device: &Cpu, length: usize) -> Result<Slot, CpuError> {
    let tensor: Tensor<(usize,), f32, Cpu> = device.try_zeros_like(&(length,))?;
    let ghost = tensor.ghost();
    Ok(Box::new(move |gradients| gradients.get_or_alloc_mut(&ghost).map(|gradient| &mut **gradient)))
}

/// A thread's own memory for its passes.
pub(super) struct Station {
    core: Rc<Core>,
    tape: TapeEnds,
    gradients: Option<Gradients<f32, Cpu>>,
}

/// What the operations on the tape share.
struct Core {
    crew: Arc<Crew>,
    seat: usize,
    arch: Arch,
    /// The last round of the crew's meeting.
    round: Cell<u64>,
    work: RefCell<Work>,
    /// The errors of each layer's inputs, those of the pixels left out, and last those of the logits.
    errors: Vec<Slot>,
    /// Each shard's weights' and biases' gradients, a layer each, where a batch is more than a pass.
    parameters: Vec<Vec<(Slot, Slot)>>,
}

/// What every tape begins and ends with.
struct TapeEnds {
    root: Tensor<Rank0, f32, Cpu>,
    loss: Tensor<Rank0, f32, Cpu>,
}

/// The values of a pass.
struct Work {
    /// What goes into each layer: rows of the cut's width.
    inputs: Vec<Vec<f32>>,
    /// Where the first layer's inputs are not 0.
    ink: Ink,
    /// And what comes out of the last one; then the loss's derivative by it.
    logits: Vec<f32>,
    /// A shard's part of a sum.
    partial: Vec<f32>,
    classes: Vec<usize>,
}

impl Station {
    /// A thread's memory for passes of at most `images`, through the shards of this crew. `seat`: the thread's own shard.
    /// `trains`: whether a batch may be more than a pass; `None` for predictions alone.
    pub fn new(crew: &Arc<Crew>, seat: usize, images: usize, trains: Option<Batches>) -> Result<Self, CpuError> {
        let device = Cpu::default();
        let cut = &crew.cut;
        let widths = (0..cut.layers()).map(|layer| cut.width(layer));
        let work = Work {
            inputs: widths.map(|width| vec![0.0; images * width]).collect(),
            ink: Ink::new(images),
            logits: vec![0.0; images * LOGITS],
            partial: vec![0.0; images * cut.widest_exchange()],
            classes: Vec::with_capacity(images),
        };
        let mut core = Core {
            crew: Arc::clone(crew),
            seat,
            arch: Arch::new(),
            round: Cell::new(0),
            work: RefCell::new(work),
            errors: Vec::new(),
            parameters: Vec::new(),
        };
        if trains.is_some() {
            let widths = (1..cut.layers()).map(|layer| cut.width(layer)).chain([LOGITS]);
            core.errors = widths.map(|width| slot(&device, images * width)).collect::<Result<_, _>>()?;
        }
        if trains == Some(Batches::OfSeveralPasses) {
            let slots =
                |shard| (0..cut.layers()).map(|layer| parameter_slots(&device, &cut.part(layer, shard))).collect();
            core.parameters = (0..cut.shards()).map(slots).collect::<Result<_, _>>()?;
        }
        let tape = TapeEnds { root: device.try_zeros()?, loss: device.try_zeros()? };
        Ok(Self { core: Rc::new(core), tape, gradients: Some(Gradients::leaky()) })
    }

    /// Trains one batch of `images`: all shards with `together` unset, else this thread's own, while the crew's other threads do
    /// the same with theirs.
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
            self.core.read(indices().map(|index| images.image(index).pixels()));
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
            self.core.read(images.as_chunks().0.iter());
            self.core.forward(&pass, &mut dfdx::prelude::NoneTape);
            let work = self.core.work.borrow();
            let (logits, _) = work.logits.as_chunks();
            logits[..rows].iter().for_each(&mut each);
        }
    }
}

/// How large the batches are that a station trains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Batches {
    OfOnePass,
    OfSeveralPasses,
}

fn parameter_slots(device: &Cpu, part: &Share) -> Result<(Slot, Slot), CpuError> {
    Ok((slot(device, part.inputs.len() * part.outputs.len())?, slot(device, part.outputs.len())?))
}

impl Core {
    /// Takes in the images of a pass.
    fn read<'a>(&self, images: impl Iterator<Item = &'a [u8; PIXELS]> + Clone) {
        let work = &mut *self.work.borrow_mut();
        work.ink.read(self.arch, images, &mut work.inputs[0]);
    }

    fn last_layer(&self) -> usize {
        self.crew.cut.layers() - 1
    }

    /// From the pixels to the logits.
    fn forward<T: Tape<f32, Cpu>>(self: &Rc<Self>, pass: &Pass, tape: &mut T) {
        for layer in 0..self.last_layer() {
            self.hidden(pass, layer, tape);
        }
        self.last(pass, tape);
    }

    /// A hidden layer, with its `ReLU`.
    fn hidden<T: Tape<f32, Cpu>>(self: &Rc<Self>, pass: &Pass, layer: usize, tape: &mut T) {
        let cut = &self.crew.cut;
        let work = &mut *self.work.borrow_mut();
        let (before, after) = work.inputs.split_at_mut(layer + 1);
        let (inputs, outputs) = (&before[layer], &mut after[0]);
        for shard in pass.shards.clone() {
            let shard = self.crew.shard(shard);
            let dense = &shard.layers[layer];
            let product = Product::<PANEL> {
                rows: pass.rows,
                inputs: Strided { values: inputs, stride: cut.width(layer) },
                used: (layer == 0).then_some(work.ink.pixels.as_slice()),
                weight: &dense.weight.values,
                bias: Some(&dense.bias.values),
                relu: true,
                out: &mut outputs[dense.part.outputs.start..],
                stride: cut.width(layer + 1),
            };
            product.run(self.arch, dense.part.panels());
        }
        if pass.together && layer + 1 < self.last_layer() {
            self.gather(pass, layer, outputs);
        }
        let (core, pass) = (Rc::clone(self), pass.clone());
        tape.add_backward_op(move |gradients| core.hidden_backward(&pass, layer, gradients));
    }

    /// Completes a hidden layer's activations by those of the other threads.
    fn gather(&self, pass: &Pass, layer: usize, values: &mut [f32]) {
        let (crew, width) = (&self.crew, self.crew.cut.width(layer + 1));
        let columns = |shard| crew.cut.part(layer, shard).outputs;
        let round = self.next_round();
        for row in 0..pass.rows {
            let mine = columns(self.seat);
            crew.board.write(round, self.seat, row * width + mine.start, &values[row * width..][mine]);
        }
        self.meet(round);
        for shard in (0..crew.cut.shards()).filter(|shard| *shard != self.seat) {
            for row in 0..pass.rows {
                let theirs = columns(shard);
                let read = crew.board.read(round, shard, row * width + theirs.start);
                values[row * width..][theirs].iter_mut().zip(read).for_each(|(value, read)| *value = read);
            }
        }
    }

    /// The last layer: a part of the logits from each shard.
    fn last<T: Tape<f32, Cpu>>(self: &Rc<Self>, pass: &Pass, tape: &mut T) {
        let layer = self.last_layer();
        let width = self.crew.cut.width(layer);
        let work = &mut *self.work.borrow_mut();
        let (inputs, logits) = (&work.inputs[layer], &mut work.logits);
        self.sum(pass, LOGITS, &(0..LOGITS), logits, &mut work.partial, |shard, out| {
            let shard = self.crew.shard(shard);
            let dense = &shard.layers[layer];
            if dense.part.inputs.is_empty() {
                return out.fill(0.0);
            }
            let product = Product::<LOGITS> {
                rows: pass.rows,
                inputs: Strided { values: &inputs[dense.part.inputs.start..], stride: width },
                used: None,
                weight: &dense.weight.values,
                bias: dense.part.has_bias.then_some(&*dense.bias.values),
                relu: false,
                out,
                stride: LOGITS,
            };
            product.run(self.arch, 1);
        });
        let (core, pass) = (Rc::clone(self), pass.clone());
        tape.add_backward_op(move |gradients| core.last_backward(&pass, gradients));
    }

    /// The loss of the logits, and its derivative by them.
    fn loss(self: &Rc<Self>, pass: &Pass, loss: &Tensor<Rank0, f32, Cpu>, tape: &mut impl Tape<f32, Cpu>) -> Verdict {
        let work = &mut *self.work.borrow_mut();
        let logits = &mut work.logits[..pass.rows * LOGITS];
        let verdict = self.arch.dispatch(SoftmaxCrossEntropy { logits, classes: &work.classes, weight: pass.weight });
        let (core, loss) = (Rc::clone(self), loss.ghost());
        tape.add_backward_op(move |gradients| {
            let by_loss = gradients.get_or_alloc_mut(&loss)?[0];
            let work = core.work.borrow();
            let errors = core.errors[core.last_layer()](gradients)?;
            for (error, derivative) in errors.iter_mut().zip(&work.logits) {
                *error = derivative * by_loss;
            }
            Ok(())
        });
        verdict
    }

    fn last_backward(&self, pass: &Pass, gradients: &mut Gradients<f32, Cpu>) -> Result<(), CpuError> {
        let layer = self.last_layer();
        let errors = std::mem::take(self.errors[layer](gradients)?);
        if layer > 0 {
            let width = self.crew.cut.width(layer);
            let by_inputs = self.errors[layer - 1](gradients)?;
            for shard in pass.shards.clone() {
                let shard = self.crew.shard(shard);
                let dense = &shard.layers[layer];
                let gradient = InputGradient::<LOGITS> {
                    rows: pass.rows,
                    errors: Strided { values: &errors, stride: LOGITS },
                    weight: &dense.weight.values,
                    out: &mut by_inputs[dense.part.inputs.start..],
                    stride: width,
                };
                gradient.run(self.arch, 1);
            }
        }
        self.update::<LOGITS>(pass, layer, &errors, gradients)?;
        *self.errors[layer](gradients)? = errors;
        Ok(())
    }

    fn hidden_backward(&self, pass: &Pass, layer: usize, gradients: &mut Gradients<f32, Cpu>) -> Result<(), CpuError> {
        let cut = &self.crew.cut;
        let mut errors = std::mem::take(self.errors[layer](gradients)?);
        let width = cut.width(layer + 1);
        for shard in pass.shards.clone() {
            let columns = cut.part(layer, shard).outputs;
            let activations = &self.work.borrow().inputs[layer + 1];
            through_relu(self.arch, pass.rows, width, columns, &mut errors, activations);
        }
        if layer > 0 {
            self.hand_back(pass, layer, &errors, self.errors[layer - 1](gradients)?);
        }
        self.update::<PANEL>(pass, layer, &errors, gradients)?;
        *self.errors[layer](gradients)? = errors;
        Ok(())
    }

    /// The errors of a hidden layer's inputs: the sum of what all shards hand back to them.
    fn hand_back(&self, pass: &Pass, layer: usize, errors: &[f32], by_inputs: &mut [f32]) {
        let cut = &self.crew.cut;
        let (width, stride) = (cut.width(layer), cut.width(layer + 1));
        let columns = if pass.together { cut.part(layer - 1, self.seat).outputs } else { 0..width };
        let partial = &mut self.work.borrow_mut().partial;
        self.sum(pass, width, &columns, by_inputs, partial, |shard, out| {
            let shard = self.crew.shard(shard);
            let dense = &shard.layers[layer];
            if dense.part.outputs.is_empty() {
                return out.fill(0.0);
            }
            let gradient = InputGradient::<PANEL> {
                rows: pass.rows,
                errors: Strided { values: &errors[dense.part.outputs.start..], stride },
                weight: &dense.weight.values,
                out,
                stride: width,
            };
            gradient.run(self.arch, dense.part.panels());
        });
    }

    /// Adds up rows of `width` values that each shard has a part of, in the shards' order; of them, this thread needs
    /// these columns.
    fn sum(
        &self,
        pass: &Pass,
        width: usize,
        columns: &Range<usize>,
        out: &mut [f32],
        partial: &mut [f32],
        part: impl Fn(usize, &mut [f32]),
    ) {
        let (out, partial) = (&mut out[..pass.rows * width], &mut partial[..pass.rows * width]);
        if !pass.together {
            part(0, out);
            for shard in pass.shards.clone().skip(1) {
                part(shard, partial);
                add(self.arch, out, partial);
            }
            return;
        }
        let (board, round) = (&self.crew.board, self.next_round());
        part(self.seat, partial);
        board.write(round, self.seat, 0, partial);
        self.meet(round);
        for shard in 0..self.crew.cut.shards() {
            for row in 0..pass.rows {
                let start = row * width + columns.start;
                let out = out[start..][..columns.len()].iter_mut();
                let read = board.read(round, shard, start);
                if shard == 0 {
                    out.zip(read).for_each(|(sum, value)| *sum = value);
                } else {
                    out.zip(read).for_each(|(sum, value)| *sum += value);
                }
            }
        }
    }

    /// The gradients of a layer's parameters by the errors of its outputs, and in a batch's last pass their update.
    fn update<const P: usize>(
        &self,
        pass: &Pass,
        layer: usize,
        errors: &[f32],
        gradients: &mut Gradients<f32, Cpu>,
    ) -> Result<(), CpuError> {
        let cut = &self.crew.cut;
        let is_last = layer == self.last_layer();
        let stride = if is_last { LOGITS } else { cut.width(layer + 1) };
        for number in pass.shards.clone() {
            let mut shard = self.crew.shard_mut(number);
            let dense = &mut shard.layers[layer];
            let errors = Strided { values: &errors[dense.part.outputs.start..], stride };
            let work = self.work.borrow();
            let inputs = &work.inputs[layer][dense.part.inputs.start..];
            let weight = WeightGradient::<P> {
                rows: pass.rows,
                inputs: Strided { values: inputs, stride: cut.width(layer) },
                used: (layer == 0 && !is_last).then_some(work.ink.rows.as_slice()),
                errors,
                weight: &mut dense.weight,
                update: self.sums(pass, number, layer, gradients, |slots| &slots.0)?,
            };
            weight.run(self.arch, dense.part.panels());
            if dense.part.has_bias {
                let bias = WeightGradient::<P> {
                    rows: pass.rows,
                    // A bias is the weight of an input that is always 1.
                    inputs: Strided { values: &[1.0], stride: 0 },
                    used: None,
                    errors,
                    weight: &mut dense.bias,
                    update: self.sums(pass, number, layer, gradients, |slots| &slots.1)?,
                };
                bias.run(self.arch, dense.part.panels());
            }
        }
        Ok(())
    }

    /// What becomes of a parameter's gradient in this pass.
    fn sums<'g>(
        &self,
        pass: &Pass,
        shard: usize,
        layer: usize,
        gradients: &'g mut Gradients<f32, Cpu>,
        which: impl Fn(&(Slot, Slot)) -> &Slot,
    ) -> Result<Update<'g>, CpuError> {
        let is_needed = pass.resume || pass.adam.is_none();
        let gradient =
            if is_needed { which(&self.parameters[shard][layer])(gradients)?.as_mut_slice() } else { &mut [] };
        Ok(Update { gradient, resume: pass.resume, adam: pass.adam })
    }

    fn next_round(&self) -> u64 {
        self.round.set(self.round.get() + 1);
        self.round.get()
    }

    /// Waits for the others. Should the meeting end instead, what follows is computed from nonsense, and whoever called
    /// finds the meeting at its end.
    fn meet(&self, round: u64) {
        let meeting = &self.crew.meeting;
        meeting.say(self.seat, round);
        meeting.wait(self.seat, 0..self.crew.cut.shards(), round);
    }
}
