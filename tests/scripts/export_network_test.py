"""Holds scripts/export_network.py to what it promises. CAMBIUM_PYTHON names a Python with PyTorch 2.5 or later, where the first one has none.

    python3 export_network_test.py CHECKOUT
"""
import argparse
import contextlib
import hashlib
import importlib.util
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
checkout = pathlib.Path(sys.argv[1]).resolve()
script = checkout / "scripts/export_network.py"
faults = []

NETWORKS = '''
import torch
from torch import nn


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.BatchNorm2d(4), nn.ReLU())
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(4, 5)
        self.idle = nn.Linear(2, 2)

    def forward(self, x):
        return self.fc(self.drop(self.conv1(x).mean((2, 3))))


class DropPath(nn.Module):
    drop_prob = 0.1

    def forward(self, x):
        return x


class Deep(Small):
    def __init__(self):
        super().__init__()
        self.path = DropPath()
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.1, batch_first=True)

    def forward(self, x):
        y = self.path(self.conv1(x)).flatten(2).transpose(1, 2)
        return self.fc((y + self.attention(y, y, y, need_weights=False)[0]).mean(1))


class Cast(Small):
    def forward(self, x):
        with torch.autocast("cpu", enabled=False):
            return super().forward(x)


class Fixed(Small):
    def forward(self, x):
        return super().forward(x.reshape(2, *x.shape[1:]))


class Two(Small):
    def forward(self, x):
        return super().forward(x), x


class Map(Small):
    def forward(self, x):
        return self.conv1(x)


class Hidden(Small):
    def forward(self, x):
        with torch.no_grad():
            y = self.conv1(x)
        return self.fc(y.mean((2, 3)))


class Branching(Small):
    def forward(self, x):
        return super().forward(x if x.sum().item() > 0 else -x)


class Noisy(Small):
    def forward(self, x):
        return super().forward(x + torch.randn_like(x))


@torch.library.custom_op("mine::double", mutates_args=())
def double(x: torch.Tensor) -> torch.Tensor:
    return 2 * x


@double.register_fake
def _(x):
    return torch.empty_like(x)


class Custom(Small):
    def forward(self, x):
        return self.fc(double(self.conv1(x)).mean((2, 3)))


def with_card():
    network = Small()
    network.pretrained_cfg = {"input_size": (3, 32, 32), "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.1), "crop_pct": 0.8, "interpolation": "bicubic",
                              "classes": ["a", "b", "c", "d", "e"], "license": "mit"}
    return network


def number():
    return 1
'''


def check(what, held, but=""):
    if not held:
        faults.append(f"{what}{': ' + but if but else ''}")


def a_python():
    """One that has PyTorch 2.5 or later, if there is one."""
    look = "import torch, re, sys; sys.exit(tuple(int(p) for p in re.findall(r'\\d+', torch.__version__)[:2]) < (2, 5))"
    for python in filter(None, (os.environ.get("CAMBIUM_PYTHON"), sys.executable, "/usr/bin/python3")):
        if subprocess.run([python, "-c", look], capture_output=True).returncode == 0:
            return python
    return None


