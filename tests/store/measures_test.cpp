#include <gmock/gmock.h>

#include <cmath>

#include "store/open.h"
#include "support.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

std::string measured(const std::string& measure, const std::string& values, const std::string& files = "") {
  return fmt::format(
      R"({{"seq":0,"type":"measured","time":100,"seconds":0.5,"measure":"{}","values":[{}],"files":[{}]}})"
      "\n",
      measure, values, files);
}
std::string unmeasured(const std::string& measure) {
  return fmt::format(
      R"({{"seq":1,"type":"unmeasured","time":101,"seconds":0.1,"measure":"{}","message":"no filters","hint":"none"}})"
      "\n",
      measure);
}

class Measures : public StoreTest {
 protected:
  Measures() {
    store.put_study(study({cell(1, 0, "g"), cell(2, 1, "g")}));
    finish(store, identity(1), folder, 0.5);
  }
  void take(const std::string& events) {
    write(folder / "m.jsonl", events);
    store.ingest_measures(identity(1), folder / "m.jsonl");
  }
  MeasureStatus status(const std::string& measure) const { return store.measures().at(identity(1)).at(measure); }

  Store store{db(), Store::Mode::Write};
};

TEST_F(Measures, StandInTheOrderTheyWereToldIn) {
  take(measured("cka", R"(["conv1",0.9],["fc2",0.5],["conv10",0.25])"));
  const Table rows =
      store.query("SELECT study, stage, seed, strategy, measure, key, value FROM measures ORDER BY position");
  ASSERT_EQ(rows.rows.size(), 3U);
  EXPECT_THAT(rows.rows[1], ::testing::ElementsAre(Field("s"), Field("transfer"), Field(0), Field("scratch"),
                                                   Field("cka"), Field("fc2"), Field(0.5)));
  EXPECT_EQ(std::get<std::string>(rows.rows[2][5]), "conv10");
  EXPECT_EQ(text(store, "SELECT state FROM measure_states"), "done");
}

TEST_F(Measures, TakenInTwiceAreThereOnce) {
  const std::string events = measured("ece", R"(["ece",0.1],["mce",0.2])") + unmeasured("filters");
  take(events);
  take(events);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM measures"), 2);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM measure_states"), 2);
  take(measured("ece", R"(["ece",0.3])"));
  EXPECT_EQ(real(store, "SELECT value FROM measures"), 0.3) << "what is measured anew replaces all that was";
}

TEST_F(Measures, ThatFailLeaveTheCellDone) {
  take(unmeasured("filters"));
  EXPECT_EQ(store.statuses().at(identity(1)).state, RunState::Done);
  EXPECT_EQ(text(store, "SELECT state FROM cells WHERE seed = 0"), "done");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM failures"), 0);
  EXPECT_EQ(status("filters").failure, FailureKind::Error);
  EXPECT_EQ(text(store, "SELECT error || '|' || hint FROM measure_states WHERE state = 'failed'"), "no filters|none");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM measures"), 0);
  take(measured("filters", ""));
  EXPECT_EQ(status("filters").failure, FailureKind::None);
}

TEST_F(Measures, ThatWereTakenAreNotLostToALaterFailure) {
  take(measured("ece", R"(["ece",0.1])"));
  store.fail_measure(identity(1), "ece", 1, FailureKind::Machine, "its worker was killed", "");
  store.fail_measure(identity(1), "cka", 1, FailureKind::Machine, "its worker was killed", "");
  EXPECT_EQ(status("ece").failure, FailureKind::None);
  EXPECT_EQ(status("cka").failure, FailureKind::Machine);
  EXPECT_EQ(status("cka").error, "its worker was killed");
}

TEST_F(Measures, KnowTheirMathematicsAndTheRunThatTheyAreOf) {
  take(measured("ece", R"(["ece",0.1])"));
  EXPECT_EQ(status("ece").version, 1) << "as told before there was another";
  EXPECT_TRUE(status("ece").of_run);
  std::string again = measured("ece", R"(["ece",0.2])");
  again.insert(again.find("\"values\""), "\"version\":3,");
  take(again);
  EXPECT_EQ(status("ece").version, 3);
  store.fail_measure(identity(1), "ece", 3, FailureKind::Machine, "its worker was killed", "");
  EXPECT_EQ(status("ece").failure, FailureKind::None) << "it is taken";
  finish(store, identity(1), folder, 0.6);
  EXPECT_FALSE(status("ece").of_run);
  store.fail_measure(identity(1), "ece", 3, FailureKind::Machine, "its worker was killed", "");
  EXPECT_EQ(status("ece").failure, FailureKind::Machine) << "of this run it is not";
  EXPECT_TRUE(status("ece").of_run);
}

