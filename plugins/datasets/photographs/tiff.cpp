#include <fmt/format.h>
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <memory>

#include "decode.h"

namespace cambium {
namespace {

/// A file in memory, as libtiff reads it, and the first thing that it complained of.
struct Input {
  Bytes file;
  std::size_t at = 0;
  std::string error;
};

Input& input_of(thandle_t handle) { return *static_cast<Input*>(handle); }

tmsize_t read_input(thandle_t handle, void* to, tmsize_t count) {
  Input& input = input_of(handle);
  const std::size_t there =
      std::min(std::size_t(std::max<tmsize_t>(count, 0)), input.file.size() - std::min(input.at, input.file.size()));
  if (there > 0) std::memcpy(to, input.file.data() + input.at, there);
  input.at += there;
  return tmsize_t(there);
}

toff_t seek_input(thandle_t handle, toff_t to, int from) {
  Input& input = input_of(handle);
  const std::size_t base = from == SEEK_CUR ? input.at : from == SEEK_END ? input.file.size() : 0;
  return input.at = base + std::size_t(to);
}

void keep_error(thandle_t handle, const char*, const char* format, std::va_list arguments) {
  if (!handle || !input_of(handle).error.empty()) return;
  std::array<char, 512> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  input_of(handle).error = text.data();
}

using Tiff = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

Tiff open_tiff(Input& input) {
  // For the whole process: nobody else in it uses libtiff.
  static const bool once = [] {
    TIFFSetErrorHandler(nullptr);
    TIFFSetWarningHandler(nullptr);
    TIFFSetErrorHandlerExt(keep_error);
    return true;
  }();
  (void)once;
  const auto no_write = [](thandle_t, void*, tmsize_t) -> tmsize_t { return 0; };
  const auto close = [](thandle_t) { return 0; };
  const auto size = [](thandle_t handle) -> toff_t { return input_of(handle).file.size(); };
  return {TIFFClientOpen("image", "rm", &input, read_input, no_write, seek_input, close, size, nullptr, nullptr),
          TIFFClose};
}

[[noreturn]] void fail(const Input& input) {
  damaged("is a damaged TIFF image" + (input.error.empty() ? "" : ": " + input.error));
}

struct Layout {
  std::uint32_t width = 0, height = 0;
  std::uint16_t bits = 1, samples = 1, photometric = PHOTOMETRIC_MINISWHITE, planes = PLANARCONFIG_CONTIG;
  std::uint16_t orientation = ORIENTATION_TOPLEFT;
  bool premultiplied = false;  ///< colours by their alpha, the sample after them
  int colours = 1;             ///< samples that are colours or inks
};

/// What is read of the kinds of TIFF that there are. Throws for the others, by name.
Layout layout_of(TIFF* tiff) {
  Layout layout;
  if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout.width) ||
      !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout.height))
    damaged("is a damaged TIFF image: it does not say how large it is");
  check_size(layout.height, layout.width);
  std::uint16_t format = SAMPLEFORMAT_UINT, compression = COMPRESSION_NONE, extras = 0, *kinds = nullptr;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout.bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout.samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &layout.planes);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extras, &kinds);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &layout.orientation);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric);
  if (layout.photometric == PHOTOMETRIC_YCBCR) {
    if (compression != COMPRESSION_JPEG || layout.planes != PLANARCONFIG_CONTIG)
      not_read("is a TIFF image of luma and chroma that is not packed as JPEG");
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    layout.photometric = PHOTOMETRIC_RGB;
  }
  const bool grey = layout.photometric == PHOTOMETRIC_MINISBLACK || layout.photometric == PHOTOMETRIC_MINISWHITE,
             palette = layout.photometric == PHOTOMETRIC_PALETTE, inks = layout.photometric == PHOTOMETRIC_SEPARATED;
  if (!grey && !palette && !inks && layout.photometric != PHOTOMETRIC_RGB)
    not_read(fmt::format("is a TIFF image of an unusual kind of colours ({})", layout.photometric));
  if (format != SAMPLEFORMAT_UINT || layout.bits > 16)
    not_read(fmt::format("is a TIFF image of {} bits a sample{}", layout.bits,
                         format == SAMPLEFORMAT_IEEEFP ? ", floating-point numbers" : ""));
  const bool fits = layout.bits == 8 || (layout.bits == 16 && !palette) ||
                    ((grey || palette) && (layout.bits == 1 || layout.bits == 2 || layout.bits == 4)) ||
                    (grey && layout.bits == 12);
  if (!fits) not_read(fmt::format("is a TIFF image of {} bits a sample", layout.bits));
  layout.colours = grey || palette ? 1 : inks ? 4 : 3;
  if (layout.samples < layout.colours || layout.samples > 16)
    not_read(fmt::format("is a TIFF image of {} samples a pixel", layout.samples));
  layout.premultiplied = extras > 0 && kinds && kinds[0] == EXTRASAMPLE_ASSOCALPHA && layout.samples > layout.colours;
  return layout;
}

