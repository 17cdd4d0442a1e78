#include "plan/passes/passes.h"

#include <gmock/gmock.h>

#include "cambium/error.h"
#include "plan_fixture.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Heads on a frozen network, of two rates and two seeds, and a study of cuts; net's three layers are worth tapping.
const std::string kHeads =
    "[study]\nseeds = [0, 1]\n"
    "[stage.base]\nseeds = [0]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"a\" }\nstrategy = "
    "\"scratch\"\ntrain = { epochs = 2, lr = 0.1 }\n"
    "[stage.heads]\ninit = \"base\"\ndata = { plugin = \"toy\", root = \"b\" }\ntrain = { epochs = 4 }\n"
    "strategy = { plugin = \"cut\", cut = 3 }\n[stage.heads.grid]\n\"train.lr\" = [0.1, 0.01]\n";
const std::string kCuts = kTransfer + "strategy = \"cut\"\n[stage.transfer.grid]\n\"strategy.cut\" = [1, 2, 3]\n";

class Passes : public PlanTest {
 protected:
  Passes() { resolver_.operations = 1000; }

  Passed pass(const std::string& text) {
    plan_ = good(text);
    work_ = decide(plan_, known_, false);
    return run_passes(plan_, work_, settings_);
  }
  /// The lines as they are told: pass, jobs, multiply-adds, bytes, what.
  std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result;
    for (const PassLine& line : pass(text).lines)
      result.push_back(fmt::format("{}: {} jobs, {:.0f}, {:.0f} B, {}", to_string(line.pass), line.after.jobs,
                                   line.after.operations, line.after.bytes, line.what));
    return result;
  }
  static std::vector<std::size_t> sizes(const Passed& passed) {
    std::vector<std::size_t> sizes;
    for (const Job& job : passed.schedule.jobs) sizes.push_back(job.cells.size());
    return sizes;
  }
  void done(std::size_t cell) { known_[plan_.cells[cell].identity] = {Known::State::Done, 1, 2, "", true}; }

  PassSettings settings_;
  Plan plan_;
  std::vector<Work> work_;
  std::unordered_map<std::string, Known> known_;
};

TEST_F(Passes, TellWhatEachLeaves) {
  settings_.cpus = 2;
  EXPECT_THAT(lines(kHeads),
              ElementsAre("collapse: 5 jobs, 759040, 0 B, all points differ in what is read",
                          "merge-equal: 5 jobs, 759040, 0 B, no two stages have a cell in common",
                          "share-prefixes: 5 jobs, 489040, 480 B, 1 tap for 4 cells",
                          "batch-heads: 3 jobs, 489040, 480 B, 4 heads in 2 jobs",
                          "place: 3 jobs, 489040, 480 B, 2 workers of 1 thread, the last ends after 1.96e-05 s"));
}

TEST_F(Passes, EachCanBeLeftOut) {
  settings_.cpus = 2;
  settings_.without = read_passes("share-prefixes,batch-heads,place");
  EXPECT_THAT(lines(kHeads), ElementsAre("collapse: 5 jobs, 759040, 0 B, all points differ in what is read",
                                         "merge-equal: 5 jobs, 759040, 0 B, no two stages have a cell in common",
                                         "share-prefixes: 5 jobs, 759040, 0 B, off",
                                         "batch-heads: 5 jobs, 759040, 0 B, off", "place: 5 jobs, 759040, 0 B, off"));
}

TEST_F(Passes, WhatPointsCameToIsTold) {
  const auto told =
      lines(kTransfer + "[stage.transfer.grid]\nstrategy = [\"scratch\", \"cut\"]\n\"strategy.cut\" = [1, 2]\n");
  EXPECT_THAT(told[0], HasSubstr("collapse: 8 jobs"));
  EXPECT_THAT(told[0], HasSubstr("2 points differ in nothing that is read"));
}

TEST_F(Passes, UnknownOnesAreRefusedWithTheList) {
  try {
    read_passes("place,share-prefix");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "--without share-prefix: there is no such pass");
    EXPECT_EQ(error.hint(), "did you mean share-prefixes? there are share-prefixes, batch-heads, place");
  }
  EXPECT_THROW(read_passes("collapse"), Error) << "it decides what a cell is";
  EXPECT_THROW(read_passes("x"), Error);
  EXPECT_THAT(read_passes(""), IsEmpty());
}

