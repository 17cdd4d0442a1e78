#pragma once

#include <csignal>

namespace cambium {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the process but can be polled for; SIGHUP only where it was
/// not ignored before, as nohup has it. Ctrl-Z (SIGTSTP) can be polled for too, so that others may be halted first.
class StopSignals {
 public:
  enum class Kinds { All, CtrlZ };
  explicit StopSignals(Kinds kinds = Kinds::All);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  int descriptor() const { return descriptor_; }
  /// Whether one that ends came since.
  bool came();
  /// Whether Ctrl-Z came since it was last asked. suspend() is then due.
  bool suspended();

 private:
  void read();

  sigset_t set_{};
  int descriptor_ = -1;
  bool came_ = false, suspended_ = false;
};

/// Halts this process, as Ctrl-Z would have; gives back once it is let go on.
void suspend();

}  // namespace cambium
