#include "exec/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace cambium {
namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_set();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  descriptor_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

StopSignals::~StopSignals() {
  came();  // what came is taken, so that it does not strike when it is let through again
  ::close(descriptor_);
  const sigset_t set = stop_set();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

bool StopSignals::came() {
  signalfd_siginfo info;
  while (::read(descriptor_, &info, sizeof info) == ssize_t(sizeof info)) came_ = true;
  return came_;
}

}  // namespace cambium
