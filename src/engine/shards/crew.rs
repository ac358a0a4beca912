//! The network's shards, and where the threads that train them meet. Computes nothing.

use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use pulp::Arch;

use super::{
    cut::{Cut, Shard},
    exchange::{Board, Meeting},
};
use crate::engine::learner::LearnerState;

/// The network, and where the threads that train it meet.
#[derive(Debug)]
pub(super) struct Crew {
    /// The instructions that all of its threads compute with.
    pub arch: Arch,
    pub cut: Cut,
    pub shards: Vec<RwLock<Shard>>,
    pub meeting: Meeting,
    pub board: Board,
}

impl Crew {
    /// The shards of this state, and room for the threads to exchange what passes of so many images need.
    pub fn new(arch: Arch, cut: Cut, state: &LearnerState, images: usize) -> Self {
        let shards: Vec<_> = (0..cut.shards()).map(|shard| RwLock::new(Shard::new(&cut, shard, state))).collect();
        let (meeting, board) = (Meeting::new(shards.len()), Board::new(shards.len(), images * cut.widest_exchange()));
        Self { arch, cut, shards, meeting, board }
    }

    pub fn shard(&self, shard: usize) -> RwLockReadGuard<'_, Shard> {
        self.shards[shard].read().expect("no thread panics over a shard")
    }

    pub fn shard_mut(&self, shard: usize) -> RwLockWriteGuard<'_, Shard> {
        self.shards[shard].write().expect("no thread panics over a shard")
    }
}
