//! Where everything of a model lies on the device: parameters, activations of a batch, their gradients.

use crate::{
    Result,
    gpu::{Arena, Gpu, LatentTiling, Layer, Matrix, Role, Tilings, vec4s},
    kernels::{
        activation::ActivatedMatrix,
        corrupt::Corrupted,
        latent_backward::Gradients,
        linear::Finish,
        middle::{Layers, Middle, Partials, Parts},
        output,
    },
    model::{Corruption, Kind, Model, Param},
};
use std::borrow::Cow;

/// A model laid out for batches of up to `rows` rows.
#[derive(Clone, Debug)]
pub struct Network {
    /// Its shape.
    pub model: Model,
    /// Rows of a full batch.
    pub rows: usize,
    /// How the products of its programs are cut.
    pub tilings: Tilings,
    /// Encoder layers but the last, first to last: `input → hidden…`.
    pub encoder: Vec<Layer>,
    /// The encoder's last layer, μ, log σ², label projector and the decoder's first layer.
    pub layers: Layers,
    /// Decoder layers but the first, first to last: `hidden… → input`.
    pub decoder: Vec<Layer>,
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
    /// Gradient of the logits, `[rows, input]`.
    pub d_logits: Matrix,
    /// The reconstruction, `[rows, input]`; written by decoding alone, in the space of activations.
    pub reconstruction: Matrix,
    /// What the encoder reads instead of the images, in the space of activations; none: the images themselves.
    pub corrupted: Option<Corrupted>,
    /// How the loss partials of a step lie.
    pub partials: Partials,
    params: Arena,
    activations: Arena,
    signals: Arena,
}

impl Network {
    /// Lays `model` out for batches of up to `rows` rows, for products cut by `tilings` as far as they fit the model.
    pub fn new(model: &Model, rows: usize, tilings: Tilings) -> Network {
        let tilings = fit(model, tilings);
        let (mut params, mut activations, mut signals) = (Arena::default(), Arena::default(), Arena::default());
        let mut layers = model.layers().into_iter().map(|shape| Layer::allocate(&mut params, shape.inp, shape.out));
        let mut next = || layers.next().expect("a model lists all its layers");
        let (depth, parts) = (model.hidden.len(), parts(model.kind));
        let encoder: Vec<Layer> = (0..depth).map(|_| next()).collect();
        let code = next();
        let [mu, log_var] = if parts.variational { [next(), next()] } else { [Layer::default(); 2] };
        let label = if parts.labelled { next() } else { Layer::default() };
        let layers = Layers { code, mu, log_var, label, d: next(), activation: model.activation };
        let decoder: Vec<Layer> = (0..depth).map(|_| next()).collect();

        let up = || model.hidden.iter().rev();
        let mut active = |columns: usize| activations.matrix(rows, columns);
        let encoded: Vec<Matrix> = model.hidden.iter().map(|&width| active(width)).collect();
        let decoded: Vec<Matrix> = up().map(|&width| active(width)).collect();
        let code = active(model.latent);
        let (mu, log_var) = (active(model.latent), active(model.latent)); // behind the code: encoding reads all three at once
        let projection = active(model.latent);
        let onehot = active(if parts.labelled { model.classes } else { 0 });
        let c = if parts.variational { active(model.latent) } else { code }; // an autoencoder decodes its code
        let mut keep = |output| ActivatedMatrix::new(output, model.activation, &mut activations);
        let encoded: Vec<ActivatedMatrix> = encoded.into_iter().map(&mut keep).collect();
        let decoded: Vec<ActivatedMatrix> = decoded.into_iter().map(&mut keep).collect();
        let (h, d) = (encoded[depth - 1], decoded[0]);
        let middle = Middle { h, code: keep(code), mu, log_var, projection: keep(projection), onehot, c, d };
        let mut signal = |columns: usize| signals.matrix(rows, columns);
        let d_encoded: Vec<Matrix> = model.hidden.iter().map(|&width| signal(width)).collect();
        let d_decoded: Vec<Matrix> = up().map(|&width| signal(width)).collect();
        let gradients = Gradients {
            h: d_encoded[depth - 1],
            d: d_decoded[0],
            c: signal(model.latent),
            projection: signal(model.latent),
            mu: signal(model.latent),
            log_var: signal(model.latent),
            code: signal(model.latent),
        };
        let d_logits = signal(model.input);
        let tiles = output::tiles(tilings.forward, rows, model.input);
        Network {
            model: model.clone(),
            rows,
            tilings,
            encoder,
            layers,
            decoder,
            encoded,
            middle,
            decoded,
            d_encoded,
            gradients,
            d_decoded,
            d_logits,
            reconstruction: Matrix::default(),
            corrupted: None,
            partials: Partials { tiles: tiles as u32, stride: (tiles + rows) as u32 },
            params,
            activations,
            signals,
        }
    }

