//! `wgvae sweep`: every combination of a file's values, in shards, through kills, and what its table says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, json, read, refused, succeed, text};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A file of this name in a fresh folder.
fn file(name: &str, content: &str) -> PathBuf {
    let path = tiny::folder(name).join("grid.toml");
    fs::write(&path, content).unwrap();
    path
}

/// Two losses, two widths of the latent space and three seeds: twelve runs of a second or less.
const TWELVE: &str = r#"
model = "vae"
data = "glyphs"
device = "cpu"
hidden = 24
train-limit = 400
test-limit = 40
epochs = 6
loss = ["mse", "bce"]
latent = [2, 3]
seed = [0, 1, 2]
"#;

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The lines of `metrics.jsonl` in a directory.
fn epochs(dir: &Path) -> usize {
    fs::read_to_string(dir.join("metrics.jsonl")).map_or(0, |text| text.lines().count())
}

#[cfg(unix)]
#[test]
fn twelve_runs_in_three_shards_that_are_killed_twice_are_those_that_are_trained_alone() {
    use std::os::unix::process::CommandExt;

    let file = file("sweep-twelve", TWELVE);
    let dir = file.with_file_name("out");
    for shard in ["1/3", "2/3", "3/3"] {
        let arguments = ["sweep", path(&file), "--shard", shard, "--out", path(&dir), "--jobs", "2"];
        let (plan, _) = succeed(&[&arguments[..], &["--dry-run"]].concat());
        let own: Vec<PathBuf> =
            plan.lines().map(|line| PathBuf::from(line.split(' ').next_back().unwrap().trim_matches('\''))).collect();
        assert_eq!(own.len(), 4, "{plan}");
        for kill in 1..=2 {
            // killed, with the processes it started, as soon as so many epochs are done
            let mut sweep = Command::new(env!("CARGO_BIN_EXE_wgvae"));
            sweep.args(arguments).process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
            let mut sweep = sweep.spawn().unwrap();
            let (begun, wanted) = (Instant::now(), 8 * kill);
            while own.iter().map(|dir| epochs(dir)).sum::<usize>() < wanted {
                assert!(begun.elapsed() < Duration::from_secs(300), "no {wanted} epochs in five minutes");
                std::thread::sleep(Duration::from_millis(5));
            }
            let group = format!("-{}", sweep.id());
            assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
            sweep.wait().unwrap();
            let done = own.iter().map(|dir| epochs(dir)).sum::<usize>();
            assert!(done < 24, "{done} epochs were done before it was killed");
        }
        succeed(&arguments);
        assert!(own.iter().all(|dir| epochs(dir) == 6));
    }
    let (_, said) = succeed(&["sweep", path(&file), "--out", path(&dir)]);
    assert!(said.contains("12 runs in") && said.contains("12 of them finished"), "{said}");

    let alone = file.with_file_name("alone");
    for (loss, latent, seed) in ["mse", "bce"]
        .iter()
        .flat_map(|loss| (2..4).flat_map(move |latent| (0..3).map(move |seed| (loss, latent, seed))))
    {
        let options = format!(
            "train vae --data glyphs --device cpu --hidden 24 --train-limit 400 --test-limit 40 --epochs 6 --loss {loss} --latent {latent} --seed {seed} --force --out"
        );
        succeed(&options.split(' ').chain([path(&alone)]).collect::<Vec<_>>());
        let own = dir.join(format!("loss={loss},latent={latent},seed={seed}"));
        for name in ["model.safetensors", "checkpoint.safetensors"] {
            assert!(read(own.join(name)) == read(alone.join(name)), "{name} of {}", own.display());
        }
    }
}

