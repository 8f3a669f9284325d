//! Proof of [`kernels::linear_backward`](crate::kernels::linear_backward).

use super::{
    analysis::{backward, depth, operand, unscaled},
    place::{self, batch, held, kept, random_layer},
    shapes::{Shape, shapes},
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random},
        tolerance::{exact, product},
    },
    gpu::{Precision, Program, Role, Tiling, Tilings},
    kernels::linear_backward::{SPECS, Variant, launch},
    model::Activation,
    oracle::linear_backward as oracle,
};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "args.add == 1u", replace: "args.add == 0u" },
    Mutant { find: "row < batch.rows", replace: "row <= batch.rows" },
    // products that add up vec4 by vec4, block by block, and those of cooperative matrices
    Mutant { find: "j < n4", replace: "j + 1u < n4" },
    Mutant { find: "first + own < n4", replace: "first + own <= n4" },
    Mutant { find: "sum / args.loss_scale", replace: "sum" },
    Mutant { find: "y > vec4f()", replace: "y >= vec4f()" },
    Mutant { find: "1.0 - y * y", replace: "1.0 - y" },
    Mutant { find: "(z * r * r)", replace: "(z * r)" },
    Mutant { find: "1.0 - exp(-y)", replace: "exp(-y)" },
];

fn cases((tiling, activation): Variant) -> Vec<Case> {
    shapes().zip([false, true].into_iter().cycle()).map(|(shape, add)| case(tiling, shape, activation, add)).collect()
}

/// The loss scale of a case: 1 in float32; in mixed precision 2²⁰, for gradients that f16 would lose as they are.
pub(super) fn case_scale(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => 1.0,
        Precision::Mixed => (1 << 20) as f64,
    }
}

fn case(tiling: Tiling, shape: Shape, activation: Option<Activation>, add: bool) -> Case {
    let Shape { first, rows, capacity, inputs, outputs } = shape;
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings::all(tiling)));
    let precision = tiling.precision();
    let scale = case_scale(precision);
    program.loss_scale = scale as f32;
    let mut truth = random_layer(1, inputs, outputs, 1.0);
    truth.weight = held(truth.weight, precision);
    let layer = place::layer(&mut layout, Role::Params, &truth);
    let dy = held(random(3, rows, outputs, 1.0), precision) / scale;
    let (kept, old) = (kept(activation.unwrap_or_default(), 2, rows, inputs), random(4, rows, inputs, 1.0 / scale));
    let kept_at = layout.input(Role::Activations, "kept", &kept, capacity);
    let dy_at = layout.input(Role::Signals, "dy", &dy, capacity);
    let dx_at = layout.output(Role::Signals, "dx", capacity, inputs);
    let taken = [(&dy, scale), (&truth.weight, 1.0)].map(|(x, scale)| operand(&exact(x), precision, scale));
    let mut analysis = unscaled(product(&taken[0], &taken[1], depth(outputs, precision)), precision);
    let mut sum = dy.dot(&truth.weight);
    if add {
        layout.set(Role::Signals, dx_at, &old);
        sum += &old;
        analysis.zip_mut_with(&old, |sum, &old| *sum = *sum + old.into());
    }
    let found = match activation {
        None => sum,
        Some(activation) if add => oracle::activation_backward(sum, &kept, activation),
        Some(activation) => oracle::linear_backward(&dy, &truth.weight, &kept, activation),
    };
    if let Some(activation) = activation {
        analysis.zip_mut_with(&kept, |sum, &kept| *sum = backward(*sum, kept, activation));
    }
    layout.expect(Role::Signals, dx_at, &found, &analysis);
    launch(&mut program, dy_at, layer, kept_at, dx_at, activation, add).expect("operands of one shape");
    let what = if add { ", added to the old" } else { "" };
    layout.case(format!("{shape}{what}"), program, batch(first, rows, 0), 1)
}
