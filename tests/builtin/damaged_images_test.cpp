#include <ATen/ops/equal.h>

#include <fstream>

#include "builtin.h"
#include "small_images.h"
#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;

class DamagedImages : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& bytes) {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
  }
  std::unique_ptr<Dataset> open(const std::string& on_error) const {
    return make_dataset("image_folder", {{"root", folder_.path().string()}, {"on_error", on_error}});
  }
  TemporaryFolder folder_;
};

/// JPEGs that are damaged in their heads, where a decoder stops in the middle of a marker.
std::vector<std::pair<std::string, std::string>> damaged_jpegs() {
  const std::string whole = jpeg();
  std::string table = whole, length = whole;
  table.replace(kJpegHuffman + 6, 8, 8, '\xff');
  length.replace(kJpegTables + 2, 2, std::string("\0\1", 2));
  return {{"a Huffman table", table},
          {"a marker's length", length},
          {"cut in the tables", whole.substr(0, kJpegTables + 30)},
          {"cut in the Huffman tables", whole.substr(0, kJpegHuffman + 12)},
          {"cut before the scan", whole.substr(0, kJpegScan)},
          {"cut in the picture", whole.substr(0, whole.size() - 8)},
          {"no end", whole.substr(0, whole.size() - 2)},
          {"nothing but a marker", whole.substr(0, 3)}};
}

TEST_F(DamagedImages, TakeNoSoundOnesWithThem) {
  for (const char* name : {"train/a/0.jpg", "train/a/2.jpg", "train/b/0.jpg", "train/b/2.jpg"}) put(name, jpeg());
  const at::Tensor whole = open("fail")->image(Split::Train, 0);
  for (const auto& [what, bytes] : damaged_jpegs()) {
    put("train/a/1.jpg", bytes);
    const auto data = open("skip");
    ASSERT_EQ(data->info().skipped.size(), 1u) << what;
    EXPECT_NE(data->info().skipped[0].find("train/a/1.jpg: "), std::string::npos) << what;
    ASSERT_EQ(class_counts(*data, Split::Train), (std::vector<std::int64_t>{2, 2})) << what;
    for (std::int64_t i = 0; i < 4; ++i) EXPECT_TRUE(at::equal(data->image(Split::Train, i), whole)) << what;
    // Nor sound ones of another data set, which the same threads decode after them.
    fs::remove(folder_.path() / "train/a/1.jpg");
    EXPECT_TRUE(at::equal(open("fail")->image(Split::Train, 3), whole)) << what;
  }
}

TEST_F(DamagedImages, AreCutShortWhateverAThumbnailEndsWith) {
  // A whole JPEG within a comment, as a thumbnail lies within EXIF: its end is not the image's.
  const std::string whole = jpeg(), with = whole.substr(0, 2) + "\xff\xfe\x01\x1f" + whole + whole.substr(2);
  put("train/a/1.jpg", with);
  EXPECT_NO_THROW(open("fail"));
  put("train/a/1.jpg", with.substr(0, with.size() - 8));
  EXPECT_TRUE(says(error_of([&] { open("fail"); }), {"1.jpg", "cut short"}));
}

TEST_F(DamagedImages, AreAllNamedAtOnce) {
  for (int i = 0; i < 30; ++i)
    put("train/a/" + std::to_string(10 + i) + ".jpg", jpeg().substr(0, std::size_t(i < 13 ? 100 + i : 999)));
  put("val/a/1.jpg", "");
  const Error error = error_of([&] { open("fail"); });
  EXPECT_TRUE(says(error, {"14 of 31 images cannot be read: ", "a/10.jpg: ", "a/19.jpg: ", "; and 4 more"}));
  EXPECT_EQ(error.message().find("a/20.jpg"), std::string::npos);
}

TEST_F(DamagedImages, LeaveNoClassWithoutTrainingImages) {
  for (const char* name : {"train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png"}) put(name, grey_png({1}));
  put("train/b/1.png", grey_png({2}));
  put("val/b/1.png", "");
  const auto data = open("skip");
  ASSERT_EQ(data->info().notes.size(), 1u);
  EXPECT_NE(data->info().notes[0].find("class b has no test images left"), std::string::npos);
  put("train/b/1.png", "");
  EXPECT_TRUE(says(error_of([&] { open("skip"); }), {"class b has no training images left"}));
}

TEST_F(DamagedImages, AreDecodedAgainOnlyWhereTheyChanged) {
  put("train/a/1.png", grey_png({1}));
  put("train/a/2.png", grey_png({1, 2}).substr(0, 50));
  const std::string before = open("skip")->info().fingerprint;
  const auto again = open("skip");
  EXPECT_EQ(again->info().fingerprint, before);
  ASSERT_EQ(again->info().skipped.size(), 1u);
  EXPECT_NE(again->info().skipped[0].find("2.png: "), std::string::npos);
  put("train/a/2.png", grey_png({1, 2}));
  EXPECT_TRUE(open("skip")->info().skipped.empty());
}

TEST_F(DamagedImages, AreToldFromWhatIsNoImageAtAll) {
  put("train/a/1.png", grey_png({1}));
  const std::vector<std::pair<std::string, std::string>> others = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "a Git LFS pointer"},
      {"/annex/objects/SHA256E-s5--00.png\n", "a git-annex pointer"},
      {std::string("\0\0\0\x18"
                   "ftypheic\0\0\0\0",
                   16),
       "a HEIC image, which is not read"},
      {std::string("\0\0\0\x1c"
                   "ftypavif\0\0\0\0",
                   16),
       "an AVIF image, which is not read"},
      {std::string("\0\0\0\x0cjP  \r\n\x87\n", 12), "a JPEG 2000 image, which is not read"},
      {std::string("\xff\x0a\0\0", 4), "a JPEG XL image, which is not read"},
      {"<?xml version=\"1.0\"?>\n<svg xmlns=\"x\"/>", "an SVG image, which is not read"},
      {std::string("8BPS\0\1", 6), "a Photoshop (PSD) image, which is not read"},
      {"<!DOCTYPE html><html>404</html>", "a web page"},
      {std::string(40, '\0'), "nothing but zeros"}};
  for (const auto& [bytes, what] : others) {
    put("train/a/2.png", bytes);
    EXPECT_TRUE(says(error_of([&] { open("fail"); }), {"train/a/2.png: ", what}));
  }
}

}  // namespace
}  // namespace cambium::test
