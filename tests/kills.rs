//! Runs that are killed, or whose disk is full, at times drawn from a seed go on to the bytes of a run that was left alone.
//!
//! `WGVAE_LONG=N` makes N times as many of them: `WGVAE_LONG=25 cargo test --release --test kills -- --nocapture` is what
//! docs/reliability.md counts. Full disks need the right to mount one, and are left out without it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;

use command::{read, text};
use rand::RngExt;
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};
use wgvae::random::{Stream, stream};

const EPOCHS: &str = "4";

fn times() -> usize {
    std::env::var("WGVAE_LONG").map_or(1, |times| times.parse().expect("WGVAE_LONG is a number"))
}

/// Training that takes a second or so on either device.
fn train(device: &str, dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command.args([
        "train",
        "cvae",
        "--device",
        device,
        "--data",
        "glyphs",
        "--train-limit",
        "1500",
        "--test-limit",
        "40",
    ]);
    command.args(["--hidden", "48", "--epochs", EPOCHS, "--out"]).arg(dir);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn resume(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command.args(["train", "--resume"]).arg(dir);
    command
}

/// Weights, checkpoint, and the metrics without the time they took.
fn learnt(dir: &Path) -> (Vec<u8>, Vec<u8>, Vec<serde_json::Value>) {
    let metrics = read(dir.join("metrics.jsonl"));
    let line = |line| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        for key in ["images_per_s", "seconds"] {
            value.as_object_mut().unwrap().shift_remove(key).expect("every line says how long it took");
        }
        value
    };
    let metrics = text(&metrics).lines().map(line).collect();
    (read(dir.join("model.safetensors")), read(dir.join("checkpoint.safetensors")), metrics)
}

/// Goes on with a run until it is done, as a user would: from its directory where it left one, else anew.
fn finish(device: &str, dir: &Path) -> Output {
    match dir.join("config.json").exists() && dir.join("checkpoint.safetensors").exists() {
        true => resume(dir).output().unwrap(),
        false => train(device, dir).arg("--force").stderr(Stdio::piped()).output().unwrap(),
    }
}

fn left_over(dir: &Path) -> usize {
    let folders = [dir.to_path_buf(), dir.join("images")];
    let names = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    names.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part")).count()
}

#[test]
fn killed_runs_go_on_to_the_same_bytes() {
    for (number, device) in ["gpu", "cpu"].into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let straight = folder.path().join("straight");
        let began = Instant::now();
        assert!(train(device, &straight).status().unwrap().success());
        let (whole, expected) = (began.elapsed(), learnt(&straight));
        let (mut before_a_checkpoint, mut parts) = (0, 0);
        let kills = 3 * times();
        let mut random = stream(1, Stream::Sample, number as u64);
        for kill in 0..kills {
            let share: f64 = random.random();
            let dir = folder.path().join(format!("killed-{kill}"));
            let mut child = train(device, &dir).spawn().unwrap();
            std::thread::sleep(Duration::from_secs_f64(share * whole.as_secs_f64()));
            child.kill().unwrap(); // SIGKILL
            child.wait().unwrap();
            before_a_checkpoint += usize::from(!dir.join("checkpoint.safetensors").exists());
            parts += left_over(&dir);
            let output = finish(device, &dir);
            assert!(output.status.success(), "{device}, kill {kill} at {share:.3}: {}", text(&output.stderr));
            assert!(learnt(&dir) == expected, "{device}, kill {kill} at {share:.3} of {whole:?}: other bytes");
            assert_eq!(left_over(&dir), 0, "{device}, kill {kill} at {share:.3}: unfinished files stay");
            fs::remove_dir_all(&dir).unwrap();
        }
        println!(
            "{device}: {kills} kills, {before_a_checkpoint} before the first checkpoint, {parts} unfinished files removed"
        );
    }
}

/// A disk of its own, unmounted at the end.
#[cfg(target_os = "linux")]
struct Disk<'a>(&'a Path);

#[cfg(target_os = "linux")]
impl<'a> Disk<'a> {
    fn mount(path: &'a Path, kilobytes: usize) -> Option<Disk<'a>> {
        fs::create_dir_all(path).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "none"]).arg(path).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success()).then_some(Disk(path))
    }

    fn grow(&self) {
        let status = Command::new("mount").args(["-o", "remount,size=64m"]).arg(self.0).status().unwrap();
        assert!(status.success());
    }
}

#[cfg(target_os = "linux")]
impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn runs_on_full_disks_fail_in_one_line_and_go_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let straight = folder.path().join("straight");
    assert!(train("cpu", &straight).status().unwrap().success());
    let expected = learnt(&straight);
    let (mut failed, disks) = (0, 3 * times());
    let mut random = stream(2, Stream::Sample, 0);
    for number in 0..disks {
        let share: f64 = random.random();
        let path = folder.path().join(format!("disk-{number}"));
        let Some(disk) = Disk::mount(&path, 40 + (4000.0 * share) as usize) else {
            println!("not checked: full disks, for want of the right to mount one");
            return;
        };
        let dir = path.join("run");
        let output = train("cpu", &dir).stderr(Stdio::piped()).output().unwrap();
        let err = text(&output.stderr);
        if !output.status.success() {
            failed += 1;
            assert_eq!(output.status.code(), Some(1), "disk {number}: {err}");
            let line = err.lines().find(|line| line.starts_with("error: cannot ")).unwrap_or_default();
            assert!(line.contains("No space left") && line.contains(dir.to_str().unwrap()), "disk {number}: {err}");
            disk.grow();
            let output = finish("cpu", &dir);
            assert!(output.status.success(), "disk {number}: {}", text(&output.stderr));
        }
        assert!(learnt(&dir) == expected, "disk {number}: other bytes");
    }
    println!("cpu: {disks} disks, {failed} of them too small for the run");
    assert!(failed > 0, "no disk was too small");
}
