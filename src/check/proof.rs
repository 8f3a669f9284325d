//! A proof of a kernel: the cases it must pass, and changes of its shader that they must reject.

use super::Case;
use crate::gpu::Spec;

/// A one-token change of a shader that its cases must reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Text that occurs exactly once in the kernel's shader.
    pub find: &'static str,
    /// What it becomes.
    pub replace: &'static str,
}

/// A kernel, its cases and its mutants.
pub struct Proof {
    /// The kernel.
    pub spec: &'static Spec,
    /// Changes of its shader that the cases must reject.
    pub mutants: Vec<Mutant>,
    cases: Box<dyn Fn() -> Vec<Case> + Send + Sync>,
}

impl Proof {
    /// A proof of `spec` by `cases`, which are made anew whenever they are run.
    pub fn new(
        spec: &'static Spec,
        mutants: &[Mutant],
        cases: impl Fn() -> Vec<Case> + Send + Sync + 'static,
    ) -> Proof {
        Proof { spec, mutants: mutants.to_vec(), cases: Box::new(cases) }
    }

    /// Inputs and expected outputs.
    pub fn cases(&self) -> Vec<Case> {
        (self.cases)()
    }
}
