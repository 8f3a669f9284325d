//! Several processes that train one run: what must be the same on each of them, and what is shared out beside training.

use super::Session;
use crate::{
    Error, Result,
    network::{Codec, Encoding, active_units, variances},
    run::{Settings, State},
};
use std::hash::{DefaultHasher, Hash, Hasher};

impl Session {
    /// Checks that all processes begin with the same options, data and weights.
    ///
    /// # Errors
    /// [`Error::CheckFailed`] where one does not.
    pub(super) fn expect_same_start(&self, state: &State) -> Result<()> {
        if self.peers.is_alone() {
            return Ok(());
        }
        let settings = Settings { tilings: None, gpu_memory: None, ..self.config.settings() }; // which may be the machine's
        let data = &self.config.data;
        let place = format!("{} {:?}", self.epoch, self.begun.map(|begun| begun.losses));
        let same = [
            ("the kinds of device (GPU or f64 oracle)", digest(&state.double)),
            ("the options", digest(&format!("{settings:?}"))),
            ("the data", digest(&format!("{:?} {} {}", data.hashes, data.train, data.test))),
            ("the weights", digest(&(place, state.digest()))),
        ];
        let differ = |&(what, digest): &(&str, u64)| self.peers.expect_same(digest, what);
        self.peers.told_by_first(same.iter().try_for_each(differ))
    }

    /// Checks that parameters and moments are the same on all processes after an epoch.
    ///
    /// # Errors
    /// [`Error::CheckFailed`] where they are not.
    pub(super) fn expect_same_weights(&self, state: &State) -> Result<()> {
        if self.peers.is_alone() {
            return Ok(());
        }
        let what = format!("after epoch {} the weights", self.epoch + 1);
        self.peers.told_by_first(self.peers.expect_same(state.digest(), &what))
    }

    /// Latents of a variational model that are in use on the test images, of which each process encodes a part; none where a device
    /// has no room for the parameters once more: an epoch is not lost for want of this figure.
    pub(super) fn active_units(&self, state: &State) -> Result<Option<usize>> {
        let (model, test, peers) = (&self.config.model, &self.data.test, self.peers);
        if !model.kind.is_variational() {
            return Ok(None);
        }
        let own = peers.share().of(test.count);
        let rows = test.images.rows().slice(own.start * model.input..own.end * model.input);
        let labels = test.labels.as_deref().map(|labels| &labels[own.clone()]);
        let part = match Codec::new(&self.device, model, &state.params) {
            Err(Error::OutOfMemory { .. }) => Ok(None),
            codec => codec.and_then(|codec| codec.encode_rows(rows, labels)).map(Some),
        };
        let part = peers.all_or_none(part)?;
        if peers.any(part.is_none()) {
            return Ok(None);
        }
        let mut parts = vec![0.0; test.count * model.latent]; // those of the other processes stay 0
        parts[own.start * model.latent..own.end * model.latent].copy_from_slice(&part.unwrap_or_default().mu);
        let mut mu = vec![0.0; parts.len()];
        peers.add_up(&parts, &mut mu);
        Ok(Some(active_units(&variances(&Encoding { mu, ..Encoding::default() }, model.latent))))
    }
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
