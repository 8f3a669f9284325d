//! The progress line of a training run.

use super::print::is_silent;
use crate::{run::EpochLosses, train::Progress};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// A line for work of which a share of 1000 is told; none where standard error is no terminal.
pub fn share_bar(what: &str) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(1000) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{prefix} [{wide_bar}] {percent:>3}% ETA {eta}");
    bar.with_style(style.expect("a constant template").progress_chars("=> ")).with_prefix(what.to_string())
}

/// One line for the whole run, as wide as the terminal; none where standard error is no terminal.
pub struct Bar {
    bar: ProgressBar,
    epochs: u64,
    beta: f64,
    /// Epochs that were done when the run went on.
    from: u64,
}

impl Bar {
    /// A line for the epochs after `from` up to `epochs`; the loss it shows weighs the KL divergence by `beta`.
    pub fn new(from: u64, epochs: u64, beta: f64) -> Bar {
        let shown = std::io::stderr().is_terminal() && !is_silent();
        let bar = if shown { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{prefix} [{wide_bar}] {percent:>3}% {msg} ETA {eta}");
        Bar { bar: bar.with_style(style.expect("a constant template").progress_chars("=> ")), epochs, beta, from }
    }

    /// Shows how far `epoch`, counted from 1, is. What is left is reckoned for all epochs, evaluation and writing included.
    pub fn show(&self, epoch: u64, progress: &Progress) {
        let images = progress.losses.count as f64 * progress.done as f64 / progress.steps as f64;
        let EpochLosses { reconstruction, kl, bound, .. } = progress.losses;
        let loss = if bound == 0.0 { reconstruction + self.beta * kl } else { bound } / images;
        let steps = progress.steps as u64;
        self.bar.set_length(steps * (self.epochs - self.from));
        self.bar.set_position(steps * (epoch - 1 - self.from) + progress.done as u64);
        self.bar.set_prefix(format!("epoch {epoch}/{}", self.epochs));
        self.bar.set_message(format!("loss {loss:.2} {:.0} img/s", images / progress.elapsed.as_secs_f64()));
    }

    /// Runs `write`, which prints, with the line out of its way.
    pub fn aside(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
