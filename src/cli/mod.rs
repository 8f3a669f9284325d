//! The command line: one file per command. Progress goes to standard error, results to standard output.

mod anomaly;
mod bar;
mod bench;
mod config;
mod curves;
mod data;
mod decode;
mod denoise;
mod devices;
mod earlier;
mod encode;
mod epoch;
mod evaluate;
mod events;
mod export;
mod grid;
mod images;
mod interpolate;
mod manifold;
mod memory;
mod model;
mod optimisation;
mod options;
mod output;
mod packaging;
mod presets;
mod print;
mod ranks;
mod reconstruct;
mod report;
mod runs;
mod sample;
mod scatter;
mod score;
mod shader;
mod signals;
mod split;
mod stopped;
mod style;
mod sweep;
mod table;
mod train;
mod traverse;
mod verify;
mod watch;

use crate::{Error, Result, error::chain, gpu::silence_lost_devices};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;

/// Train autoencoders, VAEs and conditional VAEs on any Vulkan, Metal or DX12 GPU.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a model; without options on the best device and data at hand
    Train(Box<train::Arguments>),
    /// List what train --preset stands for: the options, and what they reach
    Presets(presets::Arguments),
    /// List the data sets that are known by name; fetch and verify them
    Data(data::Arguments),
    /// List the rows that a run was trained on and judged on, by their names in the data
    Split(split::Arguments),
    /// Draw images of the data with their labels and indices
    Grid(grid::Arguments),
    /// Draw test images above what the model makes of them
    Reconstruct(reconstruct::Arguments),
    /// Draw test images, noise on them, and what the model restores
    Denoise(denoise::Arguments),
    /// Draw new images: from the prior, by label, or from the box of an autoencoder's codes
    Sample(sample::Arguments),
    /// Draw what each latent dimension means: one varies, the others stay
    Traverse(traverse::Arguments),
    /// Draw the way from one test image to another through the latent space, or around a loop
    Interpolate(interpolate::Arguments),
    /// Draw the whole of a latent space of two dimensions
    Manifold(manifold::Arguments),
    /// Draw the style of test images under every label (CVAE)
    Style(style::Arguments),
    /// Draw the latents of test images, coloured by label
    Scatter(scatter::Arguments),
    /// Train every combination of the options in a file, each in a directory of its own
    Sweep(sweep::Arguments),
    /// List runs: model, data, epochs, losses, and how each stands
    Runs(runs::Arguments),
    /// Write a page that shows runs: figures, curves, pictures, configurations and their differences
    Report(report::Arguments),
    /// Draw loss curves of one or several runs
    Curves(curves::Arguments),
    /// Figures of a run on its test images: errors, KL, ELBO, active units, label accuracy of samples
    Evaluate(evaluate::Arguments),
    /// Write the encoder outputs of images as a NumPy array; with --u8 as codes of eight bits
    Encode(encode::Arguments),
    /// Make images of latents in a NumPy array
    Decode(decode::Arguments),
    /// Write error, KL, ELBO and anomaly score of every image or row as CSV; with --worst draw those restored worst
    Score(score::Arguments),
    /// Write encoder and decoder for other programs
    Export(export::Arguments),
    /// List adapters, their limits and features, and which one --device auto takes
    Devices(devices::Arguments),
    /// Check every kernel against the f64 oracle on this machine's adapter
    Verify(verify::Arguments),
    /// Print the shader of a kernel as it is put together, or without a name list the kernels
    Shader(shader::Arguments),
    /// Time whole training steps and every kernel of them
    Bench(bench::Arguments),
    /// Print the script that completes commands and options in a shell
    Completions(packaging::Completions),
    /// Write the manual pages
    Man(packaging::Man),
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        let done = match self {
            Command::Train(arguments) => return train::run(*arguments),
            Command::Sweep(arguments) => return sweep::run(arguments),
            Command::Presets(arguments) => presets::run(arguments),
            Command::Data(arguments) => data::run(arguments),
            Command::Split(arguments) => split::run(arguments),
            Command::Grid(arguments) => grid::run(arguments),
            Command::Reconstruct(arguments) => reconstruct::run(arguments),
            Command::Denoise(arguments) => denoise::run(arguments),
            Command::Sample(arguments) => sample::run(arguments),
            Command::Traverse(arguments) => traverse::run(arguments),
            Command::Interpolate(arguments) => interpolate::run(arguments),
            Command::Manifold(arguments) => manifold::run(arguments),
            Command::Style(arguments) => style::run(arguments),
            Command::Scatter(arguments) => scatter::run(arguments),
            Command::Runs(arguments) => runs::run(arguments),
            Command::Report(arguments) => report::run(arguments),
            Command::Curves(arguments) => curves::run(arguments),
            Command::Evaluate(arguments) => evaluate::run(arguments),
            Command::Encode(arguments) => encode::run(arguments),
            Command::Decode(arguments) => decode::run(arguments),
            Command::Score(arguments) => score::run(arguments),
            Command::Export(arguments) => export::run(arguments),
            Command::Devices(arguments) => devices::run(arguments),
            Command::Verify(arguments) => verify::run(arguments),
            Command::Shader(arguments) => shader::run(arguments),
            Command::Bench(arguments) => return bench::run(arguments),
            Command::Completions(arguments) => packaging::completions(arguments),
            Command::Man(arguments) => packaging::man(arguments),
        };
        done.map_err(Failure::from)
    }
}

/// Why a command failed, and how it ends.
struct Failure {
    error: Error,
    /// What the user can do about it.
    hint: Option<String>,
    /// The exit status.
    status: u8,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { hint: error.hint().map(String::from), status: 1, error }
    }
}

impl Failure {
    /// Says on standard error why the command failed, and what can be done.
    fn tell(&self) {
        print::to_stderr(format_args!("error: {}", chain(&self.error)));
        if let Some(hint) = &self.hint {
            print::to_stderr(format_args!("hint: {hint}"));
        }
    }
}

/// The command line of this process, with the options that a file or a preset stands for.
fn parsed() -> Result<Cli, Failure> {
    let command = Cli::command();
    let train = command.find_subcommand("train").expect("it is a command").clone();
    let arguments = config::expanded(&train, std::env::args_os().collect())?;
    let matches = command.get_matches_from(presets::expanded(arguments.into_iter()));
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let (Command::Train(arguments), Some((_, matches))) = (&mut cli.command, matches.subcommand()) {
        arguments.typed = config::typed(&train, matches);
    }
    Ok(cli)
}

/// Runs the command line of this process: 0 for success, 1 for failure, 2 for wrong usage, 128 + its number after a signal.
pub fn run() -> ExitCode {
    silence_lost_devices();
    match parsed().and_then(|cli| cli.command.run()) {
        Ok(()) => ExitCode::SUCCESS,
        // The process that says why has the status; `mpirun` ends it with the first other that has one.
        Err(Failure { error: Error::Elsewhere { .. }, .. }) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            ExitCode::from(failure.status)
        }
    }
}

/// Prints a result as JSON on standard output.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print::result!("{}", serde_json::to_string_pretty(value).expect("results are plain data"))
}
