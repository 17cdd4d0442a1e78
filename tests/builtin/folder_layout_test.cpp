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
using Strings = std::vector<std::string>;

/// Folders of images as people have them.
class FolderLayout : public testing::Test {
 protected:
  void put(const std::string& name) {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name, std::ios::binary) << grey_png({std::uint8_t(++pixel_)});
  }
  /// SPLIT/cat/ and SPLIT/dog/ with so many images each.
  void put_classes(const std::string& split, int images) {
    for (const char* name : {"/cat/", "/dog/"})
      for (int i = 0; i < images; ++i) put(split + name + std::to_string(i) + ".png");
  }
  std::unique_ptr<Dataset> open() const { return make_dataset("image_folder", {{"root", folder_.path().string()}}); }
  /// Images of each split.
  std::vector<std::size_t> counts() const {
    const auto data = open();
    return {data->labels(Split::Train).size(), data->labels(Split::Validation).size(),
            data->labels(Split::Test).size()};
  }
  Error refusal() const {
    return error_of([&] { open(); });
  }
  void clear() {
    for (const auto& entry : fs::directory_iterator(folder_.path())) fs::remove_all(entry.path());
  }

  TemporaryFolder folder_;
  int pixel_ = 0;
};

TEST_F(FolderLayout, ReadsTheUsualNamesOfSplitsWhateverTheirCase) {
  for (const auto& [train, test] :
       {std::pair{"Train", "Test"}, std::pair{"TRAIN", "VAL"}, std::pair{"training", "testing"},
        std::pair{"training_set", "test_set"}, std::pair{"train_images", "val_images"}, std::pair{"trn", "tst"},
        std::pair{"train", "dev"}, std::pair{"train", "eval"}, std::pair{"train2017", "val2017"},
        std::pair{"TrainSet", "Test Set"}, std::pair{"seg_train", "seg_test"}, std::pair{"train-data", "Validation"}}) {
    clear();
    put_classes(train, 3);
    put_classes(test, 2);
    EXPECT_THAT(counts(), ElementsAre(6, 0, 4)) << train << " and " << test;
    EXPECT_EQ(open()->info().classes, (Strings{"cat", "dog"}));
    EXPECT_THAT(open()->info().notes, ::testing::Contains(HasSubstr("read as the test split"))) << test;
  }
}

TEST_F(FolderLayout, ValidatesOnWhatIsCalledSoWhereThereIsATest) {
  for (const char* validation : {"Val", "valid", "VALIDATION", "dev_set"}) {
    clear();
    put_classes("train", 3);
    put_classes(validation, 1);
    put_classes("Testing", 2);
    EXPECT_THAT(counts(), ElementsAre(6, 2, 4)) << validation;
  }
}

TEST_F(FolderLayout, SaysNothingOfTheUsualNames) {
  put_classes("train", 3);
  put_classes("val", 1);
  EXPECT_THAT(open()->info().notes, ElementsAre());
  put_classes("test", 1);
  EXPECT_THAT(open()->info().notes, ElementsAre());
}

TEST_F(FolderLayout, TellsOfFoldersThatAreNotRead) {
  put_classes("train", 3);
  put_classes("training", 2);
  put_classes("test", 1);
  put_classes("eval", 1);
  put("cat/1.png");
  put("preview/1.png");
  EXPECT_THAT(counts(), ElementsAre(6, 0, 2));
  EXPECT_THAT(open()->info().notes, ElementsAre(HasSubstr("cat is not read"), HasSubstr("eval is not read"),
                                                HasSubstr("training is not read")));
}

TEST_F(FolderLayout, LooksIntoASplitThatHoldsItselfAgain) {
  put_classes("seg_train/seg_train", 3);
  put_classes("seg_test/seg_test", 1);
  put("seg_pred/seg_pred/1.png");
  EXPECT_THAT(counts(), ElementsAre(6, 0, 2));
}

TEST_F(FolderLayout, RefusesSplitsWithoutOneToTrainOn) {
  put_classes("Test", 2);
  put_classes("VAL", 2);
  EXPECT_TRUE(says(refusal(), {"Test/", "VAL/", "no train/"}));
  clear();
  put("train/1.png");
  put("test/2.png");
  EXPECT_TRUE(says(refusal(), {"train", "holds no class folders", "1 file"}));
  clear();
  put("Train/1.png");
  put("Test/2.png");
  EXPECT_TRUE(says(refusal(), {"Train/", "Test/", "holds no class folders"}));
}

