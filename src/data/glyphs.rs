//! The built-in data set: an endless, seeded, labelled set of digits drawn with strokes, in MNIST's format and sizes.
//! Each hand-written look comes from a form of [`digits`], moved point by point, warped, slanted, turned and inked.

use rand::{Rng, RngExt, seq::IndexedRandom};
use rayon::prelude::*;

use super::digits::{self, Point};
use super::stroke::{self, Bead, Vec2};
use super::{Dataset, Split};
use crate::random::{Stream, stream};

/// Pixels per row, and rows.
pub const SIDE: usize = 28;
/// Pixels of a glyph.
pub const PIXELS: usize = SIDE * SIDE;
/// The first glyph of the test split; the training split begins at 0, so neither depends on the size of the other.
pub const TEST_START: u64 = 1 << 32;

/// Pixels of the box that holds a glyph's ink, on average; MNIST's are 20 too.
const BOX: f64 = 20.0;
/// Pixels at each edge that stay black.
const MARGIN: f64 = 1.0;

/// A number of mean 0 and standard deviation 1, near normal and never beyond 2√3: the sum of four uniform numbers, which IEEE 754 rounds
/// the same on every platform. `StandardNormal` does not serve here: its exp and ln differ between platforms.
fn bell(rng: &mut impl Rng) -> f64 {
    let sum: f64 = rng.random_iter::<f64>().take(4).sum();
    (sum - 2.0) * 1.732_050_807_568_877_2
}

/// Glyph `index` of the set that belongs to `seed`: `[28, 28]` pixels, 0 black and 255 white, and its digit.
/// The bytes are the same on every platform.
pub fn glyph(seed: u64, index: u64) -> ([u8; PIXELS], u8) {
    let mut rng = stream(seed, Stream::Glyph, index);
    let label = rng.random_range(0..digits::FORMS.len());
    let form = digits::FORMS[label].choose_weighted(&mut rng, |form| form.weight).expect("every form has a weight");

    let lines = write(&mut rng, form.curves);
    let mut image = [0.0_f32; PIXELS];
    for line in place(&mut rng, lines) {
        stroke::ink(&mut image, SIDE, &line);
    }
    (image.map(|share| (share * 255.0 + 0.5) as u8), label as u8)
}

/// The curves as one hand wrote them once, in units of the digit's height.
fn write(rng: &mut impl Rng, curves: &[&[Point]]) -> Vec<Vec<Vec2>> {
    let care = 0.018 + 0.017 * rng.random::<f64>(); // how far points stray
    let width = 1.0 + 0.13 * bell(rng);
    let slant = 0.10 + 0.17 * bell(rng);
    let turn = 0.035 * bell(rng); // tangent of half the angle
    let (cos, sin) = ((1.0 - turn * turn) / (1.0 + turn * turn), 2.0 * turn / (1.0 + turn * turn));
    let [bow, lean, sag, fan] = std::array::from_fn(|_| 0.11 * bell(rng));
    let waist = 0.045 * bell(rng); // the middle moved up or down, so that either half may be the larger

    let mut moved: Vec<(Point, Vec2)> = Vec::new(); // a point named twice is moved once
    let mut lines = Vec::with_capacity(curves.len());
    for curve in curves {
        let mut points = Vec::with_capacity(curve.len());
        for &point in *curve {
            if let Some((_, at)) = moved.iter().find(|(known, _)| *known == point) {
                points.push(*at);
                continue;
            }
            let x = (point.0 - 0.3 + care * bell(rng)) * width;
            let y = point.1 - 0.5 + care * bell(rng);
            let y = y + waist * (1.0 - 4.0 * y * y);
            let (x, y) = (x + bow * y * y + lean * x * y, y + sag * x * x + fan * x * y);
            let x = x - slant * y;
            let at = [cos * x - sin * y, sin * x + cos * y];
            moved.push((point, at));
            points.push(at);
        }
        lines.push(stroke::spline(&points, 0.07));
    }
    lines
}

/// Scales the lines to the box, puts their centre of mass near the middle as MNIST does, and gives them a width.
fn place(rng: &mut impl Rng, lines: Vec<Vec<Vec2>>) -> Vec<Vec<Bead>> {
    let radius = (1.28 * (1.0 + 0.22 * bell(rng))).clamp(0.8, 1.9);
    let fade = 0.12 * bell(rng); // a pen pressed harder at one end
    let size = BOX * (1.0 + 0.05 * bell(rng)) - 2.0 * radius;
    let shift: Vec2 = [0.6 * bell(rng), 0.6 * bell(rng)];

    let all = || lines.iter().flatten();
    let low = [0, 1].map(|axis| all().map(|at| at[axis]).fold(f64::INFINITY, f64::min));
    let high = [0, 1].map(|axis| all().map(|at| at[axis]).fold(f64::NEG_INFINITY, f64::max));
    let scale = size / (high[0] - low[0]).max(high[1] - low[1]);
    let count = all().count() as f64;
    let thickest = radius * (1.0 + fade.abs() / 2.0) + 1.0;
    let origin = [0, 1].map(|axis| {
        let mean = all().map(|at| at[axis]).sum::<f64>() / count;
        let wanted = SIDE as f64 / 2.0 + shift[axis] - scale * mean;
        let least = MARGIN + thickest - scale * low[axis];
        let most = SIDE as f64 - MARGIN - thickest - scale * high[axis];
        wanted.min(most).max(least)
    });

    let mut passed = 0.0;
    lines
        .iter()
        .map(|line| {
            let bead = |at: &Vec2| {
                passed += 1.0;
                let radius = radius * (1.0 + fade * (passed / count - 0.5));
                Bead { at: [origin[0] + scale * at[0], origin[1] + scale * at[1]], radius }
            };
            line.iter().map(bead).collect()
        })
        .collect()
}

/// `count` glyphs from `start` on, with their labels.
pub fn split(seed: u64, start: u64, count: usize) -> Split {
    let mut images = vec![0; count * PIXELS];
    let labels = images.par_chunks_exact_mut(PIXELS).enumerate().map(|(i, image)| {
        let (pixels, label) = glyph(seed, start + i as u64);
        image.copy_from_slice(&pixels);
        label
    });
    let labels = Some(labels.collect());
    Split { images: images.into(), labels, count, ..Split::default() }
}

/// The data set `glyphs` of a seed.
///
/// ```
/// use wgvae::data::glyphs;
///
/// let data = glyphs::dataset(0, 100, 10); // seed 0: 100 digits to train on, 10 to test
/// assert_eq!((data.pixels(), data.classes, data.train.images.len()), (784, 10, 78_400));
/// ```
pub fn dataset(seed: u64, train: usize, test: usize) -> Dataset {
    let (train, test) = (split(seed, 0, train), split(seed, TEST_START, test));
    Dataset { classes: 10, ..Dataset::new("glyphs", [SIDE, SIDE], train, test) }
}
