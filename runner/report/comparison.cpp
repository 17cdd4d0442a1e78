#include "report/comparison.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "report/paired.h"
#include "report/text.h"

namespace cambium {
namespace {

constexpr std::size_t kMostMissingNamed = 8;

std::optional<double> number(const Field& field) {
  if (const auto* integer = std::get_if<std::int64_t>(&field)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&field)) return *real;
  return std::nullopt;
}

std::string parameters(const Field& field) {
  const auto* count = std::get_if<std::int64_t>(&field);
  return count == nullptr ? "-" : thousands(*count);
}

std::string accuracy(const Field& mean, const Field& half) {
  if (!number(mean)) return "    -";
  const std::string text = fmt::format("{:5.2f}", 100 * *number(mean));
  return number(half) ? fmt::format("{} ± {:.2f}", text, 100 * *number(half)) : text;
}

/// "2 cells are missing: ..." or nothing.
std::string missing_text(const Store& store, const std::string& study) {
  const std::vector<Field> name = {study, study};
  const Table missing = store.query(
      "SELECT stage, arm, seed, state, replicate FROM cells WHERE study = ? AND cell NOT IN "
      "(SELECT cell FROM runs WHERE study = ? AND state = 'done' AND test_accuracy IS NOT NULL) ORDER BY position",
      name);
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
                        state == "done" ? "done, without a test accuracy" : state);
  }
  return text + "\n";
}

}  // namespace

Table comparison(const Store& store, const std::string& study) {
  const std::vector<Field> name = {study};
  return store.query(
      "SELECT stage, arm, n, missing, mean, hi95 - mean AS half, trainable, total, seconds "
      "FROM leaderboard WHERE study = ? ORDER BY position",
      name);
}

std::string comparison_text(const Store& store, const std::string& study) {
  const std::vector<Column> columns = {{"stage"},           {"arm"},         {"cells"},        {"test accuracy %"},
                                       {"trainable", true}, {"total", true}, {"seconds", true}};
  std::vector<std::vector<std::string>> rows;
  bool intervals = false, gaps = false;
  for (const auto& row : comparison(store, study).rows) {
    const std::int64_t n = std::get<std::int64_t>(row[2]), missing = std::get<std::int64_t>(row[3]);
    intervals = intervals || number(row[5]);
    gaps = gaps || missing > 0;
    rows.push_back({one_line(std::get<std::string>(row[0])), one_line(std::get<std::string>(row[1])),
                    missing == 0 ? std::to_string(n) : fmt::format("{} of {}", n, n + missing),
                    accuracy(row[4], row[5]), parameters(row[6]), parameters(row[7]),
                    number(row[8]) ? fmt::format("{:.1f}", *number(row[8])) : "-"});
  }
  std::string text = aligned(columns, rows);
  if (intervals) text += "±: half of the 95 % interval of the mean over seeds and replicates (Student's t)\n";
  if (gaps) text += missing_text(store, study);
  const std::vector<Field> name = {study};
  if (!store.query("SELECT 1 FROM studies WHERE study = ? AND baseline IS NOT NULL", name).rows.empty())
    text += "\n" + paired_text(store, study, find_baseline(store, study, "", ""));
  return text;
}

}  // namespace cambium
