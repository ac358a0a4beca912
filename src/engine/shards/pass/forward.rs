//! From the pixels to the loss: operations on dfdx's tape, each of which leaves its way back there.

use std::rc::Rc;

use dfdx::prelude::{Cpu, Rank0, Tape, Tensor};

use super::core::{Core, Pass};
use crate::engine::shards::kernels::{
    panels::{LOGITS, OverPanels, PANEL, Strided},
    pixel_product::PixelProduct,
    product::Product,
    softmax::{SoftmaxCrossEntropy, Verdict},
};

impl Core {
    /// From the pixels to the logits.
    pub fn forward<T: Tape<f32, Cpu>>(self: &Rc<Self>, pass: &Pass, tape: &mut T) {
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
            let (weight, bias) = (&dense.weight.values, Some(&*dense.bias.values));
            let (out, stride) = (&mut outputs[dense.part.outputs.start..], cut.width(layer + 1));
            let (arch, panels) = (self.crew.arch, dense.part.panels());
            if layer == 0 {
                PixelProduct::<PANEL> { ink: &work.ink, weight, bias, relu: true, out, stride }.run(arch, panels);
            } else {
                let inputs = Strided { values: inputs, stride: cut.width(layer) };
                let rows = pass.rows;
                Product::<PANEL> { rows, inputs, weight, bias, relu: true, out, stride }.run(arch, panels);
            }
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
            let (weight, bias) = (&dense.weight.values, dense.part.has_bias.then_some(&*dense.bias.values));
            let (relu, stride, arch) = (false, LOGITS, self.crew.arch);
            if layer == 0 {
                PixelProduct::<LOGITS> { ink: &work.ink, weight, bias, relu, out, stride }.run(arch, 1);
            } else {
                let inputs = Strided { values: &inputs[dense.part.inputs.start..], stride: width };
                Product::<LOGITS> { rows: pass.rows, inputs, weight, bias, relu, out, stride }.run(arch, 1);
            }
        });
        let (core, pass) = (Rc::clone(self), pass.clone());
        tape.add_backward_op(move |gradients| core.last_backward(&pass, gradients));
    }

    /// The loss of the logits, and its derivative by them.
    pub fn loss(
        self: &Rc<Self>,
        pass: &Pass,
        loss: &Tensor<Rank0, f32, Cpu>,
        tape: &mut impl Tape<f32, Cpu>,
    ) -> Verdict {
        let work = &mut *self.work.borrow_mut();
        let logits = &mut work.logits[..pass.rows * LOGITS];
        let verdict =
            self.crew.arch.dispatch(SoftmaxCrossEntropy { logits, classes: &work.classes, weight: pass.weight });
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
}
