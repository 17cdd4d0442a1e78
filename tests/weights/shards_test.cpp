#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include "cambium/files.h"
#include "support.h"
#include "weights/weights_file.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

class Shards : public ::testing::Test {
 protected:
  void SetUp() override {
    write_safetensors(folder_.path() / "one.safetensors",
                      TensorFile{{{"a", at::full({2}, 1.0)}, {"b", at::zeros({3})}}, {}});
    write_pth(folder_.path() / "two.bin", {{"c", at::full({1}, 5.0)}});
  }
  std::filesystem::path index(const std::string& map) {
    return folder_.write("model.json", R"({"metadata":{"total_size":1},"weight_map":)" + map + "}");
  }
  std::string refusal(const std::string& map) {
    return refusal_of("model.json", [&] { read_weights(index(map)); });
  }
  TemporaryFolder folder_;
};

TEST_F(Shards, AreOneNetwork) {
  const auto path = index(R"({"a":"one.safetensors","c":"two.bin"})");
  const TensorFile file = read_weights(path, WeightsFile(path).sha256());
  ASSERT_EQ(file.tensors.size(), 2u);  // b is in no map
  EXPECT_EQ(file.tensors.at("a")[1].item<double>(), 1);
  EXPECT_EQ(file.tensors.at("c")[0].item<double>(), 5);
}

TEST_F(Shards, AreAllInTheHash) {
  const auto path = index(R"({"a":"one.safetensors","c":"two.bin"})");
  const std::string before = WeightsFile(path).sha256();
  write_pth(folder_.path() / "two.bin", {{"c", at::full({1}, 6.0)}});
  EXPECT_NE(WeightsFile(path).sha256(), before);
  EXPECT_THAT(refusal_of("model.json", [&] { read_weights(path, before); }), HasSubstr("SHA-256"));
  EXPECT_EQ(WeightsFile(folder_.path() / "two.bin").sha256(), sha256_file(folder_.path() / "two.bin"));
}

TEST_F(Shards, LieBesideTheirIndex) {
  EXPECT_THAT(refusal(R"({"a":"../one.safetensors"})"), HasSubstr("tensor a into a file that is not beside it"));
  EXPECT_THAT(refusal(R"({"a":"/etc/passwd"})"), HasSubstr("not beside it"));
  EXPECT_THAT(refusal(R"({"a":3})"), HasSubstr("not beside it"));
  EXPECT_THAT(refusal(R"({"z":"one.safetensors"})"), HasSubstr("tensor z is in one.safetensors, and it is not there"));
  EXPECT_THAT(refusal("3"), HasSubstr("weight_map"));
  EXPECT_THAT(refusal_of("absent", [&] { read_weights(index(R"({"a":"absent"})")); }), HasSubstr("No such file"));
}

}  // namespace
}  // namespace cambium::test
