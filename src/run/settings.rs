//! What is trained and how.

use super::Keeping;
use crate::{
    Error, Result,
    gpu::{Format, Tilings},
    model::{Adam, Binarization, Bound, Corruption, Model, Objective, Reduction, Schedule, Step, init::Scheme},
};

/// Most samples of z per image and step.
const MOST_SAMPLES: usize = 1000;

/// What is trained and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The model.
    pub model: Model,
    /// How the rows lie on a GPU: images as bytes, the rows of tables as floats.
    pub format: Format,
    /// What a step minimises.
    pub objective: Objective,
    /// The optimizer.
    pub adam: Adam,
    /// How learning rate and β change from step to step.
    pub schedule: Schedule,
    /// Noise on the input of training and of its evaluations; none: the input is clean.
    pub corruption: Option<Corruption>,
    /// How gray images become black and white, before any noise.
    pub binarization: Binarization,
    /// Rows of a full batch; the last batch of an epoch may be smaller.
    pub batch: usize,
    /// How initial parameters are drawn.
    pub init_scheme: Scheme,
    /// Epochs in all, over which the schedule extends.
    pub epochs: u64,
    /// Which weights are kept, and when training ends early.
    pub keeping: Keeping,
    /// Decides initial parameters, order and noise.
    pub seed: u64,
    /// How products are cut on a GPU; none, or where the adapter lacks them: [`Gpu::tilings`](crate::gpu::Gpu::tilings).
    pub tilings: Option<Tilings>,
    /// Bytes that training may take of a GPU's memory; none: what is known of the adapter. Rows for which that is too little are
    /// streamed, which changes no result.
    pub gpu_memory: Option<u64>,
}

impl Settings {
    /// A model and an objective, and all else as `wgvae train` has it without options.
    pub fn new(model: Model, objective: Objective) -> Settings {
        Settings {
            model,
            format: Format::U8,
            objective,
            adam: Adam::default(),
            schedule: Schedule::default(),
            corruption: None,
            binarization: Binarization::None,
            batch: 32,
            init_scheme: Scheme::default(),
            epochs: 10,
            keeping: Keeping::default(),
            seed: 0,
            tilings: None,
            gpu_memory: None,
        }
    }

    /// The optimizer and the objective of step `index`, counted from 0, of epochs of `steps_per_epoch`: with the learning rate and β
    /// of that step.
    pub fn at(&self, index: u64, steps_per_epoch: usize) -> (Adam, Objective) {
        let step = Step { index, steps_per_epoch: steps_per_epoch as u64, epochs: self.epochs };
        let (adam, objective) = (self.adam, self.objective);
        let (lr, beta) = (self.schedule.lr(adam.lr, step), objective.beta * self.schedule.beta_share(step));
        (Adam { lr, ..adam }, Objective { beta, ..objective })
    }

    /// Checks that every number is usable.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option.
    pub fn validate(&self) -> Result<()> {
        self.model.validate()?;
        if self.batch == 0 {
            return Err(Error::invalid("--batch", "must be at least 1"));
        }
        if u32::try_from(self.batch).is_err() {
            return Err(Error::invalid("--batch", format!("is {}, expected at most {}", self.batch, u32::MAX)));
        }
        let decay = |name: &str, beta: f64| match (0.0..1.0).contains(&beta) {
            true => Ok(()),
            false => Err(Error::invalid(name, format!("is {beta}, expected at least 0 and below 1"))),
        };
        decay("--beta1", self.adam.beta1)?;
        decay("--beta2", self.adam.beta2)?;
        let positive = |name: &str, value: f64, least: f64| match value.is_finite() && value >= least {
            true => Ok(()),
            false => Err(Error::invalid(name, format!("is {value}, expected a number of at least {least}"))),
        };
        positive("--lr", self.adam.lr, 0.0)?;
        positive("--epsilon", self.adam.epsilon, 0.0)?;
        positive("--weight-decay", self.adam.weight_decay, 0.0)?;
        if let Some(clip) = self.adam.clip.filter(|clip| !clip.is_finite() || *clip <= 0.0) {
            return Err(Error::invalid("--clip", format!("is {clip}, expected a number above 0")));
        }
        positive("--beta", self.objective.beta, 0.0)?;
        self.validate_objective()?;
        self.schedule.validate()?;
        self.keeping.validate()?;
        if self.schedule.warm_up > 0 && !self.model.kind.is_variational() {
            return Err(Error::invalid("--warm-up", "an AE has no KL divergence to weigh"));
        }
        if !self.binarization.is_none() {
            self.validate_binarization()?;
        }
        self.corruption.map_or(Ok(()), |corruption| corruption.validate())
    }

    /// Checks that model and objective go together.
    fn validate_objective(&self) -> Result<()> {
        let Objective { loss, bound, samples, .. } = self.objective;
        let variational = self.model.kind.is_variational();
        if !(1..=MOST_SAMPLES).contains(&samples) {
            return Err(Error::invalid("--samples", format!("is {samples}, expected 1 to {MOST_SAMPLES}")));
        }
        if !variational && (bound != Bound::Elbo || samples != 1) {
            return Err(Error::invalid("--objective, --samples", "an AE draws no z: they are for a VAE or a CVAE"));
        }
        if self.model.variance != loss.likelihood.variance() {
            let problem =
                format!("{} goes with another output of the decoder than this model has", loss.likelihood.full_name());
            return Err(Error::invalid("--likelihood", problem));
        }
        if loss.reduction == Reduction::Mean && !self.objective.is_plain() {
            let problem = format!("{loss} is averaged over pixels, which only --objective elbo with one sample can be");
            return Err(Error::invalid("--likelihood", problem));
        }
        Ok(())
    }
}
