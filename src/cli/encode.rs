//! `wgvae encode`

use super::{
    images::{ImageOptions, order},
    options::RunOptions,
    output::check,
    print::{progress, result},
};
use crate::{
    Error, Result,
    analysis::{Quantised, draw, errors},
    data::Split,
    interop::npy,
    network::Codec,
    run::Run,
};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    source: ImageOptions,
    /// Where the array [n, latent] is written
    #[arg(short, long, value_name = "FILE.npy")]
    output: PathBuf,
    /// What is written [default: mu, or an AE's code]
    #[arg(long, value_enum)]
    what: Option<What>,
    /// Write codes of eight bits per dimension (uint8 [n, latent]), and their range (float32 [2, latent], least and greatest
    /// value) to FILE.range.npy: value = least + code / 255 * (greatest - least)
    #[arg(long)]
    u8: bool,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Mean of q(z | x)
    Mu,
    /// Logarithm of the variance of q(z | x)
    #[value(name = "log_var")]
    LogVar,
    /// One draw from q(z | x); the run's seed decides it
    Z,
    /// The encoder's code layer, which an AE decodes
    Code,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open()?;
    let kind = run.config.model.kind;
    let what = arguments.what.unwrap_or(if kind.is_variational() { What::Mu } else { What::Code });
    if !kind.is_variational() && what != What::Code {
        return Err(Error::invalid("--what", "an AE has no q(z | x), only a code"));
    }
    if what == What::Code && !run.config.model.has_code() {
        return Err(Error::invalid("--what", "this model's mu and log_var read the last hidden layer: it has no code"));
    }
    if arguments.u8 && (what == What::LogVar || kind.is_variational() && what == What::Code) {
        return Err(Error::invalid("--u8", "compresses what is decoded: mu, z, or an AE's code"));
    }
    let range = range_beside(&arguments.output);
    check("--output", &arguments.output, &["npy"], arguments.force)?;
    if arguments.u8 {
        check("--output", &range, &["npy"], arguments.force)?;
    }
    let codec = arguments.run.codec(&run)?;
    let source = arguments.source.open(&run, &arguments.run.dir)?;
    let split = source.images().split;
    let latent = codec.model().latent;
    let encoding = codec.encode_rows(split.images.rows(), split.labels.as_deref())?;
    let values = match what {
        What::Mu => encoding.mu,
        What::LogVar => encoding.log_var,
        What::Code => encoding.code,
        What::Z => draw(&encoding, latent, run.config.seed),
    };
    let shape = [split.count, latent];
    progress!("order: {}", order(&source.images()));
    if !arguments.u8 {
        npy::write(&arguments.output, &shape, &values)?;
        return result!("{}", arguments.output.display());
    }
    let quantised = Quantised::new(&values, latent)?;
    let report = compression(&run, &codec, split, &values, &quantised)?;
    npy::write(&range, &[2, latent], &[&quantised.low[..], &quantised.high[..]].concat())?;
    npy::write(&arguments.output, &shape, &quantised.codes)?;
    result!("{}\n{}\n{report}", arguments.output.display(), range.display())
}

/// Where the range of the codes in `path` lies: `FILE.npy` and `FILE.range.npy`.
pub fn range_beside(path: &Path) -> PathBuf {
    path.with_extension("range.npy")
}

/// Sizes, and what eight bits cost.
fn compression(run: &Run, codec: &Codec, split: &Split, z: &[f32], quantised: &Quantised) -> Result<String> {
    let (latent, input, likelihood) = (codec.model().latent, codec.model().input, run.config.objective.loss.likelihood);
    let labels = split.labels.as_deref();
    if codec.model().kind.is_conditional() && labels.is_none() {
        return Err(Error::no_labels());
    }
    let mean = |z: &[f32]| -> Result<f64> {
        let errors = errors(codec, z, labels, split.images.rows())?;
        Ok(errors.iter().filter_map(|error| error.of(likelihood)).sum::<f64>() / split.count as f64)
    };
    let (before, after) = (mean(z)?, mean(&quantised.restore())?);
    let with_labels = if codec.model().kind.is_conditional() { split.count } else { 0 };
    let (images, codes) = (split.count * input, split.count * latent + with_labels + 8 * latent);
    let labelled = if with_labels > 0 { ", with a byte for the label" } else { "" };
    Ok(format!(
        "images  {images:>12} bytes: {} of {input} pixels\n\
         codes   {codes:>12} bytes: {latent} per image and their range{labelled}\n\
         ratio   {:>12.1}\n\
         error   {before:>12.4} per image from float32 codes, {after:.4} from 8-bit codes ({})",
        split.count,
        images as f64 / codes as f64,
        likelihood.unit(),
    ))
}
