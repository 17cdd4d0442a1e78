"""Writes an image and what torchvision's functions on uint8 tensors make of it.

    torchvision_oracle.py FOLDER

FOLDER/image and one file an operation, each 3 x 23 x 31 bytes.
"""
import sys
from pathlib import Path

import torch
from torchvision.transforms import functional as F

folder = Path(sys.argv[1])
generator = torch.Generator().manual_seed(3)
image = torch.randint(0, 256, (3, 23, 31), dtype=torch.uint8, generator=generator)
image[:, :4] = image[:1, :4]  # some grey ones
for name, result in {
    "image": image,
    "brightness": F.adjust_brightness(image, 1.37),
    "contrast": F.adjust_contrast(image, 0.61),
    "saturation": F.adjust_saturation(image, 1.83),
    "hue": F.adjust_hue(image, -0.21),
    "rotation": F.rotate(image, 33.0),
}.items():
    (folder / name).write_bytes(result.contiguous().numpy().tobytes())
