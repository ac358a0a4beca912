//! Runs a test under each instruction set that this machine has, on numbers that are easy to make. Not compiled into
//! the program.

use std::array;

use pulp::Arch;
use rand::{
    SeedableRng,
    distr::{Distribution, Uniform},
};
use rand_chacha::ChaCha8Rng;

use super::kernels::parameter::{Parameter, Update};
use crate::{engine, fashion::PIXELS};

/// Runs `test` under each of them. Should it fail, what it printed says under which.
pub(super) fn under_each(test: impl Fn(Arch)) {
    for (name, arch) in engine::instruction_sets() {
        println!("under {name}");
        test(arch);
    }
}

/// As many numbers from -1 to 1, always the same.
pub(super) fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let uniform = Uniform::new_inclusive(-1.0, 1.0).expect("the limits are finite");
    uniform.sample_iter(ChaCha8Rng::seed_from_u64(seed)).take(count).collect()
}

/// As many images; each has ink in spots of so many pixels, and the next one in others.
pub(super) fn spotted(images: usize, spot: usize) -> Vec<[u8; PIXELS]> {
    let mut ink = (1..=u8::MAX).cycle();
    let mut pixel =
        |image: usize, pixel: usize| if (pixel / spot + image) % 5 < 3 { 0 } else { ink.next().unwrap_or(1) };
    (0..images).map(|image| array::from_fn(|at| pixel(image, at))).collect()
}

/// A sum of products in 64 bits, and how far a sum of as many in 32 bits may be from it: a rounding each, of all that
/// there is to be added.
#[derive(Clone, Copy, Default)]
pub(super) struct Exact {
    pub value: f64,
    magnitude: f64,
    terms: f64,
}

impl Exact {
    /// Adds `one · other`.
    pub fn add(&mut self, one: f32, other: f32) {
        let product = f64::from(one) * f64::from(other);
        self.value += product;
        self.magnitude += product.abs();
        self.terms += 1.0;
    }

    /// What a `ReLU` makes of it.
    pub fn through_relu(self) -> Self {
        Self { value: self.value.max(0.0), ..self }
    }

    /// Fails where `found` is further from it than 32 bits explain.
    pub fn assert_near(self, found: f32, what: impl Fn() -> String) {
        let allowed = (self.terms + 2.0) * self.magnitude * f64::from(f32::EPSILON);
        let difference = (f64::from(found) - self.value).abs();
        assert!(difference <= allowed, "{}: {found} is {difference:.1e} from {}", what(), self.value);
    }
}

/// A first pass of a kernel that has this gradient keeps it, a second one adds its own to it, and neither touches the
/// weight. `what`: which case that is.
pub(super) fn assert_sums(mut exact: Vec<Exact>, what: &str, run: impl Fn(&mut Parameter, Update<'_>)) {
    let mut sums = vec![77.0; exact.len()];
    let mut weight = Parameter::zeros(exact.len());
    run(&mut weight, Update { gradient: &mut sums, resume: false, adam: None });
    for (place, (exact, found)) in exact.iter().zip(&sums).enumerate() {
        exact.assert_near(*found, || format!("{what}: place {place}"));
    }
    for (exact, sum) in exact.iter_mut().zip(&sums) {
        exact.add(1.0, *sum);
    }
    run(&mut weight, Update { gradient: &mut sums, resume: true, adam: None });
    for (place, (exact, found)) in exact.iter().zip(&sums).enumerate() {
        exact.assert_near(*found, || format!("{what}, again: place {place}"));
    }
    assert!(weight.values.iter().chain(&weight.first).chain(&weight.second).all(|value| *value == 0.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_allowed_and_a_lost_term_is_not() {
        let mut exact = Exact::default();
        let terms = numbers(0, 200);
        for term in &terms {
            exact.add(*term, 0.3);
        }
        exact.assert_near(terms.iter().map(|term| term * 0.3).sum(), || "a sum".to_owned());
        let lost = terms.iter().skip(1).map(|term| term * 0.3).sum();
        assert!(std::panic::catch_unwind(|| exact.assert_near(lost, String::new)).is_err());
    }
}
