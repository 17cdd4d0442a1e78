#include "exec/silence.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace cambium {
namespace {

constexpr double kIdleShare = 0.02;    ///< of one processor: less is no work
constexpr double kMuchLonger = 10;     ///< than the longest wait before
constexpr double kLongPatiences = 20;  ///< the least that counts as long, while the processor is used

constexpr double kHalted = 10;  ///< seconds between two looks

/// proc(5): the state of a process and the processor time that it has used.
struct ProcessState {
  char state = 0;
  double seconds = 0;
};

ProcessState state_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream words(line.substr(name_end + 1));
  ProcessState result;
  words >> result.state;
  std::string skipped;
  for (int i = 0; i < 10; ++i) words >> skipped;
  double user = 0, system = 0;
  words >> user >> system;
  result.seconds = (user + system) / double(std::max(1L, ::sysconf(_SC_CLK_TCK)));
  return result;
}

std::string said(char state) {
  switch (state) {
    case 'D':
      return "it waits for a disk or a network";
    case 'T':
    case 't':
      return "it is stopped: kill -CONT lets it go on";
    default:
      return "it waits for something";
  }
}

double between(Silence::Clock::time_point from, Silence::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string told(double seconds) {
  return seconds < 120 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} minutes", seconds / 60);
}

}  // namespace

Silence::Silence(pid_t worker, double patience)
    : worker_(worker),
      patience_(patience),
      looked_(Clock::now()),
      active_(looked_),
      heard_at_(looked_),
      processor_(state_of(worker).seconds) {}

std::optional<std::string> Silence::look(std::uintmax_t heard) {
  const auto now = Clock::now();
  if (heard != heard_) {
    if (heard_ != 0) longest_ = std::max(longest_, between(heard_at_, now));
    heard_ = heard;
    heard_at_ = active_ = now;
    told_idle_ = told_long_ = false;
  }
  if (patience_ <= 0 || between(looked_, now) < std::min(1.0, patience_ / 4)) return std::nullopt;
  if (between(looked_, now) > kHalted) active_ = heard_at_ = now;  // nobody looked: all were halted, as by Ctrl-Z
  const ProcessState process = state_of(worker_);
  if (process.seconds - processor_ > kIdleShare * between(looked_, now)) {
    active_ = now;
    told_idle_ = false;
  }
  processor_ = process.seconds;
  looked_ = now;
  if (!told_idle_ && between(active_, now) >= patience_) {
    told_idle_ = true;
    return fmt::format("its worker, process {}, has done nothing for {}; {}", worker_, told(between(active_, now)),
                       said(process.state));
  }
  const double wait = between(heard_at_, now);
  if (!told_long_ && wait >= std::max(kLongPatiences * patience_, kMuchLonger * longest_)) {
    told_long_ = true;
    return fmt::format("its worker, process {}, is busy and has told nothing for {}{}", worker_, told(wait),
                       longest_ > 0 ? fmt::format(", and never took more than {} before", told(longest_)) : "");
  }
  return std::nullopt;
}

}  // namespace cambium
