"""PyTorch's weights for `wgvae train KIND --init WEIGHTS`: python pytorch_to_wgvae.py KIND INPUT HIDDEN LATENT CLASSES WEIGHTS"""
import sys
from article import build
from safetensors.torch import save_file

kind, input, hidden, latent, classes, weights = sys.argv[1:]
model = build(kind, int(input), [int(width) for width in hidden.split(",")], int(latent), int(classes))
# … train it …
save_file(model.state_dict(), weights)
