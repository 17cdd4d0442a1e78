"""Plans a grid as a careful script does: tomllib, itertools, canonical JSON, SHA-256; equal cells merged, done ones looked up.

    python3 plan.py STUDY

Each point's text is made once and shared by its seeds. Nothing is checked, and no plugin is asked.
"""
import hashlib
import itertools
import json
import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    study = tomllib.load(file)
seeds = [str(seed).encode() for seed in study["study"]["seeds"]]
DEFAULTS = {"epochs": 10, "batch": 64, "lr": 0.01, "momentum": 0.0, "weight_decay": 0.0, "schedule": "constant", "optimizer": "sgd"}


def values(axis):
    if isinstance(axis, list):
        return axis
    low, high = axis["log"]
    return [low * (high / low) ** (i / (axis["num"] - 1)) for i in range(axis["num"])]


base = study["stage"]["base"]
stage = study["stage"]["transfer"]
grid = {key: values(axis) for key, axis in stage["grid"].items()}
done, cells = set(), {}
encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
source = hashlib.sha256(encode(base).encode())
sources = []
for seed in seeds:
    cell = source.copy()
    cell.update(seed)
    sources.append(cell.digest())
    cells[sources[-1]] = base
for point in itertools.product(*grid.values()):
    config = {"backbone": base["backbone"], "data": dict(stage["data"]), "train": dict(DEFAULTS)}
    for key, value in zip(grid, point):
        *path, last = key.split(".")
        place = config
        for name in path:
            place = place[name]
        place[last] = value
    group = hashlib.sha256(encode(config).encode())
    for seed, start in zip(seeds, sources):
        cell = group.copy()
        cell.update(seed)
        cell.update(start)
        cells.setdefault(cell.digest(), config)
todo = [identity for identity in cells if identity not in done]
print(len(todo))
