#pragma once

#include <cstdint>
#include <filesystem>

namespace cambium {

/// Processors that this process may use: no more than it is bound to (sched_setaffinity, taskset) and than its control
/// groups' quotas come to, of version 1 or 2, rounded down; at least one. `root`: where /proc and /sys are, for tests.
int usable_cpus(const std::filesystem::path& root = "/");

/// How many processes the kernel has killed for want of memory, in this process's control group and on the machine, as
/// far as they tell: a number to compare with a later one.
std::int64_t memory_kills(const std::filesystem::path& root = "/");

}  // namespace cambium
