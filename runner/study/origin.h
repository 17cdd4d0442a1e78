#pragma once

#include <string>
#include <vector>

#include "study/load.h"

namespace cambium {

/// Where a study gives a key its value.
struct Origin {
  std::string stage;  ///< empty: of the study as a whole
  std::string how;    ///< "", "axis" or "zipped axis"
  std::string value;  ///< as a study would write it
  Place place;        ///< of a line, or of a --set
};

/// Every place that gives `key` a value in the end: "train.lr" in any stage, "stage.transfer.train.lr" in one,
/// "study.seeds". What an including file, or a --set, has put in the place of another is not told.
std::vector<Origin> origins(const LoadedStudy& study, const std::string& key);

/// All keys that the study gives a value, for suggestions.
std::vector<std::string> given_keys(const LoadedStudy& study);

}  // namespace cambium
