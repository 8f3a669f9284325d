//! Checkpoints within an epoch: a run that stops there goes on to the bytes and figures of one that was left alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, json, read, text};
use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use wgvae::{
    Error,
    data::{Dataset, glyphs},
    device::Device,
    model::{Binarization, Bound, Kind, Loss, Model, Objective, Rate, Schedule},
    run::{Keeping, Metrics, Run, Settings},
    train::{Changes, Session},
};

/// Twelve steps an epoch, the last of fewer images.
fn data() -> Dataset {
    glyphs::dataset(0, 92, 9)
}

/// Everything that changes from step to step or is added up over an epoch: a schedule, noise of several draws, gradients that are clipped,
/// images drawn anew.
fn settings() -> Settings {
    let model = Model::new(Kind::Vae, glyphs::PIXELS, [16], 3, 10);
    let objective = Objective { bound: Bound::Iwae, samples: 2, ..Objective::elbo(Loss::BCE_SUM, 1.0) };
    let plain = Settings::new(model, objective);
    Settings {
        batch: 8,
        epochs: 2,
        binarization: Binarization::Epoch,
        schedule: Schedule { rate: Rate::Cosine { lr_end: 0.0 }, warm_up: 1 },
        adam: wgvae::model::Adam { clip: Some(1.0), ..plain.adam },
        ..plain
    }
}

/// Checkpoint, weights and metrics; the last without the time they took.
fn learnt(dir: &Path) -> ([Vec<u8>; 2], Vec<Metrics>) {
    let metrics = Run::open(dir).unwrap().metrics().unwrap();
    let timeless = |metrics: Metrics| Metrics { images_per_s: 0.0, seconds: 0.0, ..metrics };
    let files = ["checkpoint.safetensors", "model.safetensors"].map(|name| read(dir.join(name)));
    (files, metrics.into_iter().map(timeless).collect())
}

fn train(session: &mut Session) {
    while !session.is_done() {
        session.epoch(&mut |_| true).unwrap();
    }
}

#[test]
fn a_run_that_stops_after_any_step_goes_on_to_the_same_bytes_and_figures() {
    let folder = tempfile::tempdir().unwrap();
    for device in [Device::Oracle, tiny::gpu()] {
        let dir = |name: &str| folder.path().join(format!("{name}-{device}"));
        let begin = |name: &str| Session::begin(&settings(), device.clone(), data(), Some(&dir(name))).unwrap();
        train(&mut begin("whole"));
        let expected = learnt(&dir("whole"));
        assert!(expected.1[1].gradient_norm.is_some());

        // as often as it can be, each time from the directory
        drop(begin("stopped"));
        let mut stops = 0;
        loop {
            let mut session = Session::resume(&dir("stopped"), &Changes::default(), device.clone(), data()).unwrap();
            let (epoch, before) = (session.epochs_done(), session.steps_begun());
            let stopped = session.epoch(&mut |_| false);
            if session.is_done() {
                break;
            }
            match stopped {
                Err(Error::Interrupted(when)) => {
                    let done = session.steps_begun();
                    assert!(done > before && when == format!("after {done} of 12 steps"), "{before}: {when}");
                    stops += 1;
                }
                other => assert!(other.unwrap().epoch == epoch + 1 && session.steps_begun() == 0),
            }
        }
        assert!(stops >= 6, "{device}: only {stops} stops");
        assert!(learnt(&dir("stopped")) == expected, "{device}: resumed after {stops} stops");

        // in one process, without a directory
        let mut session = Session::begin(&settings(), device.clone(), data(), None).unwrap();
        let mut figures = Vec::new();
        while !session.is_done() {
            figures.extend(session.epoch(&mut |_| false).ok().map(|metrics| metrics.test));
        }
        assert_eq!(figures, expected.1.iter().map(|metrics| metrics.test).collect::<Vec<_>>(), "{device}");
    }
}

#[test]
fn a_checkpoint_is_written_as_often_as_is_asked_for_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, saved] = ["plain", "saved"].map(|name| folder.path().join(name));
    let begin = |save_every: Option<f64>, dir: &Path| {
        let settings = Settings { keeping: Keeping { save_every, ..Keeping::default() }, ..settings() };
        Session::begin(&settings, Device::Oracle, data(), Some(dir)).unwrap()
    };
    train(&mut begin(None, &plain));
    let mut session = begin(Some(1e-9), &saved); // after every step
    let file = saved.join("checkpoint.safetensors");
    let (mut before, mut steps) = (read(&file), Vec::new());
    let metrics = session.epoch(&mut |progress| {
        let now = read(&file);
        steps.extend((now != before).then_some(progress.done));
        before = now;
        true
    });
    assert_eq!(steps, (2..=12).collect::<Vec<_>>(), "the checkpoint of a step is there when the next is done");
    assert_eq!(metrics.unwrap().epoch, 1);
    train(&mut session);
    drop(session);
    assert!(learnt(&plain) == learnt(&saved));
}

