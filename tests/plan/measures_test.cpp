#include "plan/measures.h"

#include <gmock/gmock.h>

#include "plan_fixture.h"
#include "weights/write.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Measures : public PlanTest {
 protected:
  /// kTransfer with copied and fresh arms, and these measures. Line 12 is the first after kTransfer.
  static std::string with(const std::string& measures, const std::string& grid = "\"copy\", \"scratch\"") {
    return kTransfer + "measures = [" + measures + "]\n[stage.transfer.grid]\nstrategy = [" + grid + "]\n";
  }
  static std::vector<std::string> names(const Cell& cell) {
    std::vector<std::string> result;
    for (const Measure& measure : cell.measures) result.push_back(label(measure));
    return result;
  }
  std::vector<Work> decide_with(const Plan& plan, const std::vector<Known>& known, bool retry = false) {
    std::unordered_map<std::string, Known> by_identity;
    for (std::size_t i = 0; i < known.size(); ++i) by_identity[plan.cells[i].identity] = known[i];
    return decide(plan, by_identity, retry);
  }
  static Known done(bool weights = true) { return {Known::State::Done, 1, 3, "", weights}; }
};

TEST_F(Measures, AreNoPartOfACell) {
  const Plan without = good(with("")), plan = good(with("\"ece\", \"cka\""));
  EXPECT_EQ(identities(without), identities(plan));
  EXPECT_THAT(names(plan.cells[0]), IsEmpty()) << "the other stage asks for none";
  for (const Entry& entry : plan.entries)
    if (entry.stage == 1) {
      EXPECT_THAT(names(plan.cells[entry.cell]), ElementsAre("ece", "cka"));
    }
}

TEST_F(Measures, AreNamedByWhatIsNotAtItsDefault) {
  const Plan plan = good(with(R"({ measure = "knn", metric = "l2", k = 5 }, { measure = "knn", k = 20 }, "taps",
      { measure = "taps", pooled = false, layer = "conv2" })",
                              "\"copy\""));
  EXPECT_THAT(names(plan.cells.back()),
              ElementsAre("knn(k=5, metric=l2)", "knn", "taps", "taps(pooled=false, layer=conv2)"));
}

TEST_F(Measures, KeepTheWeightsThatTheyAreTakenOf) {
  const auto sets = std::vector<std::string>{"study.weights=\"sources\""};
  EXPECT_FALSE(good(with(""), sets).cells.back().keep_weights);
  EXPECT_TRUE(good(with("\"ece\""), sets).cells.back().keep_weights);
}

TEST_F(Measures, ThatAreWrongAreToldWithTheirPlace) {
  EXPECT_FALSE(compile(with("\"logm\"")));
  EXPECT_THAT(told(), ElementsAre("12:13: there is no measure logm"));
  EXPECT_EQ(hint(), "did you mean logme?");
  EXPECT_FALSE(compile(with("\"ece\", { measure = \"knn\", kk = 5 }")));
  EXPECT_THAT(told(), ElementsAre("12:39: measure knn has no key kk"));
  EXPECT_EQ(hint(), "did you mean k?");
  EXPECT_FALSE(compile(with("{ measure = \"knn\", k = 0 }")));
  EXPECT_THAT(told(), ElementsAre("12:36: k of measure knn is 0, out of range"));
  EXPECT_FALSE(compile(with("3")));
  EXPECT_THAT(told(), ElementsAre("12:13: a measure is the integer 3"));
  EXPECT_FALSE(compile(with("{ k = 3 }")));
  EXPECT_THAT(told(), ElementsAre("12:13: a measure is a table"));
  EXPECT_FALSE(compile(kTransfer + "strategy = \"copy\"\nmeasures = \"ece\"\n"));
  EXPECT_EQ(told().size(), 1U);
  EXPECT_EQ(hint(), "write measures = [\"ece\", { measure = \"knn\", k = 5 }]");
}

TEST_F(Measures, ThatNeedASourceAreLeftOutForCellsWithoutOne) {
  const Plan plan = good(with("\"leep\", \"ece\""));
  for (const Entry& entry : plan.entries) {
    if (entry.stage != 1) continue;
    const Cell& cell = plan.cells[entry.cell];
    EXPECT_EQ(names(cell).size(), cell.source >= 0 ? 2U : 1U) << entry.arm;
  }
}

TEST_F(Measures, ThatNeedASourceAreRefusedWhereTheStageHasNone) {
  EXPECT_FALSE(compile(kBase + "measures = [\"ece\", \"a_distance\"]\n"));
  EXPECT_THAT(told(), ElementsAre("8:20: a_distance needs a source, and no cell of stage base starts from one"));
  const std::vector<std::uint8_t> bytes = {1};
  write_safetensors(folder_.path() / "w.safetensors", {{"conv1.weight", ElementType::U8, {1}, bytes}}, {});
  EXPECT_FALSE(compile(kBase +
                       "[stage.t]\nbackbone = \"net\"\ninit = { file = \"w.safetensors\" }\ndata = { plugin = \"toy\", "
                       "root = \"b\" }\nstrategy = \"copy\"\ntrain = { epochs = 1 }\nmeasures = [\"bound\"]\n"));
  EXPECT_THAT(told(), ElementsAre("14:13: bound needs the source's data, and stage t starts from a file"));
}

TEST_F(Measures, ThatNameALayerAreHeldAgainstTheNetwork) {
  EXPECT_FALSE(compile(with("{ measure = \"taps\", layer = \"conv9\" }")));
  EXPECT_THAT(told(), ElementsAre("12:41: net has no layer conv9 to take taps at"));
  EXPECT_THAT(hint(), ::testing::HasSubstr("did you mean conv"));
}

