#include <gmock/gmock.h>

#include "plan_fixture.h"

namespace cambium::test {
namespace {

using Identity = PlanTest;

TEST_F(Identity, DoesNotDependOnTheOrderOfKeysOrTheSpellingOfNumbers) {
  const auto one = identities(good(kBase));
  EXPECT_EQ(
      one,
      identities(good(
          "[stage.base]\ntrain = { lr = 1e-1, epochs = 2.0 }\nstrategy = { plugin = \"scratch\" }\n"
          "data = { root = \"a\", plugin = \"toy\" }\nbackbone = { plugin = \"net\" }\n[study]\nseeds = [0, 1]\n")));
}

TEST_F(Identity, CoversDefaultsAsIfTheyWereWritten) {
  EXPECT_EQ(
      identities(good(kBase)),
      identities(good(kBase, {"stage.base.backbone.width=4", "stage.base.train.batch=64", "stage.base.data.noise=0"})));
}

TEST_F(Identity, DoesNotDependOnNamesOfStudyStageOrArm) {
  std::string renamed = kBase;
  renamed.replace(renamed.find("stage.base"), 10, "stage.else");
  EXPECT_EQ(identities(good(kBase)), identities(good(renamed, {"study.name=\"x\"", "stage.else.arm=\"mine\""})));
}

TEST_F(Identity, CoversTheBytesAndNotThePath) {
  const auto one = identities(good(kBase));
  resolver_.fingerprints = {{"elsewhere", "bytes of a"}, {"a", "other bytes"}};
  EXPECT_EQ(one, identities(good(kBase, {"stage.base.data.root=\"elsewhere\""})));
  EXPECT_NE(one, identities(good(kBase)));
}

TEST_F(Identity, CoversTheFilesThatANetworkIsReadFrom) {
  const auto none = identities(good(kBase));
  resolver_.network_fingerprints = {{"net", "bytes"}};
  const auto one = identities(good(kBase));
  resolver_.network_fingerprints = {{"net", "other bytes"}};
  EXPECT_NE(none, one);
  EXPECT_NE(one, identities(good(kBase)));
}

TEST_F(Identity, ChangesWithWhatDecidesAResult) {
  const auto one = identities(good(kBase));
  for (const char* set :
       {"stage.base.train.lr=0.2", "stage.base.train.epochs=3", "stage.base.backbone.width=5",
        "stage.base.data.noise=1", "stage.base.data.per_class=3", "stage.base.data.mean=[0.4]", "study.seeds=[2, 3]"}) {
    const auto other = identities(good(kBase, {set}));
    for (const std::string& identity : other) EXPECT_EQ(one.count(identity), 0u) << set;
  }
}

TEST_F(Identity, CoversThePluginsVersion) {
  const auto one = identities(good(kBase));
  resolver_.description().plugins[0].version = "2";
  EXPECT_NE(one, identities(good(kBase)));
}

TEST_F(Identity, CoversTheSourceOnlyWhereSomethingIsTakenOver) {
  const std::string both = kTransfer + "[stage.transfer.grid]\nstrategy = [\"copy\", \"scratch\"]\n";
  const Plan before = good(both), after = good(both, {"stage.base.train.lr=0.2"});
  std::map<std::string, std::set<std::string>> cells[2];
  for (const auto& [plan, index] : {std::pair{&before, 0}, {&after, 1}})
    for (const Entry& entry : plan->entries)
      if (entry.stage == 1) cells[index][entry.arm].insert(plan->cells[entry.cell].identity);
  EXPECT_EQ(cells[0]["scratch"], cells[1]["scratch"]);
  EXPECT_NE(cells[0]["copy"], cells[1]["copy"]);
}

TEST_F(Identity, GroupsDifferFromArmToArmAndNotFromSeedToSeed) {
  const Plan plan = good(kTransfer + "[stage.transfer.grid]\nstrategy = [\"copy\", \"scratch\"]\n");
  std::map<std::string, std::set<std::string>> groups;
  for (const Entry& entry : plan.entries)
    groups[plan.stages[entry.stage] + entry.arm].insert(plan.cells[entry.cell].group);
  ASSERT_EQ(groups.size(), 3u);
  std::set<std::string> all;
  for (const auto& [arm, seen] : groups) {
    EXPECT_EQ(seen.size(), 1u) << arm;
    all.insert(*seen.begin());
  }
  EXPECT_EQ(all.size(), 3u);
}

}  // namespace
}  // namespace cambium::test
