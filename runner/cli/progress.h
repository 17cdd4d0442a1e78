#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/compiled.h"
#include "cli/output.h"
#include "cli/pace.h"
#include "exec/coordinator.h"

namespace cambium {

/// Shows on standard error how a run goes: one live line on a terminal, a line a cell elsewhere. Remembers what did not
/// go well.
class Progress : public RunObserver {
 public:
  Progress(const Plan& plan, const Store& store, bool quiet);
  ~Progress() override;

  void begin(const Plan& plan, const std::vector<Work>& work, int workers) override;
  void started(const Cell& cell) override;
  void epoch(const Cell& cell, std::int64_t epoch, double train_loss) override;
  void measuring(const Cell& cell) override;
  void measured(const Cell& cell, const std::map<std::string, std::string>& errors) override;
  void noted(const Cell& cell, const std::string& note) override;
  void ended(const Cell& cell, RunState state, const std::string& error) override;
  void silent(const Cell& cell, const std::string& what) override;
  void notice(const std::string& what) override;

  /// A cell without a result, and why.
  struct Trouble {
    std::size_t cell = 0;
    std::string reason;
  };
  const std::vector<Trouble>& failed() const { return failed_; }
  const std::vector<Trouble>& held() const { return held_; }
  const std::vector<Trouble>& skipped() const { return skipped_; }
  /// Measures that could not be taken, or were not since they failed before.
  const std::vector<Trouble>& unmeasured() const { return unmeasured_; }
  double seconds() const;

 private:
  std::size_t index(const Cell& cell) const;
  std::string result(const Cell& cell) const;
  void line(const std::string& text);
  void live();
  void clear();

  const Plan& plan_;
  const Store& store_;
  const bool quiet_;
  const Terminal terminal_;
  const CellNames names_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_{};
  bool shown_ = false;  ///< the live line stands there
  Pace pace_;
  std::size_t over_ = 0;  ///< cells that are done or given up, those known before included
  std::size_t trained_ = 0;
  std::unordered_map<std::size_t, std::int64_t> running_;  ///< cell to its last epoch
  std::size_t latest_ = 0;                                 ///< the running cell that was last heard of
  std::vector<Trouble> failed_, held_, skipped_, unmeasured_;
};

}  // namespace cambium
