"""Checks that the peers compute what wgvae computes: they replay a recorded training run, and every loss must agree with the record.

`wgvae verify --trace` holds wgvae to the same file. Peers that are not installed are named and left out.
"""

import argparse
import importlib.util
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

TRACE = Path(__file__).parents[2] / "tests/fixtures/small-vae-mse.safetensors"
LIMIT = 1e-5  # relative error, as for `wgvae verify --trace`


def by_torch(params, batches):
    """The loss of each step, trained in PyTorch."""
    import torch
    from torch_vae import VAE, adam, learn

    (hidden, pixels), latent = params["encoder.0.weight"].shape, len(params["mu.bias"])
    net = VAE(pixels, hidden, latent)
    net.load_state_dict({name: torch.from_numpy(values) for name, values in params.items()})
    optimizer = adam(net)
    return [learn(optimizer, net.loss, torch.from_numpy(x), torch.from_numpy(noise)).item() for x, noise in batches]


def by_jax(params, batches):
    """The loss of each step, trained in JAX."""
    import jax
    from jax_vae import learn, start

    jax.config.update("jax_default_matmul_precision", "highest")
    state, losses = start(params), []
    for x, noise in batches:
        state, loss = jax.jit(learn)(state, x, noise)
        losses.append(float(loss))
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace", nargs="?", default=TRACE, help="of a VAE with squared error + 3 KL")
    trace = load_file(parser.parse_args().trace)
    params = {name.removeprefix("init."): values for name, values in trace.items() if name.startswith("init.")}
    batches, expected = list(zip(trace["x"], trace["eps"])), trace["loss"]
    for module, losses_of in [("torch", by_torch), ("jax", by_jax)]:
        if importlib.util.find_spec(module) is None:
            print(f"{module} is not installed: its loss was not checked")
            continue
        error = np.max(np.abs(np.array(losses_of(params, batches)) / expected - 1))
        verdict = "agree" if error <= LIMIT else "DIFFER"
        print(f"{module}: the losses of {len(expected)} steps {verdict} with the record, to {error:.1e}")
        if error > LIMIT:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
