#include "report/comparison.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "report/counts.h"
#include "report/paired.h"
#include "report/text.h"

namespace cambium {
namespace {

constexpr std::size_t kMostMissingNamed = 8;

std::string parameters(const Field& field) {
  const auto* count = std::get_if<std::int64_t>(&field);
  return count == nullptr ? "-" : thousands(*count);
}

std::string value_text(const Metric& metric, const Field& mean, const Field& half) {
  if (!number(mean)) return "    -";
  const std::string text = fmt::format("{:>5}", metric.text(*number(mean)));
  return number(half) ? fmt::format("{} ± {}", text, metric.text(*number(half))) : text;
}

std::string without(const Metric& metric) {
  const std::string words = metric.words();
  return fmt::format("done, without a{} {}", std::string("aeiou").find(words[0]) == std::string::npos ? "" : "n",
                     words);
}

/// "2 cells are missing: ..." or nothing.
std::string missing_text(const Store& store, const std::string& study, const Metric& metric) {
  const std::vector<Field> parameters = {study, metric.name};
  const Table missing = store.query(
      "SELECT stage, arm, seed, state, replicate FROM cells WHERE study = ?1 AND identity IN "
      "(SELECT identity FROM cell_value WHERE study = ?1 AND metric = ?2 AND value IS NULL) AND (?2 = 'test_accuracy' "
      "OR "
      "stage IN (SELECT stage FROM cell_value WHERE study = ?1 AND metric = ?2 AND value IS NOT NULL)) ORDER BY "
      "position",
      parameters);
  if (missing.rows.empty()) return "";
  std::string text = fmt::format("{} {} missing:", counted(static_cast<std::int64_t>(missing.rows.size()), "cell"),
                                 missing.rows.size() == 1 ? "is" : "are");
  for (std::size_t i = 0; i < missing.rows.size(); ++i) {
    if (i == kMostMissingNamed) {
      text += fmt::format("\n  and {} more", missing.rows.size() - i);
      break;
    }
    const auto& row = missing.rows[i];
    const std::string& state = std::get<std::string>(row[3]);
    const std::string& replicate = std::get<std::string>(row[4]);
    text += fmt::format("\n  {}, {}, seed {}{}: {}", std::get<std::string>(row[0]), std::get<std::string>(row[1]),
                        std::get<std::int64_t>(row[2]), replicate == "{}" ? "" : ", " + one_line(replicate),
                        state == "done" ? without(metric) : state);
  }
  return text + "\n";
}

}  // namespace

Table comparison(const Store& store, const std::string& study, const Figures& figures) {
  const std::vector<Field> parameters = {study, figures.metric.name, static_cast<std::int64_t>(!figures.all)};
  return store.query(
      "SELECT stage, arm, n, missing, mean, hi95 - mean AS half, trainable, total, seconds, repeats, metric, tried, "
      "chosen "
      "FROM means WHERE study = ?1 AND metric = ?2 AND chosen >= ?3 AND (?2 = 'test_accuracy' OR stage IN "
      "(SELECT stage FROM cell_value WHERE study = ?1 AND metric = ?2 AND value IS NOT NULL)) ORDER BY position",
      parameters);
}

std::string comparison_text(const Store& store, const std::string& study, const Figures& figures) {
  const Metric& metric = figures.metric;
  std::vector<Column> columns = {{"stage"},           {"arm"},         {"cells"},        {metric.title()},
                                 {"trainable", true}, {"total", true}, {"seconds", true}};
  std::vector<std::vector<std::string>> rows;
  bool intervals = false, gaps = false, grouped = false, choices = false;
  for (const auto& row : comparison(store, study, figures).rows) {
    const std::int64_t n = std::get<std::int64_t>(row[2]), missing = std::get<std::int64_t>(row[3]),
                       repeats = std::get<std::int64_t>(row[9]);
    intervals = intervals || number(row[5]);
    gaps = gaps || missing > 0;
    grouped = grouped || repeats < n;
    const auto tried = number(row[11]);
    choices = choices || tried;
    rows.push_back({one_line(std::get<std::string>(row[0])), one_line(std::get<std::string>(row[1])),
                    counts(n, missing, repeats), value_text(metric, row[4], row[5]), parameters(row[6]),
                    parameters(row[7]), number(row[8]) ? fmt::format("{:.1f}", *number(row[8])) : "-",
                    !tried                              ? ""
                    : row[12] == Field(std::int64_t{1}) ? fmt::format("of {}", *tried)
                                                        : "not chosen"});
  }
  if (choices) columns.push_back({"chosen"});
  for (auto& row : rows) row.resize(columns.size());
  std::string text = aligned(columns, rows);
  if (intervals) text += "±: half of the 95 % interval of the mean over seeds and replicates (Student's t)\n";
  if (grouped) text += kGrouped;
  text += choices_text(store, study, "");
  if (gaps) text += missing_text(store, study, metric);
  const std::vector<Field> name = {study};
  if (!store.query("SELECT 1 FROM studies WHERE study = ? AND baseline IS NOT NULL", name).rows.empty())
    text += "\n" + paired_text(store, study, find_baseline(store, study, "", ""), figures);
  return text;
}

}  // namespace cambium
