//! What every figure shows, tile by tile, on small models of the f64 oracle.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use wgvae::{
    Result,
    data::{Dataset, glyphs, rows_f32},
    device::Device,
    gallery::*,
    model::{Bottleneck, Color, Kind, Model, Variance},
    network::Codec,
    picture::BLANK,
};

const PIXELS: usize = 28 * 28;

fn data() -> Dataset {
    glyphs::dataset(0, 60, 30)
}

/// A model as it starts, which encodes and decodes as well as any for what is asked here. Its weights are three times as large, so
/// that latents differ enough.
fn codec(kind: Kind, latent: usize) -> Codec {
    let model = Model::new(kind, PIXELS, [12], latent, 10);
    let mut params = model.initialise(5);
    params.iter_mut().flat_map(|param| &mut param.values).for_each(|value| *value *= 3.0);
    Codec::new(&Device::Oracle, &model, &params).unwrap()
}

fn size() -> Size {
    Size { width: 28, height: 28, color: Color::Gray }
}

fn sampling(count: usize, labels: &[usize], seed: u64) -> Sampling {
    Sampling { count, labels: labels.to_vec(), seed }
}

fn tile(figure: &Figure, i: usize) -> &[f32] {
    &figure.tiles[i * PIXELS..(i + 1) * PIXELS]
}

fn problem<T>(result: Result<T>) -> String {
    result.err().expect("an error was expected").to_string()
}

#[track_caller]
fn close(a: &[f32], b: &[f32], limit: f32) {
    assert_eq!(a.len(), b.len());
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= limit, "{worst} apart");
}

#[test]
fn a_grid_shows_the_first_images_of_its_split() {
    let data = data();
    let train = grid(&data.train_images(), 12).unwrap();
    assert_eq!(train.tiles, rows_f32(&data.train, PIXELS, &(0..12).collect::<Vec<_>>()));
    let test = grid(&data.test_images(), 1000).unwrap();
    assert_eq!(test.tiles.len(), 30 * PIXELS, "all there are");
    assert_eq!(test.sheet.layout(30).unwrap().columns, 10);
    test.render().unwrap();
    assert_eq!(problem(grid(&data.test_images(), 0)), "count: is 0, expected at least 1");
}

#[test]
fn originals_stand_above_their_reconstructions() {
    let (data, codec) = (data(), codec(Kind::Vae, 4));
    let indices: Vec<usize> = (2..15).collect();
    let made = reconstruct(&codec, &data.test_images(), &indices, true).unwrap();
    let originals = rows_f32(&data.test, PIXELS, &indices);
    close(&made.images, &codec.reconstruct(&originals, None).unwrap(), 1e-6);
    // Ten columns: originals, reconstructions, then the remaining three of each.
    let row = |from: usize| &made.figure.tiles[from * PIXELS..];
    assert_eq!(row(0)[..10 * PIXELS], originals[..10 * PIXELS]);
    assert_eq!(row(10)[..10 * PIXELS], made.images[..10 * PIXELS]);
    assert_eq!(row(20)[..3 * PIXELS], originals[10 * PIXELS..]);
    assert!(row(23)[..7 * PIXELS].iter().all(|&value| value == BLANK));
    assert_eq!(row(30)[..3 * PIXELS], made.images[10 * PIXELS..]);
    assert_eq!(made.figure.tiles.len(), 40 * PIXELS);
    assert_eq!(made.errors.len(), 13);
    let (x, y) = (tile(&made.figure, 22), tile(&made.figure, 32));
    let error: f64 = x.iter().zip(y).map(|(x, y)| f64::from(x - y).powi(2)).sum();
    assert!((made.errors[12] - error).abs() < 1e-9);
    made.figure.render().unwrap();
}

