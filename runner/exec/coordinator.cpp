#include "exec/coordinator.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>

#include "cambium/error.h"
#include "exec/event_tail.h"
#include "exec/folders.h"
#include "exec/jobs.h"
#include "exec/signals.h"
#include "exec/worker_process.h"
#include "exec/worker_resolver.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

/// How long to wait for an answer before looking at the event files again.
constexpr int kFollowMilliseconds = 100;

StudyRecord record_of(const Plan& plan) {
  StudyRecord record;
  record.name = plan.name;
  record.path = plan.path;
  record.text = plan.text;
  record.baseline = plan.baseline;
  for (const Problem& warning : plan.warnings)
    record.warnings +=
        fmt::format("{}{}: {}", record.warnings.empty() ? "" : "\n", to_string(warning.place), warning.message);
  for (const Cell& cell : plan.cells)
    record.cells.push_back({cell.identity, cell.group, std::int64_t(cell.seed), cell.backbone->component.plugin,
                            cell.data->component.plugin, cell.strategy->component.plugin, config_json(plan, cell),
                            cell.source >= 0 ? plan.cells[std::size_t(cell.source)].identity : "",
                            cell.network->trainable, cell.network->total});
  for (const Entry& entry : plan.entries)
    record.entries.push_back({plan.cells[entry.cell].identity, plan.stages[entry.stage], entry.arm, entry.axes,
                              entry.name, entry.factors, entry.replicate, entry.contest, entry.common});
  for (const auto& [stage, metric] : plan.choices) record.choices.push_back({plan.stages[stage], metric});
  return record;
}

/// A worker, and the attempt that it is at, or the measures of a cell.
struct Slot {
  std::unique_ptr<WorkerProcess> worker;
  bool busy = false, measuring = false;
  std::size_t cell = 0;
  std::int64_t attempt = 0;
  fs::path events;
  EventTail tail;
  std::uintmax_t log_position = 0;
};

class Coordinator {
 public:
  Coordinator(const Plan& plan, Store& store, const RunOptions& options, RunObserver& observer)
      : plan_(plan),
        store_(store),
        options_(options),
        observer_(observer),
        folders_(store.files()),
        dependents_(plan.cells.size()),
        weights_(plan.cells.size()) {}

  RunOutcome run() {
    folders_.make();
    folders_.clear_partial();
    store_.put_study(record_of(plan_));
    store_.recover();
    work_ = decide(plan_, known_cells(plan_, store_), options_.retry_failed);
    for (auto& [identity, status] : store_.statuses())
      if (status.state == RunState::Done) done_weights_[identity] = std::move(status.weights);
    prepare();
    observer_.begin(plan_, work_, int(slots_.size()));
    while (step()) {
    }
    return outcome_;
  }

 private:
  /// Counts what there is to do, and finds what can begin at once.
  void prepare() {
    std::size_t jobs = 0;
    for (std::size_t i = 0; i < plan_.cells.size(); ++i) {
      const int source = plan_.cells[i].source;
      if (source >= 0) dependents_[std::size_t(source)].push_back(i);
      const bool source_is_done = source < 0 || work_[std::size_t(source)].action == Work::Action::None;
      if (!work_[i].measures.empty()) ++jobs;
      outcome_.held_measures += std::int64_t(work_[i].held_measures.size());
      switch (work_[i].action) {
        case Work::Action::None:
          ++outcome_.already;
          weights_[i] = done_weights_[plan_.cells[i].identity];
          if (source_is_done || !waits_for_source(i)) ready_to_measure(i);
          break;
        case Work::Action::Hold:
          ++outcome_.held;
          break;
        case Work::Action::Train:
          ++jobs;
          if (source_is_done) ready_.insert(i);
      }
    }
    const auto cores = std::max(1u, std::thread::hardware_concurrency());
    const auto wanted = options_.workers > 0
                            ? std::size_t(options_.workers)
                            : std::max<std::size_t>(1, cores / std::size_t(std::max(1, options_.threads)));
    slots_.resize(std::min(wanted, jobs));
  }

