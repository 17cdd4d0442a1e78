#include "store/measures.h"

#include <fmt/format.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "store/layout.h"
#include "store/place.h"

namespace cambium {
namespace {

using Json = nlohmann::json;

/// A number, or the "nan", "inf", "-inf" that JSON has no numbers for.
double number(const Json& value) {
  if (!value.is_string()) return value.get<double>();
  const auto& text = value.get_ref<const std::string&>();
  const double infinity = std::numeric_limits<double>::infinity();
  return text == "inf" ? infinity : text == "-inf" ? -infinity : std::numeric_limits<double>::quiet_NaN();
}

std::optional<std::string_view> if_any(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

/// The attempt that a cell's weights are of.
constexpr const char* kNewestRun = "(SELECT max(attempt) FROM run WHERE run.cell = ?1 AND run.state = 'done')";

std::int64_t enter(Database& database, std::int64_t cell, const FailedMeasure& told, const char* failure) {
  static const std::string sql = fmt::format(
      "INSERT INTO measurement (cell, measure, failure, error, hint, time, seconds, version, attempt) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, {}) "
      "ON CONFLICT DO UPDATE SET failure = excluded.failure, error = excluded.error, hint = excluded.hint, "
      "time = excluded.time, seconds = excluded.seconds, version = excluded.version, attempt = excluded.attempt "
      "RETURNING id",
      kNewestRun);
  Statement& put = database.prepared(sql);
  const auto kind = failure ? std::optional<std::string_view>(failure) : std::nullopt;
  put.bind(cell, told.measure, kind, if_any(told.error), if_any(told.hint), told.time, told.seconds, told.version)
      .step();
  const std::int64_t id = put.integer(0);
  put.step();
  return id;
}

void take_measured(Database& database, std::int64_t cell, const Json& event) {
  const std::int64_t id = enter(database, cell,
                                {event.at("measure"), FailureKind::None, "", "", event.at("time"),
                                 event.value("seconds", 0.0), event.value("version", 1)},
                                nullptr);
  database.prepared("DELETE FROM measured_value WHERE measurement = ?").run(id);
  database.prepared("DELETE FROM measured_file WHERE measurement = ?").run(id);
  Statement& value = database.prepared("INSERT INTO measured_value VALUES (?, ?, ?, ?)");
  std::int64_t position = 0;
  for (const Json& pair : event.at("values"))
    value.run(id, position++, pair.at(0).get_ref<const std::string&>(), number(pair.at(1)));
  // Counts of a matrix are no metrics to compare by.
  static const std::string kNamed = "INSERT INTO metric (name) SELECT " + measured_metric() +
                                    " FROM measurement JOIN measured_value ON measured_value.measurement = "
                                    "measurement.id WHERE measurement.id = ? AND measurement.measure NOT LIKE "
                                    "'confusion%' ON CONFLICT DO NOTHING";
  database.prepared(kNamed).run(id);
  Statement& file = database.prepared("INSERT INTO measured_file VALUES (?, ?, ?, ?, ?)");
  for (const Json& one : event.at("files"))
    file.run(id, one.at("kind").get_ref<const std::string&>(),
             stored_path(one.at("path").get_ref<const std::string&>(), files_folder(database)),
             one.at("sha256").get_ref<const std::string&>(), one.at("bytes").get<std::int64_t>());
}

void take_line(Database& database, std::int64_t cell, const std::string& line) {
  const Json event = Json::parse(line);
  const std::string type = event.at("type");
  if (type == "measured") take_measured(database, cell, event);
  if (type == "unmeasured")
    put_failed_measure(
        database, cell,
        {event.at("measure"), failure_kind(event.value("kind", "error")), event.at("message"), event.value("hint", ""),
         event.at("time"), event.value("seconds", 0.0), event.value("version", 1)});
}

// A measure of a cell, taken or failed. Its values keep the order that they were told in.
constexpr const char* kTables = R"sql(
CREATE TABLE measurement (
  id INTEGER PRIMARY KEY,
  cell INTEGER NOT NULL REFERENCES cell,
  measure TEXT NOT NULL,
  failure TEXT CHECK (failure IN ('error', 'signal', 'killed')),
  error TEXT,
  hint TEXT,
  time REAL NOT NULL,
  seconds REAL NOT NULL,
  UNIQUE (cell, measure)
);
CREATE TABLE measured_value (
  measurement INTEGER NOT NULL REFERENCES measurement,
  position INTEGER NOT NULL,
  key TEXT NOT NULL,
  value REAL,
  PRIMARY KEY (measurement, position)
) WITHOUT ROWID;
CREATE TABLE measured_file (
  measurement INTEGER NOT NULL REFERENCES measurement,
  kind TEXT NOT NULL,
  path TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (measurement, kind)
) WITHOUT ROWID;
)sql";

constexpr const char* kViews = R"sql(
CREATE VIEW measures AS
SELECT p.study AS study, p.stage AS stage, p.cell AS cell, p.seed AS seed, p.strategy AS strategy, p.arm AS arm, p.axes AS axes,
  measurement.measure AS measure, measured_value.key AS key, measured_value.value AS value, measured_value.position AS position
FROM placed_cell AS p JOIN measurement ON measurement.cell = p.cell_id
JOIN measured_value ON measured_value.measurement = measurement.id
WHERE p.current AND measurement.failure IS NULL;

CREATE VIEW measure_states AS
SELECT p.study AS study, p.stage AS stage, p.cell AS cell, p.seed AS seed, p.strategy AS strategy, p.arm AS arm, p.axes AS axes,
  measurement.measure AS measure, iif(measurement.failure IS NULL, 'done', 'failed') AS state, measurement.failure AS kind,
  measurement.error AS error, measurement.hint AS hint, measurement.seconds AS seconds,
  datetime(measurement.time, 'unixepoch') AS time
FROM placed_cell AS p JOIN measurement ON measurement.cell = p.cell_id WHERE p.current;
)sql";

}  // namespace

