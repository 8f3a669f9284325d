//! Proof of [`kernels::latent_backward`](crate::kernels::latent_backward).

use super::{
    analysis::{backward, slopes},
    place::{self, activated, batch, kept, random_layer, random_log_var},
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random},
        tolerance::{Approx, exact, product},
    },
    gpu::{Batch, LatentTiling, Matrix, Program, Role, Tilings},
    kernels::{
        latent_backward::{Gradients, SPECS, launch_folded},
        middle::{Layers, Middle, Parts, Variant, group_rows},
    },
    model::Condition,
    oracle::{
        latent::{Gaussian, Latent, LatentLayers},
        latent_backward::latent_backward,
        reparameterize::bound,
    },
};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    // the kernel in workgroup memory
    Mutant { find: "dcode[lane] = sum;", replace: "dcode[lane] = part[lane];" },
    Mutant { find: "= dlog_var[lane];", replace: "= dmu[lane];" },
    Mutant { find: "sum * derivative(h)", replace: "sum" },
    Mutant { find: "part[lane] += part[lane + half]", replace: "part[lane] = part[lane + half]" },
    // the kernel in subgroups
    Mutant { find: "subgroupAdd(right[2])", replace: "right[2]" },
    Mutant { find: "store(args.dlog_var, row, lane, dlog_var);", replace: "store(args.dlog_var, row, lane, dmu);" },
    Mutant { find: "derivative(of_rows(args.code, rows, j))", replace: "derivative(of_rows(args.h, rows, j))" },
    Mutant { find: "sum += subgroupShuffle(dmu, i)", replace: "sum = subgroupShuffle(dmu, i)" },
];

fn cases(variant @ (cut, _): Variant) -> Vec<Case> {
    let [ae, vae, cvae] =
        [(false, false), (true, false), (true, true)].map(|(variational, labelled)| Parts { variational, labelled });
    [
        ([7, 24, 5, 3], cvae, 3.0),
        ([3, 37, 8, 0], ae, 0.0),
        ([2, 1, 1, 1], cvae, 1.0),
        ([3, 100, 2, 0], vae, 1.0),
        ([2, 266, 33, 10], cvae, 0.5),
        ([2, 256, 128, 0], vae, 1.0),
        ([1, 40, 127, 0], ae, 0.0),
        ([9, 70, 16, 5], cvae, 1.0),
        ([4, 256, 8, 0], vae, 3.0),
        ([5, 33, 8, 10], cvae, 1.0),
        ([6, 34, 4, 3], cvae, 1.0),
        ([5, 12, 13, 21], cvae, 1.0),
        ([14, 9, 3, 2], cvae, 2.0),
        ([3, 20, 11, 4], cvae, 1.0),
    ]
    .into_iter()
    .filter(|(shape, ..)| cut.fitting(shape[2], shape[1]) == cut)
    .map(|(shape, parts, beta)| case(variant, shape, parts, beta))
    .collect()
}

