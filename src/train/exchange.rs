//! What the processes that train one model exchange: at every step the sum of their gradients, after an evaluation that of their losses.

use crate::{
    Result,
    model::{Objective, Reduction},
    peers::{Number, Peers},
    run::EpochLosses,
};

/// Reconstruction, KL and bound, and whether a process is to stop: they travel behind the gradients.
const BEHIND: usize = 4;

/// The buffers of the one sum of a step.
pub(super) struct Exchange<T> {
    peers: Peers,
    own: Vec<T>,
    sum: Vec<T>,
}

impl<T: Number + From<u8> + PartialOrd> Exchange<T> {
    /// Buffers for so many gradients; none where no other process has any.
    pub(super) fn new(peers: Peers, gradients: usize) -> Exchange<T> {
        let values = if peers.is_alone() { 0 } else { gradients + BEHIND };
        let zeros = || vec![T::default(); values];
        Exchange { peers, own: zeros(), sum: zeros() }
    }

    /// The processes.
    pub(super) fn peers(&self) -> Peers {
        self.peers
    }

    /// Where the own gradients are put.
    pub(super) fn own(&mut self) -> &mut [T] {
        let gradients = self.own.len() - BEHIND;
        &mut self.own[..gradients]
    }

    /// Adds up the gradients of all processes and their losses of the step. Gives the sums, and whether any process is to stop.
    pub(super) fn run(&mut self, losses: [T; 3], stops: bool) -> (&[T], [T; 3], bool) {
        let gradients = self.own.len() - BEHIND;
        let [reconstruction, kl, bound] = losses;
        self.own[gradients..].copy_from_slice(&[reconstruction, kl, bound, T::from(u8::from(stops))]);
        self.peers.add_up(&self.own, &mut self.sum);
        let (sums, behind) = self.sum.split_at(gradients);
        (sums, [behind[0], behind[1], behind[2]], behind[3] > T::default())
    }
}

/// The objective of `own` rows of a batch of `whole`, and the weight of its gradient in that of the batch. A loss that is averaged is
/// averaged over the own rows first, and what is summed is weighed the more.
pub(super) fn weighed(objective: &Objective, own: usize, whole: usize) -> (Objective, f64) {
    match objective.loss.reduction {
        Reduction::Mean if 0 < own && own < whole => {
            let share = own as f64 / whole as f64;
            (Objective { beta: objective.beta / share, ..*objective }, share)
        }
        Reduction::Mean | Reduction::Sum => (*objective, 1.0),
    }
}

/// The losses of an evaluation of which each process has done its part, added up by rank.
///
/// # Errors
/// Where a process has one.
pub(super) fn added_up(peers: Peers, own: Result<EpochLosses>) -> Result<EpochLosses> {
    if peers.is_alone() {
        return own;
    }
    let own = peers.all_or_none(own)?;
    let sum = |number: f64| peers.gathered(number.to_bits()).into_iter().map(f64::from_bits).sum();
    Ok(EpochLosses { reconstruction: sum(own.reconstruction), kl: sum(own.kl), bound: sum(own.bound), ..own })
}
