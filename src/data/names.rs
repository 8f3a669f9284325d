//! What images are called in their source, so that a result can be traced back to a row or a file.

/// The names of a split's images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// Image `i` is row `i` of its file, counted from 0.
    #[default]
    InOrder,
    /// The row of each image in a file that was divided, counted from 0.
    Rows(Vec<u32>),
    /// The line of each image in a table, counted from 1 as text editors do.
    Lines(Vec<u64>),
    /// The path of each image within its folder.
    Files(Vec<String>),
}

impl Names {
    /// The name of image `i`: `row 7`, `line 12` or `cat/tom.png`.
    pub fn of(&self, i: usize) -> String {
        match self {
            Names::InOrder => format!("row {i}"),
            Names::Rows(rows) => format!("row {}", rows[i]),
            Names::Lines(lines) => format!("line {}", lines[i]),
            Names::Files(files) => files[i].clone(),
        }
    }

    /// The caption of image `i` on a sheet: `#7`, and its name where the position does not tell it.
    pub fn caption(&self, i: usize) -> String {
        match self {
            Names::InOrder => format!("#{i}"),
            _ => format!("#{i} {}", self.of(i)),
        }
    }

    /// The names of the images `items`.
    pub(super) fn pick(&self, items: &[u32]) -> Names {
        let rows = items.iter().map(|&i| i as usize);
        match self {
            Names::InOrder => Names::Rows(items.to_vec()),
            Names::Rows(known) => Names::Rows(rows.map(|i| known[i]).collect()),
            Names::Lines(known) => Names::Lines(rows.map(|i| known[i]).collect()),
            Names::Files(known) => Names::Files(rows.map(|i| known[i].clone()).collect()),
        }
    }

    /// Keeps the first `count` names.
    pub(super) fn truncate(&mut self, count: usize) {
        match self {
            Names::InOrder => {}
            Names::Rows(rows) => rows.truncate(count),
            Names::Lines(lines) => lines.truncate(count),
            Names::Files(files) => files.truncate(count),
        }
    }
}
