#include <fmt/format.h>

#include <algorithm>

#include "page/figure.h"

namespace cambium::page {
namespace {

/// More rows than these are for the table.
constexpr std::size_t kMostRows = 60;
constexpr double kLevel = 0.05;

/// How a difference came out, after Holm's correction.
std::string outcome(const PairedDifference& one) {
  if (!one.p_holm || *one.p_holm >= kLevel) return "not resolved";
  return *one.mean > 0 ? "above" : "below";
}

}  // namespace

std::vector<Figure> arm_figures(const Facts& facts) {
  Json values = Json::array(), order = Json::array();
  for (const Arm& arm : facts.arms) {
    if (!arm.mean || !arm.chosen) continue;
    const std::string label = arm.stage == facts.baseline.compared ? arm.label : arm.stage + ": " + arm.label;
    order.push_back(label);
    values.push_back({{"arm", label},
                      {"mean", facts.shown(arm.mean)},
                      {"lo", facts.shown(arm.lo)},
                      {"hi", facts.shown(arm.hi)},
                      {"n", arm.n}});
  }
  if (values.size() < 2 || values.size() > kMostRows) return {};
  const std::string metric = facts.metric.title();
  Figure figure{
      "arms", facts.metric.words() + " by arm", "Mean of each arm, with its 95 % interval over seeds and replicates.",
      spec_from("arms.vl.json", {{"TITLE", facts.metric.words() + " by arm"}, {"X", metric}, {"ARMS", order}})};
  figure.spec["data"]["values"] = values;
  figure.table = table_of(values, {{"arm", "arm"}, {"mean", metric}, {"lo", "from"}, {"hi", "to"}, {"n", "cells"}});
  return {figure};
}

std::vector<Figure> difference_figures(const Facts& facts) {
  Json values = Json::array(), order = Json::array();
  for (const PairedDifference& one : facts.differences) {
    if (!one.chosen || !one.mean) continue;
    order.push_back(one.arm);
    values.push_back({{"arm", one.arm},
                      {"mean", facts.shown(one.mean)},
                      {"lo", facts.shown(one.lo)},
                      {"hi", facts.shown(one.hi)},
                      {"p", one.p_holm ? Json(rounded(*one.p_holm)) : Json()},
                      {"pairs", one.n},
                      {"outcome", outcome(one)}});
  }
  if (values.empty() || values.size() > kMostRows) return {};
  Figure figure;
  figure.name = "differences";
  figure.title = "Paired differences to " + facts.baseline.arm;
  figure.caption =
      "Each arm's mean difference to the baseline over pairs of equal replicate and seed, with its 95 % interval. "
      "Above and below: where it outlasts Holm's correction at the 5 % level.";
  const std::string metric =
      fmt::format("difference in {}", facts.metric.parts ? facts.metric.words() + ", points" : facts.metric.words());
  figure.spec = spec_from("differences.vl.json", {{"TITLE", figure.title}, {"X", metric}, {"ARMS", order}});
  figure.spec["data"]["values"] = values;
  figure.table = table_of(values, {{"arm", "arm"},
                                   {"mean", metric},
                                   {"lo", "from"},
                                   {"hi", "to"},
                                   {"p", "p (Holm)"},
                                   {"pairs", "pairs"},
                                   {"outcome", "outcome"}});
  return {figure};
}

}  // namespace cambium::page
