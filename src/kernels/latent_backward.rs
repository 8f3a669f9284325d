//! Backward through the narrow middle of a model, row by row, in one dispatch.

use super::{
    expect,
    middle::{Layers, Middle, Parts, group_rows, workgroup},
};
use crate::{
    Result,
    check::{
        Case,
        layout::{Layout, batch, random, random_layer, random_log_var, random_relu},
        tolerance::{Approx, exact, product, slopes},
    },
    gpu::{Access, Args as _, LatentTiling, Matrix, Mutant, Program, Role, Spec, Tilings, args, fold, source},
    oracle::{
        latent::{Gaussian, Latent, LatentLayers},
        latent_backward::latent_backward,
        reparameterize::bound,
    },
};

args! {
    /// As in `shaders/latent_backward.wgsl`.
    pub struct Args {
        /// Start of h in activations.
        h: u32,
        /// Start of code, likewise.
        code: u32,
        /// Start of μ, likewise.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of relu(P onehot(y) + bP), likewise.
        projection: u32,
        /// Start of dd in signals.
        dd: u32,
        /// Start of dprojection, likewise.
        dprojection: u32,
        /// Start of dμ, likewise.
        dmu: u32,
        /// Start of dlog σ², likewise.
        dlog_var: u32,
        /// Start of dcode, likewise.
        dcode: u32,
        /// Start of dh, likewise.
        dh: u32,
        /// Start of W₂ in params.
        w_code: u32,
        /// Start of Wμ, likewise.
        w_mu: u32,
        /// Start of Wσ, likewise.
        w_log_var: u32,
        /// Start of W₃, likewise.
        w_d: u32,
        /// Columns of h and d.
        width: u32,
        /// Columns of code, μ, log σ², z and c.
        latent: u32,
        /// 0: no labels.
        classes: u32,
        /// 0: autoencoder.
        variational: u32,
        /// Rows of a full batch.
        capacity: u32,
        /// Weight of the KL divergence.
        beta: f32,
    }
}

/// Gradients of the middle, each before its activation. Those a model lacks are left at their default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gradients {
    /// `[rows, width]`, before the relu of the decoder's first hidden layer.
    pub d: Matrix,
    /// Of what is decoded, `[rows, latent]`; only written where the middle is not one dispatch.
    pub c: Matrix,
    /// `[rows, latent]`
    pub projection: Matrix,
    /// `[rows, latent]`
    pub mu: Matrix,
    /// `[rows, latent]`
    pub log_var: Matrix,
    /// `[rows, latent]`
    pub code: Matrix,
    /// `[rows, width]`
    pub h: Matrix,
}

macro_rules! spec {
    ($name:literal, $tiling:expr, [$($part:literal),+], $cases:expr, $mutants:expr) => {
        Spec {
            name: $name,
            sources: &[
                source!("latent_backward.wgsl"),
                $(source!($part),)+
                source!("common/batch.wgsl"),
                source!("common/reparameterize.wgsl"),
            ],
            bindings: &[
                (Role::Params, Access::Read),
                (Role::Activations, Access::Read),
                (Role::Signals, Access::ReadWrite),
                (Role::Noise, Access::Read),
            ],
            args: Args::FIELDS,
            workgroup: workgroup($tiling),
            needs: $tiling.needs(),
            cases: $cases,
            mutants: $mutants,
        }
    };
}

/// In workgroup memory, and in subgroups.
pub static SPECS: &[Spec] = &[
    spec!(
        "latent_backward",
        LatentTiling::Workgroup,
        ["common/latent_backward_workgroup.wgsl"],
        || cases(LatentTiling::Workgroup),
        &[
            Mutant { find: "dcode[lane] = sum;", replace: "dcode[lane] = dc[lane];" },
            Mutant { find: "dlog_var[lane] = to_log_var;", replace: "dlog_var[lane] = to_mu;" },
            Mutant { find: "select(vec4f(), sum, h > vec4f())", replace: "select(vec4f(), sum, h >= vec4f())" },
            Mutant { find: "l = 8u; l < LANES", replace: "l = 16u; l < LANES" },
        ]
    ),
    spec!(
        "latent_backward, subgroup",
        LatentTiling::Subgroup,
        ["common/latent_backward_subgroup.wgsl", "common/four_rows.wgsl"],
        || cases(LatentTiling::Subgroup),
        &[
            Mutant { find: "subgroupAdd(right[2])", replace: "right[2]" },
            Mutant {
                find: "store(args.dlog_var, row, lane, dlog_var);",
                replace: "store(args.dlog_var, row, lane, dmu);"
            },
            Mutant { find: "of_rows(args.code, rows, j) > vec4f()", replace: "of_rows(args.code, rows, j) >= vec4f()" },
            Mutant { find: "sum += subgroupShuffle(dmu, i)", replace: "sum = subgroupShuffle(dmu, i)" },
        ]
    ),
];

