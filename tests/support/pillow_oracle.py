"""Writes small images of every kind, and what Pillow makes of them.

    pillow_oracle.py FOLDER

NAME.rgb: open(...).convert("RGB"); NAME.up: the same, upright by EXIF; NAME.crop: Resize(40) and CenterCrop(33) by
torchvision's rules; NAME.odd: resized to 29 x 31; NAME.cubic_...: the same by bicubic, up and down; NAME.grey: as
convert("L") has it. Each is height and width (int32), then RGB bytes. Of grey of 16 bits, which convert("RGB") cuts off
at 255, the upper 8 are taken.
"""
import random
import struct
import sys
import zlib
from pathlib import Path

from PIL import Image, ImageOps

import pillow_formats

folder = Path(sys.argv[1])
rng = random.Random(5)


def picture(mode, width, height):
    """Smooth shapes with some noise: what a photograph has for a decoder."""
    size = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    base = Image.frombytes(mode, (7, 5), bytes(rng.randrange(256) for _ in range(35 * size)))
    image = base.resize((width, height), Image.BICUBIC)
    noise = Image.frombytes(mode, (width, height), bytes(rng.randrange(256) for _ in range(width * height * size)))
    return Image.blend(image, noise, 0.2)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def interlaced(image):
    """An Adam7 PNG, which Pillow reads but does not write."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x0, y0, dx, dy in passes:
        for y in range(y0, image.height, dy):
            row = b"".join(bytes(image.getpixel((x, y))) for x in range(x0, image.width, dx))
            raw += b"\0" + row if row else b""
    head = struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def deep(width, height, colour_type, channels):
    """A PNG of 16 bits a channel."""
    raw = b"".join(b"\0" + bytes(rng.randrange(256) for _ in range(width * channels * 2)) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def save(name, image, **options):
    image.save(folder / name, **options)


save("wide420.jpg", picture("RGB", 101, 67), quality=90, subsampling=2)
save("tall422.jpg", picture("RGB", 59, 83), quality=75, subsampling=1)
save("tall444.jpg", picture("RGB", 50, 111), quality=60, subsampling=0)
save("small.jpg", picture("RGB", 13, 17), quality=95)
save("one.jpg", picture("RGB", 1, 3), quality=95)
save("exact.jpg", picture("RGB", 40, 40), quality=85)
save("progressive.jpg", picture("RGB", 77, 64), quality=80, progressive=True)
save("grey.jpg", picture("L", 61, 45), quality=80)
save("cmyk.jpg", picture("CMYK", 53, 47), quality=90)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(f"exif{orientation}.jpg", picture("RGB", 48, 41), quality=80, exif=exif)
save("rgb.png", picture("RGB", 71, 43))
save("rgba.png", picture("RGBA", 44, 52))
save("grey.png", picture("L", 45, 61))
save("grey_alpha.png", picture("LA", 45, 41))
save("one_bit.png", picture("L", 43, 44).convert("1"))
save("palette.png", picture("RGB", 63, 41).quantize(17))
save("palette_clear.png", picture("RGB", 63, 41).quantize(200), transparency=3)
(folder / "interlaced.png").write_bytes(interlaced(picture("RGB", 42, 59)))
(folder / "deep_grey.png").write_bytes(deep(41, 43, 0, 1))
(folder / "deep_rgb.png").write_bytes(deep(43, 41, 2, 3))
(folder / "deep_rgba.png").write_bytes(deep(43, 41, 6, 4))
# Numbers beyond the end of the palette; and files that end before their end marker, or in the checksum before it.
beyond = picture("L", 41, 43)
head = struct.pack(">IIBBBBB", 41, 43, 8, 3, 0, 0, 0)
rows = b"".join(b"\0" + beyond.tobytes()[41 * y : 41 * y + 41] for y in range(43))
whole = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"PLTE", bytes(range(9, 99))) + chunk(b"IDAT", zlib.compress(rows))
         + chunk(b"IEND", b""))
(folder / "palette_short.png").write_bytes(whole)
for missing in (1, 3, 12, 14, 16):
    (folder / f"without{missing}.png").write_bytes(whole[:-missing])
    (folder / f"interlaced_without{missing}.png").write_bytes(interlaced(picture("RGB", 42, 59))[:-missing])
deep_ones = {"deep_grey.png"} | pillow_formats.write_all(folder, rng, picture)


def put(path, image):
    path.write_bytes(struct.pack("<ii", image.height, image.width) + image.tobytes())


def resized(image, side, how=Image.BILINEAR):
    w, h = image.size
    if w <= h:
        return image.resize((side, int(side * h / w)), how)
    return image.resize((int(side * w / h), side), how)


def center_cropped(image, side):
    x, y = int(round((image.width - side) / 2.0)), int(round((image.height - side) / 2.0))
    return image.crop((x, y, x + side, y + side))


def upper_byte(image):
    """Of a grey image of 16 bits."""
    levels = [int(level) >> 8 for level in image.getdata()]
    grey = Image.new("L", image.size)
    grey.putdata(levels)
    return grey.convert("RGB")


for path in sorted(folder.iterdir()):
    image = Image.open(path)
    # Pillow turns a TIFF upright whenever it opens it, so nothing is left to be done.
    turned = image if image.format == "TIFF" else ImageOps.exif_transpose(image)
    convert = upper_byte if path.name in deep_ones else lambda of: of.convert("RGB")
    put(path.with_suffix(path.suffix + ".up"), convert(turned))
    image = convert(Image.open(path))
    put(path.with_suffix(path.suffix + ".rgb"), image)
    put(path.with_suffix(path.suffix + ".crop"), center_cropped(resized(image, 40), 33))
    put(path.with_suffix(path.suffix + ".odd"), image.resize((31, 29), Image.BILINEAR))
    put(path.with_suffix(path.suffix + ".cubic_crop"), center_cropped(resized(image, 40, Image.BICUBIC), 33))
    for name, size in (("odd", (31, 29)), ("wide", (200, 20)), ("tall", (17, 150)), ("tiny", (3, 2))):
        put(path.with_suffix(path.suffix + ".cubic_" + name), image.resize(size, Image.BICUBIC))
    put(path.with_suffix(path.suffix + ".grey"), image.convert("L").convert("RGB"))
