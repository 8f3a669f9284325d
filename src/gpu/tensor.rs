//! Matrices in arenas, arenas in buffers, and the way back.

use super::{Access, Binding, Boundary, Gpu, Slot};
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Number of vec4 that hold `columns` values: rows are padded with zeros to a multiple of four.
pub const fn vec4s(columns: usize) -> usize {
    columns.div_ceil(4)
}

/// A row-major matrix in the buffer of some role: `rows` rows of `vec4s(columns)` vec4, the padding zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// Where it starts, in vec4.
    pub start: u32,
    /// Number of rows.
    pub rows: u32,
    /// Number of columns, without padding.
    pub columns: u32,
}

/// Hands out space of a buffer, front to back. Space beyond what any device has is counted up to the largest number there is:
/// [`Gpu::check_size`] refuses it before anything is placed there.
#[derive(Clone, Debug, Default)]
pub struct Arena {
    used: usize,
}

impl Arena {
    /// Space for a `[rows, columns]` matrix.
    pub fn matrix(&mut self, rows: usize, columns: usize) -> Matrix {
        let start = self.used;
        self.used = self.used.saturating_add(rows.saturating_mul(vec4s(columns)));
        Matrix { start: start as u32, rows: rows as u32, columns: columns as u32 }
    }

    /// What was handed out, in bytes; a buffer is never empty.
    pub fn bytes(&self) -> u64 {
        (self.used.max(1) as u64).saturating_mul(16)
    }
}

impl Gpu {
    /// Checks that kernels of this adapter can see a buffer of so many bytes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] where it is too large.
    pub fn check_size(&self, slot: impl Into<Slot>, bytes: u64) -> Result<()> {
        let limit = self.adapter().max_binding_bytes;
        if bytes <= limit {
            return Ok(());
        }
        let problem = format!("{bytes} bytes are needed, but a buffer of this adapter holds at most {limit}");
        Err(Error::OutOfMemory { context: format!("memory for {}", slot.into().name), problem })
    }

    /// Number and bytes of the allocations on the device when all work is done; none where its backend does not count them.
    ///
    /// # Errors
    /// As [`Gpu::wait`].
    pub fn allocated(&self) -> Result<Option<(usize, u64)>> {
        self.wait("counting buffers")?;
        let report = self.device.generate_allocator_report();
        Ok(report.map(|report| (report.allocations.len(), report.total_allocated_bytes)))
    }

    /// Creates a buffer, filled with zeros.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] where the device has no room.
    pub(super) fn buffer(&self, name: &'static str, bytes: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        let full = |problem: String| {
            let (context, problem) = (format!("memory for {name}"), format!("{bytes} bytes: {problem}"));
            Err(Error::OutOfMemory { context, problem })
        };
        if self.injects(Boundary::Allocation) {
            return full("made on purpose".into());
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(name),
            size: bytes,
            usage,
            mapped_at_creation: false,
        });
        pollster::block_on(scope.pop()).map_or(Ok(buffer), |error| full(error.to_string()))
    }
}

/// The buffers a program works on: one per slot, for a kernel of this crate one per [`Role`](super::Role).
#[derive(Clone, Default)]
pub struct Memory {
    buffers: BTreeMap<Slot, wgpu::Buffer>,
}

impl Memory {
    /// Creates the buffer of `slot`, filled with zeros; of no bytes it still holds 16, because an empty one cannot be bound.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] where the device has no room or the buffer is larger than a kernel can see.
    pub fn create(&mut self, gpu: &Gpu, slot: impl Into<Slot>, bytes: u64) -> Result<()> {
        self.create_for(gpu, slot.into(), bytes, wgpu::BufferUsages::STORAGE)
    }

    fn create_for(&mut self, gpu: &Gpu, slot: Slot, bytes: u64, usage: wgpu::BufferUsages) -> Result<()> {
        gpu.check_size(slot, bytes)?;
        let usage = usage | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        self.buffers.insert(slot, gpu.buffer(slot.name, bytes.max(1).next_multiple_of(16), usage)?);
        Ok(())
    }

    /// Uses the buffer that `other` has for `slot`.
    pub fn share(&mut self, other: &Memory, slot: impl Into<Slot>) {
        let slot = slot.into();
        self.buffers.extend(other.buffers.get(&slot).map(|buffer| (slot, buffer.clone())));
    }

