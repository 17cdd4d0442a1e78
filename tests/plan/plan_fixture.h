#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "fake_resolver.h"
#include "plan/compile.h"
#include "support/temporary_folder.h"

namespace cambium::test {

/// Compiles study texts against the fake plugins.
class PlanTest : public ::testing::Test {
 protected:
  std::optional<Plan> compile(const std::string& text, const std::vector<std::string>& sets = {}) {
    problems_ = {};
    const Study study = read_study(folder_.write("study.toml", text), sets, problems_);
    return cambium::compile(study, resolver_, folder_.path(), problems_);
  }
  Plan good(const std::string& text, const std::vector<std::string>& sets = {}) {
    auto plan = compile(text, sets);
    EXPECT_TRUE(plan) << testing::PrintToString(told());
    return plan ? *plan : Plan{};
  }
  std::vector<std::string> told() const {
    std::vector<std::string> result;
    for (const Problem& problem : problems_.sorted())
      result.push_back(fmt::format("{}:{}: {}", problem.place.line, problem.place.column, problem.message));
    return result;
  }
  std::string hint() const { return problems_.sorted().empty() ? "" : problems_.sorted().front().hint; }

  static std::set<std::string> identities(const Plan& plan) {
    std::set<std::string> result;
    for (const Cell& cell : plan.cells) result.insert(cell.identity);
    return result;
  }
  static std::vector<std::string> arms(const Plan& plan, const std::string& stage) {
    std::vector<std::string> result;
    for (const Entry& entry : plan.entries)
      if (plan.stages[entry.stage] == stage) result.push_back(entry.arm);
    return result;
  }

  FakeResolver resolver_;
  TemporaryFolder folder_;
  Problems problems_;
};

/// A base network and what is carried over from it.
inline const std::string kBase =
    "[study]\nseeds = [0, 1]\n"
    "[stage.base]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"a\" }\nstrategy = \"scratch\"\ntrain = { "
    "epochs = 2, lr = 0.1 }\n";
inline const std::string kTransfer =
    kBase + "[stage.transfer]\ninit = \"base\"\ndata = { plugin = \"toy\", root = \"b\" }\ntrain = { epochs = 1 }\n";

}  // namespace cambium::test