/// A run of one long epoch.
fn long(device: &str, dir: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command.args(["train", "cvae", "--device", device, "--data", "glyphs", "--train-limit", "6000"]);
    command.args(["--test-limit", "20", "--hidden", "64", "--batch", "8", "--epochs", "1", "--out"]).arg(dir);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Steps of the epoch under way in the checkpoint; none before the first.
fn steps_begun(dir: &Path) -> Option<u64> {
    let file = fs::read(dir.join("checkpoint.safetensors")).ok()?;
    let (_, header) = safetensors::SafeTensors::read_metadata(&file).unwrap();
    let position: serde_json::Value = serde_json::from_str(&header.metadata().as_ref()?["wgvae.position"]).unwrap();
    position["begun"]["losses"]["steps"].as_u64()
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what} does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn resume(dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wgvae")).args(["train", "--resume"]).arg(dir).output().unwrap()
}

#[test]
fn a_run_killed_within_its_epoch_goes_on_from_there() {
    for device in ["cpu", "gpu"] {
        let folder = tempfile::tempdir().unwrap();
        let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
        assert!(long(device, &whole, &[]).wait_with_output().unwrap().status.success());
        let mut child = long(device, &killed, &["--save-every", "0.0005"]);
        wait_until("a checkpoint within the epoch", || steps_begun(&killed).is_some());
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let steps = steps_begun(&killed).expect("the epoch is not at its end");
        assert_eq!(read(killed.join("metrics.jsonl")), b"");
        let output = resume(&killed);
        let err = text(&output.stderr);
        assert!(output.status.success() && err.contains(&format!("going on after step {steps} of epoch 1")), "{err}");
        assert!(learnt(&killed) == learnt(&whole), "{device}: killed after step {steps}");
        assert_eq!(json(killed.join("config.json"))["keeping"]["save_every"], 0.0005);
    }
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_the_checkpoint_of_the_last_step() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, stopped] = ["whole", "stopped"].map(|name| folder.path().join(name));
    assert!(long("cpu", &whole, &[]).wait_with_output().unwrap().status.success());
    let child = long("cpu", &stopped, &[]);
    wait_until("the run", || stopped.join("checkpoint.safetensors").exists());
    std::thread::sleep(Duration::from_millis(200));
    // SAFETY: the process is a child that was not waited for, so its number is its own.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
    let output = child.wait_with_output().unwrap();
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{err}");
    let steps = steps_begun(&stopped).expect("a checkpoint within the epoch");
    assert!(err.contains(&format!("after {steps} of 750 steps of epoch 1")), "{err}");
    assert!(resume(&stopped).status.success());
    assert!(learnt(&stopped) == learnt(&whole));
}

#[test]
fn a_checkpoint_that_contradicts_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let mut session = Session::begin(&settings(), Device::Oracle, data(), Some(&dir)).unwrap();
    session.epoch(&mut |_| false).unwrap_err();
    drop(session);
    let file = dir.join("checkpoint.safetensors");
    let (whole, resumed) =
        (read(&file), || Session::resume(&dir, &Changes::default(), Device::Oracle, data()).map(drop));
    for (found, other) in [(br#"\"steps\":1,"#, br#"\"steps\":2,"#), (br#"\"count\":92"#, br#"\"count\":91"#)] {
        let at = whole.windows(found.len()).position(|bytes| bytes == found).expect("it is in the metadata");
        fs::write(&file, [&whole[..at], &other[..], &whole[at + found.len()..]].concat()).unwrap();
        let error = resumed().unwrap_err().to_string();
        assert!(error.contains("says step 1 after ") && error.contains(" steps of epoch 1"), "{error}");
    }
    fs::write(&file, whole).unwrap();
    resumed().unwrap();
}

#[test]
fn minutes_that_are_none_are_refused() {
    for minutes in ["0", "-1", "NaN", "inf"] {
        let own = ["train", "vae", "--data", "glyphs", "--device", "cpu", "--save-every", minutes];
        fails(&own, &[&format!("--save-every: is {minutes}, expected a number of minutes above 0")]);
    }
}
