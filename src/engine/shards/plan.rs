//! How a network is cut into shards, one a thread, and a shard's parameters in and out of it. Knows no arithmetic.
//!
//! Each hidden layer's units are dealt out in panels; a shard has their weights for all inputs. Of the last layer a shard
//! has the weights for its own units of the last hidden layer, so that it needs nobody else's activations to compute its
//! part of the logits.

use std::ops::Range;

use super::kernels::{LOGITS, PANEL, Parameter};
use crate::{
    engine::learner::{LayerValues, LearnerState},
    fashion::{CLASSES, PIXELS},
};

/// The sizes of a network's layers and its cut into shards.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    hidden: Vec<usize>,
    shards: usize,
}

/// What a shard has of a layer: a weight from its inputs to its outputs, both counted as the layer counts them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
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
enum Kind {
    Weight,
    Bias,
}

impl Part {
    pub fn panels(&self) -> usize {
        self.outputs.len() / self.panel
    }

    /// Calls `each` for every parameter of a layer of these true sizes (inputs, outputs) that is in this part: with its
    /// place in the layer's values (`[outputs, inputs]`), and with its place in the panels here.
    fn pairs(&self, (inputs, outputs): (usize, usize), mut each: impl FnMut(Kind, usize, usize)) {
        for output in self.outputs.start..self.outputs.end.min(outputs) {
            let (number, column) =
                ((output - self.outputs.start) / self.panel, (output - self.outputs.start) % self.panel);
            for input in self.inputs.start..self.inputs.end.min(inputs) {
                let row = number * self.inputs.len() + input - self.inputs.start;
                each(Kind::Weight, output * inputs + input, row * self.panel + column);
            }
            if self.has_bias {
                each(Kind::Bias, output, output - self.outputs.start);
            }
        }
    }
}

impl Plan {
    /// The cut of these hidden layers for at most so many threads; fewer where there are not as many panels.
    pub fn new(hidden: &[usize], threads: usize) -> Self {
        let panels = hidden.iter().map(|units| units.div_ceil(PANEL)).max().unwrap_or(1);
        Self { hidden: hidden.to_vec(), shards: threads.clamp(1, panels) }
    }

    pub fn shards(&self) -> usize {
        self.shards
    }

    /// Layers, the last one included.
    pub fn layers(&self) -> usize {
        self.hidden.len() + 1
    }

    /// Values of a row that goes into this layer, those that only fill a panel included.
    pub fn width(&self, layer: usize) -> usize {
        layer.checked_sub(1).map_or(PIXELS, |before| self.hidden[before].next_multiple_of(PANEL))
    }

    /// The units of this hidden layer that are the shard's. The first shard has some in each.
    fn units(&self, layer: usize, shard: usize) -> Range<usize> {
        let panels = self.hidden[layer].div_ceil(PANEL);
        let start = |shard: usize| (shard * panels).div_ceil(self.shards) * PANEL;
        start(shard)..start(shard + 1)
    }

    /// What this shard has of this layer.
    pub fn part(&self, layer: usize, shard: usize) -> Part {
        if layer < self.hidden.len() {
            return Part {
                inputs: 0..self.width(layer),
                outputs: self.units(layer, shard),
                panel: PANEL,
                has_bias: true,
            };
        }
        let inputs = layer.checked_sub(1).map_or(0..PIXELS, |before| self.units(before, shard));
        Part { inputs, outputs: 0..LOGITS, panel: LOGITS, has_bias: shard == 0 }
    }

    /// The most floats a row that shards tell each other.
    pub fn widest_exchange(&self) -> usize {
        let between = 1..self.hidden.len().max(1);
        between.map(|layer| self.width(layer)).chain([LOGITS]).max().expect("there are the logits")
    }

    /// A layer's true sizes: inputs and outputs.
    fn sizes(&self, layer: usize) -> (usize, usize) {
        let inputs = layer.checked_sub(1).map_or(PIXELS, |before| self.hidden[before]);
        (inputs, self.hidden.get(layer).copied().unwrap_or(CLASSES))
    }
}

/// The parameters of one shard, a layer each.
#[derive(Debug)]
pub(super) struct Shard {
    pub layers: Vec<Dense>,
}

/// A shard's weight and bias in one layer.
#[derive(Debug)]
pub(super) struct Dense {
    pub part: Part,
    pub weight: Parameter,
    /// Empty where the layer's bias is another shard's.
    pub bias: Parameter,
}

