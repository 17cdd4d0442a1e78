#pragma once

#include "cambium/strategy.h"
#include "engine/model/model.h"
#include "protocol/messages.h"
#include "weights/weights_file.h"

namespace cambium {

/// Which of the file's tensors `source` means.
WeightsChoice choice_of(const WeightsRef& source);

/// Whether a weights file can be taken over by `model` under `plan`, its numbers looked at too.
WeightsFit weights_fit(const Model& model, const TransferPlan& plan, const WeightsFile& file,
                       const WeightsChoice& choice);

/// The tensors that `model` takes from `source` under `plan`, under the network's names. Throws Error{Data} naming
/// every one that does not fit.
TensorMap source_tensors(const Model& model, const TransferPlan& plan, const WeightsRef& source);

}  // namespace cambium
