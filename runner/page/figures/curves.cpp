#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "page/figure.h"

namespace cambium::page {
namespace {

constexpr std::size_t kMostSeries = 10, kMostFacets = 12;

struct Sum {
  double sum = 0, squares = 0;
  std::int64_t n = 0;
  void add(double value) {
    sum += value;
    squares += value * value;
    ++n;
  }
  double mean() const { return sum / double(n); }
  double sd() const { return n < 2 ? 0 : std::sqrt(std::max(0.0, (squares - sum * sum / double(n)) / double(n - 1))); }
};

/// The factor by which arms are shown side by side: the one that all of them have, if there is just one.
std::optional<std::string> facet_of(const std::vector<const Arm*>& arms) {
  std::set<std::string> keys, values;
  for (const Arm* arm : arms)
    for (const auto& [key, value] : arm->factors.items()) {
      keys.insert(key);
      values.insert(words_of(value));
    }
  if (keys.size() != 1 || values.size() < 2 || values.size() > kMostFacets) return std::nullopt;
  return *keys.begin();
}

bool has(const Facts& facts, const std::string& metric) {
  return std::any_of(facts.curves.all.begin(), facts.curves.all.end(),
                     [&](const Curve& curve) { return curve.metric == metric; });
}

std::string first_of(const Facts& facts, const std::vector<std::string>& metrics) {
  for (const std::string& metric : metrics)
    if (has(facts, metric)) return metric;
  return "";
}

/// Mean and spread of a metric by arm and epoch.
std::map<std::string, std::map<std::int64_t, Sum>> averaged(const Facts& facts, const std::string& metric) {
  std::map<std::string, std::string> arm_of;
  for (const Cell& cell : facts.cells)
    if (cell.stage == facts.baseline.compared) arm_of[cell.cell] = cell.arm;
  std::map<std::string, std::map<std::int64_t, Sum>> sums;
  for (const Curve& curve : facts.curves.all) {
    const auto arm = arm_of.find(curve.cell);
    if (arm == arm_of.end() || curve.metric != metric) continue;
    for (const auto& [step, value] : curve.points) sums[arm->second][step].add(value);
  }
  return sums;
}

/// Of more arms than can be told apart the best.
std::vector<const Arm*> best_of(const Facts& facts, std::vector<const Arm*> arms) {
  std::stable_sort(arms.begin(), arms.end(), [&](const Arm* one, const Arm* other) {
    return facts.metric.better < 0 ? *one->mean < *other->mean : *one->mean > *other->mean;
  });
  arms.resize(std::min(arms.size(), kMostSeries));
  return arms;
}

std::vector<Figure> curve_figure(const Facts& facts, const char* name, const std::string& metric) {
  auto arms = facts.compared();
  if (metric.empty() || arms.empty()) return {};
  const auto facet = facet_of(arms);
  std::set<std::string> names;
  for (const Arm* arm : arms) names.insert(facet ? series_of(*arm, {*facet}) : arm->label);
  const bool some = names.size() > kMostSeries;
  if (some) arms = best_of(facts, arms);

  const auto sums = averaged(facts, metric);
  const bool parts = metric.find("accuracy") != std::string::npos;
  const double unit = parts ? 100 : 1;
  Json values = Json::array(), series = Json::array(), facets = Json::array();
  for (const Arm* arm : arms) {
    const auto found = sums.find(arm->label);
    if (found == sums.end()) continue;
    const std::string label = facet && !some ? series_of(*arm, {*facet}) : arm->label;
    if (std::find(series.begin(), series.end(), label) == series.end()) series.push_back(label);
    const Json at = facet && !some ? arm->factors.value(*facet, Json()) : Json();
    if (!at.is_null() && std::find(facets.begin(), facets.end(), at) == facets.end()) facets.push_back(at);
    for (const auto& [step, sum] : found->second) {
      Json value = {{"arm", label},
                    {"epoch", step},
                    {"mean", rounded(unit * sum.mean())},
                    {"lo", rounded(unit * (sum.mean() - sum.sd()))},
                    {"hi", rounded(unit * (sum.mean() + sum.sd()))}};
      if (!at.is_null()) value["facet"] = at;
      values.push_back(value);
    }
  }
  if (values.empty()) return {};
  std::string words = metric;
  std::replace(words.begin(), words.end(), '_', ' ');
  const std::string title = words + " by epoch", axis = parts ? words + " %" : words;
  Figure figure{name, title, "Mean over the cells of each arm; the band is one standard deviation over them.",
                spec_from("curves.vl.json", {{"TITLE", title}, {"Y", axis}, {"ARMS", series}})};
  if (some) figure.caption += fmt::format(" Of {} arms the {} best.", facts.compared().size(), arms.size());
  if (facts.curves.every > 1) figure.caption += fmt::format(" One epoch in {} is drawn.", facts.curves.every);
  figure.spec["data"]["values"] = values;
  std::vector<std::pair<std::string, std::string>> columns = {
      {"arm", "arm"}, {"epoch", "epoch"}, {"mean", axis}, {"lo", "mean - sd"}, {"hi", "mean + sd"}};
  if (!facets.empty()) {
    figure.spec = faceted(figure.spec, "facet", last_part(*facet), facets);
    columns.insert(columns.begin() + 1, {"facet", last_part(*facet)});
  }
  figure.table = table_of(values, columns);
  return {figure};
}

}  // namespace

std::vector<Figure> curve_figures(const Facts& facts) {
  return curve_figure(facts, "curves", first_of(facts, {"val_accuracy", "train_accuracy"}));
}

std::vector<Figure> loss_figures(const Facts& facts) {
  return curve_figure(facts, "loss", first_of(facts, {"val_loss", "train_loss"}));
}

}  // namespace cambium::page
