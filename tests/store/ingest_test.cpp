#include <gmock/gmock.h>

#include <limits>

#include "store/database.h"
#include "support.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Ingesting : public StoreTest {
 protected:
  Ingesting() : store(db(), Store::Mode::Write) {
    store.put_study(study({cell(1, 0, "g"), cell(2, 1, "g")}));
    store.begin_run(id);
  }
  bool ingest() { return store.ingest(id, 1, events); }
  std::int64_t points() const { return integer(store, "SELECT count(*) FROM point"); }
  /// As if the database had forgotten how far it was.
  void lose_offset() { Database(db(), Database::Mode::Write).execute("UPDATE run SET event_offset = 0"); }

  const std::string id = identity(1);
  const std::filesystem::path events = folder / "e.jsonl";
  Store store;
};

TEST_F(Ingesting, TakesAWholeRun) {
  write(events, started() + epoch(1, 1, R"("train_loss":2.0,"val_accuracy":0.25)") +
                    epoch(2, 2, R"("train_loss":1.0,"val_accuracy":0.5)") +
                    finished(3, R"("test_accuracy":0.75,"test_accuracy_best_val":0.875,"best_epoch":1)"));
  EXPECT_TRUE(ingest());
  const Table run = store.query(
      "SELECT state, seed, train_loss, val_accuracy, test_accuracy, test_accuracy_best_val, best_epoch, epochs, "
      "seconds, trainable, "
      "total, train_images, selection, provenance, started, finished, error FROM runs");
  ASSERT_EQ(run.rows.size(), 1U);
  EXPECT_THAT(run.rows[0], ElementsAre(Field("done"), Field(0), Field(1.0), Field(0.5), Field(0.75), Field(0.875),
                                       Field(1), Field(2), Field(7.5), Field(11), Field(101), Field(50), Field("abc"),
                                       Field(R"({"threads":1,"torch":"1.13.1"})"), Field("1970-01-01 00:01:40"),
                                       Field("1970-01-01 00:01:50"), Field()));
  const CellStatus status = store.statuses().at(id);
  EXPECT_EQ(status.state, RunState::Done);
  EXPECT_EQ(status.epochs, 2);
  ASSERT_EQ(status.weights.size(), 1U);
  EXPECT_EQ(status.weights[0].path, (store.files() / "w.last").string());
  EXPECT_EQ(status.weights[0].bytes, 12);
  EXPECT_EQ(integer(store, "SELECT step FROM curves WHERE metric = 'test_accuracy'"), 2);
  EXPECT_EQ(integer(store, "SELECT bytes FROM artifacts WHERE kind = 'last'"), 12);
}

TEST_F(Ingesting, WaitsForAFileAndForWholeLines) {
  EXPECT_FALSE(ingest());
  const std::string all = started() + epoch(1, 1, R"("a":1)") + epoch(2, 2, R"("a":2)") + finished(3, R"("a":3,"b":4)");
  bool ended = false;
  for (const char c : all) {  // as it may come, byte by byte
    append(events, std::string(1, c));
    ended = ingest();
    EXPECT_EQ(ended, std::filesystem::file_size(events) == all.size());
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(points(), 3);
}

TEST_F(Ingesting, IsIdempotentEvenWithoutItsOffset) {
  write(events, started() + epoch(1, 1, R"("a":1)"));
  ingest();
  ingest();
  lose_offset();
  EXPECT_FALSE(ingest());
  append(events, epoch(2, 2, R"("a":5)"));
  lose_offset();
  ingest();
  EXPECT_EQ(points(), 2);
  EXPECT_EQ(integer(store, "SELECT steps FROM summary"), 2);
  EXPECT_EQ(integer(store, "SELECT next_seq FROM run"), 3);
}

TEST_F(Ingesting, KeepsASummaryOfEachMetric) {
  write(events, started() + epoch(1, 1, R"("a":3)") + epoch(2, 2, R"("a":-1)"));
  ingest();
  append(events, epoch(3, 3, R"("a":"nan")"));
  ingest();
  append(events, epoch(4, 4, R"("a":2)"));
  ingest();
  EXPECT_THAT(store.query("SELECT steps, last_step, last, minimum, maximum FROM summary").rows,
              ElementsAre(ElementsAre(Field(4), Field(4), Field(2.0), Field(-1.0), Field(3.0))));
}

TEST_F(Ingesting, CountsAStepGivenAgainOnce) {
  // `finished` belongs to the last epoch, and may repeat one of its metrics.
  write(events, started() + epoch(1, 1, R"("a":3)") + epoch(2, 2, R"("a":9)") + finished(3, R"("a":5)"));
  ingest();
  EXPECT_THAT(store.query("SELECT steps, last_step, last, minimum, maximum FROM summary").rows,
              ElementsAre(ElementsAre(Field(2), Field(2), Field(5.0), Field(3.0), Field(5.0))));
}

TEST_F(Ingesting, KeepsManyPointsInOrder) {
  std::string lines = started();
  for (int i = 1; i <= 21; ++i) lines += epoch(i, i, fmt::format(R"("a":{},"b":{})", i, -i));
  write(events, lines);
  ingest();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM curves WHERE metric = 'a' AND value = step"), 21);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM curves WHERE metric = 'b' AND value = -step"), 21);
}

