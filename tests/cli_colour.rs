//! Runs on pictures in colour, from the command line: every command that draws shows colours, and what the run knows is the default of all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, json, read, succeed};
use image::{DynamicImage, Rgb, RgbImage, imageops::FilterType};
use ndarray::{Array2, Array4};
use ndarray_npy::{read_npy, write_npy};
use std::{fs, path::Path, sync::LazyLock};
use wgvae::data::glyphs;

/// Sides of the pictures that the runs are trained on.
const SIZE: [usize; 2] = [8, 12];
/// Inks of the classes.
const INKS: [(&str, [u8; 3]); 3] = [("blue", [40, 60, 255]), ("green", [40, 230, 60]), ("red", [250, 50, 30])];

/// A glyph in the ink of its class on a dark ground of the complement, `width` × 28 pixels.
fn glyph(gray: &[u8], ink: [u8; 3], width: u32) -> DynamicImage {
    let image = RgbImage::from_fn(28, 28, |x, y| {
        let share = f32::from(gray[(28 * y + x) as usize]) / 255.0;
        Rgb(ink.map(|value| (share * f32::from(value) + (1.0 - share) * f32::from(255 - value) / 4.0) as u8))
    });
    DynamicImage::from(image).resize_exact(width, 28, FilterType::Nearest)
}

/// A folder with pictures of three classes in two sizes, and on the first of them a VAE and a CVAE.
static PLACE: LazyLock<String> = LazyLock::new(|| {
    let dir = tiny::folder("cli_colour");
    let images = glyphs::split(0, 0, 42).images;
    for (i, gray) in images.bytes().unwrap().chunks(784).enumerate() {
        let (class, ink) = INKS[i % 3];
        for (folder, width) in [("pictures", 28 + (i % 2) as u32), ("others", 40)] {
            fs::create_dir_all(dir.join(folder).join(class)).unwrap();
            glyph(gray, ink, width).save(dir.join(folder).join(class).join(format!("{i}.png"))).unwrap();
        }
    }
    let data = dir.join("pictures").display().to_string();
    for kind in ["vae", "cvae"] {
        train(kind, &data, &dir.join(kind), &["--color", "rgb", "--size", "12x8"]);
    }
    dir.display().to_string()
});

fn train(kind: &str, data: &str, out: &Path, more: &[&str]) -> String {
    let out = out.display().to_string();
    let small = ["--hidden", "12", "--latent", "2", "--batch", "9", "--epochs", "1", "--out", &out];
    let device: &[&str] = if more.contains(&"--device") { &[] } else { &["--device", "cpu"] };
    succeed(&[&["train", kind, "--data", data], &small[..], device, more].concat()).1
}

fn at(name: &str) -> String {
    format!("{}/{name}", *PLACE)
}

/// Runs a command of words, where `@` stands for the folder.
fn done(words: &str) -> String {
    let words = words.replace('@', &at(""));
    succeed(&words.split(' ').chain(["--device", "cpu"]).collect::<Vec<_>>()).1
}

/// Asserts that a picture is in colour.
#[track_caller]
fn colourful(path: &str) {
    let picture = image::open(at(path)).unwrap();
    let pixels = picture.as_rgb8().unwrap_or_else(|| panic!("{path} is gray")).pixels();
    let coloured = pixels.filter(|Rgb([r, g, b])| r.abs_diff(*g).max(g.abs_diff(*b)) > 8).count();
    assert!(coloured > 500, "{path}: {coloured} pixels in colour");
}

#[test]
fn a_run_keeps_color_and_size_and_applies_them_to_new_pictures() {
    let data = &json(at("vae/config.json"))["data"];
    assert_eq!((&data["color"], &data["resized"]), (&"rgb".into(), &true.into()));
    assert_eq!((&data["height"], &data["width"]), (&SIZE[0].into(), &SIZE[1].into()));
    assert_eq!(json(at("vae/config.json"))["model"]["input"], 8 * 12 * 3);
    let said = done("encode @vae --data @others -o @others.npy");
    assert!(said.contains("42 of 42 scaled") && said.contains("12x8 pixels in colour"), "{said}");
    assert_eq!(read_npy::<_, Array2<f32>>(at("others.npy")).unwrap().dim(), (42, 2));
    let said = succeed(&["train", "--resume", &at("cvae"), "--epochs", "2"]).1;
    assert!(said.contains("12x8 pixels in colour, 3 classes (blue, green, red)"), "{said}");
}

