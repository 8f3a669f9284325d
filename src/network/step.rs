//! The programs of a model: forward pass, training step, encoding, decoding.

use super::{Network, middle};
use crate::{
    Result,
    gpu::{Format, Layer, Matrix, Program},
    kernels::{
        activation::ActivatedMatrix,
        adam, concat, corrupt, importance, latent, latent_backward, likelihood, likelihood_backward,
        linear::{self, Finish, Input},
        linear_backward, norm, onehot, output,
        update::{self, Entry, Epilogue, Share, Spans},
    },
    model::{Objective, Variance},
};

/// Encoder, latent and the decoder's hidden layers: from the batch of images to `middle`, the KL of each row and `decoded`.
pub fn forward(program: &mut Program, net: &Network, images: Format, noisy: bool) -> Result<()> {
    encoding(program, net, images, noisy)?;
    if !net.row_wise() {
        decoder_first(program, net)?;
    }
    decoder_hidden(program, net)
}

/// Encoder and latent: from the batch of images to `middle`; its last, `middle.d`, comes only with the row-wise kernel.
pub fn encoding(program: &mut Program, net: &Network, images: Format, noisy: bool) -> Result<()> {
    if let Some(corrupted) = &net.corrupted {
        corrupt::launch(program, corrupted, images); // [rows, input]
    }
    if let Some(labelled) = net.labelled {
        onehot::launch(program, net.middle.onehot); // [rows, classes]
        concat::launch(program, pixels(net, images), net.middle.onehot, labelled)?; // [rows, input + classes]
    }
    let mut x = input(net, images);
    for (&layer, &h) in net.encoder.iter().zip(&net.encoded) {
        linear::launch(program, x, layer, h, net.activated())?; // [rows, hidden[i]]
        x = Input::Activations(h.output);
    }
    match net.row_wise() {
        true => latent::launch(program, &net.layers, &net.middle, net.parts(), noisy, net.partials),
        false => middle::forward(program, net, noisy),
    }
}

/// The batch of images, or what noise has left of it.
fn pixels(net: &Network, images: Format) -> Input {
    net.corrupted.as_ref().map_or(Input::Images(images), |corrupted| Input::Activations(corrupted.matrix))
}

/// What the first layer reads.
fn input(net: &Network, images: Format) -> Input {
    net.labelled.map_or_else(|| pixels(net, images), Input::Activations)
}

/// `middle.c` to `middle.d`.
fn decoder_first(program: &mut Program, net: &Network) -> Result<()> {
    let (c, d) = (net.middle.c, net.middle.d);
    program.sampled = net.samples > 1;
    linear::launch(program, Input::Activations(c), net.layers.d, d, net.activated())
}

/// The decoder's hidden layers after the first.
fn decoder_hidden(program: &mut Program, net: &Network) -> Result<()> {
    program.sampled = net.samples > 1;
    for (&layer, pair) in net.decoder.iter().zip(net.decoded.windows(2)) {
        linear::launch(program, Input::Activations(pair[0].output), layer, pair[1], net.activated())?;
    }
    Ok(())
}

/// The last hidden activation of the decoder and the layer that makes logits of it.
fn last(net: &Network) -> (ActivatedMatrix, Layer) {
    let depth = net.decoder.len();
    (net.decoded[depth - 1], net.decoder[depth - 1])
}

/// Forward pass and loss, without learning.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the network is inconsistent.
pub fn evaluation(net: &Network, objective: &Objective, images: Format, noisy: bool) -> Result<Program> {
    let mut program = Program::new(net.tilings);
    forward(&mut program, net, images, noisy)?;
    let (d, layer) = last(net);
    if objective.is_plain() {
        let (dl, stride) = (net.d_outputs.values, net.partials.stride as usize);
        output::launch(&mut program, d.output, layer, dl, objective.loss, images, stride)?;
        return Ok(program);
    }
    outputs(&mut program, net, Finish::Identity)?;
    program.sampled = false;
    let variant = (objective.loss.likelihood, images);
    likelihood::launch(&mut program, net.outputs, &net.middle, net.scores, net.rows, variant)?;
    importance::launch(&mut program, net.scores, net.rows, objective.bound, net.partials)?;
    Ok(program)
}

