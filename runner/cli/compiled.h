#pragma once

#include <optional>

#include "cli/options.h"
#include "plan/plan.h"

namespace cambium {

/// Reads and compiles a study and tells what is wrong with it, and with plugin files, on standard error. Nothing if it
/// cannot be run: exit status 2.
std::optional<Plan> compile_study(const StudyOptions& options);

/// "transfer, full_finetuning, split 0, half A, seed 1": a cell's first place in its study.
class CellNames {
 public:
  explicit CellNames(const Plan& plan);
  std::string operator()(std::size_t cell) const;
  const Entry& entry(std::size_t cell) const { return *entries_[cell]; }

 private:
  const Plan& plan_;
  std::vector<const Entry*> entries_;  ///< by cell
};

}  // namespace cambium