def an_older_torch_is_told_so():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "torch.py").write_text("__version__ = '1.13.1'\n")
        run = subprocess.run([sys.executable, script, "timm:resnet18"], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": folder})
        check("an old PyTorch", run.returncode == 1 and "PyTorch 2.5 or later" in run.stderr and "1.13.1" in run.stderr, run.stderr)
        (pathlib.Path(folder) / "torch.py").write_text("raise ImportError('no torch')\n")
        run = subprocess.run([sys.executable, script, "timm:resnet18"], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": folder})
        check("no PyTorch", run.returncode == 1 and "pip install torch" in run.stderr, run.stderr)


def exports(folder):
    import torch
    spec = importlib.util.spec_from_file_location("export_network", script)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def run(source, **more):
        """What it says, of success or refusal."""
        options = argparse.Namespace(**{"to": str(folder), "name": None, "size": None, "weights": None, "random": False, **more})
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                tool.export(source, options)
        except tool.Refusal as refusal:
            return f"refused: {refusal}"
        return said.getvalue()

    def refused(source, *words, **more):
        said = run(source, **more)
        check(source, said.startswith("refused: ") and all(re.search(word, said) for word in words), said)

    said = run("some_networks:with_card")
    check("what it says", "5 classes" in said and "3x32x32" in said and "not use: idle" in said and "no mean" not in said, said)
    written = folder / "some_networks_with_card.pt2"
    card = json.loads(pathlib.Path(f"{written}.card.json").read_text())
    check("the card's images", card["preprocessing"] == {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.1], "input": [3, 32, 32], "resize": 40, "interpolation": "bicubic"},
          str(card))
    check("the card's rest", card["architecture"] == {"plugin": "exported", "params": {}, "classes": list("abcde")} and card["study"]["licence"] == "mit" and
          card["sha256"] == hashlib.sha256(written.read_bytes()).hexdigest(), str(card))
    program = torch.export.load(written)
    nodes = {str(node.target): node for node in program.graph.nodes}
    check("norms and dropout stay operations", "aten.batch_norm.default" in nodes and "aten.dropout.default" in nodes, str(list(nodes)))
    check("the batch is dynamic", program.module()(torch.randn(7, 3, 32, 32)).shape == (7, 5))

    said = run("some_networks:Deep", size=64)
    check("what is lost", re.search(r"random depth.*\(path\)", said) and re.search(r"dropout.*drop and 1 more", said), said)
    check("no card's numbers", "no mean and std" in said and "3x64x64" in said, said)
    check("idle autocast", "logits as the network's" in run("some_networks:Cast", name="cast"), "")
    check("a name of one's own", (folder / "cast.pt2").is_file())

    refused("some_networks:Fixed", "fixes the number of images in a batch", "some_networks.py:\\d+")
    refused("some_networks:Two", "gives a tuple", "one tensor of logits")
    refused("some_networks:Map", "a tensor of 4 dimensions")
    refused("some_networks:Hidden", "the network itself has the operation", "no_grad")
    refused("some_networks:Branching", "does not export", "some_networks.py:\\d+")
    refused("some_networks:Noisy", "more than its image")
    refused("some_networks:Custom", "mine.double", "not PyTorch's own")
    refused("some_networks:number", "gives a int")
    refused("some_networks:Smal", "did you mean Small")
    refused("no_such_module_here:x", "cannot be imported")
    refused("nonsense", "none of timm:NAME")
    refused("some_networks:Small", "does not run on images of 3x2x2", size=2)
    refused("some_networks:Small", "no such file", weights="nowhere.pth")
    torch.save({"state_dict": {"fc.weight": torch.zeros(5, 4)}}, folder / "part.pth")
    refused("some_networks:Small", "does not fit the network", "conv1.0.weight", weights=str(folder / "part.pth"))
    (folder / "text.pth").write_text("no weights")
    refused("some_networks:Small", "cannot be read as weights", weights=str(folder / "text.pth"))
    sys.path.insert(0, str(folder))
    import some_networks
    state = some_networks.Small().state_dict()
    torch.save({"state_dict": {"module." + key: value for key, value in state.items()}}, folder / "all.pth")
    said = run("some_networks:Small", weights=str(folder / "all.pth"))
    loaded = torch.export.load(folder / "some_networks_Small.pt2").state_dict if "all.pth" in said else {}
    check("weights of a file", "fc.weight" in loaded and loaded["fc.weight"].equal(state["fc.weight"]), said)
    check("nothing half written is left", not [path for path in folder.iterdir() if path.name.startswith("tmp")])
    if importlib.util.find_spec("torchvision"):
        refused("torchvision:resnett18", "did you mean resnet18")
        refused("torchvision:resnet18.X", "did you mean .*IMAGENET1K_V1")
        said = run("torchvision:squeezenet1_1", random=True, size=64)
        check("torchvision", "squeezenet1_1.pt2: 1,235,496 parameters, images 3x64x64, 1000 classes, weights random" in said, said)
    if importlib.util.find_spec("timm"):
        refused("timm:resnett18", "did you mean .*resnet18")
        refused("timm:resnet18.a9_in1k", "did you mean .*a1_in1k")
        refused("timm:test_vit", "does not fit|cannot be read|does not make", weights=str(folder / "text.pth"))
        said = run("timm:test_vit", random=True, size=64)
        check("timm", "test_vit.pt2" in said and "images 3x64x64" in said, said)


def main():
    if len(sys.argv) > 2:
        folder = pathlib.Path(sys.argv[2])
        (folder / "some_networks.py").write_text(NETWORKS)
        os.chdir(folder)
        exports(folder)
        print("\n".join(faults) or "exports are what they promise")
        return 1 if faults else 0
    an_older_torch_is_told_so()
    python = a_python()
    if python and not faults:
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run([python, __file__, checkout, folder]).returncode
    print("\n".join(faults) or "PyTorch 2.5 or later is not here: only what an older one is told was tested")
    return 1 if faults else SKIPPED


sys.exit(main())
