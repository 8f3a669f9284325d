//! Pictures are right to the pixel: layout, labels, charts, projection, files.

use std::collections::BTreeSet;

use image::{DynamicImage, GrayImage, Luma, Rgb};
use ndarray::{Array2, array, s};
use wgvae::files::write_atomically;
use wgvae::model::Color;
use wgvae::picture::{Curves, Run, Scatter, Sheet, pca2, save_png};

const PAPER: u8 = 236;

/// `n` images of distinct pixels, none of the paper's gray.
fn images(n: usize, pixels: usize) -> Vec<f32> {
    (0..n * pixels).map(|i| (i * 37 % 200) as f32 / 255.0).collect()
}

/// The gray expected of a [0, 1] value.
fn gray(value: f32) -> u8 {
    (value * 255.0).round() as u8
}

/// A part of a sheet.
fn crop(sheet: &GrayImage, x: u32, y: u32, width: u32, height: u32) -> GrayImage {
    image::imageops::crop_imm(sheet, x, y, width, height).to_image()
}

fn problem<T>(result: wgvae::Result<T>) -> String {
    result.err().expect("an error was expected").to_string()
}

#[test]
fn every_pixel_of_a_plain_sheet_is_where_the_layout_says() {
    // Three images of 3 × 2 in two columns at scale 4: margin 20, gutter 4, the fourth place empty.
    let pixels = images(3, 6);
    let sheet = Sheet::new(3, 2).columns(2).scale(4).render(&pixels).unwrap().into_luma8();
    assert_eq!(sheet.dimensions(), (20 + 12 + 4 + 12 + 20, 20 + 8 + 4 + 8 + 20));
    for (x, y, &Luma([found])) in sheet.enumerate_pixels() {
        // The place on the sheet, if it is one: the tile's index and the pixel in it.
        let along = |p: u32, tile: u32| {
            let p = p.checked_sub(20)?;
            let (i, rest) = (p / (tile + 4), p % (tile + 4));
            (i < 2 && rest < tile).then_some((i as usize, (rest / 4) as usize))
        };
        let expected = match (along(x, 12), along(y, 8)) {
            (Some((column, px)), Some((row, py))) if row * 2 + column < 3 => {
                gray(pixels[(row * 2 + column) * 6 + py * 3 + px])
            }
            _ => PAPER,
        };
        assert_eq!(found, expected, "at {x}, {y}");
    }
}

#[test]
fn a_sheet_of_images_in_colour_has_their_colours_and_gray_labels() {
    let pixels = images(2, 3 * 2 * 3);
    let sheet = Sheet::new(3, 2).color(Color::Rgb).columns(2).scale(4);
    let (plain, layout) = (sheet.render(&pixels).unwrap(), sheet.layout(2).unwrap());
    for (i, image) in pixels.chunks(18).enumerate() {
        let (x, y) = layout.tile_at(i);
        for (place, pixel) in image.chunks(3).enumerate() {
            let (x, y) = (x + place % 3 * 4, y + place / 3 * 4);
            let expected: [u8; 3] = std::array::from_fn(|channel| gray(pixel[channel]));
            for (x, y) in [(x, y), (x + 3, y + 3)] {
                assert_eq!(
                    plain.as_rgb8().unwrap().get_pixel(x as u32, y as u32),
                    &Rgb(expected),
                    "pixel {place} of {i}"
                );
            }
        }
    }
    let labelled = sheet.title("T").render(&pixels).unwrap();
    let title = image::imageops::crop_imm(labelled.as_rgb8().unwrap(), 20, 20, 20, 20).to_image();
    assert!(title.pixels().all(|Rgb([r, g, b])| r == g && g == b), "the title is of no colour");
    assert!(title.pixels().any(|Rgb([r, ..])| *r < 100), "there is a title");
    assert_eq!(
        problem(Sheet::new(3, 2).color(Color::Rgb).render(&[0.0; 6])),
        "images: 6 values are no images of 3 × 2 pixels in colour"
    );
    let mut pixels = vec![0.0; 18];
    pixels[4] = f32::NAN;
    assert_eq!(problem(Sheet::new(3, 2).color(Color::Rgb).render(&pixels)), "images: image 0, pixel 1 is NaN");
}

