#include <gmock/gmock.h>

#include "plan_fixture.h"
#include "weights/write.h"

namespace cambium::test {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

/// How many stages a cell is away from one that starts from nothing.
class Generation : public PlanTest {
 protected:
  std::vector<std::int64_t> of(const Plan& plan, const std::string& stage) {
    std::vector<std::int64_t> result;
    for (const Entry& entry : plan.entries)
      if (plan.stages[entry.stage] == stage) result.push_back(plan.cells[entry.cell].generation);
    return result;
  }
};

TEST_F(Generation, CountsTheStagesBetween) {
  const Plan plan = good(kTransfer +
                         "strategy = \"copy\"\n[stage.more]\ninit = \"transfer\"\ndata = { plugin = "
                         "\"toy\", root = \"c\" }\nstrategy = \"copy\"\n");
  EXPECT_THAT(of(plan, "base"), Each(0));
  EXPECT_THAT(of(plan, "transfer"), Each(1));
  EXPECT_THAT(of(plan, "more"), Each(2));
}

TEST_F(Generation, IsTheSameForAllArmsOfAStage) {
  const Plan plan = good(kTransfer + "[stage.transfer.grid]\nstrategy = [\"scratch\", \"copy\"]\n");
  EXPECT_THAT(of(plan, "transfer"), ElementsAre(1, 1, 1, 1)) << "from-scratch arms share the draws of the others";
}

TEST_F(Generation, IsTheFurthestOfSeveralInits) {
  const Plan plan = good(kTransfer +
                         "strategy = \"copy\"\n[stage.more]\ndata = { plugin = \"toy\", root = \"c\" }\n"
                         "strategy = \"copy\"\n[stage.more.grid]\ninit = [\"base\", \"transfer\"]\n");
  EXPECT_THAT(of(plan, "more"), Each(2));
}

TEST_F(Generation, OfAWeightsFileIsWhatItsCardSays) {
  const std::vector<std::uint8_t> bytes = {1};
  const auto plan_with = [&](const std::map<std::string, std::string>& metadata) {
    write_safetensors(folder_.path() / "x", {{"conv1.weight", ElementType::U8, {1}, bytes}}, metadata);
    return good(
        "[study]\n[stage.transfer]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"a\" }\n"
        "init = { file = \"x\" }\nstrategy = \"copy\"\n");
  };
  EXPECT_THAT(of(plan_with({}), "transfer"), ElementsAre(1));
  EXPECT_THAT(of(plan_with({{"cambium", R"({"generation": 2})"}}), "transfer"), ElementsAre(3));
}

TEST_F(Generation, SeedsMayMarchWithAnAxis) {
  const std::string zip = "zip]]\n\"data.noise\" = [1, 2, 3]\nseed = [4, 5, 6]\n";
  const Plan plan = good(
      "[study]\nreplicates = [\"data.noise\"]\n[stage.base]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = "
      "\"a\" }\nstrategy = \"scratch\"\n[[stage.base." +
      zip +
      "[stage.transfer]\ninit = { stage = \"base\", same = [\"data.noise\"] }\ndata = { plugin = \"toy\", root = "
      "\"b\" }\nstrategy = \"copy\"\n[[stage.transfer." +
      zip);
  ASSERT_EQ(plan.cells.size(), 6u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(plan.cells[i].seed, 4 + i);
    EXPECT_EQ(plan.cells[3 + i].seed, 4 + i);
    EXPECT_EQ(plan.cells[3 + i].source, int(i));
    EXPECT_EQ(plan.entries[i].arm, plan.entries[0].arm) << "the seed makes no arm";
  }
  compile(
      "[study]\n[stage.base]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"a\" }\nstrategy = "
      "\"scratch\"\n[stage.base.grid]\nseed = [-1]\n");
  EXPECT_THAT(told(), ElementsAre(testing::HasSubstr("7:9: a seed is")));
}

TEST_F(Generation, IsPartOfTheIdentityAboveZero) {
  const std::string alone =
      "[study]\nseeds = [0, 1]\n[stage.transfer]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"b\" }\n"
      "train = { epochs = 1 }\nstrategy = \"scratch\"\n";
  const Plan child = good(kTransfer + "strategy = \"scratch\"\n"), first = good(alone);
  std::set<std::string> groups;
  for (const Plan* plan : {&child, &first}) groups.insert(plan->cells.back().group);
  EXPECT_EQ(groups.size(), 2u);
  for (const Cell& cell : first.cells) EXPECT_EQ(identities(child).count(cell.identity), 0u);
}

}  // namespace
}  // namespace cambium::test
