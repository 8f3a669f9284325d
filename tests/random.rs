//! Random numbers: the generator's published answers, the normals' distribution, the permutation's fairness.
//!
//! Statistics are compared with their sampling distribution at 4 standard deviations (1 in 16,000 by chance); seeds are fixed.

use rand::Rng;
use rayon::prelude::*;
use std::f64::consts::TAU;
use wgvae::model::{Kind, Model};
use wgvae::oracle::noise::noise;
use wgvae::oracle::order::order;
use wgvae::random::{
    Permutation,
    normal::box_muller,
    philox::{Stream, block, philox4x32, unit},
    stream,
};

const ROWS: usize = 1000;
const COLS: usize = 1000;
const SIGMAS: f64 = 4.0;

/// A million normals of one step.
fn million(seed: u64, step: u64) -> Vec<f64> {
    noise(seed, Stream::Noise, step, ROWS, COLS).into_raw_vec_and_offset().0
}

/// Asserts that a statistic of known mean and standard deviation lies within [`SIGMAS`].
fn within(what: &str, value: f64, mean: f64, deviation: f64) {
    let z = (value - mean) / deviation;
    assert!(z.abs() < SIGMAS, "{what}: {value}, expected {mean} ± {deviation}, which is {z} standard deviations off");
}

/// The correlation of pairs of independent standard normals, times √n, is N(0, 1).
fn uncorrelated(what: &str, a: &[f64], b: &[f64]) {
    let n = a.len().min(b.len()) as f64;
    let products: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    within(what, products / n, 0.0, 1.0 / n.sqrt());
    // Squares catch dependence that signs hide: Var(a² b² after centring) = 2 · 2.
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (a * a - 1.0) * (b * b - 1.0)).sum();
    within(&format!("{what}, squares"), squares / n, 0.0, 2.0 / n.sqrt());
}

/// Pearson's sum of squares of counts against one expectation.
fn pearson(counts: &[u32], expected: f64) -> f64 {
    counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum()
}

/// χ² of counts against one expectation; its mean is the degrees of freedom, its variance twice that.
fn fair(what: &str, counts: &[u32], expected: f64, freedom: f64) {
    within(&format!("χ² of {what}"), pearson(counts, expected), freedom, (2.0 * freedom).sqrt());
}

#[test]
fn philox_gives_its_published_answers() {
    // Random123's known-answer vectors, `philox4x32 10`: counter, key, result.
    let vectors = [
        ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];
    for (counter, key, words) in vectors {
        assert_eq!(philox4x32(counter, key), words);
    }
}

#[test]
fn seed_index_block_and_stream_all_reach_the_generator() {
    let reference = block(1, Stream::Noise, 2, 3);
    let variants = [
        block(1 | 1 << 40, Stream::Noise, 2, 3),
        block(2, Stream::Noise, 2, 3),
        block(1, Stream::Order, 2, 3),
        block(1, Stream::Noise, 2 | 1 << 40, 3),
        block(1, Stream::Noise, 3, 3),
        block(1, Stream::Noise, 2, 4),
    ];
    assert!(variants.iter().all(|words| words.iter().zip(&reference).all(|(a, b)| a != b)));
}

#[test]
fn a_stream_gives_the_words_of_its_blocks_one_after_another() {
    let words: Vec<u32> = (0..3).flat_map(|number| block(7, Stream::Glyph, 1 << 33, number)).collect();
    let mut rng = stream(7, Stream::Glyph, 1 << 33);
    assert_eq!([rng.next_u32(), rng.next_u32(), rng.next_u32()], words[..3]);
    assert_eq!(rng.next_u64(), u64::from(words[4]) << 32 | u64::from(words[3]));
    let mut bytes = [0; 8];
    rng.fill_bytes(&mut bytes);
    assert_eq!(bytes[..], [words[5].to_le_bytes(), words[6].to_le_bytes()].concat());
    assert_eq!([rng.next_u32(), rng.next_u32()], words[7..9]);
}

#[test]
fn units_are_exact_floats_strictly_between_0_and_1() {
    for word in [0, 511, 512, u32::MAX / 2, u32::MAX] {
        let u = unit(word);
        assert!(u > 0.0 && u < 1.0 && u == f64::from(u as f32), "{word}: {u}");
    }
    let n = 1_000_000;
    let mut counts = [0; 256];
    let words = (0..n / 4).flat_map(|number| block(9, Stream::Init, 0, number));
    words.for_each(|word| counts[(unit(word) * 256.0) as usize] += 1);
    fair("units", &counts, f64::from(n) / 256.0, 255.0);
}

