#include "report/metric.h"

#include <gmock/gmock.h>

#include "protocol/measures.h"
#include "report/comparison.h"
#include "report/paired.h"
#include "store/support.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Two arms of four seeds with several metrics and measures: "copy" has more accuracy, less loss and less ece.
class Metrics : public StoreTest {
 protected:
  Metrics() {
    std::vector<CellRecord> cells;
    for (int seed = 0; seed < 4; ++seed) cells.push_back(cell(seed, seed, "scratch", "scratch"));
    for (int seed = 0; seed < 4; ++seed) cells.push_back(cell(4 + seed, seed, "copy", "copy"));
    StudyRecord record = study(cells);
    for (EntryRecord& entry : record.entries) entry.factors = "{}";
    store.put_study(record);
    for (int i = 0; i < 8; ++i) {
      const bool copy = i >= 4;
      const double noise = 0.001 * (i % 4) * (copy ? 2 : 1);
      const std::string id = identity(i);
      write(folder / "e.jsonl",
            started() + epoch(1, 1, R"("lr":0.1)") +
                finished(2, fmt::format(R"("test_accuracy":{},"test_loss":{},"source_test_accuracy":{})",
                                        (copy ? 0.7 : 0.5) + noise, (copy ? 1.0 : 2.0) + noise,
                                        (copy ? 0.2 : 0.4) + noise)));
      store.ingest(id, store.begin_run(id), folder / "e.jsonl");
      write(folder / "m.jsonl",
            measured(0, "ece", fmt::format(R"(["ece",{}],["mce",0.5])", (copy ? 0.1 : 0.2) + noise)) +
                measured(1, "knn(k=5)", fmt::format(R"(["accuracy",{}])", 0.5 + noise)) +
                measured(2, "cka", R"(["conv1",0.9],["layer1.0",0.8])") +
                measured(3, "confusion", R"(["cat -> dog",7])"));
      store.ingest_measures(id, folder / "m.jsonl");
    }
  }
  static std::string measured(int seq, const std::string& measure, const std::string& values) {
    return fmt::format(
        R"({{"seq":{},"type":"measured","time":100,"seconds":0.5,"measure":"{}","values":[{}],"files":[]}})"
        "\n",
        seq, measure, values);
  }
  std::string text(const std::string& metric) {
    return paired_text(store, "s", find_baseline(store, "s", "scratch", ""), {find_metric(store, "s", metric), false});
  }
  std::string usage_error(const std::string& metric) {
    try {
      find_metric(store, "s", metric);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
      return error.message() + " | " + error.hint();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  Store store{db(), Store::Mode::Write};
};

TEST_F(Metrics, LessLossIsBetterAndMoreIsNegativeTransfer) {
  EXPECT_THAT(text("test_loss"),
              AllOf(HasSubstr("in test loss (lower is better)"), HasSubstr("Better (lower): copy by 0.9985"),
                    Not(HasSubstr("egative transfer"))));
  const auto worse =
      paired_text(store, "s", find_baseline(store, "s", "copy", ""), {find_metric(store, "s", "test_loss"), false});
  EXPECT_THAT(worse,
              AllOf(HasSubstr("Worse (higher): scratch by"), HasSubstr("Negative transfer by its own interval")));
}

TEST_F(Metrics, AccuraciesAreHigherTheBetterAndInPoints) {
  EXPECT_THAT(text(""), AllOf(HasSubstr("in points of test accuracy\n"), HasSubstr("Above: copy by 20.15")));
  EXPECT_THAT(text("source_test_accuracy"), AllOf(HasSubstr("in points of source test accuracy\n"),
                                                  HasSubstr("Below: copy by 19.85"), HasSubstr("negative transfer")));
}

TEST_F(Metrics, MeasuresAreMetricsByTheirNames) {
  EXPECT_THAT(text("ece"),
              AllOf(HasSubstr("in points of ece (lower is better)"), HasSubstr("Better (lower): copy by 9.85")));
  EXPECT_EQ(find_metric(store, "s", "knn").name, "knn(k=5)") << "the only one there is";
  EXPECT_EQ(find_metric(store, "s", "ece.mce").better, -1);
  EXPECT_EQ(find_metric(store, "s", "cka.layer1.0").better, 0);
  EXPECT_THAT(text("lr"), HasSubstr("in lr\n"));
}

TEST_F(Metrics, TablesHaveThemToo) {
  EXPECT_THAT(comparison_text(store, "s", {find_metric(store, "s", "ece"), false}),
              AllOf(HasSubstr("ece % (lower is better)"), HasSubstr("transfer  copy     4      10.30 ± ")));
  EXPECT_THAT(comparison_text(store, "s", {find_metric(store, "s", "test_loss"), false}), HasSubstr("1.003 ± "));
}

TEST_F(Metrics, AnUnknownOneIsToldWithTheNearestAndAllThereAre) {
  EXPECT_THAT(usage_error("test_acuracy"), AllOf(HasSubstr("no done cell has a metric \"test_acuracy\""),
                                                 HasSubstr("did you mean \"test_accuracy\"?"),
                                                 HasSubstr("it has cka.conv1, cka.layer1.0, ece, ece.mce, knn(k=5), "
                                                           "lr, source_test_accuracy, test_accuracy, test_loss")));
  EXPECT_THAT(usage_error("val_accuracy"), HasSubstr("it has cka.conv1"));
}

TEST_F(Metrics, TheViewsAgreeWithTheTables) {
  EXPECT_NEAR(real(store, "SELECT mean FROM leaderboard WHERE strategy = 'copy'"),
              real(store, "SELECT mean FROM means WHERE strategy = 'copy' AND metric = 'test_accuracy'"), 0);
  EXPECT_NEAR(real(store, "SELECT mean_difference FROM differences WHERE baseline = 'scratch' AND metric = 'ece'"),
              -0.0985, 1e-9);
  EXPECT_EQ(
      integer(store, "SELECT negative FROM differences WHERE baseline = 'scratch' AND metric = 'source_test_accuracy'"),
      1);
  EXPECT_EQ(
      integer(
          store,
          "SELECT count(*) FROM differences WHERE baseline = 'scratch' AND metric = 'cka.conv1' AND negative IS NULL"),
      1);
}

/// Every measure that there is has been thought of: which way is better, or that neither is.
TEST_F(Metrics, KnowTheDirectionOfEachMeasure) {
  const std::map<std::string, std::pair<std::string, std::string>> expected = {
      {"logme", {"logme", "higher"}},
      {"leep", {"leep", "higher"}},
      {"nce", {"nce", "higher"}},
      {"hscore", {"regularised", "higher"}},
      {"knn", {"accuracy", "higher"}},
      {"cka", {"conv1", "none"}},
      {"weight_distance", {"conv1 relative", "none"}},
      {"gradient_norm", {"head", "none"}},
      {"a_distance", {"a_distance", "lower"}},
      {"bound", {"target_error", "lower"}},
      {"ece", {"ece", "lower"}},
      {"per_class", {"a loss", "higher"}}};
  for (const MeasureInfo& info : measure_infos()) {
    if (info.name == "taps" || info.name == "filters" || info.name == "confusion") continue;
    ASSERT_EQ(expected.count(info.name), 1u) << info.name;
    const auto& [key, better] = expected.at(info.name);
    const std::string label = info.name + "(x=layer1.0)";
    write(folder / "m.jsonl", measured(0, label, fmt::format(R"(["{}",0.5])", key)));
    store.ingest_measures(identity(0), folder / "m.jsonl");
    EXPECT_EQ(StoreTest::text(store, "SELECT coalesce(better, 'none') FROM metrics WHERE metric LIKE '" + label + "%'"),
              better)
        << info.name;
  }
}

}  // namespace
}  // namespace cambium::test
