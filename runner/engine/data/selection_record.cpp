#include "engine/data/selection_record.h"

#include <nlohmann/json.hpp>

#include "cambium/files.h"

namespace cambium {

std::string record_selection(const std::filesystem::path& folder, const SealedDataset& data,
                             const Selection& selection) {
  const Split validation = selection.validation_split ? Split::Validation : Split::Train;
  const nlohmann::json json = {{"classes", data.info().classes},
                               {"train", data.originals(Split::Train, selection.train)},
                               {"validation", data.originals(validation, selection.validation)},
                               {"validation_of", to_string(validation)}};
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  const std::string hash = sha256(text);
  const auto path = folder / (hash.substr(0, 16) + ".json");
  if (!std::filesystem::exists(path)) write_file(path, text);
  return hash;
}

}  // namespace cambium
