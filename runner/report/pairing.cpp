#include "report/pairing.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace cambium {
namespace {

struct Pair {
  std::string replicate;
  std::int64_t seed = 0;
  double one = 0, other = 0;
};

/// A replicate without its half: the two halves of a split are one repeat.
std::string split_of(const std::string& replicate) {
  auto json = nlohmann::json::parse(replicate, nullptr, false);
  if (!json.is_object()) return replicate;
  json.erase("data.half");
  return json.dump();
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / double(values.size());
}

/// Differences averaged to independent repeats: seeds within their replicate, halves within their split; where there
/// are no two of those, seeds over their halves.
std::vector<double> repeats_of(const std::vector<Pair>& pairs) {
  std::map<std::string, std::map<std::string, std::vector<double>>> splits;
  std::map<std::int64_t, std::vector<double>> seeds;
  for (const Pair& pair : pairs) {
    splits[split_of(pair.replicate)][pair.replicate].push_back(pair.one - pair.other);
    seeds[pair.seed].push_back(pair.one - pair.other);
  }
  std::vector<double> repeats;
  if (splits.size() < 2) {
    for (const auto& [seed, values] : seeds) repeats.push_back(mean_of(values));
    return repeats;
  }
  for (const auto& [split, replicates] : splits) {
    std::vector<double> halves;
    for (const auto& [replicate, values] : replicates) halves.push_back(mean_of(values));
    repeats.push_back(mean_of(halves));
  }
  return repeats;
}

Outcome outcome_of(const Store& store, const std::vector<Pair>& pairs) {
  Outcome outcome;
  outcome.n = static_cast<std::int64_t>(pairs.size());
  if (pairs.empty()) return outcome;
  std::vector<double> one, other;
  for (const Pair& pair : pairs) {
    one.push_back(pair.one);
    other.push_back(pair.other);
  }
  outcome.one = mean_of(one);
  outcome.other = mean_of(other);
  const std::vector<double> repeats = repeats_of(pairs);
  const auto r = static_cast<std::int64_t>(repeats.size());
  outcome.repeats = r;
  outcome.difference = mean_of(repeats);
  double squares = 0;
  for (const double value : repeats) squares += (value - *outcome.difference) * (value - *outcome.difference);
  if (r < 2 || squares < 1e-24) return outcome;
  const std::vector<Field> df = {r - 1};
  const Table quantile = store.query("SELECT coalesce((SELECT t975 FROM t_quantile WHERE df = ?), 1.959964)", df);
  const double half = *number(quantile.rows[0][0]) * std::sqrt(squares / double(r - 1) / double(r));
  outcome.lo = *outcome.difference - half;
  outcome.hi = *outcome.difference + half;
  return outcome;
}

/// Values by stage, arm, replicate and seed; the stage and arm are left out where the side is one arm.
using Values = std::map<std::pair<std::string, std::string>, std::map<std::pair<std::string, std::int64_t>, Field>>;
Values values_of(const Store& store, const Side& side, const Metric& metric,
                 std::vector<std::pair<std::string, std::string>>& order) {
  const std::vector<Field> where = {side.study, metric.name, side.arm, side.stage};
  const Table rows = store.query(
      "SELECT stage, arm, replicate, seed, value FROM cell_value WHERE study = ?1 AND metric = ?2 AND (?3 = '' OR "
      "(arm = ?3 AND stage = ?4)) ORDER BY position",
      where);
  Values values;
  for (const auto& row : rows.rows) {
    const std::pair<std::string, std::string> arm =
        side.arm.empty() ? std::pair(text(row[0]), text(row[1])) : std::pair<std::string, std::string>();
    if (values.count(arm) == 0) order.push_back(arm);
    values[arm][{text(row[2]), std::get<std::int64_t>(row[3])}] = row[4];
  }
  return values;
}

/// key -> its values, of the cells that `where` names.
std::map<std::string, std::set<std::string>> settings_of(const Store& store, const std::string& sql,
                                                         const std::vector<Field>& where) {
  std::map<std::string, std::set<std::string>> settings;
  for (const auto& row :
       store.query("SELECT DISTINCT key, CAST(value AS TEXT) FROM parameters WHERE " + sql, where).rows)
    settings[text(row[0])].insert(text(row[1]));
  return settings;
}

Table between(const std::map<std::string, std::set<std::string>>& one,
              const std::map<std::string, std::set<std::string>>& other) {
  Table table{{"setting", "one", "other"}, {}};
  const auto shown = [](const std::map<std::string, std::set<std::string>>& settings, const std::string& key) -> Field {
    const auto found = settings.find(key);
    if (found == settings.end()) return {};
    constexpr std::size_t kMost = 6;
    std::string words;
    std::size_t count = 0;
    for (const std::string& value : found->second) {
      if (++count > kMost) return words + ", ...";
      words += (words.empty() ? "" : ", ") + value;
    }
    return words;
  };
  std::set<std::string> keys;
  for (const auto* side : {&one, &other})
    for (const auto& [key, values] : *side) keys.insert(key);
  for (const std::string& key : keys) {
    const Field a = shown(one, key), b = shown(other, key);
    if (a != b && key != "fingerprint" && key != "source.cell") table.rows.push_back({key, a, b});
  }
  return table;
}

}  // namespace

