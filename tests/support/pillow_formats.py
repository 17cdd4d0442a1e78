"""Small images of the formats that Pillow reads and often does not write in every kind; see pillow_oracle.py."""
import struct

from PIL import Image


def chunks_of(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def bmp(width, height, bits, rows, palette=b"", compression=0, masks=b"", header=40, top_down=False):
    """A BMP; `rows`: packed rows from the lowest, or run-length encoded data."""
    if header == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, compression, len(rows), 0, 0,
                           len(palette) // 4, 0)
    behind = head + masks + palette
    return b"BM" + struct.pack("<IHHI", 14 + len(behind) + len(rows), 0, 0, 14 + len(behind)) + behind + rows


def padded(rows):
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def tiff(width, height, bits, photometric, data, order="<", extra=None, planes=1, samples=1, tags=(), tile=None):
    """An uncompressed TIFF of one strip, or of one tile after another; `data`: the strips or tiles."""
    kinds = {1: "B", 3: "H", 4: "I"}
    entries = [(256, 3, [width]), (257, 3, [height]), (258, 3, [bits] * samples), (259, 3, [1]), (262, 3, [photometric]),
               (277, 3, [samples]), (284, 3, [planes])]
    entries += [(322, 3, [tile]), (323, 3, [tile])] if tile else [(278, 3, [height])]
    entries += [(338, 3, [extra])] if extra is not None else []
    entries += list(tags)
    at, places = 8, []
    for piece in data:
        places.append(at)
        at += len(piece)
    entries += [(324, 4, places), (325, 4, [len(d) for d in data])] if tile else [(273, 4, places), (279, 4, [len(d) for d in data])]
    entries.sort()
    directory, beyond = struct.pack(order + "H", len(entries)), b""
    start = at + 2 + 12 * len(entries) + 4
    for tag, kind, values in entries:
        packed = struct.pack(order + str(len(values)) + kinds[kind], *values)
        if len(packed) > 4:
            value = struct.pack(order + "I", start + len(beyond))
            beyond += packed
        else:
            value = packed.ljust(4, b"\0")
        directory += struct.pack(order + "HHI", tag, kind, len(values)) + value
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "I", at) + b"".join(data) + directory + bytes(4) + beyond


