#pragma once

#include <map>
#include <memory>
#include <string>

#include "cambium/image.h"
#include "engine/taps/tap_files.h"
#include "engine/train/body.h"
#include "engine/train/events.h"
#include "engine/train/trainer.h"
#include "plugins/registry.h"
#include "protocol/measures.h"
#include "protocol/messages.h"
#include "worker/datasets.h"

namespace cambium {

/// Does the jobs of cells, and tells how each ended in its event file. Throws where not the cell is at fault but the
/// machine, or where the job was planned with something else than there is.
class Jobs {
 public:
  Jobs(const PluginRegistry& registry, Datasets& datasets, double checkpoint_seconds)
      : registry_(registry), datasets_(datasets), checkpoint_seconds_(checkpoint_seconds) {}

  Json train(TrainJob job);
  Json train(const HeadsJob& job);
  Json measure(const MeasureJob& job);

 private:
  void check(const Pins& pins) const;
  std::shared_ptr<const Dataset> open_pinned(const Component& data, const std::string& root, const Pins& pins);
  std::unique_ptr<Backbone> make_pinned(const Component& backbone, const ImageShape& shape, const std::string& root,
                                        const Pins& pins) const;
  std::shared_ptr<Body> body_of(const TrainJob& job, const Dataset& dataset);
  template <class Job>
  std::map<std::string, std::string> hashes_of(const Job& job) const;
  template <class Job>
  void excuse(const Job& job) const;
  template <class Job, class Work>
  Json told(const Job& job, EventFile& events, const Stopwatch& watch, Work work);

  const PluginRegistry& registry_;
  Datasets& datasets_;
  double checkpoint_seconds_;
  TapFiles taps_;
  std::shared_ptr<Body> body_;  ///< of the job before; frozen bodies are used again
  std::string body_key_;
};

}  // namespace cambium
