"""What the rivals of the sweeps share: the study's settings, images in memory, networks, a pool of processes of one thread each.

Each takes `STUDY.toml --data ROOT [--set KEY=VALUE ...]`, the same file and settings as Cambium, and prints {"cells": [[arm, seed, accuracy], ...]}.
"""
import argparse
import gzip
import itertools
import json
import math
import mmap
import multiprocessing
import os
import pathlib
import tomllib

import numpy as np
import torch
from PIL import Image
from torch import nn

CPUS = len(os.sched_getaffinity(0))
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


class Study:
    """One stage as the study's file and `--set` have it."""

    def __init__(self, arguments):
        with open(arguments.study, "rb") as file:
            whole = tomllib.load(file)
        for key, value in (option.split("=", 1) for option in arguments.set):
            put(whole, key.split("."), tomllib.loads(f"x = {value}")["x"])
        self.root = pathlib.Path(arguments.data)
        seeds = whole["study"]["seeds"]
        self.seeds = seeds if isinstance(seeds, list) else list(range(seeds["range"][0], seeds["range"][1] + 1))
        self.stage = whole["stage"]["transfer"]
        self.train, self.data = self.stage["train"], self.stage["data"]
        self.grid = flat(self.stage.get("grid", {}))

    def points(self):
        """The grid's points, each a table of its axes."""
        return [dict(zip(self.grid, values)) for values in itertools.product(*self.grid.values())]

    def path(self, name):
        return next((path for path in (self.root / name, self.root / name.removeprefix("data/")) if path.exists()), self.root / name)


def put(table, keys, value):
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    rest = keys[-1]
    table[rest] = value


def flat(table, before=""):
    out = {}
    for key, value in table.items():
        out |= flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: value}
    return out


def arguments(*more):
    """The command line; `more` are further options' names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("study")
    parser.add_argument("--data", default="data")
    parser.add_argument("--set", action="append", default=[])
    for name in more:
        parser.add_argument(name)
    return parser.parse_args()


def pool(processes=CPUS, threads=1):
    """Processes of their own threads, forked: what is in memory they share."""
    more = (torch.set_num_threads, (threads,)) if threads != torch.get_num_threads() else ()
    return multiprocessing.get_context("fork").Pool(processes, *more)


def shared(*shape, dtype=torch.float32):
    """A tensor that forked processes share; anonymous memory, which no limit of /dev/shm holds down."""
    size = math.prod(shape) * torch.empty(0, dtype=dtype).element_size()
    return torch.frombuffer(mmap.mmap(-1, size), dtype=dtype).view(*shape)


def tell(cells):
    print(json.dumps({"cells": cells}))


def shares(count, parts=CPUS):
    """`count` in as many ranges as there are processes."""
    ends = [count * i // parts for i in range(parts + 1)]
    return [range(a, b) for a, b in zip(ends, ends[1:]) if b > a]


# --- images

def folders(root, split):
    """Paths and labels of an image folder's split."""
    names = sorted(path.name for path in (root / split).iterdir() if path.is_dir())
    return [(path, label) for label, name in enumerate(names) for path in sorted((root / split / name).iterdir())]


def photograph(path, resize, crop):
    """[crop, crop, 3] of uint8: the shorter side resized, the centre cut out, as torchvision does it."""
    image = Image.open(path).convert("RGB")
    wide, high = image.size
    size = (resize, int(resize * high / wide)) if wide <= high else (int(resize * wide / high), resize)
    image = image.resize(size, Image.BILINEAR)
    left, top = round((size[0] - crop) / 2), round((size[1] - crop) / 2)
    return np.asarray(image.crop((left, top, left + crop, top + crop)))


def normalised(pixels, mean=MEAN, std=STD):
    """uint8 [N, H, W, C] to float [N, C, H, W], its channels last in memory."""
    return pixels.permute(0, 3, 1, 2).to(torch.float32).sub_(255 * mean.view(-1, 1, 1)).div_(255 * std.view(-1, 1, 1))


def cifar(file):
    """[N, 32, 32, 3] of uint8, and labels."""
    rows = np.fromfile(file, np.uint8).reshape(-1, 3073)
    return torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy()), torch.from_numpy(rows[:, 0].astype(np.int64))


def idx(root, stem):
    """[N, 28, 28, 1] of uint8, and labels."""
    def read(name, header):
        path = root / name
        data = path.read_bytes() if path.exists() else gzip.open(f"{path}.gz").read()
        return np.frombuffer(data, np.uint8, offset=header)
    pixels, labels = read(f"{stem}-images-idx3-ubyte", 16), read(f"{stem}-labels-idx1-ubyte", 8)
    return torch.from_numpy(pixels.reshape(-1, 28, 28, 1).copy()), torch.from_numpy(labels.astype(np.int64))


def drawn(labels, per_class, seed):
    """`per_class` rows of each class, drawn by the seed."""
    draw = torch.Generator().manual_seed(seed)
    rows = [torch.nonzero(labels == label).flatten() for label in labels.unique()]
    return torch.cat([of[torch.randperm(len(of), generator=draw)[:per_class]] for of in rows])


# --- networks

def he(layer):
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def conv(inputs, outputs, pool):
    layers = [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if pool else []))


def dense(inputs, outputs, flatten=False):
    layers = [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*([nn.Flatten()] if flatten else []), *layers)


def cnn7(width, classes):
    """plugins/backbones/cnn7 with a head: eight units."""
    network = nn.Sequential(conv(3, width, True), conv(width, 2 * width, True), conv(2 * width, 4 * width, False),
                            conv(4 * width, 4 * width, False), conv(4 * width, 4 * width, True), dense(4 * width * 16, 8 * width, True),
                            dense(8 * width, 8 * width), nn.Linear(8 * width, classes))
    return network.apply(he)


def lenet5(classes):
    """plugins/backbones/lenet5 for 28 x 28, with a head."""
    network = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True),
                            nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(inplace=True), nn.Linear(120, 84), nn.ReLU(inplace=True),
                            nn.Linear(84, classes))
    return network.apply(he)


def frozen(backbone, example):
    """A backbone that only runs forward: traced, batch norms folded, oneDNN's own order of weights and maps."""
    with torch.no_grad():
        return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(backbone.eval(), example)))


# --- training

def fit(network, images, labels, train, seed, prepare=lambda x: x):
    """Trains as a study's `train` says: SGD with momentum, a cosine down to 0 over all steps where asked for."""
    epochs, batch = train["epochs"], train["batch"]
    learns = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(learns, lr=train["lr"], momentum=train.get("momentum", 0), weight_decay=train.get("weight_decay", 0))
    order = torch.Generator().manual_seed(seed)
    steps, step = epochs * math.ceil(len(labels) / batch), 0
    network.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(labels), generator=order).split(batch):
            if train.get("schedule") == "cosine":
                optimizer.param_groups[0]["lr"] = train["lr"] * (1 + math.cos(math.pi * step / steps)) / 2
            loss = nn.functional.cross_entropy(network(prepare(images[rows])), labels[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
    return network.eval()


def accuracy(network, images, labels, batch=250, prepare=lambda x: x):
    network.eval()
    with torch.inference_mode():
        right = sum((network(prepare(x)).argmax(1) == y).sum().item() for x, y in zip(images.split(batch), labels.split(batch)))
    return right / len(labels)