std::vector<Outcome> outcomes(const Store& store, const Side& one, const Side& other, const Metric& metric) {
  std::vector<std::pair<std::string, std::string>> order, unused;
  const Values values = values_of(store, one, metric, order);
  const Values others = values_of(store, other, metric, unused);
  std::vector<Outcome> result;
  for (const auto& arm : order) {
    const auto found = others.find(arm);
    if (found == others.end()) continue;
    std::vector<Pair> pairs;
    std::int64_t missing = 0;
    for (const auto& [key, field] : values.at(arm)) {
      const auto match = found->second.find(key);
      const auto value = number(field), against = match == found->second.end() ? std::nullopt : number(match->second);
      if (value && against)
        pairs.push_back({key.first, key.second, *value, *against});
      else
        ++missing;
    }
    Outcome outcome = outcome_of(store, pairs);
    outcome.stage = arm.first;
    outcome.arm = arm.second;
    outcome.missing = missing;
    result.push_back(outcome);
  }
  return result;
}

std::optional<Side> find_side(const Store& store, const std::string& name) {
  const std::vector<Field> where = {name};
  if (!store.query("SELECT 1 FROM studies WHERE study = ?", where).rows.empty()) return Side{name, "", ""};
  const Table exact = store.query(
      "SELECT DISTINCT study, stage, arm FROM cells WHERE study || '/' || arm = ?1 OR study || '/' || stage || '/' || "
      "arm "
      "= ?1",
      where);
  const Table named = exact.rows.empty() ? store.query(
                                               "SELECT DISTINCT study, stage, arm FROM means WHERE study || '/' "
                                               "|| name = ?1 OR study || '/' || stage || '/' || name = ?1",
                                               where)
                                         : exact;
  if (named.rows.size() != 1) return std::nullopt;
  return Side{text(named.rows[0][0]), text(named.rows[0][1]), text(named.rows[0][2])};
}

Table settings_between(const Store& store, const Side& one, const Side& other) {
  const auto settings = [&](const Side& side) {
    return settings_of(
        store,
        "study = ?1 AND (?2 = '' OR (stage = ?3 AND cell IN (SELECT cell FROM cells WHERE study = ?1 AND "
        "stage = ?3 AND arm = ?2)))",
        {side.study, side.arm, side.stage});
  };
  return between(settings(one), settings(other));
}

Table settings_between(const Store& store, const std::string& one, const std::string& other) {
  return between(settings_of(store, "cell = ?1", {one.substr(0, 12)}),
                 settings_of(store, "cell = ?1", {other.substr(0, 12)}));
}

Table metrics_between(const Store& store, const std::string& one, const std::string& other) {
  const std::vector<Field> where = {one, other};
  return store.query(
      "WITH value AS (SELECT DISTINCT identity, metric, value FROM cell_value WHERE identity IN (?1, ?2) AND value IS "
      "NOT "
      "NULL) SELECT metric, a AS one, b AS other, a - b AS difference FROM (SELECT metric, max(CASE identity WHEN ?1 "
      "THEN value END) AS a, max(CASE identity WHEN ?2 THEN value END) AS b FROM value GROUP BY metric) ORDER BY "
      "metric",
      where);
}

}  // namespace cambium
