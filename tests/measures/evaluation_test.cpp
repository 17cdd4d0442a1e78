#include <gmock/gmock.h>

#include <cstdio>
#include <cstring>

#include "cases.h"
#include "measures/calibration.h"
#include "measures/filters.h"
#include "measures/npy.h"

namespace cambium::measures::test {
namespace {

TEST(Calibration, IsThatOfAHandMadeTable) {
  // Two bins: (0, 0.5] has one image, confidence 0.5, wrong; (0.5, 1] has three, confidence 0.8 in the mean, two right.
  const at::Tensor p = at::tensor({0.5, 0.5, 0.7, 0.3, 0.8, 0.2, 0.1, 0.9}, at::kDouble).view({4, 2});
  const at::Tensor y = at::tensor({1, 0, 1, 1}, at::kLong);
  const Calibration c = calibration(p, y, 2);
  EXPECT_NEAR(c.error, 0.25 * 0.5 + 0.75 * (0.8 - 2.0 / 3), 1e-12);
  EXPECT_NEAR(c.worst, 0.5, 1e-12);
  EXPECT_NEAR(c.confidence, 0.725, 1e-12);
  EXPECT_EQ(c.accuracy, 0.5);
}

TEST(Calibration, IsZeroForTheSureAndRightAndOneForTheSureAndWrong) {
  const at::Tensor sure = at::eye(3, at::kDouble);
  EXPECT_EQ(calibration(sure, thirds(3)).error, 0);
  EXPECT_EQ(calibration(sure, at::tensor({1, 2, 0}, at::kLong)).error, 1);
}

TEST(Confusion, CountsTrueClassesInRows) {
  const at::Tensor m = confusion_matrix(at::tensor({0, 1, 1, 2}, at::kLong), at::tensor({0, 0, 1, 1}, at::kLong), 3);
  EXPECT_TRUE(at::equal(m, at::tensor({1, 1, 0, 0, 1, 1, 0, 0, 0}, at::kLong).view({3, 3}))) << m;
  const at::Tensor accuracy = class_accuracy(m);
  EXPECT_EQ(accuracy[0].item<double>(), 0.5);
  EXPECT_EQ(accuracy[1].item<double>(), 0.5);
  EXPECT_TRUE(std::isnan(accuracy[2].item<double>()));
}

// numpy.save of numpy.arange(6, dtype="<f4").reshape(2, 3) and of numpy.arange(3).
TEST(Npy, IsByteForByteWhatNumpyWrites) {
  const auto expected = [](const std::string& dictionary, const std::string& data) {
    std::string header = dictionary;
    header.resize(117, ' ');
    return std::string("\x93NUMPY\x01\0v\0", 10) + header + "\n" + data;
  };
  const float reals[] = {0, 1, 2, 3, 4, 5};
  const std::int64_t integers[] = {0, 1, 2};
  const auto bytes = [](const auto& values) {
    return std::string(reinterpret_cast<const char*>(values), sizeof values);
  };
  EXPECT_EQ(npy(at::arange(6, at::kDouble).view({2, 3})),
            expected("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", bytes(reals)));
  EXPECT_EQ(npy(at::arange(3, at::kLong)),
            expected("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", bytes(integers)));
  EXPECT_EQ(npy(at::arange(6, at::kFloat).view({3, 2}).t()),
            npy(at::tensor({0, 2, 4, 1, 3, 5}, at::kFloat).view({2, 3})))
      << "in C order, whatever the strides";
}

TEST(Filters, AreStretchedEachAndSetInAGrid) {
  const at::Tensor filters = at::tensor({-1.0, 1.0, 5.0, 5.0, 0.0, 0.5}, at::kDouble).view({3, 1, 1, 2});
  const at::Tensor grid = filter_grid(filters, 1);  // 2 x 2 tiles of 1 x 2 pixels, a pixel between
  ASSERT_EQ(grid.sizes(), at::IntArrayRef({5, 7, 1}));
  EXPECT_TRUE(at::equal(grid.select(2, 0)[1], at::tensor({0, 0, 255, 0, 0, 0, 0}, at::kByte))) << grid.select(2, 0);
  EXPECT_TRUE(at::equal(grid.select(2, 0)[3], at::tensor({0, 0, 255, 0, 0, 0, 0}, at::kByte)));
  EXPECT_EQ(filter_grid(at::zeros({64, 3, 7, 7})).sizes(), at::IntArrayRef({8 * 24 + 3, 8 * 24 + 3, 3}));
}

TEST(Filters, BecomeAPngWithItsSignatureAndSize) {
  const std::string bytes = png(filter_grid(at::arange(27, at::kFloat).view({1, 3, 3, 3})));
  ASSERT_GT(bytes.size(), 33u);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x89PNG\r\n\x1a\n"));
  EXPECT_EQ(bytes.substr(12, 4), "IHDR");
  EXPECT_EQ(int(bytes[19]), 3 * 6 + 12);
  EXPECT_EQ(int(bytes[25]), 2) << "RGB";
}

}  // namespace
}  // namespace cambium::measures::test
