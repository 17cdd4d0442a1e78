#include "builtin.h"

namespace cambium::test {
namespace {

#define NEEDS(folder) \
  if (folder.empty()) GTEST_SKIP() << "the real data is not beside this checkout"

TEST(RealData, MnistHasItsPublishedCounts) {
  const auto root = real_data("mnist");
  NEEDS(root);
  const auto data = make_dataset("idx", {{"root", root.string()}});
  EXPECT_EQ(data->info().shape, (ImageShape{1, 28, 28}));
  EXPECT_EQ(data->labels(Split::Train).size(), 60000u);
  EXPECT_EQ(data->labels(Split::Test).size(), 10000u);
  EXPECT_EQ(class_counts(*data, Split::Train),
            (std::vector<std::int64_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  const auto labels = data->labels(Split::Train);
  EXPECT_EQ(std::vector<std::int64_t>(labels.begin(), labels.begin() + 8),
            (std::vector<std::int64_t>{5, 0, 4, 1, 9, 2, 1, 3}));
  EXPECT_EQ(data->labels(Split::Test)[0], 7);
  // The mean that everybody normalises MNIST with: 0.1307.
  EXPECT_NEAR(all_images(*data, Split::Train).to(at::kFloat).mean().item<double>() / 255, 0.1307, 5e-5);
}

TEST(RealData, FashionMnistHas6000OfEachClass) {
  const auto root = real_data("fashion-mnist");
  NEEDS(root);
  const auto data = make_dataset("idx", {{"root", root.string()}});
  EXPECT_EQ(class_counts(*data, Split::Train), std::vector<std::int64_t>(10, 6000));
  EXPECT_EQ(class_counts(*data, Split::Test), std::vector<std::int64_t>(10, 1000));
  EXPECT_EQ(data->labels(Split::Train)[0], 9);
}

TEST(RealData, Cifar10SubsetIsTheFirstBatchInOfficialOrder) {
  const auto root = real_data("cifar10-subset");
  NEEDS(root);
  const auto data = make_dataset("cifar", {{"root", root.string()}});
  EXPECT_EQ(class_counts(*data, Split::Train),
            (std::vector<std::int64_t>{1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981}));
  EXPECT_EQ(class_counts(*data, Split::Test), std::vector<std::int64_t>(10, 1000));
  EXPECT_EQ(data->info().classes[std::size_t(data->labels(Split::Train)[0])], "frog");
  EXPECT_EQ(data->info().classes[std::size_t(data->labels(Split::Test)[0])], "cat");
  EXPECT_EQ(all_images(*data, Split::Test)[0][0][0][0].item<int>(), 158);
}

TEST(RealData, Cifar100SubsetHas200OfEachFineClass) {
  const auto root = real_data("cifar100-subset");
  NEEDS(root);
  const auto fine = make_dataset("cifar", {{"root", root.string()}});
  const auto coarse = make_dataset("cifar", {{"root", root.string()}, {"labels", std::string("coarse")}});
  EXPECT_EQ(class_counts(*fine, Split::Train), std::vector<std::int64_t>(100, 200));
  EXPECT_EQ(class_counts(*fine, Split::Test), std::vector<std::int64_t>(100, 50));
  EXPECT_EQ(class_counts(*coarse, Split::Train), std::vector<std::int64_t>(20, 1000));
  EXPECT_EQ(fine->info().classes[std::size_t(fine->labels(Split::Train)[0])], "apple");
  EXPECT_EQ(coarse->info().classes[std::size_t(coarse->labels(Split::Train)[0])], "fruit_and_vegetables");
}

}  // namespace
}  // namespace cambium::test
