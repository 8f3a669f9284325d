//! Proof of [`kernels::binarize`](crate::kernels::binarize).

use super::place::batch;
use crate::{
    check::{Case, Mutant, Proof, layout::Layout},
    gpu::{Program, Role, vec4s},
    kernels::binarize::{SPEC, WORKGROUP, launch_folded},
    oracle::binarize::binarize,
    random::{Stream, philox, stream},
};
use rand::Rng;
use std::collections::BTreeMap;

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "at >= args.count", replace: "at > args.count" },
    Mutant { find: "* 255u < x << vec4u(24u)", replace: "* 255u > x << vec4u(24u)" },
    Mutant { find: "2u * (words >> vec4u(9u)) + 1u", replace: "2u * (words >> vec4u(10u)) + 1u" },
    Mutant { find: "vec4u(at, args.epoch_low", replace: "vec4u(id.x, args.epoch_low" },
    Mutant { find: "args.epoch_high, ", replace: "args.epoch_low, " },
];

fn cases() -> Vec<Case> {
    let case = |(seed, epoch, pixels, gray): (u64, u64, usize, Vec<u8>)| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let count = gray.len() / pixels;
        let words = count * vec4s(pixels);
        layout.words(Role::Gray, "x", &packed(&gray, pixels));
        layout.unwritten(Role::Images, "b", words);
        layout.expect_bits(Role::Images, &packed(&binarize(&gray, pixels, seed, epoch), pixels));
        // two rows of workgroups, as more than 65,535 workgroups would have
        launch_folded(&mut program, words, seed, epoch, [words.div_ceil(WORKGROUP as usize).div_ceil(2), 2]);
        layout.case(format!("{count} images of {pixels} pixels, epoch {epoch}"), program, batch(0, 0, 0), 1)
    };
    let shapes = [
        (1, 0, [17, 37]),
        (2, 1, [1, 1]),
        (3 << 32, 7, [9, 31]),
        (u64::MAX, (5 << 32) + 2, [64, 8]),
        (4, 1 << 63, [13, 63]),
        (5, 3, [130, 2]),
    ]
    .map(|(seed, epoch, [count, pixels])| (seed, epoch, pixels, gray(seed, count * pixels)));
    let edges = [true, false].map(|white| {
        let (epoch, x) = edge(9, white);
        (9, epoch, 1, vec![x])
    });
    shapes.into_iter().chain(edges).map(case).collect()
}

/// An epoch whose first random number is the last that is white for some gray value, or the first that is black; and that value.
fn edge(seed: u64, white: bool) -> (u64, u8) {
    // a number is k + ½ in 2⁻²³, white where 2 k + 1 is at most this; odd, so that 2 k + 2 would tell
    let most = |x: u8| (u64::from(x) << 24) / 255;
    let values = (1..255).filter(|&x| most(x) % 2 == 1);
    let edges: BTreeMap<u64, u8> = values.map(|x| ((most(x) - 1) / 2 + u64::from(!white), x)).collect();
    let number = |epoch| u64::from(philox::block(seed, Stream::Binarize, epoch, 0)[0] >> 9);
    let found = (0..).find_map(|epoch| edges.get(&number(epoch)).map(|&x| (epoch, x)));
    found.expect("one in 66,000 is")
}

/// Gray values: each from black to white once, in turn, and random ones.
fn gray(seed: u64, count: usize) -> Vec<u8> {
    let mut values = vec![0; count];
    stream(seed, Stream::Sample, 0).fill_bytes(&mut values);
    values.iter_mut().step_by(2).zip((0..=255).cycle()).for_each(|(value, level)| *value = level);
    values
}

/// Images of a byte per pixel as kernels read them, four to a word, each image padded with black.
fn packed(images: &[u8], pixels: usize) -> Vec<u32> {
    let word = |four: &[u8]| four.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
    images.chunks(pixels).flat_map(|image| image.chunks(4).map(word)).collect()
}
