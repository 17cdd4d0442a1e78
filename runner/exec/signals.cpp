#include "exec/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

namespace cambium {
namespace {

bool is_ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

StopSignals::StopSignals(Kinds kinds) {
  ::sigemptyset(&set_);
  if (kinds == Kinds::All) {
    ::sigaddset(&set_, SIGINT);
    ::sigaddset(&set_, SIGTERM);
    if (!is_ignored(SIGHUP)) ::sigaddset(&set_, SIGHUP);
  }
  if (!is_ignored(SIGTSTP)) ::sigaddset(&set_, SIGTSTP);
  ::sigprocmask(SIG_BLOCK, &set_, nullptr);
  descriptor_ = ::signalfd(-1, &set_, SFD_NONBLOCK | SFD_CLOEXEC);
}

StopSignals::~StopSignals() {
  read();  // what came is taken, so that it does not strike when it is let through again
  ::close(descriptor_);
  ::sigprocmask(SIG_UNBLOCK, &set_, nullptr);
}

void StopSignals::read() {
  signalfd_siginfo info;
  while (::read(descriptor_, &info, sizeof info) == ssize_t(sizeof info))
    (info.ssi_signo == SIGTSTP ? suspended_ : came_) = true;
}

bool StopSignals::came() {
  read();
  return came_;
}

bool StopSignals::suspended() {
  read();
  return std::exchange(suspended_, false);
}

void suspend() {
  // Let through, and not SIGSTOP: the kernel knows when nobody is there who could let the process go on.
  sigset_t set, before;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTSTP);
  ::raise(SIGTSTP);
  ::sigprocmask(SIG_UNBLOCK, &set, &before);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace cambium
