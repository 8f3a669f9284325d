//! The buffers that the programs of a network work on.

use super::Network;
use crate::{
    Result,
    gpu::{Format, Gpu, Memory, Role, vec4s},
    kernels::update::{Entry, uniform},
    model::Param,
};

impl Network {
    /// Normals that a step draws.
    pub fn normals(&self) -> usize {
        let [rows, width] = self.normals_by_row();
        rows * width
    }

    /// Rows of a step, and normals that each draws.
    pub fn normals_by_row(&self) -> [usize; 2] {
        [self.rows, if self.model.kind.is_variational() { self.samples * self.model.latent } else { 0 }]
    }

    /// Creates what training and evaluation write: activations and their gradients, and for `slots` steps of a submit noise and
    /// loss partials.
    ///
    /// # Errors
    /// As [`Memory::create`].
    pub fn create_step(&self, gpu: &Gpu, memory: &mut Memory, slots: usize) -> Result<()> {
        self.step_sizes(slots).into_iter().try_for_each(|(role, bytes)| memory.create(gpu, role, bytes))
    }

    /// What [`Network::create_step`] creates, in bytes.
    pub fn step_sizes(&self, slots: usize) -> [(Role, u64); 4] {
        [
            (Role::Activations, self.activation_bytes()),
            (Role::Signals, self.signal_bytes()),
            (Role::Noise, 4 * (slots * self.normals()) as u64),
            (Role::Partials, 4 * slots as u64 * self.partials.stride as u64),
        ]
    }

    /// Creates what encoding and decoding write: as [`Network::create_step`], without gradients or noise.
    ///
    /// # Errors
    /// As [`Memory::create`].
    pub fn create_inference(&self, gpu: &Gpu, memory: &mut Memory) -> Result<()> {
        self.inference_sizes().into_iter().try_for_each(|(role, bytes)| memory.create(gpu, role, bytes))
    }

    /// What [`Network::create_inference`] creates, in bytes.
    pub fn inference_sizes(&self) -> [(Role, u64); 3] {
        [
            (Role::Activations, self.activation_bytes()),
            (Role::Noise, 0),
            (Role::Partials, 4 * self.partials.stride as u64),
        ]
    }

    /// What [`Network::create_learning`] creates beside the table, in bytes.
    pub fn learning_sizes(&self) -> Vec<(Role, u64)> {
        let mut sizes = vec![(Role::FirstMoment, self.param_bytes()), (Role::SecondMoment, self.param_bytes())];
        if self.stores_gradients || self.clipping.is_some() || self.tilings.spans > 1 {
            sizes.push((Role::Gradients, self.gradient_bytes()));
        }
        sizes
    }

    /// Creates what one batch after another is written to: images in `format` and labels, taken in the order they lie in.
    ///
    /// # Errors
    /// As [`Memory::create`].
    pub fn create_batch(&self, gpu: &Gpu, memory: &mut Memory, format: Format) -> Result<()> {
        self.batch_sizes(format).into_iter().try_for_each(|(role, bytes)| memory.create(gpu, role, bytes))?;
        memory.upload(gpu, Role::Order, bytemuck::cast_slice(&straight(self.rows)))
    }

    /// What a batch of images in `format` and their labels take, in bytes.
    pub fn batch_sizes(&self, format: Format) -> [(Role, u64); 2] {
        let row_bytes = 4 * format.bytes() * vec4s(self.model.input);
        [(Role::Images, (self.rows * row_bytes) as u64), (Role::Labels, 4 * self.rows as u64)]
    }

    /// Uploads `params`.
    ///
    /// # Errors
    /// As [`Network::pack`] and [`Memory::upload`].
    pub fn upload_params(&self, gpu: &Gpu, memory: &mut Memory, params: &[Param]) -> Result<()> {
        memory.upload(gpu, Role::Params, bytemuck::cast_slice(&self.pack(params)?))
    }

    /// Creates what learning keeps beside the parameters: both moments, zero, the layer `table` of the update and, where gradients
    /// are clipped or summed over spans of rows, the gradients.
    ///
    /// # Errors
    /// As [`Memory::create`].
    pub fn create_learning(&self, gpu: &Gpu, memory: &mut Memory, table: &[Entry]) -> Result<()> {
        self.learning_sizes().into_iter().try_for_each(|(role, bytes)| memory.create(gpu, role, bytes))?;
        memory.upload_for(gpu, Role::Layers.uniform(), bytemuck::cast_slice(&uniform(table)))
    }
}

/// The order in which `count` images lie.
pub fn straight(count: usize) -> Vec<u32> {
    (0..count as u32).collect()
}
