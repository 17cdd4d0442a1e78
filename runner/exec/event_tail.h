#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "store/store.h"

namespace cambium {

/// Follows a running attempt's event file: for progress, and for what those that start from it need. The store ingests
/// the file on its own.
class EventTail {
 public:
  EventTail() = default;
  explicit EventTail(std::filesystem::path path) : path_(std::move(path)) {}

  /// Reads what came since; `epoch` is told of each epoch.
  void follow(const std::function<void(std::int64_t epoch, double train_loss)>& epoch);

  enum class End { None, Finished, Failed };
  End end() const { return end_; }
  const std::string& error() const { return error_; }                ///< of a failure
  const std::string& note() const { return note_; }                  ///< of how it began, or of what went otherwise
  const std::string& kind() const { return kind_; }                  ///< of a failure
  std::int64_t epoch() const { return epoch_; }                      ///< the last one told
  const std::vector<Artifact>& weights() const { return weights_; }  ///< of a finished attempt

 private:
  void take(const std::string& line, const std::function<void(std::int64_t, double)>& epoch);

  std::filesystem::path path_;
  std::uintmax_t offset_ = 0;
  End end_ = End::None;
  std::string error_, kind_, note_;
  std::int64_t epoch_ = 0;
  std::vector<Artifact> weights_;
};

}  // namespace cambium
