//! Measuring: how long work takes on a device, and what its memory can do.

use super::{Batches, Gpu, Part};
use crate::{Error, Result};
use std::time::Instant;

impl Gpu {
    /// Whether [`Gpu::time`] asks the device's own clock.
    pub fn has_timestamps(&self) -> bool {
        self.timestamps
    }

    /// Seconds that `parts` take as one submit: by the device's clock from the start of the pass to its end, or where it has
    /// none by the processor's from submit to completion.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where the device is lost.
    pub fn time(&self, batches: &Batches, parts: &[Part]) -> Result<f64> {
        if !self.timestamps {
            let start = Instant::now();
            self.submit(batches, parts, None);
            self.wait("timing")?;
            return Ok(start.elapsed().as_secs_f64());
        }
        let set = self.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("timestamps"),
            ty: wgpu::QueryType::Timestamp,
            count: 2,
        });
        let buffer = |usage| {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: 16,
                usage,
                mapped_at_creation: false,
            })
        };
        let resolved = buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC);
        let readable = buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let mut encoder = self.device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                query_set: &set,
                beginning_of_pass_write_index: Some(0),
                end_of_pass_write_index: Some(1),
            }),
        });
        super::submit::record(&mut pass, batches, parts);
        drop(pass);
        encoder.resolve_query_set(&set, 0..2, &resolved, 0);
        encoder.copy_buffer_to_buffer(&resolved, 0, &readable, 0, 16);
        self.send(encoder);
        readable.slice(..).map_async(wgpu::MapMode::Read, |_| {});
        self.wait("timing")?;
        let view = readable
            .slice(..)
            .get_mapped_range()
            .map_err(|error| Error::Gpu { context: "timing".into(), problem: error.to_string() })?;
        let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&view);
        Ok(ticks[1].saturating_sub(ticks[0]) as f64 * self.queue.get_timestamp_period() as f64 * 1e-9)
    }

    /// Bytes per second of a large copy within device memory, read and written bytes both counted: the best of five.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where the device is lost.
    pub fn copy_bandwidth(&self) -> Result<f64> {
        const BYTES: u64 = 64 << 20;
        const COPIES: u32 = 8;
        let buffer = |usage| {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: BYTES,
                usage,
                mapped_at_creation: false,
            })
        };
        let (from, to) = (buffer(wgpu::BufferUsages::COPY_SRC), buffer(wgpu::BufferUsages::COPY_DST));
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let mut encoder = self.device.create_command_encoder(&Default::default());
            for _ in 0..COPIES {
                encoder.copy_buffer_to_buffer(&from, 0, &to, 0, BYTES);
            }
            let start = Instant::now();
            self.send(encoder);
            self.wait("copying")?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        Ok(2.0 * (BYTES * COPIES as u64) as f64 / best)
    }
}
