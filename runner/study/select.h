#pragma once

#include <string>
#include <vector>

#include "study/problem.h"
#include "study/value.h"

namespace cambium {

/// How a stage chooses one point of each arm, by validation: [stage.x.select].
struct Select {
  struct Key {
    std::string name;  ///< "train.lr"
    Place place;
  };
  std::vector<Key> over;            ///< the axes whose values are tried
  std::string by = "val_accuracy";  ///< the metric; its mean over seeds and replicates decides
  Place place;                      ///< of the table
};

/// Reads the table of [stage.NAME.select].
Select read_select(const std::string& stage, const Value& table, Problems& problems);

}  // namespace cambium