/// Adds the backward pass of the middle to the program: from `gradients.d` to its other matrices (but c), with β times
/// the gradient of the KL divergence.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where layers, activations and gradients do not fit.
pub fn launch(
    program: &mut Program,
    layers: &Layers,
    middle: &Middle,
    gradients: &Gradients,
    parts: Parts,
    beta: f64,
) -> Result<()> {
    let rows = group_rows(program.tilings.latent);
    launch_folded(program, layers, middle, gradients, parts, beta, fold((middle.h.rows as usize).div_ceil(rows)))
}

fn launch_folded(
    program: &mut Program,
    layers: &Layers,
    middle: &Middle,
    gradients: &Gradients,
    parts: Parts,
    beta: f64,
    [x, y]: [usize; 2],
) -> Result<()> {
    middle.check("latent_backward", layers, parts, program.tilings.latent)?;
    let (rows, width, latent) = (middle.h.rows, middle.h.columns, middle.code.columns);
    expect("latent_backward", "dd", gradients.d, rows, width)?;
    expect("latent_backward", "dcode", gradients.code, rows, latent)?;
    expect("latent_backward", "dh", gradients.h, rows, width)?;
    if parts.variational {
        expect("latent_backward", "dmu", gradients.mu, rows, latent)?;
        expect("latent_backward", "dlog_var", gradients.log_var, rows, latent)?;
    }
    if parts.labelled {
        expect("latent_backward", "dprojection", gradients.projection, rows, latent)?;
    }
    let args = Args {
        h: middle.h.start,
        code: middle.code.start,
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.start,
        dd: gradients.d.start,
        dprojection: gradients.projection.start,
        dmu: gradients.mu.start,
        dlog_var: gradients.log_var.start,
        dcode: gradients.code.start,
        dh: gradients.h.start,
        w_code: layers.code.weight.start,
        w_mu: layers.mu.weight.start,
        w_log_var: layers.log_var.weight.start,
        w_d: layers.d.weight.start,
        width,
        latent,
        classes: if parts.labelled { layers.label.inputs() } else { 0 },
        variational: parts.variational as u32,
        capacity: rows,
        beta: beta as f32,
    };
    let spec = &SPECS[(program.tilings.latent == LatentTiling::Subgroup) as usize];
    program.launch(spec, &args, [x * spec.workgroup[0] as usize, y]);
    Ok(())
}

fn cases(cut: LatentTiling) -> Vec<Case> {
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
    .map(|(shape, parts, beta)| case(cut, shape, parts, beta))
    .collect()
}

