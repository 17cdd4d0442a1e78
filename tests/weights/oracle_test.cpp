// The reader and the writer against PyTorch itself.

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <array>
#include <cstring>
#include <utility>

#include "support.h"
#include "weights/weights_file.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Oracle : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    python_ = python_with_torch();
    written_ = !python_.empty() && oracle(python_, "write " + folder_->path().string()) == 0;
  }
  static void TearDownTestSuite() { delete folder_; }
  void SetUp() override {
    if (python_.empty()) GTEST_SKIP() << "python3-torch is not installed";
    ASSERT_TRUE(written_) << "the oracle failed";
  }
  static std::filesystem::path file(const std::string& name) { return folder_->path() / name; }
  static std::string refusal(const std::string& name) {
    return refusal_of(name, [&] { read_weights(file(name)); });
  }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string python_;
  static inline bool written_ = false;
};

TEST_F(Oracle, ReadsWhatPyTorchWrites) {
  for (const char* name : {"state_dict", "legacy", "protocol3", "protocol4", "legacy_protocol3", "legacy_protocol4",
                           "nested", "nested_legacy", "deeper", "whole_module", "whole_module_legacy", "kinds",
                           "kinds_legacy", "views", "views_legacy", "scripted", "traced"}) {
    SCOPED_TRACE(name);
    try {
      expect_same(read_weights(file(name)).tensors, read_weights(file(name + std::string(".expected"))).tensors);
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST_F(Oracle, TellsTheFormatAndWhatItLeftAlone) {
  const WeightsFile legacy(file("legacy")), scripted(file("scripted"));
  EXPECT_EQ(legacy.index().format, WeightsFormat::Legacy);
  EXPECT_EQ(scripted.index().format, WeightsFormat::TorchScript);
  const WeightsFile nested(file("nested"));
  EXPECT_EQ(nested.index().format, WeightsFormat::Zip);
  EXPECT_THAT(nested.index().opaque, ElementsAre("epoch", "args", "best", "optimizer"));
}

TEST_F(Oracle, NamesWhatHoldsNoNetwork) {
  EXPECT_THAT(refusal("list"), HasSubstr("a list, which gives its tensors no names"));
  EXPECT_THAT(refusal("single"), HasSubstr("a single tensor without a name"));
  const WeightsFile several(file("several"));
  EXPECT_THAT(several.index().places, ElementsAre("generator", "discriminator"));
  EXPECT_THAT(refusal("complex"), HasSubstr("ComplexFloatStorage, a type of number that is not read"));
  const WeightsFile quantized(file("quantized"));
  EXPECT_THAT(quantized.index().opaque, ElementsAre("q"));
}

TEST_F(Oracle, RefusesItsFilesCutShortAnywhere) {
  for (const char* name : {"state_dict", "nested_legacy", "scripted"}) {
    std::ifstream in(file(name), std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    const std::vector<std::uint8_t> bytes(whole.begin(), whole.end());
    for (std::size_t size = 0; size < whole.size(); size += 13)
      ASSERT_NE(refusal_of("cut", [&] { index_weights("cut", std::span(bytes).first(size)); }), "no error")
          << name << ", " << size << " of " << whole.size();
  }
}

/// A flipped bit may change a number; it may not do anything else than that or be refused.
TEST_F(Oracle, SurvivesAnyByteChanged) {
  constexpr std::array kFlips = {0x80, 0x01, 0x7f};
  for (const char* name : {"views", "views_legacy", "scripted"}) {
    std::ifstream in(file(name), std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    std::vector<std::uint8_t> bytes(whole.begin(), whole.end());
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (const int flip : kFlips) {
        const std::uint8_t before = std::exchange(bytes[at], std::uint8_t(bytes[at] ^ flip));
        try {
          for (const StoredTensor& tensor : index_weights("changed", bytes).tensors)
            ASSERT_LE(tensor.begin, bytes.size());
        } catch (const Error& error) {
          ASSERT_EQ(error.kind(), ErrorKind::Data);
        }
        bytes[at] = before;
      }
  }
}

TEST_F(Oracle, WritesWhatPyTorchReads) {
  TensorFile ours;
  for (at::ScalarType type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort,
                              at::kChar, at::kByte, at::kBool})
    ours.tensors[std::string("t.") + c10::toString(type)] = at::arange(6).reshape({2, 3}).to(type);
  ours.tensors["scalar"] = at::full({}, 5, at::kLong);
  ours.tensors["empty"] = at::zeros({0, 4});
  ours.tensors["turned"] = at::arange(6).to(at::kFloat).reshape({2, 3}).t();
  write_pth(file("ours.pth"), ours.tensors);
  write_safetensors(file("ours.safetensors"), ours);
  EXPECT_EQ(oracle(python_, "compare " + file("ours.pth").string() + " " + file("ours.safetensors").string()), 0);
  expect_same(read_weights(file("ours.pth")).tensors, read_weights(file("ours.safetensors")).tensors);
  // What differs is told: the oracle does not just say yes.
  ours.tensors["scalar"] = at::full({}, 6, at::kLong);
  write_safetensors(file("ours.safetensors"), ours);
  EXPECT_NE(oracle(python_, "compare " + file("ours.pth").string() + " " + file("ours.safetensors").string()), 0);
}

TEST_F(Oracle, PutsEachTensorAtAMultipleOf64Bytes) {
  write_pth(file("aligned.pth"), {{"a", at::zeros({3})}, {"b.longer.name", at::zeros({5})}});
  const WeightsFile aligned(file("aligned.pth"));
  for (const StoredTensor& tensor : aligned.index().tensors) EXPECT_EQ(tensor.begin % 64, 0u) << tensor.name;
}

}  // namespace
}  // namespace cambium::test
