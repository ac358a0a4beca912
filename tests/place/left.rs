//! What a run has left on the disk, without what a clock or a process's number made of it.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::place::Place;

/// What a run has left.
pub trait Left {
    fn checkpoint(&self, run: &str) -> Checkpoint;
    /// The lines of `metrics.jsonl`, without the figures that depend on a clock.
    fn metrics(&self, run: &str) -> Vec<Value>;
    fn facts(&self, run: &str) -> Value;
}

impl Left for Place {
    fn checkpoint(&self, run: &str) -> Checkpoint {
        Checkpoint::read(&self.path("runs").join(run).join("checkpoint.safetensors"))
    }

    fn metrics(&self, run: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path("runs").join(run).join("metrics.jsonl")).expect("the run has metrics");
        text.lines()
            .map(|line| {
                let mut record: Value = serde_json::from_str(line).expect("each line is JSON");
                for clock in ["seconds", "eval_seconds", "images_per_second"] {
                    record.as_object_mut().expect("it is an object").remove(clock).expect("it has a clock's figure");
                }
                record
            })
            .collect()
    }

    fn facts(&self, run: &str) -> Value {
        let text = fs::read(self.path("runs").join(run).join("run.json")).expect("the run has facts");
        serde_json::from_slice(&text).expect("they are JSON")
    }
}

/// The tensors of a checkpoint as bytes, by their names, and its metadata.
#[derive(Debug, PartialEq)]
pub struct Checkpoint {
    pub tensors: BTreeMap<String, Vec<u8>>,
    pub header: Value,
}

impl Checkpoint {
    pub fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).expect("it is a safetensors file");
        let header = &metadata.metadata().as_ref().expect("it has metadata")["fitroom"];
        let mut header: Value = serde_json::from_str(header).expect("they are JSON");
        header.as_object_mut().expect("it is an object").remove("seconds").expect("it has a clock's figure");
        let file = safetensors::SafeTensors::deserialize(&bytes).expect("it is a safetensors file");
        let tensors = file.tensors().into_iter().map(|(name, tensor)| (name, tensor.data().to_vec())).collect();
        Self { tensors, header }
    }
}
