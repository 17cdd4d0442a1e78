#include "store/store.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "store/database.h"
#include "store/ingest.h"
#include "store/measures.h"
#include "store/open.h"
#include "store/put_study.h"
#include "store/query.h"
#include "store/recover.h"
#include "store/stopped.h"
#include "store/transaction.h"

namespace cambium {
namespace {

constexpr std::array kStates = {RunState::Running, RunState::Done, RunState::Failed, RunState::Interrupted,
                                RunState::Skipped};
constexpr std::array kFailures = {FailureKind::None,      FailureKind::Study,    FailureKind::Data,
                                  FailureKind::Plugin,    FailureKind::Machine,  FailureKind::Memory,
                                  FailureKind::TimeLimit, FailureKind::Diverged, FailureKind::Error};

template <class Enum, std::size_t N>
Enum named(const std::array<Enum, N>& values, std::string_view name) {
  for (const Enum value : values) {
    if (name == to_string(value)) return value;
  }
  return values[0];
}

std::optional<std::string_view> if_any(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

}  // namespace

const char* to_string(RunState state) {
  switch (state) {
    case RunState::Running:
      return "running";
    case RunState::Done:
      return "done";
    case RunState::Failed:
      return "failed";
    case RunState::Interrupted:
      return "interrupted";
    case RunState::Skipped:
      return "skipped";
  }
  return "";
}

const char* to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::None:
      return "none";
    case FailureKind::Study:
      return "study";
    case FailureKind::Data:
      return "data";
    case FailureKind::Plugin:
      return "plugin";
    case FailureKind::Machine:
      return "machine";
    case FailureKind::Memory:
      return "memory";
    case FailureKind::TimeLimit:
      return "time";
    case FailureKind::Diverged:
      return "diverged";
    case FailureKind::Error:
      return "error";
  }
  return "";
}

FailureKind failure_kind(std::string_view name) { return named(kFailures, name); }

struct Store::Data {
  std::unique_ptr<Database> database;
  std::unique_ptr<Transaction> group;

  std::int64_t cell(const std::string& identity) const;
  std::int64_t run(const std::string& identity, std::int64_t attempt) const;
  std::string state(std::int64_t run) const;
};

std::int64_t Store::Data::cell(const std::string& identity) const {
  Statement& find = database->prepared("SELECT id FROM cell WHERE identity = ?");
  if (!find.bind(identity).step()) {
    throw Error(ErrorKind::Store, fmt::format("database {}: there is no cell {}", database->path().string(), identity),
                "enter the study it belongs to first");
  }
  const std::int64_t id = find.integer(0);
  find.reset();
  return id;
}

std::int64_t Store::Data::run(const std::string& identity, std::int64_t attempt) const {
  Statement& find = database->prepared(
      "SELECT run.id FROM cell JOIN run ON run.cell = cell.id WHERE cell.identity = ? AND run.attempt = ?");
  if (!find.bind(identity, attempt).step()) {
    throw Error(
        ErrorKind::Store,
        fmt::format("database {}: there is no attempt {} at cell {}", database->path().string(), attempt, identity),
        "begin it first");
  }
  const std::int64_t id = find.integer(0);
  find.reset();
  return id;
}

std::string Store::Data::state(std::int64_t run) const {
  Statement& find = database->prepared("SELECT state FROM run WHERE id = ?");
  find.bind(run).step();
  std::string state = find.text(0);
  find.reset();
  return state;
}

Store::Store(std::filesystem::path path, Mode mode) : data_(std::make_unique<Data>()) {
  path = database_file(path);
  if (mode == Mode::Read && is_older(path, layout())) {
    const StoreLock lock(path, "none; it is being brought up to date");
    open_to_write(path, layout());
  }
  data_->database = mode == Mode::Write ? open_to_write(path, layout()) : open_to_read(path, layout());
  if (mode == Mode::Read && has_running(*data_->database) && !is_locked(path)) show_as_interrupted(*data_->database);
}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;