def write_all(folder, rng, picture):
    """Writes them; gives the names of those whose grey has more than 8 bits."""

    def random(count):
        return bytes(rng.randrange(256) for _ in range(count))

    def save(name, image, **options):
        image.save(folder / name, **options)

    def put(name, data):
        (folder / name).write_bytes(data)

    def exif(orientation):
        tags = Image.Exif()
        tags[0x0112] = orientation
        return tags

    rgb, grey, rgba = picture("RGB", 61, 47), picture("L", 45, 52), picture("RGBA", 47, 44)
    save("lossy.webp", rgb, quality=80)
    save("lossless.webp", rgb, lossless=True)
    save("lossy_alpha.webp", rgba, quality=70)
    save("lossless_alpha.webp", rgba, lossless=True, exact=True)
    save("exif6.webp", rgb, exif=exif(6))
    save("animated.webp", rgb, save_all=True, append_images=[picture("RGB", 61, 47)])
    palette = rgb.quantize(19)
    save("palette.gif", palette)
    save("straight.gif", palette, interlace=0)
    save("clear.gif", rgb.quantize(256), transparency=3)
    save("grey.gif", grey)
    save("animated.gif", palette, save_all=True, append_images=[picture("RGB", 61, 47).quantize(9)])
    # A first frame that does not cover the canvas, with a palette of its own and none for the canvas.
    def frame(flags, colours, clear=b""):
        codes = bytes([0x8c, 0x2d, 0x99, 0x87, 0x2a, 0x1c, 0xdc, 0x33, 0xa0, 0x02, 0x75, 0xec, 0x95, 0xfa, 0xa8, 0xde, 0x60, 0x8c, 0x04, 0x91, 0x4c, 0x01])
        return (b"GIF89a" + struct.pack("<HHBBB", 42, 41, 0, 0, 0) + clear + b"," + struct.pack("<HHHHB", 5, 7, 10, 10, flags)
                + colours + b"\x02" + bytes([len(codes)]) + codes + b"\0;")
    colours = random(12)
    put("part.gif", frame(0x81, colours))
    put("part_clear.gif", frame(0x81, colours, b"!\xf9\x04\x01\0\0\x02\0"))
    put("no_palette.gif", frame(0, b""))

    for mode in ("1", "L", "RGB", "RGBA"):
        save(f"{mode}.bmp".lower(), {"1": grey.convert("1"), "L": grey, "RGB": rgb, "RGBA": rgba}[mode])
    save("palette.bmp", rgb.quantize(200))
    four = random(64)
    put("four.bmp", bmp(43, 41, 4, padded(chunks_of(random(22 * 41), 22)), four))
    put("four_short.bmp", bmp(43, 41, 4, padded(chunks_of(random(22 * 41), 22)), four[:20]))
    put("two.bmp", bmp(43, 41, 1, padded(chunks_of(random(6 * 41), 6)), four[:8]))
    put("555.bmp", bmp(43, 41, 16, padded(chunks_of(random(86 * 41), 86))))
    put("565.bmp", bmp(43, 41, 16, padded(chunks_of(random(86 * 41), 86)), compression=3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
    put("xbgr.bmp", bmp(43, 41, 32, random(172 * 41), compression=3, masks=struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00)))
    put("top_down.bmp", bmp(43, 41, 24, padded(chunks_of(random(129 * 41), 129)), top_down=True))
    put("os2.bmp", bmp(43, 41, 8, padded(chunks_of(random(43 * 41), 43)), random(768), header=12))
    runs = b"".join(bytes([20, rng.randrange(256), 0, 3, 7, 8, 9, 0, 20, rng.randrange(256), 0, 0]) for _ in range(40))
    put("rle8.bmp", bmp(43, 41, 8, runs + bytes([5, 9, 0, 2, 38, 0, 0, 1]), random(1024), compression=1))
    runs = b"".join(bytes([21, rng.randrange(256), 0, 4, 0x12, 0x34, 18, rng.randrange(256), 0, 0]) for _ in range(41))
    put("rle4.bmp", bmp(43, 41, 4, runs + bytes([0, 1]), random(64), compression=2))

    inks = picture("CMYK", 44, 45)
    for name, image, packed in (("raw", rgb, None), ("lzw", rgb, "tiff_lzw"), ("deflate", rgb, "tiff_adobe_deflate"), ("packbits", rgba, "packbits"),
                                ("jpeg", rgb, "jpeg"), ("grey_lzw", grey, "tiff_lzw"), ("grey_alpha", picture("LA", 45, 41), None),
                                ("fax", grey.convert("1"), "group4"), ("palette", rgb.quantize(77), "tiff_lzw"), ("inks", inks, "tiff_lzw")):
        save(f"{name}.tif", image, **({"compression": packed} if packed else {}))
    for orientation in (3, 6, 7):
        save(f"turned{orientation}.tif", rgb, tiffinfo={274: orientation})
    save("pages.tiff", rgb, save_all=True, append_images=[grey])
    put("colours16.tif", tiff(43, 41, 16, 2, [random(43 * 41 * 6)], samples=3))
    put("colours16_big.tif", tiff(43, 41, 16, 2, [random(43 * 41 * 6)], order=">", samples=3))
    put("alpha16.tif", tiff(43, 41, 16, 2, [random(43 * 41 * 8)], samples=4, extra=2))
    put("premultiplied.tif", tiff(43, 41, 8, 2, [random(43 * 41 * 4)], samples=4, extra=1))
    put("planes.tif", tiff(43, 41, 8, 2, [random(43 * 41) for _ in range(3)], samples=3, planes=2))
    put("tiles.tif", tiff(43, 41, 8, 2, [random(32 * 32 * 3) for _ in range(4)], samples=3, tile=32))
    for bits in (1, 2, 4, 8):
        for photometric in (0, 1):
            put(f"grey{bits}_{photometric}.tif", tiff(43, 41, bits, photometric, [random((43 * bits + 7) // 8 * 41)]))
    put("palette4.tif", tiff(43, 41, 4, 3, [random(22 * 41)], tags=[(320, 3, [rng.randrange(65536) for _ in range(48)])]))

    def numbers(count, most):
        return " ".join(str(rng.randrange(most + 1)) for _ in range(count)).encode()

    put("plain.pbm", b"P1 # a comment\n43 41\n" + numbers(43 * 41, 1).replace(b" ", b""))
    put("plain.pgm", b"P2\n43 41 # another\n100\n" + numbers(43 * 41, 100))
    put("plain.ppm", b"P3\n43\n41 255\n" + numbers(43 * 41 * 3, 255) + b"\n")
    save("bits.pbm", grey.convert("1"))
    save("grey.pgm", grey)
    save("colour.ppm", rgb)
    put("most.pgm", b"P5 43 41 77\n" + random(43 * 41))
    put("most.ppm", b"P6 43 41 1000\n" + struct.pack(">5289H", *[rng.randrange(1001) for _ in range(5289)]))
    put("deep.pgm", b"P5 43 41 65535\n" + random(43 * 41 * 2))
    put("deep.tif", tiff(43, 41, 16, 1, [random(43 * 41 * 2)]))
    put("deep_big.tif", tiff(43, 41, 16, 1, [random(43 * 41 * 2)], order=">"))
    return {"deep.pgm", "deep.tif", "deep_big.tif"}
