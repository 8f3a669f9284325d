//! `z = μ + exp(½ log σ²) ε`, `c = z + projection` and the KL of each row,
//! for [`LatentTiling::Layers`](crate::gpu::LatentTiling::Layers).

use super::{
    expect,
    middle::{Middle, Partials},
};
use crate::{
    Result,
    check::{
        Case,
        layout::{Layout, batch, random, random_log_var, random_relu},
        tolerance::{Approx, draw, exact},
    },
    gpu::{Access, Args as _, Mutant, Needs, Program, Role, Spec, args, source},
    oracle::{kl::kl, reparameterize as oracle},
};

args! {
    /// As in `shaders/reparameterize.wgsl`.
    pub struct Args {
        /// Start of μ in activations.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of relu(P onehot(y) + bP), likewise.
        projection: u32,
        /// Start of c, likewise.
        c: u32,
        /// Columns of all of them.
        latent: u32,
        /// 0: no projection.
        labelled: u32,
        /// 0: ε = 0, so that z = μ.
        noisy: u32,
        /// Rows of a full batch.
        capacity: u32,
        /// Where the row KLs start among a step's partials.
        tiles: u32,
        /// Partials per step.
        stride: u32,
    }
}

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "reparameterize",
    sources: &[source!("reparameterize.wgsl"), source!("common/batch.wgsl"), source!("common/reparameterize.wgsl")],
    bindings: &[
        (Role::Activations, Access::ReadWrite),
        (Role::Noise, Access::Read),
        (Role::Partials, Access::ReadWrite),
    ],
    args: Args::FIELDS,
    workgroup: [64, 1, 1],
    needs: Needs::Nothing,
    cases,
    mutants: &[
        Mutant { find: "batch.slot * args.capacity + row", replace: "row" },
        Mutant { find: "args.noisy == 1u", replace: "args.noisy == 0u" },
        Mutant { find: "c[i] += drawn.z", replace: "c[i] = drawn.z" },
        Mutant { find: "mu * mu + excess(bounded)", replace: "mu * mu + excess(log_var)" },
    ],
}];

/// Adds c `[rows, latent]` and the KL of each row, from μ, log σ² and, where `labelled`, the projection.
/// Without `noisy`, z = μ.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(program: &mut Program, middle: &Middle, labelled: bool, noisy: bool, partials: Partials) -> Result<()> {
    let c = middle.c;
    expect("reparameterize", "mu", middle.mu, c.rows, c.columns)?;
    expect("reparameterize", "log_var", middle.log_var, c.rows, c.columns)?;
    if labelled {
        expect("reparameterize", "projection", middle.projection, c.rows, c.columns)?;
    }
    let args = Args {
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.start,
        c: c.start,
        latent: c.columns,
        labelled: labelled as u32,
        noisy: noisy as u32,
        capacity: c.rows,
        tiles: partials.tiles,
        stride: partials.stride,
    };
    program.launch(&SPECS[0], &args, [c.rows as usize, 1]);
    Ok(())
}

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
            middle.projection = layout.input(Role::Activations, "projection", &projection, capacity);
        }
        middle.c = layout.output(Role::Activations, "c", capacity, latent);
        layout.noise(&epsilon, slot, capacity);
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