#[test]
fn captions_change_nothing_but_their_band() {
    let pixels = images(4, 28 * 28);
    let plain = Sheet::new(28, 28).columns(2).scale(3).render(&pixels).unwrap().into_luma8();
    let sheet =
        Sheet::new(28, 28).columns(2).scale(3).captions(["7", "#12", "0.5", "g"]).render(&pixels).unwrap().into_luma8();
    let (tile, gutter, band) = (84, 3, 20);
    assert_eq!(sheet.dimensions(), (plain.width(), plain.height() + 2 * band));
    let width = plain.width();
    let mut y = 0;
    for (from, height) in [(0, 20 + tile), (20 + tile, gutter + tile), (20 + 2 * tile + gutter, 20)] {
        assert_eq!(crop(&sheet, 0, y, width, height), crop(&plain, 0, from, width, height), "rows from {from}");
        y += height;
        if from < 20 + 2 * tile {
            let caption = crop(&sheet, 0, y, width, band);
            assert!(caption.pixels().any(|p| p.0[0] < 80), "a caption in dark ink at row {y}");
            y += band;
        }
    }
    // Another caption changes only its own place.
    let other =
        Sheet::new(28, 28).columns(2).scale(3).captions(["7", "#13", "0.5", "g"]).render(&pixels).unwrap().into_luma8();
    let changed: Vec<(u32, u32)> =
        sheet.enumerate_pixels().filter(|(x, y, p)| other.get_pixel(*x, *y) != *p).map(|(x, y, _)| (x, y)).collect();
    assert!(!changed.is_empty());
    assert!(changed.iter().all(|&(x, y)| x >= 20 + tile + gutter && (20 + tile..20 + tile + band).contains(&y)));
}

#[test]
fn title_and_labels_move_the_grid_and_leave_it_whole() {
    let pixels = images(6, 28 * 28);
    let plain = Sheet::new(28, 28).columns(3).scale(2);
    let labelled = plain
        .clone()
        .title("samples")
        .row_labels(["original", "AE-8"])
        .column_labels(["−2.0", "0.0", "+2.0"])
        .group_rows(1);
    let (from, to) = (plain.layout(6).unwrap(), labelled.layout(6).unwrap());
    let (plain, labelled) =
        (plain.render(&pixels).unwrap().into_luma8(), labelled.render(&pixels).unwrap().into_luma8());
    for i in 0..6 {
        let [a, b] = [(&plain, &from), (&labelled, &to)].map(|(sheet, layout)| {
            let (x, y) = layout.tile_at(i);
            crop(sheet, x as u32, y as u32, 56, 56)
        });
        assert_eq!(a, b, "tile {i}");
    }
    let gap = |layout: &wgvae::picture::SheetLayout| layout.tile_at(3).1 - layout.tile_at(0).1 - 56;
    assert_eq!((gap(&from), gap(&to)), (2, 2 + 12), "groups stand apart");
    let (x, y) = to.tile_at(0);
    let dark = |x: u32, y: u32, width: u32, height: u32| {
        crop(&labelled, x, y, width, height).pixels().filter(|p| p.0[0] < 100).count()
    };
    assert!(dark(0, y as u32, x as u32, 56) > 20, "the first row's label");
    assert!(dark(x as u32, y as u32 - 20, 56, 16) > 10, "the first column's label");
    assert!(dark(20, 20, 100, 20) > 40, "the title");
    assert_eq!(dark(0, 0, labelled.width(), 20), 0, "the margin stays clear");
}

#[test]
fn defaults_fit_a_screen() {
    for (n, columns, scale) in [(1, 1, 6), (10, 10, 4), (20, 5, 6), (64, 8, 4), (100, 10, 3), (400, 20, 2)] {
        let layout = Sheet::new(28, 28).layout(n).unwrap();
        assert_eq!((layout.columns, layout.tile), (columns, (28 * scale, 28 * scale)), "{n} images");
        assert!(layout.size.0 <= 1200 && layout.size.1 <= 1200, "{n} images: {:?}", layout.size);
    }
    // However many there are, the width fits; wide images stand one over the other.
    assert!(Sheet::new(28, 28).layout(5000).unwrap().size.0 <= 1200);
    let wide = Sheet::new(784, 1).layout(10).unwrap();
    assert_eq!((wide.columns, wide.rows, wide.tile), (1, 10, (784, 8)));
    // Long captions widen their cells instead of running into each other.
    let captions = Sheet::new(28, 28).columns(3).scale(2).captions(["reconstruction 12.5"; 3]).layout(3).unwrap();
    assert!(captions.tile_at(1).0 - captions.tile_at(0).0 > 19 * 7);
    // A title wider than the grid widens the sheet.
    let title = Sheet::new(1, 1).title("wider than the grid by far").render(&[0.5]).unwrap().into_luma8();
    let ink = title.enumerate_pixels().filter(|(_, _, p)| p.0[0] < 100).map(|(x, _, _)| x).max().unwrap();
    assert!(ink + 20 <= title.width() && ink > 200);
}

