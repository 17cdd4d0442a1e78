#include <gmock/gmock.h>

#include <boost/math/distributions/students_t.hpp>
#include <chrono>
#include <cmath>
#include <optional>

#include "support.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;

/// A study that is built arm by arm, its results with it.
class Statistics : public StoreTest {
 protected:
  struct Result {
    std::int64_t seed;
    std::string replicate;
    std::optional<double> accuracy;  ///< none: it diverged
  };

  void arm(const std::string& name, const std::vector<Result>& results, const std::string& stage = "transfer",
           const std::string& axes = "") {
    for (const Result& result : results) {
      const int number = static_cast<int>(record.cells.size()) + 1;
      record.cells.push_back(cell(number, result.seed, name));
      record.entries.push_back({identity(number), stage, name, axes.empty() ? R"({"x":")" + name + "\"}" : axes,
                                name.substr(0, name.find(", ")), axes.empty() ? "{}" : axes, result.replicate});
      accuracies.push_back(result.accuracy);
    }
  }
  /// An arm with seeds 0, 1, ...
  void arm(const std::string& name, const std::vector<double>& accuracies_by_seed, const std::string& axes = "") {
    std::vector<Result> results;
    for (double accuracy : accuracies_by_seed)
      results.push_back({static_cast<std::int64_t>(results.size()), "{}", accuracy});
    arm(name, results, "transfer", axes);
  }
  void enter() {
    store.put_study(record);
    store.begin();
    for (std::size_t i = 0; i < accuracies.size(); ++i) {
      const std::string id = record.cells[i].identity;
      if (accuracies[i]) {
        finish(store, id, folder, *accuracies[i]);
      } else {
        store.begin_run(id);
        write(folder / "diverged.jsonl", started() + failed(1));
        store.ingest(id, 1, folder / "diverged.jsonl");
      }
    }
    store.commit();
  }

  /// Differences of n pairs against 0 whose t is `t`: +-1 around their mean, one of them 0 where n is odd.
  static std::vector<double> with_t(int n, double t) {
    std::vector<double> values;
    for (int i = 0; i < n; ++i) values.push_back(n % 2 == 1 && i == n - 1 ? 0.0 : i % 2 == 0 ? 0.01 : -0.01);
    double squares = 0;
    for (double value : values) squares += value * value;
    const double mean = t * std::sqrt(squares / (n - 1) / n);
    for (double& value : values) value += mean;
    return values;
  }

  StudyRecord record{"s", "s.toml", "text", {}, {}};
  std::vector<std::optional<double>> accuracies;
  Store store{db(), Store::Mode::Write};
};

TEST_F(Statistics, PairedIsAsInStudentsSleepData) {
  // Student 1908, as in R's ?t.test: t.test(extra[group == 2], extra[group == 1], paired = TRUE) gives t = 4.0621,
  // df = 9, p = 0.002833, interval 0.7001142 to 2.4598858, mean 1.58.
  arm("one", {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0});
  arm("two", {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4});
  enter();
  const Table table = store.query("SELECT * FROM paired WHERE baseline = 'one'");
  EXPECT_THAT(
      std::vector<std::string>(table.columns.begin(), table.columns.begin() + 11),
      ElementsAre("study", "stage", "baseline", "arm", "axes", "n", "mean_difference", "lo95", "hi95", "p", "p_holm"));
  ASSERT_EQ(table.rows.size(), 1U);
  const auto& row = table.rows[0];
  EXPECT_EQ(row[3], Field("two"));
  EXPECT_EQ(row[5], Field(10));
  EXPECT_NEAR(std::get<double>(row[6]), 1.58, 1e-12);
  EXPECT_NEAR(std::get<double>(row[7]), 0.7001142, 5e-8);
  EXPECT_NEAR(std::get<double>(row[8]), 2.4598858, 5e-8);
  EXPECT_NEAR(std::get<double>(row[9]), 0.002833, 5e-7);
  EXPECT_EQ(row[10], row[9]) << "one hypothesis";
  EXPECT_NEAR(real(store, "SELECT mean_difference FROM paired WHERE baseline = 'two'"), -1.58, 1e-12);
  EXPECT_EQ(integer(store, "SELECT negative FROM paired WHERE baseline = 'two'"), 1);
}

