#include "exec/coordinator.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "cambium/error.h"
#include "exec/control_group.h"
#include "exec/fault.h"
#include "exec/folders.h"
#include "exec/orders.h"
#include "exec/ready.h"
#include "exec/record.h"
#include "exec/signals.h"
#include "exec/slot.h"
#include "exec/study_record.h"
#include "exec/worker_resolver.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

/// How long to wait for an answer before looking at the event files again.
constexpr int kFollowMilliseconds = 100;

/// One commit for what is put on record while it lives; whole even where an error ends it early.
class Group {
 public:
  explicit Group(Store& store) : store_(store) { store_.begin(); }
  void commit() {
    open_ = false;
    store_.commit();
  }
  ~Group() {
    if (!open_) return;
    try {
      store_.commit();
    } catch (const Error&) {
      // The error that led here is told; the event files have what is lost.
    }
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

 private:
  Store& store_;
  bool open_ = true;
};

class Coordinator {
 public:
  Coordinator(const Plan& plan, Store& store, const RunOptions& options, RunObserver& observer)
      : plan_(plan), store_(store), options_(options), observer_(observer), folders_(store.files()) {}

  RunOutcome run() {
    folders_.make();
    folders_.clear_partial();
    if (!options_.keep_study) store_.put_study(record_of(plan_));
    store_.recover();
    auto known = known_cells(plan_, store_);
    work_ = decide_whole(plan_, known, options_.retry_failed);
    passed_ = run_passes(plan_, work_, options_.passes);
    const Schedule& schedule = passed_.schedule;
    ready_.emplace(plan_, work_, schedule, store_.statuses());
    record_.emplace(plan_, store_, work_, *ready_, observer_, outcome_);
    orders_.emplace(plan_, store_, options_, folders_, schedule);
    slots_.resize(std::min(std::size_t(schedule.workers), ready_->most_workers()));
    for (const Work& work : work_) {
      if (work.action == Work::Action::None) ++outcome_.already;
      if (work.action == Work::Action::Hold) ++outcome_.held;
      outcome_.held_measures += std::int64_t(work.held_measures.size());
    }
    observer_.begin(plan_, work_, int(slots_.size()));
    while (step()) {
    }
    return outcome_;
  }

 private:
  /// One turn: hand out what is ready, wait for something to happen, see to it. False when all is over.
  bool step() {
    for (Slot& slot : slots_)
      if (!slot.busy && !slot.starting && !slot.given_up && ready_->any()) begin(slot);
    std::vector<pollfd> polled = {{signals_.descriptor(), POLLIN, 0}};
    bool busy = ready_->any();
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
    slot.measuring = !ready_->any_job();
    slot.prepare(options_.patience);
    if (slot.measuring) {
      const std::size_t cell = ready_->take_measured();
      slot.worker->send(orders_->measure(cell, work_[cell].measures, *ready_, slot.members.emplace_back()));
      observer_.measuring(plan_.cells[cell]);
    } else {
      const std::string line = orders_->train(ready_->take_job(), *ready_, slot.members);
      record_->begin(slot.members.front());
      slot.worker->send(line);
    }
  }