#[test]
fn odd_sizes_and_values_are_drawn_or_refused_by_name() {
    let one = Sheet::new(1, 1).scale(5).render(&[0.0]).unwrap().into_luma8();
    assert_eq!(one.pixels().filter(|p| p.0[0] == 0).count(), 25);
    let row = Sheet::new(4, 1).scale(2).render(&[0.0; 4]).unwrap().into_luma8();
    assert_eq!(row.pixels().filter(|p| p.0[0] == 0).count(), 8 * 8, "one pixel high, stretched to eight");
    let clamped = Sheet::new(2, 1).scale(1).render(&[-3.0, 7.0]).unwrap().into_luma8();
    let grays: BTreeSet<u8> = clamped.pixels().map(|p| p.0[0]).collect();
    assert_eq!(grays, [0, PAPER, 255].into());

    let sheet = Sheet::new(2, 2);
    assert_eq!(problem(sheet.render(&[])), "images: 0 values are no images of 2 × 2 pixels");
    assert_eq!(problem(sheet.render(&[0.0; 6])), "images: 6 values are no images of 2 × 2 pixels");
    assert!(problem(Sheet::new(0, 5).render(&[0.0])).contains("0 × 5"));
    let mut pixels = [0.0; 12];
    pixels[9] = f32::NAN;
    assert_eq!(problem(sheet.render(&pixels)), "images: image 2, pixel 1 is NaN");
    pixels[9] = f32::INFINITY;
    assert_eq!(problem(sheet.render(&pixels)), "images: image 2, pixel 1 is inf");
    let captions = sheet.clone().captions(["a", "b"]).render(&[0.0; 12]);
    assert_eq!(problem(captions), "captions: 2 were given for 3 places");
    assert!(problem(sheet.clone().columns(2).row_labels(["a"]).layout(4)).contains("row labels: 1"));
    assert!(problem(sheet.clone().columns(2).column_labels(["a"]).layout(4)).contains("column labels: 1"));
    assert!(problem(sheet.clone().columns(0).layout(4)).contains("columns"));
    assert!(problem(sheet.clone().scale(0).layout(4)).contains("scale"));
    assert!(problem(sheet.clone().group_rows(0).layout(4)).contains("group"));
    assert!(problem(sheet.columns(1).layout(100_000)).contains("16384"));
}

/// Two runs of four epochs; the values are decades, so that a logarithmic axis spaces them evenly.
fn runs() -> Vec<Run> {
    let series = |shift: f64| (1..=4).map(|e| (f64::from(e), 10_f64.powi(4 - e) * shift)).collect();
    vec![
        Run { name: "vae <8> β".to_string(), train: series(1.5), test: series(1.0) },
        Run { name: "vae-32".to_string(), train: series(3.0), test: series(2.0) },
    ]
}

/// The values of an attribute, in order, of every `element` whose text contains `mark`.
fn attributes(svg: &str, element: &str, mark: &str, name: &str) -> Vec<String> {
    svg.lines()
        .filter(|line| line.starts_with(&format!("<{element} ")) && line.contains(mark))
        .filter_map(|line| Some(line.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0.to_string()))
        .collect()
}

fn numbers(texts: &[String]) -> Vec<f64> {
    texts.iter().map(|text| text.parse().expect("a number")).collect()
}

const FIRST: &str = "#2b63c4";