#[test]
fn images_that_are_not_there_are_named() {
    let (data, codec) = (data(), codec(Kind::Cvae, 4));
    let past = "image: 30 is past the 30 test images, 0 to 29";
    assert_eq!(problem(reconstruct(&codec, &data.test_images(), &[0, 30], false)), past);
    assert_eq!(problem(style(&codec, &data.test_images(), &[30])), past);
    let way = Interpolation { stops: vec![0, 30], closed: false, steps: 3, path: None };
    assert_eq!(problem(interpolate(&codec, &data.test_images(), &way)), past);
    let around = Traversal { centre: Centre::Image(30), ..Traversal::default() };
    assert_eq!(problem(traverse(&codec, size(), Some(&data.test_images()), &Origin::Prior, &around)), past);
    assert_eq!(problem(reconstruct(&codec, &data.test_images(), &[], false)), "count: is 0, expected at least 1");
}

#[test]
fn a_seed_decides_samples_byte_for_byte() {
    let codec = codec(Kind::Vae, 4);
    let draw = |seed| sample(&codec, size(), &Origin::Prior, &sampling(20, &[], seed)).unwrap();
    assert_eq!(draw(7).render().unwrap(), draw(7).render().unwrap());
    assert_ne!(draw(7).latents, draw(8).latents);
    close(&draw(7).tiles, &codec.decode(&draw(7).latents, None).unwrap(), 0.0);
    assert_eq!(prior(7, 3, 5)[..], prior(7, 10, 5)[..15], "fewer samples are the first of more");
}

#[test]
fn the_prior_is_standard_normal() {
    let z = prior(3, 20_000, 1);
    let moment = |power: i32| z.iter().map(|&z| f64::from(z).powi(power)).sum::<f64>() / z.len() as f64;
    // Five standard errors of each.
    assert!(moment(1).abs() < 5.0 / 20_000_f64.sqrt());
    assert!((moment(2) - 1.0).abs() < 5.0 * (2.0 / 20_000_f64).sqrt());
    assert!((moment(4) - 3.0).abs() < 5.0 * (96.0 / 20_000_f64).sqrt());
}

#[test]
fn an_autoencoder_draws_from_the_whole_of_its_box_and_nowhere_else() {
    let bounds = Bounds::of(&[1.0, 9.0, 0.0, 3.0, 7.0, 0.0, 2.0, 8.0, 0.0], 3);
    assert_eq!((&bounds.low[..], &bounds.high[..], bounds.codes), (&[1.0, 7.0, 0.0][..], &[3.0, 9.0, 0.0][..], 3));
    let drawn = bounds.draw(1, 2000);
    for (j, (low, high)) in [(1.0, 3.0), (7.0, 9.0), (0.0, 0.0)].into_iter().enumerate() {
        let column = || drawn.iter().skip(j).step_by(3).copied();
        assert!(column().all(|value| (low..=high).contains(&value)), "dimension {j}");
        let (least, most) = (column().fold(f32::INFINITY, f32::min), column().fold(f32::NEG_INFINITY, f32::max));
        assert!(least - low <= 0.02 && high - most <= 0.02, "dimension {j}: {least} to {most}");
    }

    let (data, codec) = (data(), codec(Kind::Ae, 4));
    let codes = codec.encode(&rows_f32(&data.train, PIXELS, &(0..60).collect::<Vec<_>>()), None).unwrap().code;
    assert_eq!(Origin::of(&codec, Some(&data)).unwrap(), Origin::Box(Bounds::of(&codes, 4)));
    assert!(problem(Origin::of(&codec, None)).starts_with("data: not given"));
}

#[test]
fn a_cvae_draws_every_label_in_rows_of_its_own() {
    let codec = codec(Kind::Cvae, 4);
    let all = sample(&codec, size(), &Origin::Prior, &sampling(10, &[], 1)).unwrap();
    let labels: Vec<u8> = (0..100).map(|i| i / 10).collect();
    close(&all.tiles, &codec.decode(&all.latents, Some(&labels)).unwrap(), 0.0);
    assert_eq!(all.sheet.layout(100).unwrap().rows, 10);

    // Twelve of each take two rows of ten, the second filled up.
    let two = sample(&codec, size(), &Origin::Prior, &sampling(12, &[3, 8], 1)).unwrap();
    assert_eq!(two.tiles.len(), 40 * PIXELS);
    let labels: Vec<u8> = [[3; 12], [8; 12]].concat();
    let images = codec.decode(&two.latents, Some(&labels)).unwrap();
    assert_eq!(two.tiles[..12 * PIXELS], images[..12 * PIXELS]);
    assert!(two.tiles[12 * PIXELS..20 * PIXELS].iter().all(|&value| value == BLANK));
    assert_eq!(two.tiles[20 * PIXELS..32 * PIXELS], images[12 * PIXELS..]);
    two.render().unwrap();
}

