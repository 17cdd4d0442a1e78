"""Where scripts/export_network.py has its networks from: timm, torchvision, transformers, a function of one's own."""
import difflib
import importlib
import os
import pathlib
import re
import sys
from dataclasses import dataclass, field


class Refusal(Exception):
    """What is wrong, and what to do."""


def need(package, extra=""):
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise Refusal(f"{package} is not here ({error}): pip install {package}{extra}") from error


@dataclass
class Input:
    """What the network's images are."""
    size: tuple = (3, 224, 224)
    mean: list = field(default_factory=list)
    std: list = field(default_factory=list)
    resize: int | None = None
    interpolation: str = ""
    classes: list = field(default_factory=list)
    licence: str = ""
    weights: str = ""


def unknown(kind, name, names, search=""):
    near = difflib.get_close_matches(name.split()[-1], names, 5) or (sorted(names)[:5] if len(names) < 20 else [])
    return Refusal(f"{kind} has no {name}" + (f": did you mean {', '.join(near)}?" if near else "") + (f" {search}" if search else ""))


def fetched(what, fetch):
    """`fetch()`, with words for a machine without a network."""
    try:
        return fetch()
    except (OSError, ConnectionError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Refusal(f"the weights of {what} could not be fetched ({reason}). Is there a network? "
                      "--weights FILE takes them from a file, --random leaves them random") from error


def state_of(path):
    """The tensors of a weights file: safetensors, or a state_dict by itself or within a checkpoint."""
    import torch
    if not pathlib.Path(path).is_file():
        raise Refusal(f"{path}: there is no such file")
    try:
        if str(path).endswith(".safetensors"):
            return need("safetensors.torch").load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise Refusal(f"{path}: cannot be read as weights: {str(error).splitlines()[0]}") from error
    for key in ("state_dict", "model_state_dict", "model", "net"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict):
        raise Refusal(f"{path}: holds a {type(found).__name__}, not a dictionary of tensors: save network.state_dict()")
    return {name.removeprefix("module."): tensor for name, tensor in found.items()}


def load(network, path):
    """All of the network's tensors from the file."""
    try:
        network.load_state_dict(state_of(path))
    except RuntimeError as error:
        raise Refusal(f"{path} does not fit the network: {' '.join(str(error).split())[:600]}") from error


def distinct(names):
    """ImageNet has two cranes: the second of a name has a number."""
    seen = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} {seen[name]}"


def from_config(config):
    """The images of what timm calls a pretrained_cfg."""
    size = tuple(config.get("input_size") or (3, 224, 224))
    crop = config.get("crop_pct")
    return Input(size, list(config.get("mean") or []), list(config.get("std") or []), round(size[-1] / crop) if crop else None,
                 config.get("interpolation") or "", list(config.get("classes") or []), config.get("license") or "")


def timm_network(name, options):
    timm = need("timm")
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise unknown("timm", architecture, timm.list_models(), f"timm.list_models('*{architecture[:6]}*') lists them")
    public = {item.partition(".")[2] for item in timm.list_pretrained(architecture + ".*")}
    if tag and tag not in public:
        raise unknown(f"timm's {architecture}", f"weights {tag}", public)
    if not (options.random or options.weights or public):
        raise Refusal(f"timm has no public weights of {architecture}: --weights FILE, or --random")
    arguments = {} if options.random else {"pretrained": True}
    if options.weights:
        state_of(options.weights)
        arguments["pretrained_cfg_overlay"] = {"file": options.weights}

    def make(**more):
        return fetched(name, lambda: timm.create_model(name, **arguments, **more))

    try:
        network = make(img_size=options.size) if options.size else make()
    except TypeError:
        network = make()
    except RuntimeError as error:
        raise Refusal(f"timm does not make {name}: {' '.join(str(error).split())[:600]}") from error
    config = network.pretrained_cfg
    about = from_config(config)
    about.weights = "" if options.random else config.get("tag") or ""
    if not options.random and config.get("num_classes") == 1000 and not options.weights:
        from timm.data import ImageNetInfo, infer_imagenet_subset
        subset = infer_imagenet_subset(network)
        if subset:
            about.classes = list(distinct(ImageNetInfo(subset).label_descriptions()))
    return network, about


