//! What a device can do at best, measured on it: the lines of the roofline.

use crate::{
    Result,
    gpu::{Arena, Batch, Batches, Gpu, Memory, Part, Prepared, Program, Role},
    kernels::{adam, peak},
    proofs::Checked,
};
use serde::Serialize;
use std::fmt;

/// The limits of a device.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// Bandwidth of a copy within device memory, reads and writes counted.
    pub copy_gbytes_per_s: f64,
    /// Float32 multiply-adds in registers, as two operations each, in billions per second.
    pub peak_gflops: f64,
    /// Microseconds that a dispatch takes at least: one of Adam on four parameters, each waiting for the one before.
    pub floor_us: f64,
}

/// Vec4 of a row of the peak's operands: invocations enough for every lane of the largest card, several times over.
const LANES: usize = 1 << 18;
/// Seconds that a measurement of the peak takes at least.
const SPAN: f64 = 0.02;
/// Rounds with which loads and stores are next to nothing of the peak's time: 4096 multiply-adds for 32 bytes.
const LEAST_ROUNDS: usize = 128;
/// Dispatches of a measurement of the floor.
const DISPATCHES: usize = 1000;

impl Limits {
    /// Measures them, the best of five each, with kernels that were checked.
    ///
    /// # Errors
    /// As [`Checked::check`], [`Error::OutOfMemory`](crate::Error::OutOfMemory) where memory is short,
    /// [`Error::DeviceLost`](crate::Error::DeviceLost) where the device is lost.
    pub(super) fn measure(gpu: &Gpu, checked: &mut Checked) -> Result<Limits> {
        Ok(Limits {
            copy_gbytes_per_s: gpu.copy_bandwidth()? / 1e9,
            peak_gflops: peak_flops(gpu, checked)? / 1e9,
            floor_us: 1e6 * floor(gpu, checked)?,
        })
    }

    /// Microseconds that work takes at least: by its operations or by its bytes, whichever take longer, and the floor of its dispatches.
    /// In float32: matrices of f16 may do it in less.
    pub fn roofline_us(&self, operations: f64, bytes: f64, dispatches: usize) -> f64 {
        let work = (operations / self.peak_gflops).max(bytes / self.copy_gbytes_per_s);
        1e-3 * work + dispatches as f64 * self.floor_us
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Limits { copy_gbytes_per_s, peak_gflops, floor_us } = self;
        write!(
            f,
            "limits: {copy_gbytes_per_s:.1} GB/s in a copy, {peak_gflops:.0} GFLOP/s in float32 multiply-adds, {floor_us:.2} µs for an \
             empty dispatch"
        )
    }
}

/// Seconds that `times` runs of `program` in one submit take at least.
fn least(gpu: &Gpu, program: &Prepared, times: usize) -> Result<f64> {
    let batches = Batches::new(gpu, 1)?;
    batches.write(gpu, &[Batch { correction: 1.0, epsilon: 1.0, decay: 1.0, ..Batch::default() }]);
    let parts = vec![Part::Step(program, 0); times];
    gpu.time(&batches, &parts)?;
    (0..5).try_fold(f64::INFINITY, |least, _| Ok(least.min(gpu.time(&batches, &parts)?)))
}

fn peak_flops(gpu: &Gpu, checked: &mut Checked) -> Result<f64> {
    let (mut memory, mut arena) = (Memory::default(), Arena::default());
    let x = arena.matrix(peak::ROWS, 4 * LANES);
    memory.create(gpu, Role::Activations, arena.bytes())?;
    let mut rounds = LEAST_ROUNDS;
    loop {
        let mut program = Program::default();
        peak::launch(&mut program, x, rounds, 0.5, 1.0);
        checked.check(gpu, &program)?;
        let seconds = least(gpu, &gpu.prepare(&program, &memory)?, 1)?;
        if seconds >= SPAN || rounds >= 1 << 20 {
            return Ok(program.dispatches[0].work.operations / seconds);
        }
        rounds *= if 4.0 * seconds < SPAN { 4 } else { 2 };
    }
}

/// Seconds of a dispatch with next to nothing to do.
fn floor(gpu: &Gpu, checked: &mut Checked) -> Result<f64> {
    let (mut memory, mut program) = (Memory::default(), Program::default());
    for role in [Role::Params, Role::FirstMoment, Role::SecondMoment, Role::Gradients, Role::Losses] {
        memory.create(gpu, role, 16)?;
    }
    adam::launch(&mut program, 1, 1, None);
    checked.check(gpu, &program)?;
    Ok(least(gpu, &gpu.prepare(&program, &memory)?, DISPATCHES)? / DISPATCHES as f64)
}