TEST_F(Statistics, PIsAsInPublishedTables) {
  // The 0.975 quantiles of Student's t as printed in every table (Fisher 1925): p is 0.05 to the table's digits.
  const std::vector<std::pair<int, double>> table = {{1, 12.706}, {2, 4.303}, {3, 3.182},  {4, 2.776},
                                                     {5, 2.571},  {6, 2.447}, {10, 2.228}, {30, 2.042}};
  arm("base", std::vector<double>(31, 0.0));
  for (const auto& [df, t] : table) arm("df " + std::to_string(df), with_t(df + 1, t));
  enter();
  for (const auto& row : store.query("SELECT arm, p, n FROM paired WHERE baseline = 'base'").rows)
    EXPECT_NEAR(std::get<double>(row[1]), 0.05, 5e-5) << std::get<std::string>(row[0]);
}

TEST_F(Statistics, PIsThatOfAnIndependentComputation) {
  arm("base", std::vector<double>(61, 0.0));
  std::vector<std::tuple<std::string, int, double>> cases;
  for (const int n : {2, 3, 4, 5, 8, 21, 60, 61})
    for (const double t : {0.0, 0.01, -0.7, 1.0, 2.5, -6.0, 15.0}) {
      cases.emplace_back(fmt::format("{} {}", n, t), n, t);
      arm(std::get<0>(cases.back()), with_t(n, t));
    }
  enter();
  const Table table = store.query("SELECT arm, p FROM paired WHERE baseline = 'base' ORDER BY position");
  ASSERT_EQ(table.rows.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& [name, n, t] = cases[i];
    const double expected = 2 * boost::math::cdf(boost::math::complement(boost::math::students_t(n - 1), std::abs(t)));
    EXPECT_EQ(table.rows[i][0], Field(name));
    EXPECT_NEAR(std::get<double>(table.rows[i][1]), std::max(expected, 1e-15), 1e-13 + 1e-9 * expected) << name;
  }
}

TEST_F(Statistics, HolmIsAsInAWorkedExample) {
  // The example of Wikipedia's "Holm-Bonferroni method": 0.01, 0.04, 0.03, 0.005. Stepwise: 0.005 * 4, 0.01 * 3,
  // 0.03 * 2, and 0.04, which may not be under the one before it.
  arm("base", std::vector<double>(5, 0.0));
  for (const double p : {0.01, 0.04, 0.03, 0.005})
    arm(fmt::format("{}", p), with_t(5, boost::math::quantile(boost::math::students_t(4), 1 - p / 2)));
  enter();
  std::vector<double> adjusted;
  for (const auto& row : store.query("SELECT p_holm FROM paired WHERE baseline = 'base' ORDER BY position").rows)
    adjusted.push_back(std::get<double>(row[0]));
  EXPECT_THAT(adjusted, ElementsAre(::testing::DoubleNear(0.03, 1e-9), ::testing::DoubleNear(0.06, 1e-9),
                                    ::testing::DoubleNear(0.06, 1e-9), ::testing::DoubleNear(0.02, 1e-9)));
}

TEST_F(Statistics, HolmCountsArmsThatCouldNotBeTestedYet) {
  arm("base", std::vector<double>(5, 0.0));
  arm("tested", with_t(5, 2.7764451051977987));
  arm("diverged", {{0, "{}", std::nullopt}, {1, "{}", std::nullopt}});
  enter();
  EXPECT_NEAR(real(store, "SELECT p_holm FROM paired WHERE baseline = 'base' AND arm = 'tested'"), 0.1, 1e-9);
  EXPECT_THAT(store
                  .query("SELECT n, missing, mean_difference, p, p_holm FROM paired WHERE baseline = 'base' AND arm = "
                         "'diverged'")
                  .rows,
              ElementsAre(ElementsAre(Field(0), Field(5), Field(), Field(), Field())));
}

TEST_F(Statistics, PairsAreOfEqualReplicateAndSeed) {
  const std::string a = R"({"data.half":"A"})", b = R"({"data.half":"B"})";
  // By order or by seed alone, or by replicate alone, the differences would not be 0.01, 0.02 and 0.04.
  arm("base", {{0, a, 0.10}, {0, b, 0.50}, {1, a, 0.20}, {1, b, 0.70}, {2, a, 0.3}});
  arm("other", {{1, b, 0.74}, {1, a, std::nullopt}, {0, b, 0.52}, {0, a, 0.11}, {3, b, 0.9}});
  arm("elsewhere", {{0, R"({"data.half":"C"})", 0.9}});
  enter();
  const Table table = store.query("SELECT arm, n, missing, mean_difference, sd FROM paired WHERE baseline = 'base'");
  ASSERT_EQ(table.rows.size(), 1U) << "no pair with elsewhere";
  EXPECT_EQ(table.rows[0][1], Field(3));
  EXPECT_EQ(table.rows[0][2], Field(3)) << "one diverged, and one of each has no partner";
  // One split: its seeds are the repeats, of 0.015 and 0.04.
  EXPECT_NEAR(std::get<double>(table.rows[0][3]), 0.0275, 1e-12);
  EXPECT_NEAR(std::get<double>(table.rows[0][4]), 0.025 / std::sqrt(2.0), 1e-12);
}

