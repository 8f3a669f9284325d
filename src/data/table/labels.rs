//! Classes by name: what a column, a file or a folder calls them, and the numbers that stand for them.

use std::collections::HashMap;
use std::path::Path;

use crate::{Error, Result};

/// The most classes that a label of one byte can tell apart.
const MOST: usize = 256;

/// The cells of a column of labels: each distinct text once, and which of them a row has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelColumn {
    texts: Vec<String>,
    rows: Vec<u32>,
    known: HashMap<String, u32>,
}

impl LabelColumn {
    /// Adds the cell of the next row.
    pub fn push(&mut self, text: &str) {
        let number = match self.known.get(text) {
            Some(&number) => number,
            None => {
                let number = self.texts.len() as u32; // as many rows fit into memory
                self.texts.push(text.into());
                self.known.insert(text.into(), number);
                number
            }
        };
        self.rows.push(number);
    }

    /// The cell of row `i`.
    pub fn of(&self, i: usize) -> &str {
        &self.texts[self.rows[i] as usize]
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows `items`, in this order.
    pub fn pick(&self, items: &[u32]) -> LabelColumn {
        LabelColumn { rows: items.iter().map(|&i| self.rows[i as usize]).collect(), ..self.clone() }
    }

    /// Numbers for the cells, and the names of the classes they stand for. Whole numbers from 0 to 255 stand for themselves and
    /// need no names; else classes are numbered by their names in order, by number where all are numbers. Of the classes that a
    /// run has `known` each keeps its number; others come behind them.
    ///
    /// # Errors
    /// [`Error::Malformed`] for more than 256 classes.
    pub fn classes(&self, path: &Path, known: &[String]) -> Result<(Vec<u8>, Vec<String>)> {
        let whole = |text: &str| text.parse::<f64>().ok().filter(|n| n.fract() == 0.0 && (0.0..=255.0).contains(n));
        let used: Vec<&String> = {
            let mut used = vec![false; self.texts.len()];
            self.rows.iter().for_each(|&number| used[number as usize] = true);
            self.texts.iter().zip(used).filter(|(_, used)| *used).map(|(text, _)| text).collect()
        };
        if known.is_empty() && used.iter().all(|text| whole(text).is_some()) {
            let numbers: Vec<u8> = self.texts.iter().map(|text| whole(text).unwrap_or_default() as u8).collect();
            return Ok((self.rows.iter().map(|&number| numbers[number as usize]).collect(), Vec::new()));
        }
        let mut others: Vec<String> = used.into_iter().filter(|text| !known.contains(text)).cloned().collect();
        match others.iter().map(|text| text.parse::<f64>()).collect::<Result<Vec<f64>, _>>() {
            Ok(_) => others.sort_by(|a, b| {
                let number = |text: &str| text.parse().unwrap_or(f64::NAN);
                number(a).total_cmp(&number(b))
            }),
            Err(_) => others.sort(),
        }
        let names = [known, &others].concat();
        if names.len() > MOST {
            let problem = format!(
                "{} classes ({}, {}, …), expected at most {MOST}: is that a column of labels?",
                names.len(),
                names[0],
                names[1]
            );
            return Err(Error::malformed(path, problem));
        }
        let number = |text: &String| names.iter().position(|name| name == text).unwrap_or_default() as u8;
        let numbers: Vec<u8> = self.texts.iter().map(number).collect();
        Ok((self.rows.iter().map(|&row| numbers[row as usize]).collect(), names))
    }
}
