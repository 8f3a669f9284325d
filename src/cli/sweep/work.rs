//! Training the runs of a sweep, several at a time.

use super::{super::print::progress, Planned, Stop};
use crate::{
    Error, Result,
    error::chain,
    peers::LAUNCHERS,
    run::{Claim, Run, Status},
};
use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// How often processes are asked whether they have ended.
const TICK: Duration = Duration::from_millis(50);

/// What is to be done about a run.
enum Step {
    Begin,
    Resume,
    /// Another process trains it.
    Wait,
    Nothing,
}

/// A run in training.
struct Job<'a> {
    planned: &'a Planned,
    process: Child,
    begun: Instant,
}

/// Trains what is not finished of `runs` in directories below `dir`, `jobs` at a time, until `stop` is asked. Gives how many failed.
///
/// # Errors
/// Where a directory holds a run of other options, and where no process can be started.
pub fn all(runs: &[&Planned], dir: &Path, jobs: usize, stop: &Stop) -> Result<usize> {
    let steps = runs.iter().map(|planned| step(planned, dir)).collect::<Result<Vec<_>>>()?;
    let finished = steps.iter().filter(|step| matches!(step, Step::Nothing)).count();
    progress!("sweep: {} runs in {}, {finished} of them finished", runs.len(), dir.display());
    let mut waiting: Vec<&Planned> = runs
        .iter()
        .zip(&steps)
        .filter(|(_, step)| !matches!(step, Step::Nothing))
        .map(|(planned, _)| *planned)
        .collect();
    waiting.reverse();
    let (mut training, mut held, mut done, mut failed): (Vec<Job>, Vec<&Planned>, _, _) =
        (Vec::new(), Vec::new(), finished, 0);
    while !(waiting.is_empty() && training.is_empty() && held.is_empty()) {
        if stop.asked() {
            end(&mut training, stop);
            break;
        }
        while training.len() < jobs
            && let Some(planned) = waiting.pop()
        {
            match step(planned, dir)? {
                Step::Nothing => done += 1, // another process has finished it
                Step::Wait => held.push(planned),
                step => training.push(start(planned, dir, matches!(step, Step::Resume))?),
            }
        }
        // what another process held is asked for again once there is nothing else to do
        if waiting.is_empty() && training.len() < jobs && !held.is_empty() {
            if training.is_empty() {
                sleep(Duration::from_millis(500));
            }
            waiting.append(&mut held);
        }
        sleep(TICK);
        for mut job in std::mem::take(&mut training) {
            match job.process.try_wait().map_err(Error::io("wait for", Path::new("wgvae train")))? {
                None => training.push(job),
                Some(status) => {
                    done += 1;
                    failed += usize::from(!status.success() && !stop.asked());
                    tell(&job, dir, [done, runs.len()], status.success());
                }
            }
        }
    }
    Ok(failed)
}

/// The command that trains a run from its beginning.
pub fn command_line(planned: &Planned, dir: &Path) -> Vec<String> {
    let words = planned.words.iter().map(|word| word.to_string_lossy().into_owned());
    let out = dir.join(&planned.name).display().to_string();
    ["wgvae".into(), "train".into()].into_iter().chain(words).chain(["--out".into(), out]).collect()
}

/// What is to be done about a run, by what lies in its directory.
fn step(planned: &Planned, dir: &Path) -> Result<Step> {
    let at = dir.join(&planned.name);
    if Claim::is_held(&at) {
        return Ok(Step::Wait);
    }
    if !["config.json", "checkpoint.safetensors"].iter().all(|name| at.join(name).is_file()) {
        return Ok(Step::Begin); // nothing is there yet, or what a process left that was killed as it began
    }
    let run = Run::open(&at)?;
    if run.config.options != planned.options {
        let differs = |(name, value): (&String, &String)| planned.options.get(name) != Some(value);
        let name = run.config.options.iter().find(|pair| differs(*pair)).map(|(name, _)| name);
        let name = name.or_else(|| planned.options.keys().find(|name| !run.config.options.contains_key(*name)));
        let name = name.map_or("an option", String::as_str);
        let problem =
            format!("holds a run with another {name} than the sweep's file: name another directory with --out");
        return Err(Error::invalid(at.display().to_string(), problem));
    }
    Ok(match run.status()? {
        Status::Running => Step::Wait,
        Status::Finished => Step::Nothing,
        Status::Interrupted | Status::Failed(_) => Step::Resume,
    })
}

/// Starts to train a run; what the process says is appended to a file beside the run's directory.
fn start<'a>(planned: &'a Planned, dir: &Path, resume: bool) -> Result<Job<'a>> {
    let (out, log) = (dir.join(&planned.name), log(planned, dir));
    let program = std::env::current_exe().map_err(Error::io("find", Path::new("wgvae")))?;
    let said = File::options().create(true).append(true).open(&log).map_err(Error::io("open", &log))?;
    let also = said.try_clone().map_err(Error::io("open", &log))?;
    let words: Vec<OsString> = match resume {
        true => vec!["--resume".into(), out.into()],
        false => {
            let place = ["--force".into(), "--out".into(), out.into()];
            planned.words.iter().cloned().chain(place).collect()
        }
    };
    let mut command = Command::new(program);
    LAUNCHERS.iter().flatten().for_each(|name| _ = command.env_remove(name)); // its runs train alone
    command.arg("train").args(words).stdin(Stdio::null()).stdout(said).stderr(also);
    let process = command.spawn().map_err(Error::io("start", Path::new("wgvae train")))?;
    Ok(Job { planned, process, begun: Instant::now() })
}

fn log(planned: &Planned, dir: &Path) -> PathBuf {
    dir.join(format!("{}.log", planned.name))
}

/// Says what became of a run.
fn tell(job: &Job, dir: &Path, [done, all]: [usize; 2], is_well: bool) {
    let name = &job.planned.name;
    let seconds = job.begun.elapsed().as_secs_f64();
    let outcome = match (is_well, Run::open(&dir.join(name)).and_then(|run| Ok((run.status()?, run.metrics()?)))) {
        (true, Ok((_, metrics))) => {
            let loss = metrics.last().map_or(String::new(), |last| format!(", test loss {:.3}", last.test.loss));
            format!("finished{loss}, {seconds:.1} s")
        }
        (false, Ok((Status::Failed(reason), _))) => format!("failed: {reason}"),
        (false, _) => format!("failed; see {}", log(job.planned, dir).display()),
        (true, Err(error)) => format!("finished, and cannot be read: {}", chain(&error)),
    };
    progress!("[{done}/{all}] {name}: {outcome}");
}

/// Ends all processes, each between two steps, and waits for them. A Ctrl-C has reached them by itself.
fn end(training: &mut [Job], stop: &Stop) {
    progress!("stopping {} runs between two steps", training.len());
    for job in training.iter_mut() {
        #[cfg(unix)]
        if stop.status() != 128 + signal_hook::consts::SIGINT as u8 {
            // SAFETY: the process is a child that has not been waited for, so that its number is still its own.
            unsafe { libc::kill(job.process.id() as i32, libc::SIGTERM) };
        }
        #[cfg(not(unix))]
        let _ = (job.process.kill(), stop);
    }
    for job in training {
        let _ = job.process.wait();
    }
}
