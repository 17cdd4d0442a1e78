#include <ATen/ops/empty.h>

#include <fstream>

#include "builtin.h"
#include "cambium/files.h"
#include "small_images.h"
#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;

class Photographs : public testing::Test {
 protected:
  /// Writes a PNG of one grey pixel row, or `bytes` as they are.
  void put(const std::string& name, const std::string& bytes = grey_png({7})) {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
  }
  std::unique_ptr<Dataset> open(Values values = {}) const {
    values.emplace("root", folder_.path().string());
    return make_dataset("image_folder", values);
  }
  TemporaryFolder folder_;
};

TEST_F(Photographs, NumberClassesByTheirFoldersNamesInOrder) {
  for (const char* name :
       {"train/b/1.png", "train/b/2.png", "train/A/1.png", "train/a/1.png", "val/b/1.png", "val/a/1.png"})
    put(name);
  const auto data = open();
  EXPECT_EQ(data->info().classes, (std::vector<std::string>{"A", "a", "b"}));  // by bytes, as Python sorts
  EXPECT_EQ(labels_of(*data, Split::Train), (std::vector<std::int64_t>{0, 1, 2, 2}));
  EXPECT_EQ(labels_of(*data, Split::Test), (std::vector<std::int64_t>{1, 2})) << "val serves as test";
  EXPECT_TRUE(data->labels(Split::Validation).empty());
  EXPECT_EQ(data->info().shape, (ImageShape{3, 0, 0}));
}

TEST_F(Photographs, ValidateOnValWhereThereIsATest) {
  for (const char* name : {"train/a/1.png", "val/a/1.png", "val/a/2.png", "test/a/1.png"}) put(name);
  const auto data = open();
  EXPECT_EQ(data->labels(Split::Validation).size(), 2u);
  EXPECT_EQ(data->labels(Split::Test).size(), 1u);
}

TEST_F(Photographs, AreDividedEvenlyAndBySeedWhereThereIsNoTrain) {
  for (int i = 0; i < 10; ++i) put("x/" + std::to_string(i) + ".png", grey_png({std::uint8_t(i)}));
  for (int i = 0; i < 20; ++i) put("y/" + std::to_string(i) + ".png", grey_png({std::uint8_t(100 + i)}));
  const auto one = open(), again = open(), other = open({{"split_seed", std::int64_t{1}}});
  EXPECT_EQ(class_counts(*one, Split::Train), (std::vector<std::int64_t>{8, 16}));
  EXPECT_EQ(class_counts(*one, Split::Test), (std::vector<std::int64_t>{2, 4}));
  EXPECT_EQ(one->info().fingerprint, again->info().fingerprint);
  EXPECT_NE(one->info().fingerprint, other->info().fingerprint);
}

TEST_F(Photographs, RefuseAClassThatIsNotTrainedOn) {
  for (const char* name : {"train/ants/1.png", "train/bees/1.png", "val/ant/1.png"}) put(name);
  EXPECT_TRUE(says(error_of([&] { open(); }), {"val/ant", "the training split has no class folder ant"}));
}

TEST_F(Photographs, RefuseAnEmptyClassFolder) {
  put("train/a/1.png");
  put("train/b/notes.txt", "none yet");
  EXPECT_TRUE(says(error_of([&] { open(); }), {"train/b", "holds no images"}));
}

TEST_F(Photographs, NameADamagedImage) {
  const std::string png = grey_png({1, 2, 3, 4});
  const std::vector<std::pair<std::string, std::string>> bad = {{"", "holds no bytes"},
                                                                {"hello", "no image of a format that is read"},
                                                                {"GIF89a....", "a damaged GIF image"},
                                                                {std::string("\xff\xd8\xff\xe0 nothing", 12), "JPEG"},
                                                                {png.substr(0, 20), "PNG"},
                                                                {huge_png(), "more than are believed"}};
  put("train/a/good.png");
  for (const auto& [bytes, what] : bad) {
    put("train/a/bad.png", bytes);
    EXPECT_TRUE(says(error_of([&] { open(); }), {"train/a/bad.png", what}));
  }
  put("train/a/bad.png", png.substr(0, png.size() - 24));
  EXPECT_TRUE(says(error_of([&] { open(); }), {"train/a/bad.png", "cut short"}));
}

TEST_F(Photographs, LeaveDamagedImagesOutWhereToldTo) {
  put("train/a/1.png");
  put("train/a/2.png", grey_png({1, 2}).substr(0, 50));
  put("train/a/3.png", "");
  put("val/a/1.png");
  const auto data = open({{"on_error", std::string("skip")}});
  EXPECT_EQ(data->labels(Split::Train).size(), 1u);
  ASSERT_EQ(data->info().skipped.size(), 2u);
  EXPECT_NE(data->info().skipped[0].find("2.png: "), std::string::npos);
  EXPECT_NE(data->info().skipped[1].find("3.png: holds no bytes"), std::string::npos);
}

TEST_F(Photographs, AreFingerprintedByTheirBytes) {
  for (const char* name : {"train/a/1.png", "val/a/1.png"}) put(name);
  const std::string before = open()->info().fingerprint;
  fs::rename(folder_.path() / "train/a/1.png", folder_.path() / "train/a/0.png");
  EXPECT_EQ(open()->info().fingerprint, before) << "names do not count";
  put("train/a/0.png", grey_png({8}));
  EXPECT_NE(open()->info().fingerprint, before);
}

/// An image whose byte at (c, y, x) is c * 64 + y % 8 * 8 + x % 8, column by column.
std::string stl10_image() {
  std::string bytes;
  for (int c = 0; c < 3; ++c)
    for (int x = 0; x < 96; ++x)
      for (int y = 0; y < 96; ++y) bytes += char(c * 64 + y % 8 * 8 + x % 8);
  return bytes;
}

TEST_F(Photographs, OfStl10LieColumnByColumn) {
  put("train_X.bin", stl10_image() + stl10_image());
  put("train_y.bin", "\x01\x0a");
  put("test_X.bin", stl10_image());
  put("test_y.bin", "\x02");
  const auto data = make_dataset("stl10", {{"root", folder_.path().string()}});
  EXPECT_EQ(labels_of(*data, Split::Train), (std::vector<std::int64_t>{0, 9}));
  const at::Tensor image = all_images(*data, Split::Train)[1];
  EXPECT_EQ(image[2][5][3].item<int>(), 2 * 64 + 5 * 8 + 3);
  put("test_y.bin", std::string(1, '\0'));
  EXPECT_TRUE(says(error_of([&] {
                     make_dataset("stl10", {{"root", folder_.path().string()}});
                   }),
                   {"test_y.bin", "label 0", "1 to 10"}));
  put("test_X.bin", stl10_image().substr(1));
  EXPECT_TRUE(says(error_of([&] {
                     make_dataset("stl10", {{"root", folder_.path().string()}});
                   }),
                   {"test_X.bin", "no whole number of images"}));
}

}  // namespace
}  // namespace cambium::test