#[test]
fn a_run_is_repeated_from_its_configuration() {
    let again = tiny::folder("cli_colour_again").join("vae").display().to_string();
    succeed(&["train", "--config", &at("vae/config.json"), "--out", &again]);
    assert!(read(format!("{again}/model.safetensors")) == read(at("vae/model.safetensors")), "other weights");
}

#[test]
fn every_picture_is_in_colour() {
    for name in ["reconstructions", "samples", "traversal", "epoch-001"] {
        colourful(&format!("vae/images/{name}.png"));
    }
    for words in [
        "grid --data @pictures --color rgb --size 16",
        "reconstruct @vae",
        "denoise @vae --corrupt 0.1",
        "sample @vae --count 9",
        "traverse @vae --image 1",
        "interpolate @vae --from 0 --to 2",
        "manifold @vae --size 4",
        "style @cvae",
        "sample @cvae --label red --count 4",
        "score @vae -o @worst.csv --force --worst 3 --picture @x.png",
    ] {
        let command = words.split(' ').next().unwrap();
        let words = words.replace('@', &at(""));
        let output = if command == "score" { Vec::new() } else { vec!["-o".to_string(), at("x.png")] };
        let device: &[&str] = if command == "grid" { &[] } else { &["--device", "cpu"] };
        let output: Vec<&str> = output.iter().map(String::as_str).chain(["--force"]).collect();
        let words: Vec<&str> = words.split(' ').filter(|word| *word != "--force").collect();
        succeed(&[&words[..], &output, device].concat());
        colourful("x.png");
    }
    let text = fs::read_to_string(at("worst.csv")).unwrap();
    let (_, leading) = text.lines().nth(1).unwrap().rsplit_once(",\"").unwrap();
    let channel = leading.split([',', ' ']).nth(2).unwrap();
    assert!(["red", "green", "blue"].contains(&channel), "a value has the name of its channel: {leading}");
}

#[test]
fn arrays_go_out_and_come_in_with_their_colours_last() {
    done("sample @vae --count 5 -o @s.npy");
    let samples: Array4<f32> = read_npy(at("s.npy")).unwrap();
    assert_eq!(samples.dim(), (5, 8, 12, 3));
    done("encode @vae --data @s.npy -o @z.npy");
    done("decode @vae @z.npy -o @decoded.npy");
    assert_eq!(read_npy::<_, Array4<f32>>(at("decoded.npy")).unwrap().dim(), (5, 8, 12, 3));
    done("decode @vae @z.npy -o @decoded.png");
    colourful("decoded.png");

    let bytes = samples.mapv(|value| (255.0 * value) as u8);
    let many = ndarray::concatenate(ndarray::Axis(0), &[bytes.view(), bytes.view()]).unwrap();
    write_npy(at("many.npy"), &many).unwrap();
    let run = Path::new(&*PLACE).join("of-array");
    train("ae", &at("many.npy"), &run, &[]);
    done("reconstruct @of-array");
    colourful("of-array/images/reconstructions.png");
}

/// Rows are rows: streamed, with noise and in black and white.
#[test]
fn noise_black_and_white_and_shards_take_pictures_in_colour() {
    let pictures = at("pictures");
    let options = ["--color", "rgb", "--size", "12x8", "--device", "gpu", "--test-share", "0.2"];
    let run = |name: &str, more: &[&str]| {
        let dir = Path::new(&*PLACE).join(name);
        let said = train("vae", &pictures, &dir, &[&options[..], more].concat());
        (said, read(dir.join("model.safetensors")))
    };
    for more in [&["--corrupt", "0.2"][..], &["--binarize", "threshold", "--loss", "bce"]] {
        let (_, resident) = run("resident", more);
        let error = fails(
            &[
                &["train", "vae", "--data", &pictures, "--hidden", "12", "--latent", "2", "--batch", "9"],
                &options[..],
                more,
                &["--gpu-memory", "1KiB"],
            ]
            .concat(),
            &["two shards of a batch take "],
        );
        let least: u64 = error.split_once("batch take ").unwrap().1.split_once(':').unwrap().0.parse().unwrap();
        let least = format!("{}KiB", least.div_ceil(1024));
        let (said, streamed) = run("streamed", &[more, &["--gpu-memory", &least]].concat());
        assert!(said.contains("; rows are streamed, in two shards of "), "{said}");
        assert!(resident == streamed, "{more:?}: other weights in shards");
        fs::remove_dir_all(at("resident")).unwrap();
        fs::remove_dir_all(at("streamed")).unwrap();
    }
}

