//! The `wgvae` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    wgvae::cli::run()
}
