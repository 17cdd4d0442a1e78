#include "store/query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "cambium/schema.h"

namespace cambium {
namespace {

/// Pragmas that only tell something, whatever their argument.
constexpr std::array<std::string_view, 9> kTellingPragmas = {"table_info",       "table_xinfo",   "table_list",
                                                             "index_list",       "index_info",    "index_xinfo",
                                                             "foreign_key_list", "database_list", "function_list"};
/// Pragmas that tell something when they have no argument.
constexpr std::array<std::string_view, 5> kPlainPragmas = {"user_version", "application_id", "schema_version",
                                                           "page_count", "page_size"};

constexpr const char* kWayOut = "write one SELECT statement";

Error refusal(const std::string& what, std::string hint) {
  return {ErrorKind::Store, "query: " + what, std::move(hint)};
}

/// Lets SQLite prepare what reads, and remembers what else it was asked for.
class ReadOnly {
 public:
  explicit ReadOnly(Database& database) : database_(database) {
    sqlite3_set_authorizer(
        database_.handle(),
        [](void* self, int action, const char* first, const char* second, const char*, const char*) {
          return static_cast<ReadOnly*>(self)->judge(action, first == nullptr ? "" : first, second);
        },
        this);
  }
  ~ReadOnly() { lift(); }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;

  void lift() const { sqlite3_set_authorizer(database_.handle(), nullptr, nullptr); }
  /// "ATTACH", "the pragma journal_mode"; empty if nothing was refused.
  const std::string& refused() const { return refused_; }

 private:
  int judge(int action, const std::string& first, const char* second) {
    const auto among = [&](const auto& names) { return std::find(names.begin(), names.end(), first) != names.end(); };
    switch (action) {
      case SQLITE_SELECT:
      case SQLITE_READ:
      case SQLITE_RECURSIVE:
        return SQLITE_OK;
      case SQLITE_FUNCTION:
        if (second == nullptr || std::string_view(second) != "load_extension") return SQLITE_OK;
        refused_ = "load_extension";
        return SQLITE_DENY;
      case SQLITE_PRAGMA:
        if (among(kTellingPragmas) || (second == nullptr && among(kPlainPragmas))) return SQLITE_OK;
        refused_ = "the pragma " + first;
        return SQLITE_DENY;
      case SQLITE_ATTACH:
        refused_ = "ATTACH";
        return SQLITE_DENY;
      case SQLITE_TRANSACTION:
      case SQLITE_SAVEPOINT:
        refused_ = "a transaction";
        return SQLITE_DENY;
      case SQLITE_UPDATE:
        // What SQLite asks when it first uses a table-valued function; a real one would not be a read-only statement.
        if (first == "sqlite_master") return SQLITE_OK;
        [[fallthrough]];
      default:
        refused_ = "a statement that writes";
        return SQLITE_DENY;
    }
  }

