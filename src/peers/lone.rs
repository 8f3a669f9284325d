//! Without MPI there is no other process.

use super::Peers;
use crate::{Error, Result};
use std::convert::Infallible;

/// A number that processes add up: float32 or float64.
pub trait Number: Copy + Default {}
impl Number for f32 {}
impl Number for f64 {}

/// Membership among several processes, which nothing has.
pub(super) struct World(Infallible);

/// Refuses to train beside the other processes that a launcher started.
pub(super) fn join(count: usize, rank: usize) -> Result<(World, Peers)> {
    if rank > 0 {
        return Err(Error::Elsewhere { rank: 0 }); // the first process says why
    }
    let problem = format!(
        "started {count} processes, and this build is without MPI, so that each would train alone: build with --features mpi, or \
         start one process"
    );
    Err(Error::invalid("mpirun", problem))
}

impl World {
    pub(super) fn abort(self, _: u8) -> ! {
        match self.0 {}
    }
}

/// The name of this machine.
pub(super) fn machine() -> String {
    String::new()
}

impl Peers {
    /// A number of each process, by rank.
    pub fn gathered(self, number: u64) -> Vec<u64> {
        vec![number]
    }

    /// Adds up vectors of one length over the processes.
    pub fn add_up<T: Number>(self, own: &[T], sum: &mut [T]) {
        sum.copy_from_slice(own);
    }

    /// The text of process `rank`.
    pub fn text_of(self, _rank: usize, text: String) -> String {
        text
    }
}