    /// Creates the buffer of `slot` with `content`.
    ///
    /// # Errors
    /// As [`Memory::create`].
    pub fn upload(&mut self, gpu: &Gpu, slot: impl Into<Slot>, content: &[u8]) -> Result<()> {
        self.upload_for(gpu, slot.into().read_write(), content)
    }

    /// As [`Memory::upload`], for the address space of `binding`.
    ///
    /// # Errors
    /// As [`Memory::create`].
    pub fn upload_for(&mut self, gpu: &Gpu, binding: Binding, content: &[u8]) -> Result<()> {
        let usage = match binding.access {
            Access::Uniform => wgpu::BufferUsages::UNIFORM,
            Access::Read | Access::ReadWrite => wgpu::BufferUsages::STORAGE,
        };
        self.create_for(gpu, binding.slot, content.len().max(4) as u64, usage)?;
        self.write(gpu, binding.slot, 0, content)
    }

    /// Overwrites part of the buffer of `slot`, from byte `offset` on.
    ///
    /// # Errors
    /// [`Error::Gpu`] where the driver refuses.
    pub fn write(&self, gpu: &Gpu, slot: impl Into<Slot>, offset: u64, content: &[u8]) -> Result<()> {
        let (slot, whole) = (slot.into(), content.len() / 4 * 4);
        gpu.queue.write_buffer(self.buffer(slot), offset, &content[..whole]);
        if whole < content.len() {
            let mut last = [0; 4];
            last[..content.len() - whole].copy_from_slice(&content[whole..]);
            gpu.queue.write_buffer(self.buffer(slot), offset + whole as u64, &last);
        }
        gpu.fault(slot.name)
    }

    /// Waits for all work and reads `values` four-byte values of `slot`, from value `first` on.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where the device is lost.
    pub fn read<T: bytemuck::Pod>(
        &self,
        gpu: &Gpu,
        slot: impl Into<Slot>,
        first: usize,
        values: usize,
    ) -> Result<Vec<T>> {
        let (slot, bytes) = (slot.into(), (values * size_of::<T>()) as u64);
        let readback = Readback::new(gpu, bytes)?;
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        readback.copy(&mut encoder, self, slot, (first * size_of::<T>()) as u64, bytes);
        gpu.send(encoder);
        readback.request(bytes);
        gpu.wait(slot.name)?;
        readback.take(bytes)
    }

    /// Size of the buffer of `slot`, in bytes; 0 where there is none.
    pub fn bytes(&self, slot: impl Into<Slot>) -> u64 {
        self.buffers.get(&slot.into()).map_or(0, wgpu::Buffer::size)
    }

    pub(super) fn buffer(&self, slot: Slot) -> &wgpu::Buffer {
        self.buffers.get(&slot).expect("a program is prepared only with every buffer it binds")
    }

    pub(super) fn has(&self, slot: Slot) -> bool {
        self.buffers.contains_key(&slot)
    }
}

/// A buffer the host can map, to bring results back.
pub struct Readback {
    buffer: wgpu::Buffer,
}

impl Readback {
    /// Room for `bytes` bytes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] where there is none.
    pub fn new(gpu: &Gpu, bytes: u64) -> Result<Readback> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        Ok(Readback { buffer: gpu.buffer("results", bytes.max(4).next_multiple_of(4), usage)? })
    }

    pub(super) fn copy(&self, encoder: &mut wgpu::CommandEncoder, from: &Memory, slot: Slot, offset: u64, bytes: u64) {
        encoder.copy_buffer_to_buffer(from.buffer(slot), offset, &self.buffer, 0, bytes);
    }

    /// Asks for the first `bytes` bytes; they are there after the device has been waited for.
    pub(super) fn request(&self, bytes: u64) {
        self.buffer.slice(..bytes).map_async(wgpu::MapMode::Read, |_| {});
    }

    /// Takes the values in the first `bytes` bytes, which a submission that was waited for brought.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where the device is lost.
    pub fn take<T: bytemuck::Pod>(&self, bytes: u64) -> Result<Vec<T>> {
        self.with(bytes, bytemuck::pod_collect_to_vec)
    }

    /// Shows `look` the first `bytes` bytes where they lie, as [`Readback::take`] without a copy.
    ///
    /// # Errors
    /// As [`Readback::take`].
    pub fn with<R>(&self, bytes: u64, look: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let seen = {
            let view = self
                .buffer
                .slice(..bytes)
                .get_mapped_range()
                .map_err(|error| Error::Gpu { context: "reading back".into(), problem: error.to_string() })?;
            look(&view)
        };
        self.buffer.unmap();
        Ok(seen)
    }
}