TEST_F(FolderLayout, RefusesSplitsAmongClasses) {
  put("cat/1.png");
  put("dog/1.png");
  put_classes("test", 1);
  EXPECT_TRUE(says(refusal(), {"test/", "beside other folders", "no train/"}));
  fs::remove_all(folder_.path() / "test");
  put("Validation/1.png");
  EXPECT_TRUE(says(refusal(), {"Validation/", "beside other folders"}));
}

TEST_F(FolderLayout, RefusesTwoFoldersThatMayBeTheSame) {
  put_classes("Train", 2);
  put_classes("training", 2);
  EXPECT_TRUE(says(refusal(), {"Train/ and training/", "may each be the training split"}));
}

TEST_F(FolderLayout, RefusesATestWithoutClasses) {
  put_classes("train", 2);
  put("test/1.png");
  put("test/2.png");
  EXPECT_TRUE(says(refusal(), {"test: holds no class folders, but 2 files"}));
}

TEST_F(FolderLayout, NamesTheRootThatIsMeant) {
  put_classes("data/train", 2);
  put_classes("data/val", 1);
  EXPECT_TRUE(says(refusal(), {"data/ holds train/ and val/"}));
  EXPECT_THAT(refusal().hint(), HasSubstr((folder_.path() / "data").string()));
  clear();
  put_classes("one/two/Train", 2);
  EXPECT_TRUE(says(refusal(), {"a single class folder, one/", "two/"}));
  EXPECT_THAT(refusal().hint(), HasSubstr((folder_.path() / "one" / "two").string()));
  clear();
  put_classes("pictures", 2);
  EXPECT_TRUE(says(refusal(), {"a single class folder, pictures/", "cat/ and dog/"}));
  EXPECT_THAT(refusal().hint(), HasSubstr((folder_.path() / "pictures").string()));
}

TEST_F(FolderLayout, RefusesClassesThatHoldSplits) {
  put("cat/train/1.png");
  put("cat/test/1.png");
  put("dog/train/1.png");
  put("dog/test/1.png");
  EXPECT_TRUE(says(refusal(), {"cat/ holds train/ and test/, which are no part of a class but splits"}));
}

TEST_F(FolderLayout, AsksWhetherFoldersThatAllClassesHoldAreTheClasses) {
  put_classes("amazon", 2);
  put_classes("webcam", 2);
  EXPECT_THAT(open()->info().notes, ElementsAre(HasSubstr("each holds the folders cat/ and dog/")));
}

TEST_F(FolderLayout, LeavesOutWhatOtherSystemsLeaveBehind) {
  put_classes("train", 2);
  put("train/__MACOSX/cat/1.png");
  put("train/@eaDir/1.png");
  put("__MACOSX/train/1.png");
  EXPECT_EQ(open()->info().classes, (Strings{"cat", "dog"}));
}

TEST_F(FolderLayout, ClassesMayBeCalledAsSplitsInsideOne) {
  for (const char* name : {"train/car/1.png", "train/train/1.png", "train/test tube/1.png"}) put(name);
  EXPECT_EQ(open()->info().classes, (Strings{"car", "test tube", "train"}));
}

TEST_F(FolderLayout, ClassesAreTheSameHoweverTheirLettersAreComposed) {
  put("train/caf\u00e9/1.png");
  put("train/the/1.png");
  put("val/cafe\u0301/1.png");
  const auto data = open();
  EXPECT_EQ(data->info().classes, (Strings{"caf\u00e9", "the"}));
  EXPECT_EQ(labels_of(*data, Split::Test), (std::vector<std::int64_t>{0}));
  put("train/cafe\u0301/1.png");
  EXPECT_TRUE(says(refusal(), {"composed differently", "caf\\xc3\\xa9"}));
}

TEST_F(FolderLayout, AClassNameThatIsNoUtf8IsRefused) {
  put("train/caf\xe9/1.png");
  put("train/the/1.png");
  EXPECT_TRUE(says(refusal(), {"caf\\xe9", "no UTF-8"}));
}

}  // namespace
}  // namespace cambium::test
