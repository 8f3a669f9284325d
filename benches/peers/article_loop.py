"""Times the article's own training loop in PyTorch by the epoch: a DataLoader, and the loss read back at every step.

--mnist DIR takes the training images of MNIST; without it they are random, which costs the same.
"""

import gzip
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

import common
from torch_vae import VAE, adam, learn


def mnist(folder):
    """The training images, [60000, 784] in [0, 1]."""
    file = Path(folder) / "train-images-idx3-ubyte.gz"
    pixels = np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=16)
    return torch.from_numpy(pixels.reshape(-1, common.PIXELS).astype(np.float32) / 255)


def main():
    parser = common.options(__doc__.splitlines()[0])
    parser.set_defaults(batch=[32])
    parser.add_argument("--mnist", metavar="DIR")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--epochs", type=int, default=1)
    chosen = parser.parse_args()
    images = mnist(chosen.mnist) if chosen.mnist else torch.rand(common.IMAGES, common.PIXELS)
    for batch in chosen.batch:
        torch.manual_seed(0)
        net = VAE(common.PIXELS, chosen.hidden, chosen.latent).to(chosen.device)
        optimizer = adam(net)
        loader = DataLoader(images, batch_size=batch, shuffle=True)
        for epoch in range(chosen.epochs):
            start, total = time.perf_counter(), 0.0
            for x in loader:
                total += learn(optimizer, net.loss, x.to(chosen.device)).item()
            seconds = time.perf_counter() - start
            more = dict(hidden=chosen.hidden, latent=chosen.latent, epoch=epoch + 1, seconds_per_epoch=round(seconds, 2))
            more |= dict(loss_per_image=total / len(images))
            common.report("article's loop", chosen.device, batch, seconds / len(loader), **more)


if __name__ == "__main__":
    main()