#[test]
fn samples_that_cannot_be_are_refused() {
    let (vae, cvae) = (codec(Kind::Vae, 4), codec(Kind::Cvae, 4));
    let draw =
        |codec, count, labels: &[usize]| problem(sample(codec, size(), &Origin::Prior, &sampling(count, labels, 0)));
    assert_eq!(draw(&vae, 0, &[]), "count: is 0, expected at least 1");
    assert_eq!(draw(&vae, 5, &[1]), "label: only a CVAE decodes by label, and this model is VAE-4");
    for label in [10, 266] {
        assert_eq!(draw(&cvae, 5, &[3, label]), format!("label: {label} is none of the 10 classes 0 to 9"));
    }
    assert!(draw(&vae, 1 << 40, &[]).contains("draw fewer"));
    assert!(draw(&cvae, 1 << 40, &[]).contains("draw fewer"));
    assert!(draw(&cvae, usize::MAX, &[]).contains("draw fewer"));
}

#[test]
fn a_traversal_varies_one_dimension_a_row() {
    let (data, vae) = (data(), codec(Kind::Vae, 3));
    let walk = traverse(&vae, size(), None, &Origin::Prior, &Traversal::default()).unwrap();
    assert_eq!(walk.latents.len(), 3 * 11 * 3);
    for (i, z) in walk.latents.chunks(3).enumerate() {
        let mut expected = [0.0; 3];
        expected[i / 11] = -3.0 + 6.0 * (i % 11) as f32 / 10.0;
        close(z, &expected, 1e-6);
    }
    close(&walk.tiles, &vae.decode(&walk.latents, None).unwrap(), 0.0);

    let options = Traversal { dim: Some(1), centre: Centre::Image(4), range: Some(2.0), steps: 5, label: None };
    let around = traverse(&vae, size(), Some(&data.test_images()), &Origin::Prior, &options).unwrap();
    let mean = vae.encode(&rows_f32(&data.test, PIXELS, &[4]), None).unwrap().mu;
    for (step, z) in around.latents.chunks(3).enumerate() {
        close(z, &[mean[0], step as f32 - 2.0, mean[2]], 1e-6);
    }

    let bounds = Bounds { low: vec![0.0, 1.0], high: vec![4.0, 3.0], codes: 9 };
    let options = Traversal { steps: 3, ..Traversal::default() };
    let walk = traverse(&codec(Kind::Ae, 2), size(), None, &Origin::Box(bounds), &options).unwrap();
    assert_eq!(walk.latents, [0.0, 2.0, 2.0, 2.0, 4.0, 2.0, 2.0, 1.0, 2.0, 2.0, 2.0, 3.0]);
    walk.render().unwrap();
}

#[test]
fn codes_are_varied_below_zero_if_any_of_them_lies_there() {
    let model = Model { bottleneck: Bottleneck::Direct, ..Model::new(Kind::Ae, PIXELS, [12], 2, 0) };
    let direct = Codec::new(&Device::Oracle, &model, &model.initialise(5)).unwrap();
    let options = Traversal { range: Some(2.0), steps: 3, dim: Some(1), ..Traversal::default() };
    for (codec, starts) in [(direct, -2.0), (codec(Kind::Ae, 2), 0.0)] {
        let origin = Origin::of(&codec, Some(&data())).unwrap();
        let walk = traverse(&codec, size(), None, &origin, &options).unwrap();
        assert_eq!([walk.latents[1], walk.latents[5]], [starts, 2.0], "{:?}", codec.model());
    }
}