TEST_F(Statistics, PairsReachAcrossStages) {
  arm("base", {{0, "{}", 0.5}, {1, "{}", 0.6}}, "pretrain");
  arm("copy", {{0, "{}", 0.6}, {1, "{}", 0.8}}, "transfer");
  enter();
  EXPECT_THAT(store.query("SELECT baseline_stage, baseline, stage, arm, n FROM paired ORDER BY stage").rows,
              ElementsAre(ElementsAre(Field("transfer"), Field("copy"), Field("pretrain"), Field("base"), Field(2)),
                          ElementsAre(Field("pretrain"), Field("base"), Field("transfer"), Field("copy"), Field(2))));
}

TEST_F(Statistics, NegativeIsByTheIntervalAndNotByTheMean) {
  arm("base", std::vector<double>(5, 0.5));
  arm("surely", {0.40, 0.41, 0.42, 0.41, 0.40});
  arm("perhaps", {0.40, 0.60, 0.30, 0.55, 0.45});
  arm("once", std::vector<double>{0.1});
  enter();
  EXPECT_THAT(
      store
          .query("SELECT arm, negative, mean_difference < 0 FROM paired WHERE baseline = 'base' ORDER BY "
                 "position")
          .rows,
      ElementsAre(ElementsAre(Field("surely"), Field(1), Field(1)), ElementsAre(Field("perhaps"), Field(0), Field(1)),
                  ElementsAre(Field("once"), Field(), Field(1))));
}

TEST_F(Statistics, EqualDifferencesAreNoEvidence) {
  arm("base", {0.1, 0.2, 0.3});
  arm("shifted", {0.11, 0.21, 0.31});
  enter();
  const Table table = store.query("SELECT mean_difference, lo95, p, negative FROM paired WHERE baseline = 'base'");
  EXPECT_NEAR(std::get<double>(table.rows.at(0)[0]), 0.01, 1e-12);
  EXPECT_THAT((std::vector<Field>{table.rows[0][1], table.rows[0][2], table.rows[0][3]}),
              ElementsAre(Field(), Field(), Field()));
}

TEST_F(Statistics, LayersFollowTheCutInOrder) {
  const auto axes = [](int cut) { return fmt::format(R"({{"strategy":"partial","strategy.cut":{}}})", cut); };
  arm("base", std::vector<double>{0.9, 0.8});
  for (const int cut : {10, 1, 2}) {
    arm(fmt::format("AnB, cut={}", cut), {0.5 + cut * 0.01, 0.52 + cut * 0.01}, axes(cut));
    arm(fmt::format("fast, cut={}, lr=1", cut), std::vector<double>{0.3},
        fmt::format(R"({{"cut":{},"train.lr":1}})", cut));
  }
  arm("last, strategy.cut=3", std::vector<double>{0.4}, axes(3));
  enter();
  const Table table = store.query("SELECT * FROM layers");
  EXPECT_THAT(std::vector<std::string>(table.columns.begin(), table.columns.begin() + 8),
              ElementsAre("study", "arm", "cut", "n", "mean", "sd", "lo95", "hi95"));
  std::vector<std::string> rows;
  for (const auto& row : table.rows)
    rows.push_back(fmt::format("{} {} {}", std::get<std::string>(row[1]), std::get<std::int64_t>(row[2]),
                               std::get<std::int64_t>(row[3])));
  EXPECT_THAT(rows, ElementsAre("AnB 1 2", "AnB 2 2", "AnB 10 2", "fast 1 1", "fast 2 1", "fast 10 1", "last 3 1"));
  const auto& two = table.rows[1];
  const double sd = std::sqrt(2e-4), half = 12.706204736174698 * sd / std::sqrt(2.0);
  EXPECT_NEAR(std::get<double>(two[4]), 0.53, 1e-12);
  EXPECT_NEAR(std::get<double>(two[5]), sd, 1e-12);
  EXPECT_NEAR(std::get<double>(two[6]), 0.53 - half, 1e-9);
  EXPECT_NEAR(std::get<double>(two[7]), 0.53 + half, 1e-9);
  EXPECT_EQ(integer(store, "SELECT count(DISTINCT axes) FROM layers WHERE arm = 'AnB'"), 1);
}

