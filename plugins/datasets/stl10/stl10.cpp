#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cambium/files.h"
#include "cambium/plugin.h"
#include "files/folder_with.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSide = 96, kPlane = kSide * kSide, kPixels = 3 * kPlane;
constexpr std::size_t kClasses = 10;

[[noreturn]] void fail(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::Data, message, hint);
}

std::vector<std::uint8_t> read(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    fail(path.string() + ": there is no such file",
         "unpack stl10_binary.tar.gz and give as root the folder of train_X.bin, train_y.bin, test_X.bin, test_y.bin");
  return read_bytes(path);
}

/// The lines of class_names.txt, else the numbers from 1 that the labels are published as.
std::vector<std::string> class_names(const fs::path& root, std::vector<fs::path>& files) {
  std::vector<std::string> names;
  const fs::path path = root / "class_names.txt";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    for (std::size_t i = 1; i <= kClasses; ++i) names.push_back(std::to_string(i));
    return names;
  }
  const std::vector<std::uint8_t> bytes = read_bytes(path, 1 << 20);
  std::istringstream text(std::string(bytes.begin(), bytes.end()));
  for (std::string name; text >> name;) names.push_back(name);
  if (names.size() != kClasses)
    fail(fmt::format("{}: holds {} names; STL-10 has {} classes", path.string(), names.size(), kClasses),
         "fetch the file again, or remove it to have numbers for names");
  files.push_back(path);
  return names;
}

/// STL-10 (Coates, Lee, Ng 2011) in its binary form. The images without labels are not read.
class Stl10 : public MemoryDataset {
 public:
  explicit Stl10(const Params& params) {
    const fs::path given = params.string("root");
    const fs::path root = files::folder_with(given, [](const fs::path& folder) {
      std::error_code ignored;
      return fs::exists(folder / "train_X.bin", ignored);
    });
    DatasetInfo info;
    info.notes = files::note_of(given, root);
    info.shape = {3, kSide, kSide};
    info.classes = class_names(root, info.files);
    set_info(info);
    Sha256 hash;
    hash.add("STL-10\n");
    // What the classes are called, where a file says it: networks are tested, and classes picked, by their names.
    if (!info.files.empty()) hash.add(fmt::format("{}\n", fmt::join(info.classes, "\n")));
    for (const Split split : {Split::Train, Split::Test}) {
      const std::string name = to_string(split);
      const fs::path images = root / (name + "_X.bin"), labels = root / (name + "_y.bin");
      const std::vector<std::uint8_t> pixels = read(images), numbers = read(labels);
      check(images, pixels, labels, numbers);
      hash.add(fmt::format("{}\n", numbers.size())).add(pixels).add(numbers);
      set_split(split, upright(pixels), from_zero(numbers));
      info.files.push_back(images);
      info.files.push_back(labels);
    }
    info.fingerprint = hash.hex();
    set_info(std::move(info));
  }

 private:
  static void check(const fs::path& images, const std::vector<std::uint8_t>& pixels, const fs::path& labels,
                    const std::vector<std::uint8_t>& numbers) {
    if (pixels.empty() || pixels.size() % std::size_t(kPixels) != 0)
      fail(fmt::format("{}: holds {} bytes, which is no whole number of images of {} bytes", images.string(),
                       pixels.size(), kPixels),
           "fetch the file again");
    const std::size_t count = pixels.size() / std::size_t(kPixels);
    if (numbers.size() != count)
      fail(
          fmt::format("{}: {} labels for the {} images of {}", labels.string(), numbers.size(), count, images.string()),
          "fetch both files again, from one place");
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (numbers[i] < 1 || numbers[i] > kClasses)
        fail(fmt::format("{}: image {} has the label {}; expected 1 to {}", labels.string(), i, numbers[i], kClasses),
             "fetch the file again");
  }

  /// The files hold each plane column by column.
  static at::Tensor upright(const std::vector<std::uint8_t>& pixels) {
    const auto count = std::int64_t(pixels.size()) / kPixels;
    at::Tensor images = at::empty({count, 3, kSide, kSide}, at::kByte);
    auto* to = images.data_ptr<std::uint8_t>();
    for (const std::uint8_t* plane = pixels.data(); plane != pixels.data() + pixels.size(); plane += kPlane)
      for (std::int64_t y = 0; y < kSide; ++y)
        for (std::int64_t x = 0; x < kSide; ++x) *to++ = plane[x * kSide + y];
    return images;
  }

  static std::vector<std::int64_t> from_zero(const std::vector<std::uint8_t>& numbers) {
    std::vector<std::int64_t> labels;
    for (const std::uint8_t number : numbers) labels.push_back(number - 1);
    return labels;
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("stl10", "1", registry) {
  using namespace cambium;
  registry.add_dataset(
      "stl10", "STL-10: 96 x 96 colour images of 10 classes, 5000 to train on and 8000 to test",
      Schema().path("root", std::nullopt, "folder of train_X.bin, train_y.bin, test_X.bin and test_y.bin"),
      [](const Params& params) { return std::make_unique<Stl10>(params); });
}