const std::filesystem::path& Store::path() const { return data_->database->path(); }
std::filesystem::path Store::files() const { return files_folder(*data_->database); }

void Store::put_study(const StudyRecord& study) {
  Transaction transaction(*data_->database);
  cambium::put_study(*data_->database, study, now());
  transaction.commit();
}

std::optional<KnownStudy> Store::study(const std::string& name) const { return known_study(*data_->database, name); }

std::unordered_map<std::string, CellStatus> Store::statuses() const {
  // Whole tables in their own order, put together here: less than half the time of joins.
  Database& database = *data_->database;
  const Transaction snapshot(database, Transaction::Kind::Read);
  std::unordered_map<std::string, CellStatus> result;
  std::vector<CellStatus*> cells(
      static_cast<std::size_t>(database.integer("SELECT coalesce(max(id), 0) + 1 FROM cell")));
  result.reserve(cells.size());
  const auto of = [&](std::int64_t cell) -> CellStatus& { return *cells[static_cast<std::size_t>(cell)]; };
  Statement& identities = database.prepared("SELECT id, identity FROM cell");
  identities.bind();
  while (identities.step()) cells[static_cast<std::size_t>(identities.integer(0))] = &result[identities.text(1)];

  // The newest attempt stands for the cell, unless it was stopped and an earlier one is done: `at` is which does.
  std::vector<std::int64_t> at(cells.size());
  Statement& runs = database.prepared(
      "SELECT cell, attempt, state, failure, epochs, error, seconds, plugins FROM run ORDER BY cell, attempt");
  runs.bind();
  while (runs.step()) {
    CellStatus& status = of(runs.integer(0));
    status.attempts = runs.integer(1);
    const RunState state = named(kStates, runs.text(2));
    const FailureKind failure = failure_kind(runs.text(3));
    const bool stopped = state == RunState::Interrupted || is_machines(failure);
    if (stopped && status.state == RunState::Done) continue;
    if (is_machines(failure))
      status.machine_tries = runs.integer(4) > status.epochs ? 1 : status.machine_tries + 1;
    else if (state != RunState::Interrupted)
      status.machine_tries = 0;
    at[static_cast<std::size_t>(runs.integer(0))] = status.attempts;
    status.state = state;
    status.failure = failure;
    status.epochs = runs.integer(4);
    status.error = runs.text(5);
    status.seconds = runs.real(6);
    status.plugins = runs.text(7);
  }
  const std::filesystem::path folder = files();
  Statement& artifacts = database.prepared(
      "SELECT run.cell, run.attempt, artifact.kind, artifact.path, artifact.sha256, artifact.bytes "
      "FROM artifact JOIN run ON run.id = artifact.run WHERE run.state = 'done'");
  artifacts.bind();
  while (artifacts.step()) {
    if (artifacts.integer(1) != at[static_cast<std::size_t>(artifacts.integer(0))]) continue;
    of(artifacts.integer(0))
        .weights.push_back(
            {artifacts.text(2), full_path(artifacts.text(3), folder), artifacts.text(4), artifacts.integer(5)});
  }
  Statement& skips = database.prepared("SELECT cell, reason FROM skip");
  skips.bind();
  while (skips.step()) {
    CellStatus& status = of(skips.integer(0));
    status.state = RunState::Skipped;
    status.failure = FailureKind::None;
    status.error = skips.text(1);
  }
  return result;
}

void Store::recover() { cambium::recover(*data_->database, now()); }

std::int64_t Store::next_attempt(const std::string& identity) const {
  Statement& count = data_->database->prepared("SELECT coalesce(max(attempt), 0) + 1 FROM run WHERE cell = ?");
  count.bind(data_->cell(identity)).step();
  std::int64_t attempt = count.integer(0);
  count.reset();
  // An event file is never written over; whose this is will come out when it can be read.
  const std::filesystem::path folder = files();
  while (std::filesystem::exists(event_file(folder, identity, attempt))) ++attempt;
  return attempt;
}

