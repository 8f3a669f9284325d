//! Options of commands that apply a model to images: the run's own, or new ones.

use super::{
    options::{DataDir, source},
    print::progress,
    table::NewRowOptions,
};
use crate::{
    Error, Result,
    data::{self, Content, Dataset, Images, Names, Reading, Source, Split},
    gpu::Format,
    model::Color,
    run::Run,
};
use clap::{Args, ValueEnum, builder::OsStringValueParser, builder::TypedValueParser};

/// Which images a run is applied to.
#[derive(Args)]
pub struct ImageOptions {
    /// New images instead of the run's own. A .npy, a .csv or a folder of images is taken whole, every row in the order of
    /// the file or of the names; one is enough. mnist, glyphs, IDX files and a folder of train and test come in two parts,
    /// see --split
    #[arg(long, value_name = "mnist|glyphs|PATH", value_parser = OsStringValueParser::new().try_map(source))]
    data: Option<Source>,
    /// Which part of data that come in two, as the run's own do [default: test]; data that are taken whole have none
    #[arg(long, value_enum)]
    split: Option<SplitName>,
    #[command(flatten)]
    new: NewRowOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    /// What the run was trained on
    Train,
    /// What it is judged on
    Test,
}

/// The images a command was told to work on.
pub struct Chosen {
    content: Content,
    /// The images, where the run sees others than the data hold: black and white ones.
    seen: Option<Split>,
    train: bool,
    own: bool,
}

impl ImageOptions {
    /// Whether the labels of new data were named.
    pub fn has_labels(&self) -> bool {
        self.new.labels.is_some()
    }

    /// How new data are read: with the columns, the scales and the classes of the run.
    fn reading(&self, run: &Run) -> Reading {
        let own = run.config.data.reading();
        Reading {
            labels: self.new.labels.clone(),
            missing: self.new.missing.unwrap_or(own.missing),
            skip_bad: self.new.skip_bad,
            size: self.new.size.or(own.size),
            run_labels: own.labels,
            ..own
        }
    }

    /// Opens the data, by default the run's own, and checks that they fit its model.
    pub fn open(&self, run: &Run, dir: &DataDir) -> Result<Chosen> {
        let content = match &self.data {
            None => Content::Divided(dir.open(run)?),
            Some(source) => {
                let report = &mut |line: &str| progress!("data: {line}");
                data::open_whole(source, dir.data_dir.as_deref(), &self.reading(run), report)?
            }
        };
        if let (Content::Whole(whole), Some(_)) = (&content, self.split) {
            let problem = format!("{} has no parts: all of its images are taken", whole.name);
            return Err(Error::invalid("--split", problem));
        }
        let resized = match &content {
            Content::Divided(dataset) => dataset.resized,
            Content::Whole(whole) => whole.resized,
        };
        if self.new.size.is_some() && !resized {
            let problem = "scales pictures, as PNG, JPEG and BMP have them, and these data are none";
            return Err(Error::invalid("--size", problem));
        }
        let (train, own) = (self.split == Some(SplitName::Train), self.data.is_none());
        let mut chosen = Chosen { content, seen: None, train, own };
        let (images, then) = (chosen.images(), &run.config.data);
        if images.color != then.color {
            let word = |color: Color| if color.is_gray() { "gray" } else { "colour" };
            let problem = format!("images in {}, but the run was trained on {}", word(images.color), word(then.color));
            return Err(Error::invalid("--data", problem));
        }
        if (images.width, images.height) != (then.width, then.height) {
            let problem = format!(
                "images of {} x {} pixels, but the run was trained on {} x {}",
                images.width, images.height, then.width, then.height
            );
            return Err(Error::invalid("--data", problem));
        }
        let (found, format) = (Format::of(images.split.images.rows()), then.format);
        if found != format {
            let word = |format| if format == Format::U8 { "images of bytes" } else { "a table of real values" };
            let problem = format!("{}, but the run was trained on {}", word(found), word(format));
            return Err(Error::invalid("--data", problem));
        }
        if run.config.model.kind.is_conditional() && images.classes > 0 {
            expect_classes(&images, run)?;
        }
        if !run.config.binarization.is_none() {
            chosen.seen = Some(run.config.settings().judged(images.split).into_owned());
        }
        Ok(chosen)
    }

    /// Refuses options about images where a command has no use for any, for want of `option`.
    pub fn expect_none(&self, option: &str) -> Result<()> {
        let given = match (&self.data, self.split) {
            (Some(_), _) => "--data",
            (None, Some(_)) => "--split",
            (None, None) => return Ok(()),
        };
        Err(Error::invalid(given, format!("chooses among images, which are used with {option} alone")))
    }

    /// `command`, with what sets the images apart from the run's test images: the name of a picture of them.
    pub fn picture_name(&self, command: &str) -> String {
        let mut name = command.to_string();
        match &self.data {
            Some(Source::Path(path)) => {
                name += &path.file_stem().map_or(String::new(), |stem| format!("-{}", stem.display()));
            }
            Some(other) => name += &format!("-{other}"),
            None => {}
        }
        name + if self.split == Some(SplitName::Train) { "-train" } else { "" }
    }
}

impl Chosen {
    /// The images, as the run sees them: the part asked for, or all.
    pub fn images(&self) -> Images<'_> {
        let images = match &self.content {
            Content::Divided(dataset) if self.train => dataset.train_images(),
            Content::Divided(dataset) => dataset.test_images(),
            Content::Whole(whole) => whole.all(),
        };
        Images { split: self.seen.as_ref().unwrap_or(images.split), ..images }
    }

    /// The run's own data, where the images are theirs.
    pub fn own(&self) -> Option<&Dataset> {
        match &self.content {
            Content::Divided(dataset) if self.own => Some(dataset),
            _ => None,
        }
    }

    /// The data they belong to, divided as for training, as the source has them.
    pub fn into_dataset(self) -> Result<Dataset> {
        match self.content {
            Content::Divided(dataset) => Ok(dataset),
            Content::Whole(whole) => whole.divide(),
        }
    }
}

/// Checks that the classes of new data are those that a CVAE was trained on.
fn expect_classes(images: &Images, run: &Run) -> Result<()> {
    let (names, then) = (images.class_names, &run.config.data.class_names);
    match names.iter().find(|name| !then.contains(name)) {
        Some(name) if then.is_empty() => {
            let problem = format!("the class {name} has a name, but those of the run are numbers");
            Err(Error::invalid("--data", problem))
        }
        Some(name) => {
            let problem = format!("the class {name} is none of the run's: {}", then.join(", "));
            Err(Error::invalid("--data", problem))
        }
        None => Ok(()),
    }
}

/// Which image stands behind each row of a result, in a line.
pub fn order(images: &Images) -> String {
    let what = format!("row i is {} i", images.subset.image());
    match &images.split.names {
        Names::InOrder => what,
        names => format!(
            "{what}: row 0 is {}, row {} is {}",
            names.of(0),
            images.split.count - 1,
            names.of(images.split.count - 1)
        ),
    }
}