def torchvision_network(name, options):
    models = need("torchvision").models
    name, _, wanted = name.partition(".")
    names = models.list_models(module=models)
    if name not in names:
        raise unknown("torchvision", name, names, "Only its image classifiers count")
    kinds = models.get_model_weights(name)
    if wanted and wanted not in kinds.__members__:
        raise unknown(f"torchvision's {name}", f"weights {wanted}", list(kinds.__members__))
    weights = kinds[wanted] if wanted else kinds.DEFAULT
    bare = options.random or options.weights
    network = fetched(name, lambda: models.get_model(name, weights=None if bare else weights))
    if options.weights:
        load(network, options.weights)
    look = weights.transforms()
    about = Input((3, look.crop_size[0], look.crop_size[0]), list(look.mean), list(look.std), look.resize_size[0],
                  look.interpolation.value, weights="" if bare else weights.name)
    if not bare:
        about.classes = list(distinct(weights.meta["categories"]))
    return network, about


def side_of(size):
    return size if isinstance(size, int) else size.get("height") or size.get("shortest_edge")


def logits_of(network):
    """The same network, names and all, that gives its logits alone."""

    class Logits(type(network)):
        def forward(self, pixel_values):
            return super().forward(pixel_values=pixel_values).logits

    Logits.__name__ = type(network).__name__
    network.__class__ = Logits
    return network


def hf_network(name, options):
    transformers = need("transformers")
    transformers.utils.logging.set_verbosity_error()
    auto = transformers.AutoModelForImageClassification
    try:
        if options.random or options.weights:
            known = name in transformers.CONFIG_MAPPING
            config = transformers.AutoConfig.for_model(name) if known else fetched(name, lambda: transformers.AutoConfig.from_pretrained(name))
            network = auto.from_config(config)
        else:
            network = fetched(name, lambda: auto.from_pretrained(name))
    except (ValueError, KeyError) as error:
        raise Refusal(f"transformers has no image classifier {name}: {str(error).splitlines()[0]}") from error
    if options.weights:
        load(network, options.weights)
    config = network.config
    side = side_of(getattr(config, "image_size", None) or 224)
    about = Input((getattr(config, "num_channels", 3), side, side))
    try:
        if name in transformers.CONFIG_MAPPING:
            return logits_of(network), about
        look = transformers.AutoImageProcessor.from_pretrained(name)
        crop = side_of(look.crop_size) if getattr(look, "do_center_crop", False) else None
        about.resize = side_of(look.size) if look.do_resize else None
        side = crop or about.resize or side
        about.size = (about.size[0], side, side)
        about.mean, about.std = list(look.image_mean or []), list(look.image_std or [])
        about.interpolation = {2: "bilinear", 3: "bicubic"}.get(int(look.resample), "")
    except (OSError, ValueError, AttributeError, ImportError):
        pass
    classes = [config.id2label[i] for i in range(config.num_labels)]
    if not options.random and not all(re.fullmatch(r"LABEL_\d+", name) for name in classes):
        about.classes = list(distinct(classes))
    return logits_of(network), about


def own_network(name, options):
    module, _, function = name.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise Refusal(f"{module} cannot be imported: {error}. It is looked for in this folder and where Python looks") from error
    make = getattr(found, function, None)
    if not callable(make):
        raise unknown(module, function, [key for key in vars(found) if callable(getattr(found, key)) and not key.startswith("_")])
    network = fetched(name, make)
    import torch
    if not isinstance(network, torch.nn.Module):
        raise Refusal(f"{name} gives a {type(network).__name__}, and has to give an nn.Module")
    if options.weights:
        load(network, options.weights)
    about = from_config(getattr(network, "pretrained_cfg", None) or {})
    about.weights = "its own"
    return network, about


def network_of(source, options):
    """The network, what its images are, and a name for its file."""
    kind, _, name = source.partition(":")
    makers = {"timm": timm_network, "torchvision": torchvision_network, "hf": hf_network}
    if not name:
        raise Refusal(f"{source} is none of timm:NAME, torchvision:NAME, hf:NAME and package.module:function")
    network, about = makers[kind](name, options) if kind in makers else own_network(source, options)
    if options.size:
        about.resize = round(about.resize * options.size / about.size[-1]) if about.resize else None
        about.size = (about.size[0], options.size, options.size)
    if options.weights:
        about.weights = pathlib.Path(options.weights).name
    stem = pathlib.Path(name).name if kind == "hf" else name if kind in makers else source
    return network.float().eval(), about, options.name or re.sub(r"[^\w.-]", "_", stem)
