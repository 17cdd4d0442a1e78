#include <algorithm>

#include "page/figure.h"

namespace cambium::page {
namespace {

constexpr std::size_t kFewestArms = 3;
constexpr double kLogSpan = 20;

}  // namespace

std::vector<Figure> cost_figures(const Facts& facts) {
  if (facts.metric.better == 0) return {};
  std::vector<const Arm*> arms;
  Json series = Json::array();  // in the study's order, as in the other figures
  for (const Arm* arm : facts.compared()) {
    if (std::find(series.begin(), series.end(), arm->name) == series.end()) series.push_back(arm->name);
    if (arm->seconds && *arm->seconds > 0) arms.push_back(arm);
  }
  if (arms.size() < kFewestArms) return {};
  std::stable_sort(arms.begin(), arms.end(),
                   [](const Arm* one, const Arm* other) { return *one->seconds < *other->seconds; });
  Json values = Json::array();
  std::optional<double> best;
  for (const Arm* arm : arms) {
    const double gain = facts.metric.better * *arm->mean;
    const bool front = !best || gain > *best;
    if (front) best = gain;
    values.push_back({{"arm", arm->label},
                      {"name", arm->name},
                      {"seconds", rounded(*arm->seconds)},
                      {"mean", facts.shown(arm->mean)},
                      {"front", front},
                      {"trainable", arm->trainable}});
  }
  const std::string metric = facts.metric.title(), title = "Cost against " + facts.metric.words();
  Figure figure{"cost", title,
                "Seconds that a cell of the arm took, without what it starts from. The line is the front: no arm was "
                "both cheaper and better.",
                spec_from("cost.vl.json", {{"TITLE", title}, {"Y", metric}, {"ARMS", series}})};
  figure.spec["data"]["values"] = values;
  if (*arms.back()->seconds / *arms.front()->seconds >= kLogSpan) figure.spec["encoding"]["x"]["scale"]["type"] = "log";
  figure.table = table_of(values, {{"arm", "arm"},
                                   {"seconds", "seconds"},
                                   {"mean", metric},
                                   {"trainable", "trainable"},
                                   {"front", "on the front"}});
  return {figure};
}

}  // namespace cambium::page
