#include "protocol/settings.h"

#include <variant>

namespace cambium {
namespace {

std::vector<double> per_channel(const std::vector<double>& values, std::int64_t channels, double otherwise) {
  if (values.size() > 1) return values;
  return std::vector<double>(std::size_t(channels), values.empty() ? otherwise : values.front());
}

}  // namespace

const Schema& train_schema() {
  static const Schema schema =
      Schema()
          .integer("epochs", 10, {0, 1e6},
                   "passes over the training images (lbfgs: the most iterations); 0 evaluates only")
          .choice("optimizer", "sgd", {"sgd", "adam", "adamw", "lbfgs"},
                  "the update rule; lbfgs fits a linear head on frozen layers to all images at once")
          .integer("batch", 64, {1, 1e6}, "images a step")
          .when("optimizer", {"sgd", "adam", "adamw"})
          .number("lr", 0.01, {0, 1e3}, "learning rate, before schedule and layer-wise scales")
          .when("optimizer", {"sgd", "adam", "adamw"})
          .number("momentum", 0.0, {0, 0.9999}, "momentum")
          .when("optimizer", {"sgd"})
          .boolean("nesterov", false, "Nesterov's form of the momentum")
          .when("optimizer", {"sgd"})
          .number("beta1", 0.9, {0, 0.999999}, "decay of the first moment")
          .when("optimizer", {"adam", "adamw"})
          .number("beta2", 0.999, {0, 0.999999}, "decay of the second moment")
          .when("optimizer", {"adam", "adamw"})
          .number("eps", 1e-8, {0, 1}, "added to the root of the second moment")
          .when("optimizer", {"adam", "adamw"})
          .number("tolerance", 1e-5, {0, 1}, "the greatest derivative of the mean loss at which the fit is done")
          .when("optimizer", {"lbfgs"})
          .number("weight_decay", 0.0, {0, 10},
                  "added to the gradient (sgd, adam), taken off the weights (adamw), or, half of it times the squared "
                  "weights, to the mean loss (lbfgs: 1 / (C images) of scikit-learn's C)")
          .choice("schedule", "constant",
                  {"constant", "step", "cosine", "triangular", "one_cycle", "slanted_triangular"},
                  "how the learning rate goes over the steps of the whole training; phases of a strategy scale it")
          .when("optimizer", {"sgd", "adam", "adamw"})
          .integer("step_epochs", 10, {1, 1e6}, "epochs from one step down to the next")
          .when("schedule", {"step"})
          .number("gamma", 0.1, {0, 1}, "factor of each step down")
          .when("schedule", {"step"})
          .number("final_lr", 0.0, {0, 1}, "what the cosine ends at, as a part of lr")
          .when("schedule", {"cosine"})
          .number("cycle_epochs", 2.0, {1e-3, 1e6}, "epochs from one low of the triangle to the next")
          .when("schedule", {"triangular"})
          .number("low_lr", 0.1, {0, 1}, "the lows of the triangle, as a part of lr, which is its peak")
          .when("schedule", {"triangular"})
          .number("rise", 0.3, {1e-6, 0.999999}, "part of the training in which the one cycle rises to lr")
          .when("schedule", {"one_cycle"})
          .number("start_div", 25.0, {1, 1e9}, "what the one cycle starts at: lr divided by this")
          .when("schedule", {"one_cycle"})
          .number("end_div", 1e4, {1, 1e12}, "what it ends at: its start divided by this")
          .when("schedule", {"one_cycle"})
          .boolean(
              "cycle_momentum", true,
              "whether the one cycle takes the momentum (adam: beta1) from 0.95 down to 0.85 as the rate rises, and "
              "back, whatever momentum says, as PyTorch's OneCycleLR does")
          .when("schedule", {"one_cycle"})
          .number("cut_frac", 0.1, {1e-6, 0.999999}, "part of the training in which the slanted triangle rises to lr")
          .when("schedule", {"slanted_triangular"})
          .number("ratio", 32.0, {1, 1e9}, "how much lower than lr the slanted triangle starts and ends")
          .when("schedule", {"slanted_triangular"})
          .number("warmup_epochs", 0.0, {0, 1e6}, "epochs over which the rate first rises from 0, in a line")
          .when("schedule", {"constant", "step", "cosine"})
          .number("label_smoothing", 0.0, {0, 0.999}, "part of each label spread evenly over all classes")
          .choice("precision", "fp32", {"fp32", "bf16"},
                  "what convolutions and products compute in; weights, optimizer, norms and losses stay in fp32");
  return schema;
}

const Schema& data_schema() {
  static const Schema schema =
      Schema()
          .strings("only", std::vector<std::string>{}, "the classes to keep, by name; []: all")
          .strings("except", std::vector<std::string>{}, "classes to leave out, by name")
          .choice("half", "all", {"all", "A", "B"},
                  "of the classes kept, a random half; A and B are each other's complement")
          .integer("split", 0, {0, 1e9}, "which random halving; each number is one, the same for every seed")
          .when("half", {"A", "B"})
          .integer("per_class", 0, {0, 1e9}, "training images a class (k-shot), drawn by the seed; 0: all")
          .number("fraction", 1.0, {1e-6, 1}, "the same as a part of each class")
          .integer("images", 0, {0, 1e9},
                   "the same as a number in all, spread over the classes as they are in the data; 0: all")
          .number("validation", 0.0, {0, 0.9}, "part of each class of the training images held out for validation")
          .integer("validation_per_class", 0, {0, 1e9}, "the same as a number of images")
          .integer(
              "channels", 0, {0, 3},
              "1: images become grey; 3: grey images become ones in colour, of three equal channels; 0: as they are")
          .add({"resize",
                ParamType::Integers,
                ParamValue(std::int64_t{0}),
                {0, 8192},
                {},
                "the shorter side of each image in pixels, or [width, height], as Pillow does it; 0: as it is",
                {},
                {}})
          .choice("interpolation", "card", {"card", "bilinear", "bicubic"},
                  "how resize and random_resized_crop compute pixels; card: as the backbone's card says, else bilinear")
          .integer("center_crop", 0, {0, 8192}, "side of the square cut out of the middle after that; 0: none")
          .integer(
              "random_resized_crop", 0, {0, 8192},
              "side that random parts of training images are resized to, instead of resize and center_crop; 0: none")
          .numbers("random_resized_crop_scale", std::vector<double>{0.08, 1}, {1e-6, 1},
                   "the least and the greatest part of the area that is cut out")
          .numbers("random_resized_crop_ratio", std::vector<double>{3.0 / 4, 4.0 / 3}, {0.01, 100},
                   "the least and the greatest width / height of what is cut out")
          .number("rotation", 0, {0, 180}, "turns each training image by at most so many degrees either way")
          .table("color_jitter", std::map<std::string, double>{}, {0, 1e3},
                 "how far brightness, contrast, saturation and hue of training images stray: factors from 1 - x to 1 + "
                 "x; hue is turned by at most x of a full turn")
          .integer("crop", 0, {0, 64}, "random crops of the image padded by this many pixels a side; 0: none")
          .boolean("flip", false, "mirrors each training image with probability 1/2")
          .number("random_erasing", 0, {0, 1}, "probability that a rectangle of a training image is erased")
          .number("mixup", 0, {0, 100}, "alpha of the Beta by which a training image is blended with another; 0: not")
          .number("cutmix", 0, {0, 100}, "alpha of the Beta by which a part of another image is put in; 0: not")
          .numbers("mean", std::vector<double>{}, {-1e6, 1e6},
                   "taken off pixels in [0, 1]; one a channel or one for all; []: the backbone's, else 0.5")
          .numbers("std", std::vector<double>{}, {0, 1e6},
                   "what they are then divided by; []: the backbone's, else 0.25");
  return schema;
}

std::string settings_version(const Params& settings) {
  // 2: `images` is exact; one_cycle cycles the momentum too.
  const bool counted = settings.has("images") && settings.integer("images") > 0;
  const bool cycles = settings.has("cycle_momentum") && settings.boolean("cycle_momentum");
  return counted || cycles ? "2" : "1";
}

bool one_or_pair(const Parameter& parameter) {
  return parameter.type == ParamType::Integers && parameter.default_value &&
         std::holds_alternative<std::int64_t>(*parameter.default_value);
}

Resize resize(const Params& data_settings) {
  const ParamValue& value = data_settings.values().at("resize");
  if (const auto* sides = std::get_if<std::vector<std::int64_t>>(&value)) return {0, sides->at(0), sides->at(1)};
  return {std::get<std::int64_t>(value), 0, 0};
}

ImageShape resized_shape(const ImageShape& raw, const Resize& how) {
  if (how.height > 0) return {raw.channels, how.height, how.width};
  if (how.side == 0 || raw.height == 0 || raw.width == 0) return raw;
  const auto other = [&](std::int64_t longer, std::int64_t shorter) {
    return std::int64_t(double(how.side * longer) / double(shorter));
  };
  if (raw.width <= raw.height) return {raw.channels, other(raw.height, raw.width), how.side};
  return {raw.channels, how.side, other(raw.width, raw.height)};
}

std::int64_t input_channels(const Params& data_settings, std::int64_t raw) {
  const std::int64_t wanted = data_settings.integer("channels");
  return wanted > 0 ? wanted : raw;
}

ImageShape input_shape(const Params& data_settings, const ImageShape& raw) {
  const std::int64_t side = data_settings.integer("center_crop"),
                     channels = input_channels(data_settings, raw.channels);
  if (side > 0) return {channels, side, side};
  return resized_shape({channels, raw.height, raw.width}, resize(data_settings));
}

std::string interpolation(const Params& data_settings, const InputCard& card) {
  if (!resize(data_settings).changes() && data_settings.integer("random_resized_crop") == 0) return "";
  const std::string& given = data_settings.string("interpolation");
  return given == "card" ? card.interpolation : given;
}

std::pair<std::vector<double>, std::vector<double>> normalisation(const Params& settings, const InputCard& card,
                                                                  std::int64_t channels) {
  const auto& mean = settings.numbers("mean");
  const auto& std = settings.numbers("std");
  return {per_channel(mean.empty() ? card.mean : mean, channels, 0.5),
          per_channel(std.empty() ? card.std : std, channels, 0.25)};
}

}  // namespace cambium
