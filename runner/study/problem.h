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
  /// Something does not go on for the sake of an error that is told already.
  void told() { ++errors_met_; }

  bool has_errors() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  /// Errors that came in, the same thing twice counted twice: whether something went wrong since.
  std::size_t errors_met() const { return errors_met_; }
  bool has_error_at(const Place& place) const;
  /// In the order of file and line.
  std::vector<Problem> sorted() const;

 private:
  std::vector<Problem> problems_;
  std::size_t errors_ = 0, errors_met_ = 0;
};

}  // namespace cambium
