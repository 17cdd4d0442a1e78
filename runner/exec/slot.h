#pragma once

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

/// A worker, and the attempt that it is at, or the measures of a cell.
struct Slot {
  std::unique_ptr<WorkerProcess> worker;
  bool starting = false;  ///< it has not said hello yet
  bool given_up = false;  ///< it could not be started while others could
  bool busy = false, measuring = false;

  std::size_t cell = 0;
  std::int64_t attempt = 0;
  std::filesystem::path events;
  EventTail tail;
  std::uintmax_t log_position = 0;
  std::int64_t memory_kills = 0;  ///< when the job began
  std::chrono::steady_clock::time_point begun{};
  Silence silence;

  /// Starts a worker and greets it. What stands in the way is no fault of a cell.
  std::optional<Error> start(WorkerProcess::Options options);
  /// Looks for its answer; from then on it is no longer starting.
  std::optional<Error> greet();
  /// To be called before a job is sent.
  void prepare(double patience);
  double seconds() const;  ///< that the job has taken so far

  /// What it is at: "epoch 3", "its measures".
  std::string stage() const { return measuring ? "its measures" : "epoch " + std::to_string(tail.epoch() + 1); }
  /// Another number whenever it has told something.
  std::uintmax_t heard() const;
  /// The job alone, to be put on record while the worker goes on.
  Slot past() const;
};

/// Asks those that are at work to end, which they do after writing their checkpoints, and kills those that do not.
void end_workers(std::vector<Slot>& slots);

}  // namespace cambium
