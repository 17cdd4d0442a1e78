#!/usr/bin/env python3
"""Writes a PyTorch network as what `torch.export` saves, for the backbone `exported`, with its card beside it.

    export_network.py timm:convnext_tiny --to nets              public weights; timm:NAME.TAG for others than its first choice
    export_network.py torchvision:resnet18 --to nets            torchvision:NAME.WEIGHTS, as torchvision calls them
    export_network.py hf:microsoft/resnet-18 --to nets          an image classifier of transformers; a folder does as well
    export_network.py my_package.my_module:make --to nets       a function without arguments that gives an nn.Module
    ... --weights FILE     these instead of public ones        ... --random     none at all
    ... --size N           images of N x N pixels              ... --name NAME  nets/NAME.pt2

Needs PyTorch 2.5 or later and the package that has the network; nothing of Cambium. A function's network may say what its images
are in an attribute `pretrained_cfg`, as timm's do: input_size, mean, std, crop_pct, interpolation, classes, license.
"""
import argparse
import contextlib
import hashlib
import io
import json
import logging
import os
import pathlib
import re
import sys
import tempfile
import traceback
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "export_network.d"))
from sources import Refusal, need, network_of  # noqa: E402


def need_torch():
    torch = need("torch")
    version = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    if version < (2, 5):
        raise Refusal(f"PyTorch 2.5 or later writes such files, and this is {torch.__version__}: "
                      "python3 -m venv venv && venv/bin/pip install torch, and this script with venv/bin/python. "
                      "Cambium reads the file with any LibTorch")
    return torch


def blamed(errors):
    """Where in the network's own code an export stopped."""
    for error in errors:
        places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        places += re.findall(r'File "([^"]+)", line (\d+)', str(error))
        own = [place for place in places if not re.search(r"[/\\]torch[/\\]|<\w+|export_network\.py", place[0])]
        if own:
            return f" at {own[-1][0]}:{own[-1][1]}"
    return ""


@contextlib.contextmanager
def without_idle_autocast():
    """`autocast(enabled=False)` does nothing to float32, and would come into the graph as code within a node."""
    import torch
    kind = torch.amp.autocast_mode.autocast
    enter, leave = kind.__enter__, kind.__exit__
    kind.__enter__ = lambda self: enter(self) if self._enabled else self
    kind.__exit__ = lambda self, *what: leave(self, *what) if self._enabled else None
    try:
        yield
    finally:
        kind.__enter__, kind.__exit__ = enter, leave


def traced(network, images):
    """The exported program, its batch dynamic."""
    import torch
    export = getattr(torch.export, "export_for_training", None) if torch.__version__.startswith("2.5") else torch.export.export
    shapes = ({0: torch.export.Dim("batch", min=1, max=1 << 20)},)
    errors = []
    for strict in (False, True):  # strict reads the code instead of running it: now and then that goes where the other does not
        try:
            with without_idle_autocast(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                return export(network, (images,), dynamic_shapes=shapes, strict=strict)
        except Exception as error:  # whatever the network raises
            errors.append(error)
    text = " ".join(str(errors[0]).split())
    if "batch" in text and re.search(r"specialized it|Constraints violated", text):
        raise Refusal(f"the network fixes the number of images in a batch{blamed(errors)}: use x.shape[0] there, not a number")
    raise Refusal(f"the network does not export{blamed(errors)}: {type(errors[0]).__name__}: {text[:500]}")


def module_of(node):
    stack = node.meta.get("nn_module_stack") or {}
    path = [item[0] for item in stack.values() if isinstance(item, tuple)]
    return path[-1].removeprefix("L['self'].") if path and path[-1] else "the network itself"


def hold_operations(program):
    """Refuses what is not one of ATen's operations, and what needs more than one image or gives more than one tensor."""
    import torch
    for node in program.graph.nodes:
        if node.op != "call_function":
            continue
        target = node.target
        if isinstance(target, torch._ops.HigherOrderOperator):
            raise Refusal(f"{module_of(node)} has the operation {target} with code of its own inside (torch.no_grad, autocast, cond, "
                          "a compiled function): take that out of its forward")
        if isinstance(target, torch._ops.OpOverload) and target.namespace != "aten":
            raise Refusal(f"{module_of(node)} has the operation {target}, which is not PyTorch's own: only ATen's can be run without its library")
    outputs = [item for item in program.graph_signature.output_specs if item.kind.name == "USER_OUTPUT"]
    if len(outputs) != 1:
        raise Refusal(f"the network gives {len(outputs)} tensors; Cambium takes one of logits [N, classes]: wrap it in a module that gives that one")


def hold_against(program, network, about):
    """Runs what was written and the network on batches of 1 and 3, two inputs each; their farthest distance."""
    import torch
    module = program.module()
    worst = 0.0
    with torch.no_grad():
        for batch in (1, 3):
            for scale in (1.0, 0.3):
                images = scale * torch.randn(batch, *about.size)
                wanted, got = network(images), module(images)
                if wanted.shape != got.shape:
                    raise Refusal(f"the export gives {list(got.shape)} for {batch} images, and the network {list(wanted.shape)}")
                if not torch.isfinite(wanted).all():
                    raise Refusal("the network gives numbers that are not finite: are its weights there?")
                worst = max(worst, float((wanted - got).abs().max() / wanted.abs().max().clamp(min=1)))
    if worst > 1e-5:
        raise Refusal(f"the export's logits are {worst:.1e} from the network's: it does something that depends on more than its image (random "
                      "numbers, state that it keeps): Cambium could not repeat it")
    return worst


def losses(network, program):
    """What training in Python has and the file has not, in words."""
    import torch
    kept = {name.removeprefix("L['self'].") for node in program.graph.nodes if "dropout" in str(node.target)
            for name, *_ in (node.meta.get("nn_module_stack") or {}).values()}
    depth, dropped = [], []
    for name, module in network.named_modules():
        kind = type(module).__name__
        rate = getattr(module, "drop_prob", None) or getattr(module, "p", None)
        if kind in ("DropPath", "StochasticDepth") and rate:
            depth.append(name)
        elif isinstance(module, torch.nn.MultiheadAttention) and module.dropout:
            dropped.append(name)
        elif isinstance(module, torch.nn.modules.dropout._DropoutNd) and rate and name not in kept:
            dropped.append(name)
    used = {node.name for node in program.graph.nodes if node.op == "placeholder" and node.users}
    idle = [item.target for item in program.graph_signature.input_specs if item.kind.name == "PARAMETER" and item.arg.name not in used]

    def some(names):
        return f"{names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")

    if depth:
        yield f"random depth is not in it ({some(depth)}): in training every block runs"
    if dropped:
        yield f"dropout that eval mode leaves out of the graph is not in it ({some(dropped)}; attention's, mostly)"
    if idle:
        yield f"parameters that evaluation does not use: {some(idle)}"


