//! Where everything of a model lies on the device: parameters, activations of a batch, their gradients.

use crate::{
    Result,
    gpu::{Arena, Gpu, LatentTiling, Layer, Matrix, Role, Tilings, vec4s},
    kernels::{
        activation::ActivatedMatrix,
        corrupt::Corrupted,
        latent_backward::Gradients,
        likelihood::Outputs,
        linear::Finish,
        middle::{Layers, Middle, Partials, Parts},
        norm::Clipping,
        output,
    },
    model::{Bottleneck, Condition, Corruption, Loss, Model, Objective, Param, Rows, Variance},
};
use std::borrow::Cow;

/// A model laid out for batches of up to `rows` rows.
#[derive(Clone, Debug)]
pub struct Network {
    /// Its shape.
    pub model: Model,
    /// Rows of a full batch.
    pub rows: usize,
    /// Samples of z of each row. What follows z has as many rows as a batch has samples.
    pub samples: usize,
    /// How the products of its programs are cut.
    pub tilings: Tilings,
    /// Encoder layers but the last, first to last: `input → hidden…`.
    pub encoder: Vec<Layer>,
    /// The encoder's last layer, μ, log σ², label projector and the decoder's first layer.
    pub layers: Layers,
    /// Decoder layers but the first, first to last: `hidden… → input`.
    pub decoder: Vec<Layer>,
    /// What gives the log σ² of a Gaussian likelihood: a layer beside the decoder's last, or as the bias of a layer of one input, which
    /// is 0, a learned number per output.
    pub output_log_var: Option<Layer>,
    /// Hidden activations of the encoder, `[rows, hidden[i]]`; the last is `middle.h`.
    pub encoded: Vec<ActivatedMatrix>,
    /// Activations between encoder and decoder.
    pub middle: Middle,
    /// Hidden activations of the decoder, mirrored; the first is `middle.d`.
    pub decoded: Vec<ActivatedMatrix>,
    /// Gradients before the activations of `encoded`; the last is `gradients.h`.
    pub d_encoded: Vec<Matrix>,
    /// Gradients of the middle.
    pub gradients: Gradients,
    /// Gradients before the activations of `decoded`; the first is `gradients.d`.
    pub d_decoded: Vec<Matrix>,
    /// Gradient of what the decoder gives, `[rows · samples, input]`.
    pub d_outputs: Outputs,
    /// What the decoder gives, or the image made of it, `[rows · samples, input]`, where there is space for it.
    pub outputs: Outputs,
    /// (loss, ratio, weight, 0) of each sample, `[rows · samples, 4]`, where the objective needs them.
    pub scores: Matrix,
    /// The images with their labels behind them, `[rows, input + classes]`, where the encoder is told the label.
    pub labelled: Option<Matrix>,
    /// The input of a layer that has none: a column of zeros.
    pub zero: Matrix,
    /// What the encoder reads instead of the images, in the space of activations; none: the images themselves.
    pub corrupted: Option<Corrupted>,
    /// How gradients are clipped; none: Adam takes each as soon as it is known.
    pub clipping: Option<Clipping>,
    /// Whether the gradients are stored and taken by Adam apart, whatever else asks for it.
    pub stores_gradients: bool,
    /// How the loss partials of a step lie.
    pub partials: Partials,
    params: Arena,
    activations: Arena,
    signals: Arena,
}

impl Network {
    /// Lays `model` out for batches of up to `rows` rows, for products cut by `tilings` as far as they fit the model: for encoding,
    /// decoding and plain objectives.
    pub fn new(model: &Model, rows: usize, tilings: Tilings) -> Network {
        Network::for_objective(model, &Objective::elbo(Loss::BCE_SUM, 0.0), rows, tilings)
    }

