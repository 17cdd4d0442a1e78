#include "exec/record.h"

#include <fmt/format.h>

#include "exec/jobs.h"

namespace cambium {

void Record::begin(Member& member) {
  member.begun = true;
  store_.begin_run(cell(member).identity, member.attempt, libraries(cell(member)));
  observer_.started(cell(member));
}

void Record::follow(Member& member) {
  std::error_code none;
  if (!member.begun) {
    if (!std::filesystem::exists(member.events, none)) return;
    begin(member);
  }
  const std::string told = member.tail.note();
  member.tail.follow([&](std::int64_t epoch, double loss) { observer_.epoch(cell(member), epoch, loss); });
  if (member.tail.note() != told) observer_.noted(cell(member), member.tail.note());
}

void Record::ingest(const Member& member) { store_.ingest(cell(member).identity, member.attempt, member.events); }

void Record::conclude(Member& member) {
  member.concluded = true;
  ingest(member);
  if (member.tail.end() == EventTail::End::Failed) return failed(member.cell, member.tail.error());
  ++outcome_.done;
  ready_.trained(member.cell, member.tail.weights());
  observer_.ended(cell(member), RunState::Done, "");
}

void Record::fail(Member& member, FailureKind kind, const std::string& error, const std::string& printed) {
  if (!member.begun) begin(member);
  member.concluded = true;
  ingest(member);
  store_.end_run(cell(member).identity, member.attempt, RunState::Failed, kind, error, printed);
  failed(member.cell, error);
}

void Record::interrupt(Member& member, const std::string& reason) {
  member.concluded = true;
  ingest(member);
  store_.end_run(cell(member).identity, member.attempt, RunState::Interrupted, FailureKind::None, reason, "");
  observer_.ended(cell(member), RunState::Interrupted, "");
}

void Record::conclude_measures(const Member& member, FailureKind kind, const std::string& error, bool whole) {
  MeasureEnd end = end_measures(store_, cell(member), work_[member.cell].measures, member.events, {kind, error, whole});
  for (const auto& [measure, wrong] : end.told) ++(wrong.empty() ? outcome_.measured : outcome_.unmeasured);
  work_[member.cell].measures = std::move(end.left);
  ready_.look_at_measures(member.cell);
  observer_.measured(cell(member), end.told);
}

void Record::interrupt_measures(const Member& member) { store_.ingest_measures(cell(member).identity, member.events); }

/// Fails a cell alone, and skips, all the way down, what would start from it.
void Record::failed(std::size_t index, const std::string& error) {
  ++outcome_.failed;
  observer_.ended(plan_.cells[index], RunState::Failed, error);
  const std::string reason =
      fmt::format("starts from cell {}, which failed: {}", plan_.cells[index].identity.substr(0, 12), error);
  std::vector<std::size_t> below = ready_.dependents(index);
  while (!below.empty()) {
    const std::size_t next = below.back();
    below.pop_back();
    if (work_[next].action == Work::Action::None) give_up_measures(next, reason);
    if (work_[next].action != Work::Action::Train) continue;
    store_.skip(plan_.cells[next].identity, reason);
    ++outcome_.skipped;
    observer_.ended(plan_.cells[next], RunState::Skipped, reason);
    below.insert(below.end(), ready_.dependents(next).begin(), ready_.dependents(next).end());
  }
}

/// A done cell whose measures need what its source no longer has.
void Record::give_up_measures(std::size_t index, const std::string& reason) {
  if (!ready_.waits_for_source(index)) return;
  std::map<std::string, std::string> told;
  std::vector<std::size_t> left;
  for (const std::size_t m : work_[index].measures)
    if (const Measure& measure = plan_.cells[index].measures[m]; needs_source(measure))
      told[label(measure)] = reason;
    else
      left.push_back(m);
  work_[index].measures = std::move(left);
  ready_.look_at_measures(index);
  outcome_.unmeasured += std::int64_t(told.size());
  observer_.measured(plan_.cells[index], told);
}

}  // namespace cambium
