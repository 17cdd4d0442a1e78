#pragma once

#include <string>
#include <vector>

#include "exec/coordinator.h"
#include "exec/ready.h"
#include "exec/slot.h"

namespace cambium {

/// Puts on record how attempts and measures begin, go and end; tells of it, and makes ready what waited for it.
class Record {
 public:
  Record(const Plan& plan, Store& store, std::vector<Work>& work, Ready& ready, RunObserver& observer,
         RunOutcome& outcome)
      : plan_(plan), store_(store), work_(work), ready_(ready), observer_(observer), outcome_(outcome) {}

  /// An attempt begins.
  void begin(Member& member);
  /// Tells what has come to a member's event file. An attempt of which there is one has begun.
  void follow(Member& member);
  /// Takes into the database what has come to the event file of an attempt.
  void ingest(const Member& member);
  /// An attempt whose event file told its end.
  void conclude(Member& member);
  /// An attempt whose event file did not.
  void fail(Member& member, FailureKind kind, const std::string& error, const std::string& printed);
  void interrupt(Member& member, const std::string& reason);

  /// The measures of a done cell, which stays done. `whole`: they failed as a whole, and not by their worker's death.
  void conclude_measures(const Member& member, FailureKind kind, const std::string& error, bool whole);
  /// They were stopped; the rest is taken by the next run.
  void interrupt_measures(const Member& member);

 private:
  const Cell& cell(const Member& member) const { return plan_.cells[member.cell]; }
  void failed(std::size_t index, const std::string& error);
  void give_up_measures(std::size_t index, const std::string& reason);

  const Plan& plan_;
  Store& store_;
  std::vector<Work>& work_;
  Ready& ready_;
  RunObserver& observer_;
  RunOutcome& outcome_;
};

}  // namespace cambium
