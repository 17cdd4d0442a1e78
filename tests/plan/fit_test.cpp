#include <gmock/gmock.h>

#include "plan_fixture.h"

namespace cambium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Lbfgs : public test::PlanTest {
 protected:
  /// The base network, and a stage that starts from it.
  static std::string study(const std::string& strategy, const std::string& train, const std::string& data = "") {
    return test::kBase + "[stage.probe]\ninit = \"base\"\ndata = { plugin = \"toy\", root = \"b\"" + data +
           " }\nstrategy = \"" + strategy + "\"\ntrain = { optimizer = \"lbfgs\"" + train + " }\n";
  }
};

TEST_F(Lbfgs, FitsALinearHeadOnFrozenLayers) {
  const Plan plan = good(study("probe", ", epochs = 1000, weight_decay = 0.01, tolerance = 1e-4"));
  const Params& train = plan.cells.back().train->settings;
  EXPECT_EQ(train.number("tolerance"), 1e-4);
  for (const char* key : {"batch", "lr", "momentum", "schedule", "warmup_epochs", "beta1"})
    EXPECT_FALSE(train.has(key)) << key;
}

TEST_F(Lbfgs, IsRefusedElsewhereWithLineAndReason) {
  EXPECT_FALSE(compile(study("copy", "")));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("12:9: stage probe cannot be fitted by lbfgs with copy: layer conv1 is not "
                                            "frozen in eval mode throughout")));
  EXPECT_FALSE(compile(study("probe", "", ", flip = true")));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("training images are augmented")));
  resolver_.linear_head = false;
  EXPECT_FALSE(compile(study("probe", "")));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("the head of net is more than linear")));
  EXPECT_TRUE(compile(study("copy", ", epochs = 0")));
}

TEST_F(Lbfgs, DoesNotReadWhatBelongsToSteps) {
  EXPECT_FALSE(compile(study("probe", ", lr = 0.1")));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("lr")));
  // Two rates: two cells a seed by sgd, and one by lbfgs.
  const Plan plan = good(study("probe", ""), {"stage.probe.grid.train.optimizer=[\"sgd\", \"lbfgs\"]",
                                              "stage.probe.grid.train.lr=[0.1, 0.2]"});
  EXPECT_EQ(identities(plan).size(), 2U * (1 + 3));
}

/// Whatever the optimizer was to be: a cosine's end is read by no schedule but the cosine, and a rate is a number.
TEST_F(Lbfgs, LeavesWhatIsWrongBesideAWrongOptimizerTold) {
  EXPECT_FALSE(compile(
      test::kBase, {"stage.base.train.optimizer=sdg", "stage.base.train.final_lr=0.1", "stage.base.train.batch=fast"}));
  EXPECT_THAT(told(), testing::UnorderedElementsAre(HasSubstr("optimizer of train cannot be \"sdg\""),
                                                    HasSubstr("final_lr"), HasSubstr("batch of train")));
}

}  // namespace
}  // namespace cambium