#[test]
fn curves_put_points_where_their_numbers_are() {
    let curves = Curves::new("loss (nats per image)").title("VAE & friends");
    let svg = curves.clone().log_scale(true).plot(&runs()).unwrap().to_svg();
    let circles = |name| numbers(&attributes(&svg, "circle", FIRST, name));
    let (x, y) = (circles("cx"), circles("cy"));
    assert_eq!(x.len(), 8, "four epochs of train and of test");
    for series in [&x[..4], &y[..4], &x[4..], &y[4..]] {
        let steps: Vec<f64> = series.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| *step > 0.0 && (step - steps[0]).abs() <= 0.125), "even steps: {steps:?}");
    }
    // A tick's label is centred under its epoch, those of the other axis end left of it.
    let label = |tick: &str| numbers(&attributes(&svg, "text", tick, "x"))[0];
    let width = numbers(&attributes(&svg, "text", ">3<", "textLength"))[0];
    assert!((label(">3<") + width / 2.0 - x[2]).abs() <= 1.0, "{} under {}", label(">3<"), x[2]);
    assert!(label(">1000<") > 20.0 && label(">1000<") + 4.0 * width < x[0]);
    let linear = curves.plot(&runs()).unwrap().to_svg();
    let y = numbers(&attributes(&linear, "circle", FIRST, "cy"));
    let share = (y[5] - y[4]) / (y[7] - y[4]); // 1000 to 100, of 1000 to 1
    assert!((share - 900.0 / 999.0).abs() < 1e-3, "{share}");

    // Train is dashed into many strokes, test is one stroke besides that in the legend.
    let strokes = attributes(&linear, "polyline", FIRST, "points");
    let (whole, dashes): (Vec<_>, Vec<_>) = strokes.iter().partition(|points| points.split(' ').count() == 4);
    assert_eq!(whole.len(), 1);
    assert!(dashes.len() > 10, "{} dashes", dashes.len());
    for text in
        ["VAE &amp; friends", "loss (nats per image)", "epoch", "vae &lt;8&gt; beta", "vae-32", ">test<", ">train<"]
    {
        assert!(svg.contains(text), "{text}");
    }
    for tick in [">1<", ">10<", ">100<", ">1000<"] {
        assert!(svg.contains(tick), "tick {tick}");
    }
}

#[test]
fn a_chart_in_pixels_is_the_same_chart() {
    let plot = Curves::new("loss").plot(&runs()).unwrap();
    let (svg, image) = (plot.to_svg(), plot.to_image());
    assert!(svg.contains(&format!("viewBox=\"0 0 {} {}\"", image.width(), image.height())));
    let x = numbers(&attributes(&svg, "circle", FIRST, "cx"));
    let y = numbers(&attributes(&svg, "circle", FIRST, "cy"));
    // The first train point lies apart from the rest: its colour fills its centre and ends at its radius of 3.
    let at = |dx: f64, dy: f64| image.get_pixel((x[0] + dx) as u32, (y[0] + dy) as u32).0;
    assert_eq!(at(0.0, 0.0), [0x2b, 0x63, 0xc4]);
    assert_ne!(at(-5.0, 0.0), [0x2b, 0x63, 0xc4]);
    assert_ne!(at(-3.0, -3.0), [0x2b, 0x63, 0xc4], "round, not square");
    // Words are drawn with our own font: dark ink stands in the legend, left of which the plot ends.
    let legend = numbers(&attributes(&svg, "text", ">vae-32<", "x"))[0] as u32;
    let dark = |from: u32, to: u32| {
        (from..to)
            .flat_map(|x| (20..120).map(move |y| (x, y)))
            .filter(|&(x, y)| image.get_pixel(x, y).0[0] < 80 && image.get_pixel(x, y).0[2] < 90)
            .count()
    };
    assert!(dark(legend, legend + 42) > 50);
}

#[test]
fn curves_refuse_what_cannot_be_drawn() {
    let curves = Curves::new("loss");
    assert!(problem(curves.plot(&[])).contains("nothing to draw"));
    assert!(problem(curves.plot(&[Run::default()])).contains("nothing to draw"));
    let run = |y: f64| [Run { name: "ae".to_string(), train: vec![(1.0, 0.5), (2.0, y)], test: vec![] }];
    assert_eq!(problem(curves.plot(&run(f64::NAN))), "ae: loss is NaN at epoch 2: not finite");
    assert!(curves.plot(&run(0.0)).is_ok());
    for y in [1.8e-318, 1e-131, -1e131, 1.7e308] {
        let expected = format!("ae: loss is {y} at epoch 2: an axis takes sizes of 1e-130 to 1e130");
        assert_eq!(problem(curves.plot(&run(y))), expected);
    }
    assert!(
        problem(curves.clone().log_scale(true).plot(&run(1.8e-318)))
            .ends_with("an axis takes sizes of 1e-130 to 1e130")
    );
    let log = curves.log_scale(true);
    assert_eq!(problem(log.plot(&run(0.0))), "ae: loss is 0 at epoch 2: a logarithm needs values above zero");
    // Extremes still give a chart with at least two labelled ticks: one point, equal values, huge, tiny.
    for (a, b) in [(7.0, 7.0), (1e-12, 2e-12), (1e12, 3e12), (1e-9, 1e9), (99.0, 101.0), (1e-130, 1e130)] {
        for log in [false, true] {
            let series = vec![(1.0, a), (2.0, b)];
            let runs = [Run { name: String::new(), train: series, test: vec![(1.0, a)] }];
            let svg = Curves::new("loss").log_scale(log).plot(&runs).unwrap().to_svg();
            let left: BTreeSet<_> = attributes(&svg, "text", "#57606a", "y").into_iter().collect();
            assert!(left.len() >= 3, "{a} to {b}, log {log}: ticks at {left:?}");
        }
    }
}

