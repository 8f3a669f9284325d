//! Anomaly detection: scores, the figures they are judged by, held to scikit-learn's, and the breast cancer data end to end.
//!
//! `tests/python/detection.py` wrote the fixtures.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, succeed};
use serde::Deserialize;
use std::{fs, path::Path, sync::LazyLock};
use wgvae::{
    analysis::{Detection, nearest, quantile, score, surprise},
    data::glyphs,
    device::Device,
    model::{Kind, Likelihood, Loss, Model, Rows, Variance},
    network::Codec,
    random::Permutation,
};

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
    nearest: Nearest,
}

#[derive(Deserialize)]
struct Case {
    scores: Vec<f64>,
    anomalous: Vec<bool>,
    roc_auc: f64,
    average_precision: f64,
}

#[derive(Deserialize)]
struct Nearest {
    train: Vec<f32>,
    rows: Vec<f32>,
    distances: Vec<f64>,
}

fn fixture() -> Fixture {
    serde_json::from_slice(&fs::read("tests/fixtures/detection.json").unwrap()).unwrap()
}

#[test]
fn figures_are_those_of_scikit_learn() {
    let Fixture { cases, nearest: Nearest { train, rows, distances } } = fixture();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let found = Detection::of(&case.scores, &case.anomalous).unwrap();
        assert!((found.roc_auc - case.roc_auc).abs() < 1e-6, "{found:?} {}", case.roc_auc);
        assert!(
            (found.average_precision - case.average_precision).abs() < 1e-6,
            "{found:?} {}",
            case.average_precision
        );
    }
    let found = nearest(Rows::Floats(&train), Rows::Floats(&rows), 3);
    assert_eq!(found.len(), distances.len());
    assert!(found.iter().zip(&distances).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {distances:?}");
    assert_eq!(Detection::of(&[1.0, 2.0], &[false, false]), None);
    assert_eq!(Detection::of(&[1.0, 2.0], &[true, true]), None);
    let quantiles = [0.0, 0.5, 0.75, 1.0].map(|share| quantile(&[4.0, 1.0, 3.0, 2.0, 5.0], share));
    assert_eq!(quantiles, [1.0, 3.0, 4.0, 5.0]);
}

#[test]
fn a_score_is_the_negative_elbo_and_its_parts_add_up() {
    let split = glyphs::split(1, 0, 40);
    for variance in [Variance::None, Variance::Learned, Variance::Decoded] {
        let model = Model { variance, ..Model::new(Kind::Vae, 784, [12], 3, 0) };
        let params = model.initialise(3);
        let [oracle, gpu] = [Device::Oracle, tiny::gpu()].map(|device| Codec::new(&device, &model, &params).unwrap());
        let find = |codec: &Codec, draws: usize| {
            surprise(codec, &split, Likelihood::Bernoulli, draws, 5, &mut |_| ()).unwrap()
        };
        let (one, four) = (find(&oracle, 1), find(&oracle, 4));
        let (scores, _) = score(&oracle, &split, 5).unwrap();
        for (i, each) in scores.iter().enumerate() {
            let (found, expected) = (one.scores[i], -each.elbo().unwrap());
            assert!((found - expected).abs() < 1e-6 * expected.abs(), "{variance:?}: {found} {expected}");
            let parts: f64 = four.parts[i * 784..][..784].iter().map(|&part| f64::from(part)).sum();
            assert!(
                (parts + each.kl.unwrap() - four.scores[i]).abs() < 1e-3,
                "{variance:?}: {parts} {}",
                four.scores[i]
            );
            assert!(one.scores[i] != four.scores[i], "more draws, another average");
        }
        let on_gpu = find(&gpu, 4);
        let apart = on_gpu.scores.iter().zip(&four.scores).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-4, "{variance:?}: {apart}");
    }
    // an autoencoder draws nothing, and is measured by its own likelihood
    let model = Model::new(Kind::Ae, 784, [12], 3, 0);
    let codec = Codec::new(&Device::Oracle, &model, &model.initialise(3)).unwrap();
    let [one, four] =
        [1, 4].map(|draws| surprise(&codec, &split, Loss::MSE_MEAN.likelihood, draws, 5, &mut |_| ()).unwrap());
    assert_eq!(one, four);
    let (scores, _) = score(&codec, &split, 5).unwrap();
    assert!(scores.iter().zip(&one.scores).all(|(a, b)| (a.drawn.squared_error - b).abs() < 1e-6));
}

