#pragma once

#include <string>
#include <vector>

#include "cambium/error.h"

namespace cambium {

/// Something wrong, or odd, in a study: what, what to do, where.
struct Problem {
  enum class Severity { Error, Warning };
  Severity severity = Severity::Error;
  Place place;
  std::string message, hint;

  bool operator==(const Problem&) const = default;
};

/// All that was found in a study, so that it can be told at once; the same thing twice is told once.
class Problems {
 public:
  void error(Place place, std::string message, std::string hint);
  void warning(Place place, std::string message, std::string hint);
  void add(Problem problem);

  bool has_errors() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  /// In the order of file and line.
  std::vector<Problem> sorted() const;

 private:
  std::vector<Problem> problems_;
  std::size_t errors_ = 0;
};

}  // namespace cambium
