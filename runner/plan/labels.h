#pragma once

#include <string>
#include <utility>
#include <vector>

#include "study/value.h"

namespace cambium {

using AxisValues = std::vector<std::pair<std::string, const Value*>>;

/// The axes as a JSON object, keys as they are: {"strategy": "from_scratch", "train.lr": 0.01}.
std::string axes_json(const AxisValues& axes);

/// What distinguishes an arm, for people: "full_finetuning, lr=0.01". `name` stands for the strategy if given;
/// `strategy` is said when no axis says it and nothing else is left.
std::string arm_label(const AxisValues& axes, const std::string& name, const std::string& strategy);

}  // namespace cambium
