#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

#include "engine/train/checkpoint.h"

namespace cambium {

/// Writes a run's checkpoints, but not more often than every `seconds`: between two, the newest waits in memory. It is
/// written when its time has come, when the run ends early, and by SIGTERM.
class CheckpointKeeper {
 public:
  CheckpointKeeper(std::filesystem::path path, double seconds);
  ~CheckpointKeeper();
  CheckpointKeeper(const CheckpointKeeper&) = delete;
  CheckpointKeeper& operator=(const CheckpointKeeper&) = delete;

  /// Its tensors are copied if it has to wait, for training goes on with them.
  void keep(Checkpoint checkpoint, const MadeWith& made_with);
  /// The run is done: what waits is forgotten, and what was written removed.
  void remove();

  /// Writes what waits.
  void write_waiting();

 private:
  using Clock = std::chrono::steady_clock;

  std::filesystem::path path_;
  double seconds_;
  Clock::time_point written_ = Clock::now();
  std::optional<Checkpoint> waiting_;
  MadeWith made_with_;
};

/// From now on SIGTERM ends the process as ever, but that checkpoints that wait are written first. To be called before
/// any thread is begun.
void write_checkpoints_on_sigterm();

}  // namespace cambium