impl Shard {
    /// This shard of the state.
    pub fn new(plan: &Plan, shard: usize, state: &LearnerState) -> Self {
        let layers = (0..plan.layers()).map(|layer| {
            let part = plan.part(layer, shard);
            let mut weight = Parameter::zeros(part.inputs.len() * part.outputs.len());
            let mut bias = Parameter::zeros(if part.has_bias { part.outputs.len() } else { 0 });
            let all = [&state.parameters[layer], &state.first_moments[layer], &state.second_moments[layer]];
            part.pairs(plan.sizes(layer), |kind, there, here| match kind {
                Kind::Weight => weight.set(here, all.map(|values| values.weight[there])),
                Kind::Bias => bias.set(here, all.map(|values| values.bias[there])),
            });
            Dense { part, weight, bias }
        });
        Self { layers: layers.collect() }
    }

    /// Writes this shard's part of the weights and biases.
    pub fn save_parameters(&self, plan: &Plan, layers: &mut [LayerValues]) {
        for (layer, dense) in self.layers.iter().enumerate() {
            let values = &mut layers[layer];
            dense.part.pairs(plan.sizes(layer), |kind, there, here| match kind {
                Kind::Weight => values.weight[there] = dense.weight.values[here],
                Kind::Bias => values.bias[there] = dense.bias.values[here],
            });
        }
    }

    /// Writes this shard's part of the state.
    pub fn save(&self, plan: &Plan, state: &mut LearnerState) {
        for (layer, dense) in self.layers.iter().enumerate() {
            let all = [&mut state.parameters[layer], &mut state.first_moments[layer], &mut state.second_moments[layer]];
            let mut all = all.map(|values| (&mut values.weight, &mut values.bias));
            dense.part.pairs(plan.sizes(layer), |kind, there, here| {
                let values = match kind {
                    Kind::Weight => dense.weight.get(here),
                    Kind::Bias => dense.bias.get(here),
                };
                for ((weight, bias), value) in all.iter_mut().zip(values) {
                    match kind {
                        Kind::Weight => weight[there] = value,
                        Kind::Bias => bias[there] = value,
                    }
                }
            });
        }
    }
}

/// A state of zeros with this plan's layers.
pub(super) fn zeros(plan: &Plan, step: u64) -> LearnerState {
    let layers = || zero_layers(plan);
    LearnerState { step, parameters: layers(), first_moments: layers(), second_moments: layers() }
}

/// Layers of zeros with this plan's sizes.
pub(super) fn zero_layers(plan: &Plan) -> Vec<LayerValues> {
    let sizes = (0..plan.layers()).map(|layer| plan.sizes(layer));
    sizes.map(|(inputs, outputs)| LayerValues::zeros(inputs, outputs)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::network::untrained;

    #[test]
    fn the_shards_of_a_layer_have_every_unit_once() {
        for hidden in [vec![16], vec![128], vec![130], vec![256, 64], vec![100, 1, 33], vec![]] {
            for threads in 1..6 {
                let plan = Plan::new(&hidden, threads);
                for layer in 0..plan.layers() - 1 {
                    let parts: Vec<_> = (0..plan.shards()).map(|shard| plan.part(layer, shard).outputs).collect();
                    assert_eq!(parts[0].start, 0);
                    assert!(!parts[0].is_empty(), "the first shard has the bias of the logits");
                    assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start), "{parts:?}");
                    assert_eq!(parts[plan.shards() - 1].end, plan.width(layer + 1));
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
            for layer in &mut state.parameters {
                layer.bias.iter_mut().zip((1..=u8::MAX).cycle()).for_each(|(bias, number)| *bias = number.into());
            }
            for threads in [1, 2, 3] {
                let plan = Plan::new(&hidden, threads);
                let mut whole = zeros(&plan, 0);
                for shard in 0..plan.shards() {
                    Shard::new(&plan, shard, &state).save(&plan, &mut whole);
                }
                let mut parameters = zero_layers(&plan);
                for shard in 0..plan.shards() {
                    Shard::new(&plan, shard, &state).save_parameters(&plan, &mut parameters);
                }
                assert!(parameters == state.parameters, "{hidden:?} in {threads} shards: the parameters differ");
                assert!(whole == state, "{hidden:?} in {threads} shards came back otherwise");
            }
        }
    }
}
