//! Runs a case on a device.

use super::{
    case::Case,
    comparison::{Fault, compare},
};
use crate::{
    Result,
    gpu::{Access, Batches, Gpu, Memory, Part},
};

/// Runs `case` as its kernel has it, or with another `shader` text, and compares what it wrote:
/// the worst share of a limit, or the first fault.
///
/// # Errors
/// [`Error::Gpu`](crate::Error::Gpu) where the driver refuses the shader or the launch.
pub fn run(gpu: &Gpu, case: &Case, shader: Option<&str>) -> Result<Result<f64, Fault>> {
    let mut memory = Memory::default();
    for buffer in &case.buffers {
        memory.upload(gpu, buffer.role, bytemuck::cast_slice(&buffer.before))?;
    }
    let prepared = match shader {
        Some(text) => gpu.prepare_with(&case.program, &memory, &[text.to_string()])?,
        None => gpu.prepare(&case.program, &memory)?,
    };
    let batches = Batches::new(gpu, 1);
    batches.write(gpu, &[case.batch]);
    gpu.submit(&batches, &[Part::Submit(&prepared, case.steps)], None);
    let mut worst = 0.0_f64;
    for dispatch in &case.program.dispatches {
        for (role, access) in dispatch.spec.bindings {
            let words = case.buffers.iter().find(|buffer| buffer.role == *role).map_or(0, |buffer| buffer.before.len());
            if *access == Access::ReadWrite {
                match compare(case, *role, &memory.read(gpu, *role, 0, words)?) {
                    Ok(share) => worst = worst.max(share),
                    Err(fault) => return Ok(Err(fault)),
                }
            }
        }
    }
    Ok(Ok(worst))
}
