#include <ATen/ops/equal.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <algorithm>

#include "builtin.h"
#include "cambium/files.h"
#include "engine/data/geometry/geometry.h"

namespace cambium::test {
namespace {

TEST(RealPhotographs, OfAntsAndBeesHaveTheirPublishedCounts) {
  const auto root = real_data("hymenoptera");
  if (root.empty()) GTEST_SKIP() << "the real data is not beside this checkout";
  const auto data = make_dataset("image_folder", {{"root", root.string()}});
  EXPECT_EQ(data->info().classes, (std::vector<std::string>{"ants", "bees"}));
  EXPECT_EQ(class_counts(*data, Split::Train), (std::vector<std::int64_t>{123, 121}));
  EXPECT_EQ(class_counts(*data, Split::Test), (std::vector<std::int64_t>{70, 83}));
}

TEST(RealPhotographs, ComeOutAsTheReferencesInput) {
  const auto root = real_data("hymenoptera");
  const auto reference = real_data("../weights/parity");
  if (root.empty() || reference.empty()) GTEST_SKIP() << "the real data and weights are not beside this checkout";
  const auto bytes = read_bytes(reference / "parity.pth");
  const auto parity = torch::jit::pickle_load(std::vector<char>(bytes.begin(), bytes.end())).toGenericDict();
  const at::Tensor expected = parity.at("input_u8_hwc").toTensor().permute({2, 0, 1});
  const auto data = make_dataset("image_folder", {{"root", root.string()}});
  const auto& files = data->info().files;  // train, then what serves as test
  const auto found = std::find_if(files.begin(), files.end(), [](const auto& file) {
    return file.filename() == "1032546534_06907fe3b3.jpg" && file.parent_path().parent_path().filename() == "val";
  });
  ASSERT_NE(found, files.end());
  const auto index = found - files.begin() - std::int64_t(data->labels(Split::Train).size());
  EXPECT_TRUE(at::equal(plain(data->image(Split::Test, index), {{256}, 224}), expected));
}

}  // namespace
}  // namespace cambium::test
