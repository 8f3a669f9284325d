//! `‖g‖ = √Σ g²`: the norm of all gradients of a step, by which they are clipped.

use super::Variants;
use crate::gpu::{Arena, Args as _, Matrix, Needs, Program, Role, Spec, Work, args, source};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/norm.wgsl`.
    pub struct Args {
        /// Terms, in vec4.
        count: u32,
        /// Workgroups.
        groups: u32,
        /// Start of the workgroups' sums in signals.
        sums: u32,
        /// Spans of rows whose gradients are added up.
        spans: u32,
    }
}

const WORKGROUP: u32 = 256;
/// Most workgroups of the first level: one invocation of the second takes the sum of each.
const MOST_GROUPS: usize = WORKGROUP as usize;

/// Which of the two dispatches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Sums of squares by workgroup.
    Squares,
    /// The root of their sum.
    Root,
}

/// By level.
pub static SPECS: LazyLock<Variants<Level>> = LazyLock::new(|| Variants::new([Level::Squares, Level::Root], spec));

fn spec(level: Level) -> Spec {
    let (name, parts, bindings) = match level {
        Level::Squares => (
            "norm squares",
            &[source!("parts/norm_squares.wgsl")][..],
            vec![Role::Signals.read_write(), Role::Gradients.read()],
        ),
        Level::Root => (
            "norm root",
            &[source!("parts/norm_root.wgsl"), source!("parts/batch.wgsl")][..],
            vec![Role::Signals.read(), Role::Losses.read_write()],
        ),
    };
    Spec {
        name: name.into(),
        sources: [&[source!("kernels/norm.wgsl")], parts].concat(),
        bindings,
        args: Args::FIELDS,
        workgroup: [WORKGROUP, 1, 1],
        needs: Needs::Nothing,
        trusted: true,
    }
}

/// How gradients are clipped.
#[derive(Clone, Copy, Debug)]
pub struct Clipping {
    /// Sums of squares between both levels, among the signals, `[groups, 4]`.
    pub sums: Matrix,
    /// The norm above which gradients are scaled down.
    pub most: f64,
}

impl Clipping {
    /// Clipping of `count4` vec4 of gradients to a norm of `most`, with its space among the `signals`.
    pub fn new(signals: &mut Arena, count4: usize, most: f64) -> Clipping {
        let groups = count4.div_ceil(WORKGROUP as usize).clamp(1, MOST_GROUPS);
        Clipping { sums: signals.matrix(groups, 4), most }
    }
}

/// Adds the norm of the first `count4` vec4 of the gradients, added up over `spans`, to the program; it becomes the gradient norm among
/// the step's losses.
pub fn launch(program: &mut Program, clipping: &Clipping, count4: usize, spans: u32) {
    launch_level(program, Level::Squares, clipping.sums, count4, spans);
    launch_level(program, Level::Root, clipping.sums, clipping.sums.rows as usize, 1);
}

/// Adds one level over `count` vec4, the first with a workgroup for each of the `sums`.
pub(crate) fn launch_level(program: &mut Program, level: Level, sums: Matrix, count: usize, spans: u32) {
    let groups = match level {
        Level::Squares => sums.rows,
        Level::Root => 1,
    };
    let args = Args { count: count as u32, groups, sums: sums.start, spans };
    program.launch(
        SPECS.get(level),
        &args,
        [(groups * WORKGROUP) as usize, 1],
        Work::elementwise([1, 4 * count], 16 * spans as usize * count),
    );
}