#[test]
fn means_outside_black_and_white_are_drawn_as_the_nearer_of_them() {
    for variance in [Variance::Learned, Variance::Decoded] {
        let model = Model { variance, ..Model::new(Kind::Vae, PIXELS, [12], 2, 0) };
        let mut params = model.initialise(5);
        let bias = params.iter_mut().find(|param| param.name == "decoder.2.bias").unwrap();
        bias.values.iter_mut().enumerate().for_each(|(i, value)| *value = if i % 2 == 0 { -9.0 } else { 9.0 });
        let codec = Codec::new(&Device::Oracle, &model, &params).unwrap();
        let figure = sample(&codec, size(), &Origin::Prior, &sampling(3, &[], 1)).unwrap();
        assert_eq!(figure.tiles.len(), 3 * PIXELS);
        assert!(figure.tiles.iter().all(|value| value.abs() > 1.0), "the means are as the decoder gives them");
        let layout = figure.sheet.layout(3).unwrap();
        let picture = figure.render().unwrap().into_luma8();
        let (x, y) = layout.tile_at(0);
        let scale = layout.tile.0 / size().width;
        let gray = |column: usize| picture.get_pixel((x + column * scale) as u32, y as u32).0[0];
        assert_eq!([gray(0), gray(1), gray(2)], [0, 255, 0]);
    }
}

#[test]
fn a_cvae_traverses_under_one_label() {
    let (data, cvae) = (data(), codec(Kind::Cvae, 2));
    let label = data.test.labels.as_ref().unwrap()[6];
    assert_ne!(label, 0, "an image that is no 0 tells the image's label from the default");
    for (asked, centre, expected) in
        [(None, Centre::Middle, 0), (None, Centre::Image(6), label), (Some(4), Centre::Image(6), 4)]
    {
        let options = Traversal { label: asked, centre, ..Traversal::default() };
        let walk = traverse(&cvae, size(), Some(&data.test_images()), &Origin::Prior, &options).unwrap();
        close(&walk.tiles, &cvae.decode(&walk.latents, Some(&[expected; 22])).unwrap(), 0.0);
    }
}

#[test]
fn traversals_that_cannot_be_are_refused() {
    let vae = codec(Kind::Vae, 3);
    let refused = |options: Traversal| problem(traverse(&vae, size(), None, &Origin::Prior, &options));
    let usual = Traversal::default;
    assert_eq!(refused(Traversal { dim: Some(3), ..usual() }), "dim: 3 is none of the 3 dimensions 0 to 2");
    assert_eq!(refused(Traversal { steps: 1, ..usual() }), "steps: is 1, expected at least 2");
    assert!(refused(Traversal { steps: 1 << 40, ..usual() }).contains("draw fewer"));
    assert!(refused(Traversal { range: Some(f32::NAN), ..usual() }).starts_with("range: is NaN"));
    assert!(refused(Traversal { label: Some(1), ..usual() }).contains("only a CVAE"));
    assert!(refused(Traversal { centre: Centre::Image(0), ..usual() }).starts_with("data: not given"));
}

#[test]
fn an_arc_keeps_the_length_and_ends_where_it_should() {
    let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let (a, b) = ([3.0, 0.0, 4.0], [0.0, -5.0, 0.0]);
    assert_eq!((spherical(&a, &b, 0.0), spherical(&a, &b, 1.0)), (a.to_vec(), b.to_vec()));
    for i in 0..=10 {
        assert!((norm(&spherical(&a, &b, i as f32 / 10.0)) - 5.0).abs() < 1e-5);
    }
    let half = std::f32::consts::FRAC_1_SQRT_2;
    close(&spherical(&a, &b, 0.5), &[3.0 * half, -5.0 * half, 4.0 * half], 1e-5);
    // Equal angles between equal steps, and lengths in between where the ends differ.
    let third = spherical(&[2.0, 0.0], &[0.0, 4.0], 1.0 / 3.0);
    let (length, angle) = (2.0 + 2.0 / 3.0, std::f32::consts::FRAC_PI_6);
    close(&third, &[length * angle.cos(), length * angle.sin()], 1e-5);
    // No arc: opposite ends, the same direction, an end at 0.
    for (a, b) in [([1.0, 0.0], [-1.0, 0.0]), ([1.0, 1.0], [3.0, 3.0]), ([0.0, 0.0], [1.0, 2.0])] {
        assert_eq!(spherical(&a, &b, 0.25), linear(&a, &b, 0.25));
    }
    assert_eq!(linear(&[1.0, 4.0], &[3.0, 0.0], 0.25), [1.5, 3.0]);
}

