"""Writes what tests/anomalies.rs is held to: the Wisconsin breast cancer data as scikit-learn ships them, and scikit-learn's figures of
made-up scores. Usage: python detection.py FOLDER"""

import csv
import json
import pathlib
import sys

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors

folder = pathlib.Path(sys.argv[1])
data = load_breast_cancer()
with open(folder / "breast-cancer.csv", "w", newline="") as file:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow([*data.feature_names, "diagnosis"])
    for values, target in zip(data.data, data.target):
        rows.writerow([*(repr(float(value)) for value in values), data.target_names[target]])

rng = np.random.default_rng(0)
cases = []
for count, share, decimals in [(7, 0.4, 1), (50, 0.5, 1), (200, 0.05, 2), (300, 0.3, 6)]:
    anomalous = rng.random(count) < share
    anomalous[:2] = [True, False]
    scores = np.round(rng.normal(size=count) + anomalous, decimals)  # rounded, so that some are equal
    cases.append({
        "scores": scores.tolist(),
        "anomalous": anomalous.tolist(),
        "roc_auc": roc_auc_score(anomalous, scores),
        "average_precision": average_precision_score(anomalous, scores),
    })
train, rows = rng.normal(size=(40, 3)).astype(np.float32), rng.normal(size=(12, 3)).astype(np.float32)
distances = NearestNeighbors(n_neighbors=5).fit(train).kneighbors(rows)[0].mean(axis=1)
nearest = {"train": train.ravel().tolist(), "rows": rows.ravel().tolist(), "distances": distances.tolist()}
(folder / "detection.json").write_text(json.dumps({"cases": cases, "nearest": nearest}) + "\n")
