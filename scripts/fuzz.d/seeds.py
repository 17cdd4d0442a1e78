"""Writes small honest files for the fuzzers to begin with: seeds.py FOLDER"""
import gzip
import json
import pathlib
import struct
import sys
import zipfile

folder = pathlib.Path(sys.argv[1])


def put(target, name, data):
    path = folder / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def tensor(key):
    return (b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu")
            + b"K\x04tQK\x00K\x02K\x02\x86K\x02K\x01\x86\x89ccollections\nOrderedDict\n)RtR")


state = b"ccollections\nOrderedDict\n)R(" + text("conv.weight") + tensor("0") + text("conv.bias") + tensor("0") + b"u"
pickles = {
    "state": b"\x80\x02" + state + b".",
    "nested": b"\x80\x02}q\x00(" + text("epoch") + b"K\x03" + text("state_dict") + state + text("args")
              + b"cargparse\nNamespace\n)\x81}" + text("lr") + b"G\x3f\xb9\x99\x99\x99\x99\x99\x9asbu.",
    "module": b"\x80\x02c__torch__.Net\nM\n)\x81}(" + text("weight") + tensor("0") + text("inner")
              + b"c__torch__.Net\nN\n)\x81}" + text("bias") + tensor("0") + b"sbub.",
    "parameter": b"\x80\x02}" + text("w") + b"ctorch._utils\n_rebuild_parameter\n(" + tensor("0")
                 + b"\x88ccollections\nOrderedDict\n)RtRs.",
    "protocol4": b"\x80\x04\x95\x08\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01\x8f\x90u.",
    "protocol0": b"(dp0\nS'a'\np1\nI01\nsV\nL3L\ns.",
}
data = struct.pack("<4f", 1, 2, 3, 4)
head = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}" + text("little_endian") + b"\x88s."
for name, pickle in pickles.items():
    put("pickle", name, pickle)
    path = folder / "weights" / (name + ".zip")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", pickle)
        archive.writestr("a/data/0", data)
        if name == "module":
            archive.writestr("a/constants.pkl", b"\x80\x02).")
    put("weights", name + ".legacy", head + pickle + b"\x80\x02](" + text("0") + b"e." + struct.pack("<q", 4) + data)
header = json.dumps({"__metadata__": {"a": "b"}, "w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
                     "b": {"dtype": "I64", "shape": [], "data_offsets": [16, 24]}}).encode()
put("weights", "two.safetensors", struct.pack("<Q", len(header)) + header + data + bytes(8))


def meta(*sizes):
    return {"dtype": 7, "sizes": [{"as_int": size} if size else {"as_expr": {"expr_str": "Symbol('s0', positive=True)"}} for size in sizes],
            "strides": [{"as_int": 1} for _ in sizes], "storage_offset": {"as_int": 0}, "layout": 7}


def named(name):
    return {"as_tensor": {"name": name}}


graph = json.dumps({"schema_version": {"major": 8, "minor": 17}, "graph_module": {
    "graph": {"inputs": [], "outputs": [named("y")], "sym_int_values": {"n": {"as_expr": {"expr_str": "4*s0 // 2"}}},
              "tensor_values": {"x": meta(0, 2), "w": meta(2, 2), "y": meta(0, 2)},
              "nodes": [{"target": "torch.ops.aten.sym_size.int", "inputs": [{"name": "self", "arg": named("x")}, {"name": "dim", "arg": {"as_int": 0}}],
                         "outputs": [{"as_sym_int": {"as_name": "n"}}], "metadata": {}},
                        {"target": "torch.ops.aten.linear.default", "inputs": [{"name": "input", "arg": named("x")}, {"name": "weight", "arg": named("w")},
                         {"name": "bias", "arg": {"as_none": True}}, {"name": "z", "arg": {"as_sym_ints": [{"as_name": "n"}, {"as_int": -1}]}}],
                         "outputs": [named("y")], "metadata": {"nn_module_stack": "L__self__,,a.B;L__self__fc,fc,torch.nn.Linear"}}]},
    "signature": {"input_specs": [{"parameter": {"arg": {"name": "w"}, "parameter_name": "fc.weight"}}, {"user_input": {"arg": named("x")}}],
                  "output_specs": [{"user_output": {"arg": named("y")}}]}}})
put("graph", "linear.json", graph.encode())
config = json.dumps({"config": {"fc.weight": {"path_name": "weight_0", "is_param": True, "use_pickle": False, "tensor_meta": meta(2, 2)}}})
with zipfile.ZipFile(folder / "weights" / "new.pt2", "w") as archive:
    archive.writestr("a/archive_format", "pt2")
    archive.writestr("a/models/model.json", graph)
    archive.writestr("a/data/weights/model_weights_config.json", config)
    archive.writestr("a/data/weights/weight_0", data)
with zipfile.ZipFile(folder / "weights" / "old.pt2", "w") as archive:
    archive.writestr("serialized_exported_program.json", graph)
    archive.write(folder / "weights" / "state.zip", "serialized_state_dict.pt")
idx = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 2, 2) + bytes(8)
put("idx", "images", idx)
put("idx", "packed", gzip.compress(idx))
put("idx", "labels", bytes([0, 0, 8, 1]) + struct.pack(">I", 3) + bytes(3))
put("cifar", "ten", bytes([0]) + bytes(2 * 3073))
put("cifar", "hundred", bytes([1]) + bytes(2 * 3074))
