"""The article's classes, for any widths."""
import torch.nn as nn


def layers(widths, last):
    modules = []
    for inputs, outputs in zip(widths, widths[1:]):
        modules += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*modules[:-1], last())


class Autoencoder(nn.Module):
    def __init__(self, input, hidden, latent):
        super().__init__()
        self.encoder = layers([input, *hidden, latent], nn.ReLU)
        self.decoder = layers([latent, *hidden[::-1], input], nn.Sigmoid)

    def reconstruct(self, x, labels=None):
        return self.decoder(self.encoder(x))


class VAE(Autoencoder):
    def __init__(self, input, hidden, latent):
        super().__init__(input, hidden, latent)
        self.mu, self.log_var = nn.Linear(latent, latent), nn.Linear(latent, latent)

    def reconstruct(self, x, labels=None):
        return self.decoder(self.mu(self.encoder(x)))


class CVAE(VAE):
    def __init__(self, input, hidden, latent, classes):
        super().__init__(input, hidden, latent)
        self.label_projector = nn.Sequential(nn.Linear(classes, latent), nn.ReLU())
        self.classes = classes

    def reconstruct(self, x, labels):
        onehot = nn.functional.one_hot(labels.long(), self.classes).float()
        return self.decoder(self.mu(self.encoder(x)) + self.label_projector(onehot))


def build(kind, input, hidden, latent, classes):
    if kind == "cvae":
        return CVAE(input, hidden, latent, classes)
    return {"ae": Autoencoder, "vae": VAE}[kind](input, hidden, latent)