#[test]
fn a_scatter_shows_every_point_in_its_colour() {
    let n = 260;
    let points = Array2::from_shape_fn((n, 2), |(i, k)| (i * (k + 3) % 101) as f64);
    let labels: Vec<usize> = (0..n).map(|i| i % 13).collect();
    let svg = Scatter::new("z0", "z1").plot(points.view(), Some(&labels)).unwrap().to_svg();
    let colours = attributes(&svg, "circle", "fill-opacity", "fill");
    assert_eq!(colours.len(), n);
    assert_eq!(colours.iter().collect::<BTreeSet<_>>().len(), 13, "one colour for each class");
    assert_eq!(attributes(&svg, "circle", "", "fill").len(), n + 13, "and one legend entry for each");
    let distance = |a: &str, b: &str| -> i32 {
        let channel = |c: &str, k: usize| i32::from_str_radix(&c[1 + 2 * k..3 + 2 * k], 16).unwrap();
        (0..3).map(|k| (channel(a, k) - channel(b, k)).abs()).sum()
    };
    for i in 0..10 {
        for j in 0..i {
            assert!(distance(&colours[i], &colours[j]) > 60, "{} and {} look alike", colours[i], colours[j]);
        }
    }

    let named = Scatter::new("a", "b").class_names(["cat", "dog"]);
    assert!(named.plot(points.slice(s![..2, ..]), Some(&[0, 1])).unwrap().to_svg().contains(">dog<"));
    assert!(!named.plot(points.slice(s![..2, ..]), Some(&[0, 0])).unwrap().to_svg().contains(">dog<"));
    assert_eq!(problem(named.plot(points.slice(s![..1, ..]), Some(&[2]))), "labels: 2 is past the 2 classes");
    assert_eq!(problem(named.plot(points.view(), Some(&[0]))), "labels: 1 were given for 260 points");
    assert!(problem(named.plot(array![[0.0, 1.0, 2.0]].view(), None)).contains("[1, 3]"));
    assert!(problem(named.plot(array![[0.0, f64::NAN]].view(), None)).contains("row 0, column 1 is NaN"));
    assert!(named.plot(array![[1.0, 1.0]].view(), None).is_ok());
}

#[test]
fn the_principal_plane_of_an_ellipse_is_known() {
    // An ellipse with half axes 3 and 1 in the plane of u and v, in three dimensions: variances 9/2 and 1/2.
    let (c, s) = (30_f64.to_radians().cos(), 30_f64.to_radians().sin());
    let (u, v) = ([c, s, 0.0], [0.0, 0.0, 1.0]);
    let n = 64;
    let angle = |i: usize| std::f64::consts::TAU * i as f64 / n as f64;
    let points = Array2::from_shape_fn((n, 3), |(i, k)| 5.0 + 3.0 * angle(i).cos() * u[k] + angle(i).sin() * v[k]);
    let pca = pca2(points.view()).unwrap();
    for (k, expected) in [(0, 0.9), (1, 0.1)] {
        assert!((pca.shares[k] - expected).abs() < 1e-12, "{:?}", pca.shares);
    }
    for k in 0..3 {
        assert!((pca.components[[0, k]] - u[k]).abs() < 1e-12, "{}", pca.components);
        assert!((pca.components[[1, k]] - v[k]).abs() < 1e-12, "{}", pca.components);
    }
    for i in 0..n {
        assert!((pca.points[[i, 0]] - 3.0 * angle(i).cos()).abs() < 1e-12);
        assert!((pca.points[[i, 1]] - angle(i).sin()).abs() < 1e-12);
    }
}

#[test]
fn the_sign_of_a_component_is_fixed() {
    for seed in 0..20 {
        let points = Array2::from_shape_fn((12, 5), |(i, k)| ((i * 31 + k * 17 + i * k * seed) % 23) as f64);
        for component in pca2(points.view()).unwrap().components.rows() {
            let largest = component.iter().fold(0.0_f64, |largest, v| largest.max(v.abs()));
            let first = component.iter().find(|v| v.abs() > largest - 1e-9).unwrap();
            assert!(*first > 0.0, "seed {seed}: {component}");
        }
    }
    // Equal entries of opposite sign: the first is the positive one.
    let diagonal = pca2(array![[-1.0, 1.0], [1.0, -1.0]].view()).unwrap();
    assert!(diagonal.components[[0, 0]] > 0.7 && diagonal.components[[0, 1]] < -0.7);
}