TEST_F(Ingesting, KeepsNanAsNullAndInfinitiesAsSuch) {
  write(events, started() + epoch(1, 1, R"("a":"nan","b":"inf","c":"-inf")"));
  ingest();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(store.query("SELECT metric, value FROM curves ORDER BY metric").rows,
              ElementsAre(ElementsAre(Field("a"), Field()), ElementsAre(Field("b"), Field(infinity)),
                          ElementsAre(Field("c"), Field(-infinity))));
  EXPECT_THAT(
      store.query("SELECT last, minimum, maximum FROM summary WHERE metric = (SELECT id FROM metric WHERE name = 'a')")
          .rows,
      ElementsAre(ElementsAre(Field(), Field(), Field())));
}

TEST_F(Ingesting, TellsAFailure) {
  write(events, started() + epoch(1, 1, R"("train_loss":"nan")") + failed(2));
  EXPECT_TRUE(ingest());
  store.end_run(id, 1, RunState::Failed, FailureKind::Error, "not this", "last words");
  const CellStatus status = store.statuses().at(id);
  EXPECT_EQ(status.state, RunState::Failed);
  EXPECT_EQ(status.failure, FailureKind::Diverged);
  EXPECT_EQ(status.error, "the loss is NaN");
  EXPECT_THAT(store.query("SELECT study, stage, seed, arm, attempt, kind, error, log, time, hint FROM failures").rows,
              ElementsAre(ElementsAre(Field("s"), Field("transfer"), Field(0), Field("scratch"), Field(1),
                                      Field("diverged"), Field("the loss is NaN"), Field("last words"),
                                      Field("1970-01-01 00:02:00"), Field("lower lr"))));
}

TEST_F(Ingesting, NamesABadLineAndTakesTheOthers) {
  write(events, started() + "{\"seq\":1,\"type\":\"epo\n" + epoch(2, 2, R"("a":2)") + finished(3, R"("b":4)"));
  EXPECT_THAT(error_of([&] { ingest(); }),
              AllOf(HasSubstr(events.string()), HasSubstr("line 2"), HasSubstr("not JSON")));
  EXPECT_EQ(points(), 2);
  EXPECT_TRUE(ingest()) << "told once, and the end is known";
  lose_offset();
  EXPECT_TRUE(ingest()) << "told once";
}

TEST_F(Ingesting, CountsLinesFromTheBeginningOfTheFile) {
  write(events, started() + epoch(1, 1, R"("a":1)"));
  ingest();
  append(events, "rubbish\n");
  EXPECT_THAT(error_of([&] { ingest(); }), HasSubstr("line 3"));
}

TEST_F(Ingesting, LosesNoEventToAStrayLine) {
  write(events, started() + "a plugin printed this\n" + epoch(1, 1, R"("a":1)"));
  EXPECT_THAT(error_of([&] { ingest(); }), HasSubstr("line 2"));
  EXPECT_EQ(points(), 1);
}

TEST_F(Ingesting, SaysThatLinesAreMissing) {
  write(events, started() + epoch(4, 4, R"("a":1)"));
  EXPECT_THAT(error_of([&] { ingest(); }), AllOf(HasSubstr("line 2"), HasSubstr("event 4 stands where 1 was due")));
  EXPECT_EQ(points(), 1);
}

