#include "report/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "report/metric.h"
#include "report/text.h"

namespace cambium {
namespace {

/// The pace is that of so many seconds.
constexpr double kWindow = 1800;
constexpr int kMostRunning = 12, kMostArms = 5, kMostFailures = 3;

std::string line_of(const Field& field) { return one_line(text(field)); }

/// "12 of 40 cells done, 2 running, 1 failed".
std::string states(const std::vector<Field>& row) {
  static const std::vector<std::string> kStates = {"running", "failed", "skipped", "interrupted", "pending"};
  std::string words = fmt::format("{} of {} cells done", std::int64_t(*number(row[2])), std::int64_t(*number(row[1])));
  for (std::size_t i = 0; i < kStates.size(); ++i)
    if (const auto count = std::int64_t(*number(row[3 + i])); count > 0)
      words += fmt::format(", {} {}", count, kStates[i]);
  return words;
}

/// Of the runs that ended within the window; nothing where none did.
std::string pace(const Store& store, const std::string& study, double now, std::int64_t left) {
  const std::vector<Field> where = {study, now - kWindow, now};
  const Table ended = store.query(
      "SELECT count(*), min(ended) FROM (SELECT DISTINCT identity, strftime('%s', finished) + 0 AS ended FROM runs "
      "WHERE (?1 = '' OR study = ?1) AND state = 'done' AND current) WHERE ended BETWEEN ?2 AND ?3",
      where);
  const double count = number(ended.rows[0][0]).value_or(0), first = number(ended.rows[0][1]).value_or(now);
  if (count < 2 || now - first < 1 || left == 0) return "";
  const double rate = count / (now - first);
  return fmt::format(", {:.1f} cells a minute, {} left at that pace", 60 * rate, duration(double(left) / rate));
}

void add_running(const Store& store, const std::string& study, double now, std::vector<std::string>& lines) {
  const std::vector<Field> where = {study, std::int64_t{kMostRunning + 1}, now};
  const Table running = store.query(
      "SELECT r.study, r.stage, r.arm, r.seed, r.epochs, ?3 - strftime('%s', r.started), "
      "(SELECT value FROM parameters AS p WHERE p.study = r.study AND p.stage = r.stage AND p.cell = r.cell AND "
      "p.key = 'train.epochs') FROM runs AS r WHERE (?1 = '' OR r.study = ?1) AND r.state = 'running' AND r.current "
      "ORDER BY r.run LIMIT ?2",
      where);
  if (running.rows.empty()) return;
  lines.push_back("");
  lines.push_back("being trained");
  for (std::size_t i = 0; i < running.rows.size(); ++i) {
    const auto& row = running.rows[i];
    if (i == kMostRunning) {
      lines.push_back("  and more");
      break;
    }
    const auto of = number(row[6]);
    lines.push_back(fmt::format("  {}{}, {}, seed {}: epoch {}{}, {}", study.empty() ? line_of(row[0]) + ", " : "",
                                line_of(row[1]), line_of(row[2]), std::int64_t(*number(row[3])),
                                std::int64_t(*number(row[4])), of ? fmt::format(" of {}", std::int64_t(*of)) : "",
                                duration(std::max(0.0, number(row[5]).value_or(0)))));
  }
}

void add_best(const Store& store, const std::string& study, std::vector<std::string>& lines) {
  const std::vector<Field> where = {study, std::int64_t{kMostArms}};
  const Table arms = store.query(
      "SELECT study, stage, arm, mean, hi95 - mean, n, missing FROM leaderboard WHERE (?1 = '' OR study = ?1) AND mean "
      "IS NOT NULL ORDER BY mean DESC LIMIT ?2",
      where);
  if (arms.rows.empty()) return;
  lines.push_back("");
  lines.push_back("best so far, " + Metric().title());
  for (const auto& row : arms.rows) {
    const auto half = number(row[4]), missing = number(row[6]);
    lines.push_back(fmt::format("  {}{}  {}{}, {}, {}", Metric().text(*number(row[3])),
                                half ? " ± " + Metric().text(*half) : "", study.empty() ? line_of(row[0]) + ", " : "",
                                line_of(row[1]), line_of(row[2]),
                                missing > 0 ? fmt::format("{} of {} cells", *number(row[5]), *number(row[5]) + *missing)
                                            : counted(std::int64_t(*number(row[5])), "cell")));
  }
}

void add_failures(const Store& store, const std::string& study, std::vector<std::string>& lines) {
  const std::vector<Field> where = {study, std::int64_t{kMostFailures}};
  const Table failures = store.query(
      "SELECT study, stage, arm, seed, kind, error, time FROM failures WHERE current AND (?1 = '' OR study = ?1) ORDER "
      "BY "
      "time DESC LIMIT ?2",
      where);
  if (failures.rows.empty()) return;
  lines.push_back("");
  lines.push_back("last failures");
  for (const auto& row : failures.rows)
    lines.push_back(fmt::format("  {} {}, {}, seed {}: {}: {}", line_of(row[6]), line_of(row[1]), line_of(row[2]),
                                std::int64_t(*number(row[3])), line_of(row[4]), line_of(row[5])));
}

}  // namespace

std::vector<std::string> watch_lines(const Store& store, const std::string& study, double now) {
  const std::vector<Field> where = {study};
  const Table studies = store.query(
      "SELECT study, cells, done, running, failed, skipped, interrupted, pending FROM studies WHERE ?1 = '' OR study = "
      "?1 "
      "ORDER BY running DESC, entered DESC",
      where);
  std::vector<std::string> lines;
  for (const auto& row : studies.rows) {
    const auto left = std::int64_t(*number(row[3]) + *number(row[6]) + *number(row[7]));
    const bool goes_on = *number(row[3]) > 0;
    lines.push_back(fmt::format("{}: {}{}", line_of(row[0]), states(row),
                                goes_on ? pace(store, std::get<std::string>(row[0]), now, left) : ""));
  }
  if (studies.rows.empty()) lines.push_back("no study was run yet");
  add_running(store, study, now, lines);
  add_best(store, study, lines);
  add_failures(store, study, lines);
  return lines;
}

std::vector<std::string> fitted(std::vector<std::string> lines, std::size_t columns, std::size_t rows) {
  if (lines.size() > rows) lines.resize(rows);
  for (std::string& line : lines)
    if (display_width(line) > columns) line = shorten(line, columns);
  return lines;
}

}  // namespace cambium
