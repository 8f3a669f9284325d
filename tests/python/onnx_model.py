"""Exported graphs under onnxruntime: python onnx_model.py FOLDER IMAGES.npy LABELS.npy Z.npy OUTPUTS"""
import sys
import numpy as np, onnxruntime

folder, images, labels, z, output = sys.argv[1:]
given = {"image": np.load(images), "z": np.load(z), "label": np.load(labels).astype("i8")}
for half in "encoder", "decoder":
    session = onnxruntime.InferenceSession(f"{folder}/{half}.onnx")
    inputs = {value.name: given[value.name] for value in session.get_inputs()}
    for value, array in zip(session.get_outputs(), session.run(None, inputs)):
        np.save(f"{output}/{half}.{value.name}.npy", array)
