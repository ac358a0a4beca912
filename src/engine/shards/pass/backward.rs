//! From the loss's derivative back to the first layer: each layer's errors, and its parameters' gradients and update.

use dfdx::prelude::{Cpu, CpuError, Gradients};

use super::core::{Core, GradientSlot, Pass};
use crate::engine::shards::kernels::{
    elementwise::through_relu,
    input_gradient::InputGradient,
    panels::{LOGITS, OverPanels, PANEL, Strided, turn},
    parameter::Update,
    pixel_gradient::PixelGradient,
    product::Product,
    weight_gradient::WeightGradient,
};

impl Core {
    pub fn last_backward(&self, pass: &Pass, gradients: &mut Gradients<f32, Cpu>) -> Result<(), CpuError> {
        let layer = self.last_layer();
        let errors = std::mem::take(self.errors[layer](gradients)?);
        if layer > 0 {
            let width = self.crew.cut.width(layer);
            let by_inputs = self.errors[layer - 1](gradients)?;
            for shard in pass.shards.clone() {
                let shard = self.crew.shard(shard);
                let dense = &shard.layers[layer];
                let panels = dense.part.inputs.len() / PANEL;
                let turned = &mut self.work.borrow_mut().turned;
                turn(&dense.weight.values, turned);
                let product = Product::<PANEL> {
                    rows: pass.rows,
                    inputs: Strided { values: &errors, stride: LOGITS },
                    weight: turned,
                    bias: None,
                    relu: false,
                    out: &mut by_inputs[dense.part.inputs.start..],
                    stride: width,
                };
                product.run(self.crew.arch, panels);
            }
        }
        self.update::<LOGITS>(pass, layer, &errors, gradients)?;
        *self.errors[layer](gradients)? = errors;
        Ok(())
    }

    pub fn hidden_backward(
        &self,
        pass: &Pass,
        layer: usize,
        gradients: &mut Gradients<f32, Cpu>,
    ) -> Result<(), CpuError> {
        let cut = &self.crew.cut;
        let mut errors = std::mem::take(self.errors[layer](gradients)?);
        let width = cut.width(layer + 1);
        for shard in pass.shards.clone() {
            let columns = cut.part(layer, shard).outputs;
            let activations = &self.work.borrow().inputs[layer + 1];
            through_relu(self.crew.arch, pass.rows, width, columns, &mut errors, activations);
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
            let gradient = InputGradient {
                rows: pass.rows,
                errors: Strided { values: &errors[dense.part.outputs.start..], stride },
                weight: &dense.weight.values,
                out,
                stride: width,
            };
            gradient.run(self.crew.arch, dense.part.panels());
        });
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
        let stride = if layer == self.last_layer() { LOGITS } else { cut.width(layer + 1) };
        for number in pass.shards.clone() {
            let mut shard = self.crew.shard_mut(number);
            let dense = &mut shard.layers[layer];
            let errors = Strided { values: &errors[dense.part.outputs.start..], stride };
            let work = &mut *self.work.borrow_mut();
            let (weight, panels) = (&mut dense.weight, dense.part.panels());
            let update = self.sums(pass, number, layer, gradients, |slots| &slots.0)?;
            if layer == 0 {
                let (ink, packed) = (&work.ink, &mut work.packed);
                PixelGradient::<P> { ink, errors, packed, weight, update }.run(self.crew.arch, panels);
            } else {
                let inputs = &work.inputs[layer][dense.part.inputs.start..];
                let inputs = Strided { values: inputs, stride: cut.width(layer) };
                let gradient = WeightGradient::<P> { rows: pass.rows, inputs, errors, weight, update };
                gradient.run(self.crew.arch, panels);
            }
            if dense.part.has_bias {
                let bias = WeightGradient::<P> {
                    rows: pass.rows,
                    // A bias is the weight of an input that is always 1.
                    inputs: Strided { values: &[1.0], stride: 0 },
                    errors,
                    weight: &mut dense.bias,
                    update: self.sums(pass, number, layer, gradients, |slots| &slots.1)?,
                };
                bias.run(self.crew.arch, dense.part.panels());
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
        which: impl Fn(&(GradientSlot, GradientSlot)) -> &GradientSlot,
    ) -> Result<Update<'g>, CpuError> {
        let is_needed = pass.resume || pass.adam.is_none();
        let gradient =
            if is_needed { which(&self.parameters[shard][layer])(gradients)?.as_mut_slice() } else { &mut [] };
        Ok(Update { gradient, resume: pass.resume, adam: pass.adam })
    }
}
