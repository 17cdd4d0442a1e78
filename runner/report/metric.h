#pragma once

#include <optional>
#include <string>

#include "store/store.h"

namespace cambium {

/// A metric as it is told: what is better, and how its values are written.
struct Metric {
  std::string name = "test_accuracy";
  int better = 1;     ///< 1: higher; -1: lower; 0: neither can be said
  bool parts = true;  ///< a part of a whole, told in percent

  /// "test accuracy".
  std::string words() const;
  /// "test accuracy %", "ece % (lower is better)": over a column of values.
  std::string title() const;
  /// 62.51 of 0.6251; 0.8312 of what is no part of a whole. `sign`: with + where it is above 0.
  std::string text(double value, bool sign = false) const;
};

/// Which figures tables show.
struct Figures {
  Metric metric;
  bool all = false;  ///< of points that were not chosen too
};

/// The metric of a study that is called `name`; of a measure its name alone will do where the study has it with one set
/// of parameters. Throws Error{Usage} for one that no done cell of the study has, with the nearest and all that there
/// are.
Metric find_metric(const Store& store, const std::string& study, const std::string& name);

}  // namespace cambium
