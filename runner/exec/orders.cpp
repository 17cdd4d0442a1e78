#include "exec/orders.h"

#include <nlohmann/json.hpp>

#include "exec/jobs.h"

namespace cambium {

namespace fs = std::filesystem;

std::string Orders::train(const std::vector<std::size_t>& cells, const Ready& ready,
                          std::vector<Member>& members) const {
  HeadsJob heads;
  for (const std::size_t cell : cells) {
    Member& member = members.emplace_back();
    member.cell = cell;
    member.attempt = store_.next_attempt(plan_.cells[cell].identity);
    member.events = folders_.events(plan_.cells[cell].identity, member.attempt);
    member.tail = EventTail(member.events);
    heads.members.push_back(training(member, ready));
  }
  return cells.size() == 1 ? Json(heads.members.front()).dump() : Json(heads).dump();
}

TrainJob Orders::training(const Member& member, const Ready& ready) const {
  const Cell& cell = plan_.cells[member.cell];
  TrainJob job = train_job(plan_, cell, ready.source_weights(member.cell));
  job.attempt = member.attempt;
  job.data_root = fs::absolute(options_.data_root).string();
  job.events = member.events.string();
  job.weights_stem = folders_.weights_stem(cell.identity).string();
  job.selections = folders_.selections().string();
  job.checkpoint = folders_.checkpoint(cell.identity).string();
  job.threads = schedule_.threads;
  job.taps = taps(member.cell);
  return job;
}

std::string Orders::measure(std::size_t index, const std::vector<std::size_t>& measures, const Ready& ready,
                            Member& member) const {
  const Cell& cell = plan_.cells[index];
  MeasureJob job = measure_job(plan_, cell, measures, ready.weights(index), ready.source_weights(index));
  member.cell = index;
  member.begun = true;
  member.events = folders_.measure_events(cell.identity);
  member.tail = EventTail(member.events);
  job.data_root = fs::absolute(options_.data_root).string();
  job.events = member.events.string();
  job.files_stem = folders_.measures_stem(cell.identity).string();
  job.threads = schedule_.threads;
  job.taps = taps(index);
  return Json(job).dump();
}

TapsOrder Orders::taps(std::size_t cell) const {
  const auto& cuts = schedule_.cuts[cell];
  if (cuts.empty()) return {};
  return {folders_.taps().string(), cuts, std::int64_t(options_.passes.taps_bytes)};
}

}  // namespace cambium
