"""Exported graphs under onnxruntime: python onnx_model.py FOLDER IMAGES.npy LABELS.npy Z.npy OUTPUTS"""
import sys
import numpy as np, onnxruntime

folder, images, labels, z, output = sys.argv[1:]
encoder = onnxruntime.InferenceSession(f"{folder}/encoder.onnx")
decoder = onnxruntime.InferenceSession(f"{folder}/decoder.onnx")
for value, array in zip(encoder.get_outputs(), encoder.run(None, {"image": np.load(images)})):
    np.save(f"{output}/{value.name}.npy", array)
given = {"z": np.load(z), "label": np.load(labels).astype("i8")}
named = {value.name: given[value.name] for value in decoder.get_inputs()}
np.save(f"{output}/reconstruction.npy", decoder.run(None, named)[0])