/// One whole training step and its layer table: the layers of the images first, behind them those of their samples. Where the network
/// clips gradients, or sums them over spans of rows, Adam follows once they are all stored.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the network is inconsistent, [`Error::Invalid`](crate::Error::Invalid) where it has too
/// many layers.
pub fn training(
    net: &Network,
    objective: &Objective,
    images: Format,
    epilogue: Epilogue,
) -> Result<(Program, Vec<Entry>)> {
    let mut program = evaluation(net, objective, images, true)?;
    program.loss_scale = objective.loss_scale(net.rows * net.model.input);
    if !objective.is_plain() {
        let variant = (objective.loss.likelihood, images);
        likelihood_backward::launch(&mut program, net.outputs, net.scores, net.d_outputs, net.rows, variant)?;
    }
    backward(&mut program, net, objective)?;
    let (clipping, count4) = (net.clipping.as_ref(), net.param_vec4s());
    let spans = if epilogue == Epilogue::Adam { net.tilings.spans } else { 1 };
    let in_two = epilogue == Epilogue::Adam && (clipping.is_some() || spans > 1); // Adam follows in a dispatch of its own
    let stored = (epilogue == Epilogue::Store || in_two).then_some(Spans { count: spans, size: count4 as u32 });
    let (of_images, of_samples) = shares(net, images);
    update::expect_room(of_images.len() + of_samples.len())?;
    let [of_images, of_samples] = match net.samples {
        1 => [[of_images, of_samples].concat(), Vec::new()],
        _ => [of_images, of_samples],
    };
    let mut table = update::table(&of_images, net.tilings.update)?;
    update::launch(&mut program, &table, 0, net.rows, stored, images);
    if !of_samples.is_empty() {
        program.sampled = true;
        let behind = update::table(&of_samples, net.tilings.update)?;
        update::launch(&mut program, &behind, table.len(), net.rows * net.samples, stored, images);
        program.sampled = false;
        table.extend(behind);
    }
    if in_two {
        if let Some(clipping) = clipping {
            norm::launch(&mut program, clipping, count4, spans);
        }
        adam::launch(&mut program, count4, spans, clipping.map(|clipping| clipping.most));
    }
    Ok((program, table))
}

/// From the gradient of what the decoder gives to the gradient before every activation.
fn backward(program: &mut Program, net: &Network, objective: &Objective) -> Result<()> {
    let activation = Some(net.model.activation);
    program.sampled = net.samples > 1;
    let (h, layer) = last(net);
    let dh = net.d_decoded[net.d_decoded.len() - 1];
    match (net.model.variance, net.output_log_var) {
        (Variance::Decoded, Some(log_var)) => {
            linear_backward::launch(program, net.d_outputs.values, layer, h.kept, dh, None, false)?;
            linear_backward::launch(program, net.d_outputs.log_vars, log_var, h.kept, dh, activation, true)?;
        }
        _ => linear_backward::launch(program, net.d_outputs.values, layer, h.kept, dh, activation, false)?,
    }
    let mut dy = dh;
    let hidden = net.decoder.iter().zip(&net.decoded).zip(&net.d_decoded);
    for ((&layer, &h), &dh) in hidden.rev().skip(1) {
        linear_backward::launch(program, dy, layer, h.kept, dh, activation, false)?; // [rows · samples, hidden[i]]
        dy = dh;
    }
    program.sampled = false;
    match net.row_wise() {
        true => {
            latent_backward::launch(program, &net.layers, &net.middle, &net.gradients, net.parts())?;
        }
        false => middle::backward(program, net, objective)?,
    }
    let mut dy = net.gradients.h;
    let hidden = net.encoder.iter().skip(1).zip(&net.encoded).zip(&net.d_encoded);
    for ((&layer, &h), &dh) in hidden.rev() {
        linear_backward::launch(program, dy, layer, h.kept, dh, activation, false)?;
        dy = dh;
    }
    Ok(())
}