void add_measure_versions(Database& database) {
  database.execute(R"sql(
ALTER TABLE measurement ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE measurement ADD COLUMN attempt INTEGER;
UPDATE measurement SET attempt = (SELECT max(run.attempt) FROM run WHERE run.cell = measurement.cell
  AND run.state = 'done' AND run.finished <= measurement.time);
)sql");
}

std::string measure_tables() { return kTables; }
std::string measure_views() { return kViews; }

std::unordered_map<std::string, std::map<std::string, MeasureStatus>> measure_statuses(Database& database) {
  std::unordered_map<std::string, std::map<std::string, MeasureStatus>> result;
  Statement& all = database.prepared(
      "SELECT cell.identity, measure, failure, error, version, coalesce(attempt = newest.number, 0) FROM measurement "
      "JOIN cell ON cell.id = measurement.cell LEFT JOIN (SELECT cell, max(attempt) AS number FROM run "
      "WHERE state = 'done' GROUP BY cell) AS newest ON newest.cell = measurement.cell");
  all.bind();
  while (all.step()) {
    MeasureStatus& status = result[all.text(0)][all.text(1)];
    status.failure = failure_kind(all.text(2));
    status.error = all.text(3);
    status.version = int(all.integer(4));
    status.of_run = all.integer(5) != 0;
  }
  return result;
}

std::optional<Error> take_measures(Database& database, std::int64_t cell, const std::filesystem::path& events) {
  std::ifstream file(events, std::ios::binary);
  int number = 0;
  for (std::string line; std::getline(file, line) && !file.eof();) try {
      ++number;
      take_line(database, cell, line);
    } catch (const Json::exception&) {
      return Error(ErrorKind::Store, fmt::format("event file {}, line {} is no event", events.string(), number),
                   "what came before it was taken in; the next run takes the other measures again");
    }
  return std::nullopt;
}

void put_failed_measure(Database& database, std::int64_t cell, const FailedMeasure& failed) {
  static const std::string sql = fmt::format(
      "SELECT 1 FROM measurement WHERE cell = ?1 AND measure = ?2 AND failure IS NULL AND version = ?3 AND attempt = "
      "{}",
      kNewestRun);
  Statement& known = database.prepared(sql);
  const bool taken = known.bind(cell, failed.measure, failed.version).step();
  known.reset();
  if (!taken) enter(database, cell, failed, to_string(failed.kind));
}

}  // namespace cambium
