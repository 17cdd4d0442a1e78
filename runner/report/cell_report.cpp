#include "report/cell_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "report/format.h"
#include "report/text.h"

namespace cambium {
namespace {

/// Of a longer curve people see so many epochs, evenly spread.
constexpr std::size_t kMostEpochsShown = 24;
constexpr std::size_t kMostKinShown = 40;

std::string text_of(const Field& field) {
  const auto* text = std::get_if<std::string>(&field);
  return text == nullptr ? "" : *text;
}

/// What belongs to the end of a run and not to an epoch.
bool is_final(const std::string& metric) {
  return metric.rfind("test_", 0) == 0 || metric.rfind("source_test_", 0) == 0 || metric.rfind("best_", 0) == 0;
}

/// Points (step, metric, value) as a row a step and a column a metric; the final ones by themselves.
void spread(const Table& points, Table& curves, Table& metrics) {
  metrics.columns = {"metric", "value"};
  curves.columns = {"epoch"};
  std::map<std::string, std::size_t> columns;
  for (const auto& row : points.rows)
    if (const std::string name = text_of(row[1]); !is_final(name)) columns.emplace(name, 0);
  for (auto& [name, column] : columns) {
    column = curves.columns.size();
    curves.columns.push_back(name);
  }
  std::map<std::int64_t, std::vector<Field>> rows;
  for (const auto& row : points.rows) {
    const std::string name = text_of(row[1]);
    if (is_final(name)) {
      metrics.rows.push_back({name, row[2]});
      continue;
    }
    const std::int64_t step = std::get<std::int64_t>(row[0]);
    auto& values = rows.try_emplace(step, curves.columns.size()).first->second;
    values[0] = step;
    values[columns.at(name)] = row[2];
  }
  for (auto& [step, values] : rows) curves.rows.push_back(std::move(values));
}

Table thinned(const Table& table) {
  if (table.rows.size() <= kMostEpochsShown) return table;
  Table result{table.columns, {}};
  for (std::size_t i = 0; i < kMostEpochsShown; ++i)
    result.rows.push_back(table.rows[i * (table.rows.size() - 1) / (kMostEpochsShown - 1)]);
  return result;
}

/// "key: value" lines of the only row, without what is not known.
std::string as_lines(const Table& table) {
  std::string text;
  for (std::size_t c = 0; c < table.columns.size() && !table.rows.empty(); ++c) {
    const Table one{{table.columns[c]}, {{table.rows[0][c]}}};
    if (std::holds_alternative<std::monostate>(table.rows[0][c])) continue;
    const std::string value = to_text(one);
    text += fmt::format("  {:<14}{}", table.columns[c], value.substr(value.find('\n') + 1));
  }
  return text;
}

std::string indented(const std::string& text, const char* by) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    result += by + one_line(text.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return result;
}

std::string pretty(const std::string& json) {
  return nlohmann::ordered_json::parse(json, nullptr, false)
      .dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::vector<std::string> cells_like(const Store& store, const std::string& prefix) {
  // A range, since LIKE would not use the index.
  const std::vector<Field> bounds = {prefix, prefix + "g"};
  std::vector<std::string> identities;
  const Table found = store.query(
      "SELECT identity FROM cells WHERE identity >= ?1 AND identity < ?2 UNION "
      "SELECT identity FROM runs WHERE identity >= ?1 AND identity < ?2 ORDER BY 1",
      bounds);
  for (const auto& row : found.rows) identities.push_back(text_of(row[0]));
  return identities;
}

CellReport cell_report(const Store& store, const std::string& identity) {
  const std::vector<Field> cell = {identity};
  CellReport report;
  report.identity = identity;
  report.summary = store.query(
      "SELECT state, seed, backbone, dataset, strategy, trainable, total, source, attempts, epochs, test_accuracy, "
      "seconds "
      "FROM cells WHERE identity = ? LIMIT 1",
      cell);
  // Of a cell that no study has any more only its runs tell.
  if (report.summary.rows.empty())
    report.summary = store.query(
        "SELECT state, seed, backbone, dataset, strategy, trainable, total, epochs, test_accuracy, seconds "
        "FROM runs WHERE identity = ? ORDER BY attempt DESC LIMIT 1",
        cell);
  report.places =
      store.query("SELECT DISTINCT study, stage, arm FROM cells WHERE identity = ? ORDER BY study, position", cell);
  report.lineage = store.query(
      "WITH RECURSIVE up(identity, source, depth) AS (SELECT identity, source, 0 FROM cell WHERE identity = ?1 UNION "
      "SELECT c.identity, c.source, depth + 1 FROM up JOIN cell AS c ON c.identity = up.source WHERE depth < 100), "
      "kin AS (SELECT 'starts from' AS relation, identity, -depth AS place FROM up WHERE depth > 0 UNION "
      "SELECT 'is started from by', identity, 1 FROM cell WHERE source = ?1) "
      "SELECT relation, c.cell AS cell, c.study AS study, c.stage AS stage, c.arm AS arm, c.state AS state FROM kin "
      "JOIN cells AS c ON c.identity = kin.identity ORDER BY place, c.study, c.position",
      cell);
  report.attempts = store.query(
      "SELECT DISTINCT r.attempt, r.state, r.failure, r.epochs, r.seconds, r.started, r.finished, r.error, f.hint, "
      "f.log, r.note "
      "FROM runs AS r LEFT JOIN failures AS f ON f.identity = r.identity AND f.attempt = r.attempt "
      "WHERE r.identity = ?1 ORDER BY r.attempt IS NULL, r.attempt",
      cell);
  report.weights = store.query(
      "SELECT DISTINCT kind, bytes, sha256, path FROM artifacts WHERE identity = ?1 AND attempt = "
      "(SELECT max(attempt) FROM artifacts WHERE identity = ?1) ORDER BY kind",
      cell);
  spread(
      store.query("SELECT DISTINCT step, metric, value FROM curves WHERE cell = substr(?, 1, 12) ORDER BY step, metric",
                  cell),
      report.curves, report.metrics);
  report.measures = store.query(
      "SELECT DISTINCT s.measure AS measure, m.key AS key, m.value AS value, s.error AS error FROM measure_states AS s "
      "LEFT JOIN measures AS m USING (study, stage, cell, measure) WHERE s.cell = substr(?, 1, 12) "
      "ORDER BY s.measure, m.position",
      cell);
  const auto first = [&](const char* sql) {
    const Table table = store.query(sql, cell);
    return table.rows.empty() ? std::string() : text_of(table.rows[0][0]);
  };
  report.config = first("SELECT config FROM cells WHERE identity = ? LIMIT 1");
  report.provenance =
      first("SELECT provenance FROM runs WHERE identity = ? AND provenance IS NOT NULL ORDER BY attempt DESC LIMIT 1");
  return report;
}

std::string to_text(const CellReport& report, std::size_t text_limit) {
  std::string text = "cell " + report.identity + "\n" + as_lines(report.summary);
  const auto section = [&](const char* title, const std::string& body) {
    if (!body.empty()) text += fmt::format("\n{}\n{}", title, indented(body, "  "));
  };
  const auto table = [&](const char* title, const Table& rows) {
    if (!rows.rows.empty()) section(title, to_text(rows, text_limit));
  };
  table("in", report.places);
  table(report.lineage.rows.size() > kMostKinShown ? "lineage (some of it; --format json has all)" : "lineage",
        {report.lineage.columns,
         {report.lineage.rows.begin(),
          report.lineage.rows.begin() + std::ptrdiff_t(std::min(report.lineage.rows.size(), kMostKinShown))}});
  if (!report.config.empty()) section("configuration", pretty(report.config));
  Table attempts{{report.attempts.columns.begin(), report.attempts.columns.begin() + 7}, {}};
  for (const auto& row : report.attempts.rows) attempts.rows.push_back({row.begin(), row.begin() + 7});
  table("attempts", attempts);
  for (const auto& row : report.attempts.rows) {
    std::string told = text_of(row[7]);
    if (const std::string note = text_of(row[10]); !note.empty()) told += (told.empty() ? "" : "\n") + note;
    if (told.empty()) continue;
    const auto* attempt = std::get_if<std::int64_t>(&row[0]);
    if (!text_of(row[8]).empty()) told += "\n" + text_of(row[8]);
    if (!text_of(row[9]).empty()) told += "\nthe last that its worker printed:\n" + indented(text_of(row[9]), "  | ");
    section((attempt ? fmt::format("attempt {} {}", *attempt, text_of(row[1])) : text_of(row[1])).c_str(), told);
  }
  table("at the end", report.metrics);
  table(report.curves.rows.size() > kMostEpochsShown ? "curves (some of the epochs; --format csv has all)" : "curves",
        thinned(report.curves));
  Table measures{report.measures.columns, {}};
  for (const auto& row : report.measures.rows)  // a confusion matrix is too long to read here
    if (text_of(row[1]).find(" -> ") == std::string::npos) measures.rows.push_back(row);
  table("measures", measures);
  table("weights", report.weights);
  if (!report.provenance.empty()) section("provenance", pretty(report.provenance));
  return text;
}

std::string to_json(const CellReport& report) {
  const auto rows = [](const Table& table) { return nlohmann::ordered_json::parse(to_json(table)); };
  const auto object = [](const std::string& text) {
    return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json::parse(text, nullptr, false);
  };
  nlohmann::ordered_json json;
  json["cell"] = report.identity;
  if (!report.summary.rows.empty()) json.update(rows(report.summary)[0]);
  json["places"] = rows(report.places);
  json["lineage"] = rows(report.lineage);
  json["config"] = object(report.config);
  json["attempts"] = rows(report.attempts);
  for (const auto& row : report.metrics.rows)
    json["metrics"][text_of(row[0])] = rows({{"value"}, {{row[1]}}})[0]["value"];
  json["curves"] = rows(report.curves);
  json["measures"] = rows(report.measures);
  json["weights"] = rows(report.weights);
  json["provenance"] = object(report.provenance);
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace cambium
