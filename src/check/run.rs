//! Runs a case on a device.

use super::{
    case::Case,
    comparison::{Fault, compare},
};
use crate::{
    Result,
    gpu::{Access, Batches, Binding, Gpu, Memory, Part},
};

/// Runs `case` as its kernel has it, or with another `shader` text, and compares what it wrote:
/// the worst share of a limit, or the first fault.
///
/// # Errors
/// [`Error::Gpu`](crate::Error::Gpu) where the driver refuses the shader or the launch.
pub fn run(gpu: &Gpu, case: &Case, shader: Option<&str>) -> Result<Result<f64, Fault>> {
    let mut memory = Memory::default();
    for binding in bindings(case) {
        let buffer = case.buffers.iter().find(|buffer| buffer.slot == binding.slot);
        let before = buffer.map_or(&[][..], |buffer| &buffer.before);
        memory.upload_for(gpu, *binding, bytemuck::cast_slice(before))?;
    }
    let prepared = match shader {
        Some(text) => gpu.prepare_with(&case.program, &memory, &[text.to_string()])?,
        None => gpu.prepare(&case.program, &memory)?,
    };
    let batches = Batches::new(gpu, 1)?;
    batches.write(gpu, &[case.batch]);
    gpu.submit(&batches, &[Part::Submit(&prepared, case.steps)], None);
    let mut worst = 0.0_f64;
    for binding in bindings(case).filter(|binding| binding.access == Access::ReadWrite) {
        let buffer = case.buffers.iter().find(|buffer| buffer.slot == binding.slot);
        let words = buffer.map_or(0, |buffer| buffer.before.len());
        match compare(case, binding.slot, &memory.read(gpu, binding.slot, 0, words)?) {
            Ok(share) => worst = worst.max(share),
            Err(fault) => return Ok(Err(fault)),
        }
    }
    Ok(Ok(worst))
}

fn bindings(case: &Case) -> impl Iterator<Item = &Binding> {
    case.program.dispatches.iter().flat_map(|dispatch| &dispatch.spec.bindings)
}
