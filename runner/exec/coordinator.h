#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "exec/rates.h"
#include "plan/passes/passes.h"
#include "plan/plan.h"
#include "store/store.h"

namespace cambium {

struct RunOptions {
  PassSettings passes;  ///< workers, threads, what is shared
  bool retry_failed = false;
  bool keep_study = false;         ///< these are cells of a study that is known already, and keeps the others
  double checkpoint_seconds = 30;  ///< a checkpoint after an epoch, if the last is so long ago
  double time_limit = 0;           ///< seconds that an attempt may take; 0: any
  double patience = 30;            ///< seconds without a sign of life from a worker until that is told
  std::filesystem::path data_root;
  std::vector<std::filesystem::path> plugin_dirs;
};

/// Told as a plan is run; for progress.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// Once, before any work: one Work a cell.
  virtual void begin(const Plan&, const std::vector<Work>&, int workers) { (void)workers; }
  virtual void started(const Cell&) {}
  virtual void epoch(const Cell&, std::int64_t epoch, double train_loss) { (void)epoch, (void)train_loss; }
  /// What is to be known of how an attempt began, as why it did not go on from its checkpoint.
  virtual void noted(const Cell&, const std::string& note) { (void)note; }
  /// Measures of a done cell are being taken; and then, by measure, what went wrong, or nothing.
  virtual void measuring(const Cell&) {}
  virtual void measured(const Cell&, const std::map<std::string, std::string>& errors) { (void)errors; }
  virtual void ended(const Cell&, RunState, const std::string& error) { (void)error; }
  /// A worker that seems to hang, and what it is at.
  virtual void silent(const Cell&, const std::string& what) { (void)what; }
  virtual void notice(const std::string& what) { (void)what; }
};

struct RunOutcome {
  std::int64_t already = 0, done = 0, failed = 0, held = 0, skipped = 0, interrupted = 0;
  std::int64_t measured = 0, unmeasured = 0, held_measures = 0;  ///< measures, not cells
  bool stopped = false;                                          ///< by Ctrl-C or SIGTERM
  double estimated = 0;                    ///< seconds of a core, of the jobs that ended and had no failure
  std::map<std::string, Trained> trained;  ///< what these took, by backbone plugin
};

/// What `store` knows of the plan's cells, as decide() takes it. Checks that weights files are still there.
std::unordered_map<std::string, Known> known_cells(const Plan& plan, const Store& store);

/// decide(), where weights files that are about to be used are the bytes that were written: what they are of is
/// trained again if they are not, as if they were gone.
std::vector<Work> decide_whole(const Plan& plan, std::unordered_map<std::string, Known>& known, bool retry_failed);

/// Runs what is left of a plan: sources before what starts from them, the rest in the study's order, on a pool of
/// workers.
RunOutcome run_plan(const Plan& plan, Store& store, const RunOptions& options, RunObserver& observer);

}  // namespace cambium
