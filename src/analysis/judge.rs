//! A small classifier that says which class an image shows: the judge of a CVAE's samples.

use crate::{
    Error, Result,
    data::{Dataset, Split},
    model::{Activation, Adam, Rows, init},
    oracle::{
        adam::adam,
        linear::{Linear, activated, linear},
        linear_backward::linear_backward,
        update::update,
    },
    random::{Stream, stream},
};
use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, Axis};
use rand::seq::SliceRandom;

const HIDDEN: usize = 128;
const ACTIVATION: Activation = Activation::Relu;
const BATCH: usize = 100;
/// Passes over the training images; more where they are few, so that there are at least [`LEAST_STEPS`] steps.
const EPOCHS: usize = 4;
const LEAST_STEPS: usize = 1000;
/// Adam's step size at the start; it falls in a straight line to 0.
const RATE: f64 = 3e-3;
/// Philox streams are numbered by tensor; these come after those of any model.
const FIRST_TENSOR: u64 = 1 << 32;

/// `input → 128 ReLU → classes`, trained by cross-entropy in f64 with the oracle's kernels.
#[derive(Clone, Debug)]
pub struct Judge {
    hidden: Linear,
    output: Linear,
    pixels: usize,
}

impl Judge {
    /// Trains a judge on the training split; seconds of work for 60,000 images. The same seed and data give the same judge.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the data have no labels.
    pub fn train(data: &Dataset, seed: u64) -> Result<Judge> {
        let labels = labels(&data.train)?;
        let mut judge = Judge {
            hidden: fresh(seed, 0, data.pixels(), HIDDEN),
            output: fresh(seed, 1, HIDDEN, data.classes),
            pixels: data.pixels(),
        };
        let zeros = |layer: &Linear| Linear {
            weight: Array2::zeros(layer.weight.dim()),
            bias: Array1::zeros(layer.bias.dim()),
        };
        let mut moments = [zeros(&judge.hidden), zeros(&judge.hidden), zeros(&judge.output), zeros(&judge.output)];
        let per_epoch = data.train.count.div_ceil(BATCH);
        let epochs = EPOCHS.max(LEAST_STEPS.div_ceil(per_epoch));
        let steps = epochs * per_epoch;
        let mut step = 0;
        let mut order: Vec<usize> = (0..data.train.count).collect();
        for epoch in 0..epochs {
            order.shuffle(&mut stream(seed, Stream::Order, epoch as u64));
            for rows in order.chunks(BATCH) {
                let image = |&row: &usize| {
                    data.train.images.rows().slice(row * judge.pixels..(row + 1) * judge.pixels).doubles()
                };
                let x = rows.iter().flat_map(image).collect();
                let x = Array2::from_shape_vec((rows.len(), judge.pixels), x).expect("whole images");
                let targets = rows.iter().map(|&row| labels[row] as usize);
                let args = Adam { lr: RATE * (1.0 - step as f64 / steps as f64), ..Adam::default() };
                step += 1;
                judge.learn(&x, targets, &mut moments, &args, step as u64);
            }
        }
        Ok(judge)
    }

    /// One step: the gradient of the mean cross-entropy at the logits is (softmax − onehot) / batch.
    fn learn(
        &mut self,
        x: &ArrayRef2<f64>,
        targets: impl Iterator<Item = usize>,
        moments: &mut [Linear; 4],
        args: &Adam,
        step: u64,
    ) {
        let h = activated(x, &self.hidden, ACTIVATION); // [batch, 128]
        let mut dlogits = linear(&h.output, &self.output); // [batch, classes]
        let batch = dlogits.nrows() as f64;
        for (mut row, target) in dlogits.rows_mut().into_iter().zip(targets) {
            let largest = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
            row.mapv_inplace(|logit| (logit - largest).exp());
            let sum = row.sum() * batch;
            row /= sum;
            row[target] -= 1.0 / batch;
        }
        let output = update(&dlogits, &h.output);
        let hidden = update(&linear_backward(&dlogits, &self.output.weight, h.kept(), ACTIVATION), x);
        let [m_hidden, v_hidden, m_output, v_output] = moments;
        for (layer, m, v, gradient) in
            [(&mut self.hidden, m_hidden, v_hidden, hidden), (&mut self.output, m_output, v_output, output)]
        {
            adam(&mut layer.weight, &mut m.weight, &mut v.weight, &gradient.weight, args, step);
            adam(&mut layer.bias, &mut m.bias, &mut v.bias, &gradient.bias, args, step);
        }
    }

    /// The class of each image of `x` `[count, pixels]`, each value in [0, 1].
    pub fn classify(&self, x: &ArrayView2<f64>) -> Vec<u8> {
        let logits = linear(&activated(x, &self.hidden, ACTIVATION).output, &self.output);
        let best = |row: ndarray::ArrayView1<f64>| {
            let places = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            places.map_or(0, |(class, _)| class as u8)
        };
        logits.axis_iter(Axis(0)).map(best).collect()
    }

    /// The share of `images` `[count, pixels]` read as their label.
    pub fn accuracy(&self, images: Rows, labels: &[u8]) -> f64 {
        let (mut right, mut first) = (0, 0);
        for labels in labels.chunks(1000) {
            let rows = first..first + labels.len();
            first = rows.end;
            let x = images.slice(rows.start * self.pixels..rows.end * self.pixels).doubles();
            let x = ArrayView2::from_shape((labels.len(), self.pixels), &x).expect("a label for every image");
            right += self.classify(&x).iter().zip(labels).filter(|(read, label)| read == label).count();
        }
        right as f64 / labels.len() as f64
    }

    /// The share of the test images read right.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the data have no labels.
    pub fn test_accuracy(&self, data: &Dataset) -> Result<f64> {
        Ok(self.accuracy(data.test.images.rows(), labels(&data.test)?))
    }
}

fn labels(split: &Split) -> Result<&[u8]> {
    split
        .labels
        .as_deref()
        .ok_or_else(|| Error::invalid("--data", "a judge of samples needs labels, and these data have none"))
}

/// Layer number `layer` as training starts with it.
fn fresh(seed: u64, layer: u64, inputs: usize, outputs: usize) -> Linear {
    let mut values = init::linear(seed, FIRST_TENSOR + layer, inputs);
    let mut next = || values.next().expect("a stream has no end");
    Linear {
        weight: Array2::from_shape_simple_fn((outputs, inputs), &mut next),
        bias: Array1::from_shape_simple_fn(outputs, next),
    }
}
