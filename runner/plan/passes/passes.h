#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "plan/cost.h"
#include "plan/schedule.h"

namespace cambium {

/// What is done to a plan before it is run, in this order. The first two happen while it is compiled, since they decide
/// what a cell is: there is one result an identity, and they cannot be left out.
enum class Pass { Collapse, MergeEqual, SharePrefixes, BatchHeads, Place };
inline constexpr std::array<Pass, 5> kPasses = {Pass::Collapse, Pass::MergeEqual, Pass::SharePrefixes, Pass::BatchHeads,
                                                Pass::Place};
/// "share-prefixes".
const char* to_string(Pass pass);

/// Those of a list as "share-prefixes,batch-heads". Throws Error{Usage} for what is none, or cannot be left out.
std::set<Pass> read_passes(const std::string& list);

/// What there is to train, all in all.
struct Amount {
  std::int64_t jobs = 0;
  double seconds = 0;     ///< of one core, by the estimate
  double operations = 0;  ///< multiply-adds
  double bytes = 0;       ///< of taps, written to the disk
};

/// What a pass made of it.
struct PassLine {
  Pass pass = Pass::Collapse;
  bool on = true;
  Amount before, after;
  std::string what;  ///< "2 jobs of 32 heads"
};

struct PassSettings {
  std::set<Pass> without;
  int workers = 0, threads = 0;  ///< 0: to be chosen
  int cpus = 1;                  ///< that may be used
  double taps_bytes = 8e9;       ///< of all taps that are kept; 0: none are
  Rates rates;
};

/// A plan with its work on its way through the passes.
struct Draft {
  const Plan& plan;
  const std::vector<Work>& work;
  const PassSettings& settings;
  Schedule schedule;
  std::vector<double> operations;  ///< by cell, with its part of what it shares
  Amount amount;

  bool trains(std::size_t cell) const { return work[cell].action == Work::Action::Train; }
  double seconds(std::size_t cell) const { return operations[cell] / settings.rates.of(plan.cells[cell]); }
  double seconds(const Job& job) const;
  /// Brings `amount` up to date with `operations` and `schedule`.
  void count();
};

/// How a plan is run, and what each pass did for it.
struct Passed {
  Schedule schedule;
  std::vector<PassLine> lines;
  std::vector<double> operations, seconds;  ///< by cell, of one core
};

Passed run_passes(const Plan& plan, const std::vector<Work>& work, const PassSettings& settings);

}  // namespace cambium