    /// Adds space for reconstructions, which training does without.
    pub fn with_reconstruction(mut self) -> Network {
        self.reconstruction = self.activations.matrix(self.rows, self.model.input);
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

    /// Which parts the middle has.
    pub fn parts(&self) -> Parts {
        parts(self.model.kind)
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
    /// [`Error::Gpu`](crate::Error::Gpu) naming the first that is too large.
    pub fn check_size(&self, gpu: &Gpu) -> Result<()> {
        let sizes = [
            (Role::Params, self.param_bytes()),
            (Role::Activations, self.activation_bytes()),
            (Role::Signals, self.signal_bytes()),
        ];
        sizes.into_iter().try_for_each(|(role, bytes)| gpu.check_size(role, bytes))
    }

    /// Size of the parameters, and of each of their moments, in bytes.
    pub fn param_bytes(&self) -> u64 {
        self.params.bytes()
    }

    /// Size of the activations, in bytes.
    pub fn activation_bytes(&self) -> u64 {
        self.activations.bytes()
    }

    /// Size of the activations' gradients, in bytes.
    pub fn signal_bytes(&self) -> u64 {
        self.signals.bytes()
    }

    /// Every layer in the order of [`Model::layers`].
    fn all_layers(&self) -> Vec<Layer> {
        let (middle, parts) = (&self.layers, self.parts());
        let mut all = self.encoder.clone();
        all.push(middle.code);
        if parts.variational {
            all.extend([middle.mu, middle.log_var]);
        }
        if parts.labelled {
            all.push(middle.label);
        }
        all.push(middle.d);
        all.extend(&self.decoder);
        all
    }

    /// Weight and bias of every layer, in the order of [`Model::initialise`].
    fn matrices(&self) -> impl Iterator<Item = Matrix> {
        self.all_layers().into_iter().flat_map(|layer| [layer.weight, layer.bias()])
    }

    /// The values of `params` as they lie on the device.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) where names or shapes are not the model's.
    pub fn pack(&self, params: &[Param]) -> Result<Vec<f32>> {
        let mut packed = vec![0.0; self.param_bytes() as usize / 4];
        self.model.expect(params)?;
        for (matrix, param) in self.matrices().zip(params) {
            let (columns, width) = (matrix.columns as usize, 4 * vec4s(matrix.columns as usize));
            let space = packed[4 * matrix.start as usize..].chunks_mut(width);
            for (row, values) in space.zip(param.values.chunks(columns)) {
                row.iter_mut().zip(values).for_each(|(to, from)| *to = *from as f32);
            }
        }
        Ok(packed)
    }

    /// The named values of `packed`.
    pub fn unpack(&self, packed: &[f32]) -> Vec<Param> {
        let mut params = self.model.shapes();
        for (matrix, param) in self.matrices().zip(&mut params) {
            param.values = rows(packed, matrix, matrix.rows as usize).into_iter().map(f64::from).collect();
        }
        params
    }
}

/// `tilings` as far as they fit `model`.
pub fn fit(model: &Model, tilings: Tilings) -> Tilings {
    let width = model.hidden.last().copied().unwrap_or_default();
    Tilings { latent: tilings.latent.fitting(model.latent, width), ..tilings }
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

fn parts(kind: Kind) -> Parts {
    Parts { variational: kind.is_variational(), labelled: kind.is_conditional() }
}
