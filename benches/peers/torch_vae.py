"""Times one training step of the article's VAE in PyTorch, with the images on the device.

A step: a batch by a random permutation, summed squared error + 3 KL, Adam at 1e-3. Modes:

eager     the loop that most people write
graph     the same step captured once as a CUDA graph and replayed (CUDA alone)
compile   torch.compile(mode="max-autotune") of forward pass and loss, and a fused Adam; slow to start
"""

import time

import torch
from torch import nn

import common

BLOCK_SECONDS = 1.0


class VAE(nn.Module):
    """784-256-8-256-784 unless other widths are given; ReLU on the code layer, as in the article."""

    def __init__(self, pixels=common.PIXELS, hidden=256, latent=8):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, latent), nn.ReLU())
        self.mu = nn.Linear(latent, latent)
        self.log_var = nn.Linear(latent, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, pixels), nn.Sigmoid())

    def loss(self, x, noise=None):
        """Squared error + 3 KL, summed over the batch. `noise` [batch, latent] is drawn where it is not given."""
        code = self.encoder(x)
        mu, log_var = self.mu(code), self.log_var(code)
        if noise is None:
            noise = torch.randn_like(mu)
        reconstruction = self.decoder(mu + noise * torch.exp(0.5 * log_var))
        squared_error = ((reconstruction - x) ** 2).sum()
        kl = -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum()
        return squared_error + common.BETA * kl


def adam(net, **how):
    betas = (common.BETA1, common.BETA2)
    return torch.optim.Adam(net.parameters(), lr=common.LEARNING_RATE, betas=betas, eps=common.EPSILON, **how)


def learn(optimizer, loss_of, *batch):
    """One step: forward, backward, Adam. Returns the loss before it."""
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(*batch)
    loss.backward()
    optimizer.step()
    return loss


def step_function(mode, net, images, batch_size):
    """A function that trains on the images of some indices."""
    cuda = images.is_cuda
    batch = torch.empty(batch_size, images.shape[1], device=images.device)
    if mode == "graph":
        captured = Captured(net, batch)

        def step(indices):
            torch.index_select(images, 0, indices, out=batch)
            captured.graph.replay()

        return step

    compiled = mode == "compile"
    loss_of = torch.compile(net.loss, mode="max-autotune") if compiled else net.loss
    optimizer = adam(net, fused=cuda and compiled)

    def step(indices):
        batch.copy_(images[indices])
        learn(optimizer, loss_of, batch)

    return step


class Captured:
    """A step on `batch` as a CUDA graph. It keeps all that the graph writes to: parameters, gradients, Adam's moments."""

    def __init__(self, net, batch):
        self.net, self.optimizer, self.graph = net, adam(net, fused=True, capturable=True), torch.cuda.CUDAGraph()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # CUDA wants a few steps before the capture, on another stream
            for _ in range(5):
                learn(self.optimizer, net.loss, batch)
        torch.cuda.current_stream().wait_stream(side)
        self.optimizer.zero_grad(set_to_none=True)  # the graph has gradients of its own
        with torch.cuda.graph(self.graph):
            learn(self.optimizer, net.loss, batch)


def measure(mode, images, batch_size, hidden, latent):
    """Seconds per step."""
    torch.manual_seed(0)
    net = VAE(images.shape[1], hidden, latent).to(images.device)
    step = step_function(mode, net, images, batch_size)
    per_epoch = len(images) // batch_size

    def run(steps):
        order = torch.randperm(len(images), device=images.device)
        for number in range(steps):
            start = number % per_epoch * batch_size
            step(order[start : start + batch_size])
        if images.is_cuda:
            torch.cuda.synchronize()

    run(10)  # compiles, and fills caches
    start = time.perf_counter()
    run(10)
    pace = (time.perf_counter() - start) / 10
    return common.seconds_per_step(run, steps=min(5000, max(10, int(BLOCK_SECONDS / pace))))


def main():
    parser = common.options(__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--modes", nargs="+", default=["eager"], choices=["eager", "graph", "compile"])
    parser.add_argument("--tf32", action="store_true", help="let products round their operands to TF32")
    chosen = parser.parse_args()
    if "graph" in chosen.modes and chosen.device == "cpu":
        parser.error("--modes graph takes --device cuda")
    if chosen.tf32:
        torch.set_float32_matmul_precision("high")
    images = torch.rand(common.IMAGES, common.PIXELS, device=chosen.device)
    for mode in chosen.modes:
        peer = f"PyTorch {torch.__version__.split('+')[0]} {mode}" + (" TF32" if chosen.tf32 else "")
        for batch in chosen.batch:
            seconds = measure(mode, images, batch, chosen.hidden, chosen.latent)
            common.report(peer, chosen.device, batch, seconds, hidden=chosen.hidden, latent=chosen.latent)


if __name__ == "__main__":
    main()