#[test]
fn the_table_has_means_and_deviations_over_seeds_the_best_first() {
    let file = file(
        "sweep-table",
        r#"
        model = "ae"
        data = "glyphs"
        device = "cpu"
        train-limit = 96
        test-limit = 40
        epochs = 2
        latent = [4, 2]
        seed = [0, 1, 2]
        hidden = [[9, 7]]
        "#,
    );
    let dir = file.with_file_name("out");
    let (out, said) = succeed(&["sweep", path(&file), "--out", path(&dir), "--json"]);
    assert!(said.contains("[6/6] ") && !said.contains("warning"), "{said}");
    let table: serde_json::Value = serde_json::from_str(&out).unwrap();
    let mut losses: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for latent in ["2", "4"] {
        for seed in 0..3 {
            let run = dir.join(format!("latent={latent},seed={seed},hidden=9,7"));
            let metrics = read(run.join("metrics.jsonl"));
            let last: serde_json::Value = serde_json::from_str(text(&metrics).lines().last().unwrap()).unwrap();
            losses.entry(latent.into()).or_default().push(last["test"]["loss"].as_f64().unwrap());
        }
    }
    let settings = table["settings"].as_array().unwrap();
    assert_eq!(settings.len(), 2);
    for setting in settings {
        let own = &losses[setting["options"]["latent"].as_str().unwrap()];
        let mean = own.iter().sum::<f64>() / 3.0;
        let deviation = (own.iter().map(|loss| (loss - mean) * (loss - mean)).sum::<f64>() / 2.0).sqrt();
        assert!(deviation > 0.0);
        assert!((setting["mean"].as_f64().unwrap() / mean - 1.0).abs() < 1e-12, "{setting}");
        assert!((setting["deviation"].as_f64().unwrap() / deviation - 1.0).abs() < 1e-9, "{setting}");
        assert!(setting["runs"] == 3 && setting["finished"] == 3, "{setting}");
    }
    assert!(settings[0]["mean"].as_f64() < settings[1]["mean"].as_f64());

    let csv = read(dir.join("sweep.csv"));
    assert!(text(&csv).starts_with("run,latent,seed,hidden,state,reconstruction,kl,loss\n"), "{}", text(&csv));
    assert_eq!(text(&csv).lines().filter(|line| line.contains(",finished,")).count(), 6);
    let picture = image::open(dir.join("sweep.png")).unwrap();
    assert!(picture.width() > 600 && picture.height() > 400);
    assert!(text(&read(dir.join("sweep.svg"))).contains("test loss"));

    // the lines for people, from what lies there
    let (out, _) = succeed(&["sweep", path(&file), "--out", path(&dir)]);
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines.len() == 3
            && lines[0].split_whitespace().collect::<Vec<_>>().join(" ").starts_with("latent hidden runs test loss"),
        "{out}"
    );

    // the same directory for other options
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("epochs = 2", "epochs = 3")).unwrap();
    fails(
        &["sweep", path(&file), "--out", path(&dir)],
        &["latent=4,seed=0", "holds a run with another epochs", "--out"],
    );
    assert_eq!(json(dir.join("latent=4,seed=0,hidden=9,7/config.json"))["epochs"], 2);
}

#[test]
fn a_run_that_fails_is_counted_and_the_others_are_trained() {
    let file = file(
        "sweep-fails",
        "model = \"vae\"\ndata = \"glyphs\"\ndevice = \"cpu\"\nhidden = 9\ntrain-limit = 64\ntest-limit = 16\nepochs = 1\nlr = [1e30, 1e-3]\n",
    );
    let dir = file.with_file_name("out");
    let mut sweep = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
    let output = sweep.args(["sweep", path(&file), "--out", path(&dir)]).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("lr=1e+30: failed: ") && said.contains("lr=0.001: finished, test loss"), "{said}");
    assert!(said.contains("error: 1 of 2 runs failed") && said.contains(".log"), "{said}");
    assert!(text(&read(dir.join("lr=1e+30.log"))).contains("not finite"));
    assert!(text(&output.stdout).lines().count() == 3, "{}", text(&output.stdout));
}

