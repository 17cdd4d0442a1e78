#pragma once

#include <utility>
#include <vector>

#include "cambium/image.h"
#include "cambium/schema.h"

namespace cambium {

/// Part of every cell's identity: to be raised when a default of the settings below changes, or what one means.
inline constexpr const char* kSettingsVersion = "1";

/// What the runner itself reads of a stage's `train` table: epochs, batch, optimizer, schedule, loss.
const Schema& train_schema();

/// What the runner itself reads of a stage's `data` table, whatever the data set: selection, augmentation,
/// normalisation.
const Schema& data_schema();

/// Mean and standard deviation, one a channel, that images are normalised with: the data table's, else the backbone's
/// card, else 0.5 and 0.25.
std::pair<std::vector<double>, std::vector<double>> normalisation(const Params& settings, const InputCard& card,
                                                                  std::int64_t channels);

}  // namespace cambium
