//! Proof of [`kernels::reparameterize`](crate::kernels::reparameterize).

use super::{
    analysis::draw,
    place::{self, batch, random_log_var},
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random, random_relu},
        tolerance::{Approx, exact},
    },
    gpu::{Program, Role},
    kernels::{
        middle::{Middle, Partials},
        reparameterize::{SPEC, launch},
    },
    oracle::{kl::kl, reparameterize as oracle},
};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "batch.slot * args.capacity + row", replace: "row" },
    Mutant { find: "args.noisy == 1u", replace: "args.noisy == 0u" },
    Mutant { find: "c[i] += drawn.z", replace: "c[i] = drawn.z" },
    Mutant { find: "mu * mu + excess(bounded)", replace: "mu * mu + excess(log_var)" },
];

fn cases() -> Vec<Case> {
    let case = |([slot, rows, capacity, latent], labelled, noisy): ([usize; 4], bool, bool)| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let (mu, log_var) = (random(1, rows, latent, 2.0), random_log_var(2, rows, latent));
        let (projection, epsilon) = (random_relu(3, rows, latent, 1.0), random(4, rows, latent, 2.0));
        let mut middle = Middle {
            mu: layout.input(Role::Activations, "mu", &mu, capacity),
            log_var: layout.input(Role::Activations, "log_var", &log_var, capacity),
            ..Middle::default()
        };
        if labelled {
            middle.projection = layout.input(Role::Activations, "projection", &projection, capacity).into();
        }
        middle.c = layout.output(Role::Activations, "c", capacity, latent);
        place::noise(&mut layout, &epsilon, slot, capacity);
        let partials = Partials { tiles: 3, stride: (3 + capacity) as u32 };
        layout.unwritten(Role::Partials, "partials", (slot + 1) * partials.stride as usize);

        let epsilon = if noisy { epsilon } else { 0.0 * epsilon };
        let projection = if labelled { projection } else { 0.0 * projection };
        let bounded = log_var.mapv(oracle::bound);
        let c = oracle::reparameterize(&mu, &bounded, &epsilon) + &projection;
        let (z_analysis, kl_analysis) = draw(&exact(&mu), &exact(&log_var), &epsilon);
        let c_analysis = ndarray::Zip::from(&z_analysis).and(&projection).map_collect(|&z, &p| z + Approx::exact(p));
        layout.expect(Role::Activations, middle.c, &c, &c_analysis);
        let kl_at = slot * partials.stride as usize + 3;
        layout.expect_words(Role::Partials, kl_at, &kl(&mu, &bounded).to_vec(), &kl_analysis);
        launch(&mut program, &middle, labelled, noisy, partials).expect("operands of one shape");
        let what = [if labelled { ", labelled" } else { "" }, if noisy { ", noisy" } else { "" }].concat();
        layout.case(format!("{rows} of {capacity} rows, latent {latent}{what}"), program, batch(0, rows, slot), 1)
    };
    [
        ([2, 5, 7, 9], true, true),
        ([0, 1, 1, 1], false, true),
        ([1, 65, 66, 3], true, false),
        ([0, 2, 2, 130], false, true),
        ([1, 64, 70, 4], false, false),
    ]
    .map(case)
    .into()
}
