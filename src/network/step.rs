//! The programs of a model: forward pass, training step, encoding, decoding.

use super::{Network, ae, cvae, vae};
use crate::{
    Result,
    gpu::{Format, Layer, Matrix, Program},
    kernels::{
        activation::ActivatedMatrix,
        corrupt, latent, latent_backward,
        linear::{self, Finish, Input},
        linear_backward, output, reparameterize,
        update::{self, Entry, Epilogue, Share},
    },
    model::{Kind, Loss, Objective},
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
        corrupt::launch(program, corrupted, images)?; // [rows, input]
    }
    let mut x = input(net, images);
    for (&layer, &h) in net.encoder.iter().zip(&net.encoded) {
        linear::launch(program, x, layer, h, net.activated())?; // [rows, hidden[i]]
        x = Input::Activations(h.output);
    }
    if net.row_wise() {
        return latent::launch(program, &net.layers, &net.middle, net.parts(), noisy, net.partials);
    }
    match net.model.kind {
        Kind::Ae => ae::forward(program, net),
        Kind::Vae => vae::forward(program, net, noisy),
        Kind::Cvae => cvae::forward(program, net, noisy),
    }
}

/// What the first layer reads: the batch of images, or what noise has left of it.
fn input(net: &Network, images: Format) -> Input {
    net.corrupted.as_ref().map_or(Input::Images(images), |corrupted| Input::Activations(corrupted.matrix))
}

/// `middle.c` to `middle.d`.
fn decoder_first(program: &mut Program, net: &Network) -> Result<()> {
    let (c, d) = (net.middle.c, net.middle.d);
    linear::launch(program, Input::Activations(c), net.layers.d, d, net.activated())
}

/// The decoder's hidden layers after the first.
fn decoder_hidden(program: &mut Program, net: &Network) -> Result<()> {
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
pub fn evaluation(net: &Network, loss: Loss, images: Format, noisy: bool) -> Result<Program> {
    let mut program = Program::new(net.tilings);
    forward(&mut program, net, images, noisy)?;
    let (d, layer) = last(net);
    output::launch(&mut program, d.output, layer, net.d_logits, loss, images, net.partials.stride as usize)?;
    Ok(program)
}

/// One whole training step and its layer table.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the network is inconsistent.
pub fn training(
    net: &Network,
    objective: &Objective,
    images: Format,
    epilogue: Epilogue,
) -> Result<(Program, Vec<Entry>)> {
    let mut program = evaluation(net, objective.loss, images, true)?;
    program.loss_scale = objective.loss_scale(net.rows * net.model.input);
    backward(&mut program, net)?;
    let table = update::table(&shares(net, images), net.tilings.update)?;
    update::launch(&mut program, &table, net.rows, epilogue, images);
    Ok((program, table))
}

/// From the gradient of the logits to the gradient before every activation.
fn backward(program: &mut Program, net: &Network) -> Result<()> {
    let (mut dy, activation) = (net.d_logits, Some(net.model.activation));
    let hidden = net.decoder.iter().zip(&net.decoded).zip(&net.d_decoded);
    for ((&layer, &h), &dh) in hidden.rev() {
        linear_backward::launch(program, dy, layer, h.kept, dh, activation, false)?; // [rows, hidden[i]]
        dy = dh;
    }
    if net.row_wise() {
        latent_backward::launch(program, &net.layers, &net.middle, &net.gradients, net.parts())?;
    } else {
        match net.model.kind {
            Kind::Ae => ae::backward(program, net)?,
            Kind::Vae => vae::backward(program, net)?,
            Kind::Cvae => cvae::backward(program, net)?,
        }
        let (dcode, h, dh) = (net.gradients.code, net.middle.h, net.gradients.h);
        linear_backward::launch(program, dcode, net.layers.code, h.kept, dh, activation, false)?;
    }
    let mut dy = net.gradients.h;
    let hidden = net.encoder.iter().skip(1).zip(&net.encoded).zip(&net.d_encoded);
    for ((&layer, &h), &dh) in hidden.rev() {
        linear_backward::launch(program, dy, layer, h.kept, dh, activation, false)?;
        dy = dh;
    }
    Ok(())
}

/// What every layer was given and the gradient of what it made of it.
fn shares(net: &Network, images: Format) -> Vec<Share> {
    let (middle, gradients, layers) = (&net.middle, &net.gradients, &net.layers);
    let share = |layer, x, dy| Share { layer, x: Input::Activations(x), dy };
    let mut shares = vec![Share { layer: net.encoder[0], x: input(net, images), dy: net.d_encoded[0] }];
    for (i, &layer) in net.encoder.iter().enumerate().skip(1) {
        shares.push(share(layer, net.encoded[i - 1].output, net.d_encoded[i]));
    }
    shares.push(share(layers.code, middle.h.output, gradients.code));
    if net.parts().variational {
        shares.push(share(layers.mu, middle.code.output, gradients.mu));
        shares.push(share(layers.log_var, middle.code.output, gradients.log_var));
    }
    if net.parts().labelled {
        shares.push(share(layers.label, middle.onehot, gradients.projection));
    }
    shares.push(share(layers.d, middle.c, gradients.d));
    let signals = net.d_decoded.iter().skip(1).chain([&net.d_logits]);
    shares.extend(
        net.decoder.iter().zip(&net.decoded).zip(signals).map(|((&layer, &x), &dy)| share(layer, x.output, dy)),
    );
    shares
}

/// From [`decoder_input`] and, where the model has them, labels to `reconstruction`: the sigmoid of the logits, or with
/// [`Finish::Identity`] the logits themselves.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the network has no space for reconstructions.
pub fn decoding(net: &Network, finish: Finish) -> Result<Program> {
    let mut program = Program::new(net.tilings);
    if net.parts().labelled {
        cvae::projection(&mut program, net)?;
        reparameterize::launch(&mut program, &net.middle, true, false, net.partials)?;
    }
    decoder_first(&mut program, net)?;
    decoder_hidden(&mut program, net)?;
    reconstruction(&mut program, net, finish)?;
    Ok(program)
}

/// Where [`decoding`] finds what it decodes, `[rows, latent]`: z, which stands in for μ where a projection is added.
pub fn decoder_input(net: &Network) -> Matrix {
    if net.parts().labelled { net.middle.mu } else { net.middle.c }
}

/// From the batch of images to everything up to `reconstruction`, through z = μ or, with `noisy`, a draw of z.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the network has no space for reconstructions.
pub fn reconstructing(net: &Network, images: Format, noisy: bool) -> Result<Program> {
    let mut program = Program::new(net.tilings);
    forward(&mut program, net, images, noisy)?;
    reconstruction(&mut program, net, Finish::Sigmoid)?;
    Ok(program)
}

fn reconstruction(program: &mut Program, net: &Network, finish: Finish) -> Result<()> {
    let (d, layer) = last(net);
    linear::launch(program, Input::Activations(d.output), layer, net.reconstruction, finish)
}
