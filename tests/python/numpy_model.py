"""The models in plain numpy, float64.

python numpy_model.py reconstruct WEIGHTS IMAGES.npy LABELS.npy RECONSTRUCTIONS.npy [CONDITION]
python numpy_model.py weights KIND INPUT HIDDEN LATENT CLASSES WEIGHTS      random weights, for `wgvae train --init`
"""
import json, sys
import numpy as np


def load(path):
    """A safetensors file: header length, JSON header, values."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        values = file.read()
    types = {"F32": "<f4", "F64": "<f8"}
    header.pop("__metadata__", None)
    part = lambda t: np.frombuffer(values[slice(*t["data_offsets"])], types[t["dtype"]]).reshape(t["shape"])
    return {name: part(tensor) for name, tensor in header.items()}


def save(path, tensors):
    header, values = {}, b""
    for name, tensor in tensors.items():
        start, values = len(values), values + tensor.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [start, len(values)]}
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + values)


def linear(w, name, x):
    return x @ w[f"{name}.weight"].astype("f8").T + w[f"{name}.bias"]


def relu(x):
    return np.maximum(x, 0)


def reconstruct(w, x, labels, condition="add"):
    """Of a model with ReLU, on an AE's code too. Its parameters tell the rest, but not how a projected label is joined to z."""
    names = lambda half: [f"{half}.{2 * i}" for i in range(len(w)) if f"{half}.{2 * i}.weight" in w]
    encoder, decoder = names("encoder"), names("decoder")
    pixels = x.shape[1]
    gaussian = "output_log_var" in w or len(w[f"{decoder[-1]}.weight"]) == 2 * pixels
    classes = w[f"{encoder[0]}.weight"].shape[1] - pixels  # 0 but where the label stands behind the image
    onehot = np.eye(classes)[labels] if classes else np.empty((len(x), 0))
    x = np.hstack([x, onehot])
    for name in encoder:
        x = relu(linear(w, name, x))
    if "mu.weight" in w:
        x = linear(w, "mu", x)
    if "label_projector.0.weight" in w:
        p = relu(linear(w, "label_projector.0", np.eye(w["label_projector.0.weight"].shape[1])[labels]))
        x = {"add": x + p, "mean": (x + p) / 2, "multiply": x * p}[condition]
    x = np.hstack([x, onehot])
    for name in decoder[:-1]:
        x = relu(linear(w, name, x))
    x = linear(w, decoder[-1], x)[:, :pixels]
    return x if gaussian else 1 / (1 + np.exp(-x))


def weights(kind, input, hidden, latent, classes):
    down = [input, *hidden, latent]
    pairs = list(zip(down, down[1:]))
    shapes = {f"encoder.{2 * i}": pair for i, pair in enumerate(pairs)}
    if kind != "ae":
        shapes |= {"mu": (latent, latent), "log_var": (latent, latent)}
    if kind == "cvae":
        shapes["label_projector.0"] = (classes, latent)
    shapes |= {f"decoder.{2 * i}": pair[::-1] for i, pair in enumerate(pairs[::-1])}
    draw, tensors = np.random.default_rng(0), {}
    for name, (inputs, outputs) in shapes.items():
        tensors[f"{name}.weight"] = draw.normal(size=(outputs, inputs)) / inputs**0.5
        tensors[f"{name}.bias"] = draw.normal(size=outputs)
    return tensors


if sys.argv[1] == "reconstruct":
    file, images, labels, output, *condition = sys.argv[2:]
    np.save(output, reconstruct(load(file), np.load(images).astype("f8"), np.load(labels), *condition))
else:
    kind, input, hidden, latent, classes, file = sys.argv[2:]
    save(file, weights(kind, int(input), [int(width) for width in hidden.split(",")], int(latent), int(classes)))
