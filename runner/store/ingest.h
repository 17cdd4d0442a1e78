#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/database.h"
#include "store/event.h"

namespace cambium {

/// Takes an event file into one run. Made anew for each pass, inside a transaction.
class Ingest {
 public:
  /// `next_seq`: the first event that the run has not had.
  Ingest(Database& database, std::int64_t run, std::int64_t next_seq);

  /// Takes the whole lines of `file` from byte `offset` on and returns the offset of what is left. What is wrong with a
  /// line is kept for problem(); the lines after it are taken in all the same.
  std::int64_t take(const std::filesystem::path& file, std::int64_t offset);
  /// Writes the points, metric by metric, their summaries, and where this
  /// ended. To be called once, after take().
  void finish(std::int64_t offset);

  /// The first thing that was wrong: where, and what.
  const std::optional<Error>& problem() const { return problem_; }

 private:
  /// What is known of one metric of this run.
  struct Series {
    std::int64_t metric = 0;
    std::int64_t steps = 0, last_step = 0;
    std::optional<double> last, minimum, maximum;
    bool rewritten = false;                               ///< a step was given again: count it anew
    std::vector<std::pair<std::int64_t, double>> points;  ///< step and value, not written yet
  };

  void take_line(std::string_view line, const std::filesystem::path& file, std::int64_t offset);
  void apply(const Event& event);
  void apply_started(const Event& event);
  void apply_end(const Event& event);
  void add_points(const Event& event);
  void write(const Series& series);
  Series& series(const std::string& name);
  void recount(const Series& series);

  Database& database_;
  std::int64_t run_;
  std::int64_t next_seq_;
  std::int64_t line_seq_;       ///< what the next line should be
  std::int64_t bad_lines_ = 0;  ///< since the last good one: each may have been an event
  std::int64_t epochs_ = 0;
  std::optional<double> seconds_;
  std::unordered_map<std::string, Series> series_;
  std::optional<Error> problem_;
};

/// Takes in what is new of an attempt's event file; `problem` is the first thing that was wrong with it. True once the
/// end was told.
bool take_events(Database& database, std::int64_t run, const std::filesystem::path& events,
                 std::optional<Error>& problem);

}  // namespace cambium
