//! What a step minimises, from the outputs of the decoder: the losses of a batch, the weights of its samples, the gradient.

use super::{Activations, Forward, Inputs, Losses, Oracle};
use crate::{
    Result,
    model::{Objective, Variance},
    oracle::{
        importance::{Importance, importance, log_prior_ratio},
        latent::Latent,
        likelihood::{Outputs, losses},
        likelihood_backward::likelihood_backward,
        linear::linear,
        loss::loss,
        output,
    },
};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};

/// What is minimised, and its gradient at what the decoder gives.
pub(super) struct Loss {
    pub(super) losses: Losses,
    /// `[batch · samples, outputs]`
    pub(super) doutputs: Array2<f64>,
    /// At the learned log σ², `[input]`.
    pub(super) dlog_var: Option<Array1<f64>>,
    /// What the samples weigh; none where each image has one.
    pub(super) importance: Option<Importance>,
}

impl Oracle {
    /// One forward pass, and of each sample w = ln p(x | z) + β (ln p(z) − ln q(z | x)), `[batch, samples]`. Fails as
    /// [`Oracle::forward`].
    pub fn log_weights(&self, batch: &Inputs, objective: &Objective) -> Result<(Forward, Array2<f64>)> {
        let forward = self.forward(batch)?;
        let outputs = Outputs { values: &forward.outputs, log_var: self.output_log_var() };
        let losses = losses(&outputs, &batch.x, objective.loss.likelihood);
        let ratios = self.ratios(&forward.latent, &self.eps(batch)?);
        let images = batch.x.nrows();
        let samples = losses.len() / images;
        let weight =
            |(image, sample)| objective.beta * ratios[image * samples + sample] - losses[image * samples + sample];
        Ok((forward, Array2::from_shape_fn((images, samples), weight)))
    }

    /// The losses of one batch. Fails as [`Oracle::forward`].
    pub fn losses(&self, batch: &Inputs, objective: &Objective) -> Result<Losses> {
        Ok(self.loss(batch, objective, &self.activations(batch)?).losses)
    }

    /// The losses, and the gradient of what the decoder gives.
    pub(super) fn loss(&self, batch: &Inputs, objective: &Objective, acts: &Activations) -> Loss {
        let decoded = &acts.decoded(self.depth() - 1).output;
        let scale = objective.loss.reduction.scale(batch.x.nrows(), batch.x.ncols());
        let closed_form = |reconstruction: f64| {
            let kl = loss(&acts.latent.kl);
            Losses { reconstruction, kl, loss: reconstruction + objective.beta * kl }
        };
        if objective.is_plain() {
            let out = output::output(decoded, self.output_layer(), &batch.x, objective.loss);
            let losses = closed_form(scale * loss(&out.loss));
            return Loss { losses, doutputs: out.dlogits, dlog_var: None, importance: None };
        }
        let (values, likelihood) = (linear(decoded, self.output_layer()), objective.loss.likelihood);
        let outputs = Outputs { values: &values, log_var: self.output_log_var() };
        let of_samples = losses(&outputs, &batch.x, likelihood);
        let ratios = self.ratios(&acts.latent, &acts.eps);
        let found = importance(&of_samples, &ratios, objective.samples, objective.beta, objective.bound);
        let weights = scale * Array1::from_iter(found.weights.iter().copied());
        let (doutputs, dlog_var) = likelihood_backward(&outputs, &batch.x, &weights, likelihood);
        let reconstruction = scale * loss(&of_samples) / objective.samples as f64;
        let losses = match objective.bound.is_weighted() {
            true => Losses { reconstruction, kl: loss(&found.kl), loss: -loss(&found.bounds) },
            false => closed_form(reconstruction),
        };
        Loss { losses, doutputs, dlog_var, importance: Some(found) }
    }

    /// ln p(z) − ln q(z | x) of each sample, `[batch · samples]`; 0 for the AE.
    fn ratios(&self, latent: &Latent, eps: &ArrayRef2<f64>) -> Array1<f64> {
        match &latent.gaussian {
            Some(q) => log_prior_ratio(&latent.z, eps, &q.log_var),
            None => Array1::zeros(latent.z.nrows()),
        }
    }

    /// The learned log σ² of a Gaussian likelihood, `[input]`.
    fn output_log_var(&self) -> Option<&ArrayRef1<f64>> {
        (self.model.variance == Variance::Learned).then(|| &*self.layers[self.layers.len() - 1].bias)
    }
}