  void ready_to_measure(std::size_t index) {
    if (!work_[index].measures.empty()) to_measure_.insert(index);
  }
  /// Whether a done cell's measures need the weights that it started from.
  bool waits_for_source(std::size_t index) const {
    const Cell& cell = plan_.cells[index];
    const auto& measures = work_[index].measures;
    return cell.source >= 0 &&
           std::any_of(measures.begin(), measures.end(), [&](std::size_t m) { return needs_source(cell.measures[m]); });
  }
  bool has_work() const { return !ready_.empty() || !to_measure_.empty(); }

  /// One turn: hand out what is ready, wait for something to happen, see to it. False when all is over.
  bool step() {
    for (Slot& slot : slots_)
      if (!slot.busy && has_work()) begin(slot);
    std::vector<pollfd> polled = {{signals_.descriptor(), POLLIN, 0}};
    for (const Slot& slot : slots_)
      if (slot.busy) polled.push_back({slot.worker->descriptor(), POLLIN, 0});
    if (polled.size() == 1) return false;
    ::poll(polled.data(), polled.size(), kFollowMilliseconds);
    if (signals_.came()) {
      stop("stopped");
      return false;
    }
    if (signals_.suspended()) suspend_all();
    const auto now = std::chrono::steady_clock::now();
    const bool follow = now - followed_ >= std::chrono::milliseconds(kFollowMilliseconds);
    if (follow) followed_ = now;
    for (Slot& slot : slots_)
      if (slot.busy) attend(slot, follow);
    return true;
  }

  void suspend_all() {
    for (Slot& slot : slots_)
      if (slot.worker) slot.worker->halt();
    suspend();
    for (Slot& slot : slots_)
      if (slot.worker) slot.worker->go_on();
  }

  /// Training first: others may wait for it, and nothing waits for measures.
  void begin(Slot& slot) {
    if (slot.worker) slot.worker->receive();
    if (slot.worker && slot.worker->ended()) slot.worker.reset();  // it died while it had nothing to do
    if (!slot.worker) {
      const auto number = std::size_t(&slot - slots_.data()) + 1;
      slot.worker = std::make_unique<WorkerProcess>(
          WorkerProcess::Options{options_.plugin_dirs, options_.threads, folders_.log(number)});
    }
    slot.busy = true;
    slot.measuring = ready_.empty();
    slot.log_position = slot.worker->log_position();
    if (slot.measuring)
      begin_measures(slot);
    else
      begin_training(slot);
  }

  void begin_measures(Slot& slot) {
    const std::size_t index = *to_measure_.begin();
    to_measure_.erase(to_measure_.begin());
    const Cell& cell = plan_.cells[index];
    MeasureJob job = measure_job(plan_, cell, work_[index].measures, weights_[index],
                                 cell.source >= 0 ? weights_[std::size_t(cell.source)] : std::vector<Artifact>{});
    job.data_root = fs::absolute(options_.data_root).string();
    job.files_stem = folders_.measures_stem(cell.identity).string();
    job.threads = options_.threads;
    slot.cell = index;
    slot.attempt = 0;
    slot.events = folders_.measure_events(cell.identity);
    slot.tail = EventTail(slot.events);
    job.events = slot.events.string();
    slot.worker->send(Json(job).dump());
    observer_.measuring(cell);
  }

  void begin_training(Slot& slot) {
    const std::size_t index = *ready_.begin();
    const Cell& cell = plan_.cells[index];
    TrainJob job =
        train_job(plan_, cell, cell.source >= 0 ? weights_[std::size_t(cell.source)] : std::vector<Artifact>{});
    job.data_root = fs::absolute(options_.data_root).string();
    job.weights_stem = folders_.weights_stem(cell.identity).string();
    job.selections = folders_.selections().string();
    job.checkpoint = folders_.checkpoint(cell.identity).string();
    job.threads = options_.threads;

    ready_.erase(ready_.begin());
    slot.cell = index;
    slot.attempt = job.attempt = store_.begin_run(cell.identity);
    slot.events = folders_.events(cell.identity, slot.attempt);
    slot.tail = EventTail(slot.events);
    job.events = slot.events.string();
    slot.worker->send(Json(job).dump());
    observer_.started(cell);
  }

