#pragma once

#include <optional>
#include <string>
#include <vector>

#include "study/study.h"

namespace cambium {

/// What a stage starts from: "pretrain", { stage = "pretrain", weights = "best", same = ["data.split"], other =
/// ["data.half"], disjoint = true }, or { file = "weights/x.pth", key = "state_dict_ema", prefix = "encoder_q." }.
struct Init {
  enum class Kind { None, Stage, File } kind = Kind::None;
  std::size_t stage = 0;
  std::string weights = "last";
  std::string file;
  std::optional<std::string> key, prefix;  ///< which of the file's tensors
  Place key_place, prefix_place;
  std::vector<std::string> same,
      other;              ///< keys in which the source's cell is like the one that starts from it; or is not
  bool disjoint = false;  ///< source and target must have no image in common
  Place place;
};

/// Reads one init; Kind::None where an error leaves open what it names.
Init read_init(const Value& value, const Study& study, Problems& problems);

/// Every init that a stage names: in itself, its axes and its extras.
std::vector<const Value*> inits_of(const Stage& stage);

/// The stages, sources before what starts from them. A circle is an error, told
/// once; the stage in which it is told then comes before its source.
std::vector<std::size_t> stage_order(const Study& study, Problems& problems);

}  // namespace cambium