def write_card(path, source, about, lost):
    import torch
    study = {"source": source, "torch": torch.__version__, "weights": about.weights or "random", "lost": "; ".join(lost)}
    package = sys.modules.get(source.partition(":")[0])
    if getattr(package, "__version__", None):
        study[package.__name__] = package.__version__
    if about.licence:
        study["licence"] = about.licence
    preprocessing = {"mean": about.mean, "std": about.std, "input": list(about.size), "resize": about.resize}
    if about.interpolation in ("bilinear", "bicubic"):
        preprocessing["interpolation"] = about.interpolation
    card = {"cambium_card": 1, "architecture": {"plugin": "exported", "params": {}, "classes": about.classes},
            "preprocessing": preprocessing, "study": study, "accuracy": {}, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    pathlib.Path(f"{path}.card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")


def export(source, options):
    torch = need_torch()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    network, about, name = network_of(source, options)
    try:
        with torch.no_grad():
            given = network(torch.randn(2, *about.size))
    except Exception as error:
        raise Refusal(f"the network does not run on images of {'x'.join(map(str, about.size))}: {' '.join(str(error).split())[:400]}. "
                      "--size N, or a pretrained_cfg, says which it takes") from error
    if not torch.is_tensor(given) or given.dim() != 2:
        what = f"a tensor of {given.dim()} dimensions" if torch.is_tensor(given) else f"a {type(given).__name__}"
        raise Refusal(f"the network gives {what}; Cambium takes one tensor of logits [N, classes]: wrap it in a module that gives that one")
    if about.classes and len(about.classes) != given.shape[1]:
        about.classes = []
    program = traced(network, torch.randn(2, *about.size))
    hold_operations(program)
    target = pathlib.Path(options.to) / f"{name}.pt2"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        written = pathlib.Path(folder) / target.name
        torch.export.save(program, written)
        worst = hold_against(torch.export.load(written), network, about)
        os.replace(written, target)
    lost = list(losses(network, program))
    write_card(target, source, about, lost)
    count = sum(parameter.numel() for parameter in network.parameters())
    print(f"{target}: {count:,} parameters, images {'x'.join(map(str, about.size))}, {given.shape[1]} classes, weights {about.weights or 'random'}; "
          f"logits as the network's to {worst:.0e}")
    for line in lost:
        print(f"  lost: {line}")
    if not about.mean:
        print("  its card has no mean and std: the study's data.mean and data.std have to say them")


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="timm:NAME, torchvision:NAME, hf:NAME or package.module:function")
    parser.add_argument("--to", default=".", metavar="DIR", help="the folder to write into (this one)")
    parser.add_argument("--name", help="of the file, without .pt2")
    parser.add_argument("--size", type=int, metavar="N", help="images of N x N pixels, where the network takes several sizes")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--weights", metavar="FILE", help="a state_dict, a checkpoint or safetensors, instead of public weights")
    weights.add_argument("--random", action="store_true", help="no weights: as the network starts, with seed 0")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = read_arguments()
    try:
        export(arguments.source, arguments)
    except Refusal as refusal:
        sys.exit(f"export_network: {refusal}")
