#pragma once

#include <string>
#include <utility>
#include <vector>

#include "study/value.h"

namespace cambium {

using AxisValues = std::vector<std::pair<std::string, const Value*>>;

/// The axes as a JSON object, keys as they are: {"strategy": "from_scratch", "train.lr": 0.01}.
std::string axes_json(const AxisValues& axes);

/// What distinguishes an arm, for people: "full_finetuning, lr=0.01". A `name` that the study gives stands for all axes
/// but the `factors`; else the axes are told, the strategy among them. `strategy` is said when nothing else is.
std::string arm_label(const AxisValues& axes, const AxisValues& factors, const std::string& name,
                      const std::string& strategy);

}  // namespace cambium
