#pragma once

#include <string>

#include "exec/worker_process.h"
#include "store/store.h"

namespace cambium {

/// Whose fault it is that a worker died over a job. `printed`: its last words; `memory_killed`: whether the kernel
/// killed something for want of memory meanwhile.
FailureKind fault_of(const WorkerEnd& end, const std::string& printed, bool memory_killed);

}  // namespace cambium
