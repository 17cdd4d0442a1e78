#include "plan/identity.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cambium/files.h"

namespace cambium {

void identify(Cell& cell, const Cell* source, bool paired) {
  std::string text = "cambium cell 1\n";
  for (const Part* part : {cell.backbone.get(), cell.data.get(), cell.strategy.get(), cell.train.get()})
    text += part->digest + "\n";
  text += cell.dataset->fingerprint + "\n";
  if (!cell.network->fingerprint.empty()) text += "network " + cell.network->fingerprint + "\n";
  const auto from = [&](const std::string& what) {
    return what.empty() ? std::string() : fmt::format("from {} {}\n", what, cell.source_weights);
  };
  cell.identity =
      sha256(fmt::format("{}{}seed {}\n", text, from(source ? source->identity : cell.source_sha256), cell.seed));
  cell.group = sha256(text + from(!source ? cell.source_sha256 : paired ? source->group : source->identity));
}

std::string config_json(const Plan& plan, const Cell& cell) {
  const auto text = [](const std::string& value) { return nlohmann::json(value).dump(); };
  std::string source = "null";
  if (cell.source >= 0)
    source = fmt::format(R"({{"cell":"{}","weights":"{}"}})", plan.cells[std::size_t(cell.source)].identity,
                         cell.source_weights);
  else if (!cell.source_file.empty())
    source = fmt::format(R"({{"file":{},"sha256":"{}"}})", text(cell.source_file), cell.source_sha256);
  return fmt::format(R"({{"backbone":{},"data":{},"strategy":{},"train":{},"fingerprint":{},"seed":{},"source":{}}})",
                     cell.backbone->json, cell.data->json, cell.strategy->json, cell.train->json,
                     text(cell.dataset->fingerprint), cell.seed, source);
}

}  // namespace cambium
