#pragma once

#include <string>
#include <utility>
#include <vector>

#include "study/study.h"

namespace cambium {

using AxisValues = std::vector<std::pair<std::string, const Value*>>;

/// The axes as a JSON object, keys as they are: {"strategy": "from_scratch", "train.lr": 0.01}.
std::string axes_json(const AxisValues& axes);

/// What the study calls the arm of a point, by the values that it takes of the axes (`indices`, -1: none) and the extra
/// that it is, if any; empty where it has no name.
std::string arm_name(const Stage& stage, const std::vector<int>& indices, const Assignment* extra);

/// The axes that are not told by the arm's name: those that march neither with `arm` nor with `strategy`, and of an
/// extra cell that has a name, none.
AxisValues factors_of(const AxisValues& axes, const Stage& stage, const std::vector<int>& indices,
                      const Assignment* extra);

/// What distinguishes an arm, for people: "full_finetuning, lr=0.01". A `name` that the study gives stands for all axes
/// but the `factors`; else the axes are told, the strategy among them. `strategy` is said when nothing else is.
std::string arm_label(const AxisValues& axes, const AxisValues& factors, const std::string& name,
                      const std::string& strategy);

}  // namespace cambium
