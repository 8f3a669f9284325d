//! `wgvae train --log`: the figures and pictures of a run in another program's form.

use crate::{
    Result,
    interop::tensorboard::EventFile,
    run::{EVENTS, Metrics},
    train::Session,
};

/// Another program's form of a run's figures and pictures.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Log {
    /// Event files
    Tensorboard,
}

/// The event file of this start of the run, where one is asked for or earlier starts have left some.
pub fn events(session: &Session, log: Option<Log>) -> Result<Option<EventFile>> {
    let folder = session.dir().map(|dir| dir.join(EVENTS));
    let wanted = folder.filter(|folder| matches!(log, Some(Log::Tensorboard)) || folder.is_dir());
    wanted.filter(|_| !session.is_done()).map(|folder| EventFile::create(&folder)).transpose()
}

/// Writes the figures of an epoch to an event file, and its pictures where they were `drawn`.
pub fn log(events: &mut EventFile, session: &Session, metrics: &Metrics, drawn: bool) -> Result<()> {
    let Metrics { step, train, test, active_units, gradient_norm, images_per_s, .. } = *metrics;
    let mut scalars = vec![
        ("train/reconstruction", train.reconstruction),
        ("train/kl", train.kl),
        ("train/loss", train.loss),
        ("test/reconstruction", test.reconstruction),
        ("test/kl", test.kl),
        ("test/loss", test.loss),
        ("images_per_s", images_per_s),
    ];
    scalars.extend(active_units.map(|units| ("active_units", units as f64)));
    scalars.extend(gradient_norm.map(|norm| ("gradient_norm", norm)));
    events.scalars(step, &scalars)?;
    let Some(folder) = session.dir().map(|dir| dir.join("images")).filter(|_| drawn) else { return Ok(()) };
    let sheet = format!("epoch-{:03}", metrics.epoch);
    for (tag, file) in [
        ("reconstructions", "reconstructions"),
        ("samples", "samples"),
        ("traversal", "traversal"),
        ("epoch", sheet.as_str()),
    ] {
        let path = folder.join(format!("{file}.png"));
        if path.is_file() {
            events.image(step, tag, &path)?; // a run on a table has the traversal alone
        }
    }
    Ok(())
}
