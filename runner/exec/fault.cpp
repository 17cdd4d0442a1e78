#include "exec/fault.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

namespace cambium {
namespace {

bool holds_any(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

}  // namespace

FailureKind fault_of(const WorkerEnd& end, const std::string& printed, bool memory_killed) {
  // A file that is mapped and then cut short, or a limit of ulimit's.
  constexpr std::array kMachines = {SIGTERM, SIGHUP, SIGINT, SIGBUS, SIGXCPU, SIGXFSZ};
  if (end.signal == SIGKILL) return memory_killed ? FailureKind::Memory : FailureKind::Machine;
  if (std::find(kMachines.begin(), kMachines.end(), end.signal) != kMachines.end()) return FailureKind::Machine;
  if (holds_any(printed, {"bad_alloc", "allocate memory", "out of memory", "Out of memory", "Memory allocation"}))
    return FailureKind::Memory;
  if (holds_any(printed, {"Resource temporarily unavailable", "pthread_create failed"})) return FailureKind::Machine;
  return FailureKind::Plugin;
}

}  // namespace cambium
