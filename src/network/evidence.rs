//! ln p(x) of images, estimated from many samples of q(z | x): log-sum-exp over passes of a few samples each, in a fixed order.
//!
//! A pass gives the importance-weighted bound of every image of a batch (Burda, Grosse and Salakhutdinov 2016), whose log-sum-exp the
//! device computes; the passes of an image are put together on the host.

use super::{Codec, Network, codec::Engine, gpu_codec::GpuCodec, packed, step, straight};
use crate::{
    Error, Result,
    gpu::{Batch, Batches, Format, Gpu, Memory, Part, Precision, Prepared, Program, Readback, Role},
    kernels::noise,
    model::{Bound, Likelihood, Loss, Model, Objective, Reduction, Rows, Variance},
    oracle::{
        importance::log_mean_exp,
        noise::noise as normals,
        step::{Inputs, Oracle},
    },
    random::Stream,
};
use ndarray::Array2;

/// Most samples of an image in a pass, and most samples of all images of a pass. Both decide how the draws of z are numbered, and
/// thus belong to what makes an estimate reproducible.
const SAMPLES: usize = 50;
const ROWS: usize = 5000;

/// The images that an estimate is of.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// `[count, input]`
    pub images: Rows<'a>,
    /// `[count]`; for a CVAE.
    pub labels: Option<&'a [u8]>,
}

/// The likelihood of an image by which a model's evidence is measured: its own Gaussian, or Bernoulli where the decoder gives logits.
pub fn likelihood(model: &Model) -> Likelihood {
    match model.variance {
        Variance::None => Likelihood::Bernoulli,
        Variance::Learned => Likelihood::Gaussian,
        Variance::Decoded => Likelihood::GaussianHeteroscedastic,
    }
}

impl Codec {
    /// Estimates ln p(x) of each image in nats, `[count]`, from `samples` samples of each. The draws are decided by `seed`, the same on
    /// every device. `progress` is told the share that is done.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the model is no VAE or CVAE, where labels are missing, `samples` is 0 or an estimate is not finite;
    /// [`Error::OutOfMemory`] where memory is short or the device is lost.
    pub fn evidence(
        &self,
        observed: Observed,
        samples: usize,
        seed: u64,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Vec<f64>> {
        let model = &self.model;
        if !model.kind.is_variational() {
            return Err(Error::invalid("the model", "is an AE, which has no prior and gives an image no probability"));
        }
        if samples == 0 {
            return Err(Error::invalid("samples", "is 0, expected at least 1"));
        }
        let count = observed.images.len() / model.input;
        let labels = self.labels(observed.labels, count)?;
        let task = Task { model, observed: Observed { labels, ..observed }, passes: Passes::new(count, samples), seed };
        let bounds = match &self.engine {
            Engine::Gpu(codec) => task.on_gpu(codec, progress)?,
            Engine::Oracle(network) => task.on_oracle(network, progress)?,
        };
        let all = bounds.into_iter().map(|bounds| log_mean_exp(&bounds)).collect::<Vec<f64>>();
        match all.iter().position(|estimate| !estimate.is_finite()) {
            Some(image) => Err(Error::invalid("the model", format!("gives image {image} no finite likelihood"))),
            None => Ok(all),
        }
    }
}

/// An estimate to be made.
struct Task<'a> {
    model: &'a Model,
    observed: Observed<'a>,
    passes: Passes,
    seed: u64,
}

/// How images and their samples are divided.
struct Passes {
    count: usize,
    /// Images of a batch; the last may have fewer.
    rows: usize,
    /// Samples of an image in each pass, of which there may be one of fewer at the end.
    samples: Vec<usize>,
}

impl Passes {
    fn new(count: usize, samples: usize) -> Passes {
        let most = samples.min(SAMPLES);
        let mut passes = vec![most; samples / most];
        passes.extend(Some(samples % most).filter(|&left| left > 0));
        Passes { count, rows: count.clamp(1, ROWS / most), samples: passes }
    }

    /// First image and number of each batch.
    fn batches(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (count, rows) = (self.count, self.rows);
        (0..count).step_by(rows).map(move |first| (first, rows.min(count - first)))
    }

    /// Number of a pass over a batch among all, by which its draws of z are numbered.
    fn index(&self, batch: usize, pass: usize) -> u64 {
        (batch * self.samples.len() + pass) as u64
    }
}

