#pragma once

#include <string>
#include <vector>

#include "plan/passes/passes.h"

namespace CLI {
class App;
}

namespace cambium {

/// What of the passes a command is told.
struct PassOptions {
  std::vector<std::string> without;  ///< --without, each a list
  std::string taps = "8G";           ///< --taps
  int workers = 0, threads = 0;      ///< 0: to be chosen

  /// With the processors that may be used, and the rates of earlier runs. Throws Error{Usage}.
  PassSettings settings() const;
};

void add_passes(CLI::App& verb, PassOptions& options);

/// A table with a line a pass; empty where there is nothing to train.
std::string passes_text(const Passed& passed);

}  // namespace cambium
