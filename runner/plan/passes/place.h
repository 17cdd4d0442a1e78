#pragma once

#include <string>

#include "plan/passes/passes.h"

namespace cambium {

/// How many workers and threads there are, and which job goes first: the one that the longest chain of work hangs on.
std::string place(Draft& draft);

/// Threads of a worker: one, unless the plan has fewer cells than there are processors. By the whole plan and not by
/// what is left of it, since a cell's bits depend on them.
int chosen_threads(const Plan& plan, const PassSettings& settings);
/// As many workers as the processors bear, however many jobs there are.
int chosen_workers(const Plan& plan, const PassSettings& settings);

}  // namespace cambium
