//! The built-in glyphs: the same for a seed, different between seeds, balanced, centred, neither faint nor filled.

#![allow(clippy::unwrap_used)]

use wgvae::data::glyphs::{self, PIXELS, SIDE, TEST_START, glyph};
use wgvae::data::{self, Options, Source};

#[test]
fn a_glyph_depends_on_seed_and_index_alone() {
    for index in [0, 1, 59_999, TEST_START, u64::MAX] {
        assert_eq!(glyph(7, index), glyph(7, index));
    }
    assert_ne!(glyph(7, 0), glyph(8, 0));
    assert_ne!(glyph(7, 0), glyph(7, 1));
    assert_ne!(glyph(7, 0), glyph(7, TEST_START));
}

#[test]
fn a_split_is_its_glyphs_whatever_its_size() {
    let split = glyphs::split(3, 100, 50);
    let longer = glyphs::split(3, 100, 80);
    assert_eq!(split.images.bytes().unwrap()[..], longer.images.bytes().unwrap()[..50 * PIXELS]);
    let labels = split.labels.unwrap();
    for (i, label) in labels.iter().enumerate() {
        let (pixels, expected) = glyph(3, 100 + i as u64);
        assert_eq!((&split.images.bytes().unwrap()[i * PIXELS..(i + 1) * PIXELS], *label), (&pixels[..], expected));
    }
}

#[test]
fn labels_are_balanced() {
    let labels = glyphs::split(0, 0, 10_000).labels.unwrap();
    let mut counts = [0_i32; 10];
    labels.iter().for_each(|label| counts[*label as usize] += 1);
    // 1,000 of each expected, with a standard deviation of 30
    assert!(counts.iter().all(|count| (count - 1000).abs() < 120), "{counts:?}");
}

#[test]
fn every_glyph_is_whole_inked_and_near_the_middle() {
    let split = glyphs::split(1, 0, 20_000);
    for (i, image) in split.images.bytes().unwrap().chunks_exact(PIXELS).enumerate() {
        let pixels = || image.iter().enumerate().map(|(at, value)| (at % SIDE, at / SIDE, *value as f64));
        let edge = pixels().filter(|(x, y, _)| [*x, *y].iter().any(|at| *at == 0 || *at == SIDE - 1));
        assert_eq!(edge.map(|(.., value)| value).sum::<f64>(), 0.0, "glyph {i} touches the edge");
        let ink: f64 = pixels().map(|(.., value)| value / 255.0).sum();
        assert!((15.0..260.0).contains(&ink), "glyph {i} has {ink} pixels of ink");
        assert!(image.iter().any(|value| *value > 220), "glyph {i} is faint");
        let middle = pixels().map(|(x, _, value)| x as f64 * value).sum::<f64>() / (255.0 * ink);
        assert!((9.0..18.0).contains(&middle), "glyph {i} is off the middle: {middle}");
    }
}

#[test]
fn glyphs_have_as_much_ink_as_mnist_and_no_two_are_alike() {
    let split = glyphs::split(0, 0, 10_000);
    let mean = split.images.bytes().unwrap().iter().map(|value| *value as f64 / 255.0).sum::<f64>()
        / split.images.bytes().unwrap().len() as f64;
    assert!((mean - 0.1307).abs() < 0.01, "mean pixel {mean}, MNIST's is 0.1307");
    let mut images: Vec<_> = split.images.bytes().unwrap().chunks_exact(PIXELS).collect();
    images.sort();
    assert!(images.windows(2).all(|pair| pair[0] != pair[1]));
}

/// Digits must be told apart by looks alone: the nearest of 9,000 glyphs, by squared error, mostly has the same label,
/// but not always, or there would be nothing to learn.
#[test]
fn a_nearest_neighbour_reads_most_glyphs() {
    let (train, test) = (glyphs::split(0, 0, 9_000), glyphs::split(0, TEST_START, 300));
    let (labels, truth) = (train.labels.unwrap(), test.labels.unwrap());
    let error = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| (*a as i32 - *b as i32).pow(2)).sum::<i32>();
    let read = test.images.bytes().unwrap().chunks_exact(PIXELS).map(|image| {
        let nearest =
            train.images.bytes().unwrap().chunks_exact(PIXELS).enumerate().min_by_key(|(_, other)| error(image, other));
        labels[nearest.unwrap().0]
    });
    let right = read.zip(&truth).filter(|(found, label)| found == *label).count();
    assert!((285..=300).contains(&right), "{right} of 300");
}

/// The bytes themselves, so that a change of platform, compiler or code that alters them is seen.
#[test]
fn bytes_are_those_of_every_platform() {
    let source = Source::Glyphs;
    let options = Options { glyph_train: 1000, glyph_test: 10, ..Options::default() };
    let mut lines = Vec::new();
    let dataset = data::open(&source, None, &options, &mut |line| lines.push(line.to_string())).unwrap();
    assert_eq!((dataset.train.count, dataset.test.count, dataset.classes, dataset.pixels()), (1000, 10, 10, 784));
    assert_eq!(dataset.hashes["train-images"], "7dc7f1b420ab005282153146d9f9b978b14c73b94629eddcf471263de906937a");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("built-in glyphs, seed 0"), "{lines:?}");
}
