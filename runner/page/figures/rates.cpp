#include <algorithm>
#include <map>
#include <set>

#include "page/figure.h"

namespace cambium::page {
namespace {

constexpr std::size_t kFewestRates = 3, kMostRows = 40;

std::string rate_key(const Json& factors) {
  for (const auto& [key, value] : factors.items())
    if (last_part(key) == "lr" && value.is_number()) return key;
  return "";
}

}  // namespace

std::vector<Figure> rate_figures(const Facts& facts) {
  Json values = Json::array(), series = Json::array();
  std::set<double> rates;
  for (const Arm* arm : facts.compared(false)) {
    const std::string key = rate_key(arm->factors);
    if (key.empty()) continue;
    const std::string name = series_of(*arm, {key});
    if (std::find(series.begin(), series.end(), name) == series.end()) series.push_back(name);
    rates.insert(arm->factors[key].get<double>());
    values.push_back({{"arm", name},
                      {"rate", arm->factors[key]},
                      {"mean", facts.shown(arm->mean)},
                      {"lo", facts.shown(arm->lo)},
                      {"hi", facts.shown(arm->hi)},
                      {"n", arm->n},
                      {"chosen", arm->chosen}});
  }
  if (rates.size() < kFewestRates || series.size() > kMostRows) return {};
  Json order = Json::array();
  for (const double rate : rates) order.push_back(rate);
  const std::string metric = facts.metric.title();
  Figure figure{"rates", "Learning rate against " + facts.metric.words(),
                "Each arm at each rate that was tried. Framed: chosen by validation, or nothing was chosen.",
                spec_from("rates.vl.json", {{"TITLE", "Learning rate against " + facts.metric.words()},
                                            {"METRIC", metric},
                                            {"ARMS", series},
                                            {"RATES", order}})};
  figure.spec["data"]["values"] = values;
  figure.table = table_of(values, {{"arm", "arm"},
                                   {"rate", "rate"},
                                   {"mean", metric},
                                   {"lo", "from"},
                                   {"hi", "to"},
                                   {"n", "cells"},
                                   {"chosen", "chosen"}});
  return {figure};
}

}  // namespace cambium::page