#[test]
fn ways_lead_from_original_to_original() {
    let (data, vae) = (data(), codec(Kind::Vae, 3));
    let mean = |index: usize| vae.encode(&rows_f32(&data.test, PIXELS, &[index]), None).unwrap().mu;
    let way = |path| Interpolation { stops: vec![5, 2, 9], closed: true, steps: 4, path };
    let around = interpolate(&vae, &data.test_images(), &way(None)).unwrap();
    assert_eq!(around.tiles.len(), 3 * (4 + 2) * PIXELS);
    for (row, (from, to)) in [(5, 2), (2, 9), (9, 5)].into_iter().enumerate() {
        assert_eq!(tile(&around, row * 6), rows_f32(&data.test, PIXELS, &[from]));
        assert_eq!(tile(&around, row * 6 + 5), rows_f32(&data.test, PIXELS, &[to]));
        let z = |step: usize| &around.latents[(row * 4 + step) * 3..][..3];
        close(z(0), &mean(from), 1e-6);
        close(z(1), &spherical(&mean(from), &mean(to), 1.0 / 3.0), 1e-5);
        close(z(3), &mean(to), 1e-6);
        close(tile(&around, row * 6 + 2), &vae.decode(z(1), None).unwrap(), 1e-6);
    }
    let straight = interpolate(&vae, &data.test_images(), &way(Some(Path::Linear))).unwrap();
    close(&straight.latents[3..6], &linear(&mean(5), &mean(2), 1.0 / 3.0), 1e-5);
    assert_ne!(straight.latents, around.latents);
    let open = interpolate(&vae, &data.test_images(), &Interpolation { closed: false, ..way(None) }).unwrap();
    assert_eq!(open.latents, around.latents[..2 * 4 * 3]);
    around.render().unwrap();
}

#[test]
fn a_cvae_goes_a_way_between_labels_under_both() {
    let (data, cvae) = (data(), codec(Kind::Cvae, 3));
    let labels = data.test.labels.clone().unwrap();
    let other = labels.iter().position(|&label| label != labels[0]).unwrap();
    let like = (1..30).find(|&i| labels[i] == labels[0]).unwrap();
    let rows = |to| {
        let options = Interpolation { stops: vec![0, to], closed: false, steps: 3, path: None };
        let figure = interpolate(&cvae, &data.test_images(), &options).unwrap();
        (figure.tiles.len() / (5 * PIXELS), figure)
    };
    assert_eq!(rows(like).0, 1);
    let (count, figure) = rows(other);
    assert_eq!(count, 2);
    let decoded = |row: usize, label| {
        let z = &figure.latents[row * 9..(row + 1) * 9];
        close(
            &figure.tiles[(row * 5 + 1) * PIXELS..(row * 5 + 4) * PIXELS],
            &cvae.decode(z, Some(&[label; 3])).unwrap(),
            1e-6,
        );
    };
    decoded(0, labels[0]);
    decoded(1, labels[other]);
}

