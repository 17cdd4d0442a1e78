#pragma once

#include <filesystem>
#include <string>

#include "engine/data/sealed_dataset.h"
#include "engine/data/selection.h"

namespace cambium {

/// Keeps which images a run was trained and validated on: FOLDER/HASH.json, HASH being the first 16 digits of the
/// text's SHA-256, which is returned whole. {"classes": names by label, "train": [...], "validation": [...],
/// "validation_of": "train" or "validation"}, images by their numbers in the data set. Runs with the same selection
/// share a file. Throws Error{System}.
std::string record_selection(const std::filesystem::path& folder, const SealedDataset& data,
                             const Selection& selection);

}  // namespace cambium
