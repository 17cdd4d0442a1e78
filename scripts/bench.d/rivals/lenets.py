"""Many LeNet-5s, as an expert writes it: images as float tensors that all processes share, a network after the other in each.

    python3 lenets.py STUDY.toml --data ROOT
"""
import torch

from common import Study, accuracy, arguments, drawn, fit, idx, lenet5, normalised, tell
from imagenet import each

study = Study(arguments())
torch.set_num_threads(1)
root = study.path(study.data["root"])
mean, std = torch.tensor(study.data["mean"]), torch.tensor(study.data["std"])
pixels, labels = idx(root, "train")
test_pixels, test_labels = idx(root, "t10k")
test_images = normalised(test_pixels, mean, std).contiguous()
own_rows = {seed: drawn(labels, study.data["per_class"], seed) for seed in study.seeds}
own_images = {seed: normalised(pixels[rows], mean, std).contiguous() for seed, rows in own_rows.items()}


def cell(which):
    point, seed = which
    torch.manual_seed(seed)
    network = lenet5(10)
    settings = study.train | {key.removeprefix("train."): value for key, value in point.items()}
    fit(network, own_images[seed], labels[own_rows[seed]], settings, seed)
    return [str(point), seed, accuracy(network, test_images, test_labels)]


tell(each(cell, [(point, seed) for point in study.points() for seed in study.seeds]))