/// A plane's rows, packed as they are in the file.
struct Plane {
  std::size_t row = 0;  ///< bytes
  std::vector<std::uint8_t> bytes;

  /// The sample at `index` of row `y`.
  std::uint32_t sample(std::size_t y, std::size_t index, unsigned bits) const {
    const std::uint8_t* from = bytes.data() + y * row;
    if (bits == 8) return from[index];
    if (bits == 16) {
      std::uint16_t value = 0;  // libtiff gives them in this machine's order
      std::memcpy(&value, from + 2 * index, sizeof value);
      return value;
    }
    const std::size_t bit = index * bits;
    std::uint32_t word = std::uint32_t(from[bit / 8]) << 8;
    if (bit % 8 + bits > 8) word |= from[bit / 8 + 1];
    return word >> (16 - bits - bit % 8) & ((1U << bits) - 1);
  }
};

/// A width in samples as bytes.
std::size_t row_bytes(std::size_t samples, unsigned bits) { return (samples * bits + 7) / 8; }

Plane read_plane(TIFF* tiff, const Layout& layout, std::uint16_t which, Input& input) {
  const std::size_t each = layout.planes == PLANARCONFIG_CONTIG ? layout.samples : 1;
  Plane plane{row_bytes(layout.width * each, layout.bits), {}};
  plane.bytes.resize(plane.row * layout.height);
  // A little more than one piece may have, since a head that lies could ask for all memory.
  const auto piece_of = [&](tmsize_t bytes) {
    if (bytes <= 0 || std::size_t(bytes) > 4 * plane.bytes.size() + (std::size_t{1} << 26)) fail(input);
    return std::vector<std::uint8_t>(std::size_t(bytes));
  };
  if (!TIFFIsTiled(tiff)) {
    std::uint32_t rows = layout.height;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    rows = std::clamp<std::uint32_t>(rows, 1, layout.height);
    const std::size_t packed = std::size_t(TIFFScanlineSize(tiff));
    if (packed < plane.row) fail(input);
    std::vector<std::uint8_t> piece = piece_of(TIFFStripSize(tiff));
    for (std::uint32_t y = 0; y < layout.height; y += rows) {
      const std::uint32_t count = std::min(rows, layout.height - y);
      const tmsize_t got =
          TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, y, which), piece.data(), tmsize_t(piece.size()));
      if (got < tmsize_t(packed * count)) fail(input);
      for (std::uint32_t r = 0; r < count; ++r)
        std::memcpy(plane.bytes.data() + (y + r) * plane.row, piece.data() + r * packed, plane.row);
    }
    return plane;
  }
  std::uint32_t width = 0, height = 0;
  if (!TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width) || !TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height) ||
      width == 0 || height == 0 || width * each * layout.bits % 8 != 0)
    fail(input);
  const std::size_t tile_row = row_bytes(width * each, layout.bits);
  std::vector<std::uint8_t> piece = piece_of(TIFFTileSize(tiff));
  if (piece.size() < tile_row * height) fail(input);
  for (std::uint32_t y = 0; y < layout.height; y += height)
    for (std::uint32_t x = 0; x < layout.width; x += width) {
      if (TIFFReadTile(tiff, piece.data(), x, y, 0, which) < 0) fail(input);
      const std::size_t left = row_bytes(x * each, layout.bits), bytes = std::min(tile_row, plane.row - left);
      for (std::uint32_t r = 0; r < std::min(height, layout.height - y); ++r)
        std::memcpy(plane.bytes.data() + (y + r) * plane.row + left, piece.data() + r * tile_row, bytes);
    }
  return plane;
}

