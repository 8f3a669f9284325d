//! One error type. Every variant carries the names and numbers a reader needs to mend the cause.

use std::path::{Path, PathBuf};

/// The result of anything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, with enough detail to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing a file failed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted: `read`, `write`, `create`, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file was read, but what it holds is not what its format or its use demands.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the numbers found and expected.
        problem: String,
    },
    /// A value given by the user cannot be used.
    #[error("{what}: {problem}")]
    Invalid {
        /// The option or argument.
        what: String,
        /// Why it cannot be used.
        problem: String,
    },
    /// No adapter of the kind asked for was found.
    #[error("{problem}")]
    NoAdapter {
        /// What was looked for and what was found.
        problem: String,
    },
    /// The GPU driver refused something.
    #[error("GPU: {context}: {problem}")]
    Gpu {
        /// The kernel or operation under way.
        context: String,
        /// The driver's words.
        problem: String,
    },
    /// A device has no room for a buffer.
    #[error("GPU: {context}: {problem}")]
    OutOfMemory {
        /// What the buffer is for.
        context: String,
        /// Its size, and what there is.
        problem: String,
    },
    /// A device does not work any more: its driver was reset, or the adapter went away.
    #[error("GPU: {context}: the device was lost: {problem}")]
    DeviceLost {
        /// The operation under way.
        context: String,
        /// The driver's words.
        problem: String,
    },
    /// A device gives no answer.
    #[error("GPU: {context}: no answer from the device in {seconds} s")]
    DeviceHangs {
        /// The operation under way.
        context: String,
        /// How long the host waited.
        seconds: f64,
    },
    /// A kernel was launched with operands that do not fit each other.
    #[error("kernel {kernel}: {tensor} is {got}, expected {expected}")]
    Shape {
        /// The kernel.
        kernel: &'static str,
        /// The operand.
        tensor: &'static str,
        /// The shape demanded.
        expected: String,
        /// The shape given.
        got: String,
    },
    /// A download failed at every mirror.
    #[error("cannot download {file}: {problem}")]
    Download {
        /// The file's name.
        file: String,
        /// The last failure at each mirror.
        problem: String,
    },
    /// Training produced a value that is not finite in float32.
    #[error("{what} is not finite {}", at(*.first, *.last))]
    NotFinite {
        /// The loss or tensor.
        what: String,
        /// The first training step that may have produced it, counted from 1.
        first: u64,
        /// The last one.
        last: u64,
    },
    /// One or more checks failed; the report has been printed.
    #[error("{0}")]
    CheckFailed(String),
    /// Another of the processes that train a model together has failed, and says why.
    #[error("rank {rank} has failed")]
    Elsewhere {
        /// Which one.
        rank: usize,
    },
    /// The user stopped the run; what was finished is saved.
    #[error("interrupted: {0}")]
    Interrupted(String),
}

/// A text without line breaks: control characters are written as Rust writes them, `\n`.
pub(crate) fn one_line(text: &str) -> String {
    let escaped = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.into(),
    };
    text.chars().map(escaped).collect()
}

/// Training steps in words.
fn at(first: u64, last: u64) -> String {
    if first == last { format!("at step {first}") } else { format!("after steps {first} to {last}") }
}

impl Error {
    /// A closure for `map_err` that names the file and what was attempted on it.
    pub fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> Error + 'a {
        move |source| Error::Io { action, path: path.to_path_buf(), source }
    }

    /// A file whose content cannot be used. Names that come from it, with line breaks perhaps, do not break the line.
    pub fn malformed(path: &Path, problem: impl Into<String>) -> Error {
        Error::Malformed { path: path.to_path_buf(), problem: one_line(&problem.into()) }
    }

    /// An option or argument that cannot be used.
    pub fn invalid(what: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::Invalid { what: what.into(), problem: problem.into() }
    }

    /// A CVAE was asked for, and the data have no labels.
    pub fn no_labels() -> Error {
        Error::invalid("--data", "a CVAE needs the label of every image, and these data have none")
    }

    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::NoAdapter { .. } => Some(
                "install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers), or use --device cpu",
            ),
            Error::OutOfMemory { .. } => Some(
                "take a smaller --batch, --hidden or --train-limit, close other programs that use the GPU, or use --device cpu",
            ),
            Error::DeviceLost { .. } => {
                Some("its driver was reset or the adapter went away: the system's log may say why")
            }
            Error::DeviceHangs { .. } => Some("its driver may have to be reset, by a restart of the machine at worst"),
            Error::NotFinite { .. } => Some("training has diverged: try a smaller --lr, --beta or --corrupt"),
            _ => None,
        }
    }
}

/// An error and its causes in one line; what a driver says in several is joined.
pub fn chain(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let line = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    match error.source() {
        Some(cause) => format!("{line}: {}", chain(cause)),
        None => line,
    }
}
