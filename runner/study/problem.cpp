#include "study/problem.h"

#include <algorithm>
#include <tuple>

namespace cambium {

void Problems::error(Place place, std::string message, std::string hint) {
  add({Problem::Severity::Error, std::move(place), std::move(message), std::move(hint)});
}

void Problems::warning(Place place, std::string message, std::string hint) {
  add({Problem::Severity::Warning, std::move(place), std::move(message), std::move(hint)});
}

void Problems::add(Problem problem) {
  if (problem.severity == Problem::Severity::Error) ++errors_met_;
  if (std::find(problems_.begin(), problems_.end(), problem) != problems_.end()) return;
  if (problem.severity == Problem::Severity::Error) ++errors_;
  problems_.push_back(std::move(problem));
}

bool Problems::has_error_at(const Place& place) const {
  return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) {
    return problem.severity == Problem::Severity::Error && problem.place == place;
  });
}

std::vector<Problem> Problems::sorted() const {
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.place.file, a.place.line, a.place.column) < std::tie(b.place.file, b.place.line, b.place.column);
  });
  return sorted;
}

}  // namespace cambium
