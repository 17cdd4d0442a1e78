#include "builtin.h"
#include "small_files.h"
#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;

const std::string kTrainImages = idx_file({3, 2, 2}, {0, 1, 2, 3, 10, 11, 12, 13, 252, 253, 254, 255});
const std::string kTrainLabels = idx_file({3}, {0, 1, 0});
const std::string kTestImages = idx_file({1, 2, 2}, {7, 8, 9, 6});
const std::string kTestLabels = idx_file({1}, {1});

/// Three training images of 2x2 pixels in two classes, one test image.
class IdxFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("train-images-idx3-ubyte", kTrainImages);
    folder_.write("train-labels-idx1-ubyte", kTrainLabels);
    folder_.write("t10k-images-idx3-ubyte", kTestImages);
    folder_.write("t10k-labels-idx1-ubyte", kTestLabels);
  }
  std::unique_ptr<Dataset> open(Values values = {}) const {
    values["root"] = folder_.path().string();
    return make_dataset("idx", values);
  }
  Error error(Values values = {}) const {
    return error_of([&] { open(values); });
  }
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

  TemporaryFolder folder_;
};

TEST_F(IdxFolder, GivesEveryPixelAndLabel) {
  const auto data = open();
  EXPECT_EQ(data->info().shape, (ImageShape{1, 2, 2}));
  EXPECT_EQ(data->info().classes, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(data->info().files.size(), 4u);
  EXPECT_EQ(labels_of(*data, Split::Train), (std::vector<std::int64_t>{0, 1, 0}));
  EXPECT_EQ(labels_of(*data, Split::Test), (std::vector<std::int64_t>{1}));
  EXPECT_TRUE(data->labels(Split::Validation).empty());
  EXPECT_EQ(bytes_of(all_images(*data, Split::Train)),
            (std::vector<std::uint8_t>{0, 1, 2, 3, 10, 11, 12, 13, 252, 253, 254, 255}));
  const std::vector<std::int64_t> backwards = {2, 0};
  EXPECT_EQ(bytes_of(data->images(Split::Train, backwards)),
            (std::vector<std::uint8_t>{252, 253, 254, 255, 0, 1, 2, 3}));
  EXPECT_EQ(bytes_of(all_images(*data, Split::Test)), (std::vector<std::uint8_t>{7, 8, 9, 6}));
}

TEST_F(IdxFolder, PackedAndPlainFilesAreTheSameData) {
  const auto plain = open();
  fs::remove(file("train-images-idx3-ubyte"));
  fs::remove(file("t10k-labels-idx1-ubyte"));
  folder_.write("train-images-idx3-ubyte.gz", gzipped(kTrainImages));
  folder_.write("t10k-labels-idx1-ubyte.gz", gzipped(kTestLabels));
  const auto packed = open();
  EXPECT_EQ(packed->info().fingerprint, plain->info().fingerprint);
  EXPECT_EQ(bytes_of(all_images(*packed, Split::Train)), bytes_of(all_images(*plain, Split::Train)));
}

TEST_F(IdxFolder, TheFingerprintFollowsPixelsAndLabels) {
  const std::string before = open()->info().fingerprint;
  folder_.write("t10k-images-idx3-ubyte", idx_file({1, 2, 2}, {7, 8, 9, 5}));
  const std::string pixel = open()->info().fingerprint;
  EXPECT_NE(pixel, before);
  folder_.write("t10k-labels-idx1-ubyte", idx_file({1}, {0}));
  EXPECT_NE(open()->info().fingerprint, pixel);
}

TEST_F(IdxFolder, TakesNamesWithADot) {
  fs::rename(file("train-images-idx3-ubyte"), file("train-images.idx3-ubyte"));
  fs::rename(file("t10k-labels-idx1-ubyte"), file("t10k-labels.idx1-ubyte"));
  EXPECT_EQ(open()->labels(Split::Train).size(), 3u);
}

TEST_F(IdxFolder, TakesColourImagesInFourDimensions) {
  folder_.write("train-images-idx3-ubyte", idx_file({3, 3, 1, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9}));
  folder_.write("t10k-images-idx3-ubyte", idx_file({1, 3, 1, 1}, {1, 2, 3}));
  const auto data = open();
  EXPECT_EQ(data->info().shape, (ImageShape{3, 1, 1}));
  EXPECT_EQ(all_images(*data, Split::Train)[1][2].item<int>(), 6);
  folder_.write("t10k-images-idx3-ubyte", idx_file({1, 4, 1, 1}, {1, 2, 3, 4}));
  EXPECT_TRUE(says(error(), {file("t10k-images-idx3-ubyte"), "4 channels"}));
}

TEST_F(IdxFolder, TakesClassNamesFromTheStudy) {
  const Values three = {{"classes", std::vector<std::string>{"shirt", "shoe", "bag"}}};
  EXPECT_EQ(open(three)->info().classes, (std::vector<std::string>{"shirt", "shoe", "bag"}));
}

TEST_F(IdxFolder, RefusesFilesOfAnotherLengthThanTheirHeaderSays) {
  folder_.write("train-images-idx3-ubyte", kTrainImages.substr(0, kTrainImages.size() - 1));
  EXPECT_TRUE(says(error(), {file("train-images-idx3-ubyte"), "cut short", "3x2x2", "12 bytes", "there are 11"}));
  folder_.write("train-images-idx3-ubyte", kTrainImages + "x");
  EXPECT_TRUE(says(error(), {file("train-images-idx3-ubyte"), "too long", "there are 13"}));
  folder_.write("train-images-idx3-ubyte", kTrainImages.substr(0, 9));
  EXPECT_TRUE(says(error(), {"3 dimensions", "9 bytes"}));
  folder_.write("train-images-idx3-ubyte", "");
  EXPECT_TRUE(says(error(), {"0 bytes"}));
}

TEST_F(IdxFolder, RefusesWrongMagic) {
  folder_.write("train-labels-idx1-ubyte", "not idx at all");
  EXPECT_TRUE(says(error(), {file("train-labels-idx1-ubyte"), "6e 6f 74", "00 00 08"}));
  std::string floats = kTrainImages;
  floats[2] = 0x0d;
  folder_.write("train-images-idx3-ubyte", floats);
  EXPECT_TRUE(says(error(), {"00 00 0d"}));
}

TEST_F(IdxFolder, RefusesImpossibleSizes) {
  folder_.write("train-images-idx3-ubyte", idx_file({0xffffffff, 0xffffffff, 0xffffffff}, {}));
  EXPECT_TRUE(says(error(), {"cannot be"}));
  folder_.write("train-images-idx3-ubyte", idx_file({0, 2, 2}, {}));
  EXPECT_TRUE(says(error(), {"sizes 0"}));
}

TEST_F(IdxFolder, RefusesImagesAndLabelsThatDoNotGoTogether) {
  folder_.write("train-labels-idx1-ubyte", idx_file({2}, {0, 1}));
  EXPECT_TRUE(says(error(), {file("train-labels-idx1-ubyte"), "2 labels", "3 images"}));
  folder_.write("train-labels-idx1-ubyte", kTrainImages);
  EXPECT_TRUE(says(error(), {file("train-labels-idx1-ubyte"), "labels have 1"}));
  folder_.write("train-labels-idx1-ubyte", kTrainLabels);
  folder_.write("t10k-images-idx3-ubyte", idx_file({1, 2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(says(error(), {file("t10k-images-idx3-ubyte"), "1x2x3", "3x2x2"}));
}

TEST_F(IdxFolder, RefusesLabelsOutOfRange) {
  folder_.write("train-labels-idx1-ubyte", idx_file({3}, {0, 1, 200}));
  EXPECT_TRUE(says(error(), {file("train-labels-idx1-ubyte"), "label 200", "label 2"}));
  folder_.write("train-labels-idx1-ubyte", kTrainLabels);
  folder_.write("t10k-labels-idx1-ubyte", idx_file({1}, {2}));
  EXPECT_TRUE(says(error(), {file("t10k-labels-idx1-ubyte"), "image 0", "label 2", "0 to 1"}));
  EXPECT_TRUE(says(error({{"classes", std::vector<std::string>{"one"}}}),
                   {file("train-labels-idx1-ubyte"), "image 1", "0 to 0"}));
}

TEST_F(IdxFolder, RefusesDamagedGzip) {
  fs::remove(file("train-images-idx3-ubyte"));
  const std::string packed = gzipped(kTrainImages);
  folder_.write("train-images-idx3-ubyte.gz", packed.substr(0, packed.size() - 12));
  EXPECT_TRUE(says(error(), {file("train-images-idx3-ubyte.gz"), "gzip"}));
  std::string flipped = packed;
  flipped[packed.size() - 6] = char(flipped[packed.size() - 6] ^ 0x55);  // in the checksum
  folder_.write("train-images-idx3-ubyte.gz", flipped);
  EXPECT_TRUE(says(error(), {file("train-images-idx3-ubyte.gz"), "damaged"}));
}

TEST(Idx, NamesEverythingItLookedFor) {
  const TemporaryFolder empty;
  EXPECT_TRUE(says(
      error_of([&] {
        make_dataset("idx", {{"root", empty.path().string()}});
      }),
      {empty.path().string(), "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte"}));
  EXPECT_TRUE(says(error_of([&] {
                     make_dataset("idx", {{"root", (empty.path() / "x").string()}});
                   }),
                   {"no such folder"}));
}

TEST_F(IdxFolder, MayBeOneOrTwoFoldersBelowTheRoot) {
  const std::string before = open()->info().fingerprint;
  fs::create_directories(folder_.path() / "MNIST/raw");
  for (const char* name :
       {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"})
    fs::rename(file(name), file(std::string("MNIST/raw/") + name));
  const auto data = open();
  EXPECT_EQ(data->info().fingerprint, before);
  ASSERT_EQ(data->info().notes.size(), 1u);
  EXPECT_NE(data->info().notes[0].find("MNIST/raw"), std::string::npos);
  fs::create_directories(folder_.path() / "KMNIST");
  fs::copy(folder_.path() / "MNIST/raw", folder_.path() / "KMNIST/raw");
  EXPECT_TRUE(says(error(), {"KMNIST/raw", "MNIST/raw"}));
}

/// EMNIST's letters, numbered from 1: the first to train on, the second to test on.
TEST_F(IdxFolder, MayBeEmnists) {
  for (const auto& entry : fs::directory_iterator(folder_.path())) fs::remove(entry.path());
  folder_.write("emnist-letters-train-images-idx3-ubyte", kTrainImages);
  folder_.write("emnist-letters-train-labels-idx1-ubyte", idx_file({3}, {1, 2, 26}));
  folder_.write("emnist-letters-test-images-idx3-ubyte.gz", gzipped(kTestImages));
  folder_.write("emnist-letters-test-labels-idx1-ubyte.gz", gzipped(idx_file({1}, {26})));
  const auto data = open();
  EXPECT_EQ(data->info().classes.size(), 26u);
  EXPECT_EQ(data->info().classes[25], "z");
  EXPECT_EQ(labels_of(*data, Split::Train), (std::vector<std::int64_t>{0, 1, 25}));
  EXPECT_EQ(labels_of(*data, Split::Test), (std::vector<std::int64_t>{25}));
  EXPECT_EQ(data->info().notes.size(), 1u) << "that they lie on their side";
  const auto turned = open({{"transpose", true}});
  EXPECT_EQ(bytes_of(all_images(*turned, Split::Test)), (std::vector<std::uint8_t>{7, 9, 8, 6}));
  EXPECT_NE(turned->info().fingerprint, data->info().fingerprint);
  EXPECT_TRUE(turned->info().notes.empty());
  for (const char* name : {"train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"})
    folder_.write("emnist-digits-" + std::string(name) + "-ubyte", std::string(name).find("images") != std::string::npos
                                                                       ? idx_file({2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7})
                                                                       : idx_file({2}, {0, 1}));
  EXPECT_TRUE(says(error(), {"several sets", "emnist-digits, emnist-letters"}));
  EXPECT_EQ(open({{"set", std::string("emnist-digits")}})->info().classes.size(), 2u);
}

}  // namespace
}  // namespace cambium::test
