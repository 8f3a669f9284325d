//! Proofs as plain data: the cases and hand-written mutants of every kernel that needs nothing beyond WebGPU's defaults, for a script
//! that runs and compares them as [`check`](crate::check) does.

use super::{Page, Plan, compressed, replays::replay};
use crate::{
    Result,
    check::{
        Case, Mutant, Proof,
        case::{Buffer, Expected},
    },
    gpu::{Access, Needs},
    verify::trace::Trace,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Cases of each kernel that a page carries, the smallest of those it has.
const CASES: usize = 6;

/// The checks of several kernels.
#[derive(Serialize)]
pub struct Checks {
    version: &'static str,
    /// What the most demanding case asks of a device.
    limits: BTreeMap<&'static str, u64>,
    kernels: Vec<Kernel>,
    /// Kernels that are left out, because WebGPU's defaults do not promise what they need.
    left_out: Vec<&'static str>,
    /// [`Words`] of all cases, each compressed by zlib and in base64.
    words: [String; 4],
    /// Recorded runs as JSON, compressed by zlib and in base64.
    replays: String,
}

/// A kernel and its cases.
#[derive(Serialize)]
struct Kernel {
    name: &'static str,
    /// The kernel alone, without buffers or programs.
    plan: Plan,
    cases: Vec<PlainCase>,
    mutants: Vec<PlainMutant>,
}

/// A one-token change of the shader.
#[derive(Serialize)]
struct PlainMutant {
    find: &'static str,
    replace: &'static str,
}

/// A launch, and what memory holds before and after it.
#[derive(Serialize)]
struct PlainCase {
    name: String,
    args: Vec<u32>,
    groups: [u32; 2],
    steps: u32,
    /// Words of the step's record.
    record: Vec<u32>,
    buffers: Vec<PlainBuffer>,
}

/// A buffer of a case. Its words are the next of [`Words`]: every word has a kind and a content before the launch.
#[derive(Serialize)]
struct PlainBuffer {
    name: &'static str,
    uniform: bool,
    written: bool,
    words: usize,
    /// Tensors in it: name, first word, rows, words from row to row.
    tensors: Vec<(&'static str, usize, usize, usize)>,
}

/// The words of all buffers, one after the other.
#[derive(Default)]
struct Words {
    /// What is expected of each: 0 untouched, 1 near a value, 2 these bits, 3 zero of either sign.
    kinds: Vec<u8>,
    /// What lies there before.
    before: Vec<u32>,
    /// The values of those near one.
    values: Vec<f64>,
    /// Limits of those near a value, and the bits of those of these bits, in the order of words.
    bounds: Vec<u32>,
}

impl Words {
    fn push(&mut self, buffer: &Buffer) {
        self.before.extend(&buffer.before);
        for expected in &buffer.after {
            self.kinds.push(match *expected {
                Expected::Untouched => 0,
                Expected::Near { value, limit } => {
                    self.values.push(value);
                    self.bounds.push(downwards(limit).to_bits());
                    1
                }
                Expected::Bits(bits) => {
                    self.bounds.push(bits);
                    2
                }
                Expected::Zero => 3,
            });
        }
    }
}

/// The largest float32 that is not above `limit`, so that no page is more lenient than the check.
fn downwards(limit: f64) -> f32 {
    let nearest = limit as f32;
    if f64::from(nearest) > limit { nearest.next_down() } else { nearest }
}

/// Up to `most` cases of each of `proofs`, the smallest, and recorded runs to replay.
///
/// # Errors
/// As [`Plan::program`].
pub fn checks<'a>(
    proofs: impl IntoIterator<Item = &'a Proof>,
    most: usize,
    traces: impl IntoIterator<Item = Trace>,
) -> Result<Checks> {
    let (mut words, mut limits) = (Words::default(), BTreeMap::new());
    let (portable, left): (Vec<&Proof>, Vec<&Proof>) =
        proofs.into_iter().partition(|proof| proof.spec.needs == Needs::Nothing);
    let mut kernels = Vec::new();
    for proof in portable {
        let mut cases = proof.cases();
        cases.sort_by_key(|case| case.buffers.iter().map(|buffer| buffer.before.len()).sum::<usize>());
        cases.truncate(most);
        let mut plan = Plan::new(1);
        for case in &cases {
            for binding in &proof.spec.bindings {
                let found = case.buffers.iter().find(|buffer| buffer.slot == binding.slot);
                let bytes = found.map_or(0, |buffer| 4 * buffer.before.len());
                plan.room(*binding, bytes as u64);
            }
            plan.program("case", &case.program)?;
        }
        plan.raise(&mut limits);
        plan.clear();
        let mutants = proof.mutants.iter().map(|&Mutant { find, replace }| PlainMutant { find, replace }).collect();
        let cases = cases.iter().map(|case| plain(proof, case, &mut words)).collect();
        kernels.push(Kernel { name: &proof.spec.name, plan, cases, mutants });
    }
    let left_out = left.into_iter().map(|proof| proof.spec.name.as_str()).collect();
    let words = [
        compressed(&words.kinds),
        compressed(bytemuck::cast_slice(&words.before)),
        compressed(bytemuck::cast_slice(&words.values)),
        compressed(bytemuck::cast_slice(&words.bounds)),
    ];
    let replays = traces.into_iter().map(|trace| replay(&trace)).collect::<Result<Vec<_>>>()?;
    replays.iter().for_each(|replay| replay.plan.raise(&mut limits));
    let replays = compressed(&serde_json::to_vec(&replays).expect("plain numbers and names"));
    Ok(Checks { version: env!("CARGO_PKG_VERSION"), limits, kernels, left_out, words, replays })
}

/// The page that runs the checks of `proofs` on its visitor's GPU, and replays `traces` there.
///
/// # Errors
/// As [`checks`].
pub fn verifier<'a>(
    proofs: impl IntoIterator<Item = &'a Proof>,
    traces: impl IntoIterator<Item = Trace>,
) -> Result<String> {
    Ok(PAGE.render("wgvae verify", &checks(proofs, CASES, traces)?))
}

/// The sources of the page.
const PAGE: Page = Page {
    markup: include_str!("page/verify.html"),
    styles: &[include_str!("page/page.css"), include_str!("page/verify.css")],
    modules: &[
        include_str!("page/base64.js"),
        include_str!("page/host.js"),
        include_str!("page/cases.js"),
        include_str!("page/replays.js"),
        include_str!("page/verify.js"),
    ],
};

fn plain(proof: &Proof, case: &Case, words: &mut Words) -> PlainCase {
    let dispatch = &case.program.dispatches[0]; // a case is one launch
    let buffers = proof.spec.bindings.iter().map(|binding| {
        let found = case.buffers.iter().find(|buffer| buffer.slot == binding.slot);
        if let Some(buffer) = found {
            words.push(buffer);
        }
        let own = case.tensors.iter().filter(|tensor| tensor.slot == binding.slot);
        PlainBuffer {
            name: binding.slot.name,
            uniform: binding.access == Access::Uniform,
            written: binding.access == Access::ReadWrite,
            words: found.map_or(0, |buffer| buffer.before.len()),
            tensors: own.map(|tensor| (tensor.name, tensor.start, tensor.rows, tensor.stride)).collect(),
        }
    });
    PlainCase {
        name: case.name.clone(),
        args: bytemuck::pod_collect_to_vec(&dispatch.args),
        groups: dispatch.groups,
        steps: case.steps,
        buffers: buffers.collect(),
        record: bytemuck::cast_slice(&[case.batch]).to_vec(),
    }
}