#[test]
fn a_manifold_stands_at_the_quantiles_of_the_prior() {
    for (p, x) in
        [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.001, -3.090_232_306_167_813), (1e-12, -7.034_483_825_301_131)]
    {
        let found = normal_quantile(p).unwrap();
        assert!((found - x).abs() < 1e-9, "{p}: {found}");
    }
    assert!(normal_quantile(0.0).is_err() && normal_quantile(1.0).is_err() && normal_quantile(f64::NAN).is_err());

    let vae = codec(Kind::Vae, 2);
    let sheet = manifold(&vae, size(), &Origin::Prior, 3, None).unwrap();
    let q = 0.967_421_6; // of 5/6
    let expected = [[-q, q], [0.0, q], [q, q], [-q, 0.0], [0.0; 2], [q, 0.0], [-q, -q], [0.0, -q], [q, -q]];
    close(&sheet.latents, &expected.concat(), 1e-6);
    close(&sheet.tiles, &vae.decode(&sheet.latents, None).unwrap(), 0.0);
    let bounds = Bounds { low: vec![0.0, 2.0], high: vec![4.0, 3.0], codes: 9 };
    let even = manifold(&codec(Kind::Ae, 2), size(), &Origin::Box(bounds), 2, None).unwrap();
    assert_eq!(even.latents, [1.0, 2.75, 3.0, 2.75, 1.0, 2.25, 3.0, 2.25]);
    let labelled = codec(Kind::Cvae, 2);
    let nines = manifold(&labelled, size(), &Origin::Prior, 3, Some(9)).unwrap();
    close(&nines.tiles, &labelled.decode(&nines.latents, Some(&[9; 9])).unwrap(), 0.0);

    let wide = problem(manifold(&codec(Kind::Vae, 8), size(), &Origin::Prior, 3, None));
    assert_eq!(wide, "the latent space of VAE-8: has 8 dimensions, and a sheet shows 2: train with --latent 2");
    assert_eq!(problem(manifold(&vae, size(), &Origin::Prior, 1, None)), "size: is 1, expected at least 2");
    assert!(problem(manifold(&vae, size(), &Origin::Prior, usize::MAX, None)).contains("draw fewer"));
}

#[test]
fn a_style_row_is_one_latent_under_every_label() {
    let (data, cvae) = (data(), codec(Kind::Cvae, 4));
    let rows = style(&cvae, &data.test_images(), &[3, 11]).unwrap();
    assert_eq!(rows.tiles.len(), 2 * 11 * PIXELS);
    for (row, index) in [3, 11].into_iter().enumerate() {
        let image = rows_f32(&data.test, PIXELS, &[index]);
        assert_eq!(tile(&rows, row * 11), image);
        let mean = cvae.encode(&image, None).unwrap().mu;
        for label in 0..10 {
            close(&rows.latents[(row * 10 + label) * 4..][..4], &mean, 1e-6);
            let decoded = cvae.decode(&mean, Some(&[label as u8])).unwrap();
            close(tile(&rows, row * 11 + 1 + label), &decoded, 1e-5);
        }
    }
    assert!(problem(style(&codec(Kind::Vae, 4), &data.test_images(), &[3])).contains("is VAE-4: only a CVAE"));

    let examples = example_of_each_class(&data.test_images());
    let labels = data.test.labels.as_ref().unwrap();
    for &index in &examples {
        assert!(!labels[..index].contains(&labels[index]), "{index} is the first of its class");
    }
    let present: std::collections::BTreeSet<u8> = labels.iter().copied().collect();
    assert_eq!(examples.len(), present.len());
}

#[test]
fn a_scatter_shows_two_latents_themselves_and_more_by_their_components() {
    let (data, two, eight) = (data(), codec(Kind::Vae, 2), codec(Kind::Ae, 8));
    let flat = scatter(&two, &data.test_images(), 20).unwrap();
    let images = rows_f32(&data.test, PIXELS, &(0..20).collect::<Vec<_>>());
    let means: Vec<f32> = flat.points.iter().map(|&value| value as f32).collect();
    close(&means, &two.encode(&images, None).unwrap().mu, 1e-6);
    assert_eq!(flat.shares, None);

    let cloud = scatter(&eight, &data.test_images(), 1000).unwrap();
    assert_eq!(cloud.points.dim(), (30, 2), "all there are");
    let [first, second] = cloud.shares.unwrap();
    assert!(first >= second && second > 0.0 && first + second <= 1.0 + 1e-12);
    let svg = cloud.plot.to_svg();
    assert!(svg.contains(&format!("component 1 ({:.0} % of the variance)", 100.0 * first)), "the axis says how much");
    assert_eq!(problem(scatter(&two, &data.test_images(), 0)), "count: is 0, expected at least 1");
}
