//! Proof of [`kernels::update`](crate::kernels::update).

use super::{
    analysis::{adam as analyse_adam, depth, operand, unscaled},
    linear_backward::case_scale,
    place::{self, adam_batch, batch, held, random_layer},
    shapes::sample,
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, gather, random, row},
        tolerance::{Approx, exact, product, values},
    },
    gpu::{Format, Precision, Program, Role, Tiling, Tilings},
    kernels::{
        linear::Input,
        update::{Epilogue, SPECS, Share, Variant, all_groups, launch_folded, table, uniform},
    },
    model::Adam,
    oracle::{adam::adam, update::update},
};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "layers[l].group <= group", replace: "layers[l].group < group" },
    Mutant { find: "if j < layer.n", replace: "if j <= layer.n" },
    Mutant { find: "bias += dy", replace: "bias = dy" },
    // products that add up row by row
    Mutant { find: "if layer.images == 1u {\n", replace: "if layer.images == 0u {\n" },
    // products that add up block by block
    Mutant { find: "i < batch.rows)", replace: "i <= batch.rows)" },
    Mutant { find: "input(layer, row, ", replace: "input(layer, 0u, " },
];

fn cases(Variant { tiling, epilogue, images: format }: Variant) -> Vec<Case> {
    [
        (4, 7, 9, &[(21, 5, true), (9, 18, false), (18, 9, false)][..]),
        (0, 1, 1, &[(1, 1, true)][..]),
        (3, 33, 40, &[(131, 67, true), (2, 8, false), (8, 3, false), (7, 63, false)][..]),
        (0, 5, 5, &[(9, 8, false), (3, 257, false), (12, 4, true)][..]),
        (1, 30, 30, &[(64, 70, true), (32, 36, false)][..]),
        (2, 8, 9, &[(9, 10, true), (33, 32, false), (31, 33, false)][..]), // the last four rows are all there
        (0, 3, 3, &[(1, 5, true), (129, 133, false)][..]),                 // two of the largest blocks on both axes
    ]
    .map(|(first, rows, capacity, layers)| case(tiling, epilogue, format, [first, rows, capacity], layers))
    .into()
}

/// `layers` are (inputs, outputs, whether the images are its input).
fn case(
    tiling: Tiling,
    epilogue: Epilogue,
    format: Format,
    [first, rows, capacity]: [usize; 3],
    layers: &[(usize, usize, bool)],
) -> Case {
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings::all(tiling)));
    let (order, _) = sample(first + rows, 0);
    let pixels = layers.iter().find(|layer| layer.2).map_or(1, |layer| layer.0);
    let images = place::images(&mut layout, format, 1, order.len(), pixels);
    layout.words(Role::Order, "order", &order);
    let t = 3;
    let precision = tiling.precision();
    let additions = match precision {
        Precision::F32 => rows + 1,
        Precision::Mixed => depth(rows, precision),
    };
    let scale = match epilogue {
        Epilogue::Store => case_scale(precision),
        Epilogue::Adam => 1.0, // small gradients would hardly show beside the moments
    };
    program.loss_scale = scale as f32;
    let (record, args) = adam_batch(batch(first, rows, 0), &Adam { lr: 0.1, ..Default::default() }, t);
    let mut shares = Vec::new();
    for (&(k, n, first_layer), seed) in layers.iter().zip((10..).step_by(10)) {
        let (x, input) = if first_layer {
            (gather(&images, &order[first..]), Input::Images(format))
        } else {
            let x = held(random(seed, rows, k, 1.0), precision);
            (exact(&x), Input::Activations(layout.input(Role::Activations, "x", &x, capacity)))
        };
        let dy = held(random(seed + 1, rows, n, 1.0), precision) / scale;
        let dy_at = layout.input(Role::Signals, "dy", &dy, capacity);
        let gradient = update(&dy, &values(&x));
        let [taken, x] = [(exact(&dy.t()), scale), (x, 1.0)].map(|(values, scale)| operand(&values, precision, scale));
        let products = unscaled(product(&taken, &x, additions), precision);
        let analysis = [products, row(&gradient.bias).mapv(|_| Approx::default())];
        let [dweight, mut dbias] = analysis;
        for (j, db) in dbias.iter_mut().enumerate() {
            *db = Approx::sum(dy.column(j).iter().map(|&dy| dy.into()), rows);
        }
        let found = [(gradient.weight, dweight), (row(&gradient.bias), dbias)];
        let layer = match epilogue {
            Epilogue::Store => {
                let layer = place::layer_output(&mut layout, Role::Gradients, n, k);
                for (matrix, (gradient, analysis)) in [layer.weight, layer.bias()].into_iter().zip(&found) {
                    layout.expect(Role::Gradients, matrix, gradient, analysis);
                }
                layer
            }
            Epilogue::Adam => {
                let mut truth = [2, 3, 4].map(|more| random_layer(seed + more, k, n, 0.1));
                truth[2].weight.mapv_inplace(f64::abs);
                truth[2].bias.mapv_inplace(f64::abs);
                let roles = [Role::Params, Role::FirstMoment, Role::SecondMoment];
                let places = [0, 1, 2].map(|i| place::layer(&mut layout, roles[i], &truth[i]));
                let [param, m, v] = truth;
                let weights = [param.weight, m.weight, v.weight];
                let biases = [row(&param.bias), row(&m.bias), row(&v.bias)];
                for ((tensors, (gradient, analysis)), bias) in
                    [weights, biases].into_iter().zip(&found).zip([false, true])
                {
                    let [mut param, mut m, mut v] = tensors;
                    let analysis = analyse_adam(&param, &m, &v, analysis, &args, t);
                    adam(&mut param, &mut m, &mut v, gradient, &args, t);
                    let found = [(param, analysis.param), (m, analysis.m), (v, analysis.v)];
                    for ((role, place), (found, analysis)) in roles.into_iter().zip(places).zip(&found) {
                        let matrix = if bias { place.bias() } else { place.weight };
                        layout.expect(role, matrix, found, analysis);
                    }
                }
                places[0]
            }
        };
        shares.push(Share { layer, x: input, dy: dy_at });
    }
    // a model's buffers exist whether or not a layer reads them
    layout.output(Role::Activations, "unused", 1, 1);
    let table = table(&shares, tiling).expect("operands of one shape");
    // behind the table lies what a launch that read too far would take for the layer of every workgroup
    layout.words(Role::Layers, "layers", bytemuck::cast_slice(&uniform(&table)));
    // two rows of workgroups, as more than 65,535 workgroups would have
    let grid = [all_groups(&table, tiling).div_ceil(2), 2];
    launch_folded(&mut program, &table, 0, rows, epilogue, format, grid);
    layout.case(format!("{rows} of {capacity} rows, layers {layers:?}"), program, record, 1)
}