#[test]
fn the_values_that_lead_are_those_beyond_what_is_usual() {
    let model = Model::new(Kind::Ae, 784, [12], 3, 0);
    let codec = Codec::new(&Device::Oracle, &model, &model.initialise(3)).unwrap();
    let found = surprise(&codec, &glyphs::split(1, 0, 3), Likelihood::SquaredError, 1, 5, &mut |_| ()).unwrap();
    let usually: Vec<f64> = found.parts[784..1568].iter().map(|&part| f64::from(part)).collect();
    assert!(found.leading(1, &usually, 5).iter().all(|(_, excess)| *excess == 0.0));
    let leading = found.leading(0, &usually, 2);
    let excess = |j: usize| f64::from(found.parts[j]) - usually[j];
    let greatest = (0..784).map(excess).fold(f64::MIN, f64::max);
    assert_eq!((leading.len(), leading[0].1), (2, greatest));
    assert!(leading[0].1 >= leading[1].1 && excess(leading[1].0) == leading[1].1);
}

/// Half of the benign rows, chosen by a seed, to train on, and all others, as CSV files in a folder.
fn halves(dir: &Path, seed: u64) -> [String; 2] {
    let text = fs::read_to_string("tests/fixtures/breast-cancer.csv").unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let (benign, malignant): (Vec<&str>, Vec<&str>) = rows.lines().partition(|row| row.ends_with("benign"));
    assert_eq!((benign.len(), malignant.len()), (357, 212));
    let order: Vec<usize> = Permutation::new(seed, 0, 357).items().map(|i| i as usize).collect();
    let pick = |items: &[usize]| items.iter().map(|&i| benign[i]).collect::<Vec<&str>>();
    let (train, rest) = (pick(&order[..178]), [pick(&order[178..]), malignant].concat());
    [("benign", train), ("rest", rest)].map(|(name, rows)| {
        let path = dir.join(format!("{name}-{seed}.csv"));
        fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        path.display().to_string()
    })
}

/// Trains as README.md has it, and gives the run and the rows that it did not see.
fn trained(dir: &Path, seed: u64, epochs: &str) -> [String; 2] {
    let ([train, rest], out) = (halves(dir, seed), dir.join(format!("vae-{seed}")).display().to_string());
    let options = "--labels diagnosis --test-share 0 --likelihood gaussian-heteroscedastic --bottleneck direct --hidden 64 --batch 64";
    let fixed = ["train", "vae", "--data", &train, "--device", "cpu", "--out", &out, "--epochs", epochs];
    let seed = seed.to_string();
    succeed(&[&fixed[..], &["--seed", &seed], &options.split(' ').collect::<Vec<_>>()].concat());
    [out, rest]
}

/// A run of few epochs, and the rows that it did not see.
static FEW: LazyLock<[String; 2]> = LazyLock::new(|| trained(&tiny::folder("anomalies-few"), 0, "20"));

#[test]
fn malignant_rows_stand_out_from_benign_ones() {
    let dir = tiny::folder("anomalies");
    let figures: Vec<serde_json::Value> = (0..5)
        .map(|seed| {
            let [run, rest] = trained(&dir, seed, "200");
            let csv = format!("{run}/scores.csv");
            let (json, _) = succeed(&[
                "score",
                &run,
                "--data",
                &rest,
                "--labels",
                "diagnosis",
                "--json",
                "-o",
                &csv,
                "--device",
                "cpu",
            ]);
            serde_json::from_str(&json).unwrap()
        })
        .collect();
    let mean = |key: &str| figures.iter().map(|found| found[key].as_f64().unwrap()).sum::<f64>() / 5.0;
    let keys = ["roc_auc", "average_precision", "knn_roc_auc", "knn_average_precision"];
    println!("{:?}", keys.map(|key| (key, mean(key))));
    assert!(mean("roc_auc") >= 0.965, "{figures:?}");
    assert!((0.93..0.96).contains(&mean("knn_roc_auc")), "{figures:?}");
    assert!(mean("average_precision") > 0.9);
    for found in &figures {
        assert_eq!((&found["rows"], &found["anomalies"]), (&391.into(), &212.into()));
        assert_eq!((&found["anomalous_classes"][0], &found["draws"]), (&"malignant".into(), &32.into()));
    }
}

