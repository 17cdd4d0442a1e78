#pragma once

#include <string>

#include "report/metric.h"
#include "store/store.h"

namespace cambium {

/// A study's arms beside each other, in its order: stage, arm, n (cells with a result), missing (cells without), mean
/// and half (of the metric, and its 95 % interval's half), trainable, total, seconds (a cell, mean), repeats (what the
/// interval counts), metric, tried (points that the arm was chosen from, or NULL), chosen.
Table comparison(const Store& store, const std::string& study, const Figures& figures = {});

/// The same for people: accuracies in percent, then what the interval is, what was chosen, which cells are missing, and
/// the paired differences where the study names a baseline.
std::string comparison_text(const Store& store, const std::string& study, const Figures& figures = {});

}  // namespace cambium
