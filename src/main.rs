//! The `wgvae` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // SAFETY: the process has one thread as yet.
    unsafe { wgvae::gpu::prepare_environment() };
    // A reader that stops early, such as `head`, ends a command quietly.
    // SAFETY: SIGPIPE and its default are valid, and nothing in this process relies on the signal being ignored.
    #[cfg(unix)]
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL)
    };
    wgvae::cli::run()
}
