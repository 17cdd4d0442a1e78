#include "store/recover.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <regex>
#include <string>
#include <unordered_set>
#include <vector>

#include "store/ingest.h"
#include "store/place.h"
#include "store/stopped.h"
#include "store/transaction.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

std::string key(const std::string& digits, std::int64_t attempt) { return fmt::format("{}-{}", digits, attempt); }

/// Enters attempts that there are event files of and no rows: a power cut may take the last rows, and not the files.
void enter_unknown(Database& database, const fs::path& folder, double time) {
  static const std::regex kName("([0-9a-f]{16})-([0-9]{1,9})[.]jsonl");
  std::map<std::pair<std::string, std::int64_t>, std::string> told;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / "events", none)) {
    const std::string name = entry.path().filename().string();
    if (std::smatch parts; std::regex_match(name, parts, kName))
      told.emplace(std::pair(parts[1], std::stoll(parts[2])), name);
  }
  std::unordered_set<std::string> known;
  Statement& runs =
      database.prepared("SELECT substr(cell.identity, 1, 16), run.attempt FROM run JOIN cell ON cell.id = run.cell");
  runs.bind();
  while (runs.step()) known.insert(key(runs.text(0), runs.integer(1)));
  Statement& enter = database.prepared(
      "INSERT INTO run (cell, attempt, state, started) "
      "SELECT id, ?3, 'running', ?4 FROM cell WHERE identity >= ?1 AND identity < ?2 LIMIT 1");
  for (const auto& [file, name] : told)
    if (known.count(key(file.first, file.second)) == 0) enter.run(file.first, file.first + "g", file.second, time);
}

}  // namespace

void recover(Database& database, double time) {
  struct Left {
    std::int64_t run, attempt;
    std::string identity;
  };
  const fs::path folder = files_folder(database);
  Transaction transaction(database);
  enter_unknown(database, folder, time);
  std::vector<Left> left;
  Statement& running = database.prepared(
      "SELECT run.id, run.attempt, cell.identity FROM run JOIN cell ON cell.id = run.cell WHERE run.state = 'running'");
  running.bind();
  while (running.step()) left.push_back({running.integer(0), running.integer(1), running.text(2)});
  Statement& end = database.prepared("UPDATE run SET state = 'interrupted', error = coalesce(?2, " +
                                     interrupted_words("run") + "), finished = ?3 WHERE id = ?1 AND state = 'running'");
  for (const Left& one : left) {
    std::optional<Error> problem;
    take_events(database, one.run, event_file(folder, one.identity, one.attempt), problem);
    // A torn event file must not keep everything else from going on; the run says so.
    end.run(one.run, problem ? std::optional<std::string_view>(problem->message()) : std::nullopt, time);
  }
  transaction.commit();
}

}  // namespace cambium