#[test]
fn box_muller_takes_radius_and_angle_from_its_words() {
    for words in [[0, 0, u32::MAX, u32::MAX], [1 << 31, 1 << 30, 3 << 20, 5 << 28], block(8, Stream::Noise, 0, 0)] {
        let e = box_muller(words);
        for (pair, words) in e.chunks(2).zip(words.chunks(2)) {
            let (square, expected) = (pair[0] * pair[0] + pair[1] * pair[1], -2.0 * unit(words[0]).ln());
            assert!((square - expected).abs() <= 1e-14 * expected, "{words:?}: {square}, expected {expected}");
            let turns = (pair[1].atan2(pair[0]) / TAU).rem_euclid(1.0);
            assert!((turns - unit(words[1])).abs() < 1e-14, "{words:?}: {turns} turns");
        }
    }
}

#[test]
fn a_million_normals_have_the_moments_of_the_normal_distribution() {
    let e = million(0, 1);
    let n = e.len() as f64;
    let moment = |k: i32| e.iter().map(|e| e.powi(k)).sum::<f64>() / n;
    // The k-th raw moment has variance (μ₂ₖ − μₖ²) / n, with μ₂ = 1, μ₄ = 3, μ₆ = 15, μ₈ = 105, μ₁₂ = 10395.
    within("mean", moment(1), 0.0, (1.0 / n).sqrt());
    within("variance", moment(2), 1.0, (2.0 / n).sqrt());
    within("third moment", moment(3), 0.0, (15.0 / n).sqrt());
    within("fourth moment", moment(4), 3.0, (96.0 / n).sqrt());
    within("sixth moment", moment(6), 15.0, ((10395.0 - 225.0) / n).sqrt());
}

#[test]
fn a_million_normals_pass_kolmogorov_smirnov() {
    let mut e = million(1, 7);
    e.sort_by(f64::total_cmp);
    let n = e.len() as f64;
    let distance = e.iter().enumerate().map(|(i, &e)| {
        let cdf = 0.5 * libm::erfc(-e / 2f64.sqrt());
        (cdf - i as f64 / n).abs().max((cdf - (i + 1) as f64 / n).abs())
    });
    let statistic = distance.fold(0.0, f64::max) * n.sqrt();
    // P(√n D > x) → 2 exp(−2 x²): 1 in 16,000 at 2.277. A distance far too small would be as suspicious: P(√n D < 0.35) is 1 in 4,000.
    assert!((0.35..2.277).contains(&statistic), "√n D = {statistic}");
}

#[test]
fn normals_of_neighbours_steps_seeds_and_streams_are_uncorrelated() {
    let e = million(3, 10);
    for lag in [1, 2, 3, 4, 5, 8, COLS] {
        uncorrelated(&format!("lag {lag}"), &e, &e[lag..]);
    }
    uncorrelated("next step", &e, &million(3, 11));
    uncorrelated("next seed", &e, &million(4, 10));
    uncorrelated("seed a high bit apart", &e, &million(3 | 1 << 32, 10));
    uncorrelated("other stream", &e, noise(3, Stream::Sample, 10, ROWS, COLS).as_slice().unwrap());
}

#[test]
fn noise_is_one_sequence_whatever_its_shape() {
    let wide = noise(5, Stream::Noise, 1, 3, 35);
    for (rows, latent) in [(35, 3), (15, 7), (1, 105), (105, 1), (2, 5)] {
        let narrow = noise(5, Stream::Noise, 1, rows, latent);
        assert!(narrow.iter().zip(&wide).all(|(a, b)| a == b), "[{rows}, {latent}]");
    }
}

