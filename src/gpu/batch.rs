//! The record of a step: what changes from one step to the next, bound as group 0 with a dynamic offset.

use super::{Field, Gpu, Scalar};
use crate::{Result, model::Adam};

/// What changes from step to step; the same struct as in `shaders/parts/batch.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Batch {
    /// Position of the batch's first row in the order.
    pub first: u32,
    /// Rows in this batch.
    pub rows: u32,
    /// Number of the step within its submit.
    pub slot: u32,
    /// Number of the step within its epoch.
    pub entry: u32,
    /// Number of the step within its run, low and high word.
    pub index: [u32; 2],
    /// Adam: lr / (1 − β₁ᵗ).
    pub step_size: f32,
    /// Adam: 1 / √(1 − β₂ᵗ).
    pub correction: f32,
    /// Adam: decay of the first moment.
    pub beta1: f32,
    /// Adam: decay of the second moment.
    pub beta2: f32,
    /// Adam: added to the root of the second moment.
    pub epsilon: f32,
    /// AdamW: what a parameter is multiplied by before Adam's step, 1 − lr · weight decay.
    pub decay: f32,
    /// β: weight of the KL divergence.
    pub kl_weight: f32,
    /// Number of the first row within the batch: above 0 where processes share the batch. Random numbers are counted by it.
    pub row: u32,
}

impl Batch {
    /// Its words in order, for hosts that are not of Rust.
    pub const FIELDS: [Field; 14] = [
        word("first", Scalar::U32),
        word("rows", Scalar::U32),
        word("slot", Scalar::U32),
        word("entry", Scalar::U32),
        word("index", Scalar::U32),
        word("index_high", Scalar::U32),
        word("step_size", Scalar::F32),
        word("correction", Scalar::F32),
        word("beta1", Scalar::F32),
        word("beta2", Scalar::F32),
        word("epsilon", Scalar::F32),
        word("decay", Scalar::F32),
        word("kl_weight", Scalar::F32),
        word("row", Scalar::U32),
    ];

    /// Distance between two records, in bytes: the offset alignment every device grants.
    pub const STRIDE: u32 = 256;

    /// Size of a record as a uniform buffer sees it, in bytes: a multiple of 16.
    pub const BYTES: u64 = size_of::<Batch>().next_multiple_of(16) as u64;

    /// The record of Adam's step `t`, counted from 1: step size, bias correction and decays; its other fields are 0, the weight of
    /// the KL divergence included.
    pub fn adam(adam: &Adam, t: u64) -> Batch {
        // corrections of decays that are not rounded would be off by 1e-5 of 1 − β₂
        let rounded = adam.rounded();
        let [step_size, correction] = rounded.scales(t).map(|scale| scale as f32);
        let [beta1, beta2, epsilon] = [rounded.beta1, rounded.beta2, rounded.epsilon].map(|value| value as f32);
        let decay = rounded.decay() as f32;
        Batch { step_size, correction, beta1, beta2, epsilon, decay, ..Batch::default() }
    }
}

const fn word(name: &'static str, scalar: Scalar) -> Field {
    Field { name, scalar }
}

/// Where the record of step `slot` lies: that of its images, or that of their samples.
pub(super) fn offset(slot: u32, sampled: bool) -> u32 {
    Batch::STRIDE * (2 * slot + u32::from(sampled))
}

/// The records of a submit's steps, written once per submit: each step has one for its images and one for their samples, which differ
/// in the number of rows.
pub struct Batches {
    samples: u32,
    buffer: wgpu::Buffer,
    pub(super) group: wgpu::BindGroup,
}

impl Batches {
    /// Room for the records of `slots` steps, with one sample of each image.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) where the device has none.
    pub fn new(gpu: &Gpu, slots: usize) -> Result<Batches> {
        Batches::sampled(gpu, slots, 1)
    }

    /// Room for the records of `slots` steps, with so many samples of each image.
    ///
    /// # Errors
    /// As [`Batches::new`].
    pub fn sampled(gpu: &Gpu, slots: usize, samples: usize) -> Result<Batches> {
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffer = gpu.buffer("records of steps", 2 * Batch::STRIDE as u64 * slots as u64, usage)?;
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("batch"),
            layout: &batch_layout(gpu),
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffer,
                    offset: 0,
                    size: wgpu::BufferSize::new(Batch::BYTES),
                }),
            }],
        });
        Ok(Batches { samples: samples as u32, buffer, group })
    }

    /// Bytes of device memory.
    pub fn bytes(&self) -> u64 {
        self.buffer.size()
    }

    /// Writes the records of the next submit.
    pub fn write(&self, gpu: &Gpu, batches: &[Batch]) {
        let of_samples = |batch: &Batch| Batch { rows: batch.rows * self.samples, ..*batch };
        let records = batches.iter().flat_map(|batch| [*batch, of_samples(batch)]);
        let mut bytes = vec![0; 2 * Batch::STRIDE as usize * batches.len()];
        for (space, record) in bytes.chunks_exact_mut(Batch::STRIDE as usize).zip(records) {
            space[..size_of::<Batch>()].copy_from_slice(bytemuck::bytes_of(&record));
        }
        gpu.queue.write_buffer(&self.buffer, 0, &bytes);
    }
}

/// How group 0 is bound.
pub(super) fn batch_layout(gpu: &Gpu) -> wgpu::BindGroupLayout {
    gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("batch"),
        entries: &[wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: true,
                min_binding_size: wgpu::BufferSize::new(Batch::BYTES),
            },
            count: None,
        }],
    })
}
