"""Sweep a as the tutorial has it: a DataLoader, the whole network forward in every epoch, test images after each.

    python3 course_page.py STUDY.toml --data ROOT      prints {"epoch": seconds of one}: the second of two, so that start-up is not in it
"""
import json
import time

import torch
import torchvision
from torchvision import transforms

from common import MEAN, STD, Study, arguments
from imagenet import network

study = Study(arguments())
root = study.path(study.data["root"])
prepare = transforms.Compose([transforms.Resize(study.data["resize"]), transforms.CenterCrop(study.data["center_crop"]), transforms.ToTensor(),
                              transforms.Normalize(MEAN.tolist(), STD.tolist())])
loaders = {split: torch.utils.data.DataLoader(torchvision.datasets.ImageFolder(root / split, prepare), batch_size=study.train["batch"],
                                              shuffle=split == "train") for split in ("train", "val")}
net = network(study.stage["backbone"], study.path(study.stage["init"]["file"]))
for name, parameter in net.named_parameters():
    parameter.requires_grad = name.startswith("fc.")
optimizer = torch.optim.SGD(net.fc.parameters(), lr=0.001, momentum=study.train["momentum"])
for epoch in range(2):
    start = time.perf_counter()
    for split, loader in loaders.items():
        net.train(split == "train")
        for x, y in loader:
            with torch.set_grad_enabled(split == "train"):
                loss = torch.nn.functional.cross_entropy(net(x), y)
            if split == "train":
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    spent = time.perf_counter() - start
print(json.dumps({"epoch": spent}))
