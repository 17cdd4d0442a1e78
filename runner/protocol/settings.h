#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "cambium/image.h"
#include "cambium/schema.h"

namespace cambium {

/// Part of every cell's identity: to be raised when a default of the settings below changes, or what one means.
inline constexpr const char* kSettingsVersion = "1";

/// What the runner itself reads of a stage's `train` table: epochs, batch, optimizer, schedule, loss.
const Schema& train_schema();

/// What the runner itself reads of a stage's `data` table, whatever the data set: selection, geometry, augmentation,
/// normalisation.
const Schema& data_schema();

/// The shape of what a network sees of images of shape `raw`, by the settings' `resize` and `center_crop`. Height and
/// width are 0 where the images differ in size (as `raw` then says) and nothing makes them equal.
ImageShape input_shape(const Params& data_settings, const ImageShape& raw);

/// Height and width of an image once its shorter side is `side`: the longer one is side * longer / shorter without its
/// fraction, as torchvision's Resize has it. As it is for a side of 0.
ImageShape resized_shape(const ImageShape& raw, std::int64_t side);

/// Mean and standard deviation, one a channel, that images are normalised with: the data table's, else the backbone's
/// card, else 0.5 and 0.25.
std::pair<std::vector<double>, std::vector<double>> normalisation(const Params& settings, const InputCard& card,
                                                                  std::int64_t channels);

}  // namespace cambium
