#pragma once

#include <string>

namespace cambium {

/// Whose fault a failure is, and what is told of it.
struct Blame {
  const char* kind = "plugin";  ///< "study", "data", "plugin", "memory", "diverged"
  std::string message, hint;
};

/// Of the exception that is being handled. One that is the machine's fault (Error{System}; no more processes, threads
/// or files) is thrown on, as Error{System}.
Blame blame();

}  // namespace cambium
