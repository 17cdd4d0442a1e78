#pragma once

#include <optional>
#include <string>

namespace cambium {

/// What the name of a folder says that it holds. `Eval` is the test in some data sets and the validation in others.
enum class SplitName { Train, Validation, Test, Eval };

/// A folder's name as a split's: whatever its case, and with what people put beside the word (training_set, Test
/// Images, val2017). `rest` is what else the name says: "seg" of seg_train, empty of train.
struct NamedSplit {
  SplitName split;
  std::string rest;
};

/// Nothing for a name with no word for a split in it, or with several.
std::optional<NamedSplit> named_split(const std::string& folder);

}  // namespace cambium
