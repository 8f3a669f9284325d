//! The other processes, through MPI.

use super::Peers;
use crate::{Error, Result};
use mpi::{
    Threading,
    collective::SystemOperation,
    environment::{Universe, initialize_with_threading, processor_name},
    topology::SimpleCommunicator,
    traits::{Communicator, CommunicatorCollectives, Equivalence, Root},
};

/// A number that processes add up: float32 or float64.
pub trait Number: Copy + Default + Equivalence {}
impl Number for f32 {}
impl Number for f64 {}

/// Membership in MPI's world; dropped, it waits for all and leaves.
pub(super) struct World {
    _universe: Universe,
}

/// Joins the processes of an MPI launcher, which says how many there are, and which this is.
pub(super) fn join(count: usize, rank: usize) -> Result<(World, Peers)> {
    let refused = |problem: String| Error::invalid("mpirun", problem);
    let (universe, _) = initialize_with_threading(Threading::Funneled)
        .ok_or_else(|| refused("MPI was initialised before, or does not start".into()))?;
    let world = universe.world();
    let peers = Peers { rank: world.rank() as usize, count: world.size() as usize };
    if (peers.rank, peers.count) != (rank, count) {
        let problem = format!(
            "started {count} processes, and the MPI library that this build is linked with finds {}: launch with its own mpirun",
            peers.count
        );
        return Err(refused(problem));
    }
    Ok((World { _universe: universe }, peers))
}

impl World {
    pub(super) fn abort(self, status: u8) -> ! {
        SimpleCommunicator::world().abort(status.into())
    }
}

/// The name of this machine.
pub(super) fn machine() -> String {
    processor_name().unwrap_or_default()
}

impl Peers {
    /// A number of each process, by rank.
    pub fn gathered(self, number: u64) -> Vec<u64> {
        let mut all = vec![number; self.count];
        if !self.is_alone() {
            SimpleCommunicator::world().all_gather_into(&number, &mut all[..]);
        }
        all
    }

    /// Adds up vectors of one length, element by element: `sum` becomes the sum of the `own` of all processes, with the same bits on
    /// each of them. Both may be the same where the process is alone.
    pub fn add_up<T: Number>(self, own: &[T], sum: &mut [T]) {
        match self.is_alone() {
            true => sum.copy_from_slice(own),
            false => SimpleCommunicator::world().all_reduce_into(own, sum, SystemOperation::sum()),
        }
    }

    /// The text of process `rank`.
    pub fn text_of(self, rank: usize, text: String) -> String {
        if self.is_alone() {
            return text;
        }
        let world = SimpleCommunicator::world();
        let (root, mut bytes) = (world.process_at_rank(rank as i32), text.into_bytes());
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        root.broadcast_into(&mut bytes[..]);
        String::from_utf8(bytes).expect("the process sent a string")
    }
}
