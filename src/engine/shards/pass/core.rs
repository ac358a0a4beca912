//! What the operations of a pass share: the values on their way, the gradients' places, and the sums that threads
//! exchange. Knows neither forward nor backward.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    sync::Arc,
};

use dfdx::prelude::{Cpu, CpuError, Gradients, Tensor, ZerosTensor};

use crate::{
    engine::shards::{
        crew::Crew,
        cut::Share,
        ink::Ink,
        kernels::{elementwise::add, panels::LOGITS, parameter::AdamStep},
    },
    fashion::PIXELS,
};

/// What a pass goes through, and what comes of it.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// The shards that this thread takes.
    pub shards: Range<usize>,
    /// Whether other threads take the others, and meet this one.
    pub together: bool,
    pub rows: usize,
    /// An image's share of the batch's loss.
    pub weight: f32,
    /// Whether the batch had a pass before.
    pub resume: bool,
    /// The update, in the batch's last pass.
    pub adam: Option<AdamStep>,
}

/// Finds one tensor's gradient among all of them, and makes room for it at first.
pub(super) type GradientSlot = Box<dyn for<'g> Fn(&'g mut Gradients<f32, Cpu>) -> Result<&'g mut Vec<f32>, CpuError>>;

/// Where the gradients of so many values are kept.
fn slot(device: &Cpu, length: usize) -> Result<GradientSlot, CpuError> {
    let tensor: Tensor<(usize,), f32, Cpu> = device.try_zeros_like(&(length,))?;
    let ghost = tensor.ghost();
    Ok(Box::new(move |gradients| gradients.get_or_alloc_mut(&ghost).map(|gradient| &mut **gradient)))
}

/// How large the batches are that a station trains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Batches {
    OfOnePass,
    OfSeveralPasses,
}

/// What the operations on the tape share.
pub(super) struct Core {
    pub crew: Arc<Crew>,
    pub seat: usize,
    /// The last round of the crew's meeting.
    pub round: Cell<u64>,
    pub work: RefCell<Work>,
    /// The errors of each layer's inputs, those of the pixels left out, and last those of the logits.
    pub errors: Vec<GradientSlot>,
    /// Each shard's weights' and biases' gradients, one per layer, where a batch is more than a pass.
    pub parameters: Vec<Vec<(GradientSlot, GradientSlot)>>,
}

/// The values of a pass.
pub(super) struct Work {
    /// What goes into the first layer.
    pub ink: Ink,
    /// What goes into each layer: rows of the cut's width; nothing into the first one, which has the ink.
    pub inputs: Vec<Vec<f32>>,
    /// And what comes out of the last one; then the loss's derivative by it.
    pub logits: Vec<f32>,
    /// A shard's part of a sum.
    pub partial: Vec<f32>,
    /// Errors side by side, for the first layer.
    pub packed: Vec<f32>,
    /// A shard's last weight, for the way back.
    pub turned: Vec<f32>,
    pub classes: Vec<usize>,
}

impl Core {
    /// A thread's memory for passes of at most `images`, through the shards of this crew. `seat`: the thread's own
    /// shard. `trains`: whether a batch may be more than a pass; `None` for predictions alone.
    pub fn new(crew: &Arc<Crew>, seat: usize, images: usize, trains: Option<Batches>) -> Result<Self, CpuError> {
        let device = Cpu::default();
        let cut = &crew.cut;
        let widths = (0..cut.layers()).map(|layer| if layer == 0 { 0 } else { cut.width(layer) });
        let work = Work {
            ink: Ink::new(images),
            inputs: widths.map(|width| vec![0.0; images * width]).collect(),
            logits: vec![0.0; images * LOGITS],
            partial: vec![0.0; images * cut.widest_exchange()],
            packed: Vec::new(),
            turned: Vec::new(),
            classes: Vec::with_capacity(images),
        };
        let mut core = Core {
            crew: Arc::clone(crew),
            seat,
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
        Ok(core)
    }

    /// Takes in the images of a pass; the `first` is the first that is fetched.
    pub fn read<'a>(&self, images: impl Iterator<Item = &'a [u8; PIXELS]> + Clone, first: usize) {
        self.work.borrow_mut().ink.read(self.crew.arch, images, first);
    }

    pub fn last_layer(&self) -> usize {
        self.crew.cut.layers() - 1
    }

    /// Adds up rows of `width` values that each shard has a part of, in the shards' order; of them, this thread needs
    /// these columns.
    pub fn sum(
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
                add(self.crew.arch, out, partial);
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

    pub fn next_round(&self) -> u64 {
        self.round.set(self.round.get() + 1);
        self.round.get()
    }

    /// Waits for the others. Should the meeting end instead, what follows is computed from nonsense, and whoever called
    /// finds the meeting at its end.
    pub fn meet(&self, round: u64) {
        let meeting = &self.crew.meeting;
        meeting.say(self.seat, round);
        meeting.wait(self.seat, 0..self.crew.cut.shards(), round);
    }
}

fn parameter_slots(device: &Cpu, part: &Share) -> Result<(GradientSlot, GradientSlot), CpuError> {
    Ok((slot(device, part.inputs.len() * part.outputs.len())?, slot(device, part.outputs.len())?))
}