TEST_F(Ingesting, SaysWhatIsWrongWithALine) {
  const std::pair<std::string, std::string> wrong[] = {
      {R"([1])", "not a JSON object"},
      {R"({"type":"started","time":1})", "\"seq\" is missing"},
      {R"({"seq":"0","type":"started","time":1})", "\"seq\" is not an integer"},
      {R"({"seq":-1,"type":"started","time":1})", "\"seq\" is not a count"},
      {R"({"seq":0,"type":"started"})", "\"time\" is missing"},
      {R"({"seq":0,"type":"begun","time":1})", "no event is called \"begun\""},
      {R"({"seq":0,"type":"epoch","epoch":1,"time":1,"metrics":{"a":null}})", "\"a\" is not a number"},
      {R"({"seq":0,"type":"epoch","epoch":1.5,"time":1,"metrics":{}})", "\"epoch\" is not an integer"},
      {R"({"seq":0,"type":"finished","time":1,"metrics":{},"weights":[1]})", "\"weights\" is not a list of objects"},
      {R"({"seq":0,"type":"failed","time":1,"kind":"bad","message":"m"})", "\"kind\" is not"}};
  for (const auto& [line, what] : wrong) {
    const std::int64_t attempt = store.begin_run(id);
    write(events, line + "\n");
    EXPECT_THAT(error_of([&] { store.ingest(id, attempt, events); }), HasSubstr(what)) << line;
  }
}

TEST_F(Ingesting, StartsAnAttemptWhole) {
  write(events, started() + epoch(1, 1, R"("a":1)") + epoch(2, 2, R"("a":2)"));
  ingest();
  store.end_run(id, 1, RunState::Interrupted, FailureKind::None, "stopped", "");
  EXPECT_EQ(store.begin_run(id), 2);
  EXPECT_EQ(integer(store, "SELECT max(attempt) FROM curves"), 1) << "the newest attempt that has points";
  write(folder / "2.jsonl", started() + epoch(1, 1, R"("a":1)") + epoch(2, 2, R"("a":2)") + epoch(3, 3, R"("a":3)"));
  store.ingest(id, 2, folder / "2.jsonl");
  EXPECT_THAT(
      store.query("SELECT attempt, step FROM curves ORDER BY step").rows,
      ElementsAre(ElementsAre(Field(2), Field(1)), ElementsAre(Field(2), Field(2)), ElementsAre(Field(2), Field(3))));
}

TEST_F(Ingesting, RefusesAnAttemptThatWasNotBegun) {
  EXPECT_THAT(error_of([&] { store.ingest(id, 7, events); }), HasSubstr("no attempt 7"));
  EXPECT_THAT(error_of([&] { store.begin_run(identity(99)); }), HasSubstr("no cell " + identity(99)));
}

TEST_F(Ingesting, RecoversWhatADeadCoordinatorLeft) {
  const std::string other = identity(2);
  store.begin_run(other);
  write(store.files() / "events" / (id.substr(0, 16) + "-1.jsonl"), started() + finished(1, R"("test_accuracy":0.5)"));
  write(store.files() / "events" / (other.substr(0, 16) + "-1.jsonl"), started() + epoch(1, 1, R"("a":1)") + "{\"cut");
  store.recover();
  EXPECT_EQ(store.statuses().at(id).state, RunState::Done);
  const CellStatus left = store.statuses().at(other);
  EXPECT_EQ(left.state, RunState::Interrupted);
  EXPECT_EQ(left.epochs, 1);
  EXPECT_THAT(left.error, HasSubstr("coordinator ended"));
}

TEST_F(Ingesting, RecoversInSpiteOfATornEventFile) {
  write(store.files() / "events" / (id.substr(0, 16) + "-1.jsonl"), started() + std::string(40, '\0') + "\n");
  store.recover();
  EXPECT_EQ(store.statuses().at(id).state, RunState::Interrupted);
  EXPECT_THAT(store.statuses().at(id).error, HasSubstr("line 2"));
}

}  // namespace
}  // namespace cambium::test
