#include <gmock/gmock.h>

#include <optional>

#include "support.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Arms at several rates, one of which validation chooses.
class Chosen : public StoreTest {
 protected:
  struct Result {
    double val, test;
  };
  /// A cell a seed; none: it failed.
  void point(const std::string& name, const std::string& lr, const std::vector<std::optional<Result>>& results) {
    for (std::size_t seed = 0; seed < results.size(); ++seed) {
      const int number = static_cast<int>(record.cells.size()) + 1;
      const std::string rate = fmt::format(R"({{"train.lr":{}}})", lr);
      record.cells.push_back(cell(number, static_cast<std::int64_t>(seed), name + lr));
      record.entries.push_back({identity(number), "transfer", name + ", lr=" + lr,
                                fmt::format(R"({{"strategy":"{}","train.lr":{}}})", name, lr), name, rate, "{}",
                                fmt::format(R"({{"strategy":"{}"}})", name), "{}"});
      values.push_back(results[seed]);
    }
  }
  void enter(const std::string& metric = "val_accuracy") {
    if (!metric.empty()) record.choices = {{"transfer", metric}};
    store.put_study(record);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string id = record.cells[i].identity;
      const std::int64_t attempt = store.begin_run(id);
      const auto events = folder / fmt::format("{}.jsonl", i);
      write(events,
            started() + (values[i] ? finished(1, fmt::format(R"("val_accuracy":{0},"val_loss":{0},"test_accuracy":{1})",
                                                             values[i]->val, values[i]->test))
                                   : failed(1)));
      store.ingest(id, attempt, events);
    }
  }
  std::vector<std::string> arms(const std::string& from) const {
    std::vector<std::string> labels;
    for (const auto& row : store.query("SELECT arm FROM " + from).rows) labels.push_back(std::get<std::string>(row[0]));
    return labels;
  }

  StudyRecord record{"s", "s.toml", "text", {}, {}};
  std::vector<std::optional<Result>> values;
  Store store{db(), Store::Mode::Write};
};

TEST_F(Chosen, ByTheMeanOfValidationAndNeverByTest) {
  point("scratch", "0.1", {{{0.50, 0.90}}, {{0.60, 0.91}}});
  point("scratch", "0.01", {{{0.80, 0.70}}, {{0.50, 0.72}}});  // the best mean, 0.65, and not the best test accuracy
  point("copy", "0.1", {{{0.70, 0.60}}, {{0.72, 0.62}}});
  point("copy", "0.01", {{{0.60, 0.95}}, {{0.99, 0.95}}});
  enter();
  EXPECT_THAT(
      store.query("SELECT arm, n, mean, tried, chosen_by FROM leaderboard ORDER BY position").rows,
      ElementsAre(ElementsAre(Field("scratch, lr=0.01"), Field(2), Field(0.71), Field(2), Field("val_accuracy")),
                  ElementsAre(Field("copy, lr=0.01"), Field(2), Field(0.95), Field(2), Field("val_accuracy"))));
  EXPECT_NEAR(real(store, "SELECT score FROM choices WHERE arm = 'scratch, lr=0.01'"), 0.65, 1e-12);
  // What was chosen is compared with what was chosen, at another rate or not.
  EXPECT_THAT(arms("paired WHERE baseline = 'scratch'"), ElementsAre("copy, lr=0.01"));
  EXPECT_EQ(integer(store, "SELECT family FROM paired WHERE baseline = 'scratch'"), 1);
  EXPECT_THAT(
      arms("differences WHERE baseline = 'scratch' AND metric = 'test_accuracy' AND NOT chosen ORDER BY position"),
      ElementsAre("scratch, lr=0.1", "copy, lr=0.1"));
  EXPECT_THAT(arms("means WHERE metric = 'test_accuracy' AND NOT chosen ORDER BY position"),
              ElementsAre("scratch, lr=0.1", "copy, lr=0.1"));
}

TEST_F(Chosen, ALossByTheLeast) {
  point("scratch", "0.1", {{{0.50, 0.90}}});
  point("scratch", "0.01", {{{0.80, 0.70}}});
  enter("val_loss");
  EXPECT_THAT(arms("leaderboard"), ElementsAre("scratch, lr=0.1"));
}

TEST_F(Chosen, APointThatFailedOnASeedComesAfterThoseThatDidNot) {
  point("scratch", "1", {{{0.99, 0.99}}, std::nullopt});
  point("scratch", "0.1", {{{0.50, 0.50}}, {{0.50, 0.50}}});
  enter();
  EXPECT_THAT(store.query("SELECT arm, tried, lacking FROM choices").rows,
              ElementsAre(ElementsAre(Field("scratch, lr=0.1"), Field(2), Field(1))));
}

TEST_F(Chosen, WithoutAChoiceAllPointsAreShown) {
  point("scratch", "0.1", {{{0.50, 0.90}}});
  point("scratch", "0.01", {{{0.80, 0.70}}});
  enter("");
  EXPECT_EQ(arms("leaderboard").size(), 2u);
  EXPECT_THAT(arms("choices"), IsEmpty());
  EXPECT_EQ(integer(store, "SELECT count(*) FROM leaderboard WHERE tried IS NULL AND chosen_by IS NULL"), 2);
}

TEST_F(Chosen, AStudyThatChoosesNoLongerShowsAllAgain) {
  point("scratch", "0.1", {{{0.50, 0.90}}});
  point("scratch", "0.01", {{{0.80, 0.70}}});
  enter();
  EXPECT_EQ(arms("leaderboard").size(), 1u);
  record.choices.clear();
  for (EntryRecord& entry : record.entries) entry.contest = entry.common = "";
  store.put_study(record);
  EXPECT_EQ(arms("leaderboard").size(), 2u);
}

TEST_F(Chosen, LayersAreOfChosenPoints) {
  for (const int cut : {1, 2})
    for (const char* lr : {"0.1", "0.01"}) {
      point("AnB", lr, {{{lr == std::string("0.1") ? 0.9 : 0.1 * cut, 0.5 + 0.1 * cut}}});
      EntryRecord& entry = record.entries.back();
      entry.factors = fmt::format(R"({{"cut":{},"train.lr":{}}})", cut, lr);
      entry.axes = entry.factors;
      entry.contest = entry.common = fmt::format(R"({{"cut":{}}})", cut);
      entry.arm = fmt::format("AnB, cut={}, lr={}", cut, lr);
    }
  enter();
  EXPECT_THAT(store.query("SELECT arm, cut, mean, axes FROM layers").rows,
              ElementsAre(ElementsAre(Field("AnB"), Field(1), Field(0.6), Field("{}")),
                          ElementsAre(Field("AnB"), Field(2), Field(0.7), Field("{}"))));
}

TEST_F(Chosen, OnADatabaseOfThatManyArmsQuickly) {
  // Thousands of points, as of a sweep: each is ranked once, not once a row.
  for (int i = 0; i < 1500; ++i)
    for (const char* lr : {"0.1", "0.01"}) point(fmt::format("arm {}", i), lr, {std::nullopt, std::nullopt});
  record.choices = {{"transfer", "val_accuracy"}};
  store.put_study(record);
  EXPECT_EQ(arms("leaderboard").size(), 1500u);
  EXPECT_EQ(arms("paired WHERE study = 's' AND baseline = 'arm 7'").size(), 1499u);
}

}  // namespace
}  // namespace cambium::test
