//! What the processor could do at best: fused multiply-adds of 32-bit numbers per second, with each set of wide
//! instructions that it has, on as many threads as the program trains with at most. A line of JSON for each.

use std::{hint::black_box, num::NonZeroUsize, thread, time::Instant};

use fitroom::engine::instruction_sets;
use pulp::{Arch, Simd, WithSimd};

/// Sums at the same time: more than a processor needs to be busy all the time, and no more than its registers hold.
const SUMS: usize = 12;
/// Rounds of a measurement: tens of milliseconds.
const ROUNDS: usize = 10_000_000;

/// So many rounds of multiply-adds; the operations that they took, two for each number.
struct MultiplyAdds(usize);

impl WithSimd for MultiplyAdds {
    type Output = f64;

    #[expect(clippy::inline_always, reason = "what is not inlined is not compiled for these instructions")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (factor, term) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(1e-3)));
        let mut sums = [simd.splat_f32s(1.0); SUMS];
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, factor, term);
            }
        }
        black_box(sums);
        let operations = 2 * self.0 * SUMS * S::F32_LANES;
        #[expect(clippy::cast_precision_loss, reason = "it is far below 2^52")]
        let operations = operations as f64;
        operations
    }
}

/// The best of a few measurements: billions of operations per second, all threads together.
fn peak(arch: Arch, threads: usize) -> f64 {
    let measure = || {
        let start = Instant::now();
        let operations: f64 = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| arch.dispatch(MultiplyAdds(ROUNDS)))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it only computes")).sum()
        });
        operations / start.elapsed().as_secs_f64() / 1e9
    };
    (0..5).map(|_| measure()).fold(0.0, f64::max)
}

fn main() {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    // Without wide instructions nothing is fused, and this would be no bound.
    for (instructions, arch) in instruction_sets().into_iter().filter(|(name, _)| *name != "scalar") {
        let (one, together) = (peak(arch, 1), peak(arch, threads));
        println!(
            r#"{{"instructions":"{instructions}","threads":{threads},"gflops":{together:.1},"gflops_of_one":{one:.1}}}"#
        );
    }
}