fn case(cut: LatentTiling, [rows, width, columns, classes]: [usize; 4], parts: Parts, beta: f64) -> Case {
    let (slot, capacity) = (1, rows + 1);
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings { latent: cut, ..Tilings::default() }));
    let (code, mu, log_var) = (
        random_layer(1, width, columns, 1.0),
        random_layer(2, columns, columns, 1.0),
        random_layer(3, columns, columns, 1.0),
    );
    let (label, d) = (random_layer(4, classes, columns, 1.0), random_layer(5, columns, width, 1.0));
    let mut layers =
        Layers { code: layout.layer(Role::Params, &code), d: layout.layer(Role::Params, &d), ..Layers::default() };
    let [h, code_found, projection] =
        [(6, width), (8, columns), (9, columns)].map(|(seed, n)| random_relu(seed, rows, n, 1.0));
    let (mu_found, log_var_found) = (random(10, rows, columns, 1.5), random_log_var(11, rows, columns));
    let (epsilon, dd) = (random(7, rows, columns, 2.0), random(12, rows, width, 1.0));
    layout.noise(&epsilon, slot, capacity);

    let mut read = |name, values: &ndarray::Array2<f64>| layout.input(Role::Activations, name, values, capacity);
    let mut middle = Middle { h: read("h", &h), code: read("code", &code_found), ..Middle::default() };
    if parts.variational {
        (middle.mu, middle.log_var) = (read("mu", &mu_found), read("log_var", &log_var_found));
    }
    if parts.labelled {
        middle.projection = read("projection", &projection);
    }
    // not read here, but the shapes of the whole middle are checked
    middle.c = Matrix { columns: columns as u32, ..middle.code };
    middle.d = Matrix { columns: width as u32, ..middle.h };
    middle.onehot = Matrix { rows: capacity as u32, columns: classes as u32, start: 0 };
    if parts.variational {
        (layers.mu, layers.log_var) = (layout.layer(Role::Params, &mu), layout.layer(Role::Params, &log_var));
    }
    if parts.labelled {
        layers.label = layout.layer(Role::Params, &label);
    }
    let gaussian = Gaussian { mu: mu_found, log_var: log_var_found.mapv(bound) };
    let truth = latent_backward(
        &dd,
        &LatentLayers {
            code: &code,
            heads: parts.variational.then_some((&mu, &log_var)),
            projector: parts.labelled.then_some(&label),
            decoder: &d,
        },
        &Latent {
            code: code_found.clone(),
            gaussian: parts.variational.then_some(gaussian.clone()),
            z: Default::default(),
            projection: parts.labelled.then_some(projection.clone()),
            decoder_input: Default::default(),
            d1: Default::default(),
            kl: Default::default(),
        },
        &epsilon,
        &h,
        beta,
    );
    let passed = |analysis: &ndarray::Array2<Approx>, y: &ndarray::Array2<f64>| {
        let pass = |&dy: &Approx, &y: &f64| if y > 0.0 { dy } else { Approx::default() };
        ndarray::Zip::from(analysis).and(y).map_collect(pass)
    };
    let dd_at = layout.input(Role::Signals, "dd", &dd, capacity);
    let mut write = |name, values: &ndarray::Array2<f64>, analysis: &ndarray::Array2<Approx>| {
        let matrix = layout.output(Role::Signals, name, capacity, values.ncols());
        layout.expect(Role::Signals, matrix, values, analysis);
        matrix
    };
    let mut gradients = Gradients { d: dd_at, ..Gradients::default() };
    let share = if cut == LatentTiling::Subgroup { width.div_ceil(32) } else { width.div_ceil(64) }; // per invocation
    let dz = product(&exact(&dd), &exact(&d.weight), share + 16);
    if let Some(dprojection) = &truth.dprojection {
        gradients.projection = write("dprojection", dprojection, &passed(&dz, &projection));
    }
    let mut dcode = dz.clone();
    if let Some((dmu, dlog_var)) = &truth.dgaussian {
        let (to_mu, to_log_var) = slopes(&gaussian.mu, &log_var_found, &epsilon, &dz, beta);
        gradients.mu = write("dmu", dmu, &to_mu);
        gradients.log_var = write("dlog_var", dlog_var, &to_log_var);
        let both = |to: &ndarray::Array2<Approx>, layer: &crate::oracle::linear::Layer| {
            product(to, &exact(&layer.weight), 2 * columns + 1)
        };
        dcode = ndarray::Zip::from(&both(&to_mu, &mu)).and(&both(&to_log_var, &log_var)).map_collect(|&a, &b| a + b);
    }
    let dcode = passed(&dcode, &code_found);
    gradients.code = write("dcode", &truth.dcode, &dcode);
    let dh = passed(&product(&dcode, &exact(&code.weight), columns + 1), &h);
    gradients.h = write("dh", &truth.dh, &dh);
    // two rows of workgroups, as more than 65,535 rows would have
    let grid = [capacity.div_ceil(2 * group_rows(cut)), 2];
    launch_folded(&mut program, &layers, &middle, &gradients, parts, beta, grid).expect("operands of one shape");
    let name =
        format!("{rows} of {capacity} rows, width {width}, latent {columns}, {classes} classes, {parts:?}, β {beta}");
    layout.case(name, program, batch(0, rows, slot), 1)
}