    /// As [`Network::new`], for training with `objective`.
    pub fn for_objective(model: &Model, objective: &Objective, rows: usize, tilings: Tilings) -> Network {
        let tilings = fit(model, objective, tilings);
        let samples = objective.samples;
        let (mut params, mut activations, mut signals) = (Arena::default(), Arena::default(), Arena::default());
        let depth = model.hidden.len();
        let [input, width, latent] = [model.input, model.hidden[depth - 1], model.latent];
        let mut layer = |present: bool, inputs: usize, outputs: usize| match present {
            true => Layer::allocate(&mut params, inputs, outputs),
            false => Layer::default(),
        };
        let pairs = |widths: &[usize]| widths.windows(2).map(|pair| [pair[0], pair[1]]).collect::<Vec<_>>();
        let down = pairs(&[&[input + model.concatenated()], &model.hidden[..]].concat());
        let encoder = down.into_iter().map(|[inputs, outputs]| layer(true, inputs, outputs)).collect();
        let code = layer(model.has_code(), width, latent);
        let below = if model.has_code() { latent } else { width };
        let [mu, log_var] = [0; 2].map(|_| layer(model.kind.is_variational(), below, latent));
        let label = layer(model.has_projector(), model.classes, latent);
        let d = layer(true, latent + model.concatenated(), width);
        let layers = Layers { code, mu, log_var, label, d, activation: model.activation };
        let up: Vec<usize> = model.hidden.iter().rev().copied().chain([input]).collect();
        let decoder = pairs(&up).into_iter().map(|[inputs, outputs]| layer(true, inputs, outputs)).collect();
        let output_log_var = match model.variance {
            Variance::None => None,
            Variance::Learned => Some(layer(true, 1, input)),
            Variance::Decoded => Some(layer(true, model.hidden[0], input)),
        };

        let sampled = rows * samples;
        let up = || model.hidden.iter().rev();
        let mut active = |rows: usize, columns: usize| activations.matrix(rows, columns);
        let encoded: Vec<Matrix> = model.hidden.iter().map(|&width| active(rows, width)).collect();
        let decoded: Vec<Matrix> = up().map(|&width| active(sampled, width)).collect();
        let code = active(rows, latent);
        let (mu, log_var) = (active(rows, latent), active(rows, latent)); // behind the code: encoding reads all three at once
        let projection = active(rows, latent);
        let onehot = active(rows, if model.kind.is_conditional() { model.classes } else { 0 });
        // an autoencoder decodes its code
        let c = if model.kind.is_variational() { active(sampled, latent + model.concatenated()) } else { code };
        let labelled = (model.concatenated() > 0).then(|| active(rows, input + model.concatenated()));
        let zero = active(if model.variance == Variance::Learned { sampled } else { 0 }, 1);
        let mut keep = |output| ActivatedMatrix::new(output, model.activation, &mut activations);
        let encoded: Vec<ActivatedMatrix> = encoded.into_iter().map(&mut keep).collect();
        let decoded: Vec<ActivatedMatrix> = decoded.into_iter().map(&mut keep).collect();
        let (h, first) = (encoded[depth - 1], decoded[0]);
        let code = if model.code_activation().is_some() { keep(code) } else { code.into() };
        let middle = Middle { h, code, mu, log_var, projection: keep(projection), onehot, c, d: first };
        let mut signal = |rows: usize, columns: usize| signals.matrix(rows, columns);
        let d_encoded: Vec<Matrix> = model.hidden.iter().map(|&width| signal(rows, width)).collect();
        let d_decoded: Vec<Matrix> = up().map(|&width| signal(sampled, width)).collect();
        let gradients = Gradients {
            h: d_encoded[depth - 1],
            d: d_decoded[0],
            c: signal(sampled, latent + model.concatenated()),
            projection: signal(rows, latent),
            mu: signal(rows, latent),
            log_var: signal(rows, latent),
            code: signal(rows, latent),
        };
        let values = signal(sampled, input);
        let log_vars = signal(if output_log_var.is_some() { sampled } else { 0 }, input);
        let tiles = output::tiles(tilings.forward, rows, input);
        let mut net = Network {
            model: model.clone(),
            rows,
            samples,
            tilings,
            encoder,
            layers,
            decoder,
            output_log_var,
            encoded,
            middle,
            decoded,
            d_encoded,
            gradients,
            d_decoded,
            d_outputs: Outputs { values, log_vars },
            outputs: Outputs::default(),
            scores: Matrix::default(),
            labelled,
            zero,
            corrupted: None,
            clipping: None,
            stores_gradients: false,
            partials: Partials { tiles: tiles as u32, stride: (tiles + rows) as u32 },
            params,
            activations,
            signals,
        };
        if !objective.is_plain() {
            net = net.with_outputs();
            net.scores = net.activations.matrix(sampled, 4);
            net.partials = Partials { tiles: rows as u32, stride: 3 * rows as u32 }; // losses, KLs and bounds
        }
        net
    }

