#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cambium/strategy.h"

namespace cambium {

/// Everything that a run needs to go on after an epoch. Random streams need no saving: each is a function of seed, name
/// and epoch.
struct Checkpoint {
  std::string cell;
  std::int64_t epoch = 0;            ///< epochs that are done
  double seconds = 0;                ///< spent on them
  TensorMap model, best, optimizer;  ///< best: the model at its best on validation data, if any yet
  std::int64_t best_epoch = 0;
  double best_accuracy = -1;
  std::vector<std::string> history;  ///< the epoch events so far, as JSON objects
};

/// What numbers depend on beside the cell, by name: {"threads": "1", "CPU": "...", "plugin cnn7": "SHA-256", ...}.
using MadeWith = std::map<std::string, std::string>;

/// With a hash of all of it, so that damage does not go unnoticed.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint, const MadeWith& made_with);

/// Nothing where there is none, where it is damaged, or where what it was made with is another, so that it would not
/// come out the same; `note` then says why.
std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path, const std::string& cell,
                                          const MadeWith& made_with, std::string& note);

/// Whether the checkpoint's tensors are those of a model whose state is `model`: they are not if a plugin was changed
/// and its version not.
bool fits(const Checkpoint& checkpoint, const TensorMap& model);

}  // namespace cambium
