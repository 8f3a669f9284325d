//! `wgvae score`

use super::{
    anomaly::{Reference, Report, Threshold, leading, truth},
    bar::share_bar,
    images::ImageOptions,
    options::{RunOptions, parse},
    output::{check, picture_of_run},
    print::{progress, result, to_stdout},
    print_json,
};
use crate::{
    Error, Result,
    analysis::{Score, Surprise, score, surprise},
    data::{Images, rows_f32},
    files::write_atomically,
    model::{Likelihood, class_name},
    picture::{Sheet, save_png},
};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    source: ImageOptions,
    /// Write the CSV to FILE [default: standard output]: a row per image, in the order of the data, with its index and what
    /// names it there: row and line number, or file
    #[arg(short, long, value_name = "FILE.csv")]
    output: Option<PathBuf>,
    /// Draw the N images with the greatest reconstruction error from z = mu, in the run's own loss, each above its
    /// reconstruction
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    worst: Option<u32>,
    /// Where they are drawn [default: RUN/images/worst.png; of --data X worst-X.png]
    #[arg(long, value_name = "FILE.png", requires = "worst")]
    picture: Option<PathBuf>,
    /// Draws of z that a row's anomaly score is averaged over
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    draws: u32,
    /// Flag the rows whose score is greater: than that of a share of the training rows, such as 0.95 or 95%, or than a score
    /// [default: 0.95 for a table, none for images]
    #[arg(long, value_name = "QUANTILE|VALUE", allow_hyphen_values = true, value_parser = parse::<Threshold>)]
    threshold: Option<Threshold>,
    /// With labels: the classes that are anomalies [default: those that no training row has; else all but 0]
    #[arg(long, value_delimiter = ',', value_name = "CLASS")]
    anomaly: Vec<String>,
    /// Print JSON: threshold and flagged rows, and with --labels or --anomaly how well scores tell anomalies from other rows, beside
    /// the mean distance to the five nearest training rows. The CSV is then written with -o alone
    #[arg(long)]
    json: bool,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

