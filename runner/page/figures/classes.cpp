#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "page/figure.h"

namespace cambium::page {
namespace {

constexpr std::size_t kMostClasses = 120, kMostShown = 60;

/// The best arm of which `measure` was taken; nothing where none was.
const Arm* best_measured(const Facts& facts, const std::string& measure) {
  const std::vector<Field> where = {facts.study, facts.baseline.compared, measure};
  const Table rows = facts.store.query(
      "SELECT DISTINCT arm FROM measures WHERE study = ?1 AND stage = ?2 AND (measure = ?3 OR measure LIKE ?3 || '(%')",
      where);
  const Arm* best = nullptr;
  for (const Arm* arm : facts.compared())
    for (const auto& row : rows.rows)
      if (text(row[0]) == arm->label &&
          (best == nullptr || (facts.metric.better < 0 ? *arm->mean < *best->mean : *arm->mean > *best->mean)))
        best = arm;
  return best;
}

}  // namespace

std::vector<Figure> confusion_figures(const Facts& facts) {
  const Arm* arm = best_measured(facts, "confusion");
  if (arm == nullptr) return {};
  const std::vector<Field> where = {facts.study, arm->stage, arm->label};
  const Table rows = facts.store.query(
      "SELECT key, sum(value) FROM measures WHERE study = ?1 AND stage = ?2 AND arm = ?3 AND measure LIKE 'confusion%' "
      "GROUP BY key ORDER BY min(position)",
      where);
  std::map<std::string, double> images;
  Json values = Json::array(), classes = Json::array();
  for (const auto& row : rows.rows) {
    const std::string key = text(row[0]);
    const std::size_t arrow = key.find(" -> ");
    if (arrow == std::string::npos || !number(row[1])) continue;
    const std::string truth = key.substr(0, arrow);
    if (std::find(classes.begin(), classes.end(), truth) == classes.end()) classes.push_back(truth);
    images[truth] += *number(row[1]);
    values.push_back({{"truth", truth}, {"taken for", key.substr(arrow + 4)}, {"images", *number(row[1])}});
  }
  if (classes.size() < 2 || classes.size() > kMostClasses) return {};
  for (Json& value : values)
    value["share"] = rounded(100 * value["images"].get<double>() / images[value["truth"].get<std::string>()]);
  const std::string title = "Which class is taken for which: " + arm->label;
  Figure figure{"confusion", title, "Share of each class's test images, in percent, over all cells of the best arm.",
                spec_from("confusion.vl.json", {{"TITLE", title}, {"CLASSES", classes}})};
  figure.spec["data"]["values"] = values;
  std::vector<Json> mistakes;
  for (const Json& value : values)
    if (value["truth"] != value["taken for"]) mistakes.push_back(value);
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Json& one, const Json& other) { return one["share"] > other["share"]; });
  mistakes.resize(std::min(mistakes.size(), kMostShown));
  figure.table = table_of(
      mistakes, {{"truth", "class"}, {"taken for", "taken for"}, {"share", "% of the class"}, {"images", "images"}});
  return {figure};
}

std::vector<Figure> confidence_figures(const Facts& facts) {
  const std::vector<Field> where = {facts.study, facts.baseline.compared};
  const Table rows = facts.store.query(
      "SELECT arm, avg(CASE key WHEN 'confidence' THEN value END), avg(CASE key WHEN 'accuracy' THEN value END), "
      "avg(CASE key WHEN 'ece' THEN value END) FROM measures WHERE study = ?1 AND stage = ?2 AND measure LIKE 'ece%' "
      "GROUP BY arm ORDER BY min(position)",
      where);
  Json values = Json::array();
  for (const auto& row : rows.rows)
    if (number(row[1]) && number(row[2]))
      values.push_back({{"arm", text(row[0])},
                        {"confidence", rounded(100 * *number(row[1]))},
                        {"accuracy", rounded(100 * *number(row[2]))},
                        {"ece", rounded(100 * number(row[3]).value_or(0))}});
  if (values.empty()) return {};
  Figure figure{"confidence", "How sure against how right",
                "Each arm's mean confidence and its accuracy on test images. On the dashed line the two agree; to the "
                "right of it an arm is surer than it is right.",
                spec_from("confidence.vl.json", {{"TITLE", "Confidence against accuracy"}})};
  figure.spec["datasets"]["arms"] = values;
  figure.table =
      table_of(values, {{"arm", "arm"}, {"confidence", "confidence %"}, {"accuracy", "accuracy %"}, {"ece", "ece %"}});
  return {figure};
}

}  // namespace cambium::page
