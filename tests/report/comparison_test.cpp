#include "report/comparison.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "report/cell_report.h"
#include "store/support.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Comparison = StoreTest;

TEST_F(Comparison, GivesMeanAndIntervalOverSeedsByArmInTheStudysOrder) {
  Store store(db(), Store::Mode::Write);
  store.put_study(study({cell(1, 0, "g1", "zebra"), cell(2, 1, "g1", "zebra"), cell(3, 2, "g1", "zebra"),
                         cell(4, 0, "g2", "ant"), cell(5, 1, "g2", "ant")}));
  finish(store, identity(1), folder, 0.7);
  finish(store, identity(2), folder, 0.8);
  finish(store, identity(3), folder, 0.9);
  finish(store, identity(4), folder, 0.25);

  const Table table = comparison(store, "s");
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(std::get<std::string>(table.rows[0][1]), "zebra");
  EXPECT_NEAR(std::get<double>(table.rows[0][4]), 0.8, 1e-12);
  // t(0.975, 2) = 4.3027 (Student's table), sd 0.1, n 3.
  EXPECT_NEAR(std::get<double>(table.rows[0][5]), 4.302653 * 0.1 / std::sqrt(3.0), 1e-6);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(table.rows[1][5])) << "one seed has no interval";

  const std::string text = comparison_text(store, "s");
  EXPECT_THAT(text, HasSubstr("transfer  zebra  3       80.00 ± 24.84"));
  EXPECT_THAT(text, HasSubstr("transfer  ant    1 of 2  25.00 "));
  EXPECT_THAT(text, HasSubstr("±: half of the 95 % interval"));
  EXPECT_THAT(text, HasSubstr("1 cell is missing:\n  transfer, ant, seed 1: pending\n"));
}

TEST_F(Comparison, NamesWhatIsMissingAndWhy) {
  Store store(db(), Store::Mode::Write);
  std::vector<CellRecord> cells;
  for (int i = 0; i < 10; ++i) cells.push_back(cell(i, i, "g"));
  store.put_study(study(cells));
  const std::int64_t attempt = store.begin_run(identity(0));
  write(folder / "e.jsonl", started() + failed(1));
  store.ingest(identity(0), attempt, folder / "e.jsonl");
  store.skip(identity(1), "its source failed");
  const std::string text = comparison_text(store, "s");
  EXPECT_THAT(
      text,
      HasSubstr("10 cells are missing:\n  transfer, scratch, seed 0: failed\n  transfer, scratch, seed 1: skipped\n"));
  EXPECT_THAT(text, HasSubstr("\n  and 2 more\n"));
  EXPECT_THAT(text, HasSubstr("0 of 10      - "));
  EXPECT_THAT(text, Not(HasSubstr("±")));
}

TEST_F(Comparison, OfAStudyThatIsNotThereIsEmpty) {
  Store store(db(), Store::Mode::Write);
  EXPECT_TRUE(comparison(store, "nobody").rows.empty());
}

TEST_F(Comparison, ACellsReportHasItsAttemptsCurvesAndWhatItsWorkerPrinted) {
  Store store(db(), Store::Mode::Write);
  store.put_study(study({cell(1, 0, "g")}));
  const std::int64_t first = store.begin_run(identity(1));
  write(folder / "1.jsonl", started() + epoch(1, 1, R"("train_loss":"nan")"));
  store.ingest(identity(1), first, folder / "1.jsonl");
  store.end_run(identity(1), first, RunState::Failed, FailureKind::Plugin, "its worker was killed by signal 11",
                "last words");
  const std::int64_t second = store.begin_run(identity(1));
  write(folder / "2.jsonl", started() + epoch(1, 1, R"("train_loss":2.5,"lr":0.1)") +
                                epoch(2, 2, R"("train_loss":1.5)") + finished(3, R"("test_accuracy":0.75)"));
  store.ingest(identity(1), second, folder / "2.jsonl");

  EXPECT_EQ(cells_like(store, identity(1).substr(0, 8)), std::vector<std::string>{identity(1)});
  EXPECT_TRUE(cells_like(store, "ffff").empty());
  const CellReport report = cell_report(store, identity(1));
  EXPECT_EQ(report.attempts.rows.size(), 2u);
  EXPECT_EQ(report.curves.columns, (std::vector<std::string>{"epoch", "lr", "train_loss"}));
  ASSERT_EQ(report.curves.rows.size(), 2u);
  EXPECT_EQ(report.curves.rows[1][2], Field(1.5));
  EXPECT_EQ(report.curves.rows[1][1], Field()) << "not logged in that epoch";
  const std::string text = to_text(report);
  EXPECT_THAT(text, HasSubstr("  | last words\n"));
  EXPECT_THAT(text, HasSubstr("\"optimizer\": \"sgd\""));
  const auto json = nlohmann::json::parse(to_json(report));
  EXPECT_EQ(json["metrics"]["test_accuracy"], 0.75);
  EXPECT_EQ(json["attempts"][0]["log"], "last words");
  EXPECT_EQ(json["weights"][0]["bytes"], 12);
}

}  // namespace
}  // namespace cambium::test
