//! What a dispatch has to do at least.

use crate::{
    Result,
    gpu::{Dispatch, Tilings},
    kernels::{
        Format, latent, latent_backward, linear, linear_backward, output, reparameterize, reparameterize_backward,
        update::{Entry, Epilogue},
    },
    model::Model,
    network::{Network, step},
    run::Settings,
};

/// The work of a dispatch, or of several.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// Sizes, rows first.
    pub(super) shape: String,
    /// Operations of matrix products.
    pub(super) operations: f64,
    /// Bytes that must be read and written.
    pub(super) bytes: f64,
}

impl Work {
    /// Of one dispatch of a step of `batch` images with the layers of `table`.
    pub(super) fn of(dispatch: &Dispatch, table: &[Entry], batch: usize) -> Work {
        match dispatch.spec.name.split([' ', ',']).next() {
            Some("linear") => {
                let args: &linear::Args = bytemuck::from_bytes(&dispatch.args);
                let (k, n) = (4 * args.k4 as usize, args.n as usize);
                let pixel = if dispatch.spec.name.contains("u8") { 1 } else { 4 };
                product([batch, k, n], pixel * batch * k + 4 * (k * n + batch * n))
            }
            Some("output") => {
                let args: &output::Args = bytemuck::from_bytes(&dispatch.args);
                let (k, n) = (4 * args.k4 as usize, args.n as usize);
                product([batch, k, n], batch * n + 4 * (batch * k + k * n + batch * n))
            }
            Some("linear_backward") => {
                let args: &linear_backward::Args = bytemuck::from_bytes(&dispatch.args);
                let (k, n) = (args.k as usize, args.n as usize);
                product([batch, n, k], 4 * (batch * n + k * n + 2 * batch * k))
            }
            Some("latent") => {
                let args: &latent::Args = bytemuck::from_bytes(&dispatch.args);
                middle(batch, args.width as usize, args.latent as usize)
            }
            Some("latent_backward") => {
                let args: &latent_backward::Args = bytemuck::from_bytes(&dispatch.args);
                middle(batch, args.width as usize, args.latent as usize)
            }
            Some("reparameterize") => {
                let args: &reparameterize::Args = bytemuck::from_bytes(&dispatch.args);
                elementwise(batch, args.latent as usize, 4)
            }
            Some("reparameterize_backward") => {
                let args: &reparameterize_backward::Args = bytemuck::from_bytes(&dispatch.args);
                elementwise(batch, args.latent as usize, 6)
            }
            _ => {
                let weights: usize = table.iter().map(|layer| layer.k as usize * layer.n as usize).sum();
                let rows: usize = table.iter().map(|layer| (layer.k + layer.n) as usize).sum();
                Work {
                    shape: format!("{batch} rows, {weights}"),
                    operations: (2 * batch * weights) as f64,
                    bytes: (24 * weights + 4 * batch * rows) as f64,
                }
            }
        }
    }

    /// Of a whole step, and its dispatches.
    ///
    /// # Errors
    /// As [`step::training`].
    pub(super) fn of_step(settings: &Settings, tilings: Tilings) -> Result<(Work, usize)> {
        let net = Network::new(&settings.model, settings.batch, tilings);
        let (program, table) = step::training(&net, &settings.objective, Format::U8, Epilogue::Adam)?;
        let bytes = program.dispatches.iter().map(|dispatch| Work::of(dispatch, &table, settings.batch).bytes).sum();
        let operations = operations(&settings.model, settings.batch);
        Ok((Work { shape: settings.batch.to_string(), operations, bytes }, program.dispatches.len()))
    }
}

/// Operations of one step's matrix products: forward, weight gradients, and input gradients of all layers but the first.
pub(super) fn operations(model: &Model, batch: usize) -> f64 {
    let layers = model.layers();
    let weights = |skip: usize| layers.iter().skip(skip).map(|layer| layer.out * layer.inp).sum::<usize>();
    (2 * batch * (2 * weights(0) + weights(1))) as f64
}

fn product([m, k, n]: [usize; 3], bytes: usize) -> Work {
    Work { shape: format!("{m}x{k}x{n}"), operations: (2 * m * k * n) as f64, bytes: bytes as f64 }
}

/// The middle of a model reads and writes its weights once and a few rows per image.
fn middle(batch: usize, width: usize, latent: usize) -> Work {
    let weights = 2 * width * latent + 2 * latent * latent;
    let bytes = 4 * (weights + batch * (2 * width + 5 * latent));
    Work { shape: format!("{batch}x{width}x{latent}"), operations: (2 * batch * weights) as f64, bytes: bytes as f64 }
}

/// No products: `matrices` of `[batch, latent]` are read or written.
fn elementwise(batch: usize, latent: usize, matrices: usize) -> Work {
    Work { shape: format!("{batch}x{latent}"), operations: 0.0, bytes: (4 * matrices * batch * latent) as f64 }
}
