#pragma once

#include "cambium/schema.h"

namespace cambium {

/// What the runner itself reads of a stage's `train` table: epochs, batch, optimizer, schedule, loss.
const Schema& train_schema();

/// What the runner itself reads of a stage's `data` table, whatever the data set: selection, augmentation, normalisation.
const Schema& data_schema();

}  // namespace cambium
