#pragma once

#include <string>

#include "report/format.h"
#include "report/metric.h"
#include "store/store.h"

namespace cambium {

/// How a mean's interval is written: "62.51 ± 0.73", or "62.51 [61.78, 63.24]".
enum class Spread { PlusMinus, Interval };

/// A study's arms as a paper prints them: only columns that say something, the best mean of each stage in bold.
/// `how`: Markdown or Latex.
std::string paper_table(const Store& store, const std::string& study, const Figures& figures, Spread spread,
                        Format how);

/// Arms, best first: of each group that `by` makes, the best `top` (0: all). `by`: "stage", "backbone", "dataset",
/// "strategy", or any key of a cell's configuration, as train.lr; empty: one group. Throws Error{Usage} for a key that
/// no cell has.
Table best_arms(const Store& store, const std::string& study, const Figures& figures, const std::string& by,
                std::int64_t top);

}  // namespace cambium