  /// Starts a worker, if there is more work than for those that are starting. It gets work once it has said hello: a
  /// worker that cannot start is no fault of a cell.
  void start(Slot& slot) {
    const auto starting = std::count_if(slots_.begin(), slots_.end(), [](const Slot& s) { return s.starting; });
    if (std::size_t(starting) >= ready_->count()) return;
    const auto number = std::size_t(&slot - slots_.data()) + 1;
    if (const auto problem = slot.start(
            {options_.plugin_dirs, passed_.schedule.threads, folders_.log(number), options_.checkpoint_seconds}))
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

  void attend(Slot& slot, bool look) {
    const auto answer = slot.worker->receive();
    if (answer) {
      const auto json = Json::parse(*answer, nullptr, false);
      if (json.is_object() && json.value("cell", Json()) == plan_.cells[slot.members.front().cell].identity)
        return answered(slot);
      if (const Json failure = json.is_object() ? json.value("failure", Json()) : Json(); failure.is_object())
        give_up(failure.value("message", ""), failure.value("hint", ""));
      slot.kill_worker();  // it answered nonsense, and nothing that it says can be trusted any more
      return died(slot, {0, "answered what is no answer: " + answer->substr(0, 200)});
    }
    if (slot.worker->ended()) return died(slot, slot.worker->reap());
    if (options_.time_limit > 0 && slot.seconds() > options_.time_limit) return out_of_time(slot);
    if (!look) return;
    if (!slot.measuring) {
      follow(slot);
      for (Member& member : slot.members) {
        if (!member.begun || member.concluded) continue;
        // What ended goes on record at once, but for the last, which the answer is about to tell of.
        if (member.ended() && slot.at < slot.members.size())
          record_->conclude(member);
        else
          record_->ingest(member);
      }
    }
    if (const auto silent = slot.silence.look(slot.heard()))
      observer_.silent(plan_.cells[slot.member().cell], fmt::format("{}, at {}", *silent, slot.stage()));
  }

  void follow(Slot& slot) {
    for (std::size_t i = slot.at; i < slot.members.size(); ++i) record_->follow(slot.members[i]);
    slot.advance();
  }

  /// The event files say how it ended; the worker goes on to the next before that is put on record.
  void answered(Slot& slot) {
    follow(slot);
    if (slot.at < slot.members.size()) {
      slot.kill_worker();
      return died(slot, {0, "said that it was done, and its event file does not"}, true);
    }
    std::vector<Member> past = std::move(slot.members);
    const bool measured = slot.measuring;
    if (!measured) compare(past, slot.job_seconds());
    slot.members.clear();
    slot.busy = false;
    Group group(store_);
    if (ready_->any()) begin(slot);
    for (Member& member : past)
      if (measured)
        record_->conclude_measures(member, failure_kind(member.tail.kind()), member.tail.error(), true);
      else if (!member.concluded)
        record_->conclude(member);
    group.commit();
  }

  /// Holds the estimate of a job against what it took.
  void compare(const std::vector<Member>& members, double seconds) {
    for (const Member& member : members)
      if (member.tail.end() != EventTail::End::Finished) return;
    Trained& trained = outcome_.trained[plan_.cells[members.front().cell].backbone->component.plugin];
    ++trained.jobs;
    trained.seconds += seconds * passed_.schedule.threads;
    for (const Member& member : members) {
      trained.operations += passed_.operations[member.cell];
      outcome_.estimated += passed_.seconds[member.cell];
    }
  }

  /// `sure`: the member that has not ended is to blame, whether it has begun or not.
  void died(Slot& slot, const WorkerEnd& end, bool sure = false) {
    const std::string printed = slot.worker->printed_since(slot.log_position);
    const FailureKind kind = fault_of(end, printed, memory_kills() > slot.memory_kills);
    follow(slot);
    const bool to_blame = slot.at < slot.members.size() && (sure || slot.member().begun);
    end_early(
        slot, to_blame, kind,
        fmt::format("its worker {}{}", end.words, kind == FailureKind::Memory ? ": there was not enough memory" : ""),
        printed);
  }

  void out_of_time(Slot& slot) {
    slot.kill_worker();
    const std::size_t at = slot.at;
    follow(slot);
    end_early(slot, slot.at == at, FailureKind::TimeLimit,
              fmt::format("it took longer than the time limit of {:.5g} s and was ended at {}", options_.time_limit,
                          slot.stage()),
              slot.worker->printed_since(slot.log_position));
  }

  /// A job whose worker is no more. Where the member that it was at is to blame, that fails; the others go back.
  void end_early(Slot& slot, bool to_blame, FailureKind kind, const std::string& error, const std::string& printed) {
    slot.worker.reset();
    slot.busy = false;
    const std::vector<Member> members = std::move(slot.members);
    slot.members.clear();
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < members.size(); ++i) {
      Member member = members[i];
      if (slot.measuring) {
        record_->conclude_measures(member, member.ended() ? failure_kind(member.tail.kind()) : kind,
                                   member.ended() ? member.tail.error() : error, member.ended());
      } else if (member.ended()) {
        if (!member.concluded) record_->conclude(member);
      } else if (i == slot.at && to_blame) {
        record_->fail(member, kind, error, printed);
      } else {
        if (member.begun) record_->interrupt(member, "its worker ended over another cell");
        left.push_back(member.cell);
      }
    }
    ready_->give_back(std::move(left));
  }

  /// The machine cannot go on, as when its disk is full; the cells are as good as they were. What is kept about plugins
  /// and data may be what is wrong, so it is asked anew.
  [[noreturn]] void give_up(const std::string& message, const std::string& hint) {
    stop(message);
    forget_answers();
    throw Error(ErrorKind::System, message, hint);
  }

  /// Ends all workers, which write their checkpoints of the last epoch. What had not begun is as it was.
  void stop(const std::string& reason) {
    outcome_.stopped = true;
    end_workers(slots_);
    for (Slot& slot : slots_) {
      if (!slot.busy) continue;
      slot.worker->reap();
      slot.busy = false;
      follow(slot);
      for (Member& member : slot.members) {
        if (member.concluded || !member.begun) continue;
        if (slot.measuring && member.ended()) {
          record_->conclude_measures(member, failure_kind(member.tail.kind()), member.tail.error(), true);
        } else if (slot.measuring) {
          record_->interrupt_measures(member);
        } else if (member.ended()) {
          record_->conclude(member);
        } else {
          ++outcome_.interrupted;
          record_->interrupt(member, reason);
        }
      }
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
  Passed passed_;
  std::optional<Ready> ready_;
  std::optional<Record> record_;
  std::optional<Orders> orders_;
  std::vector<Slot> slots_;
  std::chrono::steady_clock::time_point followed_{};
};

}  // namespace

RunOutcome run_plan(const Plan& plan, Store& store, const RunOptions& options, RunObserver& observer) {
  return Coordinator(plan, store, options, observer).run();
}

}  // namespace cambium