void Store::begin_run(const std::string& identity, std::int64_t attempt, const std::string& plugins) {
  Database& database = *data_->database;
  Transaction transaction(database);
  const std::int64_t cell = data_->cell(identity);
  database.prepared("INSERT INTO run (cell, attempt, state, started, plugins) VALUES (?, ?, 'running', ?, ?)")
      .run(cell, attempt, now(), plugins);
  database.prepared("DELETE FROM skip WHERE cell = ?").run(cell);
  transaction.commit();
}

std::int64_t Store::begin_run(const std::string& identity, const std::string& plugins) {
  Transaction transaction(*data_->database);
  const std::int64_t attempt = next_attempt(identity);
  begin_run(identity, attempt, plugins);
  transaction.commit();
  return attempt;
}

bool Store::ingest(const std::string& identity, std::int64_t attempt, const std::filesystem::path& events) {
  std::optional<Error> problem;
  const bool ended = take_events(*data_->database, data_->run(identity, attempt), events, problem);
  if (problem) throw Error(*problem);
  return ended;
}

void Store::end_run(const std::string& identity, std::int64_t attempt, RunState state, FailureKind kind,
                    const std::string& error, const std::string& log) {
  const std::optional<std::string_view> failure =
      kind == FailureKind::None ? std::nullopt : std::optional<std::string_view>(to_string(kind));
  // Where the event file told the end, that stands, and only the log is new.
  data_->database
      ->prepared(
          "UPDATE run SET log = coalesce(?6, log), state = iif(told_end, state, ?2), failure = iif(told_end, failure, "
          "?3), "
          "error = iif(told_end, error, ?4), finished = iif(told_end, finished, ?5), "
          "seconds = iif(told_end, seconds, coalesce(seconds, ?5 - started)) WHERE id = ?1")
      .run(data_->run(identity, attempt), to_string(state), failure, if_any(error), now(), if_any(log));
}

void Store::forget_weights(const std::vector<std::filesystem::path>& weights) {
  Transaction transaction(*data_->database);
  Statement& forget = data_->database->prepared("DELETE FROM artifact WHERE path = ?");
  for (const auto& path : weights) forget.run(stored_path(path.string(), files()));
  transaction.commit();
}

void Store::skip(const std::string& identity, const std::string& reason) {
  data_->database
      ->prepared(
          "INSERT INTO skip SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM run WHERE cell = ?1 AND state = 'done') "
          "ON CONFLICT DO UPDATE SET reason = excluded.reason, time = excluded.time")
      .run(data_->cell(identity), reason, now());
}

std::unordered_map<std::string, std::map<std::string, MeasureStatus>> Store::measures() const {
  return measure_statuses(*data_->database);
}

void Store::ingest_measures(const std::string& identity, const std::filesystem::path& events) {
  Transaction transaction(*data_->database);
  const auto problem = take_measures(*data_->database, data_->cell(identity), events);
  transaction.commit();
  if (problem) throw Error(*problem);
}

void Store::fail_measure(const std::string& identity, const std::string& measure, int version, FailureKind kind,
                         const std::string& error, const std::string& hint) {
  Transaction transaction(*data_->database);
  put_failed_measure(*data_->database, data_->cell(identity), {measure, kind, error, hint, now(), 0, version});
  transaction.commit();
}

Table Store::query(const std::string& sql, std::span<const Field> parameters) const {
  return run_query(*data_->database, sql, parameters);
}

void Store::query(const std::string& sql, const QueryLimits& limits,
                  const std::function<void(std::vector<std::string>)>& begin,
                  const std::function<void(std::vector<Field>)>& row, std::span<const Field> parameters) const {
  stream_query(*data_->database, sql, parameters, limits, {begin, row});
}

void Store::begin() {
  if (data_->group) throw std::logic_error("Store::begin: a group is open already");
  data_->group = std::make_unique<Transaction>(*data_->database);
}

void Store::commit() {
  if (!data_->group) throw std::logic_error("Store::commit: no group was begun");
  const std::unique_ptr<Transaction> group = std::move(data_->group);
  group->commit();
}

}  // namespace cambium
