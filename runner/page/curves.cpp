#include "page/curves.h"

#include <algorithm>
#include <cmath>

#include "page/facts.h"

namespace cambium::page {
namespace {

/// What belongs to the end of a run and not to an epoch.
constexpr const char* kWanted =
    "metric NOT LIKE 'test!_%' ESCAPE '!' AND metric NOT LIKE 'source!_test!_%' ESCAPE '!' AND metric NOT LIKE "
    "'best!_%' ESCAPE '!'";

}  // namespace

Curves curves_of(const Store& store, const std::string& study, std::int64_t most) {
  const std::vector<Field> name = {study};
  const Table longest = store.query("SELECT max(epochs) FROM cells WHERE study = ?", name);
  const auto epochs = static_cast<std::int64_t>(number(longest.rows[0][0]).value_or(0));
  Curves curves;
  curves.every = std::max<std::int64_t>(1, (epochs + most - 1) / most);
  const std::vector<Field> where = {study, curves.every};
  const Table points = store.query(
      std::string(
          "SELECT cell, metric, step, value FROM curves WHERE study = ?1 AND (step % ?2 = 0 OR step = 1) AND ") +
          kWanted + " ORDER BY cell, metric, step",
      where);
  for (const auto& row : points.rows) {
    const auto* cell = std::get_if<std::string>(&row[0]);
    const auto* metric = std::get_if<std::string>(&row[1]);
    const auto value = number(row[3]);
    if (cell == nullptr || metric == nullptr || !value || !std::isfinite(*value)) continue;
    if (curves.all.empty() || curves.all.back().cell != *cell || curves.all.back().metric != *metric)
      curves.all.push_back({*cell, *metric, {}});
    auto& at = curves.all.back().points;
    const auto step = std::get<std::int64_t>(row[2]);
    if (at.empty() || at.back().first != step) at.emplace_back(step, rounded(*value));
  }
  return curves;
}

}  // namespace cambium::page
