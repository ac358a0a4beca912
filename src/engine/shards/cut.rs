//! How a network is cut into shards, one per thread, and a shard's parameters in and out of it. Knows no arithmetic.
//!
//! Each hidden layer's units are dealt out in panels; a shard has their weights for all inputs. Of the last layer a
//! shard has the weights for its own units of the last hidden layer, so that it needs nobody else's activations to
//! compute its part of the logits.

use std::ops::Range;

use super::kernels::{
    panels::{LOGITS, PANEL},
    parameter::Parameter,
};
use crate::engine::learner::{LearnerState, NamedTensor};

/// A dense network's layers and its cut into shards.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// Of the layers: the pixels, the units of each hidden layer, the classes.
    sizes: Vec<usize>,
    shards: usize,
}

/// What a shard has of a layer: a weight from its inputs to its outputs, both counted as the layer counts them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Share {
    pub inputs: Range<usize>,
    /// Whole panels; what goes past the layer's units stays zero.
    pub outputs: Range<usize>,
    /// Outputs of a panel.
    pub panel: usize,
    /// Whether the outputs' bias is this shard's.
    pub has_bias: bool,
}

/// Which of a layer's two parameters.
#[derive(Clone, Copy)]
enum WeightOrBias {
    Weight,
    Bias,
}

impl Share {
    pub fn panels(&self) -> usize {
        self.outputs.len() / self.panel
    }

    /// Calls `each` for every parameter of a layer of these true sizes (inputs, outputs) that is in this part: with its
    /// place in the layer's values (`[outputs, inputs]`), and with its place in the panels here.
    fn pairs(&self, (inputs, outputs): (usize, usize), mut each: impl FnMut(WeightOrBias, usize, usize)) {
        for output in self.outputs.start..self.outputs.end.min(outputs) {
            let (number, column) =
                ((output - self.outputs.start) / self.panel, (output - self.outputs.start) % self.panel);
            for input in self.inputs.start..self.inputs.end.min(inputs) {
                let row = number * self.inputs.len() + input - self.inputs.start;
                each(WeightOrBias::Weight, output * inputs + input, row * self.panel + column);
            }
            if self.has_bias {
                each(WeightOrBias::Bias, output, output - self.outputs.start);
            }
        }
    }
}

impl Cut {
    /// The cut of layers of these sizes (pixels, hidden units, classes) for at most so many threads; fewer where there
    /// are not as many panels.
    pub fn new(sizes: Vec<usize>, threads: usize) -> Self {
        let hidden = hidden(&sizes).iter();
        let panels = hidden.map(|units| units.div_ceil(PANEL)).max().unwrap_or(1);
        Self { sizes, shards: threads.clamp(1, panels) }
    }

    pub fn shards(&self) -> usize {
        self.shards
    }

    /// Layers, the last one included.
    pub fn layers(&self) -> usize {
        self.sizes.len() - 1
    }

    /// Values of a row that goes into this layer, those that only fill a panel included.
    pub fn width(&self, layer: usize) -> usize {
        if layer == 0 { self.sizes[0] } else { self.sizes[layer].next_multiple_of(PANEL) }
    }

    /// The units of this hidden layer that are the shard's. The first shard has some in each.
    fn units(&self, layer: usize, shard: usize) -> Range<usize> {
        let panels = self.sizes[layer + 1].div_ceil(PANEL);
        let start = |shard: usize| (shard * panels).div_ceil(self.shards) * PANEL;
        start(shard)..start(shard + 1)
    }

    /// What this shard has of this layer.
    pub fn part(&self, layer: usize, shard: usize) -> Share {
        if layer + 1 < self.layers() {
            return Share {
                inputs: 0..self.width(layer),
                outputs: self.units(layer, shard),
                panel: PANEL,
                has_bias: true,
            };
        }
        let inputs = if layer == 0 { 0..self.sizes[0] } else { self.units(layer - 1, shard) };
        Share { inputs, outputs: 0..LOGITS, panel: LOGITS, has_bias: shard == 0 }
    }

    /// The most floats per row that shards exchange.
    pub fn widest_exchange(&self) -> usize {
        let between = 1..(self.layers() - 1).max(1);
        between.map(|layer| self.width(layer)).chain([LOGITS]).max().expect("there are the logits")
    }

    /// A layer's true sizes: inputs and outputs.
    fn sizes(&self, layer: usize) -> (usize, usize) {
        (self.sizes[layer], self.sizes[layer + 1])
    }
}

/// Those of these sizes that are hidden layers'.
pub(super) fn hidden(sizes: &[usize]) -> &[usize] {
    sizes.get(1..sizes.len() - 1).unwrap_or_default()
}

/// The parameters of one shard, layer by layer.
#[derive(Debug)]
pub(super) struct Shard {
    pub layers: Vec<LayerShard>,
}

