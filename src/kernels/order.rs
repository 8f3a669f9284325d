//! The order of an epoch: a keyed permutation.

use crate::{
    gpu::{Args as _, Needs, Program, Role, Spec, Work, args, fold, source},
    random::Permutation,
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/order.wgsl`.
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

pub(crate) const WORKGROUP: u32 = 64;

/// The kernel.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec {
    name: "order".into(),
    sources: vec![source!("kernels/order.wgsl")],
    bindings: vec![Role::Order.read_write()],
    args: Args::FIELDS,
    workgroup: [WORKGROUP, 1, 1],
    needs: Needs::Nothing,
    trusted: true,
});

/// The arguments for one epoch; everything but the keys is the same in all epochs.
pub fn arguments(order: &Permutation) -> Args {
    let [x, _] = grid(order);
    folded(order, x)
}

/// Workgroups along x and y.
fn grid(order: &Permutation) -> [usize; 2] {
    fold(order.count.div_ceil(WORKGROUP) as usize)
}

fn folded(order: &Permutation, x: usize) -> Args {
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
pub fn launch(program: &mut Program, order: &Permutation) {
    launch_folded(program, order, grid(order));
}

pub(crate) fn launch_folded(program: &mut Program, order: &Permutation, [x, y]: [usize; 2]) {
    let count = order.count as usize;
    program.launch(&SPEC, &folded(order, x), [x * WORKGROUP as usize, y], Work::elementwise([1, count], 4 * count));
}