#[test]
fn principal_components_keep_their_defining_properties() {
    // 40 points in 7 dimensions: components are eigenvectors of the covariance, and no direction varies more than the first.
    let points = Array2::from_shape_fn((40, 7), |(i, k)| ((i * 31 + k * 17) % 23) as f64 * (k + 1) as f64);
    let pca = pca2(points.view()).unwrap();
    let centred = &points - &points.mean_axis(ndarray::Axis(0)).unwrap();
    let covariance = centred.t().dot(&centred);
    let total = covariance.diag().sum();
    for k in 0..2 {
        let w = pca.components.row(k);
        let residual = &covariance.dot(&w) - &(&w * (pca.shares[k] * total));
        assert!(residual.iter().all(|r| r.abs() < 1e-9 * total), "{residual}");
        assert!((w.dot(&w) - 1.0).abs() < 1e-12);
    }
    assert!(pca.components.row(0).dot(&pca.components.row(1)).abs() < 1e-12);
    for k in 0..7 {
        assert!(covariance[[k, k]] <= pca.shares[0] * total * (1.0 + 1e-12));
    }
    assert!(pca.shares[0] >= pca.shares[1]);
}

#[test]
fn projections_of_few_points_or_dimensions_are_defined() {
    let line = pca2(array![[1.0], [4.0]].view()).unwrap();
    assert_eq!((line.points, line.shares), (array![[-1.5, 0.0], [1.5, 0.0]], [1.0, 0.0]));
    let one = pca2(array![[1.0, 2.0, 3.0]].view()).unwrap();
    assert_eq!((one.points, one.shares), (array![[0.0, 0.0]], [0.0, 0.0]));
    assert!(problem(pca2(Array2::zeros((0, 3)).view())).contains("[0, 3]"));
    assert!(problem(pca2(array![[1.0, f64::NAN]].view())).contains("row 0, column 1 is NaN"));
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let draw = |name: &str| {
        let sheet = Sheet::new(28, 28).title("t").captions(["a", "b"]).render(&images(2, 784)).unwrap();
        let paths = ["png", "chart.png", "svg"].map(|end| folder.path().join(format!("{name}.{end}")));
        save_png(&paths[0], &sheet).unwrap();
        let plot = Curves::new("loss").plot(&runs()).unwrap();
        plot.save(&paths[1]).unwrap();
        plot.save(&paths[2]).unwrap();
        let read = image::open(&paths[0]).unwrap();
        assert_eq!(read, sheet, "what is read is what was drawn");
        assert_eq!(image::open(&paths[1]).unwrap().to_rgb8(), plot.to_image());
        paths.map(|path| std::fs::read(path).unwrap())
    };
    assert_eq!(draw("first"), draw("second"));
}

#[test]
fn files_are_whole_or_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let names = || -> Vec<_> { std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect() };
    let image = DynamicImage::new_luma8(2, 2);
    std::fs::write(&path, "old").unwrap();
    assert!(problem(save_png(&path, &DynamicImage::new_luma8(0, 2))).contains("a.png"));
    assert_eq!(std::fs::read(&path).unwrap(), b"old", "a failure leaves what was there");
    save_png(&path, &image).unwrap();
    assert_eq!(image::open(&path).unwrap(), image);
    assert_eq!(names(), ["a.png"], "nothing is left beside it");

    let nowhere = folder.path().join("missing/b.png");
    assert_eq!(problem(save_png(&nowhere, &image)), format!("cannot write {}", nowhere.display()));
    assert!(problem(write_atomically(folder.path(), b"x")).contains("cannot write"), "a folder is no file");
    assert_eq!(names(), ["a.png"]);
    let plot = Curves::new("loss").plot(&runs()).unwrap();
    assert!(problem(plot.save(&folder.path().join("c.gif"))).contains("c.gif: a chart is written as .png or .svg"));
    plot.save(&folder.path().join("c.SVG")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        std::fs::write(folder.path().join("plain"), "x").unwrap();
        assert_eq!(mode("a.png"), mode("plain"), "as readable as any file the user writes");
    }
}
