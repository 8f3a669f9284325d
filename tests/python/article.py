"""The article's classes, for any widths."""
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
    def __init__(self, input, hidden, latent, activation):
        super().__init__()
        self.encoder = layers([input, *hidden, latent], activation, activation)
        self.decoder = layers([latent, *hidden[::-1], input], activation, nn.Sigmoid)

    def reconstruct(self, x, labels=None):
        return self.decoder(self.encoder(x))


class VAE(Autoencoder):
    def __init__(self, input, hidden, latent, activation):
        super().__init__(input, hidden, latent, activation)
        self.mu, self.log_var = nn.Linear(latent, latent), nn.Linear(latent, latent)

    def reconstruct(self, x, labels=None):
        return self.decoder(self.mu(self.encoder(x)))


class CVAE(VAE):
    def __init__(self, input, hidden, latent, classes, activation):
        super().__init__(input, hidden, latent, activation)
        self.label_projector = nn.Sequential(nn.Linear(classes, latent), activation())
        self.classes = classes

    def reconstruct(self, x, labels):
        onehot = nn.functional.one_hot(labels.long(), self.classes).float()
        return self.decoder(self.mu(self.encoder(x)) + self.label_projector(onehot))


def build(kind, input, hidden, latent, classes, activation="relu"):
    activation = ACTIVATIONS[activation]
    if kind == "cvae":
        return CVAE(input, hidden, latent, classes, activation)
    return {"ae": Autoencoder, "vae": VAE}[kind](input, hidden, latent, activation)