#[test]
fn files_that_are_no_sweep_are_refused() {
    let refuse = |content: &str, words: &[&str]| {
        let file = file("sweep-refused", content);
        fails(&["sweep", path(&file), "--dry-run"], words);
    };
    refuse("model = \"vae\"\nsed = [0, 1]\n", &["grid.toml", "sed is no option of train", "seed"]);
    refuse("model = \"vae\"\nseed = []\n", &["grid.toml", "seed is an empty list"]);
    refuse("model = \"vae\"\nseed = [1, 1]\n", &["grid.toml", "seed has a value twice"]);
    refuse("model = \"vae\"\nout = \"x\"\n", &["grid.toml", "out: a sweep names the directories"]);
    refuse("model = \"vae\"\nlatent = [2, \"many\"]\n", &["grid.toml", "latent=many", "invalid value 'many'"]);
    refuse("seed = [0, 1]\n", &["grid.toml", "required"]);
    refuse("model = [\n", &["grid.toml"]);
    let file = file("sweep-shards", "model = \"vae\"\nseed = [0, 1]\n");
    for shard in ["0/2", "3/2", "1", "a/b", "1/0"] {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
        refused(command.args(["sweep", path(&file), "--dry-run", "--shard", shard]), 2, &["I/N"]);
    }
    fails(&["sweep", path(&file.with_file_name("none.toml"))], &["cannot read", "none.toml"]);
    let (out, _) = succeed(&["sweep", path(&file), "--dry-run"]);
    let line = |seed: u8| format!("wgvae train vae '--seed={seed}' --out 'runs/grid/seed={seed}'\n");
    assert_eq!(out, line(0) + &line(1));
    let (out, said) = succeed(&["sweep", path(&file), "--dry-run", "--shard", "2/2"]);
    assert!(out.lines().count() == 1 && out.contains("seed=1") && said.is_empty(), "{out}{said}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_runs_between_two_steps_and_the_same_command_goes_on() {
    let file = file("sweep-signal", &TWELVE.replace("epochs = 6", "epochs = 400").replace("[0, 1, 2]", "[0]"));
    let dir = file.with_file_name("out");
    let mut sweep = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    sweep.args(["sweep", path(&file), "--out", path(&dir), "--jobs", "2"]).stderr(Stdio::piped()).stdout(Stdio::null());
    let sweep = sweep.spawn().unwrap();
    let first = dir.join("loss=mse,latent=2,seed=0");
    let begun = Instant::now();
    while epochs(&first) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(300));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-TERM", &sweep.id().to_string()]).status().unwrap().success());
    let output = sweep.wait_with_output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(143), "{said}");
    assert!(said.contains("error: interrupted") && said.contains("the same command goes on"), "{said}");
    assert!(!wgvae::run::Claim::is_held(&first), "a process still trains");
    let (out, _) = succeed(&["runs", path(&dir), "--json"]);
    let runs: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(runs.as_array().unwrap().iter().any(|run| run["state"] == "interrupted"), "{out}");
}

#[cfg(unix)]
#[test]
fn the_pods_of_the_job_for_kubernetes_train_a_share_each() {
    let file = file("sweep-pods", &TWELVE.replace("epochs = 6", "epochs = 1").replace("[\"mse\", \"bce\"]", "\"mse\""));
    let (folder, out) = (file.parent().unwrap(), file.with_file_name("runs"));
    fs::rename(&file, folder.join("sweep.toml")).unwrap();
    let job = fs::read_to_string("examples/cluster/kubernetes.yaml").unwrap();
    let after = |key: &str| job.split_once(key).unwrap_or_else(|| panic!("no {key}")).1.lines().next().unwrap();
    let pods: usize = after("completions: ").parse().unwrap();
    let command = after("args: ['").trim_end_matches("']").replace("/sweep/", &format!("{}/", path(folder)));
    let program = Path::new(env!("CARGO_BIN_EXE_wgvae")).parent().unwrap();
    let search = format!("{}:{}", path(program), std::env::var("PATH").unwrap());
    for pod in 0..pods {
        let mut shell = Command::new("sh");
        let output = shell.args(["-c", &command]).env("PATH", &search).env("JOB_COMPLETION_INDEX", pod.to_string());
        let output = output.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let trained = fs::read_dir(&out).unwrap().filter(|run| epochs(&run.as_ref().unwrap().path()) == 1).count();
        assert_eq!(trained, 6 / pods * (pod + 1), "after pod {pod}");
    }
}