#[test]
fn initial_parameters_are_uniform_up_to_one_over_the_root_of_a_layers_inputs() {
    let model = Model::new(Kind::Cvae, 784, [256], 8, 10);
    let params = model.initialise(6);
    let inputs = |name: &str| match name.split('.').next() {
        Some("mu" | "log_var") => 8,
        Some("label_projector") => 10,
        _ => [("encoder.0", 784), ("encoder.2", 256), ("decoder.0", 8), ("decoder.2", 256)]
            .into_iter()
            .find_map(|(layer, inputs)| name.starts_with(layer).then_some(inputs))
            .expect("a layer of the model"),
    };
    for param in &params {
        let (n, bound) = (param.values.len() as f64, 1.0 / f64::from(inputs(&param.name)).sqrt());
        let share = |value: f64| (value / bound + 1.0) / 2.0; // U(0, 1)
        assert!(param.values.iter().all(|&value| (0.0..=1.0).contains(&share(value)) && value == value as f32 as f64));
        let mean = param.values.iter().map(|&value| share(value)).sum::<f64>() / n;
        within(&format!("mean of {}", param.name), mean, 0.5, (1.0 / 12.0 / n).sqrt());
        if n > 1000.0 {
            let mut counts = [0; 64];
            param.values.iter().for_each(|&value| counts[(share(value) * 64.0).min(63.0) as usize] += 1);
            fair(&param.name, &counts, n / 64.0, 63.0);
        }
    }
    let [first, second] = ["mu.weight", "log_var.weight"]
        .map(|name| &params.iter().find(|param| param.name == name).expect("a parameter of the model").values);
    assert!(first.iter().zip(second).all(|(a, b)| a != b), "two tensors of one shape are drawn from one stream");
}

fn is_bijection(n: u32, seed: u64) -> bool {
    let mut seen = vec![false; n as usize];
    order(seed, u64::from(n), n).into_iter().for_each(|item| seen[item as usize] = true);
    seen.into_iter().all(|seen| seen)
}

#[test]
fn the_order_of_an_epoch_is_a_bijection() {
    let broken = (1..=10_000).into_par_iter().find_any(|&n| !is_bijection(n, 0));
    assert_eq!(broken, None, "items are missing from an epoch of this many");
    (0..8).for_each(|seed| assert!(is_bijection(60_000, seed)));
}

#[test]
fn every_item_stands_at_every_position_equally_often() {
    for n in [5, 37, 64, 100] {
        for (what, seeds, epochs) in [("epochs", 1, 20_000), ("seeds", 20_000, 1)] {
            let mut counts = vec![0; n * n];
            for (seed, epoch) in (0..seeds).flat_map(|seed| (0..epochs).map(move |epoch| (seed, epoch))) {
                let order = order(seed, epoch, n as u32);
                order.iter().enumerate().for_each(|(position, &item)| counts[position * n + item as usize] += 1);
            }
            // The rows and columns of each permutation's table are fixed: Pearson's sum is n / (n − 1) times a χ² of (n − 1)²
            // degrees of freedom.
            let (expected, freedom) = (20_000.0 / n as f64, (n as f64 - 1.0).powi(2));
            let chi2 = pearson(&counts, expected) * (n as f64 - 1.0) / n as f64;
            within(&format!("χ² of {n} items over {what}"), chi2, freedom, (2.0 * freedom).sqrt());
        }
    }
}

#[test]
fn the_next_item_is_any_other_equally_often() {
    let (n, orders) = (50usize, 20_000);
    let mut counts = vec![0; n * n];
    for epoch in 0..orders {
        let order = Permutation::new(2, epoch, n as u32);
        let (a, b) = (order.item(17), order.item(18));
        counts[a as usize * n + b as usize] += 1;
    }
    assert!((0..n).all(|i| counts[i * n + i] == 0));
    let pairs: Vec<u32> = (0..n * n).filter(|i| i % n != i / n).map(|i| counts[i]).collect();
    fair("neighbouring items", &pairs, orders as f64 / pairs.len() as f64, pairs.len() as f64 - 1.0);
}

#[test]
fn a_large_epoch_spreads_every_part_of_the_data_evenly() {
    // Of 60,000 items in 60 blocks of 1,000: how many of block a stand in block b of positions.
    let (n, blocks) = (60_000u32, 60usize);
    for epoch in 0..4 {
        let mut counts = vec![0; blocks * blocks];
        for (position, item) in order(0, epoch, n).into_iter().enumerate() {
            counts[position / 1000 * blocks + item as usize / 1000] += 1;
        }
        let freedom = ((blocks - 1) * (blocks - 1)) as f64;
        fair(&format!("blocks of epoch {epoch}"), &counts, f64::from(n) / (blocks * blocks) as f64, freedom);
    }
}
