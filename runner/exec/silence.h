#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace cambium {

/// Notices a worker that hangs: one that uses no processor time and tells nothing, or that is at one epoch for much
/// longer than at those before.
class Silence {
 public:
  using Clock = std::chrono::steady_clock;

  Silence() = default;
  /// A job begins. `patience`: seconds without a sign of life until that is told.
  Silence(pid_t worker, double patience);

  /// `heard`: any number that changes with what the worker tells. What there is to say, once for each silence; to be
  /// called every now and then.
  std::optional<std::string> look(std::uintmax_t heard);

 private:
  pid_t worker_ = -1;
  double patience_ = 0;
  Clock::time_point looked_, active_, heard_at_;
  double processor_ = 0;  ///< seconds used, when last looked
  double longest_ = 0;    ///< seconds between two things heard
  std::uintmax_t heard_ = 0;
  bool told_idle_ = false, told_long_ = false;
};

}  // namespace cambium
