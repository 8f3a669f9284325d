//! Whole steps of the three models, composed of the kernels: the truth for a GPU step and the engine of `--device cpu`.

use super::adam::adam;
use super::latent::{self, Code, Latent, LatentLayers};
use super::latent_backward::latent_backward;
use super::linear::{Activated, Linear, activated, linear};
use super::linear_backward::linear_backward;
use super::loss::loss;
use super::onehot::onehot;
use super::output;
use super::update::update_into;
use crate::model::{Activation, Adam, Model, Objective, Param, sigmoid};
use crate::{Error, Result};
use ndarray::{Array1, Array2, ArrayRef2, ArrayView2};

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
    steps: u64,
}

/// The images of one step and what goes with them.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// `[batch, input]`, in [0, 1].
    pub x: ArrayView2<'a, f64>,
    /// What the encoder reads instead of `x`, `[batch, input]`; `x` is what the output is held against.
    pub corrupted: Option<ArrayView2<'a, f64>>,
    /// ε, `[batch, latent]`; none means z = μ. Not read by the AE.
    pub eps: Option<ArrayView2<'a, f64>>,
    /// `[batch]`, each below the number of classes. Read by the CVAE alone, which must have them.
    pub labels: Option<&'a [u8]>,
}

impl<'a> Inputs<'a> {
    /// What the encoder reads, `[batch, input]`.
    fn input(&self) -> ArrayView2<'a, f64> {
        self.corrupted.unwrap_or(self.x)
    }
}

/// The losses of one batch, reduced as the objective has it (summed, or the reconstruction averaged over all pixels).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// Squared error or nats.
    pub reconstruction: f64,
    /// Nats, summed over the batch, without β; 0 for the AE.
    pub kl: f64,
    /// What is minimised: reconstruction + β · kl.
    pub loss: f64,
}

/// One forward pass.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Code, μ, log σ², z, KL of each image.
    pub latent: Latent,
    /// Pre-activation of the reconstruction, `[batch, input]`; [`output::losses`] gives the loss of each image.
    pub logits: Array2<f64>,
}

impl Forward {
    /// `sigmoid(logits)`, `[batch, input]`.
    pub fn reconstruction(&self) -> Array2<f64> {
        self.logits.mapv(sigmoid)
    }
}

