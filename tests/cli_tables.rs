//! Tables on the command line: trained on, encoded, decoded, and refused where a command or a loss is not for them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, json, read, succeed};
use std::{fs, path::Path, sync::LazyLock};

/// A folder with two tables of the same rows, whose columns stand in another order, and a VAE trained on the first.
static PLACE: LazyLock<String> = LazyLock::new(|| {
    let dir = tiny::folder("cli_tables");
    let row = |i: i32| [f64::from(i * 7 % 40), 300.0 - 2.0 * f64::from(i * 7 % 40), f64::from(i * i % 13) * 1e4];
    let kind = |i: i32| if i % 3 == 0 { "red" } else { "blue" };
    let rows = |write: &dyn Fn(i32, [f64; 3]) -> String| (0..40).map(|i| write(i, row(i))).collect::<String>();
    let first = rows(&|i, [a, b, c]| format!("{a},{b},{},{c}\n", kind(i)));
    fs::write(dir.join("a.csv"), format!("area,depth,kind,cost\n{first}")).unwrap();
    let second = rows(&|i, [a, b, c]| format!("{c}\tmore\t{a}\t{b}\t{}\n", kind(i)));
    fs::write(dir.join("b.tsv"), format!("cost\tnote\tarea\tdepth\tkind\n{second}")).unwrap();
    let [data, out] = ["a.csv", "vae"].map(|name| dir.join(name).display().to_string());
    train("vae", &data, &out, &["--epochs", "2"]);
    dir.display().to_string()
});

fn train(model: &str, data: &str, out: &str, more: &[&str]) {
    let options =
        ["--labels", "kind", "--device", "cpu", "--hidden", "8", "--latent", "2", "--batch", "8", "--out", out];
    succeed(&[&["train", model, "--data", data], &options[..], more].concat());
}

fn at(name: &str) -> String {
    format!("{}/{name}", *PLACE)
}

