//! The order of an epoch: a keyed permutation.

use crate::{
    check::{
        Case,
        layout::{Layout, batch},
    },
    gpu::{Access, Args as _, Mutant, Needs, Program, Role, Spec, args, fold, source},
    oracle::order::order,
    random::Permutation as Order,
};

args! {
    /// As in `shaders/order.wgsl`.
    pub struct Args {
        /// Items.
        count: u32,
        /// 2^(2 · half_bits) is at least `count`.
        half_bits: u32,
        /// Invocations along x.
        width: u32,
        /// Key of round 0.
        key0: u32,
        /// Key of round 1.
        key1: u32,
        /// Key of round 2.
        key2: u32,
        /// Key of round 3.
        key3: u32,
        /// Key of round 4.
        key4: u32,
        /// Key of round 5.
        key5: u32,
        /// Key of round 6.
        key6: u32,
        /// Key of round 7.
        key7: u32,
    }
}

const WORKGROUP: u32 = 64;

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "order",
    sources: &[source!("order.wgsl")],
    bindings: &[(Role::Order, Access::ReadWrite)],
    args: Args::FIELDS,
    workgroup: [WORKGROUP, 1, 1],
    needs: Needs::Nothing,
    cases,
    mutants: &[
        Mutant { find: "while item >= args.count", replace: "while item > args.count" },
        Mutant { find: "0xc2b2ae35u", replace: "0xc2b2ae36u" },
        Mutant { find: "mixed(right + args.key6)", replace: "mixed(right + args.key5)" },
    ],
}];

/// The arguments for one epoch; everything but the keys is the same in all epochs.
pub fn arguments(order: &Order) -> Args {
    let [x, _] = grid(order);
    folded(order, x)
}

/// Workgroups along x and y.
fn grid(order: &Order) -> [usize; 2] {
    fold(order.count.div_ceil(WORKGROUP) as usize)
}

fn folded(order: &Order, x: usize) -> Args {
    let [key0, key1, key2, key3, key4, key5, key6, key7] = order.keys;
    Args {
        count: order.count,
        half_bits: order.half_bits,
        width: x as u32 * WORKGROUP,
        key0,
        key1,
        key2,
        key3,
        key4,
        key5,
        key6,
        key7,
    }
}

/// Adds the order of an epoch to the program.
pub fn launch(program: &mut Program, order: &Order) {
    launch_folded(program, order, grid(order));
}

fn launch_folded(program: &mut Program, order: &Order, [x, y]: [usize; 2]) {
    program.launch(&SPECS[0], &folded(order, x), [x * WORKGROUP as usize, y]);
}

fn cases() -> Vec<Case> {
    let case = |(seed, epoch, count): (u64, u64, u32)| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let keys = Order::new(seed, epoch, count);
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