/// A line of the CSV. The average of each column is the figure of that name in `evaluate`.
#[derive(serde::Serialize)]
struct Line {
    index: usize,
    /// What names the image in its source: `row 7` of an array, `line 12` of a table, a file.
    name: String,
    label: Option<String>,
    squared_error: f64,
    bce: Option<f64>,
    kl: Option<f64>,
    elbo: Option<f64>,
    squared_error_at_mu: Option<f64>,
    bce_at_mu: Option<f64>,
    /// The negative ELBO averaged over draws; an AE's reconstruction error.
    score: f64,
    /// 1 above the threshold, else 0; empty without one.
    flag: Option<u8>,
    /// The values that add most to the score.
    leading: String,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open()?;
    if let Some(path) = &arguments.output {
        check("--output", path, &["csv"], arguments.force)?;
    }
    if let Some(path) = &arguments.picture {
        check("--picture", path, &["png"], arguments.force)?;
    }
    if run.config.data.table.is_some() && arguments.worst.is_some() {
        return Err(Error::invalid("--worst", "draws images, and this run is on a table: sort the CSV by its score"));
    }
    let codec = arguments.run.codec(&run)?;
    let source = arguments.source.open(&run, &arguments.run.dir)?;
    let (images, split) = (source.images(), source.images().split);
    if codec.model().kind.is_conditional() && split.labels.is_none() {
        return Err(Error::no_labels());
    }
    let own = run.config.objective.loss.likelihood;
    let (scores, _) = score(&codec, split, run.config.seed)?;
    let bar = share_bar(&format!("scores, {} draws", arguments.draws));
    let progress = &mut |share: f64| bar.set_position((1000.0 * share) as u64);
    let found = surprise(&codec, split, own, arguments.draws as usize, run.config.seed, progress);
    bar.finish_and_clear();
    let found = found?;
    let threshold = arguments.threshold.or(images.table.map(|_| Threshold::Quantile(0.95)));
    let asked = arguments.source.has_labels() || !arguments.anomaly.is_empty();
    let judged = asked && !codec.model().kind.is_conditional();
    let reference = match threshold.is_some() || judged {
        true => {
            let data = arguments.run.dir.open(&run)?;
            Some(Reference::new(&run, &codec, data, arguments.draws as usize)?)
        }
        false => None,
    };
    let threshold = threshold.zip(reference.as_ref()).map(|(threshold, reference)| reference.threshold(threshold));
    let truth = match &reference {
        Some(reference) if judged => Some(truth(&found.scores, &images, &arguments.anomaly, reference)?),
        _ => None,
    };
    let flags = threshold.map(|threshold| found.scores.iter().map(|&score| score > threshold).collect::<Vec<_>>());
    let lines = Lines {
        scores: &scores,
        images: &images,
        found: &found,
        flags: flags.as_deref(),
        reference: reference.as_ref(),
    };
    let table = lines.csv();
    match &arguments.output {
        Some(path) => {
            write_atomically(path, table.as_bytes())?;
            match arguments.json {
                true => progress!("{}", path.display()),
                false => result!("{}", path.display())?,
            }
        }
        None if arguments.json => {}
        None => to_stdout(format_args!("{table}"))?,
    }
    let report = Report {
        rows: found.scores.len(),
        draws: arguments.draws as usize,
        mean_score: found.scores.iter().sum::<f64>() / found.scores.len() as f64,
        threshold,
        flagged: flags.map(|flags| flags.into_iter().filter(|&flag| flag).count()),
        truth,
    };
    match arguments.json {
        true => print_json(&report)?,
        false => report.say(),
    }
    let Some(worst) = arguments.worst else { return Ok(()) };
    let path = match &arguments.picture {
        Some(path) => path.clone(),
        None => picture_of_run(&run.dir, &format!("{}.png", arguments.source.picture_name("worst")))?,
    };
    let likelihood = run.config.objective.loss.likelihood;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let error = |i: usize| scores[i].at_mu.of(likelihood).expect("a run is measured by its own likelihood");
    order.sort_by(|&a, &b| error(b).total_cmp(&error(a)));
    order.truncate(worst as usize);
    let shown = rows_f32(split, images.pixels(), &order);
    let labels: Option<Vec<u8>> = split.labels.as_ref().map(|labels| order.iter().map(|&i| labels[i]).collect());
    let restored = codec.reconstruct(&shown, labels.as_deref())?;
    let captions = order.iter().enumerate().map(|(place, &i)| {
        let label = labels
            .as_ref()
            .map(|labels| format!(" ({})", class_name(images.class_names, labels[place] as usize)))
            .unwrap_or_default();
        format!("{}{label} {:.1}", split.names.caption(i), error(i))
    });
    let unit = likelihood.unit();
    // Each tile is an original and its reconstruction under it.
    let sheet = Sheet::new(images.width, 2 * images.height)
        .color(images.color)
        .title(format!("restored worst: {unit}, z = mu"))
        .captions(captions);
    let pairs = shown.chunks(images.pixels()).zip(restored.chunks(images.pixels()));
    let tiles: Vec<f32> = pairs.flat_map(|(above, below)| [above, below].concat()).collect();
    save_png(&path, &sheet.render(&tiles)?)?;
    // Where the table is on standard output, the path must not follow it.
    match arguments.output {
        Some(_) => result!("{}", path.display())?,
        None => progress!("{}", path.display()),
    }
    Ok(())
}

/// What the CSV is made of.
struct Lines<'a> {
    scores: &'a [Score],
    images: &'a Images<'a>,
    found: &'a Surprise,
    flags: Option<&'a [bool]>,
    reference: Option<&'a Reference>,
}

impl Lines<'_> {
    fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for (index, score) in self.scores.iter().enumerate() {
            writer.serialize(self.line(index, score)).expect("numbers and a name, written to memory");
        }
        let bytes = writer.into_inner().expect("written to memory");
        String::from_utf8(bytes).expect("numbers and names, which are text")
    }

    fn line(&self, index: usize, score: &Score) -> Line {
        let (images, split) = (self.images, self.images.split);
        Line {
            index,
            name: split.names.of(index),
            label: split.labels.as_ref().map(|labels| class_name(images.class_names, labels[index] as usize)),
            squared_error: score.drawn.squared_error,
            bce: score.drawn.of(Likelihood::Bernoulli),
            kl: score.kl,
            elbo: score.elbo(),
            squared_error_at_mu: score.kl.map(|_| score.at_mu.squared_error),
            bce_at_mu: score.kl.and_then(|_| score.at_mu.of(Likelihood::Bernoulli)),
            score: self.found.scores[index],
            flag: self.flags.map(|flags| flags[index].into()),
            leading: leading(self.found, index, images, self.reference),
        }
    }
}
