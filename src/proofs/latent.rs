//! Proof of [`kernels::latent`](crate::kernels::latent).

use super::{
    analysis::{activated, affine, draw},
    place::{self, batch, random_layer},
    shapes::sample,
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random, random_relu},
        tolerance::{Approx, exact},
    },
    gpu::{Precision, Program, Role, Tilings},
    kernels::{
        self,
        latent::{SPECS, launch_folded},
        middle::{Layers, Middle, Partials, Parts, Variant, group_rows},
    },
    model::Condition,
    oracle::{
        latent::{LatentLayers, latent},
        linear::{Activated, linear},
        onehot::onehot,
    },
};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    // the kernel in workgroup memory
    Mutant { find: "part[8u * lane + l]", replace: "part[8u * lane]" },
    Mutant { find: "kl += drawn.kl", replace: "kl = drawn.kl" },
    Mutant { find: "c[j] += activate(", replace: "c[j] = activate(" },
    Mutant { find: "vec4u(labels[item])", replace: "vec4u(item)" },
    // the kernel in subgroups
    Mutant { find: "subgroupAdd(s3)", replace: "s3" },
    Mutant { find: "subgroupAdd(kl)", replace: "kl" },
    Mutant { find: "c += projection", replace: "c = projection" },
    Mutant { find: "vec4u(y[r])", replace: "vec4u(y[0])" },
];

/// What a case of the middle is about.
#[derive(Clone, Copy, Debug)]
struct Setting {
    rows: usize,
    width: usize,
    latent: usize,
    classes: usize,
    parts: Parts,
    noisy: bool,
    /// log σ² at its bounds and beyond.
    extreme: bool,
}

const AE: Parts = Parts { variational: false, labelled: false };
const VAE: Parts = Parts { variational: true, labelled: false };
const CVAE: Parts = Parts { variational: true, labelled: true };

fn cases(variant @ (cut, _): Variant) -> Vec<Case> {
    let setting = |rows, width, latent, classes, parts| Setting {
        rows,
        width,
        latent,
        classes,
        parts,
        noisy: true,
        extreme: false,
    };
    [
        setting(7, 24, 5, 8, CVAE),
        setting(3, 37, 8, 0, AE),
        setting(2, 1, 1, 1, CVAE),
        setting(2, 12, 66, 0, VAE),
        Setting { noisy: false, ..setting(3, 100, 2, 0, VAE) },
        Setting { extreme: true, ..setting(2, 24, 9, 10, CVAE) },
        setting(2, 266, 33, 10, CVAE),
        setting(2, 256, 128, 5, CVAE),
        setting(1, 5, 67, 261, CVAE),
        setting(1, 40, 127, 0, AE),
        setting(9, 70, 16, 5, CVAE),
        setting(4, 256, 8, 0, VAE),
        Setting { extreme: true, ..setting(5, 33, 8, 10, CVAE) },
        setting(6, 34, 4, 3, CVAE),
        setting(5, 12, 13, 21, CVAE),
        setting(14, 9, 3, 2, CVAE),
        setting(2, 5, 3, 70, CVAE),
    ]
    .into_iter()
    .filter(|setting| cut.fitting(setting.latent, setting.width) == cut)
    .map(|setting| case(variant, setting))
    .collect()
}

