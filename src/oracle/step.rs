//! Whole steps of the three models, composed of the kernels: the truth for a GPU step and the engine of `--device cpu`.

mod objective;

use super::adam::adam;
use super::concat::concat;
use super::latent::{self, Code, Latent, LatentLayers};
use super::latent_backward::latent_backward;
use super::layers::{chain, from_params, to_params, zeros};
use super::linear::{Activated, Linear, activated, linear};
use super::linear_backward::linear_backward;
use super::norm::{clip_scale, norm};
use super::onehot::onehot;
use super::update::update_into;
use crate::model::{Adam, Condition, Model, Objective, Param, Variance, sigmoid};
use crate::{Error, Result};
use ndarray::{Array2, ArrayRef2, ArrayView2, s};
use objective::Loss;
use std::borrow::Cow;

/// A model with its parameters and Adam moments.
#[derive(Clone, Debug)]
pub struct Oracle {
    model: Model,
    /// In the order of [`Model::layers`], as are the moments.
    layers: Vec<Linear>,
    first_moments: Vec<Linear>,
    second_moments: Vec<Linear>,
    /// Gradients of the previous step. Kept so that their memory is reused.
    gradients: Vec<Linear>,
    /// Their norm before they were clipped; none where they were not.
    gradient_norm: Option<f64>,
    steps: u64,
}

/// The images of one step and what goes with them.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// `[batch, input]`, in [0, 1].
    pub x: ArrayView2<'a, f64>,
    /// What the encoder reads instead of `x`, `[batch, input]`; `x` is what the output is held against.
    pub corrupted: Option<ArrayView2<'a, f64>>,
    /// ε, `[batch · samples, latent]`, the samples of an image one after the other; none means z = μ. Not read by the AE.
    pub eps: Option<ArrayView2<'a, f64>>,
    /// `[batch]`, each below the number of classes. Read by the CVAE alone, which must have them.
    pub labels: Option<&'a [u8]>,
}

impl<'a> Inputs<'a> {
    /// The images as the encoder reads them, `[batch, input]`.
    fn images(&self) -> ArrayView2<'a, f64> {
        self.corrupted.unwrap_or(self.x)
    }
}

/// The losses of one batch, reduced as the objective has it (summed, or the reconstruction averaged over all pixels). Where an image
/// has several samples, `reconstruction` is of their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// Squared error or nats.
    pub reconstruction: f64,
    /// Nats, summed over the batch, without β; 0 for the AE. For a bound with weights an estimate from the samples.
    pub kl: f64,
    /// What is minimised: reconstruction + β · kl, or the negative of a bound with weights.
    pub loss: f64,
}

/// One forward pass.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Code, μ, log σ², z, KL of each image.
    pub latent: Latent,
    /// What the decoder gives, `[batch · samples, outputs]`: logits; or means, and where it gives them log-variances behind.
    pub outputs: Array2<f64>,
}

/// Images of what a decoder gave: the sigmoid of logits, or the means of a Gaussian, `[rows, input]`.
pub fn images(model: &Model, outputs: &ArrayRef2<f64>) -> Array2<f64> {
    match model.variance {
        Variance::None => outputs.mapv(sigmoid),
        Variance::Learned | Variance::Decoded => outputs.slice(s![.., ..model.input]).to_owned(),
    }
}

/// Everything a forward pass leaves for the backward pass, up to the output layer.
struct Activations {
    eps: Array2<f64>,
    onehot: Array2<f64>,
    /// What the encoder read, `[batch, input]`, or wider by the classes.
    input: Array2<f64>,
    /// Outputs of the encoder's hidden layers.
    encoder: Vec<Activated>,
    latent: Latent,
    /// Outputs of the decoder's hidden layers after the first, which is `latent.d1`.
    decoder: Vec<Activated>,
}

impl Activations {
    /// The output of the decoder's hidden layer `i`, d1 being number 0.
    fn decoded(&self, i: usize) -> &Activated {
        if i == 0 { &self.latent.d1 } else { &self.decoder[i - 1] }
    }
}

