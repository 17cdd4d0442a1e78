#include "cambium/error.h"
#include "cases.h"
#include "measures/divergence.h"
#include "measures/linear_classifier.h"
#include "measures/neighbours.h"
#include "measures/similarity.h"

namespace cambium::measures::test {
namespace {

// Leave-one-out by loops in NumPy on F(60, 5) and the mixed labels, equal votes to the label seen first.
TEST(Neighbours, VoteAsTheDefinitionSays) {
  const at::Tensor f = waves(60, 5), y = mixed(60);
  EXPECT_NEAR(knn_accuracy(f, y, f, y, 5, Metric::Cosine, true) * 60, 19, 1e-9);
  EXPECT_NEAR(knn_accuracy(f, y, f, y, 4, Metric::L2, true) * 60, 25, 1e-9);
}

TEST(Neighbours, FindTheQueryItselfUnlessItIsLeftOut) {
  const at::Tensor f = waves(60, 5), y = mixed(60);
  EXPECT_EQ(knn_accuracy(f, y, f, y, 1, Metric::L2), 1);
  EXPECT_LT(knn_accuracy(f, y, f, y, 1, Metric::L2, true), 1);
}

TEST(Neighbours, AreOneFewerThanTheImagesWhereOneIsLeftOut) {
  // Whoever is left out sees one of its own and two of the other.
  const at::Tensor f = at::tensor({0.0, 1.0, 2.0, 3.0}, at::kDouble).unsqueeze(1);
  const at::Tensor y = at::tensor({0, 0, 1, 1}, at::kLong);
  EXPECT_EQ(knn_accuracy(f, y, f, y, 99, Metric::L2, true), 0);
}

TEST(Neighbours, OfASingleImageAreNone) {
  const at::Tensor f = at::ones({1, 2}), y = at::zeros({1}, at::kLong);
  EXPECT_THROW(knn_accuracy(f, y, f, y, 5, Metric::L2, true), Error);
  EXPECT_EQ(knn_accuracy(f, y, f, y, 5, Metric::L2), 1) << "asked for another image it is the one neighbour";
}

TEST(Neighbours, ByCosineKnowNoLengthAndByL2Do) {
  const at::Tensor f = at::tensor({1.0, 0.0, 10.0, 10.0}, at::kDouble).view({2, 2});
  const at::Tensor y = at::tensor({0, 1}, at::kLong), query = at::tensor({1.0, 1.1}, at::kDouble).view({1, 2});
  EXPECT_EQ(knn_accuracy(f, y, query, at::tensor({1}, at::kLong), 1, Metric::Cosine), 1);
  EXPECT_EQ(knn_accuracy(f, y, query, at::tensor({0}, at::kLong), 1, Metric::L2), 1);
  EXPECT_EQ(knn_accuracy(f, y, query, at::tensor({0}, at::kLong), 99, Metric::L2), 1) << "a tie: the nearest decides";
}

// |Y'X|^2 / (|X'X| |Y'Y|) in NumPy, for F(60, 5) and F(60, 4)^2, F(12, 20) and F(12, 15)^2.
TEST(Cka, IsWhatNumpyGives) {
  EXPECT_NEAR(linear_cka(waves(60, 5), waves(60, 4).square()), 0.466581506507, 1e-10);
  EXPECT_NEAR(linear_cka(waves(12, 20), waves(12, 15).square()), 0.762169563245, 1e-10) << "by the images' products";
}

TEST(Cka, IsOneUnderTurnsScalesAndMovesAndNotUnderOtherMaps) {
  const at::Tensor x = waves(40, 6);
  const at::Tensor turn = std::get<0>(at::linalg_qr(waves(6, 6) + at::eye(6, at::kDouble)));
  EXPECT_NEAR(linear_cka(x, x.matmul(turn) * 3 + 7), 1, 1e-12);
  EXPECT_LT(linear_cka(x, x * at::tensor({9.0, 1.0, 1.0, 1.0, 0.1, 1.0}, at::kDouble)), 0.95);
  EXPECT_NEAR(linear_cka(x, waves(40, 3)), linear_cka(waves(40, 3), x), 1e-12);
}

TEST(Cka, IsZeroForWhatIsUncorrelatedAndNanForAConstant) {
  const at::Tensor a = at::tensor({1.0, -1.0, 1.0, -1.0}, at::kDouble).unsqueeze(1);
  const at::Tensor b = at::tensor({1.0, 1.0, -1.0, -1.0}, at::kDouble).unsqueeze(1);
  EXPECT_NEAR(linear_cka(a, b), 0, 1e-12);
  EXPECT_TRUE(std::isnan(linear_cka(a, at::ones({4, 1}, at::kDouble))));
}

// The unique optimum by torch.optim.LBFGS (python3-torch 1.13), row 7 of the logits on F(60, 5) and the mixed labels.
TEST(LinearClassifier, ReachesTheOptimum) {
  const LinearClassifier classifier(waves(60, 5), mixed(60), 3);
  const at::Tensor logits = classifier.logits(waves(60, 5))[7];
  const double expected[] = {0.8838320710485221, -0.8339234125303596, -0.049908658518161814};
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(logits[c].item<double>(), expected[c], 2e-3) << c;
  EXPECT_LT(classifier.gradient(), 2e-5);
}

TEST(LinearClassifier, DoesNotMindScalesAndConstantFeatures) {
  const at::Tensor f = waves(60, 5);
  const at::Tensor other = at::cat({f * 1000 - 5, at::ones({60, 1}, at::kDouble)}, 1);
  const at::Tensor a = LinearClassifier(f, mixed(60), 3).logits(f),
                   b = LinearClassifier(other, mixed(60), 3).logits(other);
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-3);
}

TEST(ADistance, IsZeroForIdenticalCloudsAndTwoForDistantOnes) {
  const at::Tensor f = waves(60, 5);
  const Divergence same = proxy_a_distance(f, f), far = proxy_a_distance(f, f + 50);
  EXPECT_EQ(same.error, 0.5);
  EXPECT_EQ(same.distance, 0);
  EXPECT_EQ(far.error, 0);
  EXPECT_EQ(far.distance, 2);
}

TEST(ADistance, GrowsWithTheShiftAndStaysAboveZero) {
  const at::Tensor f = waves(200, 4), g = waves(400, 4).slice(0, 200, 400);
  EXPECT_LT(proxy_a_distance(f, g + 0.1).distance, proxy_a_distance(f, g + 1).distance);
  // Labelled against the halves that it learns from, a classifier errs in more than half: held to 0.
  const at::Tensor alternating = at::tensor({1.0, -1.0}, at::kDouble).repeat({20}).unsqueeze(1);
  EXPECT_EQ(proxy_a_distance(alternating, -alternating).error, 1);
  EXPECT_EQ(proxy_a_distance(alternating, -alternating).distance, 0);
}

TEST(JointError, IsZeroWhereOneHeadServesBothAndLargeWhereItCannot) {
  const at::Tensor x = at::tensor({-1.0, -2.0, 1.0, 2.0, -1.5, -1.2, 1.5, 1.2}, at::kDouble).unsqueeze(1);
  const at::Tensor y = at::tensor({0, 0, 1, 1, 0, 0, 1, 1}, at::kLong), all = at::ones({2}, at::kBool);
  EXPECT_EQ(joint_error(x, y, all, x, y, all).lambda(), 0);
  EXPECT_EQ(joint_error(x, y, all, x, 1 - y, all).lambda(), 1) << "whatever it says is right for one of them only";
}

TEST(JointError, ChoosesAmongATasksOwnClasses) {
  // The tasks have the same images and classes of their own: 0 and 1, 2 and 3.
  const at::Tensor x = at::tensor({-1.0, -2.0, 1.0, 2.0, -1.5, -1.2, 1.5, 1.2}, at::kDouble).unsqueeze(1);
  const at::Tensor y = at::tensor({0, 0, 1, 1, 0, 0, 1, 1}, at::kLong);
  const at::Tensor first = at::tensor({1, 1, 0, 0}, at::kLong).to(at::kBool);
  EXPECT_EQ(joint_error(x, y, first, x, y + 2, first.logical_not()).lambda(), 0);
}

}  // namespace
}  // namespace cambium::measures::test
