"""Linear heads on frozen features of ResNet-18, as an expert writes it: features once, in all processes; then torch.optim, a head after the other, in all.

    python3 heads.py STUDY.toml --data ROOT [--features FILE.npy]       the file's features are taken where it is there, else left there
"""
import os

import numpy as np
import torch

from common import Study, accuracy, arguments, fit, tell
from imagenet import decoded, each, features, network, parted, photographs

options = arguments("--features")
study = Study(options)
torch.set_num_threads(1)
paths, labels, trained = photographs(study)
backbone, _ = parted(network(study.stage["backbone"], study.path(study.stage["init"]["file"])))
if options.features and os.path.exists(options.features):
    taps = torch.from_numpy(np.load(options.features))
else:
    taps = features(backbone, decoded(study, paths))
    if options.features:
        np.save(options.features, taps.numpy())
train_x, train_y, test_x, test_y = taps[:trained], labels[:trained], taps[trained:], labels[trained:]


def head(cell):
    point, seed = cell
    torch.manual_seed(seed)
    net = torch.nn.Linear(taps.shape[1], 2)
    settings = study.train | {key.removeprefix("train."): value for key, value in point.items()}
    fit(net, train_x, train_y, settings, seed)
    return [str(point), seed, accuracy(net, test_x, test_y)]


tell(each(head, [(point, seed) for point in study.points() for seed in study.seeds]))