impl Oracle {
    /// A model with the given parameters, moments zero. Fails where the model cannot be, or where the parameters are not exactly
    /// those of [`Model::layers`], in that order.
    pub fn new(model: &Model, params: &[Param]) -> Result<Oracle> {
        model.validate()?;
        let layers = from_params(model, params)?;
        let [first_moments, second_moments, gradients] = [zeros(model), zeros(model), zeros(model)];
        Ok(Oracle {
            model: model.clone(),
            layers,
            first_moments,
            second_moments,
            gradients,
            gradient_norm: None,
            steps: 0,
        })
    }

    /// The model's shape.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The parameters, in the order of [`Model::layers`], weight before bias.
    pub fn params(&self) -> Vec<Param> {
        to_params(&self.model, &self.layers)
    }

    /// Adam's first and second moments, named and ordered as the parameters.
    pub fn moments(&self) -> (Vec<Param>, Vec<Param>) {
        (to_params(&self.model, &self.first_moments), to_params(&self.model, &self.second_moments))
    }

    /// Number of training steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The norm of the gradients of the last step before they were clipped; none where they were not.
    pub fn gradient_norm(&self) -> Option<f64> {
        self.gradient_norm
    }

    /// Continues after `steps` steps with the moments of that time. Fails where they do not fit the model.
    pub fn resume(&mut self, first_moments: &[Param], second_moments: &[Param], steps: u64) -> Result<()> {
        self.first_moments = from_params(&self.model, first_moments)?;
        self.second_moments = from_params(&self.model, second_moments)?;
        self.steps = steps;
        Ok(())
    }

    /// One forward pass. Fails where the batch does not fit the model.
    pub fn forward(&self, batch: &Inputs) -> Result<Forward> {
        let activations = self.activations(batch)?;
        let outputs = linear(&activations.decoded(self.depth() - 1).output, self.output_layer());
        Ok(Forward { latent: activations.latent, outputs })
    }

    /// Encoder outputs for images `x` `[batch, input]`. Labels are read where they stand behind the images.
    pub fn encode(&self, x: &ArrayRef2<f64>, labels: Option<&[u8]>) -> Result<Code> {
        expect("x", x.dim(), (x.nrows(), self.model.input))?;
        let input = match self.model.concatenated() {
            0 => Cow::Borrowed(x),
            _ => Cow::Owned(concat(x, &self.onehot(x.nrows(), labels)?)),
        };
        let hidden = self.encoder(&input);
        Ok(latent::encode(&hidden[self.depth() - 1].output, &self.latent_layers()))
    }

    /// The images of latents `z` `[batch, latent]` (the AE's codes), `[batch, input]`. A CVAE needs labels.
    pub fn decode(&self, z: &ArrayRef2<f64>, labels: Option<&[u8]>) -> Result<Array2<f64>> {
        Ok(images(&self.model, &self.decode_outputs(z, labels)?))
    }

    /// What the decoder gives for latents `z`, `[batch, outputs]`: logits, or means and log-variances.
    pub fn decode_outputs(&self, z: &ArrayRef2<f64>, labels: Option<&[u8]>) -> Result<Array2<f64>> {
        expect("z", z.dim(), (z.nrows(), self.model.latent))?;
        let layers = self.latent_layers();
        let (_, decoder_input) = latent::condition(z, &layers, &self.onehot(z.nrows(), labels)?);
        let d1 = activated(&decoder_input, layers.decoder, layers.activation);
        let decoder = self.decoder(&d1.output);
        Ok(linear(&decoder.last().unwrap_or(&d1).output, self.output_layer()))
    }

    /// The losses of one batch and the gradient of every parameter, named and ordered as the parameters.
    pub fn gradients(&self, batch: &Inputs, objective: &Objective) -> Result<(Losses, Vec<Param>)> {
        let mut gradients = zeros(&self.model);
        let losses = self.backward(batch, objective, &mut gradients)?;
        Ok((losses, to_params(&self.model, &gradients)))
    }

    /// One step of Adam, on clipped gradients where `args` say so; gives the losses before it.
    pub fn train_step(&mut self, batch: &Inputs, objective: &Objective, args: &Adam) -> Result<Losses> {
        let losses = self.store(batch, objective)?;
        self.learn(args);
        Ok(losses)
    }

