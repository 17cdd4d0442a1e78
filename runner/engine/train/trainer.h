#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "cambium/backbone.h"
#include "cambium/dataset.h"
#include "cambium/strategy.h"
#include "engine/train/body.h"
#include "engine/train/events.h"
#include "protocol/messages.h"

namespace cambium {

/// What a job's plugins came to.
struct Ingredients {
  std::shared_ptr<Body> body;  ///< with a head for the data's classes; others may have trained theirs on it before
  std::shared_ptr<const Dataset> dataset;
  std::shared_ptr<const Dataset> source_dataset;  ///< where the plan mixes it in
  std::unique_ptr<Strategy> strategy;
  double checkpoint_seconds = 0;                     ///< between two checkpoints, at least
  std::map<std::string, std::string> plugin_hashes;  ///< SHA-256 of the plugins' libraries, for the record
  TapFiles* taps = nullptr;
};

/// The time spent on a cell, over resumed attempts too.
class Stopwatch {
 public:
  void add(double seconds) { before_ += seconds; }
  double seconds() const {
    return before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double before_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Trains one cell and tells everything in its event file: what it started from, each epoch, and at the end the test,
/// which nothing read before. Goes on from a checkpoint if there is one. Throws what went wrong; the event file then
/// has the epochs so far. A frozen body is left as it was found.
void train(const TrainJob& job, Ingredients ingredients, EventFile& events, Stopwatch& watch);

}  // namespace cambium
