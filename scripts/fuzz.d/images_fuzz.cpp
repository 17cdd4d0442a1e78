// libFuzzer target: every format of image, by its first bytes; turned by EXIF too.
#include "cambium/error.h"
#include "decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cambium;
  DecodeOptions how;
  how.exif = true;
  try {
    const at::Tensor pixels = decode_image({data, size}, how).pixels;
    if (pixels.dim() != 3 || pixels.size(0) != 3 || pixels.numel() == 0) __builtin_trap();
    std::size_t sum = 0;
    const at::Tensor flat = pixels.contiguous();
    for (std::int64_t i = 0; i < flat.numel(); ++i) sum += flat.data_ptr<std::uint8_t>()[i];
    static volatile std::size_t kept;
    kept = sum;
  } catch (const Error&) {
  }
  return 0;
}
