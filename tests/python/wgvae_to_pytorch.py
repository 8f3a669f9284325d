"""A run's weights in PyTorch: python wgvae_to_pytorch.py RUN IMAGES.npy LABELS.npy RECONSTRUCTIONS.npy"""
import json, sys
import numpy, torch
from article import build
from safetensors.torch import load_file

run, images, labels, output = sys.argv[1:]
model = build(**json.load(open(f"{run}/config.json"))["model"])
model.load_state_dict(load_file(f"{run}/model.safetensors"), strict=True)
images, labels = torch.from_numpy(numpy.load(images)), torch.from_numpy(numpy.load(labels))
with torch.no_grad():
    numpy.save(output, model.reconstruct(images, labels).numpy())
