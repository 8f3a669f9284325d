//! What every source becomes: images as bytes or the rows of a table, in one set or in two.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::table::{Recipe, shown};
use super::{Division, Names, sha256, sha256_of_rows};
use crate::Result;
use crate::model::{Color, Values};

/// Images, or the rows of a table, one after the other, with optional labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Split {
    /// `[count, pixels]`: images, one byte per pixel, or the real values of a table's rows.
    pub images: Values,
    /// `[count]`, each below [`Dataset::classes`]; `None` where the source has no labels.
    pub labels: Option<Vec<u8>>,
    /// Number of images.
    pub count: usize,
    /// What each is called in the source.
    pub names: Names,
}

impl Split {
    /// Keeps the first `limit` images.
    fn truncate(&mut self, limit: usize, pixels: usize) {
        self.count = self.count.min(limit);
        self.images.truncate(self.count, pixels);
        if let Some(labels) = &mut self.labels {
            labels.truncate(self.count);
        }
        self.names.truncate(self.count);
    }

    /// The images `items`, in this order.
    fn pick(&self, items: &[u32], pixels: usize) -> Split {
        Split {
            images: self.images.pick(items, pixels),
            labels: self.labels.as_ref().map(|labels| items.iter().map(|&i| labels[i as usize]).collect()),
            count: items.len(),
            names: self.names.pick(items),
        }
    }
}

/// A training and a test split of equally large images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// What it is, for people: `mnist`, `glyphs`, a path.
    pub name: String,
    /// The folder that MNIST was read from.
    pub directory: Option<PathBuf>,
    /// Pixels per row.
    pub width: usize,
    /// Rows per image.
    pub height: usize,
    /// What a pixel holds.
    pub color: Color,
    /// Number of classes; 0 where the source has no labels.
    pub classes: usize,
    /// Their names; empty where they are known by their numbers alone.
    pub class_names: Vec<String>,
    /// What `--labels` named.
    pub labels: Option<String>,
    /// How the source was divided, where it was not.
    pub division: Division,
    /// Whether unreadable pictures were left out.
    pub skip_bad: bool,
    /// Whether pictures were scaled to this size.
    pub resized: bool,
    /// How the columns of a table were scaled; none of images.
    pub table: Option<Recipe>,
    /// What the model is trained on.
    pub train: Split,
    /// What it is judged on.
    pub test: Split,
    /// SHA-256 in hex of each part (`train-images`, `train-labels`, `test-images`, `test-labels`), before any limit: of
    /// an IDX file its uncompressed bytes, of other sources the bytes as they stand in [`Split`].
    pub hashes: BTreeMap<String, String>,
}

impl Dataset {
    /// A data set whose hashes are those of its splits.
    pub(super) fn new(name: impl Into<String>, sides: [usize; 2], train: Split, test: Split) -> Dataset {
        let mut hashes = BTreeMap::new();
        for (name, split) in [("train", &train), ("test", &test)] {
            hashes.insert(
                format!("{name}-images"),
                sha256_of_rows(split.images.rows(), split.images.len() / split.count.max(1)),
            );
            if let Some(labels) = &split.labels {
                hashes.insert(format!("{name}-labels"), sha256(labels));
            }
        }
        Dataset::with_hashes(name, sides, train, test, hashes)
    }

    /// A data set with the hashes of its source; the number of classes is one more than the largest label.
    pub(super) fn with_hashes(
        name: impl Into<String>,
        [height, width]: [usize; 2],
        train: Split,
        test: Split,
        hashes: BTreeMap<String, String>,
    ) -> Dataset {
        let classes = classes([&train, &test]);
        Dataset { name: name.into(), width, height, classes, train, test, hashes, ..Dataset::default() }
    }

    /// Values per image, one or three for each pixel: what a model calls `input`.
    pub fn pixels(&self) -> usize {
        self.width * self.height * self.color.channels()
    }

    /// The training images.
    pub fn train_images(&self) -> Images<'_> {
        self.subset(Subset::Train, &self.train)
    }

    /// The test images.
    pub fn test_images(&self) -> Images<'_> {
        self.subset(Subset::Test, &self.test)
    }

    fn subset<'a>(&'a self, subset: Subset, split: &'a Split) -> Images<'a> {
        let &Dataset { ref name, width, height, color, classes, ref class_names, ref table, .. } = self;
        Images { name, width, height, color, classes, class_names, table: table.as_ref(), split, subset }
    }

    /// Keeps the first images of each split.
    pub(super) fn limit(&mut self, train: Option<usize>, test: Option<usize>) {
        let pixels = self.pixels();
        self.train.truncate(train.unwrap_or(usize::MAX), pixels);
        self.test.truncate(test.unwrap_or(usize::MAX), pixels);
    }

    /// Counts and sizes in words.
    pub(super) fn summary(&self) -> String {
        let (train, test) = (self.train.count, self.test.count);
        format!("{train} training and {test} test {}", kind_of(&self.train_images()))
    }
}

/// Images of a source that is not divided: every row of a file, or every picture of a folder, in that order.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// Its path.
    pub name: String,
    /// Pixels per row.
    pub width: usize,
    /// Rows per image.
    pub height: usize,
    /// What a pixel holds.
    pub color: Color,
    /// Number of classes; 0 where the source has no labels.
    pub classes: usize,
    /// Their names; empty where they are known by their numbers alone.
    pub class_names: Vec<String>,
    /// How the columns of a table were scaled; none of images.
    pub table: Option<Recipe>,
    /// Whether they were scaled to this size.
    pub resized: bool,
    /// The images.
    pub images: Split,
}

