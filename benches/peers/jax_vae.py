"""Times one training step of the article's VAE in JAX: a block of steps is one jit-compiled lax.scan over images on the device.

A step: a batch by a random permutation, summed squared error + 3 KL, Adam at 1e-3. JAX_PLATFORMS=cpu or cuda chooses the device.
"""

import functools

import jax
import jax.numpy as jnp

import common

MOST_STEPS = 500  # of a block


def layer(params, name, x):
    """x wᵀ + b, the weight [out, in] under PyTorch's name."""
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


def loss(params, x, noise):
    """Squared error + 3 KL, summed over the batch; `noise` is [batch, latent]."""
    relu = jax.nn.relu
    code = relu(layer(params, "encoder.2", relu(layer(params, "encoder.0", x))))
    mu, log_var = layer(params, "mu", code), layer(params, "log_var", code)
    hidden = relu(layer(params, "decoder.0", mu + noise * jnp.exp(0.5 * log_var)))
    reconstruction = jax.nn.sigmoid(layer(params, "decoder.2", hidden))
    squared_error = jnp.sum((reconstruction - x) ** 2)
    kl = -0.5 * jnp.sum(1 + log_var - mu**2 - jnp.exp(log_var))
    return squared_error + common.BETA * kl


def start(params):
    """Adam's state: parameters, both moments, steps taken."""
    zeros = jax.tree.map(jnp.zeros_like, params)
    return params, zeros, zeros, jnp.float32(0)


def learn(state, x, noise):
    """One step of Adam. Returns the state after it and the loss before it."""
    params, first, second, steps = state
    value, gradient = jax.value_and_grad(loss)(params, x, noise)
    steps += 1
    beta1, beta2 = common.BETA1, common.BETA2
    first = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, first, gradient)
    second = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, second, gradient)

    def moved(param, m, v):
        m, v = m / (1 - beta1**steps), v / (1 - beta2**steps)
        return param - common.LEARNING_RATE * m / (jnp.sqrt(v) + common.EPSILON)

    return (jax.tree.map(moved, params, first, second), first, second, steps), value


def initial(key, hidden, latent):
    """Parameters by PyTorch's names, uniform within ±1/√inputs as PyTorch begins."""
    pixels = common.PIXELS
    widths = {"encoder.0": (pixels, hidden), "encoder.2": (hidden, latent), "mu": (latent, latent)}
    widths |= {"log_var": (latent, latent), "decoder.0": (latent, hidden), "decoder.2": (hidden, pixels)}
    params = {}
    for name, (inputs, outputs) in widths.items():
        key, of_weight, of_bias = jax.random.split(key, 3)
        bound = inputs**-0.5
        params[f"{name}.weight"] = jax.random.uniform(of_weight, (outputs, inputs), minval=-bound, maxval=bound)
        params[f"{name}.bias"] = jax.random.uniform(of_bias, (outputs,), minval=-bound, maxval=bound)
    return params


@functools.partial(jax.jit, static_argnames=["steps", "batch", "latent"])
def block(state, images, key, steps, batch, latent):
    """`steps` steps on batches of a fresh permutation of the images."""
    of_order, of_noise = jax.random.split(key)
    order = jax.random.permutation(of_order, len(images))[: steps * batch].reshape(steps, batch)

    def step(state, batch_and_key):
        indices, key = batch_and_key
        return learn(state, images[indices], jax.random.normal(key, (batch, latent)))[0], None

    return jax.lax.scan(step, state, (order, jax.random.split(of_noise, steps)))[0]


def measure(images, batch, hidden, latent):
    """Seconds per step."""
    state, key = start(initial(jax.random.key(0), hidden, latent)), jax.random.key(2)

    def run(steps):
        nonlocal state, key
        key, of_block = jax.random.split(key)
        state = jax.block_until_ready(block(state, images, of_block, steps, batch, latent))

    return common.seconds_per_step(run, steps=min(MOST_STEPS, len(images) // batch))


def main():
    parser = common.options(__doc__.splitlines()[0])
    parser.add_argument("--precision", default="highest", help="of products; on NVIDIA, default may use TF32")
    chosen = parser.parse_args()
    jax.config.update("jax_default_matmul_precision", chosen.precision)
    peer = f"JAX {jax.__version__} scan" + ("" if chosen.precision == "highest" else f" {chosen.precision}")
    images = jax.random.uniform(jax.random.key(1), (common.IMAGES, common.PIXELS))
    for batch in chosen.batch:
        seconds = measure(images, batch, chosen.hidden, chosen.latent)
        device = jax.devices()[0].platform
        common.report(peer, device, batch, seconds, hidden=chosen.hidden, latent=chosen.latent)


if __name__ == "__main__":
    main()
