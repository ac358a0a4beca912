//! The instructions that the processors compute with: the best that this machine has, or others, to test and to measure
//! them. Computes nothing.

use std::sync::OnceLock;

use pulp::Arch;

use super::error::EngineError;

/// The environment variable that names the instructions to compute with, where the best are not wanted.
pub const INSTRUCTIONS: &str = "FITROOM_INSTRUCTIONS";

static CHOSEN: OnceLock<Arch> = OnceLock::new();

/// Has this process compute with these instructions: `scalar`, `avx2`, `avx512` or `neon`. The weights depend on them,
/// as they do on the number of threads.
///
/// # Errors
/// When this machine does not have them, or the process computes with others already.
pub fn compute_with(name: &str) -> Result<(), EngineError> {
    let all = instruction_sets();
    let Some((_, arch)) = all.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
        let known = known.join(", ");
        return Err(EngineError::Device(format!(
            "{INSTRUCTIONS} is {name:?}: this processor has {known}; name one of these, or leave it unset for the best"
        )));
    };
    CHOSEN.set(*arch).map_err(|_| EngineError::Device("the instructions are chosen already".to_owned()))
}

/// Those that this process computes with.
pub(super) fn chosen() -> Arch {
    *CHOSEN.get_or_init(Arch::new)
}

/// All that this machine has, by name; the plainest first, the best last.
#[must_use]
pub fn instruction_sets() -> Vec<(&'static str, Arch)> {
    let mut all = vec![("scalar", Arch::Scalar)];
    #[cfg(target_arch = "x86_64")]
    {
        all.extend(pulp::x86::V3::try_new().map(|simd| ("avx2", Arch::V3(simd))));
        all.extend(pulp::x86::V4::try_new().map(|simd| ("avx512", Arch::V4(simd))));
    }
    #[cfg(target_arch = "aarch64")]
    all.push(("neon", Arch::new()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_instructions_are_the_last_of_all() {
        let best = std::mem::discriminant(&Arch::new());
        assert!(instruction_sets().last().is_some_and(|(_, arch)| std::mem::discriminant(arch) == best));
    }

    #[test]
    fn instructions_that_the_processor_does_not_have_are_named_with_those_that_it_has() {
        let error = compute_with("abacus").expect_err("no processor has them").to_string();
        assert!(error.starts_with("FITROOM_INSTRUCTIONS is \"abacus\": this processor has scalar"), "{error}");
    }
}
