//! The order of an epoch: a keyed permutation.

use crate::{
    gpu::{Access, Args as _, Program, Role, Spec, args, fold, source},
    oracle::order::Order,
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
    cases: Vec::new,
    mutants: &[],
}];

/// The arguments for one epoch; everything but the keys is the same in all epochs.
pub fn arguments(order: &Order) -> Args {
    let [x, _] = fold(order.count.div_ceil(WORKGROUP) as usize);
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
    let args = arguments(order);
    let [_, y] = fold(order.count.div_ceil(WORKGROUP) as usize);
    program.launch(&SPECS[0], &args, [args.width as usize, y]);
}
