#include "exec/control_group.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace cambium {
namespace {

namespace fs = std::filesystem;

/// `path` below `mount` and the folders above it, as far as `mount`. In a container, only `mount` may be there.
void add_upwards(const fs::path& mount, const fs::path& path, std::vector<fs::path>& folders) {
  for (fs::path at = path.relative_path();; at = at.parent_path()) {
    folders.push_back(mount / at);
    if (at.empty()) return;
  }
}

/// The folders of the control groups that this process is in for `controller`, innermost first. cgroups(7)
std::vector<fs::path> control_groups(const std::string& controller, const fs::path& root) {
  std::vector<fs::path> folders;
  const fs::path mounts = root / "sys/fs/cgroup";
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // ID:CONTROLLERS:PATH, without controllers in version 2
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    if (controllers.empty()) {
      add_upwards(mounts, path, folders);
    } else if (("," + controllers + ",").find("," + controller + ",") != std::string::npos) {
      add_upwards(mounts / controllers, path, folders);
      add_upwards(mounts / controller, path, folders);
    }
  }
  return folders;
}

/// Processors that a group may use at a time; 0: as many as there are.
double quota(const fs::path& group) {
  double most = 0, period = 0;
  if (std::ifstream file(group / "cpu.max"); file >> most >> period && period > 0) return most / period;  // or "max"
  std::ifstream quota_file(group / "cpu.cfs_quota_us"), period_file(group / "cpu.cfs_period_us");
  if (quota_file >> most && period_file >> period && most > 0 && period > 0) return most / period;
  return 0;
}

/// The number that follows `key` in a file of such pairs; 0 where there is none.
std::int64_t value_in(const fs::path& file, const std::string& key) {
  std::ifstream in(file);
  std::string word;
  for (std::int64_t value = 0; in >> word >> value;)
    if (word == key) return value;
  return 0;
}

}  // namespace

int usable_cpus(const fs::path& root) {
  double cpus = std::max(1u, std::thread::hardware_concurrency());
  if (cpu_set_t set; ::sched_getaffinity(0, sizeof set, &set) == 0) cpus = std::max(1, CPU_COUNT(&set));
  for (const fs::path& group : control_groups("cpu", root))
    if (const double most = quota(group); most > 0) cpus = std::min(cpus, most);
  return std::max(1, int(cpus));
}

std::int64_t memory_kills(const fs::path& root) {
  std::int64_t kills = value_in(root / "proc/vmstat", "oom_kill");
  for (const fs::path& group : control_groups("memory", root))
    kills += value_in(group / "memory.events", "oom_kill") + value_in(group / "memory.oom_control", "oom_kill");
  return kills;
}

}  // namespace cambium
