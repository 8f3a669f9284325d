//! Mutants in processes of their own, because a driver may crash or hang on one: that costs the process, and the next goes on.

use super::fate::{Event, Fate};
use crate::{Error, Result};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// Mutants that one process runs: what drivers leave behind ends with it.
const PER_PROCESS: usize = 300;

/// Status with which a Rust program ends that panicked: a mistake in this crate, not a crash of the driver.
const PANICKED: i32 = 101;

/// Runs the mutants of these `numbers` in processes that `command` makes for some of them. Each prints the [`Event`]s of
/// [`run_mutants`](super::mutants::run_mutants) on standard output, as JSON, one to a line. One that ends in the middle of a
/// mutant, or says nothing for `patience`, has crashed on it, if another that begins with that mutant does the same: what lay in
/// the memory of the first may be to blame. `tell` gets number, fate and killer of each mutant.
///
/// # Errors
/// [`Error::CheckFailed`] where a kernel fails or crashes unchanged, or where a process panics or says what it should not;
/// [`Error::Io`] where none can be started.
pub fn supervise(
    numbers: &[usize],
    patience: Duration,
    command: impl Fn(&[usize]) -> Command,
    mut tell: impl FnMut(usize, Fate, Option<String>) -> Result<()>,
) -> Result<()> {
    let mut left = numbers;
    while !left.is_empty() {
        let share = &left[..left.len().min(PER_PROCESS)];
        left = &left[run_share(share, patience, command(share), &mut tell)?..];
    }
    Ok(())
}

/// Ended with its owner: nothing outlives an error.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // fails where it has ended already
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs one process: the number of mutants whose fate it told, at least one.
fn run_share(
    share: &[usize],
    patience: Duration,
    mut command: Command,
    tell: &mut impl FnMut(usize, Fate, Option<String>) -> Result<()>,
) -> Result<usize> {
    let program = PathBuf::from(command.get_program());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut running = Running(child.map_err(Error::io("run", &program))?);
    let lines = lines(running.0.stdout.take().expect("its output is piped"));
    let (mut done, mut doing) = (0, None);
    while done < share.len() {
        let problem = match lines.recv_timeout(patience) {
            Ok(line) => {
                let unexpected = || Error::CheckFailed(format!("{} said {line:?}", program.display()));
                let event: Event = serde_json::from_str(&line).map_err(|_| unexpected())?;
                match &event {
                    Event::Failed(problem) => return Err(Error::CheckFailed(problem.clone())),
                    Event::Begins(number) | Event::Ended(number, ..) if *number != share[done] => {
                        return Err(unexpected());
                    }
                    Event::Ended(number, fate, killer) => {
                        tell(*number, *fate, killer.clone())?;
                        done += 1;
                    }
                    Event::Begins(_) | Event::Proves(_) => {}
                }
                doing = Some(event);
                continue;
            }
            Err(RecvTimeoutError::Timeout) => format!("timed out after {} s", patience.as_secs_f64()),
            Err(RecvTimeoutError::Disconnected) => {
                let status = running.0.wait().map_err(Error::io("wait for", &program))?;
                if status.code() == Some(PANICKED) {
                    return Err(Error::CheckFailed(format!("{} panicked", program.display())));
                }
                format!("driver crashed: {status}")
            }
        };
        return match doing {
            _ if done > 0 => Ok(done),
            Some(Event::Begins(number)) => tell(number, Fate::Crashed, Some(problem)).map(|()| 1),
            Some(Event::Proves(kernel)) => {
                Err(Error::CheckFailed(format!("{kernel}, before it is changed: {problem}")))
            }
            _ => Err(Error::CheckFailed(format!("before any mutant ran: {problem}"))),
        };
    }
    Ok(done)
}

/// What is printed, line by line, so that waiting for it can end.
fn lines(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        BufReader::new(output).lines().map_while(|line| line.ok()).try_for_each(|line| sender.send(line))
    });
    receiver
}