  Database& database_;
  std::string refused_;
};

/// Ends what a connection is at after some time.
class Alarm {
 public:
  Alarm(Database& database, double seconds)
      : database_(database),
        end_(Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))) {
    constexpr int kSteps = 100'000;  // of SQLite's machine, a millisecond or less
    if (seconds > 0)
      sqlite3_progress_handler(
          database.handle(), kSteps, [](void* self) { return int(Clock::now() > static_cast<Alarm*>(self)->end_); },
          this);
  }
  ~Alarm() { sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  Database& database_;
  Clock::time_point end_;
};

std::vector<std::string> names(Database& database, const char* sql) {
  Statement statement(database, sql);
  std::vector<std::string> result;
  while (statement.step()) result.push_back(statement.text(0));
  return result;
}

/// What follows `start` in SQLite's message, without what qualifies it: "acc" of "no such column: runs.acc".
std::optional<std::string> named(const std::string& message, std::string_view start) {
  if (message.rfind(start, 0) != 0) return std::nullopt;
  const std::string name = message.substr(start.size());
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

/// What to do about `message`, given what there is in the database.
std::string advice(Database& database, const std::string& message) {
  // Public views have plural names.
  const char* views =
      "SELECT name FROM sqlite_schema WHERE type = 'view' AND name NOT LIKE '%\\_%' ESCAPE '\\' ORDER BY name";
  if (const auto table = named(message, "no such table: ")) {
    const auto near = suggestion(
        *table,
        names(database, "SELECT name FROM sqlite_schema WHERE type IN ('view', 'table') ORDER BY type DESC, name"));
    const std::string all = fmt::format("the views are {}", fmt::join(names(database, views), ", "));
    return near ? fmt::format("did you mean \"{}\"? {}", *near, all) : all;
  }
  if (const auto column = named(message, "no such column: ")) {
    const auto near =
        suggestion(*column, names(database,
                                  "SELECT DISTINCT c.name FROM sqlite_schema AS s JOIN pragma_table_info(s.name) AS c "
                                  "WHERE s.type IN ('view', 'table') ORDER BY s.type DESC"));
    return near ? fmt::format("did you mean \"{}\"?", *near) : "docs/database.md lists the columns of each view";
  }
  return "docs/database.md shows the views and some queries";
}

/// `error` in the words of whoever wrote the query. To be called while SQLite still knows what it complained about.
Error explain(Database& database, const ReadOnly& guard, const QueryLimits& limits, const Error& error) {
  if (!guard.refused().empty()) return refusal(guard.refused() + " is refused: a query only reads", kWayOut);
  if (sqlite3_errcode(database.handle()) == SQLITE_INTERRUPT)
    return refusal(fmt::format("it was ended after {:.6g} s, the limit", limits.seconds),
                   "--time-limit DURATION lets it take longer");
  if (sqlite3_errcode(database.handle()) != SQLITE_ERROR) return error;
  const std::string message = sqlite3_errmsg(database.handle());
  guard.lift();  // to look for names
  return refusal(message, advice(database, message));
}

}  // namespace

Table run_query(Database& database, const std::string& sql, std::span<const Field> parameters) {
  Table table;
  stream_query(database, sql, parameters, {},
               {[&](std::vector<std::string> columns) { table.columns = std::move(columns); },
                [&](std::vector<Field> row) { table.rows.push_back(std::move(row)); }});
  return table;
}

void stream_query(Database& database, const std::string& sql, std::span<const Field> parameters,
                  const QueryLimits& limits, const RowSink& sink) {
  const ReadOnly guard(database);
  std::optional<Statement> statement;
  const auto explained = [&](auto&& action) {
    try {
      return action();
    } catch (const Error& error) {
      throw explain(database, guard, limits, error);
    }
  };

  std::string_view rest;
  explained([&] { statement.emplace(database, sql, &rest); });
  if (statement->is_empty()) throw refusal("there is no statement in it", kWayOut);
  if (!statement->is_read_only()) throw refusal("a statement that writes is refused: a query only reads", kWayOut);
  while (!rest.empty()) {
    std::optional<Statement> second;
    explained([&] { second.emplace(database, rest, &rest); });
    if (!second->is_empty()) throw refusal("it holds a second statement", "run them one at a time");
  }
  if (statement->parameters() != static_cast<int>(parameters.size())) {
    throw refusal(
        fmt::format("it has {} parameters, and {} values were given", statement->parameters(), parameters.size()),
        "give one value a question mark");
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) statement->put_field(static_cast<int>(i) + 1, parameters[i]);

  std::vector<std::string> columns;
  for (int i = 0; i < statement->columns(); ++i) columns.push_back(statement->column_name(i));
  sink.begin(std::move(columns));
  const Alarm alarm(database, limits.seconds);
  for (std::int64_t count = 0; explained([&] { return statement->step(); }); ++count) {
    if (limits.rows > 0 && count == limits.rows)
      throw refusal(fmt::format("it was ended after {} rows, the limit", count),
                    "--limit N lets it give more, --limit 0 any number");
    std::vector<Field> row;
    row.reserve(static_cast<std::size_t>(statement->columns()));
    for (int i = 0; i < statement->columns(); ++i) row.push_back(statement->field(i));
    sink.row(std::move(row));
  }
}

}  // namespace cambium
