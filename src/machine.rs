//! Measures how busy the device is: a GPU through its driver's NVML, the CPU through what the system says of this
//! process. Trains nothing, and does without what is missing.

use std::process;

use nvml_wrapper::{Nvml, enum_wrappers::device::TemperatureSensor};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::protocol::Usage;

/// Reads what can be measured of one device.
pub struct Meter(Instrument);

enum Instrument {
    Cpu(Box<System>),
    Gpu { nvml: Box<Nvml>, ordinal: u32 },
    Nothing,
}

impl Meter {
    /// A meter for the GPU of this ordinal, or for the CPU. NVML counts GPUs in its own way; `CUDA_VISIBLE_DEVICES` may
    /// make CUDA count otherwise.
    #[must_use]
    pub fn new(gpu: Option<usize>) -> Self {
        let Some(ordinal) = gpu else { return Self(Instrument::Cpu(Box::new(System::new()))) };
        let nvml = Nvml::init().ok().zip(u32::try_from(ordinal).ok());
        Self(nvml.map_or(Instrument::Nothing, |(nvml, ordinal)| Instrument::Gpu { nvml: Box::new(nvml), ordinal }))
    }

    /// How busy it has been since the last call; `None` if that cannot be known.
    pub fn read(&mut self) -> Option<Usage> {
        match &mut self.0 {
            Instrument::Cpu(system) => cpu(system),
            Instrument::Gpu { nvml, ordinal } => gpu(nvml, *ordinal),
            Instrument::Nothing => None,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage of some cores")]
fn cpu(system: &mut System) -> Option<Usage> {
    let own = Pid::from_u32(process::id());
    let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, kind);
    let process = system.process(own)?;
    Some(Usage {
        name: None,
        load_percent: process.cpu_usage().max(0.0).round() as u32,
        memory: process.memory(),
        memory_total: None,
        temperature: None,
        power: None,
    })
}

fn gpu(nvml: &Nvml, ordinal: u32) -> Option<Usage> {
    let device = nvml.device_by_index(ordinal).ok()?;
    let memory = device.memory_info().ok()?;
    Some(Usage {
        name: device.name().ok(),
        load_percent: device.utilization_rates().map_or(0, |rates| rates.gpu),
        memory: memory.used,
        memory_total: Some(memory.total),
        temperature: device.temperature(TemperatureSensor::Gpu).ok(),
        power: device.power_usage().ok().map(|milliwatts| milliwatts / 1000),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_time() {
        let mut meter = Meter::new(None);
        let first = meter.read().expect("the system lists its processes");
        assert!(first.memory > 1 << 20, "{first:?}");
        let start = std::time::Instant::now();
        while start.elapsed() < std::time::Duration::from_millis(400) {
            std::hint::black_box(start.elapsed());
        }
        let busy = meter.read().expect("the system lists its processes");
        assert!(busy.load_percent > 20, "{busy:?}");
    }

    #[test]
    fn a_gpu_that_nobody_knows_is_left_out() {
        assert_eq!(Meter::new(Some(usize::MAX)).read(), None);
    }
}