#[test]
fn what_does_not_go_with_colour_is_refused() {
    let vae = at("vae");
    succeed(&["export", &vae, "--onnx", &at("onnx")]);
    write_npy(at("gray.npy"), &ndarray::Array3::<u8>::zeros((3, 8, 12))).unwrap();
    let encode = |data: &str| ["encode".into(), vae.clone(), "--data".into(), at(data), "-o".into(), at("no.npy")];
    let expect = |arguments: &[String], words: &[&str]| {
        fails(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), words);
    };
    expect(&encode("gray.npy"), &["images in gray, but the run was trained on colour"]);
    write_npy(at("small.npy"), &Array4::<u8>::zeros((3, 4, 12, 3))).unwrap();
    expect(&encode("small.npy"), &["images of 12 x 4 pixels, but the run was trained on 12 x 8"]);
    let sized = [&encode("others")[..], &["--size".into(), "9".into()]].concat();
    expect(&sized, &["images of 9 x 9 pixels, but the run was trained on 12 x 8"]);
    let sized = [&encode("small.npy")[..], &["--size".into(), "12x8".into()]].concat();
    expect(&sized, &["--size: scales pictures"]);
    for option in [["--color", "rgb"], ["--size", "12x8"]] {
        let output = command::wgvae(&[&["train", "--resume", &vae], &option[..]].concat());
        assert_eq!(output.status.code(), Some(2), "a resumed run keeps its {}", option[0]);
    }
    let [pictures, x] = ["pictures", "x"].map(at);
    fails(
        &["train", "vae", "--data", &pictures, "--color", "rgb", "--out", &x],
        &[": --size WxH scales pictures to one size"],
    );
    for size in ["", "x", "0", "12x", "12x0", "3x4x5", "-2", "9999999999"] {
        let output = command::wgvae(&["grid", "--data", &pictures, &format!("--size={size}"), "-o", &x]);
        assert_eq!(output.status.code(), Some(2), "{size}");
        assert!(command::text(&output.stderr).contains("expected WxH or N, in pixels"), "{size}");
    }
    fails(
        &["train", "vae", "--data", "glyphs", "--color", "rgb", "--out", &x],
        &["--color: is rgb, and these data are gray"],
    );

    // gray unless told, and then as before
    let gray = Path::new(&*PLACE).join("gray");
    let said = train("vae", &pictures, &gray, &["--size", "8"]);
    assert!(said.contains("42 of 42 in colour, made gray (--color rgb keeps the colours), 42 of 42 scaled"), "{said}");
    assert!(image::open(gray.join("images/samples.png")).unwrap().as_luma8().is_some(), "a gray run has gray pictures");
    assert!(json(gray.join("config.json"))["data"].get("color").is_none());
    let said = done("encode @gray --data @others -o @g.npy");
    assert!(said.contains("42 of 42 in colour, made gray, 42 of 42 scaled"), "{said}");
}

/// A configuration as versions without colour write it.
#[test]
fn an_older_configuration_stays_readable() {
    let dir = tiny::folder("cli_colour_older");
    train("vae", "glyphs", &dir.join("run"), &["--train-limit", "20", "--test-limit", "5"]);
    let config = json(dir.join("run/config.json"));
    assert!(config["data"].get("color").is_none() && config["data"].get("resized").is_none());
    succeed(&["sample", &dir.join("run").display().to_string(), "--device", "cpu"]);
}
