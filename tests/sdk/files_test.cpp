#include "cambium/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "cambium/error.h"
#include "support/temporary_folder.h"

namespace cambium {
namespace {

using ::testing::HasSubstr;

std::string message(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_FALSE(error.hint().empty());
    return error.message();
  }
  return "";
}

std::string gzip(const std::string& text) {
  std::string packed(text.size() + 100, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = uInt(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = uInt(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string text(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

class Files : public ::testing::Test {
 protected:
  test::TemporaryFolder folder_;
};

TEST_F(Files, AreUnpackedByContentNotByName) {
  const std::string long_text(1'000'000, 'x');
  EXPECT_EQ(text(read_bytes(folder_.write("plain.gz", "hello"))), "hello");
  EXPECT_EQ(text(read_bytes(folder_.write("packed", gzip(long_text)))), long_text);
  EXPECT_EQ(text(read_bytes(folder_.write("members", gzip("one ") + gzip("two")))), "one two");
  EXPECT_EQ(text(read_bytes(folder_.write("empty", ""))), "");
}

TEST_F(Files, DamagedOnesSayWhatIsWrong) {
  const std::string packed = gzip("some text that is long enough to be cut");
  EXPECT_THAT(message([&] { read_bytes(folder_.write("cut", packed.substr(0, packed.size() / 2))); }),
              HasSubstr("cut: the gzip data is cut short"));
  std::string bad = packed;
  bad[12] ^= 0x55;
  EXPECT_THAT(message([&] { read_bytes(folder_.write("bad", bad)); }), HasSubstr("bad: the gzip data is "));
  EXPECT_THAT(message([&] { read_bytes(folder_.path() / "none"); }), HasSubstr("none: No such file"));
  EXPECT_THAT(message([&] { read_bytes(folder_.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(message([&] { read_bytes(folder_.write("bomb", gzip(std::string(100000, 'x'))), 1000); }),
              HasSubstr("unpacks to more than 1000 bytes"));
}

TEST_F(Files, AreWrittenWholeOrNotAtAll) {
  const auto path = folder_.path() / "file";
  write_file(path, "one");
  write_file(path, "two");
  EXPECT_EQ(text(read_bytes(path)), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
  EXPECT_THAT(message([&] { write_file(folder_.path() / "no" / "file", "x"); }),
              HasSubstr("No such file or directory"));
}

TEST_F(Files, HashAsPublished) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_file(folder_.write("abc", "abc")), sha256("abc"));
  EXPECT_EQ(Sha256().add("a").add("bc").hex(), sha256("abc"));
}

TEST_F(Files, AreFoundUnderTheDataRoot) {
  folder_.write("data/mnist/x", "");
  folder_.write("weights/w", "");
  const auto root = folder_.path() / "data";
  EXPECT_EQ(resolve_path(root, "mnist"), root / "mnist");
  EXPECT_EQ(resolve_path(root, "data/mnist"), root / "mnist");
  EXPECT_EQ(resolve_path(root / "", "data/mnist"), root / "mnist");
  EXPECT_EQ(resolve_path(folder_.path(), "data/mnist"), root / "mnist");
  EXPECT_EQ(resolve_path(folder_.path(), "weights/w"), folder_.path() / "weights/w");
  EXPECT_EQ(resolve_path(root, "nothing"), root / "nothing");
  EXPECT_EQ(resolve_path(root, "/abs"), "/abs");
  ASSERT_NE(std::getenv("HOME"), nullptr);
  const std::filesystem::path home = std::filesystem::path(std::getenv("HOME")).lexically_normal();
  EXPECT_EQ(resolve_path(root, "~/images/train"), home / "images/train");
  EXPECT_EQ(resolve_path("~/data", "mnist"), home / "data/mnist");
  EXPECT_EQ(resolve_path(root, "~other/images"), root / "~other/images");
}

}  // namespace
}  // namespace cambium
