#include <gmock/gmock.h>

#include "plan_fixture.h"

namespace cambium::test {
namespace {

using Action = Work::Action;

class Decide : public PlanTest {
 protected:
  void SetUp() override { plan_ = good(kTransfer + "strategy = \"copy\"\n", {"study.seeds=[0]"}); }
  std::vector<Work> with(std::optional<Known> base, std::optional<Known> transfer, bool retry = false) {
    std::unordered_map<std::string, Known> known;
    if (base) known[plan_.cells[0].identity] = *base;
    if (transfer) known[plan_.cells[1].identity] = *transfer;
    return decide(plan_, known, retry);
  }
  static Known state(Known::State state, bool weights = true) { return {state, 1, 3, "it broke", weights}; }

  Plan plan_;
};

TEST_F(Decide, TrainsWhatIsNew) {
  const auto work = with({}, {});
  EXPECT_EQ(work[0].action, Action::Train);
  EXPECT_EQ(work[0].reason, "new");
  EXPECT_EQ(work[1].reason, "new; after what it starts from");
}

TEST_F(Decide, LeavesWhatIsDone) {
  const auto work = with(state(Known::State::Done), state(Known::State::Done));
  EXPECT_EQ(work[0].action, Action::None);
  EXPECT_EQ(work[1].action, Action::None);
}

TEST_F(Decide, TrainsADoneSourceAgainOnlyIfItsWeightsAreGoneAndNeeded) {
  EXPECT_EQ(with(state(Known::State::Done, false), {})[0].action, Action::Train);
  EXPECT_EQ(with(state(Known::State::Done, false), state(Known::State::Done, false))[0].action, Action::None);
}

TEST_F(Decide, GoesOnWithWhatWasInterruptedOrKilled) {
  EXPECT_EQ(with(state(Known::State::Interrupted), {})[0].reason, "interrupted after epoch 3");
  EXPECT_EQ(with(state(Known::State::Machine), {})[0].action, Action::Train);
}

TEST_F(Decide, EndsTryingWhatFailsForTheMachinesSakeAgainAndAgain) {
  Known killed = state(Known::State::Machine);
  killed.machine_tries = 2;
  EXPECT_EQ(with(killed, {})[0].action, Action::Train);
  killed.machine_tries = 3;
  EXPECT_EQ(with(killed, {})[0].action, Action::Hold);
  EXPECT_EQ(with(killed, {})[0].reason, "failed 3 times in a row: it broke");
  EXPECT_EQ(with(killed, {}, true)[0].action, Action::Train);
}

TEST_F(Decide, TriesAgainWhatFailedUnderAPluginThatHasBeenRebuilt) {
  Known failed = state(Known::State::Failed);
  failed.plugins = libraries(plan_.cells[0]);
  EXPECT_EQ(with(failed, {})[0].action, Action::Hold);
  failed.plugins = "another";
  EXPECT_EQ(with(failed, {})[0].reason, "failed before, and a plugin has been rebuilt since");
}

TEST_F(Decide, SaysWhetherWeightsAreGoneOrDamaged) {
  Known source = state(Known::State::Done, false);
  EXPECT_EQ(with(source, {})[0].reason, "done, but its weights are gone and others start from them");
  source.damaged = true;
  EXPECT_EQ(with(source, {})[0].reason, "done, but its weights are damaged and others start from them");
}

TEST_F(Decide, HoldsWhatFailedAndWhatStartsFromItUnlessToldToRetry) {
  const auto held = with(state(Known::State::Failed), {});
  EXPECT_EQ(held[0].action, Action::Hold);
  EXPECT_EQ(held[0].reason, "failed before: it broke");
  EXPECT_EQ(held[1].action, Action::Hold);
  const auto retried = with(state(Known::State::Failed), state(Known::State::Skipped), true);
  EXPECT_EQ(retried[0].action, Action::Train);
  EXPECT_EQ(retried[1].action, Action::Train);
}

}  // namespace
}  // namespace cambium::test
