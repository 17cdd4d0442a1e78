#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "cambium/files.h"
#include "decode.h"
#include "engine/data/geometry/geometry.h"

/// Decodes, resizes to 256 and crops to 224 JPEGs on one core, and lets Pillow do the same in the same run.
///
///     images_bench FOLDER      a folder with .jpg files, for instance of 500x375 pixels
using namespace cambium;

namespace {

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

/// Milliseconds a file, the best of some rounds.
template <class Work>
double milliseconds(const std::vector<std::vector<std::uint8_t>>& files, Work work) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const double start = processor_seconds();
    for (const auto& file : files) work(file);
    best = std::min(best, (processor_seconds() - start) / double(files.size()) * 1e3);
  }
  return best;
}

constexpr const char* kPillow = R"python(
import glob, io, sys, time
import numpy
from PIL import Image
files = [open(f, "rb").read() for f in sorted(glob.glob(sys.argv[1] + "/**/*.jpg", recursive=True))[:200]]
def work(data):
    image = Image.open(io.BytesIO(data)).convert("RGB")
    w, h = image.size
    image = image.resize((256, int(256 * h / w)) if w <= h else (int(256 * w / h), 256), Image.BILINEAR)
    x, y = int(round((image.width - 224) / 2.0)), int(round((image.height - 224) / 2.0))
    return numpy.ascontiguousarray(numpy.asarray(image.crop((x, y, x + 224, y + 224))).transpose(2, 0, 1))
best = 1e9
for _ in range(5):
    start = time.process_time()
    for data in files: work(data)
    best = min(best, (time.process_time() - start) / len(files) * 1e3)
print(best)
)python";

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::puts("images_bench FOLDER");
    return 2;
  }
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[1]))
    if (entry.path().extension() == ".jpg") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  if (paths.size() > 200) paths.resize(200);
  std::vector<std::vector<std::uint8_t>> files;
  for (const auto& path : paths) files.push_back(read_bytes(path));

  const double decode = milliseconds(files, [](const auto& file) { decode_image(file, {}); });
  const double all = milliseconds(files, [](const auto& file) { plain(decode_image(file, {}).pixels, {{256}, 224}); });
  RandomStream random(1, "bench");
  const double cut = milliseconds(files, [&](const auto& file) {
    const at::Tensor image = decode_image(file, {}).pixels;
    cut_out(image, draw_box(image.size(1), image.size(2), {224}, random), 224, Interpolation::Bilinear);
  });
  fmt::print(
      "{} files: decode {:.2f} ms, decode, resize and crop {:.2f} ms, decode and random resized crop {:.2f} ms\n",
      files.size(), decode, all, cut);
  std::fflush(stdout);

  const auto script = std::filesystem::temp_directory_path() / "cambium-images-bench.py";
  write_file(script, std::string_view(kPillow));
  const std::string command = fmt::format("/usr/bin/python3 {} '{}'", script.string(), arguments[1]);
  if (FILE* pipe = ::popen(command.c_str(), "r")) {
    double pillow = 0;
    if (std::fscanf(pipe, "%lf", &pillow) == 1)
      fmt::print("Pillow: {:.2f} ms; {:.2f} times its rate on one core\n", pillow, pillow / all);
    ::pclose(pipe);
  }
  std::filesystem::remove(script);
}
