#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.h"

namespace cambium {

/// One line of an event file, as docs/architecture.md describes it.
struct Event {
  enum class Type { Started, Epoch, Finished, Failed };

  std::int64_t seq = 0;
  Type type = Type::Started;
  double time = 0;
  std::optional<double> seconds;
  std::int64_t epoch = 0;                               ///< Epoch
  std::vector<std::pair<std::string, double>> metrics;  ///< Epoch, Finished
  std::vector<Artifact> weights;                        ///< Finished
  std::string kind, message, hint;                      ///< Failed
  std::int64_t resumed_epoch = 0;                       ///< Started, and what follows
  std::optional<std::int64_t> trainable, total, train_images;
  std::string selection;
  std::string note;        ///< what is to be known of how it began
  std::string provenance;  ///< a JSON object
};

/// Throws std::runtime_error saying what is wrong with the line.
Event parse_event(std::string_view line);

}  // namespace cambium
