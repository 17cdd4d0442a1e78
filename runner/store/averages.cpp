#include "store/averages.h"

#include <fmt/format.h>

namespace cambium {
namespace {

// A window's average is on all of its rows, so one of them stands for it further up. Deviations are taken from the mean
// before they are squared: sum(x * x) - n * mean * mean loses the digits that matter.
constexpr const char* kChain = R"sql(
sourced AS ({source}),
clustered AS (
  SELECT *, json_remove(replicate, '$."data.half"') AS cluster FROM sourced),
repeating AS (
  SELECT *, CASE WHEN min(cluster) OVER whole < max(cluster) OVER whole THEN cluster ELSE seed END AS unit,
    count(*) OVER whole AS cells, count(value) OVER whole AS n, min(position) OVER whole AS first
  FROM clustered WINDOW whole AS (PARTITION BY {keys})),
over_seeds AS (
  SELECT *, row_number() OVER same AS nth_of_replicate, avg(value) OVER same AS of_replicate{second_of_replicate}
  FROM repeating WINDOW same AS (PARTITION BY {keys}, unit, replicate)),
over_replicates AS (
  SELECT *, row_number() OVER same AS nth_of_unit, avg(of_replicate) OVER same AS of_unit{second_of_unit}
  FROM over_seeds WHERE nth_of_replicate = 1 WINDOW same AS (PARTITION BY {keys}, unit)),
over_units AS (
  SELECT *, row_number() OVER whole AS nth, count(of_unit) OVER whole AS repeats, avg(of_unit) OVER whole AS mean,
    of_unit - avg(of_unit) OVER whole AS deviation{second_mean}
  FROM over_replicates WHERE nth_of_unit = 1 WINDOW whole AS (PARTITION BY {keys})),
summed_up AS (
  SELECT *, sum(deviation * deviation) OVER (PARTITION BY {keys}) AS squares FROM over_units),
spread AS (
  SELECT *, repeats - 1 AS df, CASE WHEN repeats > 1 THEN sqrt(squares / (repeats - 1)) END AS sd FROM summed_up WHERE nth = 1))sql";

}  // namespace

std::string averaged(const std::string& source, const std::string& keys, const std::string& second) {
  const auto also = [&](const char* sql) {
    return second.empty() ? std::string() : fmt::format(fmt::runtime(sql), second);
  };
  return fmt::format(kChain, fmt::arg("source", source), fmt::arg("keys", keys),
                     fmt::arg("second_of_replicate", also(", avg({0}) OVER same AS {0}_of_replicate")),
                     fmt::arg("second_of_unit", also(", avg({0}_of_replicate) OVER same AS {0}_of_unit")),
                     fmt::arg("second_mean", also(", avg({0}_of_unit) OVER whole AS mean_{0}")));
}

std::string half_interval(const std::string& table) {
  return fmt::format(
      "coalesce((SELECT t975 FROM t_quantile WHERE t_quantile.df = {0}.df), 1.959963984540054) * {0}.error", table);
}

}  // namespace cambium