    /// Stores the gradients of a batch, which [`Oracle::stored`] shows; gives the losses.
    pub fn store(&mut self, batch: &Inputs, objective: &Objective) -> Result<Losses> {
        let mut gradients = std::mem::take(&mut self.gradients);
        let losses = self.backward(batch, objective, &mut gradients);
        self.gradients = gradients;
        losses
    }

    /// The stored gradients, in the order of the parameters.
    pub fn stored(&mut self) -> impl Iterator<Item = &mut f64> {
        self.gradients.iter_mut().flat_map(|gradient| gradient.weight.iter_mut().chain(&mut gradient.bias))
    }

    /// One step of Adam on the stored gradients, which are clipped where `args` say so.
    pub fn learn(&mut self, args: &Adam) {
        self.steps += 1;
        self.gradient_norm = args.clip.map(|most| clip(&mut self.gradients, most));
        let moments = self.first_moments.iter_mut().zip(&mut self.second_moments);
        for ((param, (m, v)), gradient) in self.layers.iter_mut().zip(moments).zip(&self.gradients) {
            adam(&mut param.weight, &mut m.weight, &mut v.weight, &gradient.weight, args, self.steps);
            adam(&mut param.bias, &mut m.bias, &mut v.bias, &gradient.bias, args, self.steps);
        }
    }

    /// The losses; `gradients` become those of all layers in their order.
    fn backward(&self, batch: &Inputs, objective: &Objective, gradients: &mut [Linear]) -> Result<Losses> {
        let (acts, activation) = (self.activations(batch)?, self.model.activation);
        let (depth, first_decoder) = (self.depth(), self.first_decoder());
        let decoded = acts.decoded(depth - 1);
        let Loss { losses, doutputs, dlog_var, importance } = self.loss(batch, objective, &acts);

        // Gradients come last layer first.
        let mut unfilled = gradients.iter_mut().rev();
        if let Some(dlog_var) = dlog_var {
            unfilled.next().expect("one for each layer").bias = dlog_var;
        }
        let mut update =
            |dy: &Array2<f64>, x: &ArrayRef2<f64>| update_into(dy, x, unfilled.next().expect("one for each layer"));
        update(&doutputs, &decoded.output);
        let mut signal = linear_backward(&doutputs, &self.output_layer().weight, decoded.kept(), activation);
        for i in (1..depth).rev() {
            let (layer, input) = (&self.layers[first_decoder + i], acts.decoded(i - 1));
            update(&signal, &input.output);
            signal = linear_backward(&signal, &layer.weight, input.kept(), activation);
        }
        update(&signal, &acts.latent.decoder_input);
        let h = &acts.encoder[depth - 1];
        let back = latent_backward(
            &signal,
            &self.latent_layers(),
            &acts.latent,
            &acts.eps,
            h.kept(),
            objective.beta,
            importance.as_ref().filter(|found| found.bound.is_weighted()),
        );
        if let Some(dprojection) = back.dprojection {
            update(&dprojection, &acts.onehot);
        }
        if let Some((dmu, dlog_var)) = back.dgaussian {
            let below = acts.latent.code.as_ref().map_or(&h.output, |code| &code.output);
            update(&dlog_var, below);
            update(&dmu, below);
        }
        if let Some(dcode) = back.dcode {
            update(&dcode, &h.output);
        }
        let mut signal = back.dh; // [batch, width]
        for i in (1..depth).rev() {
            let input = &acts.encoder[i - 1];
            update(&signal, &input.output);
            signal = linear_backward(&signal, &self.layers[i].weight, input.kept(), activation);
        }
        update(&signal, &acts.input);
        Ok(losses)
    }

