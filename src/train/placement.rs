//! Whether the rows of a run lie on a device whole or pass through it in shards: what fits into the memory that training may take.

use super::loops::{LOSS_BYTES, steps_per_submit};
use crate::{
    Error, Result,
    data::{Dataset, Split},
    gpu::{Batch, Gpu, Memory, Role, vec4s},
    network::{Network, straight},
    peers::Batching,
    run::Settings,
};

/// The most bytes of a shard: what kernels can see of a buffer on every adapter.
const SHARD_BYTES: u64 = 128 << 20;
/// Set aside for the arguments of dispatches.
const ARGUMENT_BYTES: u64 = 256 << 10;

/// Training and evaluation as they are laid out.
pub(super) struct Layout<'a> {
    pub settings: &'a Settings,
    pub data: &'a Dataset,
    pub training: &'a Network,
    pub evaluation: &'a Network,
    /// How the rows of both are taken.
    pub batchings: [Batching; 2],
}

impl Layout<'_> {
    /// Rows of a shard; none where all rows fit on the device.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the memory that training may take does not hold the model and two shards of a batch.
    pub(super) fn shard_rows(&self, gpu: &Gpu) -> Result<Option<usize>> {
        let Layout { settings, data, .. } = self;
        let limit = gpu.adapter().max_binding_bytes;
        let wanted = settings.gpu_memory;
        let room = wanted.or(gpu.memory_bytes());
        let [train, test] = [&data.train, &data.test].map(|split| split.count as u64 * self.row_bytes());
        let visible = [&data.train, &data.test].into_iter().all(|split| self.resident_bytes(split, 1) <= limit);
        let gray = if settings.binarization.is_drawn() { 2 } else { 1 };
        let resident = self.fixed_bytes([train, test])
            + self.resident_bytes(&data.train, gray)
            + self.resident_bytes(&data.test, 1);
        if visible && room.is_none_or(|room| resident <= room) {
            return Ok(None);
        }
        let fixed = self.fixed_bytes([0, 0]);
        let of_row = 2 * (self.row_bytes() + 4) + 4; // in either shard with its label, and its place in the order
        let batch = self.training.rows.min(data.train.count).max(self.evaluation.rows) as u64;
        let least = fixed + of_row * batch;
        let room = match wanted {
            Some(wanted) if wanted < least => {
                let problem = format!(
                    "is {wanted} bytes, and the model and two shards of a batch take {least}: give at least {}MiB, or take a smaller \
                     --batch",
                    least.div_ceil(1 << 20)
                );
                return Err(Error::invalid("--gpu-memory", problem));
            }
            _ => room.unwrap_or(u64::MAX).max(least), // the driver says where there is less than that
        };
        let most = SHARD_BYTES.min(limit) / self.row_bytes();
        let rows = ((room - fixed) / of_row).min(most.max(batch)).min(data.train.count.max(data.test.count) as u64);
        Ok(Some(rows.max(batch) as usize))
    }

    /// The buffers of two shards of `rows` rows; the first also has the order in which a shard lies.
    ///
    /// # Errors
    /// As [`Memory::create`].
    pub(super) fn create_shards(&self, gpu: &Gpu, rows: usize) -> Result<[Memory; 2]> {
        let mut shards = [Memory::default(), Memory::default()];
        for shard in &mut shards {
            shard.create(gpu, Role::Images, rows as u64 * self.row_bytes())?;
            shard.create(gpu, Role::Labels, 4 * rows as u64)?;
        }
        shards[0].upload(gpu, Role::Order, bytemuck::cast_slice(&straight(rows)))?;
        Ok(shards)
    }

    fn row_bytes(&self) -> u64 {
        (4 * self.settings.format.bytes() * vec4s(self.settings.model.input)) as u64
    }

    /// Bytes of a split that lies on the device, its rows `copies` times.
    fn resident_bytes(&self, split: &Split, copies: u64) -> u64 {
        split.count as u64 * (copies * self.row_bytes() + 8) // with a label and a place in the order
    }

    /// Bytes of all but rows, labels and orders, where the rows of training and of evaluation take so many bytes.
    fn fixed_bytes(&self, image_bytes: [u64; 2]) -> u64 {
        let learning: u64 = self.training.learning_sizes().iter().map(|(_, bytes)| bytes).sum();
        let of_loop = |net: &Network, batching: Batching, image_bytes: u64| {
            let steps = batching.steps();
            let slots = steps_per_submit(net, image_bytes as usize).min(steps);
            let step: u64 = net.step_sizes(slots).iter().map(|(_, bytes)| bytes).sum();
            step + LOSS_BYTES * steps as u64 + 2 * u64::from(Batch::STRIDE) * slots as u64
        };
        self.training.param_bytes()
            + learning
            + of_loop(self.training, self.batchings[0], image_bytes[0])
            + of_loop(self.evaluation, self.batchings[1], image_bytes[1])
            + ARGUMENT_BYTES
    }
}