#[test]
fn flags_and_leading_columns_are_in_the_csv() {
    let [run, rest] = &*FEW;
    let score = |more: &[&str]| succeed(&[&["score", run, "--data", rest, "--device", "cpu"], more].concat());
    let read = |text: &str| -> Vec<Vec<String>> {
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        rows.records().map(|row| row.unwrap().iter().map(String::from).collect()).collect()
    };
    let (text, said) = score(&["--threshold", "0.9"]);
    let rows = read(&text);
    assert_eq!(rows[0][rows[0].len() - 3..], ["score", "flag", "leading"]);
    let columns = |row: &Vec<String>| (row[9].parse::<f64>().unwrap(), row[10].clone(), row[11].clone());
    let threshold =
        said.split("a score above ").nth(1).unwrap().split_whitespace().next().unwrap().parse::<f64>().unwrap();
    for row in &rows[1..] {
        let (score, flag, leading) = columns(row);
        assert_eq!(flag == "1", score > threshold, "{row:?}");
        assert_eq!(leading.split("; ").count(), 3, "{leading}");
        assert!(["mean", "worst", "error"].iter().any(|word| leading.contains(word)), "{leading}");
    }
    let flagged = rows[1..].iter().filter(|row| row[10] == "1").count();
    assert!(said.contains(&format!("{flagged} of 391 rows have a score above")) && flagged > 100, "{said}");
    // a percentage is the same, a score is taken as it stands, and 5 % of the training rows lie above the default
    assert_eq!(score(&["--threshold", "90%"]).0, text);
    let all = read(&score(&["--threshold", "-1000000"]).0);
    assert!(all[1..].iter().all(|row| row[10] == "1"));
    let (own, _) = succeed(&["score", run, "--split", "train", "--device", "cpu"]);
    assert_eq!(read(&own)[1..].iter().filter(|row| row[10] == "1").count(), 9, "5 % of 178");
    // more draws, another score; the same again
    assert_eq!(score(&["--threshold", "0.9"]).0, text);
    assert!(score(&["--threshold", "0.9", "--draws", "3"]).0 != text);
    for wrong in ["", "x", "200%", "inf"] {
        let output = command::wgvae(&["score", run, "--threshold", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn anomalies_are_named_or_follow_from_the_labels() {
    let [run, rest] = &*FEW;
    let json = |more: &[&str]| -> serde_json::Value {
        let fixed = ["score", run, "--data", rest, "--json", "--device", "cpu", "--labels", "diagnosis"];
        serde_json::from_str(&succeed(&[&fixed[..], more].concat()).0).unwrap()
    };
    let (found, other) = (json(&[]), json(&["--anomaly", "benign"]));
    assert_eq!(other["anomalous_classes"], serde_json::json!(["benign"]));
    let sum = found["roc_auc"].as_f64().unwrap() + other["roc_auc"].as_f64().unwrap();
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    let fixed = ["score", run, "--data", rest, "--json", "--device", "cpu"];
    fails(
        &[&fixed[..], &["--labels", "diagnosis", "--anomaly", "healthy"]].concat(),
        &["healthy is the class of no row; there are benign, malignant"],
    );
    fails(
        &[&fixed[..], &["--labels", "diagnose"]].concat(),
        &["--labels names diagnose, which is none of its columns"],
    );
    // numbers: 0 is normal; without labels there is no figure
    let text = fs::read_to_string(rest).unwrap();
    let numbers = format!("{rest}.csv");
    fs::write(&numbers, text.replace("benign", "0").replace("malignant", "1")).unwrap();
    let fixed = ["score", run, "--data", &numbers, "--json", "--device", "cpu", "--labels", "diagnosis"];
    let by_number: serde_json::Value = serde_json::from_str(&succeed(&fixed).0).unwrap();
    assert_eq!(by_number["roc_auc"], found["roc_auc"]);
    let plain: serde_json::Value =
        serde_json::from_str(&succeed(&["score", run, "--data", rest, "--json", "--device", "cpu"]).0).unwrap();
    assert!(plain.get("roc_auc").is_none() && plain["flagged"].is_number(), "{plain}");
    fails(&["score", run, "--worst", "3"], &["--worst: draws images, and this run is on a table"]);
}

#[test]
fn the_fixture_is_what_scikit_learn_ships() {
    let Some(mut python) = tiny::python("sklearn") else { return };
    let dir = tiny::folder("detection");
    assert!(python.arg("tests/python/detection.py").arg(&dir).status().unwrap().success());
    let [ours, theirs] =
        [Path::new("tests/fixtures"), &dir].map(|dir| fs::read(dir.join("breast-cancer.csv")).unwrap());
    assert!(ours == theirs);
}