fn case((cut, activation): Variant, [rows, width, columns, classes]: [usize; 4], parts: Parts, beta: f64) -> Case {
    let (slot, capacity) = (1, rows + 1);
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings { latent: cut, ..Tilings::default() }));
    let (code, mu, log_var) = (
        random_layer(1, width, columns, 1.0),
        random_layer(2, columns, columns, 1.0),
        random_layer(3, columns, columns, 1.0),
    );
    let (label, d) = (random_layer(4, classes, columns, 1.0), random_layer(5, columns, width, 1.0));
    let mut layers = Layers {
        code: place::layer(&mut layout, Role::Params, &code),
        d: place::layer(&mut layout, Role::Params, &d),
        activation,
        ..Layers::default()
    };
    let [h, code_found, projection] =
        [(6, width), (8, columns), (9, columns)].map(|(seed, n)| kept(activation, seed, rows, n));
    let (mu_found, log_var_found) = (random(10, rows, columns, 1.5), random_log_var(11, rows, columns));
    let (epsilon, dd) = (random(7, rows, columns, 2.0), random(12, rows, width, 1.0));
    place::noise(&mut layout, &epsilon, slot, capacity);

    let mut read = |name, values: &ndarray::Array2<f64>| layout.input(Role::Activations, name, values, capacity);
    let mut middle = Middle { h: read("h", &h).into(), code: read("code", &code_found).into(), ..Middle::default() };
    if parts.variational {
        (middle.mu, middle.log_var) = (read("mu", &mu_found), read("log_var", &log_var_found));
    }
    if parts.labelled {
        middle.projection = read("projection", &projection).into();
    }
    // not read here, but the shapes of the whole middle are checked
    middle.c = Matrix { columns: columns as u32, ..middle.code.kept };
    middle.d = middle.h;
    middle.onehot = Matrix { rows: capacity as u32, columns: classes as u32, start: 0 };
    if parts.variational {
        (layers.mu, layers.log_var) =
            (place::layer(&mut layout, Role::Params, &mu), place::layer(&mut layout, Role::Params, &log_var));
    }
    if parts.labelled {
        layers.label = place::layer(&mut layout, Role::Params, &label);
    }
    let gaussian = Gaussian { mu: mu_found, log_var: log_var_found.mapv(bound) };
    let truth = latent_backward(
        &dd,
        &LatentLayers {
            code: Some((&code, Some(activation))),
            heads: parts.variational.then_some((&mu, &log_var)),
            projector: parts.labelled.then_some(&label),
            condition: Condition::Add,
            decoder: &d,
            activation,
        },
        &Latent {
            code: Some(activated(activation, code_found.clone())),
            gaussian: parts.variational.then_some(gaussian.clone()),
            z: ndarray::Array2::zeros((rows, columns)),
            projection: parts.labelled.then(|| activated(activation, projection.clone())),
            decoder_input: Default::default(),
            d1: activated(activation, Default::default()),
            kl: ndarray::Array1::zeros(rows),
        },
        &epsilon,
        &h,
        beta,
        None,
    );
    let passed = |analysis: &ndarray::Array2<Approx>, kept: &ndarray::Array2<f64>| {
        ndarray::Zip::from(analysis).and(kept).map_collect(|&dy, &kept| backward(dy, kept, activation))
    };
    let dd_at = layout.input(Role::Signals, "dd", &dd, capacity);
    let mut write = |name, values: &ndarray::Array2<f64>, analysis: &ndarray::Array2<Approx>| {
        let matrix = layout.output(Role::Signals, name, capacity, values.ncols());
        layout.expect(Role::Signals, matrix, values, analysis);
        matrix
    };
    let mut gradients = Gradients { d: dd_at, ..Gradients::default() };
    let shares = if cut == LatentTiling::Subgroup { 32 } else { 64 / columns.div_ceil(4).next_power_of_two() };
    let share = width.div_ceil(shares); // terms that an invocation adds up
    let dz = product(&exact(&dd), &exact(&d.weight), share + 16);
    if let Some(dprojection) = &truth.dprojection {
        gradients.projection = write("dprojection", dprojection, &passed(&dz, &projection));
    }
    let mut dcode = dz.clone();
    if let Some((dmu, dlog_var)) = &truth.dgaussian {
        let (to_mu, to_log_var) = slopes(&gaussian.mu, &log_var_found, &epsilon, &dz, beta);
        gradients.mu = write("dmu", dmu, &to_mu);
        gradients.log_var = write("dlog_var", dlog_var, &to_log_var);
        let both = |to: &ndarray::Array2<Approx>, layer: &crate::oracle::linear::Linear| {
            product(to, &exact(&layer.weight), 2 * columns + 1)
        };
        dcode = ndarray::Zip::from(&both(&to_mu, &mu)).and(&both(&to_log_var, &log_var)).map_collect(|&a, &b| a + b);
    }
    let dcode = passed(&dcode, &code_found);
    gradients.code = write("dcode", truth.dcode.as_ref().expect("the article's design has a code"), &dcode);
    let dh = passed(&product(&dcode, &exact(&code.weight), columns + 1), &h);
    gradients.h = write("dh", &truth.dh, &dh);
    // two rows of workgroups, as more than 65,535 rows would have
    let grid = [capacity.div_ceil(2 * group_rows(cut)), 2];
    launch_folded(&mut program, &layers, &middle, &gradients, parts, grid).expect("operands of one shape");
    let name =
        format!("{rows} of {capacity} rows, width {width}, latent {columns}, {classes} classes, {parts:?}, β {beta}");
    layout.case(name, program, Batch { kl_weight: beta as f32, ..batch(0, rows, slot) }, 1)
}
