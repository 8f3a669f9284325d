//! Training that ended before its last epoch: the error, and the command that goes on.

use super::{Failure, signals::Stop};
use crate::{Error, train::Session};
use std::path::Path;

/// An error in training, with what goes on from there.
pub fn failure(error: Error, session: &Session, stop: &Stop) -> Failure {
    let lr = session.config().adam.lr;
    let command = resume_command(session.dir().unwrap_or(Path::new(".")));
    match error {
        Error::Interrupted(_) => Failure { error, hint: Some(format!("go on with: {command}")), status: stop.status() },
        Error::NotFinite { .. } => {
            let hint = error.hint().unwrap_or_default();
            let hint = format!("{hint}; the last checkpoint is whole: {command} --lr {:?}", lr / 10.0);
            Failure { error, hint: Some(hint), status: 1 }
        }
        Error::OutOfMemory { .. } | Error::DeviceLost { .. } | Error::DeviceHangs { .. } => {
            let hint = error.hint().unwrap_or_default();
            Failure { error, hint: Some(format!("{hint}; the last checkpoint is whole: {command}")), status: 1 }
        }
        other => other.into(),
    }
}

/// A command that goes on with the run in `dir`, for a shell.
fn resume_command(dir: &Path) -> String {
    let program = std::env::args_os().next().map_or("wgvae".into(), |name| name.to_string_lossy().into_owned());
    let dir = dir.to_string_lossy();
    let words = [program.as_str(), "train", "--resume", dir.as_ref()];
    shlex::try_join(words).unwrap_or_else(|_| words.join(" ")) // a path cannot hold the NUL that is refused
}
