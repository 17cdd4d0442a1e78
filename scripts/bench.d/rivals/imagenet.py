"""Networks for ImageNet and their features, for the rivals of the sweeps."""
import torch
import torchvision
from torch import nn

from common import CPUS, folders, frozen, normalised, photograph, pool, shared, shares

BATCH = 16  # images a forward pass of features: what fits the cache


def network(name, file=None, classes=2, seed=0):
    """torchvision's network with a new head; all but the head from `file`."""
    torch.manual_seed(seed)
    net = getattr(torchvision.models, name)()
    if file:
        state = torch.load(file)
        missing = net.load_state_dict({key: value for key, value in state.items() if not key.startswith(("fc.", "classifier."))}, strict=False)
        assert not missing.unexpected_keys
    if name == "resnet18":
        net.fc = nn.Linear(net.fc.in_features, classes)
    else:
        net.classifier[1] = nn.Linear(net.classifier[1].in_features, classes)
        nn.init.normal_(net.classifier[1].weight, std=0.01)
        nn.init.zeros_(net.classifier[1].bias)
    return net


def parted(net):
    """Backbone and head; the head takes the place of what follows the features."""
    name = "fc" if hasattr(net, "fc") else "classifier"
    head = getattr(net, name)
    setattr(net, name, nn.Identity())
    return net, head


def photographs(study):
    """Paths and labels of train and test, in one list; how many are of train."""
    root = study.path(study.data["root"])
    train, test = folders(root, "train"), folders(root, "val")
    if "per_class" in study.data:
        train = [pair for label in (0, 1) for pair in [p for p in train if p[1] == label][:study.data["per_class"]]]
    paths, labels = zip(*train, *test)
    return list(paths), torch.tensor(labels), len(train)


def decoded(study, paths):
    """[N, 224, 224, 3] of uint8 in memory that processes share, decoded by all of them."""
    size = study.data["center_crop"]
    pixels = shared(len(paths), size, size, 3, dtype=torch.uint8)

    def decode(rows):
        for i in rows:
            pixels[i] = torch.from_numpy(photograph(paths[i], study.data["resize"], size).copy())

    each(decode, shares(len(paths)))
    return pixels


def each(function, items, processes=CPUS, threads=1):
    """`function` on every item, in forked processes; what it returns must be small."""
    global _function
    _function = function
    with pool(processes, threads) as workers:
        return workers.map(_call, items, 1)


def _call(item):
    return _function(item)


def features(backbone, pixels):
    """What a frozen backbone gives for all images, a share in each process."""
    example = torch.zeros(BATCH, 3, *pixels.shape[1:3]).contiguous(memory_format=torch.channels_last)
    torch.set_num_threads(1)
    fast = frozen(backbone, example)
    with torch.inference_mode():
        width = fast(example).shape[1]
    out = shared(len(pixels), width)

    def run(rows):
        with torch.inference_mode():
            for first in range(rows.start, rows.stop, BATCH):
                # Always of the traced size: another would be optimised anew.
                x = pixels[first:min(first + BATCH, rows.stop)]
                whole = torch.cat([x, x.new_zeros(BATCH - len(x), *x.shape[1:])]) if len(x) < BATCH else x
                out[first:first + len(x)] = fast(normalised(whole))[:len(x)]

    each(run, shares(len(pixels)))
    return out
