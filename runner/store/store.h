#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/place.h"
#include "store/table.h"

namespace cambium {

/// A cell as the database knows it.
struct CellRecord {
  std::string identity;  ///< 64 hex digits
  std::string group;     ///< identity without the seed, 64 hex digits
  std::int64_t seed = 0;
  std::string backbone, dataset, strategy;  ///< plugin names
  std::string config;                       ///< the whole canonical configuration, a JSON object
  std::string source;                       ///< identity of the cell it starts from, or empty
  std::int64_t trainable = 0, total = 0;    ///< parameters
};

/// A cell's place in a study.
struct EntryRecord {
  std::string identity;
  std::string stage;
  std::string arm;               ///< its arm's label: the name and the factors
  std::string axes;              ///< JSON object: the axes that the cell reads, with its values; without the replicates
  std::string name;              ///< its arm's name: what the study calls it, else its strategy
  std::string factors;           ///< JSON object: of the axes, those that the name does not tell
  std::string replicate = "{}";  ///< JSON object of the replicate axes: {"data.split": 0, "data.half": "A"}
  /// Of a stage that chooses: the axes less those chosen over, which the points to choose from share; and the factors
  /// less them. Empty elsewhere.
  std::string contest = "", common = "";
};

/// A stage of a study of whose arms one point is chosen each, by the best mean of `metric`.
struct ChoiceRecord {
  std::string stage, metric;
};

struct StudyRecord {
  std::string name, path;
  std::string text;  ///< every file of the study as read, and the --set options
  std::vector<CellRecord> cells;
  std::vector<EntryRecord> entries;  ///< in the study's order
  std::string warnings = "";         ///< what the rigour check said, a line each
  std::string baseline = "";         ///< name of the arm that the study compares the others with; empty: none named
  std::vector<ChoiceRecord> choices = {};
  bool keep_all = true;  ///< every network, or only those that others start from
};

/// What a study consists of as it is now.
struct KnownStudy {
  std::string path, text;          ///< of its newest revision
  std::vector<std::string> cells;  ///< identities, each once
};

/// "running" only while a coordinator is at it: what a dead one left is told as "interrupted", and made so by
/// recover().
enum class RunState { Running, Done, Failed, Interrupted, Skipped };
const char* to_string(RunState state);

/// Whose fault a failure was. What was the machine's (Machine, Memory) is tried again unasked.
enum class FailureKind {
  None,
  Study,      ///< what the study asks for cannot be
  Data,       ///< a data or weights file
  Plugin,     ///< a plugin, or Cambium itself: it threw, or took its worker down (SIGSEGV, SIGABRT, exit)
  Machine,    ///< its worker was killed from outside (SIGKILL, SIGTERM)
  Memory,     ///< there was not enough of it, or its worker was killed for it
  TimeLimit,  ///< it took longer than it was allowed to
  Diverged,   ///< its loss was no longer finite
  Error       ///< not known: of a database or an event file from before kinds
};
const char* to_string(FailureKind kind);
/// None for a text that names none.
FailureKind failure_kind(std::string_view name);
inline bool is_machines(FailureKind kind) { return kind == FailureKind::Machine || kind == FailureKind::Memory; }

struct Artifact {
  std::string kind;  ///< "last", "best"
  std::string path, sha256;
  std::int64_t bytes = 0;
};

/// What is known of one measure of a cell.
struct MeasureStatus {
  FailureKind failure = FailureKind::None;  ///< None: it is taken
  std::string error;
  int version = 1;     ///< of its mathematics
  bool of_run = true;  ///< of the cell's newest done run
};

/// What is known of a cell: of its newest attempt, unless that was stopped and an earlier one is done.
struct CellStatus {
  std::optional<RunState> state;
  FailureKind failure = FailureKind::None;
  std::int64_t attempts = 0;
  std::int64_t epochs = 0;         ///< last epoch logged
  std::int64_t machine_tries = 0;  ///< attempts in a row that failed for the machine's sake and came no further
  std::string plugins;             ///< of the newest attempt, as begin_run() was told
  std::string error;
  double seconds = 0;
  std::vector<Artifact> weights;  ///< of a done cell; paths are absolute
};

/// The one database. Only the coordinator writes; any SQLite tool may read. Every method throws Error{Store} with the
/// file's path and the way out.
class Store {
 public:
  enum class Mode { Write, Read };