fn case((cut, activation): Variant, setting: Setting) -> Case {
    let Setting { rows, width, latent: columns, classes, parts, noisy, extreme } = setting;
    let (first, slot, capacity) = (2, 1, rows + 1);
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings { latent: cut, ..Tilings::default() }));
    let (code, mut mu, mut log_var) = (
        random_layer(1, width, columns, 1.0),
        random_layer(2, columns, columns, 1.0),
        random_layer(3, columns, columns, 1.0),
    );
    let (mut label, d) = (random_layer(4, classes, columns, 1.0), random_layer(5, columns, width, 1.0));
    label.bias.mapv_inplace(f64::abs);
    if extreme {
        // as nothing but the bias decides, log σ² is exactly at its bounds
        mu.weight.fill(0.0);
        log_var.weight.fill(0.0);
        for (bias, extreme) in log_var.bias.iter_mut().zip([-30.0, 20.0, -40.0, 25.0, -29.5, 19.5, -1e4, 1e4]) {
            *bias = extreme;
        }
    }
    let code_at = place::layer(&mut layout, Role::Params, &code);
    // a layer that the model lacks must not be read, though its place may hold something
    let mut place =
        |present: bool, layer| if present { place::layer(&mut layout, Role::Params, layer) } else { code_at };
    let layers = Layers {
        code: code_at,
        mu: place(parts.variational, &mu),
        log_var: place(parts.variational, &log_var),
        label: place(parts.labelled, &label),
        d: place(true, &d),
        activation,
    };
    let (order, labels) = sample(first + rows, classes);
    layout.words(Role::Order, "order", &order);
    layout.words(Role::Labels, "labels", &labels);
    let (h, epsilon) = (random_relu(6, rows, width, 1.0), random(7, rows, columns, 2.0));
    place::noise(&mut layout, &epsilon, slot, capacity);
    let partials = Partials { tiles: 5, stride: (5 + capacity) as u32 };
    layout.unwritten(Role::Partials, "partials", (slot + 1) * partials.stride as usize);
    let mut middle = Middle { h: layout.input(Role::Activations, "h", &h, capacity).into(), ..Middle::default() };

    let epsilon = if noisy { epsilon } else { 0.0 * epsilon };
    let batch_labels: Vec<u32> = order[first..].iter().map(|&item| labels[item as usize]).collect();
    let hot = onehot(&batch_labels, classes);
    let truth_layers = LatentLayers {
        code: Some((&code, Some(activation))),
        heads: parts.variational.then_some((&mu, &log_var)),
        projector: parts.labelled.then_some(&label),
        condition: Condition::Add,
        decoder: &d,
        activation,
    };
    let truth = latent(&h, &truth_layers, &epsilon, &hot);
    let mut expect = |name, values: &ndarray::Array2<f64>, analysis: &ndarray::Array2<Approx>| {
        let matrix = layout.output(Role::Activations, name, capacity, values.ncols());
        layout.expect(Role::Activations, matrix, values, analysis);
        matrix
    };
    let passed = |sums: &ndarray::Array2<Approx>| sums.mapv(|sum| activated(sum, activation));
    // an activated tensor, and its sums where they are kept
    let expect_activated = |expect: &mut dyn FnMut(_, &_, &_) -> _, names: [_; 2], truth: &Activated, sums: &_| {
        let output = expect(names[0], &truth.output, &passed(sums));
        let kept = truth.sums.as_ref().map_or(output, |truth| expect(names[1], truth, sums));
        kernels::activation::ActivatedMatrix { output, kept }
    };
    let code_sums = affine(&exact(&h), &code, Precision::F32);
    let code_analysis = passed(&code_sums);
    let code_truth = truth.code.as_ref().expect("the article's design has a code");
    middle.code = expect_activated(&mut expect, ["code", "sums of code"], code_truth, &code_sums);
    let mut c_analysis = code_analysis.clone();
    let mut kl_analysis = vec![Approx::default(); rows];
    if let Some(gaussian) = &truth.gaussian {
        let mu_analysis = affine(&code_analysis, &mu, Precision::F32);
        let log_var_analysis = affine(&code_analysis, &log_var, Precision::F32);
        middle.mu = expect("mu", &gaussian.mu, &mu_analysis);
        // it is bounded where it is used
        let unbounded = linear(&code_truth.output, &log_var);
        middle.log_var = expect("log_var", &unbounded, &log_var_analysis);
        (c_analysis, kl_analysis) = draw(&mu_analysis, &log_var_analysis, &epsilon);
    }
    if let Some(projection) = &truth.projection {
        let sums = affine(&exact(&hot), &label, Precision::F32);
        c_analysis.zip_mut_with(&passed(&sums), |c, &p| *c = *c + p);
        middle.projection = expect_activated(&mut expect, ["projection", "sums of projection"], projection, &sums);
        middle.onehot = expect("onehot", &hot, &exact(&hot));
    }
    middle.c = expect("c", &truth.decoder_input, &c_analysis);
    let sums = affine(&c_analysis, &d, Precision::F32);
    middle.d = expect_activated(&mut expect, ["d", "sums of d"], &truth.d1, &sums);
    let kl_at = (slot as u32 * partials.stride + partials.tiles) as usize;
    layout.expect_words(Role::Partials, kl_at, &truth.kl.to_vec(), &kl_analysis);
    // two rows of workgroups, as more than 65,535 rows would have
    let grid = [capacity.div_ceil(2 * group_rows(cut)), 2];
    launch_folded(&mut program, &layers, &middle, parts, noisy, partials, grid).expect("operands of one shape");
    layout.case(format!("{setting:?}"), program, batch(first, rows, slot), 1)
}