#[test]
fn a_run_keeps_columns_scale_and_classes_and_applies_them_to_new_rows() {
    let config = json(at("vae/config.json"));
    assert_eq!(config["data"]["table"]["columns"], serde_json::json!(["area", "depth", "cost"]));
    assert_eq!(config["data"]["table"]["scale"], "standard");
    assert_eq!(config["data"]["class_names"], serde_json::json!(["blue", "red"]));
    assert_eq!((&config["data"]["labels"], &config["data"]["format"]), (&"kind".into(), &"f32".into()));
    assert_eq!(
        config["objective"]["loss"], "gaussian_sum",
        "a table has a Gaussian likelihood unless another is asked for"
    );

    let encode = |data: &str, out: &str| {
        succeed(&["encode", &at("vae"), "--data", &at(data), "-o", &at(out), "--device", "cpu", "--force"]);
        read(at(out))
    };
    assert!(encode("a.csv", "a.npy") == encode("b.tsv", "b.npy"), "the same rows, whatever the order of columns");
    // what a model gives back is in the units of the table
    succeed(&["decode", &at("vae"), &at("a.npy"), "-o", &at("decoded.csv"), "--device", "cpu", "--force"]);
    let text = fs::read_to_string(at("decoded.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("area,depth,cost"));
    let means = lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>());
    let sums = means.fold([0.0; 3], |sums, row| std::array::from_fn(|j| sums[j] + row[j] / 40.0));
    for (found, expected, spread) in [(sums[0], 19.5, 12.0), (sums[1], 261.0, 23.0), (sums[2], 50000.0, 45000.0)] {
        assert!((found - expected).abs() < spread, "{sums:?}");
    }
    let (path, _) =
        succeed(&["sample", &at("vae"), "--count", "5", "-o", &at("drawn.npy"), "--device", "cpu", "--force"]);
    let drawn: ndarray::Array2<f64> = ndarray_npy::read_npy(path.trim()).unwrap();
    assert_eq!(drawn.dim(), (5, 3));
    assert!(drawn.column(1).iter().all(|depth| (100.0..400.0).contains(depth)), "{drawn}");
}

#[test]
fn a_resumed_run_on_a_table_leaves_the_same_bytes() {
    let whole = at("whole");
    train("vae", &at("a.csv"), &whole, &["--epochs", "3"]);
    let parts = at("parts");
    train("vae", &at("a.csv"), &parts, &["--epochs", "1"]);
    succeed(&["train", "--resume", &parts, "--epochs", "3"]);
    assert!(read(Path::new(&whole).join("model.safetensors")) == read(Path::new(&parts).join("model.safetensors")));
}

#[test]
fn a_cvae_writes_its_samples_with_the_names_of_their_classes() {
    let run = at("cvae");
    train("cvae", &at("a.csv"), &run, &["--epochs", "1", "--scale", "unit", "--likelihood", "bernoulli"]);
    let (path, _) = succeed(&["sample", &run, "--count", "2", "--device", "cpu"]);
    let text = fs::read_to_string(path.trim()).unwrap();
    let labels: Vec<&str> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(labels, ["label", "blue", "blue", "red", "red"]);
    fs::write(at("other.csv"), "area,depth,cost,kind\n1,2,3,green\n").unwrap();
    let arguments = ["score", &run, "--data", &at("other.csv"), "--device", "cpu"];
    fails(&arguments, &["the class green is none of the run's: blue, red"]);
}

#[test]
fn losses_and_data_that_are_not_for_tables_are_refused() {
    let (data, out) = (at("a.csv"), at("refused"));
    let train = ["train", "vae", "--data", &data, "--labels", "kind", "--device", "cpu", "--out", &out];
    for loss in ["bernoulli", "squared-error"] {
        let words = [
            "--likelihood",
            loss,
            "is of values in 0 to 1, and column area of line",
            "take --likelihood gaussian, or --scale unit",
        ];
        fails(&[&train[..], &["--likelihood", loss]].concat(), &words);
    }
    fails(&[&train[..], &["--binarize", "epoch"]].concat(), &["--binarize", "table of real values"]);
    fs::write(at("images.npy"), b"").unwrap();
    ndarray_npy::write_npy(at("images.npy"), &ndarray::Array3::<u8>::zeros((4, 2, 2))).unwrap();
    fails(
        &["encode", &at("vae"), "--data", &at("images.npy"), "-o", &at("x.npy")],
        &["the run names area, which is none of its columns"],
    );
    fails(
        &["train", "vae", "--data", &at("images.npy"), "--labels", "kind", "--device", "cpu", "--out", &out],
        &["kind"],
    );
}

#[test]
fn pictures_of_a_table_are_maps_and_pairs_and_others_say_that_they_need_images() {
    let run = at("vae");
    let map = image::open(at("vae/images/traversal.png")).unwrap();
    let (path, _) = succeed(&["traverse", &run, "--device", "cpu"]);
    assert!(image::open(path.trim()).unwrap() == map, "training draws what the command draws");
    assert!(map.as_rgb8().unwrap().pixels().any(|pixel| pixel.0[0] > pixel.0[2] + 40), "some column rises: {path}");
    let svg = at("along.svg");
    succeed(&["traverse", &run, "--dim", "1", "--steps", "5", "-o", &svg, "--force", "--device", "cpu"]);
    let text = fs::read_to_string(&svg).unwrap();
    for word in ["area", "depth", "cost", "along z1", "-1.5", "3.0"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let (path, _) = succeed(&["reconstruct", &run, "--data", &at("b.tsv"), "--images", "2,0", "--device", "cpu"]);
    let lines: Vec<String> = fs::read_to_string(path.trim()).unwrap().lines().map(String::from).collect();
    assert_eq!((lines[0].as_str(), lines.len()), ("index,name,column,value,restored,difference", 7));
    assert!(lines[1].starts_with("2,line 4,area,14,") && lines[5].starts_with("0,line 2,depth,300,"), "{lines:?}");
    let cells = |line: &str| line.split(',').skip(3).map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>();
    let (area, spread) =
        (cells(&lines[1]), json(at("vae/config.json"))["data"]["table"]["spread"][0].as_f64().unwrap());
    assert!(((area[1] - area[0]) / spread - area[2]).abs() < 1e-4, "{area:?} {spread}");
    succeed(&["scatter", &run, "-o", &at("points.png"), "--force", "--device", "cpu"]);
    for command in ["denoise", "interpolate", "manifold", "style"] {
        fails(&[command, &run], &["is on a table, and this command draws images"]);
    }
    fails(
        &["grid", "--data", &at("a.csv"), "--labels", "kind", "-o", &at("grid.png")],
        &["is a table, and grid draws images"],
    );
    fails(
        &["reconstruct", &run, "--data", &at("b.tsv"), "--images", "40", "--device", "cpu"],
        &["40 is past the 40 rows, 0 to 39"],
    );
}