TEST_F(Passes, ACellIsToldTheCutsOnItsWayThatAreWorthTheirBytes) {
  const Passed passed = pass(kCuts);
  for (std::size_t i = 0; i < plan_.cells.size(); ++i) {
    const Cell& cell = plan_.cells[i];
    if (cell.source < 0) {
      EXPECT_THAT(passed.schedule.cuts[i], IsEmpty());
      continue;
    }
    std::vector<std::int64_t> expected;
    for (std::int64_t cut = 1; cut <= cell.strategy->component.params.integer("cut"); ++cut) expected.push_back(cut);
    EXPECT_EQ(passed.schedule.cuts[i], expected);
  }
}

TEST_F(Passes, WhatSavesLittleIsNotKeptUnlessItIsAllOfTheBackbone) {
  resolver_.operations = 100;  // 4 values, 16 bytes: worth it from 256 on, which is at the third layer
  const Passed passed = pass(kCuts);
  for (std::size_t i = 0; i < plan_.cells.size(); ++i)
    if (plan_.cells[i].source >= 0) {
      const bool whole = plan_.cells[i].strategy->component.params.integer("cut") == 3;
      EXPECT_THAT(passed.schedule.cuts[i], SizeIs(whole ? 1 : 0));
    }
  settings_.taps_bytes = 0;
  for (const auto& cuts : pass(kCuts).schedule.cuts) EXPECT_THAT(cuts, IsEmpty());
}

TEST_F(Passes, PrefixesOfSeveralSourcesAreSeveral) {
  EXPECT_THAT(lines(kCuts)[2], HasSubstr("6 taps for 6 cells")) << "three cuts of two sources, a seed each";
  EXPECT_THAT(lines(kHeads)[2], HasSubstr("1 tap for 4 cells"));
}

TEST_F(Passes, HeadsAreBatchedInAsManyJobsAsWorkers) {
  EXPECT_THAT(sizes(pass(kHeads)), ElementsAre(1, 4));
  settings_.workers = 3;
  EXPECT_EQ(sizes(pass(kHeads)).size(), 4U);
  settings_.without = {Pass::BatchHeads};
  EXPECT_EQ(sizes(pass(kHeads)).size(), 5U);
}

TEST_F(Passes, NoMoreThan64HeadsAreOneJob) {
  std::string rates = "0.1";
  for (int i = 1; i < 100; ++i) rates += fmt::format(", {}", 0.1 + i / 1000.0);
  const Passed passed = pass(kHeads + "\"train.weight_decay\" = [" + rates + "]\n");
  for (const std::size_t size : sizes(passed)) EXPECT_LE(size, 64U);
  EXPECT_EQ(passed.schedule.jobs.size(), 1U + 7U) << "400 heads";
}

TEST_F(Passes, AugmentedImagesMakeNoBatch) {
  EXPECT_THAT(sizes(pass(kHeads + "\"data.flip\" = [true]\n")), ElementsAre(1, 1, 1, 1, 1));
}

TEST_F(Passes, WhatIsDoneIsNoPartOfAnyJob) {
  pass(kHeads);
  done(0);
  done(1);
  EXPECT_THAT(sizes(pass(kHeads)), ElementsAre(3));
}

TEST_F(Passes, TheLongestChainGoesFirst) {
  const std::string text = kBase +
                           "[stage.long]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"a\" }\nstrategy = "
                           "\"scratch\"\nseeds = [7]\ntrain = { epochs = 500, lr = 0.1 }\n";
  const Passed placed = pass(text);
  EXPECT_EQ(plan_.cells[placed.schedule.jobs[0].cells[0]].seed, 7U);
  EXPECT_THAT(placed.schedule.jobs[1].cells, ElementsAre(0)) << "equal ones go in the plan's order";
  settings_.without = {Pass::Place};
  EXPECT_EQ(plan_.cells[pass(text).schedule.jobs[0].cells[0]].seed, 0U);
}

TEST_F(Passes, ThreadsComeFromThePlanAndNotFromWhatIsLeftOfIt) {
  settings_.cpus = 16;
  EXPECT_EQ(pass(kHeads).schedule.threads, 3) << "five cells";
  EXPECT_EQ(pass(kHeads).schedule.workers, 5);
  for (std::size_t i = 0; i < 4; ++i) done(i);
  EXPECT_EQ(pass(kHeads).schedule.threads, 3);
  settings_.threads = 8;
  EXPECT_EQ(pass(kHeads).schedule.workers, 2);
  settings_.threads = 0;
  settings_.without = {Pass::Place};
  EXPECT_EQ(pass(kHeads).schedule.threads, 1);
}

TEST_F(Passes, RatesOfEarlierRunsAreWhatIsEstimatedWith) {
  const double before = pass(kHeads).lines.back().after.seconds;
  settings_.rates.known["net"] = 4e10;
  EXPECT_DOUBLE_EQ(pass(kHeads).lines.back().after.seconds, before / 2);
}

}  // namespace
}  // namespace cambium::test