TEST_F(Measures, OfAnOldFileAreOfTheRunThatWasDoneBefore) {
  const auto path = folder / "old.db";
  {
    const auto old = open_to_write(path, Layout{{layout().steps[0]}, ""});
    old->execute(
        "INSERT INTO cell VALUES (1, 'abc', 'g', 0, 'b', 'd', 'x', NULL, 1, 1);"
        "INSERT INTO run (id, cell, attempt, state, started, finished) VALUES (1, 1, 1, 'done', 0, 10), (2, 1, 2, "
        "'done', 20, 30);"
        "INSERT INTO measurement VALUES (1, 1, 'ece', NULL, NULL, NULL, 15, 0), (2, 1, 'cka', NULL, NULL, NULL, 35, "
        "0)");
  }
  const auto known = Store(path, Store::Mode::Write).measures().at("abc");
  EXPECT_FALSE(known.at("ece").of_run) << "the cell was run again since";
  EXPECT_TRUE(known.at("cka").of_run);
  EXPECT_EQ(known.at("cka").version, 1);
}

TEST_F(Measures, KeepNanAndInfinity) {
  take(measured("cka", R"(["a","nan"],["b","inf"],["c","-inf"])"));
  EXPECT_EQ(integer(store, "SELECT value IS NULL FROM measures WHERE key = 'a'"), 1);
  EXPECT_EQ(real(store, "SELECT value FROM measures WHERE key = 'b'"), HUGE_VAL);
  EXPECT_EQ(real(store, "SELECT value FROM measures WHERE key = 'c'"), -HUGE_VAL);
}

TEST_F(Measures, WaitForALineThatIsCutShortAndTellOfOneThatIsNone) {
  const std::string whole = measured("ece", R"(["ece",0.1])");
  take(whole + R"({"seq":1,"type":"meas)");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM measures"), 1);
  EXPECT_THAT(error_of([&] { take(whole + "nonsense\n"); }), HasSubstr("line 2"));
  EXPECT_EQ(integer(store, "SELECT count(*) FROM measures"), 1);
}

TEST_F(Measures, NameTheirFilesAmongTheArtifacts) {
  take(measured("taps(layer=c1)", R"(["images",2])", R"({"kind":"labels","path":"/x/l.npy","sha256":"ab","bytes":7})"));
  EXPECT_EQ(text(store, "SELECT kind || path || sha256 || bytes FROM artifacts WHERE attempt IS NULL"),
            "taps(layer=c1) labels/x/l.npyab7");
  EXPECT_EQ(store.statuses().at(identity(1)).weights.size(), 1U) << "they are no weights";
}

TEST_F(Measures, ShowWhatTheStudyIsNow) {
  take(measured("ece", R"(["ece",0.1])"));
  store.put_study(study({cell(2, 1, "g")}));
  EXPECT_EQ(integer(store, "SELECT count(*) FROM measures"), 0);
  EXPECT_EQ(store.measures().count(identity(1)), 1U) << "it is still known, should the cell come back";
}

TEST_F(Measures, AnswerTheQueryOfTheirPage) {
  const std::string page = read(std::filesystem::path(CAMBIUM_SOURCE_DIR) / "docs" / "measures.md");
  const std::size_t begin = page.find("SELECT"), end = page.find('"', begin);
  take(measured("cka", R"(["conv1",0.9],["fc2",0.5])"));
  const Table rows = store.query(page.substr(begin, end - begin));
  ASSERT_EQ(rows.rows.size(), 2U);
  EXPECT_THAT(rows.rows[1], ::testing::ElementsAre(Field("scratch"), Field("fc2"), Field(0.5)));
}

}  // namespace
}  // namespace cambium::test
