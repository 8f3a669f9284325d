//! Checks each kernel on the device once, before its first use.

use super::ALL;
use crate::{
    Error, Result,
    check::report::kernel,
    gpu::{Gpu, Program},
};
use std::{collections::BTreeSet, ptr};

/// The kernels that were checked on a device.
#[derive(Default)]
pub struct Checked {
    names: BTreeSet<&'static str>,
}

impl Checked {
    /// Checks those kernels of `program` against the oracle that were not checked before.
    ///
    /// # Errors
    /// [`Error::CheckFailed`] where a kernel is wrong, [`Error::DeviceLost`] where the device is lost.
    pub fn check(&mut self, gpu: &Gpu, program: &Program) -> Result<()> {
        for dispatch in &program.dispatches {
            if self.names.insert(&dispatch.spec.name) {
                let proof = ALL.iter().find(|proof| ptr::eq(proof.spec, dispatch.spec));
                let report = kernel(gpu, proof.expect("every kernel has a proof, as a test makes sure"))?;
                if let Some(fault) = report.fault {
                    return Err(Error::CheckFailed(format!("{} is wrong on this device: {fault}", report.name)));
                }
            }
        }
        Ok(())
    }
}
