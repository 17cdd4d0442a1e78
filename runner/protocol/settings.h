#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cambium/image.h"
#include "cambium/schema.h"

namespace cambium {

/// What the runner itself reads of a stage's `train` table: epochs, batch, optimizer, schedule, loss.
const Schema& train_schema();

/// What the runner itself reads of a stage's `data` table, whatever the data set: selection, geometry, augmentation,
/// normalisation.
const Schema& data_schema();

/// Part of a cell's identity: raised where a default of these settings (a train or a data table's) changes, or what one
/// means, for the tables that read it.
std::string settings_version(const Params& settings);

/// Whether a parameter of whole numbers takes a single one or a pair: `resize = 256`, `resize = [320, 240]`. Its
/// default is then a single one.
bool one_or_pair(const Parameter& parameter);

/// The size that images are resized to.
struct Resize {
  std::int64_t side = 0;               ///< of the shorter side, in pixels; 0: not so
  std::int64_t width = 0, height = 0;  ///< of the whole image, whatever its shape; 0: not so

  bool changes() const { return side > 0 || height > 0; }
  bool operator==(const Resize&) const = default;
};
/// What the settings' `resize` says: a side, or [width, height].
Resize resize(const Params& data_settings);

/// Height and width of an image of shape `raw` after it. Where the shorter side is given, the longer one is
/// side * longer / shorter without its fraction, as torchvision's Resize has it.
ImageShape resized_shape(const ImageShape& raw, const Resize& how);

/// The channels of what a network sees of images of `raw` channels: those of the settings' `channels`, else as it is.
std::int64_t input_channels(const Params& data_settings, std::int64_t raw);

/// The shape of what a network sees of images of shape `raw`, by the settings' `channels`, `resize` and `center_crop`.
/// Height and width are 0 where the images differ in size (as `raw` then says) and nothing makes them equal.
ImageShape input_shape(const Params& data_settings, const ImageShape& raw);

/// How pixels are computed where images are resized: the settings' `interpolation`, else as the backbone's card says.
/// Empty where nothing is resized.
std::string interpolation(const Params& data_settings, const InputCard& card);

/// Mean and standard deviation, one a channel, that images are normalised with: the data table's, else the backbone's
/// card, else 0.5 and 0.25.
std::pair<std::vector<double>, std::vector<double>> normalisation(const Params& settings, const InputCard& card,
                                                                  std::int64_t channels);

}  // namespace cambium
