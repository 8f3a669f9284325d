//! The processes that train one model together: which of them this one is, which rows it takes, and what they tell each other.
//!
//! A process that was not started with others is alone, and then every function here is free. Started by `mpirun`, a build with the
//! feature `mpi` finds the others through MPI. All processes must come to the same calls in the same order.

mod share;
#[cfg(feature = "mpi")]
mod world;
#[cfg(not(feature = "mpi"))]
#[path = "lone.rs"]
mod world;

pub use share::{Batching, Share};
pub use world::Number;

use crate::{Error, Result};

/// How MPI's launchers tell a process how many there are, and which of them it is: Open MPI; MPICH, Intel MPI and Slurm with PMI.
pub const LAUNCHERS: [[&str; 2]; 2] = [["OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"], ["PMI_SIZE", "PMI_RANK"]];

/// The processes that train one model, seen from one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peers {
    rank: usize,
    count: usize,
}

/// Membership among the processes, which ends when it is dropped: then each waits for all.
pub struct Joined {
    /// The processes.
    pub peers: Peers,
    world: Option<world::World>,
}

/// Number of processes that a launcher started, and which of them this one is; none where there was no launcher.
fn launched() -> Option<[usize; 2]> {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    LAUNCHERS.iter().find_map(|[count, rank]| Some([number(count)?, number(rank)?]))
}

impl Joined {
    /// Joins the processes that were started together with this one, if there are any.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there are, and this build is without MPI or MPI cannot be used.
    pub fn join() -> Result<Joined> {
        match launched() {
            Some([count, rank]) if count > 1 => {
                let (world, peers) = world::join(count, rank)?;
                Ok(Joined { peers, world: Some(world) })
            }
            _ => Ok(Joined { peers: Peers::alone(), world: None }),
        }
    }

    /// Ends all processes at once, this one with `status`.
    pub fn abort(self, status: u8) -> ! {
        match self.world {
            Some(world) => world.abort(status),
            None => std::process::exit(status.into()),
        }
    }
}

impl Peers {
    /// A process of its own.
    pub const fn alone() -> Peers {
        Peers { rank: 0, count: 1 }
    }

    /// Number of this process, from 0 on.
    pub fn rank(self) -> usize {
        self.rank
    }

    /// Number of processes.
    pub fn count(self) -> usize {
        self.count
    }

    /// Whether there is no other process.
    pub fn is_alone(self) -> bool {
        self.count == 1
    }

    /// Whether this is the process that writes and prints.
    pub fn is_first(self) -> bool {
        self.rank == 0
    }

    /// What this process takes of any number of rows.
    pub fn share(self) -> Share {
        Share { rank: self.rank, count: self.count }
    }

    /// Whether this holds for any of the processes.
    pub fn any(self, holds: bool) -> bool {
        self.gathered(u64::from(holds)).contains(&1)
    }

    /// A result of every process: an error of one is an error of all. The first that has one keeps it, and the others have
    /// [`Error::Elsewhere`], so that it is told once.
    ///
    /// # Errors
    /// Where a process has one.
    pub fn all_or_none<T>(self, result: Result<T>) -> Result<T> {
        let failed = self.gathered(u64::from(result.is_err())).iter().position(|&failed| failed == 1);
        match failed {
            Some(rank) if rank != self.rank => Err(Error::Elsewhere { rank }),
            _ => result,
        }
    }

    /// A result that is the same on all processes, of which the first tells an error.
    ///
    /// # Errors
    /// The error, or [`Error::Elsewhere`].
    pub fn told_by_first<T>(self, result: Result<T>) -> Result<T> {
        match result {
            Err(_) if !self.is_first() => Err(Error::Elsewhere { rank: 0 }),
            result => result,
        }
    }

    /// What `work` gives; the others begin with it when the first process is done: what it fetched or wrote is there for them.
    ///
    /// # Errors
    /// As [`Peers::all_or_none`].
    pub fn first_then_others<T>(self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        match self.is_first() {
            true => {
                let result = self.all_or_none(work())?;
                self.all_or_none(Ok(result))
            }
            false => {
                self.all_or_none(Ok(()))?;
                self.all_or_none(work())
            }
        }
    }

    /// Checks that a digest is the same on all processes; all find the same error where it is not.
    ///
    /// # Errors
    /// [`Error::CheckFailed`] naming the first process that differs from process 0.
    pub fn expect_same(self, digest: u64, what: &str) -> Result<()> {
        let digests = self.gathered(digest);
        match digests.iter().position(|&other| other != digests[0]) {
            Some(rank) => Err(Error::CheckFailed(format!("{what} of rank {rank} differ from those of rank 0"))),
            None => Ok(()),
        }
    }

    /// A text of each process, by rank.
    pub fn texts(self, own: &str) -> Vec<String> {
        (0..self.count).map(|rank| self.text_of(rank, own.into())).collect()
    }

    /// The name of the machine that this process runs on.
    pub fn machine(self) -> String {
        world::machine()
    }

    /// Number of this process among those of its machine, from 0 on, and how many those are.
    pub fn on_this_machine(self) -> [usize; 2] {
        if self.is_alone() {
            return [0, 1];
        }
        let machines = self.texts(&self.machine());
        let here = |ranks: &[String]| ranks.iter().filter(|&machine| *machine == machines[self.rank]).count();
        [here(&machines[..self.rank]), here(&machines)]
    }
}
