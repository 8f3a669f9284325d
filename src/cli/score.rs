//! `wgvae score`

use super::{
    images::ImageOptions,
    options::RunOptions,
    output::{check, picture_of_run},
    print::{progress, result, to_stdout},
};
use crate::{
    Error, Result,
    analysis::{Score, score},
    data::{Split, rows_f32},
    files::write_atomically,
    model::Likelihood,
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
    label: Option<u8>,
    squared_error: f64,
    bce: Option<f64>,
    kl: Option<f64>,
    elbo: Option<f64>,
    squared_error_at_mu: Option<f64>,
    bce_at_mu: Option<f64>,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open()?;
    if let Some(path) = &arguments.output {
        check("--output", path, &["csv"], arguments.force)?;
    }
    if let Some(path) = &arguments.picture {
        check("--picture", path, &["png"], arguments.force)?;
    }
    let codec = arguments.run.codec(&run)?;
    let source = arguments.source.open(&run, &arguments.run.dir)?;
    let (images, split) = (source.images(), source.images().split);
    if codec.model().kind.is_conditional() && split.labels.is_none() {
        return Err(Error::no_labels());
    }
    let (scores, _) = score(&codec, split, run.config.seed)?;
    let table = table(&scores, split);
    match &arguments.output {
        Some(path) => {
            write_atomically(path, table.as_bytes())?;
            result!("{}", path.display())?;
        }
        None => to_stdout(format_args!("{table}"))?,
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
        let label = labels.as_ref().map(|labels| format!(" ({})", labels[place])).unwrap_or_default();
        format!("{}{label} {:.1}", split.names.caption(i), error(i))
    });
    let unit = likelihood.unit();
    // Each tile is an original and its reconstruction under it.
    let sheet =
        Sheet::new(images.width, 2 * images.height).title(format!("restored worst: {unit}, z = mu")).captions(captions);
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

fn table(scores: &[Score], split: &Split) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (index, score) in scores.iter().enumerate() {
        let line = Line {
            index,
            name: split.names.of(index),
            label: split.labels.as_ref().map(|labels| labels[index]),
            squared_error: score.drawn.squared_error,
            bce: score.drawn.of(Likelihood::Bernoulli),
            kl: score.kl,
            elbo: score.elbo(),
            squared_error_at_mu: score.kl.map(|_| score.at_mu.squared_error),
            bce_at_mu: score.kl.and_then(|_| score.at_mu.of(Likelihood::Bernoulli)),
        };
        writer.serialize(line).expect("numbers and a name, written to memory");
    }
    let bytes = writer.into_inner().expect("written to memory");
    String::from_utf8(bytes).expect("numbers and names, which are text")
}