  void attend(Slot& slot, bool follow) {
    const auto answer = slot.worker->receive();
    if (answer) {
      const auto json = Json::parse(*answer, nullptr, false);
      if (json.is_object() && json.value("cell", Json()) == plan_.cells[slot.cell].identity) return answered(slot);
      if (const Json failure = json.is_object() ? json.value("failure", Json()) : Json(); failure.is_object())
        give_up(failure.value("message", ""), failure.value("hint", ""));
      slot.worker->kill();  // it answered nonsense, and nothing that it says can be trusted any more
      slot.worker->reap();
      return died(slot, {false, "answered what is no answer: " + answer->substr(0, 200)});
    }
    if (slot.worker->ended()) return died(slot, slot.worker->reap());
    if (!follow || slot.measuring) return;
    this->follow(slot);
    store_.ingest(plan_.cells[slot.cell].identity, slot.attempt, slot.events);
  }

  void follow(Slot& slot) {
    const Cell& cell = plan_.cells[slot.cell];
    const bool told = !slot.tail.note().empty();
    slot.tail.follow([&](std::int64_t epoch, double loss) { observer_.epoch(cell, epoch, loss); });
    if (!told && !slot.tail.note().empty()) observer_.noted(cell, slot.tail.note());
  }

  /// The event file says how it ended; the worker goes on to the next before that is put on record.
  void answered(Slot& slot) {
    follow(slot);
    if (slot.tail.end() == EventTail::End::None) {
      slot.worker->kill();
      slot.worker->reap();
      return died(slot, {false, "said that it was done, and its event file does not"});
    }
    const Slot past{nullptr, false, slot.measuring, slot.cell, slot.attempt, slot.events, slot.tail, 0};
    slot.busy = false;
    if (has_work()) begin(slot);
    conclude(past);
  }

  /// Puts an attempt whose event file told its end on record.
  void conclude(const Slot& slot) {
    if (slot.measuring) return conclude_measures(slot, FailureKind::Error, slot.tail.error());
    const Cell& cell = plan_.cells[slot.cell];
    store_.ingest(cell.identity, slot.attempt, slot.events);
    if (slot.tail.end() == EventTail::End::Failed) return failed(slot.cell, slot.tail.error());
    ++outcome_.done;
    weights_[slot.cell] = slot.tail.weights();
    ready_to_measure(slot.cell);
    for (std::size_t dependent : dependents_[slot.cell])
      if (work_[dependent].action == Work::Action::Train)
        ready_.insert(dependent);
      else if (work_[dependent].action == Work::Action::None && waits_for_source(dependent))
        ready_to_measure(dependent);
    observer_.ended(cell, RunState::Done, "");
  }

  /// Puts measures on record; the cell stays done. Of those that the event file does not tell of, all failed with a job
  /// that failed as a whole; where the worker died, the first one was its end, and the others are tried once more.
  void conclude_measures(const Slot& slot, FailureKind kind, const std::string& error) {
    const Cell& cell = plan_.cells[slot.cell];
    store_.ingest_measures(cell.identity, slot.events);
    auto told = told_measures(slot.events);
    std::vector<std::size_t> left;
    bool blamed = false;
    for (const std::size_t m : work_[slot.cell].measures) {
      const std::string name = label(cell.measures[m]);
      if (told.count(name) == 0) {
        if (blamed && kind != FailureKind::Error) {
          left.push_back(m);
          continue;
        }
        blamed = true;
        told[name] = error;
        store_.fail_measure(cell.identity, name, find_measure(cell.measures[m].name)->version, kind, error, "");
      }
      ++(told[name].empty() ? outcome_.measured : outcome_.unmeasured);
    }
    work_[slot.cell].measures = std::move(left);
    ready_to_measure(slot.cell);
    observer_.measured(cell, told);
  }

