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
    gpu::{Format, Layer, Precision, Program, Role, Tiling, Tilings},
    kernels::{
        linear::Input,
        update::{Epilogue, SPECS, Share, Spans, Variant, all_groups, launch_folded, table, uniform},
    },
    model::Adam,
    oracle::{adam::adam, update::update},
};
use ndarray::{Array2, s};

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
    let mut cases: Vec<Case> = [
        (4, 7, 9, &[(21, 5, true), (9, 18, false), (18, 9, false)][..]),
        (0, 1, 1, &[(1, 1, true)][..]),
        (3, 33, 40, &[(131, 67, true), (2, 8, false), (8, 3, false), (7, 63, false), (5, 130, false)][..]),
        (0, 5, 5, &[(9, 8, false), (3, 257, false), (12, 4, true)][..]),
        (1, 30, 30, &[(64, 70, true), (32, 36, false)][..]),
        (2, 8, 9, &[(9, 10, true), (33, 32, false), (31, 33, false)][..]), // the last four rows are all there
        (0, 3, 3, &[(1, 5, true), (129, 133, false)][..]),                 // two of the largest blocks on both axes
    ]
    .map(|(first, rows, capacity, layers)| case(tiling, epilogue, format, [first, rows, capacity], 1, layers))
    .into();
    if epilogue == Epilogue::Store {
        cases.extend(
            [
                (2, 70, 70, 2, &[(9, 18, true), (21, 5, false)][..]), // 64 rows and 6
                (0, 97, 99, 3, &[(5, 70, true), (131, 3, false), (1, 1, false)][..]), // 64, 33 and none
                (1, 33, 64, 4, &[(2, 8, false), (7, 9, true)][..]),   // 32, one, none and none
                (0, 96, 96, 3, &[(33, 35, true)][..]),
            ]
            .map(|(first, rows, capacity, spans, layers)| {
                case(tiling, epilogue, format, [first, rows, capacity], spans, layers)
            }),
        );
    }
    cases
}

/// `layers` are (inputs, outputs, whether the images are its input). The rows are in `spans`, whose gradients are stored one after the
/// other.
fn case(
    tiling: Tiling,
    epilogue: Epilogue,
    format: Format,
    [first, rows, capacity]: [usize; 3],
    spans: usize,
    layers: &[(usize, usize, bool)],
) -> Case {
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings::all(tiling)));
    let (order, _) = sample(first + rows, 0);
    let pixels = layers.iter().find(|layer| layer.2).map_or(1, |layer| layer.0);
    let images = place::images(&mut layout, format, 1, order.len(), pixels);
    layout.words(Role::Order, "order", &order);
    let t = 3;
    let precision = tiling.precision();
    let scale = match epilogue {
        Epilogue::Store => case_scale(precision),
        Epilogue::Adam => 1.0, // small gradients would hardly show beside the moments
    };
    program.loss_scale = scale as f32;
    let (record, args) = adam_batch(batch(first, rows, 0), &Adam { lr: 0.1, ..Default::default() }, t);
    let (mut shares, mut stored) = (Vec::new(), Vec::new());
    for (&(k, n, first_layer), seed) in layers.iter().zip((10..).step_by(10)) {
        let (x, input) = if first_layer {
            (gather(&images, &order[first..]), Input::Images(format))
        } else {
            let x = held(random(seed, rows, k, 1.0), precision);
            (exact(&x), Input::Activations(layout.input(Role::Activations, "x", &x, capacity)))
        };
        let dy = held(random(seed + 1, rows, n, 1.0), precision) / scale;
        let dy_at = layout.input(Role::Signals, "dy", &dy, capacity);
        let found_in = |span: usize| {
            let [begin, end] = [span, span + 1].map(|span| (span * rows_of_span(rows, spans)).min(rows));
            found(&dy.slice(s![begin..end, ..]).to_owned(), &x.slice(s![begin..end, ..]).to_owned(), precision, scale)
        };
        let found = found_in(0);
        let layer = match epilogue {
            Epilogue::Store => {
                let layer = expect_stored(&mut layout, &found);
                stored.push((1..spans).map(found_in).collect::<Vec<_>>());
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
    let end = |layer: Layer| layer.bias().start + layer.bias().columns.div_ceil(4) + 1; // with the guard behind it
    let size = shares.last().map_or(0, |share| end(share.layer));
    for span in 0..spans - 1 {
        for (share, found) in shares.iter().zip(&stored) {
            let layer = expect_stored(&mut layout, &found[span]);
            assert_eq!(layer.weight.start, share.layer.weight.start + (span as u32 + 1) * size);
        }
    }
    // a model's buffers exist whether or not a layer reads them
    layout.output(Role::Activations, "unused", 1, 1);
    let table = table(&shares, tiling).expect("operands of one shape");
    // behind the table lies what a launch that read too far would take for the layer of every workgroup
    layout.words(Role::Layers, "layers", bytemuck::cast_slice(&uniform(&table)));
    // two rows of workgroups, as more than 65,535 workgroups would have
    let grid = [(spans * all_groups(&table, tiling)).div_ceil(2), 2];
    let stored = (epilogue == Epilogue::Store).then_some(Spans { count: spans as u32, size });
    launch_folded(&mut program, &table, 0, rows, stored, format, grid);
    layout.case(format!("{rows} of {capacity} rows in {spans}, layers {layers:?}"), program, record, 1)
}

/// Rows of each span but the last ones.
fn rows_of_span(rows: usize, spans: usize) -> usize {
    rows.div_ceil(spans).next_multiple_of(32)
}

/// Gradients of weight and bias, and their analysis.
type Found = [(Array2<f64>, Array2<Approx>); 2];

/// The gradients that dy, the loss multiplied by `scale`, and x give.
fn found(dy: &Array2<f64>, x: &Array2<Approx>, precision: Precision, scale: f64) -> Found {
    let rows = dy.nrows();
    let additions = match precision {
        Precision::F32 => rows + 1,
        Precision::Mixed => depth(rows, precision),
    };
    let gradient = update(dy, &values(x));
    let [taken, x] =
        [(exact(&dy.t()), scale), (x.clone(), 1.0)].map(|(values, scale)| operand(&values, precision, scale));
    let dweight = unscaled(product(&taken, &x, additions), precision);
    let sums = dy.columns().into_iter().map(|dy| Approx::sum(dy.iter().map(|&dy| dy.into()), rows)).collect();
    let dbias = Array2::from_shape_vec((1, dy.ncols()), sums).expect("a sum of each column");
    [(gradient.weight, dweight), (row(&gradient.bias), dbias)]
}

/// Where a layer's gradients are stored.
fn expect_stored(layout: &mut Layout, found: &Found) -> Layer {
    let (outputs, inputs) = found[0].0.dim();
    let layer = place::layer_output(layout, Role::Gradients, outputs, inputs);
    for (matrix, (gradient, analysis)) in [layer.weight, layer.bias()].into_iter().zip(found) {
        layout.expect(Role::Gradients, matrix, gradient, analysis);
    }
    layer
}
