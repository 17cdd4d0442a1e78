#pragma once

#include "cambium/transfer_plan.h"
#include "engine/data/images.h"
#include "engine/model/model.h"

namespace cambium {

/// Fills the running statistics of the layers that `plan` draws anew and freezes from the start, such as the control of
/// Yosinski et al. 2014. Nothing would ever fill them otherwise: they would normalise by the 0 and 1 that they are made
/// with, and the control would be about that rather than about weights.
///
/// One pass over `images`, plain: the mean over its batches, by images, of what each batch norm sees (the cumulative
/// average of torch.optim.swa_utils.update_bn), all other layers in eval mode. Leaves the model in eval mode.
void fill_frozen_statistics(Model& model, const TransferPlan& plan, const Images& images);

}  // namespace cambium
