#include "report/paper.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cambium/error.h"
#include "cambium/schema.h"
#include "report/comparison.h"

namespace cambium {
namespace {

/// Drops a column that says the same everywhere.
void drop_alike(Table& table, Bold& bold, std::size_t column) {
  const bool alike = std::all_of(table.rows.begin(), table.rows.end(),
                                 [&](const auto& row) { return row[column] == table.rows[0][column]; });
  if (!alike || table.rows.size() < 2) return;
  table.columns.erase(table.columns.begin() + std::ptrdiff_t(column));
  for (auto& row : table.rows) row.erase(row.begin() + std::ptrdiff_t(column));
  Bold moved;
  for (const auto& [r, c] : bold) moved.insert({r, c > column ? c - 1 : c});
  bold = moved;
}

/// Each arm's value of a key of the configuration, by stage and label; "several" where its cells differ.
std::map<std::pair<std::string, std::string>, Field> values_of(const Store& store, const std::string& study,
                                                               const std::string& key) {
  const std::vector<Field> where = {study, key};
  const Table rows = store.query(
      "SELECT DISTINCT c.stage, c.arm, p.value FROM cells AS c JOIN parameters AS p ON p.study = c.study AND "
      "p.stage = c.stage AND p.cell = c.cell WHERE c.study = ?1 AND p.study = ?1 AND p.key = ?2",
      where);
  std::map<std::pair<std::string, std::string>, Field> values;
  for (const auto& row : rows.rows) {
    const auto [place, first] =
        values.try_emplace({std::get<std::string>(row[0]), std::get<std::string>(row[1])}, row[2]);
    if (!first) place->second = std::string("several");
  }
  if (!values.empty()) return values;
  std::vector<std::string> keys = {"stage", "backbone", "dataset", "strategy"};
  for (const auto& row : store.query("SELECT DISTINCT key FROM parameters WHERE study = ?", {where.data(), 1}).rows)
    keys.push_back(std::get<std::string>(row[0]));
  const auto near = suggestion(key, keys);
  throw Error(ErrorKind::Usage, fmt::format("no cell of study \"{}\" has a \"{}\" to group by", study, key),
              near ? fmt::format("did you mean \"{}\"?", *near)
                   : "take stage, backbone, dataset, strategy or a key as train.lr");
}

}  // namespace

std::string paper_table(const Store& store, const std::string& study, const Figures& figures, Spread spread,
                        Format how) {
  const Metric& metric = figures.metric;
  Table table{{"stage", "arm", "cells", metric.title(), "trainable", "seconds"}, {}};
  Bold bold;
  std::map<std::string, std::pair<double, std::size_t>> best;
  std::map<std::string, int> in_stage;
  for (const auto& row : comparison(store, study, figures).rows) {
    const auto mean = number(row[4]), half = number(row[5]), seconds = number(row[8]);
    std::string value = mean ? metric.text(*mean) : "-";
    if (mean && half)
      value += spread == Spread::PlusMinus
                   ? " ± " + metric.text(*half)
                   : fmt::format(" [{}, {}]", metric.text(*mean - *half), metric.text(*mean + *half));
    const std::string stage = std::get<std::string>(row[0]);
    ++in_stage[stage];
    if (mean && metric.better != 0) {
      const auto [known, first] = best.try_emplace(stage, *mean, table.rows.size());
      if (!first && metric.better * (*mean - known->second.first) > 0) known->second = {*mean, table.rows.size()};
    }
    table.rows.push_back(
        {stage, row[1], row[2], value, row[6], seconds ? Field(fmt::format("{:.1f}", *seconds)) : Field()});
  }
  for (const auto& [stage, one] : best)
    if (in_stage[stage] > 1) bold.insert({one.second, 3});
  for (const std::size_t column : {std::size_t{5}, std::size_t{4}, std::size_t{2}, std::size_t{0}})
    drop_alike(table, bold, column);
  return how == Format::Latex ? to_latex(table, bold) : to_markdown(table, bold);
}

Table best_arms(const Store& store, const std::string& study, const Figures& figures, const std::string& by,
                std::int64_t top) {
  const bool of_view = by == "stage" || by == "backbone" || by == "dataset" || by == "strategy";
  const std::vector<Field> where = {study, figures.metric.name, static_cast<std::int64_t>(!figures.all)};
  const Table arms = store.query(
      "SELECT " + (of_view ? by : std::string("NULL")) +
          ", stage, arm, n, missing, mean, hi95 - mean AS half, trainable, seconds FROM means WHERE study = ?1 AND "
          "metric = ?2 AND chosen >= ?3 AND mean IS NOT NULL ORDER BY position",
      where);
  const auto values = of_view || by.empty() ? decltype(values_of(store, study, by))() : values_of(store, study, by);
  std::vector<std::pair<Field, std::vector<std::vector<Field>>>> groups;
  for (auto row : arms.rows) {
    if (!of_view && !by.empty()) {
      const auto found = values.find({std::get<std::string>(row[1]), std::get<std::string>(row[2])});
      row[0] = found == values.end() ? Field() : found->second;
    }
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == row[0]; });
    if (group == groups.end()) group = groups.insert(groups.end(), {row[0], {}});
    group->second.push_back(row);
  }
  Table table{{by.empty() ? "group" : by, "stage", "arm", "n", "missing", "mean", "half", "trainable", "seconds"}, {}};
  const double sign = figures.metric.better < 0 ? 1 : -1;
  for (auto& [value, rows] : groups) {
    std::stable_sort(rows.begin(), rows.end(), [&](const auto& one, const auto& other) {
      return sign * number(one[5]).value_or(0) < sign * number(other[5]).value_or(0);
    });
    if (top > 0 && std::int64_t(rows.size()) > top) rows.resize(std::size_t(top));
    for (auto& row : rows) table.rows.push_back(std::move(row));
  }
  if (by.empty() || by == "stage") {
    table.columns.erase(table.columns.begin());
    for (auto& row : table.rows) row.erase(row.begin());
  }
  return table;
}

}  // namespace cambium
