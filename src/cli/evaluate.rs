//! `wgvae evaluate`

use super::{
    bar::share_bar,
    images::ImageOptions,
    model::named,
    options::RunOptions,
    print::{progress, result},
    print_json,
};
use crate::{
    Error, Result,
    analysis::{Evaluation, evaluate, label_accuracy, nll},
    model::Binarization,
};

/// A judge worse than this says little about samples.
const FIT_TO_JUDGE: f64 = 0.97;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    source: ImageOptions,
    /// Samples of a CVAE that a judge reads, rounded up to equally many of each class; 0 does without
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    samples: u32,
    /// Estimate the negative log-likelihood by importance sampling with K samples per image, at most 5000 (a VAE or a CVAE)
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=5000))]
    nll: Option<u32>,
    /// With --nll: of the first N images [default: all]
    #[arg(long, value_name = "N", requires = "nll", value_parser = clap::value_parser!(u32).range(1..))]
    images: Option<u32>,
    /// Evaluate on the images made black and white in this way [default: the run's own]
    #[arg(long, value_name = "NAME", value_parser = named(Binarization::ALL, Binarization::name))]
    binarize: Option<Binarization>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let mut run = arguments.run.open()?;
    run.config.binarization = arguments.binarize.unwrap_or(run.config.binarization);
    run.config.settings().validate()?;
    let codec = arguments.run.codec(&run)?;
    let source = arguments.source.open(&run, &arguments.run.dir)?;
    let split = source.images().split;
    let seed = run.config.seed;
    if codec.model().kind.is_conditional() && split.labels.is_none() {
        return Err(Error::no_labels());
    }
    if arguments.nll.is_some() && !codec.model().kind.is_variational() {
        return Err(Error::invalid("--nll", "an AE has no prior, so that it gives an image no probability"));
    }
    let mut figures = evaluate(&codec, split, seed)?;
    if let Some(samples) = arguments.nll {
        let bar = share_bar(&format!("nll, {samples} samples"));
        let images = arguments.images.map_or(usize::MAX, |images| images as usize);
        let found =
            nll(&codec, split, images, samples as usize, seed, &mut |share| bar.set_position((1000.0 * share) as u64));
        bar.finish_and_clear();
        figures.nll = Some(found?);
    }
    if codec.model().kind.is_conditional() && arguments.samples > 0 {
        let data = source.into_dataset()?;
        if data.classes != codec.model().classes {
            let problem = format!("{} classes, but the run was trained on {}", data.classes, codec.model().classes);
            return Err(Error::invalid("--data", problem));
        }
        progress!("judge: training a classifier to read the samples");
        let samples = label_accuracy(&codec, &data, arguments.samples as usize, seed)?;
        if samples.judge_accuracy < FIT_TO_JUDGE {
            progress!(
                "warning: the judge reads only {:.4} of the real test images right: do not trust label_accuracy",
                samples.judge_accuracy
            );
        }
        figures.samples = Some(samples);
    }
    match arguments.json {
        true => print_json(&figures),
        false => print(&figures),
    }
}

fn print(figures: &Evaluation) -> Result<()> {
    let line = |name: &str, value: f64, digits: usize, what: &str| result!("{name:<22} {value:>12.digits$}  {what}");
    result!("{:<22} {:>12}  averages per image follow", "images", figures.images)?;
    let drawn = if figures.kl.is_some() { ", one draw of z" } else { "" };
    line("mse", figures.mse, 5, &format!("squared error per pixel{drawn}"))?;
    line("squared_error", figures.squared_error, 3, &format!("sum over the pixels{drawn}"))?;
    if let Some(bce) = figures.bce {
        line("bce", bce, 3, &format!("binary cross-entropy in nats{drawn}"))?;
    }
    if let Some(log_likelihood) = figures.log_likelihood {
        line("log_likelihood", log_likelihood, 3, &format!("ln p(x|z) in nats{drawn}"))?;
    }
    if let Some(at_mu) = &figures.at_mu {
        line("mse_at_mu", at_mu.mse_at_mu, 5, "squared error per pixel, z = mu")?;
        line("squared_error_at_mu", at_mu.squared_error_at_mu, 3, "sum over the pixels, z = mu")?;
        if let Some(bce) = at_mu.bce_at_mu {
            line("bce_at_mu", bce, 3, "binary cross-entropy in nats, z = mu")?;
        }
    }
    if let (Some(kl), Some(elbo)) = (figures.kl, figures.elbo) {
        line("kl", kl, 3, "KL(q(z|x) || N(0, 1)) in nats")?;
        line("elbo", elbo, 3, "ln p(x|z) - kl in nats")?;
    }
    if let Some(nll) = &figures.nll {
        let what = format!("-ln p(x) in nats, {} samples, {} images", nll.samples, nll.images);
        line("nll", nll.nll, 3, &what)?;
        line("nll_standard_error", nll.standard_error, 3, "of that mean over the images")?;
    }
    let unit = if figures.kl.is_some() { "mu" } else { "the code" };
    result!("{:<22} {:>12}  dimensions where {unit} varies by more than 0.01", "active_units", figures.active_units)?;
    if let Some(samples) = &figures.samples {
        let what = format!("of {} samples of the prior, read as their label by the judge", samples.samples);
        line("label_accuracy", samples.label_accuracy, 4, &what)?;
        line("judge_accuracy", samples.judge_accuracy, 4, "of the real test images, read right by the judge")?;
    }
    result!("\n{:>9}  {:>12}{}", "dimension", "variance", if figures.kl.is_some() { "            kl" } else { "" })?;
    for (j, variance) in figures.variance_per_dimension.iter().enumerate() {
        let kl = figures.kl_per_dimension.as_ref().map(|kl| format!("  {:>12.4}", kl[j])).unwrap_or_default();
        result!("{j:>9}  {variance:>12.4}{kl}")?;
    }
    Ok(())
}
