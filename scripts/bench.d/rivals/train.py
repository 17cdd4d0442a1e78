"""Trains what train.toml trains, as a good PyTorch script does: images in memory as normalised tensors, no data loader.

    python3 train.py        prints the seconds of training and test, without start-up and data
"""
import time

import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)
WIDTH, EPOCHS, BATCH, LR = 8, 20, 16, 0.05
images, labels = torch.randn(200, 3, 32, 32), torch.arange(200) % 8
test_images, test_labels = torch.randn(800, 3, 32, 32), torch.arange(800) % 8


def conv(inputs, outputs, pool):
    layers = [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return layers + [nn.MaxPool2d(2)] if pool else layers


def dense(inputs, outputs):
    return [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True)]


start = time.perf_counter()
model = nn.Sequential(
    *conv(3, WIDTH, True), *conv(WIDTH, 2 * WIDTH, True), *conv(2 * WIDTH, 4 * WIDTH, False), *conv(4 * WIDTH, 4 * WIDTH, False),
    *conv(4 * WIDTH, 4 * WIDTH, True), nn.Flatten(), *dense(4 * WIDTH * 16, 8 * WIDTH), *dense(8 * WIDTH, 8 * WIDTH),
    nn.Linear(8 * WIDTH, 8),
)
optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
steps = -(-len(images) // BATCH)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * steps)
for epoch in range(EPOCHS):
    model.train()
    loss_sum = right = 0
    for rows in torch.randperm(len(images)).split(BATCH):
        x, y = images[rows], labels[rows]
        logits = model(x)
        loss = nn.functional.cross_entropy(logits, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        loss_sum += loss.item() * len(rows)
        right += (logits.argmax(1) == y).sum().item()
model.eval()
with torch.inference_mode():
    accuracy = sum((model(x).argmax(1) == y).sum().item() for x, y in zip(test_images.split(256), test_labels.split(256))) / 800
print(time.perf_counter() - start)