    fn activations(&self, batch: &Inputs) -> Result<Activations> {
        let rows = batch.x.nrows().max(1);
        expect("x", batch.x.dim(), (rows, self.model.input))?;
        expect("corrupted", batch.images().dim(), batch.x.dim())?;
        let eps = self.eps(batch)?;
        let onehot = self.onehot(rows, batch.labels)?;
        let input = match self.model.concatenated() {
            0 => batch.images().to_owned(),
            _ => concat(&batch.images(), &onehot),
        };
        let encoder = self.encoder(&input);
        let latent = latent::latent(&encoder[self.depth() - 1].output, &self.latent_layers(), &eps, &onehot);
        let decoder = self.decoder(&latent.d1.output);
        Ok(Activations { eps, onehot, input, encoder, latent, decoder })
    }

    /// ε of every sample, `[batch · samples, latent]`; 0 where there is none.
    fn eps(&self, batch: &Inputs) -> Result<Array2<f64>> {
        let rows = batch.x.nrows().max(1);
        let eps = match batch.eps {
            Some(eps) if self.model.kind.is_variational() => eps.to_owned(),
            _ => Array2::zeros((rows, self.model.latent)),
        };
        let samples = (eps.nrows() / rows).max(1);
        expect("eps", eps.dim(), (rows * samples, self.model.latent))?;
        Ok(eps)
    }

    /// Outputs of the encoder's hidden layers.
    fn encoder(&self, x: &ArrayRef2<f64>) -> Vec<Activated> {
        chain(x, &self.layers[..self.depth()], self.model.activation)
    }

    /// Outputs of the decoder's hidden layers after the first.
    fn decoder(&self, d1: &ArrayRef2<f64>) -> Vec<Activated> {
        let first = self.first_decoder();
        chain(d1, &self.layers[first + 1..first + self.depth()], self.model.activation)
    }

    /// The labels as the label projector reads them; no columns where the model has none.
    fn onehot(&self, rows: usize, labels: Option<&[u8]>) -> Result<Array2<f64>> {
        if !self.model.kind.is_conditional() {
            return Ok(Array2::zeros((rows, 0)));
        }
        let labels = labels.ok_or_else(|| Error::invalid("labels", "a CVAE needs the label of every image"))?;
        if labels.len() != rows {
            return Err(Error::invalid("labels", format!("{} for {rows} images", labels.len())));
        }
        let classes = self.model.classes;
        match labels.iter().position(|&label| label as usize >= classes) {
            Some(i) => {
                let problem = format!("label {} of image {i} is not below the {classes} classes", labels[i]);
                Err(Error::invalid("labels", problem))
            }
            None => Ok(onehot(labels, classes)),
        }
    }

    fn latent_layers(&self) -> LatentLayers<'_> {
        let model = &self.model;
        let mut layers = self.layers[self.depth()..].iter();
        let mut next = || layers.next().expect("as many as the model lists");
        LatentLayers {
            code: model.has_code().then(|| (next(), model.code_activation())),
            heads: model.kind.is_variational().then(|| (next(), next())),
            projector: model.has_projector().then(&mut next),
            condition: if model.kind.is_conditional() { model.condition } else { Condition::default() },
            decoder: next(),
            activation: model.activation,
        }
    }

    fn output_layer(&self) -> &Linear {
        &self.layers[self.first_decoder() + self.depth()]
    }

    /// Number of hidden layers on each side, at least 1.
    fn depth(&self) -> usize {
        self.model.hidden.len()
    }

    /// Index of the first decoder layer.
    fn first_decoder(&self) -> usize {
        let behind = usize::from(self.model.variance == Variance::Learned);
        self.layers.len() - behind - self.depth() - 1
    }
}

/// Scales gradients down to a norm of `most`; gives the norm before.
fn clip(gradients: &mut [Linear], most: f64) -> f64 {
    let norm = norm(gradients.iter().flat_map(|gradient| gradient.weight.iter().chain(&gradient.bias)));
    let scale = clip_scale(norm, most);
    for gradient in gradients {
        gradient.weight *= scale;
        gradient.bias *= scale;
    }
    norm
}

fn expect(tensor: &'static str, got: (usize, usize), expected: (usize, usize)) -> Result<()> {
    let show = |(rows, cols): (usize, usize)| format!("[{rows}, {cols}]");
    match got == expected {
        true => Ok(()),
        false => Err(Error::Shape { kernel: "oracle step", tensor, expected: show(expected), got: show(got) }),
    }
}
