#include "engine/train/checkpoint_keeper.h"

#include <pthread.h>

#include <csignal>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

namespace cambium {
namespace {

/// The keepers that there are. Held by whoever touches one, since SIGTERM comes on a thread of its own.
std::mutex& mutex() {
  static std::mutex instance;
  return instance;
}
std::set<CheckpointKeeper*>& keepers() {
  static std::set<CheckpointKeeper*> instance;
  return instance;
}

void copy(TensorMap& tensors) {
  for (auto& [name, tensor] : tensors) tensor = tensor.detach().clone();
}

}  // namespace

CheckpointKeeper::CheckpointKeeper(std::filesystem::path path, double seconds)
    : path_(std::move(path)), seconds_(seconds) {
  const std::lock_guard lock(mutex());
  keepers().insert(this);
}

CheckpointKeeper::~CheckpointKeeper() {
  const std::lock_guard lock(mutex());
  keepers().erase(this);
  try {
    write_waiting();
  } catch (const std::exception&) {
    // The run has ended for another reason, and that is told.
  }
}

void CheckpointKeeper::keep(Checkpoint checkpoint, const MadeWith& made_with) {
  const bool now = std::chrono::duration<double>(Clock::now() - written_).count() >= seconds_;
  if (!now) {  // what is best so far is a copy already
    copy(checkpoint.model);
    copy(checkpoint.optimizer);
  }
  const std::lock_guard lock(mutex());
  waiting_ = std::move(checkpoint);
  made_with_ = made_with;
  if (now) write_waiting();
}

void CheckpointKeeper::remove() {
  const std::lock_guard lock(mutex());
  waiting_.reset();
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void CheckpointKeeper::write_waiting() {
  if (!waiting_) return;
  write_checkpoint(path_, *waiting_, made_with_);
  waiting_.reset();
  written_ = Clock::now();
}

void write_checkpoints_on_sigterm() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread([set] {
    int came = 0;
    if (sigwait(&set, &came) != 0) return;
    const std::lock_guard lock(mutex());  // and held to the end: nothing is written after this
    for (CheckpointKeeper* keeper : keepers()) try {
        keeper->write_waiting();
      } catch (const std::exception&) {
        // The one before is still there.
      }
    ::signal(SIGTERM, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    ::raise(SIGTERM);
  }).detach();
}

}  // namespace cambium