/// Everything a forward pass leaves for the backward pass, up to the output layer.
struct Activations {
    eps: Array2<f64>,
    onehot: Array2<f64>,
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
        Ok(Oracle { model: model.clone(), layers, first_moments, second_moments, gradients, steps: 0 })
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
        let logits = linear(&activations.decoded(self.depth() - 1).output, self.output_layer());
        Ok(Forward { latent: activations.latent, logits })
    }

    /// Encoder outputs for images `x` `[batch, input]`.
    pub fn encode(&self, x: &ArrayRef2<f64>) -> Result<Code> {
        expect("x", x.dim(), (x.nrows(), self.model.input))?;
        let hidden = self.encoder(x);
        Ok(latent::encode(&hidden[self.depth() - 1].output, &self.latent_layers()))
    }

    /// The images of latents `z` `[batch, latent]` (the AE's codes), `[batch, input]` in [0, 1]. A CVAE needs labels.
    pub fn decode(&self, z: &ArrayRef2<f64>, labels: Option<&[u8]>) -> Result<Array2<f64>> {
        Ok(self.decode_logits(z, labels)?.mapv_into(sigmoid))
    }

    /// As [`Oracle::decode`], before the sigmoid.
    pub fn decode_logits(&self, z: &ArrayRef2<f64>, labels: Option<&[u8]>) -> Result<Array2<f64>> {
        expect("z", z.dim(), (z.nrows(), self.model.latent))?;
        let layers = self.latent_layers();
        let (_, decoder_input) = latent::project(z, &layers, &self.onehot(z.nrows(), labels)?);
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

    /// One step of Adam; gives the losses before it.
    pub fn train_step(&mut self, batch: &Inputs, objective: &Objective, args: &Adam) -> Result<Losses> {
        let mut gradients = std::mem::take(&mut self.gradients);
        let losses = self.backward(batch, objective, &mut gradients);
        self.gradients = gradients;
        let losses = losses?;
        self.steps += 1;
        let moments = self.first_moments.iter_mut().zip(&mut self.second_moments);
        for ((param, (m, v)), gradient) in self.layers.iter_mut().zip(moments).zip(&self.gradients) {
            adam(&mut param.weight, &mut m.weight, &mut v.weight, &gradient.weight, args, self.steps);
            adam(&mut param.bias, &mut m.bias, &mut v.bias, &gradient.bias, args, self.steps);
        }
        Ok(losses)
    }

    /// The losses; `gradients` become those of all layers in their order.
    fn backward(&self, batch: &Inputs, objective: &Objective, gradients: &mut [Linear]) -> Result<Losses> {
        let (acts, activation) = (self.activations(batch)?, self.model.activation);
        let (depth, first_decoder) = (self.depth(), self.first_decoder());
        let decoded = acts.decoded(depth - 1);
        let out = output::output(&decoded.output, self.output_layer(), &batch.x, objective.loss);
        let (rows, pixels) = batch.x.dim();
        let reconstruction = objective.loss.reduction.scale(rows, pixels) * loss(&out.loss);
        let kl = loss(&acts.latent.kl);
        let losses = Losses { reconstruction, kl, loss: reconstruction + objective.beta * kl };

        // Gradients come last layer first.
        let mut unfilled = gradients.iter_mut().rev();
        let mut update =
            |dy: &Array2<f64>, x: &ArrayRef2<f64>| update_into(dy, x, unfilled.next().expect("one for each layer"));
        update(&out.dlogits, &decoded.output);
        let mut signal = linear_backward(&out.dlogits, &self.output_layer().weight, decoded.kept(), activation); // [batch, width]
        for i in (1..depth).rev() {
            let (layer, input) = (&self.layers[first_decoder + i], acts.decoded(i - 1));
            update(&signal, &input.output);
            signal = linear_backward(&signal, &layer.weight, input.kept(), activation);
        }
        update(&signal, &acts.latent.decoder_input);
        let h = &acts.encoder[depth - 1];
        let back = latent_backward(&signal, &self.latent_layers(), &acts.latent, &acts.eps, h.kept(), objective.beta);
        if let Some(dprojection) = back.dprojection {
            update(&dprojection, &acts.onehot);
        }
        if let Some((dmu, dlog_var)) = back.dgaussian {
            update(&dlog_var, &acts.latent.code.output);
            update(&dmu, &acts.latent.code.output);
        }
        update(&back.dcode, &h.output);
        let mut signal = back.dh; // [batch, width]
        for i in (1..depth).rev() {
            let input = &acts.encoder[i - 1];
            update(&signal, &input.output);
            signal = linear_backward(&signal, &self.layers[i].weight, input.kept(), activation);
        }
        update(&signal, &batch.input());
        Ok(losses)
    }

    fn activations(&self, batch: &Inputs) -> Result<Activations> {
        let rows = batch.x.nrows().max(1);
        expect("x", batch.x.dim(), (rows, self.model.input))?;
        expect("corrupted", batch.input().dim(), batch.x.dim())?;
        let eps = match batch.eps {
            Some(eps) if self.model.kind.is_variational() => eps.to_owned(),
            _ => Array2::zeros((rows, self.model.latent)),
        };
        expect("eps", eps.dim(), (rows, self.model.latent))?;
        let onehot = self.onehot(rows, batch.labels)?;
        let encoder = self.encoder(&batch.input());
        let latent = latent::latent(&encoder[self.depth() - 1].output, &self.latent_layers(), &eps, &onehot);
        let decoder = self.decoder(&latent.d1.output);
        Ok(Activations { eps, onehot, encoder, latent, decoder })
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
        let (layers, depth) = (&self.layers, self.depth());
        LatentLayers {
            code: &layers[depth],
            heads: self.model.kind.is_variational().then(|| (&layers[depth + 1], &layers[depth + 2])),
            projector: self.model.kind.is_conditional().then(|| &layers[depth + 3]),
            decoder: &layers[self.first_decoder()],
            activation: self.model.activation,
        }
    }

    fn output_layer(&self) -> &Linear {
        &self.layers[self.layers.len() - 1]
    }

    /// Number of hidden layers on each side, at least 1.
    fn depth(&self) -> usize {
        self.model.hidden.len()
    }

    /// Index of the first decoder layer.
    fn first_decoder(&self) -> usize {
        self.layers.len() - self.depth() - 1
    }
}

/// The outputs of activated layers, each fed with the one before.
fn chain(x: &ArrayRef2<f64>, layers: &[Linear], activation: Activation) -> Vec<Activated> {
    let mut outputs: Vec<Activated> = Vec::with_capacity(layers.len());
    for layer in layers {
        let y = match outputs.last() {
            Some(input) => activated(&input.output, layer, activation),
            None => activated(x, layer, activation),
        };
        outputs.push(y);
    }
    outputs
}

fn expect(tensor: &'static str, got: (usize, usize), expected: (usize, usize)) -> Result<()> {
    let show = |(rows, cols): (usize, usize)| format!("[{rows}, {cols}]");
    match got == expected {
        true => Ok(()),
        false => Err(Error::Shape { kernel: "oracle step", tensor, expected: show(expected), got: show(got) }),
    }
}

fn zeros(model: &Model) -> Vec<Linear> {
    model.layers().iter().map(|shape| Linear::zeros(shape.out, shape.inp)).collect()
}

fn to_params(model: &Model, layers: &[Linear]) -> Vec<Param> {
    let tensors = model.layers().into_iter().zip(layers).flat_map(|(shape, layer)| {
        let weight = (format!("{}.weight", shape.name), vec![shape.out, shape.inp], layer.weight.iter());
        let bias = (format!("{}.bias", shape.name), vec![shape.out], layer.bias.iter());
        [
            Param { name: weight.0, shape: weight.1, values: weight.2.copied().collect() },
            Param { name: bias.0, shape: bias.1, values: bias.2.copied().collect() },
        ]
    });
    tensors.collect()
}

fn from_params(model: &Model, params: &[Param]) -> Result<Vec<Linear>> {
    model.expect(params)?;
    let layers = model.layers().into_iter().zip(params.chunks_exact(2)).map(|(shape, pair)| {
        let weight = Array2::from_shape_vec((shape.out, shape.inp), pair[0].values.clone());
        Linear { weight: weight.expect("the shape was checked"), bias: Array1::from(pair[1].values.clone()) }
    });
    Ok(layers.collect())
}
