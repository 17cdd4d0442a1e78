#include "weights/torch/tensor_file.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "cambium/error.h"
#include "cambium/files.h"
#include "support/temporary_folder.h"

namespace cambium {
namespace {

using ::testing::HasSubstr;

/// A file by hand: header length, header, data.
std::string bytes_of(const std::string& header, const std::string& data = {}) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

class Safetensors : public ::testing::Test {
 protected:
  std::string refusal(const std::string& bytes) {
    const auto path = folder_.write("x.safetensors", bytes);
    try {
      read_safetensors(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Data);
      EXPECT_THAT(error.message(), HasSubstr("x.safetensors"));
      EXPECT_FALSE(error.hint().empty());
      return error.message();
    }
    return "no error";
  }
  test::TemporaryFolder folder_;
};

TEST_F(Safetensors, ReadsAFileMadeByHand) {
  const float values[] = {1.5F, -2, 3};
  const std::string data(reinterpret_cast<const char*>(values), sizeof values);
  const auto path = folder_.write(
      "x", bytes_of(R"({"__metadata__":{"who":"me"},"w":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}  )", data));
  const TensorFile file = read_safetensors(path);
  EXPECT_EQ(file.metadata.at("who"), "me");
  ASSERT_EQ(file.tensors.size(), 1u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(file.tensors.at("w").data_ptr<float>()[i], values[i]);
}

TEST_F(Safetensors, WritesWhatItReads) {
  TensorFile file;
  for (at::ScalarType type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort,
                              at::kChar, at::kByte, at::kBool})
    file.tensors[std::string("t") + c10::toString(type)] = at::arange(6).reshape({2, 3}).to(type);
  file.tensors["scalar"] = at::full({}, 5, at::kLong);
  file.tensors["empty"] = at::zeros({0, 4});
  file.tensors["turned"] = at::arange(6).to(at::kFloat).reshape({2, 3}).t();
  file.metadata = {{"a", "\"quoted\" ü"}, {"b", ""}};
  const auto path = folder_.path() / "y.safetensors";
  const std::string hash = write_safetensors(path, file);
  EXPECT_EQ(hash, sha256_file(path));
  const TensorFile back = read_safetensors(path, hash);
  EXPECT_EQ(back.metadata, file.metadata);
  ASSERT_EQ(back.tensors.size(), file.tensors.size());
  for (const auto& [name, tensor] : file.tensors) {
    EXPECT_EQ(back.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(back.tensors.at(name), tensor)) << name;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1)
      << "nothing under another name is left";
}

TEST_F(Safetensors, StartsItsDataAtAMultipleOfEight) {
  for (const char* name : {"w", "ww", "www", "wwww"}) {
    write_safetensors(folder_.path() / "z", {{{name, at::zeros({2})}}, {}});
    std::ifstream in(folder_.path() / "z", std::ios::binary);
    std::uint64_t length = 0;
    in.read(reinterpret_cast<char*>(&length), 8);
    EXPECT_EQ(length % 8, 0u);
  }
}

TEST_F(Safetensors, RefusesWhatIsCutShortAnywhere) {
  write_safetensors(folder_.path() / "whole", {{{"a", at::zeros({3})}, {"b", at::zeros({2, 2})}}, {{"k", "v"}}});
  std::ifstream in(folder_.path() / "whole", std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(refusal(whole.substr(0, size)), "no error") << size << " of " << whole.size();
}

TEST_F(Safetensors, BelievesNoHeader) {
  const std::string data(16, '\0');
  const auto entry = [&](const std::string& body) { return refusal(bytes_of(R"({"w":)" + body + "}", data)); };
  EXPECT_THAT(refusal(bytes_of("not json")), HasSubstr("header"));
  EXPECT_THAT(refusal(bytes_of("[1]")), HasSubstr("header"));
  EXPECT_THAT(refusal(std::string(8, '\xff') + "{}"), HasSubstr("header has"));
  EXPECT_THAT(entry("3"), HasSubstr("tensor w"));
  EXPECT_THAT(entry(R"({"dtype":"F8","shape":[4],"data_offsets":[0,16]})"),
              HasSubstr("keeps tensor w as F8 (8-bit floating point), a type of number that is not read"));
  EXPECT_THAT(entry(R"({"dtype":"F32","shape":4,"data_offsets":[0,16]})"), HasSubstr("tensor w no shape"));
  EXPECT_THAT(entry(R"({"dtype":"F32","shape":[-4],"data_offsets":[0,16]})"), HasSubstr("tensor w no shape"));
  EXPECT_THAT(entry(R"({"dtype":"F32","shape":[4],"data_offsets":[0]})"), HasSubstr("tensor w no offsets"));
  EXPECT_THAT(entry(R"({"dtype":"F32","shape":[4],"data_offsets":[16,0]})"), HasSubstr("tensor w past"));
  EXPECT_THAT(entry(R"({"dtype":"F32","shape":[5],"data_offsets":[0,20]})"), HasSubstr("tensor w past"));
  EXPECT_THAT(entry(R"({"dtype":"F32","shape":[3],"data_offsets":[0,16]})"),
              HasSubstr("tensor w 16 bytes, and its shape needs 12"));
  EXPECT_THAT(entry(R"({"dtype":"F32","shape":[281474976710656,281474976710656],"data_offsets":[0,16]})"),
              HasSubstr("tensor w a size that cannot be"));
  EXPECT_THAT(entry(R"({"dtype":"F32","shape":[0,281474976710656,281474976710656],"data_offsets":[0,0]})"),
              HasSubstr("tensor w a size that cannot be"));
}

TEST_F(Safetensors, RefusesTensorsThatOverlap) {
  EXPECT_THAT(
      refusal(bytes_of(
          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
          std::string(12, '\0'))),
      HasSubstr("tensors a and b overlap"));
}

TEST_F(Safetensors, HoldsTheFileAgainstItsHash) {
  const auto path = folder_.path() / "w";
  write_safetensors(path, {{{"a", at::zeros({3})}}, {}});
  EXPECT_THROW(read_safetensors(path, std::string(64, '0')), Error);
}

TEST_F(Safetensors, NamesAFileThatIsNotThere) {
  try {
    read_safetensors(folder_.path() / "absent");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("absent"));
  }
}

}  // namespace
}  // namespace cambium
