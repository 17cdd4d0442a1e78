"""Weights that both sides of the sweeps start from, where there is no public file: drawn by a fixed seed, and for cnn7 trained a little.

    python3 weights.py FOLDER --data ROOT      writes FOLDER/resnet18.pth and FOLDER/cnn7.pth
"""
import pathlib

import torch

from common import arguments, cifar, cnn7, fit, folders, normalised, photograph
from imagenet import network

options = arguments()
torch.set_num_threads(1)
folder = pathlib.Path(options.study)
root = next(path for path in (pathlib.Path(options.data, "data"), pathlib.Path(options.data)) if (path / "hymenoptera").exists())


def resnet18():
    """He's start, and batch norms that know their inputs' mean and deviation, so that features have a scale to learn from."""
    torch.manual_seed(0)
    net = network("resnet18", classes=1000).train()
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = None
    paths = [path for path, _ in folders(root / "hymenoptera", "train")][::8]
    pixels = torch.stack([torch.from_numpy(photograph(path, 256, 224).copy()) for path in paths])
    with torch.no_grad():
        for x in pixels.split(32):
            net(normalised(x))
    return net.state_dict()


def cnn7_of_32():
    torch.manual_seed(0)
    file = next(path for name in ("cifar10-subset", "cifar10") for path in [root / name / "data_batch_1.bin"] if path.exists())
    pixels, labels = cifar(file)
    half = torch.full((3,), 0.5)
    images = normalised(pixels[:2000], half, half / 2)
    net = fit(cnn7(32, 10), images, labels[:2000], {"epochs": 1, "batch": 64, "lr": 0.05, "momentum": 0.9}, 0)
    state = {}
    for layer, name in zip(net, ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7"]):
        first, norm = [part for part in layer if part.state_dict()]
        state |= {f"{name}.weight": first.weight.detach()} | {f"{name}.norm.{key}": value for key, value in norm.state_dict().items()}
    return state


torch.save(resnet18(), folder / "resnet18.pth")
torch.save(cnn7_of_32(), folder / "cnn7.pth")
