#include "plan/identity.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cambium/files.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

/// What plans of some kinds have come to mean: results of before are no longer theirs. All others keep their identity.
std::string changed_since_version_1(const TransferPlan& plan) {
  bool drawn_and_frozen = false, dropping = false;
  for (const Phase& phase : plan.phases)
    for (std::size_t l = 0; l < phase.layers.size(); ++l) {
      if (!phase.layers[l].frozen()) continue;
      drawn_and_frozen = drawn_and_frozen || (phase.epoch == 0 && plan.weights[l] != Weights::Source);
      dropping = dropping || phase.layers[l].frozen_mode == FrozenMode::Train;
    }
  return std::string(drawn_and_frozen ? "calibrated\n" : "") + (dropping ? "frozen norms by running statistics\n" : "");
}

}  // namespace

void identify(Cell& cell, const Cell* source, bool paired) {
  std::string text = "cambium cell 1\n";
  for (const Part* part : {cell.backbone.get(), cell.data.get(), cell.strategy.get(), cell.train.get()})
    text += part->digest + "\n";
  text += cell.dataset->fingerprint + "\n";
  // Where a card decides, the data table does not tell. The other way of it has no line, so that old results stay.
  if (interpolation(cell.data->settings, cell.network->input) == "bicubic") text += "interpolation bicubic\n";
  if (!cell.network->fingerprint.empty()) text += "network " + cell.network->fingerprint + "\n";
  if (cell.generation > 0) text += fmt::format("generation {}\n", cell.generation);
  text += changed_since_version_1(cell.network->plan);
  if (!cell.head_rows.empty()) text += fmt::format("head {}\n", fmt::join(cell.head_rows, " "));
  const auto from = [&](const std::string& what) {
    return what.empty() ? std::string() : fmt::format("from {} {}\n", what, cell.source_weights);
  };
  const std::string file = from(cell.source_sha256) + cell.source_variant;
  cell.identity = sha256(fmt::format("{}{}seed {}\n", text, source ? from(source->identity) : file, cell.seed));
  cell.group = sha256(text + (!source ? file : from(paired ? source->group : source->identity)));
}

std::string config_json(const Plan& plan, const Cell& cell) {
  const auto text = [](const std::string& value) { return nlohmann::json(value).dump(); };
  const auto chosen = [&](const char* name, const std::optional<std::string>& value) {
    return value ? fmt::format(R"(,"{}":{})", name, text(*value)) : std::string();
  };
  std::string source = "null";
  if (cell.source >= 0)
    source = fmt::format(R"({{"cell":"{}","weights":"{}"}})", plan.cells[std::size_t(cell.source)].identity,
                         cell.source_weights);
  else if (!cell.source_file.empty())
    source = fmt::format(R"({{"file":{},"sha256":"{}"{}{}}})", text(cell.source_file), cell.source_sha256,
                         chosen("key", cell.source_key), chosen("prefix", cell.source_prefix));
  return fmt::format(
      R"({{"backbone":{},"data":{},"strategy":{},"train":{},"fingerprint":{},"seed":{},"generation":{},"source":{}}})",
      cell.backbone->json, cell.data->json, cell.strategy->json, cell.train->json, text(cell.dataset->fingerprint),
      cell.seed, cell.generation, source);
}

}  // namespace cambium
