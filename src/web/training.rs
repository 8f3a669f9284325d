//! Training within a page: the programs of a step and of an epoch, submitted by the page's script as [`train`](crate::train) does it
//! on a device, and images to train on.

use super::{Plan, compressed};
use crate::{
    Error, Result,
    data::Split,
    gpu::{Args as _, Format, Program, Role, Tiling, Tilings},
    kernels::{
        loss, noise, order,
        update::{Epilogue, uniform},
    },
    model::{Adam, Binarization, Schedule},
    network::{Network, packed, step, straight},
    random::{Permutation, Stream},
    run::Config,
    train::loss_arguments,
};
use serde::Serialize;

/// Most steps of a submit: the page takes as many as its device does in a twentieth of a second.
const SLOTS: usize = 32;
/// Epochs whose orders a page carries; it begins again with the first after the last.
const ORDERS: u64 = 200;
/// Compressed images of a page take at most so many bytes.
const LARGEST: usize = 2 << 20;

/// What the page's script trains with.
#[derive(Serialize)]
pub(super) struct Training {
    plan: Plan,
    /// Rows of a full batch.
    batch: usize,
    /// Training images.
    count: usize,
    /// Most steps of a submit.
    slots: usize,
    /// Arguments of the program `order`, an entry per epoch.
    orders: Vec<Vec<u32>>,
    /// Arguments of the program `loss`, and which of them is the number of images.
    loss: (Vec<u32>, usize),
    adam: Adam,
    beta: f64,
    schedule: Schedule,
    /// Epochs over which the schedule extends.
    epochs: u64,
    /// Whether images that are dropped on the page become black and white, as those that it carries have.
    threshold: bool,
    /// The training images, a byte per pixel, rows padded to a multiple of four; compressed.
    images: String,
}

/// What trains the model of `config` on the first `count` of `images`.
///
/// # Errors
/// [`Error::Invalid`] where the images are too many for a page, and for a run whose images are drawn anew for each epoch.
pub(super) fn training(config: &Config, images: &Split, count: usize) -> Result<Training> {
    if config.binarization.is_drawn() {
        let problem = "a page cannot draw black and white images anew for each epoch, as this run does";
        return Err(Error::invalid("--train-images", problem));
    }
    let settings = config.settings();
    let images = settings.in_epoch(images, 0);
    let count = count.min(images.count);
    let tilings = Tilings::all(Tiling::Registers);
    let net = Network::for_objective(&config.model, &config.objective, config.batch, tilings)
        .with_corruption(config.corruption, config.seed, false)
        .with_clipping(config.adam.clip);
    let (program, table) = step::training(&net, &config.objective, Format::U8, Epilogue::Adam)?;
    let steps = count.div_ceil(net.rows);
    let slots = SLOTS.min(steps);

    let mut plan = Plan::new(net.samples);
    let pixels = packed(images.images.rows().slice(0..count * config.model.input), config.model.input);
    plan.buffer(Role::Params, net.param_bytes());
    for (role, bytes) in net.step_sizes(slots).into_iter().chain(net.learning_sizes()) {
        plan.buffer(role, bytes);
    }
    plan.upload_for(Role::Layers.uniform(), bytemuck::cast_slice(&uniform(&table)));
    plan.buffer(Role::Images, pixels.len() as u64);
    let labels = images.labels.iter().flatten().take(count).map(|&label| u32::from(label));
    plan.upload(Role::Labels, bytemuck::cast_slice(&labels.collect::<Vec<_>>()));
    plan.upload(Role::Order, bytemuck::cast_slice(&straight(count)));
    plan.buffer(Role::Losses, 16 * steps as u64);

    let permutation = |epoch| Permutation::new(config.seed, epoch, count as u32);
    let mut add = |name, fill: &dyn Fn(&mut Program)| {
        let mut program = Program::default();
        fill(&mut program);
        plan.program(name, &program)
    };
    add("order", &|program| order::launch(program, &permutation(0)))?;
    if net.normals() > 0 {
        add("noise", &|program| noise::launch(program, config.seed, Stream::Noise, net.normals_by_row()))?;
    }
    let sums = loss_arguments(&net, &config.objective, count);
    add("loss", &|program| loss::launch(program, &sums))?;
    plan.program("step", &program)?;
    let orders = (0..ORDERS)
        .map(|epoch| bytemuck::pod_collect_to_vec(bytemuck::bytes_of(&order::arguments(&permutation(epoch)))));
    let images = compressed(&pixels);
    if images.len() > LARGEST {
        let problem =
            format!("{count} images are {} bytes, more than the {LARGEST} that a page may carry", images.len());
        return Err(Error::invalid("--train-images", problem));
    }
    let position = loss::Args::FIELDS.iter().position(|field| field.name == "count");
    Ok(Training {
        plan,
        batch: net.rows,
        count,
        slots,
        orders: orders.collect(),
        loss: (bytemuck::pod_collect_to_vec(bytemuck::bytes_of(&sums)), position.expect("an argument of the kernel")),
        adam: config.adam,
        beta: config.objective.beta,
        schedule: config.schedule,
        epochs: config.epochs,
        threshold: config.binarization == Binarization::Threshold,
        images,
    })
}
