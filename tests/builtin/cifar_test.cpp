#include "builtin.h"
#include "small_files.h"
#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

namespace fs = std::filesystem;

class CifarFolder : public testing::Test {
 protected:
  std::unique_ptr<Dataset> open(const std::string& labels = "fine") const {
    return make_dataset("cifar", {{"root", folder_.path().string()}, {"labels", labels}});
  }
  Error error(const std::string& labels = "fine") const {
    return error_of([&] { open(labels); });
  }
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  void write10() const {
    folder_.write("data_batch_1.bin", cifar_record({3}, 0) + cifar_record({9}, 1));
    folder_.write("data_batch_10.bin", cifar_record({5}, 3));
    folder_.write("data_batch_2.bin", cifar_record({4}, 2));
    folder_.write("test_batch.bin", cifar_record({1}, 100));
  }
  void write100() const {
    folder_.write("train.bin", cifar_record({19, 99}, 0) + cifar_record({0, 1}, 1));
    folder_.write("test.bin", cifar_record({7, 42}, 100));
  }

  TemporaryFolder folder_;
};

TEST_F(CifarFolder, ReadsEveryBatchInTheOrderOfItsNumber) {
  write10();
  const auto data = open();
  EXPECT_EQ(data->info().shape, (ImageShape{3, 32, 32}));
  EXPECT_EQ(data->info().classes.size(), 10u);
  EXPECT_EQ(data->info().classes[9], "9");
  EXPECT_EQ(labels_of(*data, Split::Train), (std::vector<std::int64_t>{3, 9, 4, 5}));
  EXPECT_EQ(labels_of(*data, Split::Test), (std::vector<std::int64_t>{1}));
  const std::vector<std::uint8_t> pixels = bytes_of(all_images(*data, Split::Train));
  ASSERT_EQ(pixels.size(), 4u * 3072);
  for (std::size_t i = 0; i < pixels.size(); ++i) ASSERT_EQ(pixels[i], (i / 3072 + i % 3072) % 256) << "at byte " << i;
  // Planes of red, green and blue, each row by row.
  EXPECT_EQ(all_images(*data, Split::Train)[1][2][3][4].item<int>(), (1 + 2 * 1024 + 3 * 32 + 4) % 256);
}

TEST_F(CifarFolder, ReadsFineAndCoarseLabels) {
  write100();
  const auto fine = open("fine"), coarse = open("coarse");
  EXPECT_EQ(fine->info().classes.size(), 100u);
  EXPECT_EQ(coarse->info().classes.size(), 20u);
  EXPECT_EQ(labels_of(*fine, Split::Train), (std::vector<std::int64_t>{99, 1}));
  EXPECT_EQ(labels_of(*coarse, Split::Train), (std::vector<std::int64_t>{19, 0}));
  EXPECT_EQ(labels_of(*coarse, Split::Test), (std::vector<std::int64_t>{7}));
  EXPECT_NE(fine->info().fingerprint, coarse->info().fingerprint);
  EXPECT_EQ(bytes_of(all_images(*fine, Split::Test))[5], 105);
}

TEST_F(CifarFolder, TakesNamesFromTheFileBeside) {
  write10();
  folder_.write("batches.meta.txt", "a\nb\nc\nd\r\ne\nf\ng\nh\ni\nj\n\n");
  EXPECT_EQ(open()->info().classes, (std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}));
  folder_.write("batches.meta.txt", "a\nb\n");
  EXPECT_TRUE(says(error(), {file("batches.meta.txt"), "2 names", "10"}));
}

TEST_F(CifarFolder, PackedAndPlainFilesAreTheSameData) {
  write100();
  const std::string plain = open()->info().fingerprint;
  fs::remove(file("train.bin"));
  folder_.write("train.bin.gz", gzipped(cifar_record({19, 99}, 0) + cifar_record({0, 1}, 1)));
  EXPECT_EQ(open()->info().fingerprint, plain);
  folder_.write("test.bin", cifar_record({7, 42}, 101));
  EXPECT_NE(open()->info().fingerprint, plain);
}

TEST_F(CifarFolder, RefusesPartOfARecord) {
  write10();
  folder_.write("data_batch_2.bin", cifar_record({4}, 2).substr(0, 3000));
  EXPECT_TRUE(says(error(), {file("data_batch_2.bin"), "3000 bytes", "3073"}));
  folder_.write("data_batch_2.bin", "");
  EXPECT_TRUE(says(error(), {file("data_batch_2.bin"), "0 bytes"}));
  folder_.write("data_batch_2.bin", cifar_record({4, 4}, 2));
  EXPECT_NE(error().hint().find("CIFAR-100"), std::string::npos);
}

TEST_F(CifarFolder, RefusesLabelsOutOfRange) {
  write10();
  folder_.write("data_batch_1.bin", cifar_record({3}, 0) + cifar_record({10}, 1));
  EXPECT_TRUE(says(error(), {file("data_batch_1.bin"), "record 1", "label 10", "0 to 9"}));
  TemporaryFolder other;
  other.write("train.bin", cifar_record({20, 5}, 0));
  other.write("test.bin", cifar_record({0, 100}, 0));
  const Values values = {{"root", other.path().string()}};
  EXPECT_TRUE(says(error_of([&] { make_dataset("cifar", values); }), {"train.bin", "coarse label 20", "0 to 19"}));
  other.write("train.bin", cifar_record({19, 5}, 0));
  EXPECT_TRUE(says(error_of([&] { make_dataset("cifar", values); }), {"test.bin", "fine label 100", "0 to 99"}));
}

TEST_F(CifarFolder, RefusesFoldersThatAreNeitherOrBoth) {
  EXPECT_TRUE(says(error(), {folder_.path().string(), "data_batch_1.bin", "test_batch.bin", "train.bin", "test.bin"}));
  write10();
  fs::remove(file("test_batch.bin"));
  EXPECT_TRUE(says(error(), {"neither pair is whole"}));
  write10();
  EXPECT_TRUE(says(error("coarse"), {"CIFAR-10", "coarse"}));
  write100();
  EXPECT_TRUE(says(error(), {"both"}));
}

TEST_F(CifarFolder, MayBeOneFolderBelowTheRoot) {
  write10();
  const std::string before = open()->info().fingerprint;
  fs::create_directories(folder_.path() / "cifar-10-batches-bin");
  for (const char* name : {"data_batch_1.bin", "data_batch_10.bin", "data_batch_2.bin", "test_batch.bin"})
    fs::rename(file(name), file(std::string("cifar-10-batches-bin/") + name));
  const auto data = open();
  EXPECT_EQ(data->info().fingerprint, before);
  ASSERT_EQ(data->info().notes.size(), 1u);
  EXPECT_NE(data->info().notes[0].find("cifar-10-batches-bin"), std::string::npos);
  fs::create_directories(folder_.path() / "cifar-100-binary");
  folder_.write("cifar-100-binary/train.bin", cifar_record({19, 99}, 0));
  folder_.write("cifar-100-binary/test.bin", cifar_record({7, 42}, 100));
  EXPECT_TRUE(says(error(), {"cifar-10-batches-bin", "cifar-100-binary"}));
}

TEST_F(CifarFolder, OfThePythonVersionIsTold) {
  folder_.write("cifar-10-batches-py/data_batch_1", "pickled");
  EXPECT_TRUE(says(error(), {"the Python version"}));
}

}  // namespace
}  // namespace cambium::test
