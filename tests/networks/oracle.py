"""What PyTorch and torchvision say of a network, for the tests to hold Cambium against.

    oracle.py tensors FOLDER FILE...       any .pth file's tensors, prefixes off, as FOLDER/NAME.safetensors
    oracle.py logits FOLDER NAME:SIDE...   a torchvision network's names and shapes, and its logits on images of SIDE pixels,
                                           as FOLDER/NAME.safetensors; weights and input are filled() of their names;
                                           timm.NAME is timm's
    oracle.py positions FOLDER             filled position embeddings of 14x14 patches, interpolated by torchvision for images of
                                           several sizes, as FOLDER/SIZE.safetensors
    oracle.py scripts FOLDER               small scripted networks, FOLDER/KIND.pt, with tensors, input and logits in
                                           FOLDER/KIND.safetensors
"""
import json
import math
import pathlib
import struct
import sys
import zlib

import numpy as np
import torch
from torch import nn


def write_safetensors(path, tensors):
    types = {torch.float32: "F32", torch.float64: "F64", torch.uint8: "U8", torch.int64: "I64"}
    header, blobs, at = {}, [], 0
    for name, tensor in tensors.items():
        blob = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": types[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def tensors_of(path):
    found = torch.load(path, map_location="cpu")
    for key in ("state_dict", "model"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    return {name.removeprefix("module."): tensor for name, tensor in found.items() if torch.is_tensor(tensor)}


def uniform(name, count):
    """Numbers in [0, 1) that depend on the name and the place alone: splitmix64's mixing of both, over and over."""
    with np.errstate(over="ignore"):
        z = np.arange(min(count, 1 << 20), dtype=np.uint64) + np.uint64(zlib.crc32(name.encode()) << 32)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return np.resize((z >> np.uint64(11)).astype(np.float64) * 2.0**-53, count)


def filled(name, shape):
    count = math.prod(shape)
    u = uniform(name, count)
    if len(shape) > 1:
        values = (2 * u - 1) * math.sqrt(6 / (count // shape[0]))
    elif name.endswith("running_var"):
        values = 0.5 + u
    elif name.endswith("weight"):
        values = 0.25 + 0.5 * u
    else:
        values = 0.2 * (u - 0.5)
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def logits(name, side, out):
    if not name.startswith("timm."):
        from torchvision import models

    if name.startswith("timm."):
        import timm
        net = timm.create_model(name.removeprefix("timm."), **({"img_size": side} if "vit" in name or "deit" in name else {}))
    elif name in ("vit_tiny", "vit_small"):
        width, heads = {"vit_tiny": (192, 3), "vit_small": (384, 6)}[name]
        net = models.VisionTransformer(side, 16, 12, heads, width, 4 * width)
    elif name.startswith("vit"):
        net = getattr(models, name)(image_size=side)
    elif name in ("vgg11", "alexnet"):
        net = models.vgg11(init_weights=False) if name == "vgg11" else models.alexnet()
    else:
        net = getattr(models, name)()
    net.eval()
    answer = {}
    with torch.no_grad():
        for key, tensor in net.state_dict().items():
            if tensor.dtype == torch.float32:
                tensor.copy_(filled(key, tuple(tensor.shape)))
            answer["state/" + key] = torch.tensor([tensor.dim(), *tensor.shape], dtype=torch.int64)
        answer["logits"] = net(filled("input", (2, 3, side, side)))
    write_safetensors(out, answer)


class Flattening(nn.Module):
    """Its forward flattens before the head, as ResNet's does."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(self.conv1(x)), 1))


class Doubling(Flattening):
    """Its forward does what none of its children does."""

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(2 * self.conv1(x)), 1))


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.scale


class Tokens(nn.Module):
    def __init__(self, width, places):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, places + 1, width))
        self.where = nn.Embedding(places + 1, width)

    def forward(self, x):
        x = torch.cat([self.cls_token.expand(x.size(0), -1, -1), x.flatten(2).transpose(1, 2)], 1)
        return x + self.pos_embed + self.where(torch.arange(x.size(1)))


class Attending(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.rms = RmsNorm(width)
        self.relative_position_bias_table = nn.Parameter(torch.randn(9, width))
        self.gamma = nn.Parameter(1e-5 * torch.ones(width))

    def forward(self, x):
        y = self.norm(x)
        y = self.attention(y, y, y)[0]
        return x + self.gamma * self.rms(y + self.relative_position_bias_table.mean(0))


class Varied(nn.Module):
    """One of each kind of parameter that a strategy may ask for."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.GroupNorm(2, 4), nn.PReLU(4),
                                   nn.InstanceNorm2d(4, affine=True))
        self.tokens = Tokens(4, 9)
        self.attending = Attending(4)
        self.pool = nn.AdaptiveAvgPool2d((1, 4))
        self.flat = nn.Flatten()
        self.last = nn.BatchNorm1d(4)
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        return self.fc(self.last(self.flat(self.pool(self.attending(self.tokens(self.conv1(x)))))))


def script(net, out):
    torch.manual_seed(1)
    net = net().eval()
    with torch.no_grad():
        if isinstance(net, Flattening):
            net.conv1[1].running_mean.fill_(0.1)
            net.conv1[1].weight.fill_(1.5)
        else:
            for parameter in net.parameters():
                parameter.copy_(torch.rand_like(parameter) + 2)
        x = torch.randn(2, 3, 12, 12)
        write_safetensors(f"{out}.safetensors", {"input": x, "logits": net(x)} | net.state_dict())
    torch.jit.script(net).save(f"{out}.pt")


torch.set_num_threads(1)
verb, folder, *what = sys.argv[1:]
if verb == "tensors":
    for path in what:
        write_safetensors(f"{folder}/{pathlib.Path(path).stem}.safetensors", tensors_of(path))
elif verb == "logits":
    for name, side in (item.split(":") for item in what):
        logits(name, int(side), f"{folder}/{name}.safetensors")
elif verb == "positions":
    from torchvision.models.vision_transformer import interpolate_embeddings
    for side in (32, 96, 224, 288):
        state = {"encoder.pos_embedding": filled("encoder.pos_embedding", [1, 197, 192])}
        made = interpolate_embeddings(side, 16, state)["encoder.pos_embedding"]
        write_safetensors(f"{folder}/{side}.safetensors", {"p": made})
elif verb == "scripts":
    for kind in (Flattening, Doubling, Varied):
        script(kind, f"{folder}/{kind.__name__.lower()}")