    /// Adds space for what the decoder gives, which plain objectives do without; other networks have it.
    pub fn with_outputs(mut self) -> Network {
        if self.outputs.values.rows > 0 {
            return self;
        }
        let rows = self.rows * self.samples;
        self.outputs.values = self.activations.matrix(rows, self.model.input);
        self.outputs.log_vars = match (self.model.variance, self.output_log_var) {
            (Variance::Learned, Some(layer)) => layer.bias(),
            (Variance::Decoded, _) => self.activations.matrix(rows, self.model.input),
            _ => Matrix::default(),
        };
        self
    }

    /// Adds space for corrupted images where there is a corruption; `seed` decides its noise, which is other noise in evaluation.
    pub fn with_corruption(mut self, corruption: Option<Corruption>, seed: u64, evaluation: bool) -> Network {
        self.corrupted = corruption.map(|corruption| {
            let matrix = self.activations.matrix(self.rows, self.model.input);
            Corrupted { matrix, corruption, seed, evaluation }
        });
        self
    }

    /// Adds clipping of the gradients to a norm of `most`, where that is given.
    pub fn with_clipping(mut self, most: Option<f64>) -> Network {
        let count4 = self.param_vec4s();
        self.clipping = most.map(|most| Clipping::new(&mut self.signals, count4, most));
        self
    }

    /// Which parts the middle has, where it is one dispatch.
    pub fn parts(&self) -> Parts {
        Parts { variational: self.model.kind.is_variational(), labelled: self.model.kind.is_conditional() }
    }

    /// What follows the sums of every layer that has the model's activation.
    pub fn activated(&self) -> Finish {
        Finish::Activated(self.model.activation)
    }

    /// Whether the middle runs as one dispatch.
    pub fn row_wise(&self) -> bool {
        self.tilings.latent != LatentTiling::Layers
    }

    /// Checks that the adapter's kernels can see every buffer whole, before anything is made to fill them.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) naming the first that is too large.
    pub fn check_size(&self, gpu: &Gpu) -> Result<()> {
        let sizes = [
            (Role::Params, self.param_bytes()),
            (Role::Activations, self.activation_bytes()),
            (Role::Signals, self.signal_bytes()),
            (Role::Gradients, self.gradient_bytes()),
        ];
        sizes.into_iter().try_for_each(|(role, bytes)| gpu.check_size(role, bytes))
    }

    /// Size of the parameters, and of each of their moments, in bytes.
    pub fn param_bytes(&self) -> u64 {
        self.params.bytes()
    }

    /// Size of the gradients of the parameters, in bytes: a set for each span of rows.
    pub fn gradient_bytes(&self) -> u64 {
        u64::from(self.tilings.spans) * self.param_bytes()
    }

    /// Vec4 of the parameters.
    pub fn param_vec4s(&self) -> usize {
        self.params.bytes() as usize / 16
    }

    /// Size of the activations, in bytes.
    pub fn activation_bytes(&self) -> u64 {
        self.activations.bytes()
    }

    /// Size of the activations' gradients, in bytes.
    pub fn signal_bytes(&self) -> u64 {
        self.signals.bytes()
    }

