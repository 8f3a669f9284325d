//! Kernels are right before they are relied on.

use super::report::kernel;
use crate::{
    Error, Result,
    gpu::{Gpu, Program},
};
use std::collections::BTreeSet;

/// The kernels that were checked on a device.
#[derive(Default)]
pub struct Checked {
    names: BTreeSet<&'static str>,
}

impl Checked {
    /// Checks those kernels of `program` against the oracle that were not checked before.
    ///
    /// # Errors
    /// [`Error::CheckFailed`] where a kernel is wrong, [`Error::Gpu`] where the device is lost.
    pub fn check(&mut self, gpu: &Gpu, program: &Program) -> Result<()> {
        for dispatch in &program.dispatches {
            if self.names.insert(dispatch.spec.name) {
                let report = kernel(gpu, dispatch.spec, &(dispatch.spec.cases)())?;
                if let Some(fault) = report.fault {
                    return Err(Error::CheckFailed(format!("{} is wrong on this device: {fault}", report.name)));
                }
            }
        }
        Ok(())
    }
}
