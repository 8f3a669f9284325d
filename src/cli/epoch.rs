//! What `wgvae train` says of an epoch: its figures, how much patience is left, and advice where latents lie idle.

use crate::{
    model::Bottleneck,
    run::{Config, Figures, Metrics},
    train::Session,
};

/// Posterior collapse is reported below this KL divergence per image, in nats.
const COLLAPSED: f64 = 0.05;

/// Whether the latents tell nothing of the images.
pub fn is_collapsed(config: &Config, metrics: &Metrics) -> bool {
    config.model.kind.is_variational() && metrics.test.kl < COLLAPSED
}

/// What posterior collapse is, and what may help that was not tried already.
pub fn advice(config: &Config, metrics: &Metrics) -> String {
    let (model, warm_up) = (&config.model, config.schedule.warm_up);
    let is_article = model.bottleneck == Bottleneck::Article;
    let why = if is_article { ", because the code units have died" } else { "" };
    let steps = [
        is_article.then_some("--bottleneck direct, which has no code units"),
        (warm_up == 0).then_some("--warm-up 10"),
        (config.objective.beta > 1.0).then_some("a smaller --beta"),
        (model.latent < 16).then_some("a larger --latent"),
        Some("another --seed"),
    ];
    let steps: Vec<&str> = steps.into_iter().flatten().collect();
    let kl = metrics.test.kl;
    format!(
        "posterior collapse: KL {kl:.4} nats per image, so every image is decoded alike{why}. Try {}",
        steps.join(", or ")
    )
}

/// What to do where fewer than half of the latents are in use, and the model's design is what keeps them idle.
pub fn few_units(config: &Config, metrics: &Metrics) -> Option<String> {
    let (active, latent) = (metrics.active_units?, config.model.latent);
    let avoidable = config.model.bottleneck == Bottleneck::Article;
    (avoidable && 2 * active < latent).then(|| {
        format!(
            "{active} of {latent} latents are in use: units of the article's code layer die. --preset digits has no code layer and \
             keeps them"
        )
    })
}

/// The figures of an epoch.
pub fn line(metrics: &Metrics, epochs: u64, config: &Config) -> String {
    let (latent, row) = (config.model.latent, if config.data.table.is_some() { "row" } else { "image" });
    let figures = |figures: &Figures| format!("{:.3} + KL {:.3}", figures.reconstruction, figures.kl);
    let active = metrics.active_units.map_or(String::new(), |active| format!("; {active} of {latent} units active"));
    let norm = metrics.gradient_norm.map(|norm| format!("gradient norm {norm:.3}; ")).unwrap_or_default();
    format!(
        "epoch {:>2}/{epochs}  train {}  test {}  per {row}; {norm}{:.0} {row}s/s, {:.1} s{active}",
        metrics.epoch,
        figures(&metrics.train),
        figures(&metrics.test),
        metrics.images_per_s,
        metrics.seconds
    )
}

/// Why training ends before its last epoch.
pub fn out_of_patience(session: &Session) -> String {
    let (epochs, best) = (session.epochs_done(), session.best().map_or(0, |best| best.epoch));
    format!("{epochs} epochs are done, and none since epoch {best} had a better test loss")
}

/// How much patience is left, where there is an end to it.
pub fn patience(session: &Session) -> String {
    let (left, of) = (session.patience_left(), session.config().keeping.patience);
    left.zip(of).map_or(String::new(), |(left, of)| format!("; patience {left} of {of}"))
}
