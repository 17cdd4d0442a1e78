#pragma once

namespace cambium {

/// While it lives, SIGINT and SIGTERM do not end the process but can be polled for.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  int descriptor() const { return descriptor_; }
  /// Whether one came since.
  bool came();

 private:
  int descriptor_ = -1;
  bool came_ = false;
};

}  // namespace cambium
