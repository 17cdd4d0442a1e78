#include <gmock/gmock.h>

#include <fstream>

#include "builtin.h"
#include "small_images.h"
#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// What a folder of images holds beside sound images: nothing of it leaves in silence.
class LeftOut : public testing::Test {
 protected:
  LeftOut() {
    for (const char* name : {"train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png"}) put(name, grey_png({1}));
    put("train/b/1.png", grey_png({2}));
  }
  void put(const std::string& name, const std::string& bytes) {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
  }
  void link(const std::string& to, const std::string& name) { fs::create_symlink(to, folder_.path() / name); }
  std::unique_ptr<Dataset> open(const std::string& on_error = "fail") const {
    return make_dataset("image_folder", {{"root", folder_.path().string()}, {"on_error", on_error}});
  }
  std::vector<std::string> notes() const { return open()->info().notes; }
  TemporaryFolder folder_;
};

TEST_F(LeftOut, IsNothingOfASoundFolder) {
  put("train/a/notes.txt", "of no interest");
  put("train/a/deeper/2.png", grey_png({3}));
  link("../../val/a/1.png", "train/a/3.png");
  EXPECT_THAT(notes(), IsEmpty());
  EXPECT_EQ(class_counts(*open(), Split::Train), (std::vector<std::int64_t>{3, 1}));
}

TEST_F(LeftOut, AreHiddenImages) {
  put("train/a/.ipynb_checkpoints/1-checkpoint.png", grey_png({1}));
  put("train/b/.ipynb_checkpoints/deeper/1-checkpoint.png", grey_png({1}));
  put("train/b/._1.png", "leavings");
  put("train/b/.DS_Store", "leavings");
  EXPECT_THAT(notes(), ElementsAre(AllOf(HasSubstr("3 images are left out"), HasSubstr("dot"),
                                         HasSubstr("train/a/.ipynb_checkpoints/1-checkpoint.png"))));
  EXPECT_EQ(class_counts(*open(), Split::Train), (std::vector<std::int64_t>{1, 1}));
}

TEST_F(LeftOut, AreImagesWithoutAnImagesName) {
  put("train/a/0001", grey_png({1}));
  EXPECT_THAT(notes(),
              ElementsAre(AllOf(HasSubstr("1 file holds an image and is left out"), HasSubstr("train/a/0001"))));
}

TEST_F(LeftOut, AreNoImagesByAnyOfTheirNames) {
  put("train/a/2.jfif", jpeg());
  put("train/a/3.JPE", jpeg());
  put("train/a/4.tiff", jpeg());
  EXPECT_EQ(class_counts(*open(), Split::Train), (std::vector<std::int64_t>{4, 1}));
  put("train/a/5.heic", std::string("\0\0\0\x18"
                                    "ftypheic\0\0\0\0",
                                    16));
  EXPECT_TRUE(says(error_of([&] { open(); }), {"5.heic", "a HEIC image"}));
}

TEST_F(LeftOut, ALinkThatLeadsNowhereIsAnImageThatCannotBeRead) {
  link("/nowhere/5.png", "train/a/5.png");
  EXPECT_TRUE(says(error_of([&] { open(); }), {"train/a/5.png: is a link that leads nowhere: /nowhere/5.png"}));
  EXPECT_THAT(open("skip")->info().skipped, ElementsAre(HasSubstr("leads nowhere")));
  fs::remove(folder_.path() / "train/a/5.png");
  link("/nowhere/readme", "train/a/readme");
  EXPECT_THAT(notes(), ElementsAre(AllOf(HasSubstr("1 link leads nowhere"), HasSubstr("train/a/readme"))));
  link("/nowhere/c", "train/c");
  EXPECT_TRUE(says(error_of([&] { open(); }), {"train/c: is a link that leads nowhere"}));
}

TEST_F(LeftOut, ALoopOfLinksIsAnError) {
  for (const char* to : {".", "..", "../..", "../../train/a"}) {
    link(to, "train/a/up");
    EXPECT_TRUE(says(error_of([&] { open(); }), {"train/a/up: is a link back to "})) << to;
    fs::remove(folder_.path() / "train/a/up");
  }
  put("val/a/elsewhere/2.png", grey_png({3}));
  link("../../val/a/elsewhere", "train/a/elsewhere");
  EXPECT_EQ(class_counts(*open(), Split::Train), (std::vector<std::int64_t>{2, 1})) << "another folder is none";
}

TEST_F(LeftOut, ImagesThatLinksCountTwiceAreTold) {
  put("train/a/deeper/2.png", grey_png({3}));
  link("deeper", "train/a/again");
  EXPECT_EQ(class_counts(*open(), Split::Train), (std::vector<std::int64_t>{3, 1}));
  EXPECT_THAT(notes(), ElementsAre(AllOf(HasSubstr("1 image is there again"), HasSubstr("/2.png"))));
}

TEST_F(LeftOut, ImagesThatAreInTwoClassesAreTold) {
  put("train/b/2.png", grey_png({1}));
  EXPECT_THAT(notes(), ElementsAre(AllOf(HasSubstr("1 training image is byte for byte in another class too"),
                                         HasSubstr("train/a/1.png and "), HasSubstr("train/b/2.png"))));
}

TEST_F(LeftOut, FramesAfterTheFirstAreTold) {
  const std::string one = std::string("GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff", 19),
                    frame = std::string(",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0", 15);
  put("train/a/2.gif", one + frame + ";");
  EXPECT_THAT(notes(), IsEmpty());
  put("train/a/2.gif", one + frame + frame + ";");
  EXPECT_THAT(notes(), ElementsAre(AllOf(HasSubstr("1 image has more than one frame"), HasSubstr("2.gif"))));
}

TEST_F(LeftOut, GreyOf16BitsIsScaledByTheBitsInUse) {
  const auto pixels = [&] { return bytes_of(open()->image(Split::Train, 1)[0]); };
  put("train/a/2.png", deep_png({0, 7, 255}));
  EXPECT_THAT(notes(), IsEmpty()) << "what Pillow makes of it is right";
  EXPECT_EQ(pixels(), (std::vector<std::uint8_t>{0, 7, 255}));
  const std::string small = open()->info().fingerprint;
  put("train/b/3.png", deep_png({4095}));  // one with twelve bits: all are taken for such
  EXPECT_THAT(notes(), ElementsAre(AllOf(HasSubstr("2 grey images are of 16 bits"), HasSubstr("train/a/2.png"),
                                         HasSubstr("the greatest value is 4095"), HasSubstr("upper 8 of 12 bits"))));
  EXPECT_EQ(pixels(), (std::vector<std::uint8_t>{0, 0, 15}));
  put("train/a/2.png", deep_png({0, 256, 65535}));
  EXPECT_EQ(pixels(), (std::vector<std::uint8_t>{0, 1, 255}));
  EXPECT_NE(open()->info().fingerprint, small);
}

}  // namespace
}  // namespace cambium::test
