//! evaluate, encode, decode, score and export as users type them; what is wrong is said in one line.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use ndarray::{Array1, Array2, Array3, ShapeBuilder};
use ndarray_npy::{read_npy, write_npy};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};
use tiny::folder;
use wgvae::{
    model::{Kind, Loss, Model},
    run::checkpoint,
};

/// A trained CVAE, VAE and AE, made once.
fn runs() -> &'static Path {
    static RUNS: OnceLock<PathBuf> = OnceLock::new();
    RUNS.get_or_init(|| {
        let dir = folder("cli-numbers");
        for (name, loss) in [("ae", "mse"), ("vae", "bce"), ("cvae", "mse")] {
            let out = dir.join(name);
            let options = ["--data", "glyphs", "--train-limit", "200", "--test-limit", "40", "--epochs", "1"];
            let shape = ["--hidden", "16", "--latent", "3", "--loss", loss, "--out", out.to_str().unwrap()];
            good(&dir, &[&["train", name][..], &options, &shape].concat());
        }
        dir
    })
}

fn wgvae(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wgvae")).current_dir(dir).args(arguments).output().unwrap()
}

/// Standard output of a command that succeeds.
fn good(dir: &Path, arguments: &[&str]) -> String {
    let output = wgvae(dir, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The one line of a command that fails with status 1 and prints no result.
fn bad(arguments: &[&str], expected: &str) {
    let output = wgvae(runs(), arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    let errors: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("device: ") && !line.starts_with("data: ")).collect();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    assert!(
        matches!(errors[..], [line] if line.starts_with("error: ") && line.contains(expected)),
        "{arguments:?}: {text}"
    );
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

fn json(name: &str, more: &[&str]) -> serde_json::Value {
    serde_json::from_str(&good(runs(), &[&["evaluate", name, "--json"], more].concat())).unwrap()
}

#[test]
fn evaluate_gives_named_figures() {
    let cvae = json("cvae", &["--samples", "50"]);
    for name in
        ["mse", "squared_error", "bce", "mse_at_mu", "kl", "elbo", "active_units", "label_accuracy", "judge_accuracy"]
    {
        assert!(cvae[name].is_number(), "{name} in {cvae}");
    }
    assert_eq!((cvae["images"].as_u64(), cvae["samples"].as_u64()), (Some(40), Some(50)));
    assert_eq!(cvae["kl_per_dimension"].as_array().unwrap().len(), 3);
    let number = |name: &str| cvae[name].as_f64().unwrap();
    assert!((number("squared_error") / 784.0 - number("mse")).abs() < 1e-9);
    assert!((number("elbo") + number("bce") + number("kl")).abs() < 1e-9);
    let ae = json("ae", &[]);
    assert!(ae["mse"].is_number() && ae.get("kl").is_none() && ae.get("label_accuracy").is_none(), "{ae}");
    assert_eq!(json("vae", &["--split", "train"])["images"], 200);

    let table = good(runs(), &["evaluate", "vae"]);
    let line = table.lines().find(|line| line.starts_with("bce ")).unwrap();
    let printed: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!((printed - json("vae", &[])["bce"].as_f64().unwrap()).abs() < 1e-3, "{table}");
}

#[test]
fn the_likelihood_is_estimated_for_models_that_have_one() {
    let figures = |more: &[&str]| -> serde_json::Value {
        let arguments = [&["evaluate", "vae", "--json", "--nll", "60"][..], more].concat();
        serde_json::from_str(&good(runs(), &arguments)).unwrap()
    };
    let (all, some) = (figures(&[]), figures(&["--images", "9"]));
    let nll = all["nll"].as_f64().unwrap();
    assert!(nll < -all["elbo"].as_f64().unwrap(), "an importance-weighted bound is tighter: {all}");
    assert!(all["nll_standard_error"].as_f64().unwrap() > 0.0);
    assert_eq!((&all["nll_images"], &some["nll_images"], &all["nll_samples"]), (&40.into(), &9.into(), &60.into()));
    assert_ne!(all["nll"], some["nll"]);
    let white = figures(&["--binarize", "threshold"]);
    assert_ne!(all["nll"], white["nll"], "black and white images are other images");
    bad(&["evaluate", "ae", "--nll", "5"], "--nll: an AE has no prior");
}

#[test]
fn the_averages_of_scores_are_the_figures_of_evaluate() {
    let figures = json("vae", &[]);
    let text = good(runs(), &["score", "vae"]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!((names[..3].join(","), rows.len()), ("index,name,label".into(), 40));
    assert_eq!(names[9..].join(","), "score,flag,leading");
    for (column, name) in names.iter().enumerate().take(9).skip(3) {
        let mean = rows.iter().map(|row| row[column].parse::<f64>().unwrap()).sum::<f64>() / 40.0;
        assert!((mean - figures[name].as_f64().unwrap()).abs() < 1e-9, "{name}: {mean} in {figures}");
    }
    let dir = folder("cli-score");
    let (table, picture) = (dir.join("scores.csv"), dir.join("worst.png"));
    let (table, picture) = (table.to_str().unwrap(), picture.to_str().unwrap());
    let printed = good(runs(), &["score", "vae", "-o", table, "--worst", "7", "--picture", picture]);
    assert_eq!(printed, format!("{table}\n{picture}\n"));
    assert_eq!(fs::read_to_string(table).unwrap(), text);
    assert!(image::open(picture).unwrap().width() > 7 * 28);
    bad(&["score", "vae", "-o", table], "exists: replace it with --force");
    bad(&["score", "vae", "--worst", "2", "--picture", picture], "exists: replace it with --force");
    good(runs(), &["score", "vae", "-o", table, "--force"]);
}

#[test]
fn encoding_and_decoding_restores_what_scores_say() {
    let dir = folder("cli-encode");
    let file = |name: &str| dir.join(name).to_str().unwrap().to_string();
    good(runs(), &["encode", "vae", "-o", &file("mu.npy")]);
    let mu: Array2<f32> = read_npy(file("mu.npy")).unwrap();
    assert_eq!(mu.dim(), (40, 3));
    good(runs(), &["decode", "vae", &file("mu.npy"), "-o", &file("images.npy")]);
    let images: Array3<f32> = read_npy(file("images.npy")).unwrap();
    let test = wgvae::data::glyphs::dataset(0, 200, 40).test;
    let squares =
        images.iter().zip(test.images.bytes().unwrap()).map(|(&p, &x)| (f64::from(p) - f64::from(x) / 255.0).powi(2));
    let error = squares.sum::<f64>() / 40.0;
    assert!((error - json("vae", &[])["squared_error_at_mu"].as_f64().unwrap()).abs() < 1e-4 * error);

    // The same latents as float64 in Fortran order are the same latents.
    let columns = Array2::from_shape_fn((40, 3).f(), |at| f64::from(mu[at]));
    write_npy(file("fortran.npy"), &columns).unwrap();
    good(runs(), &["decode", "vae", &file("fortran.npy"), "-o", &file("again.npy")]);
    assert_eq!(read_npy::<_, Array3<f32>>(file("again.npy")).unwrap(), images);

    for (what, count) in [("log_var", 200), ("z", 200), ("code", 200)] {
        let path = file(&format!("{what}.npy"));
        good(runs(), &["encode", "vae", "--what", what, "--split", "train", "-o", &path]);
        assert_eq!(read_npy::<_, Array2<f32>>(&path).unwrap().dim(), (count, 3), "{what}");
    }
    let printed = good(runs(), &["decode", "cvae", &file("mu.npy"), "--label", "9", "-o", &file("nines.png")]);
    assert_eq!(printed.trim(), file("nines.png"));
    image::open(file("nines.png")).unwrap();
    write_npy(file("labels.npy"), &Array1::from_iter((0..40).map(|i| i64::from(i % 10)))).unwrap();
    good(runs(), &["decode", "cvae", &file("mu.npy"), "--labels", &file("labels.npy"), "-o", &file("all.npy")]);
    good(runs(), &["decode", "cvae", &file("mu.npy"), "--label", "9", "-o", &file("nines.npy")]);
    let [all, nines] = ["all.npy", "nines.npy"].map(|name| read_npy::<_, Array3<f32>>(file(name)).unwrap());
    assert_eq!(all.index_axis(ndarray::Axis(0), 19), nines.index_axis(ndarray::Axis(0), 19));
    assert_ne!(all.index_axis(ndarray::Axis(0), 18), nines.index_axis(ndarray::Axis(0), 18));

    bad(&["encode", "vae", "-o", &file("mu.npy")], "mu.npy exists: replace it with --force");
    bad(&["decode", "vae", &file("mu.npy"), "-o", &file("images.npy")], "images.npy exists");
    bad(&["encode", "vae", "-o", &file("mu.txt")], "must end in .npy");
    bad(&["encode", "ae", "--what", "mu", "-o", &file("x.npy")], "an AE has no q(z | x)");
    bad(&["encode", "vae", "--what", "log_var", "--u8", "-o", &file("x.npy")], "compresses what is decoded");
}

#[test]
fn eight_bits_are_smaller_and_decode() {
    let dir = folder("cli-u8");
    let file = |name: &str| dir.join(name).to_str().unwrap().to_string();
    let report = good(runs(), &["encode", "ae", "--u8", "-o", &file("codes.npy")]);
    assert_eq!(read_npy::<_, Array2<u8>>(file("codes.npy")).unwrap().dim(), (40, 3));
    assert_eq!(read_npy::<_, Array2<f32>>(file("codes.range.npy")).unwrap().dim(), (2, 3));
    assert!(report.contains(&(40 * 784).to_string()) && report.contains(&(40 * 3 + 24).to_string()), "{report}");
    let [before, after] = [1, 7].map(|word| {
        let line = report.lines().find(|line| line.starts_with("error")).unwrap();
        line.split_whitespace().nth(word).unwrap().parse::<f64>().unwrap()
    });
    let figures = json("ae", &[]);
    assert!((before - figures["squared_error"].as_f64().unwrap()).abs() < 1e-3, "{report}");
    assert!((before - after).abs() < 0.01 * before, "{report}");
    good(runs(), &["decode", "ae", &file("codes.npy"), "-o", &file("images.npy")]);
    fs::remove_file(file("codes.range.npy")).unwrap();
    bad(&["decode", "ae", &file("codes.npy"), "-o", &file("other.npy")], "codes.range.npy");
}

#[test]
fn wrong_arrays_and_labels_are_named() {
    let dir = folder("cli-bad");
    let file = |name: &str| dir.join(name).to_str().unwrap().to_string();
    write_npy(file("wide.npy"), &Array2::<f32>::zeros((4, 5))).unwrap();
    write_npy(file("ints.npy"), &Array2::<i32>::zeros((4, 3))).unwrap();
    write_npy(file("cube.npy"), &Array3::<f32>::zeros((4, 3, 1))).unwrap();
    let mut nan = Array2::<f32>::zeros((4, 3));
    nan[[2, 1]] = f32::NAN;
    write_npy(file("nan.npy"), &nan).unwrap();
    write_npy(file("good.npy"), &Array2::<f32>::zeros((4, 3))).unwrap();
    let whole = fs::read(file("good.npy")).unwrap();
    fs::write(file("short.npy"), &whole[..whole.len() - 5]).unwrap();
    fs::write(file("text.npy"), "not an array").unwrap();
    write_npy(file("few.npy"), &Array1::<u8>::zeros(3)).unwrap();
    write_npy(file("large.npy"), &Array1::from(vec![0_i64, 1, 10, 2])).unwrap();
    write_npy(file("negative.npy"), &Array1::from(vec![0_i64, -1, 3, 2])).unwrap();
    let decode = |run: &str, name: &str, more: &[&str], expected: &str| {
        bad(&[&["decode", run, &file(name), "-o", &file("out.npy")], more].concat(), expected);
    };
    decode("vae", "wide.npy", &[], "wide.npy: shape [4, 5], expected [n, 3]");
    decode("vae", "cube.npy", &[], "cube.npy: shape [4, 3, 1], expected [n, 3]");
    decode("vae", "ints.npy", &[], "holds values of type int32, expected float32");
    decode("vae", "nan.npy", &[], "the value in row 2, column 1 is NaN");
    decode("vae", "short.npy", &[], "short.npy: not a whole .npy file");
    decode("vae", "text.npy", &[], "text.npy: not a whole .npy file");
    decode("vae", "absent.npy", &[], "cannot read");
    decode("vae", "good.npy", &["--label", "1"], "only a CVAE decodes with labels");
    decode("cvae", "good.npy", &[], "give --label or --labels");
    decode("cvae", "good.npy", &["--label", "10"], "10 is none of the 10 classes 0 to 9");
    decode("cvae", "good.npy", &["--labels", &file("few.npy")], "shape [3], expected [4]");
    decode("cvae", "good.npy", &["--labels", &file("large.npy")], "10 is none of the 10 classes 0 to 9");
    decode("cvae", "good.npy", &["--labels", &file("negative.npy")], "label -1 of row 1");
    assert!(!dir.join("out.npy").exists());
}

#[test]
fn other_images_must_fit_the_run() {
    let dir = folder("cli-images");
    let file = |name: &str| dir.join(name).to_str().unwrap().to_string();
    write_npy(file("small.npy"), &Array3::<u8>::zeros((14, 9, 9))).unwrap();
    write_npy(file("fit.npy"), &Array3::<u8>::from_elem((14, 28, 28), 7)).unwrap();
    bad(
        &["evaluate", "vae", "--data", &file("small.npy")],
        "images of 9 x 9 pixels, but the run was trained on 28 x 28",
    );
    bad(&["score", "cvae", "--data", &file("fit.npy")], "needs the label of every image");
    bad(&["evaluate", "cvae", "--data", &file("fit.npy")], "needs the label of every image");
    let text = good(runs(), &["score", "vae", "--data", &file("fit.npy")]);
    assert_eq!(text.lines().count(), 1 + 14);
    assert!(text.lines().nth(1).unwrap().starts_with("0,row 0,,"), "no label: {text}");
    bad(&["score", "vae", "--data", &file("fit.npy"), "--split", "train"], "fit.npy has no parts: all of its images");
}

/// A copy of the VAE's run, with other weights.
fn damaged(name: &str, weights: &[u8]) -> String {
    let dir = folder(name);
    fs::copy(runs().join("vae/config.json"), dir.join("config.json")).unwrap();
    fs::write(dir.join("model.safetensors"), weights).unwrap();
    dir.to_str().unwrap().to_string()
}

#[test]
fn what_is_no_run_or_a_damaged_one_is_refused_by_every_command() {
    let whole = fs::read(runs().join("vae/model.safetensors")).unwrap();
    let foreign = folder("cli-foreign").join("weights.safetensors");
    let model = Model::new(Kind::Ae, 784, [16], 3, 0);
    checkpoint::save_weights(&foreign, &model.initialise(0)).unwrap();
    let mut nan = command::without_checksum(&whole);
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let empty = folder("cli-empty");
    let cases = [
        (empty.to_str().unwrap().to_string(), "is no run: it has no config.json"),
        (empty.join("absent").to_str().unwrap().to_string(), "there is no such directory"),
        (damaged("cli-short", &whole[..whole.len() / 2]), "is no whole safetensors file"),
        (damaged("cli-text", b"no weights at all"), "is no whole safetensors file"),
        (damaged("cli-nan", &nan), "has a value that is not finite"),
        (damaged("cli-names", &fs::read(foreign).unwrap()), "mu.weight is missing; mu.bias is missing; log_var"),
    ];
    let out = folder("cli-refused");
    let (npy, csv, onnx) = (out.join("x.npy"), out.join("x.csv"), out.join("onnx"));
    let latents = out.join("latents.npy");
    write_npy(&latents, &Array2::<f32>::zeros((4, 3))).unwrap();
    for (run, expected) in &cases {
        bad(&["evaluate", run, "--json"], expected);
        bad(&["encode", run, "-o", npy.to_str().unwrap()], expected);
        bad(&["decode", run, latents.to_str().unwrap(), "-o", npy.to_str().unwrap()], expected);
        bad(&["score", run, "-o", csv.to_str().unwrap()], expected);
        bad(&["export", run, "--onnx", onnx.to_str().unwrap()], expected);
    }
    assert!(!npy.exists() && !csv.exists() && !onnx.exists());
}

#[test]
fn export_writes_two_graphs_once() {
    let dir = folder("cli-export");
    let onnx = dir.join("graphs");
    let arguments = ["export", "cvae", "--onnx", onnx.to_str().unwrap()];
    let printed = good(runs(), &arguments);
    let paths: Vec<&str> = printed.lines().collect();
    assert_eq!(paths, ["encoder.onnx", "decoder.onnx"].map(|name| onnx.join(name).to_str().unwrap().to_string()));
    assert!(paths.iter().all(|path| Path::new(path).is_file()));
    bad(&arguments, "encoder.onnx exists: replace it with --force");
    good(runs(), &[&arguments[..], &["--force"]].concat());
}

#[test]
fn init_names_what_does_not_fit_and_leaves_nothing() {
    let dir = folder("cli-init");
    let out = dir.join("run");
    let weights = runs().join("vae/model.safetensors");
    let common = ["train", "vae", "--data", "glyphs", "--train-limit", "20", "--test-limit", "5", "--hidden", "16"];
    let more = ["--latent", "4", "--init", weights.to_str().unwrap(), "--out", out.to_str().unwrap()];
    bad(&[&common[..], &more].concat(), "encoder.2.weight is [3, 16], expected [4, 16]");
    assert!(!out.exists());
    // Weights fit by name and shape alone, whatever run they come from.
    let loss = Loss::MSE_SUM;
    let fits = ["--latent", "3", "--epochs", "1", "--init", weights.to_str().unwrap(), "--out", out.to_str().unwrap()];
    good(&dir, &[&common[..], &fits].concat());
    let config: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("config.json")).unwrap()).unwrap();
    assert_eq!(config["objective"]["loss"], serde_json::to_value(loss).unwrap());
}
