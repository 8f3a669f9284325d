//! The right to write to a run's directory: one process has it at a time, and loses it when it ends, however it ends.

use super::{
    Run,
    keeping::{BEST, EVENTS, is_epoch_file},
    status::FAILURE,
};
use crate::{Error, Result, files};
use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

/// The file that is locked. It holds the number of the process, for the message to others.
const LOCK: &str = ".lock";

/// A directory that this process alone trains in, until the claim is dropped.
#[derive(Debug)]
pub struct Claim {
    dir: PathBuf,
    /// Directories that were made for it, outermost first: they go with the claim unless a run is begun there.
    made: Vec<PathBuf>,
    _lock: File,
}

impl Claim {
    /// Claims `dir` for a new run and makes it where it is missing. A directory that holds a run is claimed only to `replace` it,
    /// which `Session::begin_in` does later, when model and data are on the device.
    ///
    /// # Errors
    /// [`Error::Invalid`] where another process trains there, or where `dir` is in use; [`Error::Io`] where it cannot be written.
    pub fn begin(dir: &Path, replace: bool) -> Result<Claim> {
        let made = make(dir)?;
        let claim = Claim::lock(dir, made)?;
        let run = dir.join("config.json").exists();
        let mut entries = fs::read_dir(dir).map_err(Error::io("read", dir))?.flatten();
        let problem = match entries.any(|entry| entry.file_name() != LOCK) {
            true if run && replace => return Ok(claim),
            true if run => {
                "holds a run already: go on with --resume, begin anew with --force, or name another directory with --out"
            }
            true => "is not empty: name another directory with --out",
            false => return Ok(claim),
        };
        Err(Error::invalid(dir.display().to_string(), problem))
    }

    /// Claims the first of `runs/NAME-1`, `runs/NAME-2`, … that does not exist.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be made.
    pub fn free(name: &str) -> Result<Claim> {
        for number in 1.. {
            let dir = PathBuf::from(format!("runs/{name}-{number}"));
            let made = if dir.exists() { Vec::new() } else { make(&dir)? };
            if made.last() == Some(&dir) {
                return Claim::lock(&dir, made); // another process may have been faster in making it
            }
        }
        unreachable!("some number is free")
    }

    /// Claims the directory of a run that exists, and removes what a write that was cut off has left there.
    ///
    /// # Errors
    /// As [`Claim::begin`].
    pub fn resume(run: &Run) -> Result<Claim> {
        let claim = Claim::lock(&run.dir, Vec::new())?;
        for folder in [run.dir.clone(), run.dir.join("images")] {
            files::remove_parts(&folder)?;
        }
        Ok(claim)
    }

    /// Whether a process has claimed `dir`.
    pub fn is_held(dir: &Path) -> bool {
        let lock = File::open(dir.join(LOCK));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keeps the directory when the claim ends: a run was begun there.
    pub(crate) fn keep(&mut self) {
        self.made.clear();
    }

    /// Removes the files of the run that is replaced, and nothing that is not a run's.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file that could not be removed.
    pub(crate) fn clear(&self) -> Result<()> {
        let images = self.dir.join("images");
        let pictures = fs::read_dir(&images).into_iter().flatten().flatten().map(|entry| entry.path());
        let pictures = pictures.filter(|path| path.extension().is_some_and(|extension| extension == "png"));
        // The configuration goes last: until then the directory holds a run, which --force replaces.
        let files = ["metrics.jsonl", "model.safetensors", BEST, "checkpoint.safetensors", FAILURE, "config.json"];
        let files = files.map(|name| self.dir.join(name)).into_iter().filter(|path| path.exists());
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let epochs = entries.filter(|entry| is_epoch_file(&entry.file_name().to_string_lossy()));
        let events = fs::read_dir(self.dir.join(EVENTS)).into_iter().flatten().flatten().map(|entry| entry.path());
        let events = events.filter(|path| path.extension().is_some_and(|extension| extension == "wgvae"));
        for path in pictures.chain(events).chain(epochs.map(|entry| entry.path())).chain(files) {
            fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
        [&self.dir, &images].into_iter().try_for_each(|folder| files::remove_parts(folder))
    }

    fn lock(dir: &Path, made: Vec<PathBuf>) -> Result<Claim> {
        let path = dir.join(LOCK);
        let mut looks = 0; // at a lock that another process may only have looked at, see `is_held`
        loop {
            let options = File::options().read(true).write(true).create(true).truncate(false).clone();
            let mut lock = options.open(&path).map_err(Error::io("create", &path))?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if looks < 3 => {
                    looks += 1;
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    let process = fs::read_to_string(&path).unwrap_or_default();
                    let process = if process.is_empty() { String::new() } else { format!(" {process}") };
                    let problem = format!("process{process} trains there: wait for its end, or name another directory");
                    return Err(Error::invalid(dir.display().to_string(), problem));
                }
                // A file system without locks: two processes are told apart nowhere.
                Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
            }
            // The process that had the lock may have removed the file between our opening and locking it.
            if is_at(&lock, &path) {
                lock.set_len(0)
                    .and_then(|()| write!(lock, "{}", std::process::id()))
                    .map_err(Error::io("write", &path))?;
                return Ok(Claim { dir: dir.to_path_buf(), made, _lock: lock });
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and a lock file that stays does no harm: its lock is gone.
        let _ = fs::remove_file(self.dir.join(LOCK));
        for dir in self.made.iter().rev() {
            let _ = fs::remove_dir(dir);
        }
    }
}

/// Makes `dir` and what is missing above it; returns what was made, outermost first.
fn make(dir: &Path) -> Result<Vec<PathBuf>> {
    let missing: Vec<&Path> =
        dir.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    let mut made = Vec::new();
    for path in missing.into_iter().rev() {
        match fs::create_dir(path) {
            Ok(()) => made.push(path.to_path_buf()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io("create", path)(error)),
        }
    }
    Ok(made)
}

/// Whether `path` still names the open `file`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (open, named) = (file.metadata().map(id), fs::metadata(path).map(id));
    open.is_ok_and(|open| named.is_ok_and(|named| open == named))
}

/// Whether `path` still names the open `file`: elsewhere an open file is not removed.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