Palette palette_of(TIFF* tiff, const Layout& layout) {
  Palette palette = grey_palette();
  std::uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue)) damaged("is a damaged TIFF image: it has no palette");
  for (std::size_t i = 0; i < std::size_t{1} << layout.bits; ++i)
    palette[i] = {std::uint8_t(red[i] >> 8), std::uint8_t(green[i] >> 8), std::uint8_t(blue[i] >> 8)};
  return palette;
}

}  // namespace

bool is_tiff(Bytes file) {
  using namespace std::string_view_literals;
  return starts(file, "II*\0"sv) || starts(file, "MM\0*"sv) || starts(file, "II+\0"sv) || starts(file, "MM\0+"sv);
}

Picture decode_tiff(Bytes file, const DecodeOptions& how) {
  Input input{file, 0, {}};
  const Tiff tiff = open_tiff(input);
  if (!tiff) fail(input);
  const Layout layout = layout_of(tiff.get());
  if (how.head_only) return {};
  std::vector<Plane> planes;
  const std::uint16_t count = layout.planes == PLANARCONFIG_CONTIG ? 1 : layout.samples;
  for (std::uint16_t p = 0; p < count; ++p) planes.push_back(read_plane(tiff.get(), layout, p, input));
  const auto sample = [&](std::size_t y, std::size_t x, std::size_t s) {
    return count == 1 ? planes[0].sample(y, x * layout.samples + s, layout.bits) : planes[s].sample(y, x, layout.bits);
  };
  const std::uint32_t most = (1U << layout.bits) - 1;
  const bool white = layout.photometric == PHOTOMETRIC_MINISWHITE;
  Picture picture;
  if (layout.colours == 1 && layout.bits > 8) {
    std::vector<std::uint16_t> levels;
    for (std::size_t y = 0; y < layout.height; ++y)
      for (std::size_t x = 0; x < layout.width; ++x)
        levels.push_back(std::uint16_t(white ? most - sample(y, x, 0) : sample(y, x, 0)));
    picture = deep_grey(levels, layout.height, layout.width, how);
  } else {
    const Palette palette = layout.photometric == PHOTOMETRIC_PALETTE ? palette_of(tiff.get(), layout) : grey_palette();
    const bool numbers = layout.photometric == PHOTOMETRIC_PALETTE;
    at::Tensor image = canvas(layout.height, layout.width);
    auto* to = image.data_ptr<std::uint8_t>();
    for (std::size_t y = 0; y < layout.height; ++y)
      for (std::size_t x = 0; x < layout.width; ++x, to += 3) {
        std::array<std::uint8_t, 8> values{};  // inks and alpha need five
        const int read = layout.colours + (layout.premultiplied ? 1 : 0);
        for (int s = 0; s < read; ++s) {
          const std::uint32_t value = sample(y, x, std::size_t(s));
          values[std::size_t(s)] = std::uint8_t(numbers || layout.bits == 8 ? value
                                                : layout.bits == 16         ? value >> 8
                                                                            : value * 255 / most);
        }
        if (layout.premultiplied)
          for (int s = 0; s < layout.colours; ++s) {
            const int alpha = values[std::size_t(layout.colours)];
            auto& value = values[std::size_t(s)];
            value = alpha > 0 ? std::uint8_t(std::min(255, 255 * value / alpha)) : std::uint8_t(0);
          }
        if (white) values[0] = std::uint8_t(255 - values[0]);
        if (layout.colours == 4)
          put_inks(values.data(), to);
        else if (layout.colours == 3)
          std::copy_n(values.data(), 3, to);
        else
          std::copy_n(palette[values[0]].data(), 3, to);
      }
    picture = picture_of(image);
  }
  // Pillow turns these upright, asked or not.
  picture.pixels = upright(std::move(picture.pixels), layout.orientation);
  picture.more = TIFFLastDirectory(tiff.get()) == 0;
  return picture;
}

}  // namespace cambium