TEST_F(Statistics, SeedsAreAveragedWithinAReplicateAndHalvesWithinTheirSplit) {
  const auto replicate = [](int split, const char* half) {
    return fmt::format(R"({{"data.half":"{}","data.split":{}}})", half, split);
  };
  std::vector<Result> base, other;
  // Differences by split: (0.02 + 0.04) / 2 = 0.03 of A and 0.05 of B; 0.01 and 0.03; 0.06, B not run. Means 0.04,
  // 0.02, 0.06.
  const std::vector<std::tuple<int, const char*, double, double>> differences = {
      {0, "A", 0.02, 0.04}, {0, "B", 0.05, 0.05}, {1, "A", 0.01, 0.01}, {1, "B", 0.02, 0.04}, {2, "A", 0.06, 0.06}};
  for (const auto& [split, half, first, second] : differences) {
    for (const int seed : {0, 1}) base.push_back({seed, replicate(split, half), 0.5});
    other.push_back({0, replicate(split, half), 0.5 + first});
    other.push_back({1, replicate(split, half), 0.5 + second});
  }
  for (const int seed : {0, 1}) {
    base.push_back({seed, replicate(2, "B"), 0.5});
    other.push_back({seed, replicate(2, "B"), std::nullopt});
  }
  arm("base", base);
  arm("other", other);
  enter();
  const Table table = store.query(
      "SELECT n, missing, repeats, mean_difference, sd, hi95 - mean_difference, p FROM paired WHERE baseline = 'base'");
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0][0], Field(10));
  EXPECT_EQ(table.rows[0][1], Field(2));
  EXPECT_EQ(table.rows[0][2], Field(3));
  EXPECT_NEAR(std::get<double>(table.rows[0][3]), 0.04, 1e-12);
  EXPECT_NEAR(std::get<double>(table.rows[0][4]), 0.02, 1e-12);
  // t(0.975, 2) = 4.302653; t = 0.04 sqrt(3) / 0.02 = 3.4641, of which p with 2 degrees of freedom is 1 - t / sqrt(t^2
  // + 2).
  EXPECT_NEAR(std::get<double>(table.rows[0][5]), 4.302653 * 0.02 / std::sqrt(3.0), 1e-7);
  EXPECT_NEAR(std::get<double>(table.rows[0][6]), 1 - std::sqrt(12.0 / 14.0), 1e-9);
  EXPECT_NEAR(real(store, "SELECT mean FROM leaderboard WHERE arm = 'other'"), 0.54, 1e-12);
  EXPECT_NEAR(real(store, "SELECT hi95 - mean FROM leaderboard WHERE arm = 'other'"), 4.302653 * 0.02 / std::sqrt(3.0),
              1e-7);
  EXPECT_EQ(integer(store, "SELECT repeats FROM leaderboard WHERE arm = 'other'"), 3);
}

TEST_F(Statistics, OfASingleSplitTheSeedsAreTheRepeats) {
  const std::string a = R"({"data.half":"A"})", b = R"({"data.half":"B"})";
  arm("base", {{0, a, 0.5}, {1, a, 0.5}, {0, b, 0.5}, {1, b, 0.5}});
  arm("other", {{0, a, 0.6}, {1, a, 0.8}, {0, b, 0.7}, {1, b, 0.7}});
  enter();
  EXPECT_EQ(integer(store, "SELECT repeats FROM paired WHERE baseline = 'base'"), 2);
  EXPECT_NEAR(real(store, "SELECT sd FROM paired WHERE baseline = 'base'"), std::sqrt(2 * 0.05 * 0.05), 1e-12);
}

TEST_F(Statistics, AStudyThatIsNotThroughLooksNoSurerThanItWill) {
  const std::string first = R"({"data.split":0})", second = R"({"data.split":1})";
  arm("base", {{0, first, 0.5}, {1, first, 0.5}, {0, second, std::nullopt}, {1, second, std::nullopt}});
  arm("other", {{0, first, 0.6}, {1, first, 0.61}, {0, second, std::nullopt}, {1, second, std::nullopt}});
  enter();
  EXPECT_THAT(store.query("SELECT n, repeats, lo95, p FROM paired WHERE baseline = 'base'").rows,
              ElementsAre(ElementsAre(Field(2), Field(1), Field(), Field())));
}

TEST_F(Statistics, PairedIsQuickForOneBaseline) {
  for (int i = 0; i < 300; ++i)
    arm(fmt::format("arm {}", i), {{0, "{}", {}}, {1, "{}", {}}, {2, "{}", {}}, {3, "{}", {}}, {4, "{}", {}}});
  store.put_study(record);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(store.query("SELECT * FROM paired WHERE study = 's' AND baseline = 'arm 7'").rows.size(), 299U);
  // All 90,000 comparisons take far longer: the filter must reach the tables.
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 5);
}

}  // namespace
}  // namespace cambium::test
