"""What the peers share: options, how steps are timed, and the line of JSON that reports them."""

import argparse
import json
import statistics
import time

IMAGES = 60_000  # as many as MNIST's training images
PIXELS = 784
BETA = 3.0  # weight of the KL divergence
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8  # Adam's

BLOCKS = 5  # timed after one that warms up


def options(description):
    """A parser with the sizes that every peer takes."""
    parser = argparse.ArgumentParser(description=description)
    sizes = lambda text: [int(size) for size in text.split(",")]
    parser.add_argument("--batch", type=sizes, default=[32, 128, 1024], help="images per step: 32,128,1024")
    parser.add_argument("--hidden", type=int, default=256, help="width of the hidden layer")
    parser.add_argument("--latent", type=int, default=8, help="width of the latent space")
    return parser


def seconds_per_step(run, steps):
    """Median over the blocks. `run(steps)` returns when the device has finished that many steps."""
    run(steps)
    blocks = []
    for _ in range(BLOCKS):
        start = time.perf_counter()
        run(steps)
        blocks.append((time.perf_counter() - start) / steps)
    return statistics.median(blocks)


def report(peer, device, batch, seconds, **more):
    """Prints one measurement as a line of JSON, by the keys that `wgvae bench --json` uses for a step."""
    line = dict(peer=peer, device=device, batch=batch, **more)
    line |= dict(us_per_step=round(1e6 * seconds, 2), images_per_s=round(batch / seconds))
    print(json.dumps(line), flush=True)
