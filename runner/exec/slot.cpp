#include "exec/slot.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "exec/control_group.h"

namespace cambium {
namespace {

/// Looking takes longer than the bookkeeping of a small job, which is begun by hundreds a second.
constexpr std::chrono::seconds kLookAtKills{1};

double since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

}  // namespace

std::optional<Error> Slot::start(WorkerProcess::Options options) {
  try {
    worker = std::make_unique<WorkerProcess>(std::move(options));
  } catch (const Error& error) {
    return error;
  }
  starting = true;
  log_position = worker->log_position();
  worker->send(R"({"do":"hello"})");
  return std::nullopt;
}

std::optional<Error> Slot::greet() {
  std::optional<Error> problem;
  if (const auto answer = worker->receive()) {
    const auto json = nlohmann::json::parse(*answer, nullptr, false);
    starting = false;
    if (json.is_object() && json.contains("hello")) return std::nullopt;
    problem.emplace(ErrorKind::System, "the worker answered what is no answer: " + answer->substr(0, 200),
                    "are cambium and cambium-worker of one version?");
  } else if (worker->ended()) {
    const WorkerEnd end = worker->reap();
    const std::string printed = worker->printed_since(log_position);
    problem.emplace(ErrorKind::System,
                    fmt::format("the worker {} before it began{}", end.words,
                                printed.empty() ? "" : "; it printed last:\n" + printed),
                    "mend what it says (libraries, memory, limits of this shell), and run the same command again");
  } else {
    return std::nullopt;
  }
  starting = false;
  worker.reset();
  return problem;
}

void Slot::prepare(double patience) {
  log_position = worker->log_position();
  members.clear();
  at = 0;
  begun = member_begun = std::chrono::steady_clock::now();
  if (begun - looked_at_kills > kLookAtKills) {
    memory_kills = cambium::memory_kills();
    looked_at_kills = begun;
  }
  silence = Silence(worker->process(), patience);
}

void Slot::kill_worker() {
  worker->kill();
  worker->reap();
}

void Slot::advance() {
  const std::size_t before = at;
  while (at < members.size() && members[at].ended()) ++at;
  if (at != before) member_begun = std::chrono::steady_clock::now();
}

double Slot::seconds() const { return since(member_begun); }
double Slot::job_seconds() const { return since(begun); }

std::string Slot::stage() const {
  return measuring ? "its measures" : "epoch " + std::to_string(member().tail.epoch() + 1);
}

std::uintmax_t Slot::heard() const {
  std::error_code none;
  const auto size = std::filesystem::file_size(member().events, none);
  return (none ? 0 : size) + (std::uintmax_t{at} << 40);
}

void end_workers(std::vector<Slot>& slots) {
  constexpr std::chrono::seconds kGrace{5};
  for (Slot& slot : slots)
    if (slot.busy) slot.worker->terminate();
  const auto end = std::chrono::steady_clock::now() + kGrace;
  for (Slot& slot : slots) {
    if (!slot.busy) continue;
    slot.worker->wait_until(end);
    slot.worker->kill();
  }
}

}  // namespace cambium
