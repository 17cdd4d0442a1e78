#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "report/paired.h"
#include "report/text.h"

namespace cambium {
namespace {

std::string cut_text(const Field& cut) {
  if (const auto* integer = std::get_if<std::int64_t>(&cut)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&cut)) return fmt::format("{}", *real);
  const auto* text = std::get_if<std::string>(&cut);
  return text == nullptr ? "-" : one_line(*text);
}

std::string value_text(const Metric& metric, const Field& mean, const Field& hi95, std::int64_t missing) {
  const auto* value = std::get_if<double>(&mean);
  if (value == nullptr) return "-";
  std::string text = metric.text(*value);
  if (const auto* hi = std::get_if<double>(&hi95)) text += " ± " + metric.text(*hi - *value);
  return missing > 0 ? text + " *" : text;
}

}  // namespace

std::string layer_text(const Store& store, const std::string& study, const Baseline& baseline, const Metric& metric) {
  const std::vector<Field> parameters = {study, baseline.compared, metric.name};
  const Table table = store.query(
      "SELECT arm, axes, cut, mean, hi95, missing, position FROM means_by_cut WHERE study = ?1 AND stage = ?2 "
      "AND metric = ?3 ORDER BY cut",
      parameters);
  if (table.rows.empty()) return "";
  // Columns in the study's order, rows by cut.
  std::map<std::pair<std::string, std::string>, std::int64_t> first;
  for (const auto& row : table.rows) {
    const auto [at, added] = first.try_emplace({std::get<std::string>(row[0]), std::get<std::string>(row[1])},
                                               std::get<std::int64_t>(row[6]));
    if (!added) at->second = std::min(at->second, std::get<std::int64_t>(row[6]));
  }
  std::vector<std::pair<std::int64_t, std::pair<std::string, std::string>>> order;
  for (const auto& [arm, position] : first) order.emplace_back(position, arm);
  std::sort(order.begin(), order.end());
  std::vector<Column> columns = {{"cut", true}};
  for (const auto& [position, arm] : order) columns.push_back({one_line(arm.first)});

  std::vector<Field> cuts;
  std::vector<std::vector<std::string>> rows;
  bool gaps = false;
  for (const auto& row : table.rows) {
    if (cuts.empty() || cuts.back() != row[2]) {
      cuts.push_back(row[2]);
      rows.emplace_back(columns.size(), "-").front() = cut_text(row[2]);
    }
    const auto column = std::find_if(order.begin(), order.end(), [&](const auto& one) {
      return Field(one.second.first) == row[0] && Field(one.second.second) == row[1];
    });
    const std::int64_t missing = std::get<std::int64_t>(row[5]);
    gaps = gaps || missing > 0;
    rows.back()[std::size_t(column - order.begin()) + 1] = value_text(metric, row[3], row[4], missing);
  }
  return metric.title() + " by cut\n" + aligned(columns, rows) +
         "±: half of the 95 % interval of the mean (Student's t), not of a difference\n" +
         (gaps ? "*: cells are missing in this mean\n" : "");
}

}  // namespace cambium
