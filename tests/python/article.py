"""The article's classes, for any widths, and what this project has beside them: other bottlenecks, conditions and likelihoods."""
import torch
import torch.nn as nn


ACTIVATIONS = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "gelu": lambda: nn.GELU(approximate="tanh"),
    "softplus": nn.Softplus,
}


def layers(widths, activation, last):
    modules = []
    for inputs, outputs in zip(widths, widths[1:]):
        modules += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*modules[:-1], last())


class Autoencoder(nn.Module):
    def __init__(self, input, hidden, latent, activation, direct=False, variance="none", seen=0):
        """seen: columns of the onehot label behind the image and behind z."""
        super().__init__()
        self.input, self.variance = input, variance
        self.encoder = self.encoder_of([input + seen, *hidden], latent, activation, direct)
        outputs = 2 * input if variance == "decoded" else input
        last = nn.Sigmoid if variance == "none" else nn.Identity
        self.decoder = layers([latent + seen, *hidden[::-1], outputs], activation, last)
        if variance == "learned":
            self.output_log_var = nn.Parameter(torch.zeros(input))

    def encoder_of(self, widths, latent, activation, direct):
        return layers([*widths, latent], activation, nn.Identity if direct else activation)

    def decode(self, z):
        """The image, or the mean of a Gaussian."""
        return self.decoder(z)[:, : self.input]

    def reconstruct(self, x, labels=None):
        return self.decode(self.encoder(x))


class VAE(Autoencoder):
    def __init__(self, input, hidden, latent, activation, direct=False, variance="none", seen=0):
        super().__init__(input, hidden, latent, activation, direct, variance, seen)
        below = hidden[-1] if direct else latent
        self.mu, self.log_var = nn.Linear(below, latent), nn.Linear(below, latent)

    def encoder_of(self, widths, latent, activation, direct):
        return layers(widths if direct else [*widths, latent], activation, activation)

    def reconstruct(self, x, labels=None):
        return self.decode(self.mu(self.encoder(x)))


class CVAE(VAE):
    def __init__(self, input, hidden, latent, classes, activation, direct=False, variance="none", condition="add"):
        super().__init__(input, hidden, latent, activation, direct, variance, classes if condition == "concat" else 0)
        self.classes, self.condition = classes, condition
        if condition != "concat":
            self.label_projector = nn.Sequential(nn.Linear(classes, latent), activation())

    def reconstruct(self, x, labels):
        onehot = nn.functional.one_hot(labels.long(), self.classes).float()
        if self.condition == "concat":
            z = self.mu(self.encoder(torch.cat([x, onehot], 1)))
            return self.decode(torch.cat([z, onehot], 1))
        z, p = self.mu(self.encoder(x)), self.label_projector(onehot)
        return self.decode({"add": z + p, "mean": (z + p) / 2, "multiply": z * p}[self.condition])


def build(kind, input, hidden, latent, classes, activation="relu", bottleneck="article", condition="add", variance="none"):
    """From the `model` of a run's config.json, which leaves the article's choices out."""
    activation, direct = ACTIVATIONS[activation], bottleneck == "direct"
    if kind == "cvae":
        return CVAE(input, hidden, latent, classes, activation, direct, variance, condition)
    return {"ae": Autoencoder, "vae": VAE}[kind](input, hidden, latent, activation, direct, variance)
