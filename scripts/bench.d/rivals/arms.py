"""Feature extraction, full fine-tuning and training from scratch of one ImageNet network, as an expert writes it: images decoded once, channels last,
the frozen arm on features that all processes compute; the two others side by side.

    python3 arms.py STUDY.toml --data ROOT
"""
import torch

from common import CPUS, Study, accuracy, arguments, fit, normalised, tell
from imagenet import decoded, each, features, network, parted, photographs

study = Study(arguments())
torch.set_num_threads(1)
name, file = study.stage["backbone"], study.path(study.stage["init"]["file"])
paths, labels, trained = photographs(study)
pixels = decoded(study, paths)
arms = study.stage["zip"][0]
rates = dict(zip(arms["strategy"], arms["train.lr"]))
(seed,) = study.seeds
train_y, test_y = labels[:trained], labels[trained:]


def settings(strategy):
    return study.train | {"lr": rates[strategy]}


def probe():
    backbone, head = parted(network(name, file, seed=seed))
    taps = features(backbone, pixels)
    torch.manual_seed(seed)
    fit(head, taps[:trained], train_y, settings("feature_extraction"), seed)
    return ["feature extraction", seed, accuracy(head, taps[trained:], test_y)]


def whole(strategy):
    net = network(name, file if strategy == "full_finetuning" else None, seed=seed).to(memory_format=torch.channels_last)
    fit(net, pixels[:trained], train_y, settings(strategy), seed, normalised)
    return [{"full_finetuning": "full fine-tuning", "from_scratch": "from scratch"}[strategy], seed,
            accuracy(net, pixels[trained:], test_y, 16, normalised)]


cells = [probe()]
cells += each(whole, ["full_finetuning", "from_scratch"], min(2, CPUS), max(1, CPUS // 2))
tell(cells)