impl Task<'_> {
    /// What is computed of `samples` samples.
    fn objective(&self, samples: usize) -> Objective {
        let loss = Loss { likelihood: likelihood(self.model), reduction: Reduction::Sum };
        Objective { loss, beta: 1.0, bound: Bound::Iwae, samples }
    }

    /// The bound of each pass of each image, and of how many samples it is.
    fn on_oracle(&self, network: &Oracle, progress: &mut dyn FnMut(f64)) -> Result<Vec<Vec<(f64, usize)>>> {
        let Task { model, observed, passes, seed } = self;
        let mut bounds = vec![Vec::with_capacity(passes.samples.len()); passes.count];
        for (number, (first, rows)) in passes.batches().enumerate() {
            let x = observed.images.slice(first * model.input..(first + rows) * model.input).doubles();
            let x = Array2::from_shape_vec((rows, model.input), x).expect("whole images");
            let labels = observed.labels.map(|labels| &labels[first..first + rows]);
            for (pass, &samples) in passes.samples.iter().enumerate() {
                let index = passes.index(number, pass);
                let eps = normals(*seed, Stream::Evidence, index, rows * samples, model.latent);
                let batch = Inputs { x: x.view(), corrupted: None, eps: Some(eps.view()), labels };
                let (_, log_weights) = network.log_weights(&batch, &self.objective(samples))?;
                for (image, weights) in log_weights.rows().into_iter().enumerate() {
                    let weights: Vec<(f64, usize)> = weights.iter().map(|&weight| (weight, 1)).collect();
                    bounds[first + image].push((log_mean_exp(&weights), samples));
                }
            }
            progress((first + rows) as f64 / passes.count as f64);
        }
        Ok(bounds)
    }

    /// As [`Task::on_oracle`].
    fn on_gpu(&self, codec: &GpuCodec, progress: &mut dyn FnMut(f64)) -> Result<Vec<Vec<(f64, usize)>>> {
        let passes = &self.passes;
        let (most, fewest) = (passes.samples[0], passes.samples[passes.samples.len() - 1]);
        let full = Estimator::new(codec, self, most)?;
        let last = (fewest < most).then(|| Estimator::new(codec, self, fewest)).transpose()?;
        let mut bounds = vec![Vec::with_capacity(passes.samples.len()); passes.count];
        for (number, (first, rows)) in passes.batches().enumerate() {
            for (pass, &samples) in passes.samples.iter().enumerate() {
                let estimator = last.as_ref().filter(|_| samples < most).unwrap_or(&full);
                let found = estimator.pass(&codec.gpu, first, rows, passes.index(number, pass))?;
                for (image, bound) in found.into_iter().enumerate() {
                    bounds[first + image].push((bound, samples));
                }
            }
            progress((first + rows) as f64 / passes.count as f64);
        }
        Ok(bounds)
    }
}

/// A model on a device with the images, for passes of so many samples.
struct Estimator {
    net: Network,
    memory: Memory,
    batches: Batches,
    noise: Prepared,
    step: Prepared,
    readback: Readback,
}

impl Estimator {
    fn new(codec: &GpuCodec, task: &Task, samples: usize) -> Result<Estimator> {
        let (gpu, observed, objective) = (&codec.gpu, &task.observed, task.objective(samples));
        let net = Network::for_objective(task.model, &objective, task.passes.rows, gpu.tilings_of(Precision::F32));
        net.check_size(gpu)?;
        let mut memory = Memory::default();
        memory.share(&codec.memory, Role::Params);
        net.create_step(gpu, &mut memory, 1)?;
        memory.upload(gpu, Role::Images, &packed(observed.images, task.model.input))?;
        memory.upload(gpu, Role::Order, bytemuck::cast_slice(&straight(task.passes.count)))?;
        let labels: Vec<u32> = observed.labels.unwrap_or(&[0]).iter().map(|&label| label.into()).collect();
        memory.upload(gpu, Role::Labels, bytemuck::cast_slice(&labels))?;
        let mut draw = Program::default();
        noise::launch(&mut draw, task.seed, Stream::Evidence, net.normals_by_row());
        Ok(Estimator {
            noise: gpu.prepare(&draw, &memory)?,
            step: gpu.prepare(&step::evaluation(&net, &objective, Format::of(observed.images), true)?, &memory)?,
            batches: Batches::sampled(gpu, 1, samples)?,
            readback: Readback::new(gpu, 4 * net.rows as u64)?,
            net,
            memory,
        })
    }

    /// The bound of `rows` images from number `first` on.
    fn pass(&self, gpu: &Gpu, first: usize, rows: usize, index: u64) -> Result<Vec<f64>> {
        let (first, index) = (first as u32, [index as u32, (index >> 32) as u32]);
        self.batches.write(gpu, &[Batch { first, rows: rows as u32, index, kl_weight: 1.0, ..Batch::default() }]);
        let bounds = 4 * (self.net.partials.tiles as usize + self.net.rows) as u64; // behind losses and KLs
        let back = (&self.readback, &self.memory, Role::Partials, bounds, 4 * rows as u64);
        let parts = [Part::Submit(&self.noise, 1), Part::Step(&self.step, 0)];
        let submission = gpu.submit(&self.batches, &parts, Some(back));
        gpu.wait_for(submission, "estimating the likelihood")?;
        Ok(self.readback.take::<f32>(4 * rows as u64)?.into_iter().map(|negative| -f64::from(negative)).collect())
    }
}
