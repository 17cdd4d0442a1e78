#include "exec/coordinator.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include <nlohmann/json.hpp>

#include "cambium/error.h"
#include "exec/control_group.h"
#include "exec/fault.h"
#include "exec/folders.h"
#include "exec/jobs.h"
#include "exec/signals.h"
#include "exec/slot.h"
#include "exec/study_record.h"
#include "exec/worker_resolver.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

/// How long to wait for an answer before looking at the event files again.
constexpr int kFollowMilliseconds = 100;

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
    if (!options_.keep_study) store_.put_study(record_of(plan_));
    store_.recover();
    auto known = known_cells(plan_, store_);
    work_ = decide_whole(plan_, known, options_.retry_failed);
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
    const auto wanted = std::size_t(options_.workers > 0 ? options_.workers
                                                         : std::max(1, usable_cpus() / std::max(1, options_.threads)));
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
      if (!slot.busy && !slot.starting && !slot.given_up && has_work()) begin(slot);
    std::vector<pollfd> polled = {{signals_.descriptor(), POLLIN, 0}};
    bool busy = has_work();
    for (const Slot& slot : slots_) {
      busy = busy || slot.busy;
      if (slot.busy || slot.starting) polled.push_back({slot.worker->descriptor(), POLLIN, 0});
    }
    if (!busy) return false;
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
      if (slot.busy)
        attend(slot, follow);
      else if (const auto problem = slot.starting ? slot.greet() : std::nullopt)
        not_started(slot, *problem);
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
    if (!slot.worker) return start(slot);
    slot.busy = true;
    slot.measuring = ready_.empty();
    slot.prepare(options_.patience);
    if (slot.measuring)
      begin_measures(slot);
    else
      begin_training(slot);
  }

  /// Starts a worker, if there is more work than for those that are starting. It gets work once it has said hello: a
  /// worker that cannot start is no fault of a cell.
  void start(Slot& slot) {
    const auto starting = std::count_if(slots_.begin(), slots_.end(), [](const Slot& s) { return s.starting; });
    if (std::size_t(starting) >= ready_.size() + to_measure_.size()) return;
    const auto number = std::size_t(&slot - slots_.data()) + 1;
    if (const auto problem =
            slot.start({options_.plugin_dirs, options_.threads, folders_.log(number), options_.checkpoint_seconds}))
      not_started(slot, *problem);
  }

  /// Goes on with one worker fewer if others are there, and else not at all.
  void not_started(Slot& slot, const Error& problem) {
    const bool others =
        std::any_of(slots_.begin(), slots_.end(), [](const Slot& other) { return other.worker && !other.starting; });
    if (!others) give_up(problem.message(), problem.hint());
    slot.given_up = true;
    observer_.notice("goes on with one worker fewer: " + problem.message());
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
    slot.attempt = job.attempt = store_.begin_run(cell.identity, libraries(cell));
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
      return died(slot, {0, "answered what is no answer: " + answer->substr(0, 200)});
    }
    if (slot.worker->ended()) return died(slot, slot.worker->reap());
    if (options_.time_limit > 0 && slot.seconds() > options_.time_limit) return out_of_time(slot);
    if (!follow) return;
    if (!slot.measuring) {
      this->follow(slot);
      store_.ingest(plan_.cells[slot.cell].identity, slot.attempt, slot.events);
    }
    if (const auto silent = slot.silence.look(slot.heard()))
      observer_.silent(plan_.cells[slot.cell], fmt::format("{}, at {}", *silent, slot.stage()));
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
      return died(slot, {0, "said that it was done, and its event file does not"});
    }
    const Slot past = slot.past();
    slot.busy = false;
    if (has_work()) begin(slot);
    conclude(past);
  }

  /// Puts an attempt whose event file told its end on record.
  void conclude(const Slot& slot) {
    if (slot.measuring) return conclude_measures(slot, failure_kind(slot.tail.kind()), slot.tail.error(), true);
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

  /// Puts measures on record; the cell stays done.
  void conclude_measures(const Slot& slot, FailureKind kind, const std::string& error, bool whole) {
    const Cell& cell = plan_.cells[slot.cell];
    MeasureEnd end = end_measures(store_, cell, work_[slot.cell].measures, slot.events, {kind, error, whole});
    for (const auto& [measure, wrong] : end.told) ++(wrong.empty() ? outcome_.measured : outcome_.unmeasured);
    work_[slot.cell].measures = std::move(end.left);
    ready_to_measure(slot.cell);
    observer_.measured(cell, end.told);
  }

  void died(Slot& slot, const WorkerEnd& end) {
    const std::string printed = slot.worker->printed_since(slot.log_position);
    const FailureKind kind = fault_of(end, printed, memory_kills() > slot.memory_kills);
    end_early(
        slot, kind,
        fmt::format("its worker {}{}", end.words, kind == FailureKind::Memory ? ": there was not enough memory" : ""),
        printed);
  }

  void out_of_time(Slot& slot) {
    slot.worker->kill();
    slot.worker->reap();
    follow(slot);
    end_early(slot, FailureKind::TimeLimit,
              fmt::format("it took longer than the time limit of {:.5g} s and was ended at {}", options_.time_limit,
                          slot.stage()),
              slot.worker->printed_since(slot.log_position));
  }

  /// A job whose worker is no more.
  void end_early(Slot& slot, FailureKind kind, const std::string& error, const std::string& printed) {
    follow(slot);
    slot.worker.reset();
    slot.busy = false;
    if (slot.tail.end() != EventTail::End::None) return conclude(slot);
    const Cell& cell = plan_.cells[slot.cell];
    if (slot.measuring) return conclude_measures(slot, kind, error, false);
    store_.ingest(cell.identity, slot.attempt, slot.events);
    store_.end_run(cell.identity, slot.attempt, RunState::Failed, kind, error, printed);
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

  /// Ends all workers, which write their checkpoints of the last epoch.
  void stop(const std::string& reason) {
    outcome_.stopped = true;
    end_workers(slots_);
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
