#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/train/checkpoint.h"

namespace cambium {

/// What bits depend on: a run goes on only with the same. `network`: the fingerprint of the file that the network was
/// read from, if it was; `plugins`: SHA-256 of the libraries by the plugins' names.
MadeWith made_with(int threads, const std::string& network, const std::map<std::string, std::string>& plugins);

/// What bits of taps depend on beside images and tensors: no strategy changes them, nor do threads. `plugins` may hold
/// others' libraries.
template <class Job>
std::string taps_made_with(const Job& job, const std::string& network,
                           const std::map<std::string, std::string>& plugins) {
  std::map<std::string, std::string> own;
  for (const std::string& name : {job.backbone.plugin, job.data.plugin})
    if (const auto found = plugins.find(name); found != plugins.end()) own.insert(*found);
  return nlohmann::json{{"made with", made_with(1, network, own)},
                        {"backbone", job.backbone},
                        {"precision", job.train_settings.string("precision")}}
      .dump();
}

}  // namespace cambium