/// A shard's weight and bias in one layer.
#[derive(Debug)]
pub(super) struct LayerShard {
    pub part: Share,
    pub weight: Parameter,
    /// Empty where the layer's bias is another shard's.
    pub bias: Parameter,
}

impl Shard {
    /// This shard of the state.
    pub fn new(cut: &Cut, shard: usize, state: &LearnerState) -> Self {
        let layers = (0..cut.layers()).map(|layer| {
            let part = cut.part(layer, shard);
            let mut weight = Parameter::zeros(part.inputs.len() * part.outputs.len());
            let mut bias = Parameter::zeros(if part.has_bias { part.outputs.len() } else { 0 });
            let [weights, biases] = [2 * layer, 2 * layer + 1].map(|at| {
                [&state.parameters, &state.first_moments, &state.second_moments].map(|tensors| &tensors[at].values)
            });
            part.pairs(cut.sizes(layer), |kind, there, here| match kind {
                WeightOrBias::Weight => weight.set(here, weights.map(|values| values[there])),
                WeightOrBias::Bias => bias.set(here, biases.map(|values| values[there])),
            });
            LayerShard { part, weight, bias }
        });
        Self { layers: layers.collect() }
    }

    /// Writes this shard's part of the parameters: for each layer a weight and a bias.
    pub fn save_parameters(&self, cut: &Cut, parameters: &mut [NamedTensor]) {
        let (pairs, _) = parameters.as_chunks_mut();
        for (layer, ([weight, bias], dense)) in pairs.iter_mut().zip(&self.layers).enumerate() {
            dense.part.pairs(cut.sizes(layer), |kind, there, here| match kind {
                WeightOrBias::Weight => weight.values[there] = dense.weight.values[here],
                WeightOrBias::Bias => bias.values[there] = dense.bias.values[here],
            });
        }
    }

    /// Writes this shard's part of the state.
    pub fn save(&self, cut: &Cut, state: &mut LearnerState) {
        let mut all = [&mut state.parameters, &mut state.first_moments, &mut state.second_moments];
        for (layer, dense) in self.layers.iter().enumerate() {
            dense.part.pairs(cut.sizes(layer), |kind, there, here| {
                let (tensor, values) = match kind {
                    WeightOrBias::Weight => (2 * layer, dense.weight.get(here)),
                    WeightOrBias::Bias => (2 * layer + 1, dense.bias.get(here)),
                };
                for (tensors, value) in all.iter_mut().zip(values) {
                    tensors[tensor].values[there] = value;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{
        model,
        samples::{dense, untrained},
    };

    #[test]
    fn the_shards_of_a_layer_have_every_unit_once() {
        for hidden in [vec![16], vec![128], vec![130], vec![256, 64], vec![100, 1, 33], vec![]] {
            for threads in 1..6 {
                let cut = Cut::new(dense(&hidden, 32, 1).layer_sizes(), threads);
                for layer in 0..cut.layers() - 1 {
                    let parts: Vec<_> = (0..cut.shards()).map(|shard| cut.part(layer, shard).outputs).collect();
                    assert_eq!(parts[0].start, 0);
                    assert!(!parts[0].is_empty(), "the first shard has the bias of the logits");
                    assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start), "{parts:?}");
                    assert_eq!(parts[cut.shards() - 1].end, cut.width(layer + 1));
                }
            }
        }
    }

    #[test]
    fn a_state_that_is_cut_up_and_put_together_is_the_state() {
        for hidden in [vec![16], vec![130], vec![256, 64], vec![40, 33, 65], vec![]] {
            let mut state = untrained(&hidden, 5);
            state.first_moments = untrained(&hidden, 6).parameters;
            state.second_moments = untrained(&hidden, 7).parameters;
            for bias in state.parameters.iter_mut().skip(1).step_by(2) {
                bias.values.iter_mut().zip((1..=u8::MAX).cycle()).for_each(|(bias, number)| *bias = number.into());
            }
            for threads in [1, 2, 3] {
                let settings = dense(&hidden, 32, 1);
                let cut = Cut::new(settings.layer_sizes(), threads);
                let mut whole = model::zeros(&settings, 0);
                for shard in 0..cut.shards() {
                    Shard::new(&cut, shard, &state).save(&cut, &mut whole);
                }
                let mut parameters = model::zeros(&settings, 0).parameters;
                for shard in 0..cut.shards() {
                    Shard::new(&cut, shard, &state).save_parameters(&cut, &mut parameters);
                }
                assert!(parameters == state.parameters, "{hidden:?} in {threads} shards: the parameters differ");
                assert!(whole == state, "{hidden:?} in {threads} shards came back otherwise");
            }
        }
    }
}
