"""A frozen layer study of cnn7 as an expert writes it: what each cut gives is computed once, in one pass, for all seeds; then the layers above it are trained.

    python3 layers.py STUDY.toml --data ROOT
"""
import torch

from common import Study, accuracy, arguments, cifar, cnn7, drawn, fit, normalised, shared, shares, tell
from imagenet import each

study = Study(arguments())
torch.set_num_threads(1)
root, width = study.path(study.data["root"]), study.stage["backbone"]["width"]
pool_pixels, pool_labels = cifar(root / "data_batch_1.bin")
test_pixels, test_labels = cifar(root / "test_batch.bin")
mean, std = torch.tensor(study.data["mean"]), torch.tensor(study.data["std"])
cuts = study.grid["strategy.cut"]
own_rows = {seed: drawn(pool_labels, study.data["per_class"], seed) for seed in study.seeds}
# The images that some seed draws, each once, and the test images after them.
used = torch.cat(list(own_rows.values())).unique()
place = torch.empty(len(pool_labels), dtype=torch.long)
place[used] = torch.arange(len(used))
pixels = torch.cat([pool_pixels[used], test_pixels])


def source():
    """The network that layers below the cuts come from."""
    network = cnn7(width, 10)
    names = ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7"]
    state = torch.load(study.path(study.stage["init"]["file"]))
    for layer, name in zip(network, names):
        first, norm = [part for part in layer if part.state_dict()]
        first.weight.data.copy_(state[f"{name}.weight"])
        norm.load_state_dict({key: state[f"{name}.norm.{key}"] for key in ("weight", "bias", "running_mean", "running_var")}, strict=False)
    return network.eval()


def folded(layer):
    """Convolution or dense layer and batch norm as one."""
    parts = [torch.nn.Flatten()] if isinstance(layer[0], torch.nn.Flatten) else []
    first, norm = [part for part in layer if part.state_dict()]
    fuse = torch.nn.utils.fusion.fuse_conv_bn_eval
    if isinstance(first, torch.nn.Linear):
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        dense = torch.nn.Linear(first.in_features, first.out_features)
        dense.weight.data.copy_(first.weight * scale[:, None])
        dense.bias.data.copy_(norm.bias - norm.running_mean * scale)
        return torch.nn.Sequential(*parts, dense, *layer[len(parts) + 2:])
    return torch.nn.Sequential(fuse(first, norm).to(memory_format=torch.channels_last), *layer[2:])


def taps():
    """cut -> what the layers below it give for all images, channels last, in memory that processes share."""
    layers = [folded(layer) for layer in source()[:max(cuts)]]
    with torch.inference_mode():
        x, kept = normalised(pixels[:1], mean, std), {}
        for cut, layer in enumerate(layers, 1):
            x = layer(x)
            if cut in cuts:
                last = x.permute(0, 2, 3, 1) if x.dim() == 4 else x
                kept[cut] = shared(len(pixels), *last.shape[1:])

    def run(rows):
        with torch.inference_mode():
            for first in range(rows.start, rows.stop, 64):
                to = min(first + 64, rows.stop)
                x = normalised(pixels[first:to], mean, std)
                for cut, layer in enumerate(layers, 1):
                    x = layer(x)
                    if cut in kept:
                        kept[cut][first:to] = x.permute(0, 2, 3, 1) if x.dim() == 4 else x

    each(run, shares(len(pixels)))
    return {cut: x.permute(0, 3, 1, 2) if x.dim() == 4 else x for cut, x in kept.items()}


kept = taps()


def cell(which):
    cut, seed = which
    torch.manual_seed(seed)
    above = cnn7(width, 10)[cut:].to(memory_format=torch.channels_last)
    x = kept[cut]
    rows = own_rows[seed]
    fit(above, x[place[rows]], pool_labels[rows], study.train, seed)
    return [str(cut), seed, accuracy(above, x[len(used):], test_labels, 64)]


# The longest, with the most layers to train, first.
tell(each(cell, [(cut, seed) for cut in sorted(cuts) for seed in study.seeds]))