TEST_F(Measures, OfADoneCellAreWorkOfTheirOwn) {
  const Plan plan = good(with("\"ece\", \"cka\"", "\"copy\""), {"study.seeds=[0]"});
  auto work = decide_with(plan, {done(), done()});
  EXPECT_EQ(work[1].action, Work::Action::None);
  EXPECT_THAT(work[1].measures, ElementsAre(0, 1));
  EXPECT_EQ(work[1].measure_reason, "not measured yet");
  Known half = done();
  half.measures["ece"] = {KnownMeasure::State::Done, ""};
  work = decide_with(plan, {done(), half});
  EXPECT_THAT(work[1].measures, ElementsAre(1));
  half.measures["cka"] = {KnownMeasure::State::Done, ""};
  EXPECT_THAT(decide_with(plan, {done(), half})[1].measures, IsEmpty());
}

TEST_F(Measures, ThatFailedAreHeldUnlessToldToRetryAndThoseKilledAreNot) {
  const Plan plan = good(with("\"ece\"", "\"copy\""), {"study.seeds=[0]"});
  Known known = done();
  known.measures["ece"] = {KnownMeasure::State::Failed, "no memory"};
  auto work = decide_with(plan, {done(), known});
  EXPECT_THAT(work[1].measures, IsEmpty());
  EXPECT_THAT(work[1].held_measures, ElementsAre(0));
  EXPECT_EQ(work[1].held_reason, "failed before: no memory");
  EXPECT_THAT(decide_with(plan, {done(), known}, true)[1].measures, ElementsAre(0));
  known.measures["ece"].state = KnownMeasure::State::Machine;
  EXPECT_THAT(decide_with(plan, {done(), known})[1].measures, ElementsAre(0));
}

TEST_F(Measures, HaveASourceTrainedAgainOnlyWhereTheyNeedIt) {
  const auto source_is = [&](const std::string& measure) {
    const Plan plan = good(with(measure, "\"copy\""), {"study.seeds=[0]"});
    const auto work = decide_with(plan, {done(false), done()});
    EXPECT_EQ(work[1].action, Work::Action::None);
    EXPECT_FALSE(work[1].measures.empty());
    return work[0].action;
  };
  for (const char* end : {R"("ece")", R"("gradient_norm")", R"({ measure = "knn", at = "end" })"})
    EXPECT_EQ(source_is(end), Work::Action::None) << end;
  for (const char* start : {R"("cka")", R"("leep")", R"({ measure = "knn", at = "start" })", R"("weight_distance")"})
    EXPECT_EQ(source_is(start), Work::Action::Train) << start;
}

TEST_F(Measures, OfTheStartDoNotNeedTheCellsOwnWeights) {
  const Plan plan = good(with(R"("logme", "a_distance")", "\"copy\""), {"study.seeds=[0]"});
  EXPECT_EQ(decide_with(plan, {done(), done(false)})[1].action, Work::Action::None);
}

TEST_F(Measures, AreTakenAnewWhereTheirMathematicsOrTheCellsRunChanged) {
  const Plan plan = good(with("\"ece\"", "\"copy\""), {"study.seeds=[0]"});
  const auto reason = [&](KnownMeasure measure) {
    Known known = done();
    known.measures["ece"] = measure;
    return decide_with(plan, {done(), known})[1].measure_reason;
  };
  const int version = find_measure("ece")->version;
  EXPECT_EQ(reason({KnownMeasure::State::Done, "", version}), "");
  EXPECT_EQ(reason({KnownMeasure::State::Done, "", version - 1}), "measured by older mathematics");
  EXPECT_EQ(reason({KnownMeasure::State::Failed, "no memory", version - 1}), "measured by older mathematics");
  EXPECT_EQ(reason({KnownMeasure::State::Done, "", version, false}), "the cell was trained again since");
  // A cell that is about to be trained again has them taken of the new run.
  Known known = done(false);
  known.measures["ece"] = {KnownMeasure::State::Done, "", version};
  const Plan both = good(with("\"ece\", \"per_class\"", "\"copy\""), {"study.seeds=[0]"});
  const auto work = decide_with(both, {done(), known});
  EXPECT_EQ(work[1].action, Work::Action::Train);
  EXPECT_THAT(work[1].measures, ElementsAre(0, 1));
}

TEST_F(Measures, NeedWeightsAndHaveThemTrainedAgainWhereTheyAreGone) {
  const Plan plan = good(with("\"ece\"", "\"copy\""), {"study.seeds=[0]"});
  auto work = decide_with(plan, {done(), done(false)});
  EXPECT_EQ(work[1].reason, "done, but its weights are gone and measures are taken of them");
  Known failed{Known::State::Failed, 1, 0, "it broke", false};
  EXPECT_THAT(decide_with(plan, {failed, done()})[1].measures, ElementsAre(0)) << "it does not need the source";
  const Plan mixed = good(with("\"ece\", \"cka\"", "\"copy\""), {"study.seeds=[0]"});
  work = decide_with(mixed, {failed, done()});
  EXPECT_THAT(work[1].measures, ElementsAre(0));
  EXPECT_THAT(work[1].held_measures, ElementsAre(1));
  work = decide_with(plan, {done(), failed});
  EXPECT_THAT(work[1].measures, IsEmpty());
  EXPECT_THAT(work[1].held_measures, IsEmpty()) << "the cell itself is told to be held";
}

}  // namespace
}  // namespace cambium::test