impl Whole {
    /// The gray images of a source; the number of classes is one more than the largest label.
    pub(super) fn new(path: &Path, [height, width]: [usize; 2], images: Split) -> Whole {
        let (classes, class_names) = (classes([&images]), Vec::new());
        Whole {
            name: path.display().to_string(),
            width,
            height,
            color: Color::Gray,
            classes,
            class_names,
            table: None,
            resized: false,
            images,
        }
    }

    /// The same with classes of these names; none: they are known by their numbers.
    pub(super) fn with_class_names(self, class_names: Vec<String>) -> Whole {
        Whole { classes: self.classes.max(class_names.len()), class_names, ..self }
    }

    /// All images.
    pub fn all(&self) -> Images<'_> {
        let &Whole { ref name, width, height, color, classes, ref class_names, ref table, ref images, .. } = self;
        Images {
            name,
            width,
            height,
            color,
            classes,
            class_names,
            table: table.as_ref(),
            split: images,
            subset: Subset::Whole,
        }
    }

    /// Divides the images for training: a seventh becomes the test split.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) for fewer than two images, or more than 2^32.
    pub fn divide(&self) -> Result<Dataset> {
        let [train, test] = Division::Seventh.rows(Path::new(&self.name), self.images.count)?;
        Ok(self.divided(&train, &test))
    }

    /// The images `train` to train on, the images `test` to test.
    pub(super) fn divided(&self, train: &[u32], test: &[u32]) -> Dataset {
        let [train, test] = [train, test].map(|items| self.images.pick(items, self.all().pixels()));
        self.dataset(train, test)
    }

    /// All images to train on, those of `test` to test.
    pub(super) fn beside(self, test: Whole) -> Dataset {
        let classes = self.classes.max(test.classes);
        let class_names = test.class_names; // which begin with those known before
        Dataset { classes, class_names, ..self.dataset(self.images.clone(), test.images) }
    }

    fn dataset(&self, train: Split, test: Split) -> Dataset {
        Dataset {
            classes: self.classes,
            class_names: self.class_names.clone(),
            table: self.table.clone(),
            color: self.color,
            resized: self.resized,
            ..Dataset::new(self.name.as_str(), [self.height, self.width], train, test)
        }
    }

    /// Their size in words.
    pub(super) fn size(&self) -> String {
        size_of(self.width, self.height, "", self.color)
    }

    /// Count and sizes in words.
    pub(super) fn summary(&self) -> String {
        format!("{} {}", self.images.count, kind_of(&self.all()))
    }
}

/// A source as it was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A training and a test split, as those who made the data divided them.
    Divided(Dataset),
    /// One set of images.
    Whole(Whole),
}

/// Which images of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subset {
    /// What a model is trained on.
    Train,
    /// What it is judged on.
    Test,
    /// All images of a source that is not divided.
    Whole,
}

impl Subset {
    /// What one of them is called: `test image`.
    pub fn image(self) -> &'static str {
        match self {
            Subset::Train => "training image",
            Subset::Test => "test image",
            Subset::Whole => "image",
        }
    }

    /// With its article: `a test image`.
    pub fn one(self) -> &'static str {
        match self {
            Subset::Train => "a training image",
            Subset::Test => "a test image",
            Subset::Whole => "an image",
        }
    }

    /// The same in a word, where there is no room for two.
    pub fn word(self) -> &'static str {
        match self {
            Subset::Train => "train",
            Subset::Test => "test",
            Subset::Whole => "image",
        }
    }
}

/// Images that a model is applied to: a split and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// What the data are, for people.
    pub name: &'a str,
    /// Pixels per row.
    pub width: usize,
    /// Rows per image.
    pub height: usize,
    /// What a pixel holds.
    pub color: Color,
    /// Number of classes; 0 where the source has no labels.
    pub classes: usize,
    /// Their names; empty where they are known by their numbers alone.
    pub class_names: &'a [String],
    /// How the columns of a table were scaled; none of images.
    pub table: Option<&'a Recipe>,
    /// The images.
    pub split: &'a Split,
    /// Which part of the data they are.
    pub subset: Subset,
}

impl Images<'_> {
    /// Values per image, one or three for each pixel.
    pub fn pixels(&self) -> usize {
        self.width * self.height * self.color.channels()
    }
}

/// Images `indices` of a split as a model sees them: `[indices.len(), pixels]`, `byte / 255` where they are bytes.
///
/// # Panics
/// If an index is not below `split.count` or `pixels` is not the size of its images.
pub fn rows_f32(split: &Split, pixels: usize, indices: &[usize]) -> Vec<f32> {
    assert_eq!(
        split.images.len(),
        split.count * pixels,
        "a split of {} images has not {pixels} pixels each",
        split.count
    );
    indices.iter().flat_map(|i| split.images.rows().slice(i * pixels..(i + 1) * pixels).floats()).collect()
}

/// One more than the largest label; 0 without labels.
fn classes<'a>(splits: impl IntoIterator<Item = &'a Split>) -> usize {
    let labels = splits.into_iter().filter_map(|split| split.labels.as_ref()).flatten();
    labels.max().map_or(0, |largest| *largest as usize + 1)
}

/// What they are, without their number: `images of 28x28 pixels, 10 classes`.
fn kind_of(images: &Images) -> String {
    let labels = match (images.classes, images.class_names) {
        (0, _) => "no labels".to_string(),
        (classes, []) => format!("{classes} classes"),
        (classes, names) => format!("{classes} classes ({})", shown(names)),
    };
    match images.table {
        Some(table) => format!("rows of {} columns, {labels}", table.columns.len()),
        None => format!("images of {}, {labels}", size_of(images.width, images.height, " pixels", images.color)),
    }
}

/// A size in words: `28x28 pixels in colour`.
fn size_of(width: usize, height: usize, unit: &str, color: Color) -> String {
    format!("{width}x{height}{unit}{}", if color.is_gray() { "" } else { " in colour" })
}
