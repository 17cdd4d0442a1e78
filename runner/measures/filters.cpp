#include "measures/filters.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <png.h>

#include <algorithm>
#include <cmath>

#include "cambium/error.h"

namespace cambium::measures {
namespace {

constexpr std::int64_t kLeastPixels = 16;
constexpr int kBackground = 0;

}  // namespace

at::Tensor filter_grid(const at::Tensor& filters, std::int64_t scale) {
  at::Tensor f = filters.to(at::kDouble);
  if (f.size(1) != 3) f = f.mean(1, true);
  const auto count = f.size(0), channels = f.size(1), height = f.size(2), width = f.size(3);
  const at::Tensor flat = f.reshape({count, -1});
  const at::Tensor low = flat.amin({1}, true), span = flat.amax({1}, true) - low;
  const at::Tensor shades = ((flat - low) / at::where(span > 0, span, at::ones_like(span)) * 255).round();
  const at::Tensor tiles = shades.to(at::kByte).view({count, channels, height, width}).permute({0, 2, 3, 1});
  if (scale <= 0) scale = std::max<std::int64_t>(1, (kLeastPixels + width - 1) / width);
  const at::Tensor large = tiles.repeat_interleave(scale, 1).repeat_interleave(scale, 2);

  const auto columns = std::int64_t(std::ceil(std::sqrt(double(count)))), rows = (count + columns - 1) / columns;
  const std::int64_t gap = scale, down = height * scale + gap, across = width * scale + gap;
  at::Tensor grid = at::full({rows * down + gap, columns * across + gap, channels}, kBackground, at::kByte);
  for (std::int64_t i = 0; i < count; ++i)
    grid.narrow(0, gap + i / columns * down, height * scale)
        .narrow(1, gap + i % columns * across, width * scale)
        .copy_(large[i]);
  return grid;
}

std::string png(const at::Tensor& image) {
  const at::Tensor pixels = image.contiguous();
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.height = png_uint_32(pixels.size(0));
  header.width = png_uint_32(pixels.size(1));
  header.format = pixels.size(2) == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&header, bytes.data(), &size, 0, pixels.data_ptr(), 0, nullptr))
    throw Error(ErrorKind::System, std::string("the picture cannot be made: ") + header.message,
                "a fault of libpng or of Cambium");
  bytes.resize(size);
  return bytes;
}

}  // namespace cambium::measures
