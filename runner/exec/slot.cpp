#include "exec/slot.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "exec/control_group.h"

namespace cambium {

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
  memory_kills = cambium::memory_kills();
  begun = std::chrono::steady_clock::now();
  silence = Silence(worker->process(), patience);
}

double Slot::seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(); }

std::uintmax_t Slot::heard() const {
  std::error_code none;
  const auto size = std::filesystem::file_size(events, none);
  return none ? 0 : size;
}

Slot Slot::past() const {
  Slot past;
  past.measuring = measuring;
  past.cell = cell;
  past.attempt = attempt;
  past.events = events;
  past.tail = tail;
  return past;
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
