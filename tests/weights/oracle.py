"""Weights files by PyTorch, and PyTorch's word on ours: what the C++ tests hold the reader and the writer against.

    oracle.py write DIR          every kind of file, each X beside X.expected: its tensors, plain, in safetensors by hand
    oracle.py compare A B        whether torch.load(A) holds exactly what the safetensors file B does
"""
import argparse
import collections
import json
import struct
import sys

import torch

NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def raw(tensor):
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.view(torch.int16)
    return tensor.numpy().tobytes()


def write_safetensors(path, tensors, metadata=None):
    header, data = ({
  "__metadata__" : metadata} if metadata else {}), b""
    for name, tensor in tensors.items():
        bytes_ = raw(tensor)
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    with open(path, "rb") as file:
        bytes_ = file.read()
    size = struct.unpack("<Q", bytes_[:8])[0]
    header = json.loads(bytes_[8:8 + size])
    header.pop("__metadata__", None)
    types = {name: dtype for dtype, name in NAMES.items()}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        piece = bytearray(bytes_[8 + size + begin:8 + size + end])
        tensors[name] = (torch.frombuffer(piece, dtype=types[entry["dtype"]]) if piece
                         else torch.empty(0, dtype=types[entry["dtype"]])).reshape(entry["shape"])
    return tensors


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.bn = torch.nn.BatchNorm2d(4)
        self.block = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2, bias=False))

    def forward(self, x):
        return self.block(self.bn(self.conv(x)).mean([2, 3]))


def write(folder):
    torch.manual_seed(1)
    net = Net()
    state = net.state_dict()

    def put(name, what, expected=state, **how):
        torch.save(what, f"{folder}/{name}", **how)
        write_safetensors(f"{folder}/{name}.expected", expected)

    old = {"_use_new_zipfile_serialization": False}
    put("state_dict", state)
    put("legacy", state, **old)
    for protocol in (3, 4):
        put(f"protocol{protocol}", state, pickle_protocol=protocol)
        put(f"legacy_protocol{protocol}", state, pickle_protocol=protocol, **old)
    wrapped = collections.OrderedDict(("module." + name, tensor) for name, tensor in state.items())
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    state = net.state_dict()
    wrapped = collections.OrderedDict(("module." + name, tensor) for name, tensor in state.items())
    put("nested", {"epoch": 3, "args": argparse.Namespace(lr=0.1), "best": 0.5, "state_dict": wrapped,
                   "optimizer": optimizer.state_dict()}, wrapped)
    put("nested_legacy", {"model": state, "optimizer": optimizer.state_dict()}, state, **old)
    put("deeper", {"checkpoint": {"net": state}, "tag": "x"}, state)
    put("whole_module", net, state)
    put("whole_module_legacy", {"model": net, "epoch": 1}, state, **old)
    kinds = {str(dtype)[6:]: torch.arange(-3, 9).reshape(3, 4).to(dtype) for dtype in NAMES}
    kinds["scalar"] = torch.tensor(5)
    kinds["empty"] = torch.zeros(0, 4)
    put("kinds", kinds, kinds)
    put("kinds_legacy", kinds, kinds, **old)
    base = torch.arange(24.0).reshape(2, 3, 4)
    views = {"whole": base, "turned": base.permute(2, 0, 1), "part": base[1, 1:, ::2], "tied": base, "row": base[0, 2],
             "spread": base[0, 0, :1].expand(5, 1), "parameter": torch.nn.Parameter(base[0])}
    put("views", views, views)
    put("views_legacy", views, views, **old)
    last = net.eval()
    torch.jit.script(last).save(f"{folder}/scripted")
    write_safetensors(f"{folder}/scripted.expected", state)
    torch.jit.trace(last, torch.randn(1, 3, 8, 8)).save(f"{folder}/traced")
    write_safetensors(f"{folder}/traced.expected", state)
#What has no network in it, or more than one.
    torch.save([torch.ones(2)], f"{folder}/list")
    torch.save(torch.ones(2), f"{folder}/single")
    torch.save({"generator": state, "discriminator": dict(state)}, f"{folder}/several")
    torch.save({"q": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "w": torch.ones(1)}, f"{folder}/quantized")
    torch.save({"c": torch.ones(3, dtype=torch.complex64)}, f"{folder}/complex")


def compare(pth, safetensors):
    ours, wanted = torch.load(pth), read_safetensors(safetensors)
    if not isinstance(ours, collections.OrderedDict) or list(ours) != sorted(wanted):
        return f"other names: {list(ours)} and {list(wanted)}"
    for name, tensor in wanted.items():
        if ours[name].dtype != tensor.dtype or ours[name].shape != tensor.shape or raw(ours[name]) != raw(tensor):
            return f"{name} differs"
    return None


if sys.argv[1] == "write":
    write(sys.argv[2])
else:
    fault = compare(sys.argv[2], sys.argv[3])
    print(fault or "equal")
    sys.exit(1 if fault else 0)
