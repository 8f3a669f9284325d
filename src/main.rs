//! The `wgvae` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // SAFETY: the process has one thread as yet.
    unsafe { wgvae::gpu::prepare_environment() };
    wgvae::cli::run()
}
