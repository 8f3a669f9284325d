//! Proof of [`kernels::order`](crate::kernels::order).

use super::place::batch;
use crate::{
    check::{Case, Mutant, Proof, layout::Layout},
    gpu::{Program, Role},
    kernels::order::{SPEC, WORKGROUP, launch_folded},
    oracle::order::order,
    random::Permutation,
};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "while item >= args.count", replace: "while item > args.count" },
    Mutant { find: "0xc2b2ae35u", replace: "0xc2b2ae36u" },
    Mutant { find: "mixed(right + args.key6)", replace: "mixed(right + args.key5)" },
];

fn cases() -> Vec<Case> {
    let case = |(seed, epoch, count): (u64, u64, u32)| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let keys = Permutation::new(seed, epoch, count);
        layout.unwritten(Role::Order, "order", count as usize);
        layout.expect_bits(Role::Order, &order(seed, epoch, count));
        // three rows of workgroups, as an epoch of more than 65,535 workgroups would have
        launch_folded(&mut program, &keys, [(count.div_ceil(WORKGROUP) as usize).div_ceil(3), 3]);
        layout.case(format!("{count} items"), program, batch(0, 0, 0), 1)
    };
    [
        (7, 0, 1000),
        (1, 0, 1),
        (1, 1, 2),
        (2, 5, 3),
        (3, 0, 16),
        (4, 9, 17),
        (5, 0, 64),
        (6, 1 << 40, 65),
        (u64::MAX, 0, 4097),
    ]
    .map(case)
    .into()
}