  void died(Slot& slot, const WorkerEnd& end) {
    follow(slot);
    const std::string printed = slot.worker->printed_since(slot.log_position);
    slot.worker.reset();
    slot.busy = false;
    if (slot.tail.end() != EventTail::End::None) return conclude(slot);
    const Cell& cell = plan_.cells[slot.cell];
    const std::string error = "its worker " + end.words;
    if (slot.measuring) return conclude_measures(slot, end.killed ? FailureKind::Killed : FailureKind::Signal, error);
    store_.ingest(cell.identity, slot.attempt, slot.events);
    store_.end_run(cell.identity, slot.attempt, RunState::Failed,
                   end.killed ? FailureKind::Killed : FailureKind::Signal, error, printed);
    failed(slot.cell, error);
  }

  /// Fails a cell alone, and skips, all the way down, what would start from it.
  void failed(std::size_t index, const std::string& error) {
    ++outcome_.failed;
    observer_.ended(plan_.cells[index], RunState::Failed, error);
    const std::string reason =
        fmt::format("starts from cell {}, which failed: {}", plan_.cells[index].identity.substr(0, 12), error);
    std::vector<std::size_t> below = dependents_[index];
    while (!below.empty()) {
      const std::size_t next = below.back();
      below.pop_back();
      if (work_[next].action == Work::Action::None) give_up_measures(next, reason);
      if (work_[next].action != Work::Action::Train) continue;
      store_.skip(plan_.cells[next].identity, reason);
      ++outcome_.skipped;
      observer_.ended(plan_.cells[next], RunState::Skipped, reason);
      below.insert(below.end(), dependents_[next].begin(), dependents_[next].end());
    }
  }

  /// The machine cannot go on, as when its disk is full; the cells are as good as they were. What is kept about plugins
  /// and data may be what is wrong, so it is asked anew.
  [[noreturn]] void give_up(const std::string& message, const std::string& hint) {
    stop(message);
    forget_answers();
    throw Error(ErrorKind::System, message, hint);
  }

  /// A done cell whose measures need what its source no longer has.
  void give_up_measures(std::size_t index, const std::string& reason) {
    if (!waits_for_source(index)) return;
    std::map<std::string, std::string> told;
    std::vector<std::size_t> left;
    for (const std::size_t m : work_[index].measures)
      if (const Measure& measure = plan_.cells[index].measures[m]; needs_source(measure))
        told[label(measure)] = reason;
      else
        left.push_back(m);
    work_[index].measures = std::move(left);
    ready_to_measure(index);
    outcome_.unmeasured += std::int64_t(told.size());
    observer_.measured(plan_.cells[index], told);
  }

  /// Ends all workers at once: their checkpoints hold the last epoch.
  void stop(const std::string& reason) {
    outcome_.stopped = true;
    for (Slot& slot : slots_)
      if (slot.busy) slot.worker->kill();
    for (Slot& slot : slots_) {
      if (!slot.busy) continue;
      slot.worker->reap();
      slot.busy = false;
      follow(slot);
      if (slot.tail.end() != EventTail::End::None) {
        conclude(slot);
        continue;
      }
      const Cell& cell = plan_.cells[slot.cell];
      if (slot.measuring) {
        store_.ingest_measures(cell.identity, slot.events);  // the rest is taken by the next run
        continue;
      }
      store_.ingest(cell.identity, slot.attempt, slot.events);
      store_.end_run(cell.identity, slot.attempt, RunState::Interrupted, FailureKind::None, reason, "");
      ++outcome_.interrupted;
      observer_.ended(cell, RunState::Interrupted, "");
    }
  }

  const Plan& plan_;
  Store& store_;
  const RunOptions& options_;
  RunObserver& observer_;
  const Folders folders_;
  StopSignals signals_;
  RunOutcome outcome_;
  std::vector<Work> work_;
  std::vector<std::vector<std::size_t>> dependents_;
  std::vector<std::vector<Artifact>> weights_;  ///< of each done cell
  std::unordered_map<std::string, std::vector<Artifact>> done_weights_;
  std::set<std::size_t> ready_, to_measure_;  ///< in the plan's order
  std::vector<Slot> slots_;
  std::chrono::steady_clock::time_point followed_{};
};

}  // namespace

RunOutcome run_plan(const Plan& plan, Store& store, const RunOptions& options, RunObserver& observer) {
  return Coordinator(plan, store, options, observer).run();
}

}  // namespace cambium
