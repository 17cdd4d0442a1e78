#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <tuple>

#include "builtin.h"
#include "cambium/files.h"
#include "engine/data/geometry/channels.h"
#include "engine/data/geometry/geometry.h"
#include "support/oracle.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;

/// What the oracle wrote, as uint8 [3, H, W].
at::Tensor expected(const fs::path& path) {
  const auto bytes = read_bytes(path);
  std::int32_t size[2];
  std::memcpy(size, bytes.data(), sizeof size);
  at::Tensor image = at::empty({size[0], size[1], 3}, at::kByte);
  std::memcpy(image.data_ptr(), bytes.data() + sizeof size, bytes.size() - sizeof size);
  return image.permute({2, 0, 1});
}

/// Images of every kind in one class folder, and what Pillow makes of them.
class Pillow : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    fs::create_directories(folder_->path() / "images" / "all");
    there_ = run_oracle("pillow_oracle.py", "PIL", folder_->path() / "images" / "all");
  }
  static void TearDownTestSuite() { delete folder_; }
  void SetUp() override {
    if (!there_) GTEST_SKIP() << "Debian's python3-pil is not there to compare with";
  }

  /// Calls `look` with each image, as the data set gives it, and its path.
  template <class Look>
  static void each(bool exif, Look look) {
    const fs::path root = folder_->path() / "images";
    const auto data = make_dataset("image_folder", {{"root", root.string()}, {"test_part", 0.0}, {"exif", exif}});
    static const std::set<std::string> kMade = {".rgb",        ".up",        ".crop",       ".odd",
                                                ".cubic_crop", ".cubic_odd", ".cubic_wide", ".cubic_tall",
                                                ".cubic_tiny", ".grey"};
    std::set<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(root / "all"))
      if (kMade.count(entry.path().extension()) == 0) paths.insert(entry.path());
    ASSERT_EQ(paths.size(), 108u);
    ASSERT_EQ(data->labels(Split::Train).size(), paths.size());
    std::int64_t index = 0;
    for (const fs::path& path : paths) look(data->image(Split::Train, index++), path.string());
  }

  static TemporaryFolder* folder_;
  static bool there_;
};
TemporaryFolder* Pillow::folder_ = nullptr;
bool Pillow::there_ = false;

TEST_F(Pillow, DecodesEveryKindOfImageToTheSameBytes) {
  each(false, [](const at::Tensor& image, const std::string& path) {
    EXPECT_TRUE(at::equal(image, expected(path + ".rgb"))) << path;
  });
}

TEST_F(Pillow, TurnsImagesUprightAlike) {
  each(true, [](const at::Tensor& image, const std::string& path) {
    EXPECT_TRUE(at::equal(image, expected(path + ".up"))) << path;
  });
}

TEST_F(Pillow, ResizesAndCropsToTheSameBytes) {
  each(false, [](const at::Tensor& image, const std::string& path) {
    EXPECT_TRUE(at::equal(plain(image, {{40}, 33}), expected(path + ".crop"))) << path;
    EXPECT_TRUE(at::equal(plain(image.contiguous(), {{40}, 33}), expected(path + ".crop"))) << path << ", by planes";
    for (const at::Tensor& as : {image, image.contiguous()}) {
      at::Tensor odd = at::empty({3, 29, 31}, at::kByte);
      resize_part(view_of(as), 29, 31, {0, 0, 29, 31}, Interpolation::Bilinear, odd.data_ptr<std::uint8_t>());
      EXPECT_TRUE(at::equal(odd, expected(path + ".odd"))) << path;
    }
  });
}

TEST_F(Pillow, ComputesAPartOfAResizedImageAsOfTheWhole) {
  each(false, [](const at::Tensor& image, const std::string& path) {
    at::Tensor part = at::empty({3, 7, 11}, at::kByte);
    resize_part(view_of(image), 29, 31, {20, 3, 7, 11}, Interpolation::Bilinear, part.data_ptr<std::uint8_t>());
    EXPECT_TRUE(at::equal(part, expected(path + ".odd").narrow(1, 20, 7).narrow(2, 3, 11))) << path;
  });
}

TEST_F(Pillow, ResizesBicubicallyUpAndDownToTheSameBytes) {
  each(false, [](const at::Tensor& image, const std::string& path) {
    for (const auto& [end, width, height] : {std::tuple{".cubic_odd", 31, 29}, std::tuple{".cubic_wide", 200, 20},
                                             std::tuple{".cubic_tall", 17, 150}, std::tuple{".cubic_tiny", 3, 2}}) {
      const Geometry how{{0, width, height}, 0, Interpolation::Bicubic};
      EXPECT_TRUE(at::equal(plain(image, how), expected(path + end))) << path << end;
      EXPECT_TRUE(at::equal(plain(image.contiguous(), how), expected(path + end))) << path << end << ", by planes";
    }
    EXPECT_TRUE(at::equal(plain(image, {{40}, 33, Interpolation::Bicubic}), expected(path + ".cubic_crop"))) << path;
    at::Tensor part = at::empty({3, 7, 11}, at::kByte);
    resize_part(view_of(image), 29, 31, {20, 3, 7, 11}, Interpolation::Bicubic, part.data_ptr<std::uint8_t>());
    EXPECT_TRUE(at::equal(part, expected(path + ".cubic_odd").narrow(1, 20, 7).narrow(2, 3, 11))) << path;
  });
}

TEST_F(Pillow, ResizesToAWidthAndAHeightToTheSameBytes) {
  each(false, [](const at::Tensor& image, const std::string& path) {
    EXPECT_TRUE(at::equal(plain(image, {{0, 31, 29}}), expected(path + ".odd"))) << path;
  });
}

TEST_F(Pillow, TurnsColourIntoGreyToTheSameBytes) {
  each(false, [](const at::Tensor& image, const std::string& path) {
    const at::Tensor grey = expected(path + ".grey").narrow(0, 0, 1);
    EXPECT_TRUE(at::equal(in_channels(image, 1), grey)) << path;
    EXPECT_TRUE(at::equal(in_channels(image.contiguous(), 1), grey)) << path << ", by planes";
    EXPECT_TRUE(at::equal(in_channels(image.unsqueeze(0), 1), grey.unsqueeze(0))) << path << ", in a batch";
  });
}

}  // namespace
}  // namespace cambium::test
