//! Proves a shader that is not of this crate: the softmax of each row of a matrix. It is held to an oracle in f64, then changed
//! one token at a time, which the cases must reject. With `--broken` it leaves out a column, and the check names the element.

use std::{process::ExitCode, sync::LazyLock};
use wgvae::{
    check::{Case, Mutant, Proof, fate::Equivalent, layout::*, mutants, report::report, tolerance::Approx},
    gpu::{AdapterChoice, Gpu, Options, Slot, Source, Spec},
};

const SHADER: &str = "
@group(0) @binding(0) var<uniform> columns: u32;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [rows, columns]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, columns]
var<workgroup> part: array<f32, 64>;
@compute @workgroup_size(64) fn main(@builtin(workgroup_id) row: vec3u, @builtin(local_invocation_index) lane: u32) {
    let start = row.x * columns;
    var greatest = x[start];
    for (var i = 0u; i < columns; i++) { greatest = max(greatest, x[start + i]); }
    var share = 0.0;
    for (var i = lane; i < columns; i += 64u) { share += exp(x[start + i] - greatest); }
    part[lane] = share; workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if lane < half { part[lane] += part[lane + half]; }
        workgroupBarrier();
    }
    for (var i = lane; i < columns; i += 64u) { y[start + i] = exp(x[start + i] - greatest) / part[0]; }
}
";
const COLUMNS: Slot = Slot { group: 0, binding: 0, name: "columns" };
const X: Slot = Slot { group: 0, binding: 1, name: "x" };
const Y: Slot = Slot { group: 0, binding: 2, name: "y" };
const MUTANTS: &[Mutant] = &[
    Mutant { find: "share += exp", replace: "share = exp" },
    Mutant { find: "part[lane] += part", replace: "part[lane] = part" },
];

const KNOWN: &[Equivalent] = &[Equivalent {
    file: "softmax.wgsl",
    line: "for (var i = 1u; i < columns; i++) { greatest = max(greatest, x[start + i]); }",
    reason: "the greatest begins as element 0",
}];

static SOFTMAX: LazyLock<Spec> = LazyLock::new(|| {
    let left_out = SHADER.replace("i < columns; i += 64u) { y", "i + 1u < columns; i += 64u) { y");
    let text = if std::env::args().any(|argument| argument == "--broken") { left_out.leak() } else { SHADER };
    let source = Source { file: "softmax.wgsl", text };
    Spec::new("softmax", source, &[COLUMNS.uniform(), X.read(), Y.read_write()], [64, 1, 1])
});

/// Rows, columns, scale: 1, primes, one more than a workgroup; differences whose exponential float32 cannot hold.
const CASES: [(usize, usize, f64); 5] = [(1, 1, 1.0), (3, 7, 1.0), (2, 64, 5.0), (5, 65, 100.0), (2, 257, 1.0)];

fn case((rows, columns, scale): (usize, usize, f64)) -> Case {
    let x = random(7, rows, columns, scale);
    let (mut oracle, mut analysis) = (x.clone(), x.mapv(Approx::exact));
    for (i, row) in x.rows().into_iter().enumerate() {
        let greatest = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        let sum: f64 = row.iter().map(|x| (x - greatest).exp()).sum();
        let terms = row.mapv(|x| (Approx::exact(x) - greatest.into()).exp());
        let found = Approx::sum(terms.iter().copied(), columns.div_ceil(64) + 6); // additions in the longest chain
        oracle.row_mut(i).assign(&row.mapv(|x| (x - greatest).exp() / sum));
        analysis.row_mut(i).assign(&terms.mapv(|term| term / found));
    }
    let mut layout = Layout::default();
    layout.words(COLUMNS, "columns", &[columns as u32]);
    layout.dense(X, "x", &x);
    layout.unwritten_dense(Y, "y", rows, columns);
    layout.expect_dense(Y, &oracle, &analysis);
    layout.launch(format!("{rows} x {columns}, up to {scale}"), &SOFTMAX, [64 * rows, 1])
}

fn main() -> wgvae::Result<ExitCode> {
    let gpu = Gpu::open(&AdapterChoice::Best, Options { checked: true, ..Options::default() })?;
    let proofs = [Proof::new(&SOFTMAX, MUTANTS, || CASES.map(case).into())];
    let report = report(&gpu, &proofs, |_| {})?;
    println!("{report}");
    let mutants = report.ok.then(|| mutants::report(&gpu, &proofs, KNOWN)).transpose()?;
    mutants.iter().for_each(|mutants| println!("{mutants}"));
    Ok(if mutants.is_some_and(|mutants| mutants.ok()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
