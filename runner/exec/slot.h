#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cambium/error.h"
#include "exec/event_tail.h"
#include "exec/silence.h"
#include "exec/worker_process.h"

namespace cambium {

/// An attempt at a cell, or the measures of one: a member of a job.
struct Member {
  std::size_t cell = 0;
  std::int64_t attempt = 0;
  std::filesystem::path events;
  EventTail tail;
  bool begun = false;      ///< the database knows of the attempt
  bool concluded = false;  ///< and of its end

  bool ended() const { return tail.end() != EventTail::End::None; }
};

/// A worker, and the job that it is at: members one after another.
struct Slot {
  std::unique_ptr<WorkerProcess> worker;
  bool starting = false;  ///< it has not said hello yet
  bool given_up = false;  ///< it could not be started while others could
  bool busy = false, measuring = false;

  std::vector<Member> members;
  std::size_t at = 0;  ///< the first member that has not ended
  std::uintmax_t log_position = 0;
  std::int64_t memory_kills = 0;  ///< when the job began, or a moment before
  std::chrono::steady_clock::time_point looked_at_kills{};
  std::chrono::steady_clock::time_point begun{}, member_begun{};  ///< the job, and the member at work
  Silence silence;

  /// Starts a worker and greets it. What stands in the way is no fault of a cell.
  std::optional<Error> start(WorkerProcess::Options options);
  /// Looks for its answer; from then on it is no longer starting.
  std::optional<Error> greet();
  /// To be called before a job is sent.
  void prepare(double patience);
  /// Ends the worker at once.
  void kill_worker();

  /// The member that the worker is at: the first that has not ended, or the last one.
  Member& member() { return members[std::min(at, members.size() - 1)]; }
  const Member& member() const { return members[std::min(at, members.size() - 1)]; }
  /// To be called once event files were looked at: goes on to the first member that has not ended.
  void advance();
  double seconds() const;      ///< that the member at work has taken so far
  double job_seconds() const;  ///< that the job has

  /// What it is at: "epoch 3", "its measures".
  std::string stage() const;
  /// Another number whenever it has told something.
  std::uintmax_t heard() const;
};

/// Asks those that are at work to end, which they do after writing their checkpoints, and kills those that do not.
void end_workers(std::vector<Slot>& slots);

}  // namespace cambium
