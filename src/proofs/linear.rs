//! Proof of [`kernels::linear`](crate::kernels::linear).

use super::{
    analysis::{activated, affine},
    place::{self, batch, held, random_layer},
    shapes::{Shape, sample, shapes},
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, gather, random},
        tolerance::{Approx, exact, values},
    },
    gpu::{Format, Program, Role, Tiling, Tilings},
    kernels::{
        activation::ActivatedMatrix,
        linear::{Finish, Input, SPECS, Variant, launch},
    },
    model::sigmoid,
    oracle::linear as oracle,
};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "row < batch.rows", replace: "row <= batch.rows" },
    Mutant { find: "args.w + args.n * args.k4 + j", replace: "args.w + args.n * args.k4" },
    Mutant { find: "max(a, vec4f())", replace: "min(a, vec4f())" },
    Mutant { find: "exp(-2.0 * abs(a))", replace: "exp(-abs(a))" },
    Mutant { find: "return a * (select(", replace: "return (select(" },
    // products that add up vec4 by vec4
    Mutant { find: "; k < args.k4; k", replace: "; k + 1u < args.k4; k" },
    Mutant { find: "vec4u(0u, 1u, 2u, 3u), vec4u(args.n", replace: "vec4u(0u, 1u, 2u, 2u), vec4u(args.n" },
    // products that add up block by block
    Mutant { find: "first + own < args.k4", replace: "first + own <= args.k4" },
    Mutant { find: "COLUMNS4 * (4u * own", replace: "COLUMNS4 * (3u * own" },
    // products of cooperative matrices
    Mutant { find: "0.0, 1.0, k < args.k4", replace: "0.0, 1.0, k <= args.k4" },
    Mutant { find: "part_column(part) + EDGE * (q / 4u)", replace: "part_column(part) + EDGE * (q / 8u)" },
];

fn cases(Variant { tiling, images, finish }: Variant) -> Vec<Case> {
    let mut cases: Vec<Case> = shapes().map(|shape| case(tiling, shape, images, finish, 1.0)).collect();
    // ±100 before the finish
    let wide = Shape { first: 0, rows: 5, capacity: 5, inputs: 3, outputs: 20 };
    cases.push(case(tiling, wide, images, finish, 100.0));
    cases
}

fn case(tiling: Tiling, shape: Shape, images: Option<Format>, finish: Finish, bias: f64) -> Case {
    let Shape { first, rows, capacity, inputs, outputs } = shape;
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings::all(tiling)));
    let precision = tiling.precision();
    let mut truth = random_layer(1, inputs, outputs, bias);
    truth.weight = held(truth.weight, precision);
    let layer = place::layer(&mut layout, Role::Params, &truth);
    let (input, x) = match images {
        Some(format) => {
            let (order, _) = sample(first + rows, 0);
            let images = place::images(&mut layout, format, 2, order.len(), inputs);
            layout.words(Role::Order, "order", &order);
            (Input::Images(format), gather(&images, &order[first..]))
        }
        None => {
            let x = held(random(2, rows, inputs, 1.0), precision);
            (Input::Activations(layout.input(Role::Activations, "x", &x, capacity)), exact(&x))
        }
    };
    let mut y = ActivatedMatrix::from(layout.output(Role::Activations, "y", capacity, outputs));
    let sums = oracle::linear(&values(&x), &truth);
    let analysis = affine(&x, &truth, precision);
    let (found, analysis) = match finish {
        Finish::Identity => (sums, analysis),
        Finish::Activated(activation) => {
            let found = oracle::Activated::new(sums, activation);
            if let Some(sums) = &found.sums {
                y.kept = layout.output(Role::Activations, "sums", capacity, outputs);
                layout.expect(Role::Activations, y.kept, sums, &analysis);
            }
            (found.output, analysis.mapv(|sum| activated(sum, activation)))
        }
        Finish::Sigmoid => (sums.mapv(sigmoid), analysis.mapv(Approx::sigmoid)),
    };
    layout.expect(Role::Activations, y.output, &found, &analysis);
    launch(&mut program, input, layer, y, finish).expect("operands of one shape");
    layout.case(format!("{shape}, biases up to {bias}"), program, batch(first, rows, 0), 1)
}