  /// Write: makes the file and its folder if absent. Read: the file must be there. Either migrates an older one, after
  /// a backup beside it. A newer file, or another program's, is refused. `path` may be any name of the file, as
  /// database_file() takes it.
  Store(std::filesystem::path path, Mode mode);
  ~Store();
  Store(Store&&) noexcept;

  const std::filesystem::path& path() const;
  /// Folder of the files that belong to this database: "results/cambium.files" for "results/cambium.db"; absolute.
  std::filesystem::path files() const;

  /// Enters or replaces what a study consists of. Cells and runs of an earlier version stay.
  void put_study(const StudyRecord& study);

  /// What the database has under a study's name; nothing if it has none.
  std::optional<KnownStudy> study(const std::string& name) const;

  /// What is known of every cell, by identity.
  std::unordered_map<std::string, CellStatus> statuses() const;

  /// Turns "running" into "interrupted" for whatever a dead coordinator left, after ingesting the events that it had
  /// not; those of attempts that the database does not know of, as after a power cut, are taken in as well.
  void recover();

  /// Number of the next attempt at a cell, counted from 1.
  std::int64_t next_attempt(const std::string& identity) const;
  /// Begins an attempt at a cell. A skip of the cell is forgotten. `plugins`: which libraries it is made with; any text
  /// that another build of them changes.
  void begin_run(const std::string& identity, std::int64_t attempt, const std::string& plugins);
  /// Begins the next attempt and returns its number.
  std::int64_t begin_run(const std::string& identity, const std::string& plugins = "");
  /// Takes in what an event file holds beyond what was taken in before; a line cut short waits. Idempotent on
  /// (cell, attempt, sequence). True once the file told the run's end (finished or failed).
  bool ingest(const std::string& identity, std::int64_t attempt, const std::filesystem::path& events);
  /// Ends a run whose event file did not tell its end. `log` is the last that its worker printed.
  void end_run(const std::string& identity, std::int64_t attempt, RunState state, FailureKind kind,
               const std::string& error, const std::string& log);
  /// Forgets weights files that are there no more.
  void forget_weights(const std::vector<std::filesystem::path>& files);
  /// Notes that a cell could not be run because of `reason`.
  void skip(const std::string& identity, const std::string& reason);

  /// What is known of each measure of each cell, by identity and by measure.
  std::unordered_map<std::string, std::map<std::string, MeasureStatus>> measures() const;
  /// Takes in the whole lines of a measure job's event file. A measure that is told again replaces what was known of
  /// it, so this is idempotent. Throws for a line that is none; those before it are taken in.
  void ingest_measures(const std::string& identity, const std::filesystem::path& events);
  /// Notes that a measure, of a version of its mathematics, could not be taken, unless it is known of the newest run.
  void fail_measure(const std::string& identity, const std::string& measure, int version, FailureKind kind,
                    const std::string& error, const std::string& hint);

  /// Runs one read-only statement; anything that would write is refused.
  Table query(const std::string& sql, std::span<const Field> parameters = {}) const;

  /// The same, row by row: its columns' names to `begin`, and each row to `row`. What comes to a limit ends with an
  /// error that names it.
  void query(const std::string& sql, const QueryLimits& limits,
             const std::function<void(std::vector<std::string>)>& begin,
             const std::function<void(std::vector<Field>)>& row, std::span<const Field> parameters = {}) const;

  /// Groups the writes up to commit(), or undoes them: for many cells at once.
  void begin();
  void commit();

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

/// Holds `path`'s lock file while it lives, so that one database has one coordinator. Throws Error{Store} saying who
/// holds it: process, host, study, since when. A dead holder's lock is free.
class StoreLock {
 public:
  StoreLock(const std::filesystem::path& path, const std::string& study);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// Whether a coordinator is at `path`.
bool is_locked(const std::filesystem::path& path);

}  // namespace cambium
