#include "plan/weights_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "plan/checks.h"
#include "protocol/settings.h"
#include "weights/fit.h"
#include "weights/weights_file.h"

namespace cambium {
namespace {

bool near(const std::vector<double>& one, const std::vector<double>& other) {
  constexpr double kDifference = 1e-6;  // a card may have been written in single precision
  if (one.size() != other.size()) return false;
  for (std::size_t i = 0; i < one.size(); ++i)
    if (!(std::abs(one[i] - other[i]) <= kDifference)) return false;
  return true;
}

}  // namespace

const WeightsFacts* WeightsFiles::open(const std::string& file, const Place& place) {
  const auto [found, fresh] = files_.emplace(file, std::nullopt);
  if (fresh) {
    std::error_code ignored;
    try {
      const WeightsFile weights(file);
      WeightsFacts facts;
      facts.sha256 = weights.sha256();
      facts.card = read_card(file, weights.index().metadata, facts.sha256);
      found->second = std::move(facts);
    } catch (const Error& error) {
      const bool there = std::filesystem::exists(file, ignored);
      problems_.error(
          place, error.message(),
          there ? error.hint() : fmt::format("paths are relative to the data root, {}", data_root_.string()));
    }
  }
  return found->second ? &*found->second : nullptr;
}

std::int64_t WeightsFiles::generation(const std::string& file) {
  try {
    const WeightsFile weights(file);
    const auto card = read_card(file, weights.index().metadata, {});
    if (!card || card->study.count("generation") == 0) return 0;
    return std::max<std::int64_t>(0, std::strtoll(card->study.at("generation").c_str(), nullptr, 10));
  } catch (const Error&) {
    return 0;  // told where something is taken from it
  }
}

const std::vector<std::string>& WeightsFiles::classes(const std::string& file) const {
  static const std::vector<std::string> none;
  const auto found = files_.find(file);
  return found != files_.end() && found->second->card ? found->second->card->classes : none;
}

void WeightsFiles::check(const Cell& cell, const Stage& stage, const Place& place) {
  const WeightsFacts& facts = *files_.at(cell.source_file);
  // A part of the classes is taken of a head for all of them.
  const std::size_t classes = cell.head_rows.empty() ? cell.dataset->classes.size() : facts.card->classes.size();
  const NetworkRequest network{cell.backbone->component,
                               cell.strategy->component,
                               input_shape(cell.data->settings, cell.dataset->shape),
                               std::int64_t(classes),
                               cell.train->settings.integer("epochs"),
                               data_root_.string()};
  const auto answers = resolver_.weights({{network, cell.source_file, facts.sha256}});
  const std::int64_t own = network.shape.channels, other = own == 1 ? 3 : 1;
  if (const auto& failure = answers.front().failure)
    problems_.error(place, failure->message, failure->hint);
  else if (!answers.front().faults.empty() && fits(network, other, cell.source_file, facts.sha256))
    return problems_.error(cell.data->place,
                           fmt::format("stage {} has images of {}, and {} is of a network for images of {}", stage.name,
                                       channels_text(own), cell.source_file, channels_text(other)),
                           fmt::format("set channels = {} in the stage's data", other));
  else if (!answers.front().faults.empty())
    problems_.error(
        place,
        fmt::format("{} does not fit backbone {}: {}", cell.source_file, cell.backbone->component.plugin,
                    fault_text(answers.front().faults)),
        facts.card && !facts.card->architecture.empty()
            ? fmt::format("its card says that it is of {} with {}", facts.card->architecture, facts.card->parameters)
            : "take the backbone that the file was trained as, with the same parameters");
  if (facts.card && std::count(stage.allow.begin(), stage.allow.end(), "normalisation") == 0)
    check_card(*facts.card, cell, stage.name);
}

bool WeightsFiles::fits(NetworkRequest network, std::int64_t channels, const std::string& file,
                        const std::string& sha256) {
  network.shape.channels = channels;
  const WeightsFit fit = resolver_.weights({{network, file, sha256}}).front();
  return !fit.failure && fit.faults.empty();
}

void WeightsFiles::check_card(const WeightsCard& card, const Cell& cell, const std::string& stage) {
  const ImageShape shape = input_shape(cell.data->settings, cell.dataset->shape);
  const std::int64_t stated = card.mean.size() > 1 ? std::int64_t(card.mean.size()) : shape.channels,
                     channels = card.input.empty() ? stated : card.input.front();
  if (channels != shape.channels)
    return problems_.error(
        cell.data->place,
        fmt::format("stage {} has images of {}, and the weights that it starts from had {}, says {}", stage,
                    channels_text(shape.channels), channels_text(channels), card.path.string()),
        fmt::format("set channels = {} in the stage's data", channels));
  const std::string how = interpolation(cell.data->settings, cell.network->input);
  if (!card.interpolation.empty() && !how.empty() && how != card.interpolation)
    problems_.error(cell.data->place,
                    fmt::format("stage {} resizes its images by {} interpolation, and the weights that it starts from "
                                "want {}, says {}",
                                stage, how, card.interpolation, card.path.string()),
                    fmt::format("set interpolation = \"{}\" in the stage's data", card.interpolation));
  const auto [mean, std] = normalisation(cell.data->settings, cell.network->input, shape.channels);
  if (!card.mean.empty() && !(near(mean, card.mean) && near(std, card.std)))
    problems_.error(
        cell.data->place,
        fmt::format(
            "stage {} normalises with mean [{}] and std [{}], and the weights that it starts from with [{}] and "
            "[{}], says {}",
            stage, fmt::join(mean, ", "), fmt::join(std, ", "), fmt::join(card.mean, ", "), fmt::join(card.std, ", "),
            card.path.string()),
        fmt::format("transferred layers expect the input that they were trained on: set mean = [{}] and std = [{}] in "
                    "the stage's data",
                    fmt::join(card.mean, ", "), fmt::join(card.std, ", ")));
  const std::vector<std::int64_t> here = {shape.channels, shape.height, shape.width};
  if (!card.input.empty() && card.input != here)
    problems_.warning(cell.data->place,
                      fmt::format("stage {} has images of [{}], and the weights that it starts from had [{}], says {}",
                                  stage, fmt::join(here, ", "), fmt::join(card.input, ", "), card.path.string()),
                      "features depend on the size of what is seen: unusual, though it may be meant");
}

}  // namespace cambium
