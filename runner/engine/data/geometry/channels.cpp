#include "engine/data/geometry/channels.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include "cambium/error.h"

namespace cambium {
namespace {

/// uint8 [3, H, W] of any strides, into [H, W].
void to_grey(const at::Tensor& image, std::uint8_t* out) {
  constexpr std::uint32_t kRed = 19595, kGreen = 38470, kBlue = 7471, kHalf = 0x8000;  // of 2^16
  const std::uint8_t* data = image.data_ptr<std::uint8_t>();
  const std::int64_t plane = image.stride(0), row = image.stride(1), pixel = image.stride(2);
  for (std::int64_t y = 0; y < image.size(1); ++y)
    for (std::int64_t x = 0; x < image.size(2); ++x) {
      const std::uint8_t* from = data + y * row + x * pixel;
      *out++ = std::uint8_t((from[0] * kRed + from[plane] * kGreen + from[2 * plane] * kBlue + kHalf) >> 16);
    }
}

}  // namespace

at::Tensor in_channels(const at::Tensor& images, std::int64_t channels) {
  const std::int64_t own = images.size(-3), height = images.size(-2), width = images.size(-1);
  if (own == channels) return images;
  auto sizes = images.sizes().vec();
  sizes[sizes.size() - 3] = channels;
  if (own == 1) return images.expand(sizes);
  if (own != 3 || channels != 1)
    throw Error(ErrorKind::Data, fmt::format("images of {} channels cannot become ones of {}", own, channels),
                "channels = 3 is for grey images, channels = 1 for those of three channels");
  at::Tensor grey = at::empty(sizes, at::kByte);
  const at::Tensor all = images.dim() == 3 ? images.unsqueeze(0) : images;
  for (std::int64_t i = 0; i < all.size(0); ++i)
    to_grey(all.select(0, i), grey.data_ptr<std::uint8_t>() + i * height * width);
  return grey;
}

}  // namespace cambium
