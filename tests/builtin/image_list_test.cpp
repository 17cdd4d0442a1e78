#include <gmock/gmock.h>

#include <fstream>

#include "builtin.h"
#include "small_images.h"
#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

class ImageList : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& bytes) {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
  }
  /// Two pictures, the second with a space in its name.
  void SetUp() override {
    put("a/1.png", grey_png({1}));
    put("a/2 b.png", grey_png({2}));
  }
  std::unique_ptr<Dataset> open(Values values = {}) const {
    values.emplace("train_list", (folder_.path() / "train.txt").string());
    return make_dataset("image_list", values);
  }
  Error refusal() const {
    return error_of([&] { open(); });
  }
  /// Whether the list `text` says that the first picture is a cat and the second one a dog.
  void expect_both(const std::string& text) {
    put("train.txt", text);
    const auto data = open();
    EXPECT_THAT(data->info().classes, ElementsAre("cat", "dog")) << text;
    EXPECT_THAT(labels_of(*data, Split::Train), ElementsAre(0, 1)) << text;
    EXPECT_THAT(bytes_of(data->image(Split::Train, 1)), ElementsAre(2, 2, 2)) << text;
  }
  static std::string utf16(const std::string& text, bool big) {
    std::string bytes = big ? "\xfe\xff" : "\xff\xfe";
    for (const char c : text) bytes += big ? "\0"s + c : c + "\0"s;
    return bytes;
  }
  TemporaryFolder folder_;
};

TEST_F(ImageList, HoldsAPathAndALabelALine) {
  put("pictures/one 1.png", grey_png({1}));
  put("pictures/two.png", grey_png({2, 2}));
  put("train.txt", "pictures/one 1.png\t10\n\n pictures/two.png 9 \r\npictures/two.png 10");
  put("test.txt", "pictures/two.png 10\n");
  const Values values = {{"train_list", (folder_.path() / "train.txt").string()},
                         {"test_list", (folder_.path() / "test.txt").string()}};
  const auto data = make_dataset("image_list", values);
  EXPECT_EQ(data->info().classes, (std::vector<std::string>{"9", "10"}));  // numbers by size
  EXPECT_EQ(labels_of(*data, Split::Train), (std::vector<std::int64_t>{1, 0, 1}));
  EXPECT_EQ(labels_of(*data, Split::Test), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(bytes_of(data->image(Split::Train, 1)), (std::vector<std::uint8_t>{2, 2, 2, 2, 2, 2}));
  put("test.txt", "pictures/two.png 10\npictures/two.png 11\n");
  EXPECT_TRUE(says(error_of([&] { make_dataset("image_list", values); }), {"test.txt:2", "no class is called 11"}));
  put("test.txt", "\nlonely\n");
  EXPECT_TRUE(says(error_of([&] { make_dataset("image_list", values); }), {"test.txt:2", "no path and label"}));
  put("test.txt", "pictures/three.png 9\n");
  EXPECT_TRUE(says(error_of([&] { make_dataset("image_list", values); }), {"pictures/three.png", "No such file"}));
}

TEST_F(ImageList, MayBeWrittenByOtherPrograms) {
  expect_both("a/1.png cat\na/2 b.png dog\n");
  expect_both(
      "\xef\xbb\xbf"
      "a/1.png cat\na/2 b.png dog\n");
  expect_both("a/1.png,cat\na/2 b.png,dog\n");
  expect_both("a/1.png, cat\r\na/2 b.png, dog\r\n");
  expect_both("a/1.png;cat\na/2 b.png;dog");
  expect_both("a/1.png\tcat\na/2 b.png\tdog\n");
  expect_both("a/1.png cat\ra/2 b.png dog\r");
  expect_both("\"a/1.png\",\"cat\"\n\"a/2 b.png\",\"dog\"\n");
  expect_both("path label\na/1.png cat\na/2 b.png dog\n");
  expect_both(
      "\xef\xbb\xbf"
      "filename,label\na/1.png,cat\na/2 b.png,dog\n");
  expect_both(",Label,image_path\n0,cat,a/1.png\n1,dog,a/2 b.png\n");
  expect_both("a\\1.png cat\na\\2 b.png dog\n");
  expect_both(".\\a\\1.png,cat\n.\\a\\2 b.png,dog\n");
  for (const bool big : {false, true}) expect_both(utf16("a/1.png,cat\r\na/2 b.png,dog\r\n", big));
}

TEST_F(ImageList, NamesTheLineThatItCannotRead) {
  put("train.txt", "a/1.png cat\na/3.png dog\n");
  EXPECT_TRUE(says(refusal(), {"train.txt:2", "a/3.png", "No such file"}));
  EXPECT_THAT(refusal().hint(), HasSubstr("relative to"));
  put("train.txt", "a/1.png,cat\n\na/2 b.png\n");
  EXPECT_TRUE(says(refusal(), {"train.txt:3", "no path and label"}));
  put("train.txt", "a/1.png,cat,7\na/2 b.png,dog,8\n");
  EXPECT_TRUE(says(refusal(), {"train.txt:1", "3 columns"}));
  put("train.txt", utf16("a/1.png cat\n", false).substr(2));
  EXPECT_TRUE(says(refusal(), {"train.txt:1", "UTF-16"}));
  put("train.txt", "a/1.png caf\xe9\na/2 b.png dog\n");
  EXPECT_TRUE(says(refusal(), {"train.txt", "caf\\xe9", "no UTF-8"}));
  put("train.txt", "path,label\n");
  EXPECT_TRUE(says(refusal(), {"train.txt", "lists no images"}));
}

TEST_F(ImageList, TakesALabelHoweverItsLettersAreComposed) {
  put("train.txt", "a/1.png caf\u00e9\na/2 b.png dog\n");
  put("test.txt", "a/1.png cafe\u0301\n");
  const auto data = open({{"test_list", (folder_.path() / "test.txt").string()}});
  EXPECT_THAT(labels_of(*data, Split::Test), ElementsAre(0));
}

}  // namespace
}  // namespace cambium::test
