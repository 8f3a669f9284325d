//! Proof of [`kernels::output`](crate::kernels::output).

use super::{
    analysis::{affine, compare},
    place::{self, batch, held, random_layer},
    shapes::{Shape, sample, shapes},
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, gather, random_relu},
        tolerance::{Approx, exact, values},
    },
    gpu::{Format, Program, Role, Tiling, Tilings},
    kernels::output::{SPECS, Variant, launch, tiles},
    model::{Likelihood, Loss, Reduction},
    oracle::{linear::linear, output as oracle},
};
use ndarray::Zip;

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    let proof = |(variant, spec): (Variant, _)| {
        let own = match variant.likelihood {
            Likelihood::SquaredError => Mutant { find: "2.0 * e * p * q", replace: "2.0 * e * p" },
            _ => Mutant { find: "z - 0.5 * z * z", replace: "z + 0.5 * z * z" },
        };
        let total = match variant.tiling {
            Tiling::Subgroup => {
                Mutant { find: "subgroupShuffleXor(four, 1u)", replace: "subgroupShuffleXor(four, 2u)" }
            }
            _ => Mutant { find: "var half = OWNERS / 2u", replace: "var half = OWNERS / 4u" },
        };
        Proof::new(spec, &[MUTANTS, &[own, total]].concat(), move || cases(variant))
    };
    SPECS.iter().map(proof).collect()
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "batch.slot * args.stride + block", replace: "block" },
    Mutant { find: "own_loss += ", replace: "own_loss = " },
    Mutant { find: "select(vec4f(), found.loss, inside)", replace: "found.loss" },
];

fn cases(Variant { tiling, likelihood, images }: Variant) -> Vec<Case> {
    let losses = [Reduction::Sum, Reduction::Mean].map(|reduction| Loss { likelihood, reduction });
    let mut cases: Vec<Case> = shapes()
        .zip(losses.iter().cycle())
        .map(|(shape, &loss)| case(tiling, shape, loss, images, 1.0, false))
        .collect();
    for loss in losses {
        let shape = Shape { first: 1, rows: 3, capacity: 4, inputs: 1, outputs: 30 };
        cases.push(case(tiling, shape, loss, images, 100.0, false));
        // black pixels, told from their bias alone, so surely black that the loss takes its other formula
        cases.push(case(tiling, shape, loss, images, 1.9, true));
    }
    cases
}

fn case(tiling: Tiling, shape: Shape, loss: Loss, format: Format, bias: f64, black: bool) -> Case {
    let Shape { first, rows, capacity, inputs, outputs } = shape;
    let (slot, spare) = (1, 3);
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings::all(tiling)));
    let precision = tiling.precision();
    let mut truth = random_layer(1, inputs, outputs, bias);
    truth.weight = held(truth.weight, precision);
    if black {
        truth.weight.fill(0.0);
        truth.bias.mapv_inplace(|bias| (bias - 9.0) as f32 as f64);
    }
    let layer = place::layer(&mut layout, Role::Params, &truth);
    let (order, _) = sample(first + rows, 0);
    let images = match black {
        true => place::images_of(&mut layout, format, &ndarray::Array2::zeros((order.len(), outputs))),
        false => place::images(&mut layout, format, 2, order.len(), outputs),
    };
    layout.words(Role::Order, "order", &order);
    let (x, t) = (held(random_relu(3, rows, inputs, 1.0), precision), gather(&images, &order[first..]));
    let x_at = layout.input(Role::Activations, "x", &x, capacity);
    let dl_at = layout.output(Role::Signals, "dl", capacity, outputs);
    let stride = tiles(tiling, capacity, outputs) + spare;
    layout.unwritten(Role::Partials, "partials", (slot + 1) * stride);

    let truth_found = oracle::output(&x, &truth, &values(&t), loss);
    let logits = linear(&x, &truth);
    let affine = affine(&exact(&x), &truth, precision);
    let analysis = Zip::from(&affine).and(&t).map_collect(|&l, &t| compare(l, t, loss.likelihood));
    let scale = match loss.reduction {
        Reduction::Mean => Approx::exact(1.0) / Approx::exact((rows * outputs) as f64),
        Reduction::Sum => Approx::exact(1.0),
    };
    let gradients = analysis.mapv(|(_, gradient)| scale * gradient);
    layout.expect(Role::Signals, dl_at, &truth_found.dlogits, &gradients);

    let [[across, _], [width, height]] = [tiling.blocks(capacity, outputs), tiling.block()];
    let mut sums = vec![(0.0, Vec::new()); tiles(tiling, capacity, outputs)];
    for ((i, j), &(loss_found, _)) in analysis.indexed_iter() {
        let (sum, terms) = &mut sums[i / height * across + j / width];
        *sum += loss.likelihood.pixel(logits[[i, j]], 0.0, t[[i, j]].value).loss;
        terms.push(loss_found);
    }
    let (sums, analysis): (Vec<f64>, Vec<Approx>) =
        sums.into_iter().map(|(sum, terms)| (sum, Approx::sum(terms, tiling.depth()))).unzip();
    layout.expect_words(Role::Partials, slot * stride, &sums, &analysis);
    let what = if black { ", black" } else { "" };
    launch(&mut program, x_at, layer, dl_at, loss, format, stride).expect("operands of one shape");
    layout.case(format!("{shape}, {loss}, biases up to {bias}{what}"), program, batch(first, rows, slot), 1)
}
