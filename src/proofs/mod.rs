//! One file per kernel, same name: its cases, and changes of its shader that they must reject.
//! To add a proof: its file here, and its line in [`ALL`].

pub mod analysis;
mod checked;
mod equivalent;
pub mod place;
mod shapes;

mod adam;
mod binarize;
mod concat;
mod corrupt;
mod importance;
mod latent;
mod latent_backward;
mod likelihood;
mod likelihood_backward;
mod linear;
mod linear_backward;
mod loss;
mod noise;
mod norm;
mod onehot;
mod order;
mod output;
mod peak;
mod reparameterize;
mod reparameterize_backward;
mod update;

pub use checked::Checked;
pub use equivalent::EQUIVALENT;

use crate::{
    check::{Case, Mutant, Proof},
    kernels::Variants,
};
use std::{fmt, sync::LazyLock};

/// A proof of every kernel, in the order of [`kernels::all`](crate::kernels::all).
pub static ALL: LazyLock<Vec<Proof>> = LazyLock::new(|| {
    [
        order::proofs(),
        binarize::proofs(),
        noise::proofs(),
        corrupt::proofs(),
        concat::proofs(),
        linear::proofs(),
        latent::proofs(),
        onehot::proofs(),
        reparameterize::proofs(),
        output::proofs(),
        likelihood::proofs(),
        importance::proofs(),
        likelihood_backward::proofs(),
        linear_backward::proofs(),
        latent_backward::proofs(),
        reparameterize_backward::proofs(),
        update::proofs(),
        norm::proofs(),
        adam::proofs(),
        loss::proofs(),
        peak::proofs(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

/// A proof of each variant of a kernel. Variants share files: each of `mutants` belongs to those whose shader has its text.
///
/// # Panics
/// Where the text of a mutant is in no variant.
fn variants<K: Copy + PartialEq + fmt::Debug + Send + Sync + 'static>(
    specs: &'static Variants<K>,
    mutants: &[Mutant],
    cases: fn(K) -> Vec<Case>,
) -> Vec<Proof> {
    for Mutant { find, .. } in mutants {
        assert!(specs.iter().any(|(_, spec)| spec.shader().contains(find)), "no variant has the mutant `{find}`");
    }
    let proof = |(key, spec): (K, &'static crate::gpu::Spec)| {
        let shader = spec.shader();
        let own: Vec<Mutant> = mutants.iter().copied().filter(|mutant| shader.contains(mutant.find)).collect();
        Proof::new(spec, &own, move || cases(key))
    };
    specs.iter().map(proof).collect()
}