    /// Where the values of each parameter lie, in the order of [`Model::shapes`]: in one matrix, or in several one after the other.
    pub fn places(&self) -> Vec<Vec<Matrix>> {
        let (middle, model) = (&self.layers, &self.model);
        let mut layers = self.encoder.clone();
        layers.extend(model.has_code().then_some(middle.code));
        layers.extend(model.kind.is_variational().then_some([middle.mu, middle.log_var]).into_iter().flatten());
        layers.extend(model.has_projector().then_some(middle.label));
        layers.push(middle.d);
        layers.extend(&self.decoder);
        let mut places: Vec<Vec<Matrix>> =
            layers.into_iter().flat_map(|layer| [vec![layer.weight], vec![layer.bias()]]).collect();
        match (model.variance, self.output_log_var) {
            (Variance::Learned, Some(layer)) => places.push(vec![layer.bias()]),
            (Variance::Decoded, Some(layer)) => {
                let last = places.len() - 2; // the decoder's last layer: means first, log-variances behind them
                places[last].push(layer.weight);
                places[last + 1].push(layer.bias());
            }
            _ => {}
        }
        places
    }

    /// The values of `params` as they lie on the device.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) where names or shapes are not the model's.
    pub fn pack(&self, params: &[Param]) -> Result<Vec<f32>> {
        let mut packed = vec![0.0; self.param_bytes() as usize / 4];
        self.model.expect(params)?;
        for (matrices, param) in self.places().into_iter().zip(params) {
            let mut values = &param.values[..];
            for matrix in matrices {
                let (columns, width) = (matrix.columns as usize, 4 * vec4s(matrix.columns as usize));
                let (own, rest) = values.split_at(matrix.rows as usize * columns);
                values = rest;
                let space = packed[4 * matrix.start as usize..].chunks_mut(width);
                for (row, values) in space.zip(own.chunks(columns)) {
                    row.iter_mut().zip(values).for_each(|(to, from)| *to = *from as f32);
                }
            }
        }
        Ok(packed)
    }

    /// The named values of `packed`.
    pub fn unpack(&self, packed: &[f32]) -> Vec<Param> {
        let mut params = self.model.shapes();
        for (matrices, param) in self.places().into_iter().zip(&mut params) {
            let values = matrices.into_iter().flat_map(|matrix| rows(packed, matrix, matrix.rows as usize));
            param.values = values.map(f64::from).collect();
        }
        params
    }
}

/// `tilings` as far as they fit `model` and `objective`: one dispatch does the middle of the article's design alone, with one sample of
/// each image and no weights.
pub fn fit(model: &Model, objective: &Objective, tilings: Tilings) -> Tilings {
    let width = model.hidden.last().copied().unwrap_or_default();
    let articles = model.bottleneck == Bottleneck::Article && model.condition == Condition::Add;
    let latent = match articles && objective.samples == 1 && !objective.bound.is_weighted() {
        true => tilings.latent.fitting(model.latent, width),
        false => LatentTiling::Layers,
    };
    Tilings { latent, ..tilings }
}

/// The first `count` rows of a matrix in `packed`, without padding.
pub fn rows(packed: &[f32], matrix: Matrix, count: usize) -> Vec<f32> {
    let (columns, width) = (matrix.columns as usize, 4 * vec4s(matrix.columns as usize));
    let space = &packed[4 * matrix.start as usize..][..count * width];
    if columns == width {
        return space.to_vec();
    }
    space.chunks(width.max(1)).flat_map(|row| &row[..columns]).copied().collect()
}

/// Rows of a data set of `width` values each as they lie on the device.
pub fn packed(rows: Rows<'_>, width: usize) -> Cow<'_, [u8]> {
    let value = if rows.are_pixels() { 1 } else { 4 };
    let (bytes, row, space) = (rows.bytes(), value * width, 4 * value * vec4s(width));
    if row == space {
        return bytes;
    }
    let mut packed = vec![0; bytes.len() / row * space];
    for (to, from) in packed.chunks_exact_mut(space).zip(bytes.chunks_exact(row)) {
        to[..row].copy_from_slice(from);
    }
    packed.into()
}

/// Rows of `width` values as kernels read them: padded with zeros to a multiple of four.
pub fn padded<T: Copy + Default>(values: &[T], width: usize) -> Cow<'_, [T]> {
    let space = 4 * vec4s(width);
    if space == width {
        return values.into();
    }
    let mut packed = vec![T::default(); values.len() / width * space];
    for (row, values) in packed.chunks_exact_mut(space).zip(values.chunks_exact(width)) {
        row[..width].copy_from_slice(values);
    }
    packed.into()
}
