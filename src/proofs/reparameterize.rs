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
    model::Condition,
    oracle::{
        concat::concat,
        kl::kl,
        latent::{conditioned, repeated},
        onehot::onehot,
        reparameterize as oracle,
    },
};
use ndarray::{Axis, Zip, concatenate};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "batch.slot * args.capacity + row", replace: "row" },
    Mutant { find: "args.noisy == 1u", replace: "args.noisy == 0u" },
    Mutant { find: "0.5 * (z + p)", replace: "z + 0.5 * p" },
    Mutant { find: "row / args.samples", replace: "row" },
    Mutant { find: "place < args.classes", replace: "place <= args.classes" },
];

/// Step, rows, rows of a full batch, latents, samples and classes; what the decoder is told; whether z is drawn.
type Setting = ([usize; 6], Option<Condition>, bool);

fn cases() -> Vec<Case> {
    let (add, mean) = (Some(Condition::Add), Some(Condition::Mean));
    let (multiply, concat) = (Some(Condition::Multiply), Some(Condition::Concat));
    [
        ([2, 5, 7, 9, 1, 6], add, true),
        ([0, 1, 1, 1, 1, 6], None, true),
        ([1, 65, 66, 3, 1, 6], add, false),
        ([0, 2, 2, 130, 1, 6], None, true),
        ([1, 64, 70, 4, 1, 6], None, false),
        ([1, 5, 6, 6, 3, 6], mean, true),
        ([0, 3, 4, 5, 2, 6], multiply, true),
        ([1, 4, 5, 3, 5, 6], concat, true),
        ([0, 3, 3, 8, 1, 6], concat, false),
        ([2, 33, 35, 7, 4, 6], None, true),
        ([0, 3, 4, 7, 2, 4], concat, true),
    ]
    .map(case)
    .into()
}

fn case(setting: Setting) -> Case {
    let ([slot, rows, capacity, latent, samples, classes], condition, noisy) = setting;
    let (mut layout, mut program) = (Layout::default(), Program::default());
    let (mu, log_var) = (random(1, rows, latent, 2.0), random_log_var(2, rows, latent));
    let (projection, epsilon) = (random_relu(3, rows, latent, 1.0), random(4, rows * samples, latent, 2.0));
    let hot = onehot(&(0..rows).map(|row| (row % classes) as u32).collect::<Vec<_>>(), classes);
    let mut middle = Middle {
        mu: layout.input(Role::Activations, "mu", &mu, capacity),
        log_var: layout.input(Role::Activations, "log_var", &log_var, capacity),
        ..Middle::default()
    };
    place::noise(&mut layout, &epsilon, slot, capacity * samples);
    let partials = Partials { tiles: 3, stride: (3 + capacity) as u32 };
    layout.unwritten(Role::Partials, "partials", (slot + 1) * partials.stride as usize);

    let epsilon = if noisy { epsilon } else { 0.0 * epsilon };
    let bounded = log_var.mapv(oracle::bound);
    let [mu_of, bounded_of, log_var_of] = [&mu, &bounded, &log_var].map(|values| repeated(values, samples));
    let z = oracle::reparameterize(&mu_of, &bounded_of, &epsilon);
    let (z_analysis, _) = draw(&exact(&mu_of), &exact(&log_var_of), &epsilon);
    let (_, kl_analysis) = draw(&exact(&mu), &exact(&log_var), &mu);
    let (c, c_analysis) = match condition {
        None => (z, z_analysis),
        Some(Condition::Concat) => {
            middle.onehot = layout.input(Role::Activations, "onehot", &hot, capacity);
            let hot = repeated(&hot, samples);
            let analysis = concatenate(Axis(1), &[z_analysis.view(), exact(&hot).view()]).expect("as many rows");
            (concat(&z, &hot), analysis)
        }
        Some(condition) => {
            middle.projection = layout.input(Role::Activations, "projection", &projection, capacity).into();
            let p = exact(&repeated(&projection, samples));
            let analysis = Zip::from(&z_analysis).and(&p).map_collect(|&z, &p| match condition {
                Condition::Mean => Approx::exact(0.5) * (z + p),
                Condition::Multiply => z * p,
                Condition::Add | Condition::Concat => z + p,
            });
            (conditioned(&z, &projection, condition), analysis)
        }
    };
    middle.c = layout.output(Role::Activations, "c", capacity * samples, c.ncols());
    layout.expect(Role::Activations, middle.c, &c, &c_analysis);
    let kl_at = slot * partials.stride as usize + 3;
    layout.expect_words(Role::Partials, kl_at, &kl(&mu, &bounded).to_vec(), &kl_analysis);
    launch(&mut program, &middle, condition, noisy, partials).expect("operands of one shape");
    layout.case(format!("{setting:?}"), program, batch(0, rows, slot), 1)
}