/// What every layer was given and the gradient of what it made of it: of the layers whose rows are images, and of those whose rows are
/// samples.
fn shares(net: &Network, images: Format) -> (Vec<Share>, Vec<Share>) {
    let (middle, gradients, layers, model) = (&net.middle, &net.gradients, &net.layers, &net.model);
    let share = |layer, x, dy| Share { layer, x: Input::Activations(x), dy };
    let mut of_images = vec![Share { layer: net.encoder[0], x: input(net, images), dy: net.d_encoded[0] }];
    for (i, &layer) in net.encoder.iter().enumerate().skip(1) {
        of_images.push(share(layer, net.encoded[i - 1].output, net.d_encoded[i]));
    }
    let mut below = middle.h.output;
    if model.has_code() {
        of_images.push(share(layers.code, below, gradients.code));
        below = middle.code.output;
    }
    if model.kind.is_variational() {
        of_images.push(share(layers.mu, below, gradients.mu));
        of_images.push(share(layers.log_var, below, gradients.log_var));
    }
    if model.has_projector() {
        of_images.push(share(layers.label, middle.onehot, gradients.projection));
    }
    let mut of_samples = vec![share(layers.d, middle.c, gradients.d)];
    let signals = net.d_decoded.iter().skip(1).chain([&net.d_outputs.values]);
    of_samples.extend(
        net.decoder.iter().zip(&net.decoded).zip(signals).map(|((&layer, &x), &dy)| share(layer, x.output, dy)),
    );
    if let Some(layer) = net.output_log_var {
        let x = if model.variance == Variance::Decoded { last(net).0.output } else { net.zero };
        of_samples.push(share(layer, x, net.d_outputs.log_vars));
    }
    (of_images, of_samples)
}

/// From [`decoder_input`] and, where the model has them, labels to `outputs`: what the decoder gives, or with [`Finish::Sigmoid`] the
/// images that logits stand for.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the network has no space for them.
pub fn decoding(net: &Network, finish: Finish) -> Result<Program> {
    let mut program = Program::new(net.tilings);
    if net.condition().is_some() {
        onehot::launch(&mut program, net.middle.onehot); // [rows, classes]
        middle::condition(&mut program, net, false)?;
    }
    decoder_first(&mut program, net)?;
    decoder_hidden(&mut program, net)?;
    outputs(&mut program, net, finish)?;
    Ok(program)
}

/// Where [`decoding`] finds what it decodes, `[rows, latent]`: z, which stands in for μ where the label makes something of it.
pub fn decoder_input(net: &Network) -> Matrix {
    if net.condition().is_some() { net.middle.mu } else { net.middle.c }
}

/// From the batch of images to what the decoder gives, through z = μ or, with `noisy`, draws of z.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the network has no space for it.
pub fn reconstructing(net: &Network, images: Format, noisy: bool) -> Result<Program> {
    let mut program = Program::new(net.tilings);
    forward(&mut program, net, images, noisy)?;
    outputs(&mut program, net, Finish::Identity)?;
    Ok(program)
}

/// The last hidden activation of the decoder to what the decoder gives.
fn outputs(program: &mut Program, net: &Network, finish: Finish) -> Result<()> {
    let (d, layer) = last(net);
    program.sampled = net.samples > 1;
    linear::launch(program, Input::Activations(d.output), layer, net.outputs.values, finish)?;
    match (net.model.variance, net.output_log_var) {
        (Variance::Decoded, Some(layer)) => {
            linear::launch(program, Input::Activations(d.output), layer, net.outputs.log_vars, Finish::Identity)
        }
        _ => Ok(()),
    }
}
