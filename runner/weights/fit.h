#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weights/index.h"

namespace cambium {

using TensorExtents = std::vector<std::int64_t>;

/// A tensor of a network, and whether it is to come from the file.
struct WantedTensor {
  std::string name;
  TensorExtents shape;
  bool needed = false;
};

/// What a network says to the tensors of a file.
struct WantedNetwork {
  std::vector<WantedTensor> tensors;
  /// The network's name for what a public file calls so.
  std::function<std::string(const std::string&)> own_name = [](const std::string& name) { return name; };
  /// Whether a tensor that the network does not have, by the network's name for it, may stand beside the others.
  std::function<bool(const std::string&)> left_alone = [](const std::string&) { return false; };
  /// Whether a tensor of another shape can be made into the one of that name.
  std::function<bool(const std::string&, const TensorExtents&)> adapts = [](const auto&, const auto&) { return false; };
};

/// A tensor that is offered.
struct GivenTensor {
  std::string name;
  TensorExtents shape;
  std::size_t place = 0;                           ///< which of GivenTensors::places
  std::pair<std::size_t, std::size_t> bytes = {};  ///< file and first byte: two that agree in it are one
  std::string unread = {};                         ///< its type, where that is not read
  bool buffer = false;                             ///< known to be none that learns
};

struct GivenTensors {
  std::vector<std::string> places = {""};  ///< keys of the dictionaries that they are in, the likeliest first
  std::vector<GivenTensor> tensors;
};

/// What a file offers, its numbers left aside.
GivenTensors given_tensors(const WeightsIndex& index);

/// Which of a file's tensors a study wants, where it says so.
struct WeightsChoice {
  std::optional<std::string> key;     ///< of the dictionary: "state_dict_ema"
  std::optional<std::string> prefix;  ///< of the names: "encoder_q."
  bool operator==(const WeightsChoice&) const = default;
  explicit operator bool() const { return key || prefix; }
};

/// How a file's tensors go with a network's.
struct Fit {
  std::map<std::string, std::size_t> from;  ///< the network's name -> place in GivenTensors::tensors
  std::vector<std::string> faults;          ///< needed and missing or of another shape, with a near miss suggested
  std::string hint;                         ///< what to do about the faults; empty: nothing that is known here
  std::set<std::string> taken;              ///< the network's names of those that are needed
  std::set<std::string> adapted;            ///< and of those that are of another shape in the file
  std::string key, prefix;                  ///< the dictionary, and what stands before the names in it
  std::vector<std::string> notes;           ///< what was chosen where it could have been otherwise
};

/// Fits `given` to `wanted`: the largest set of tensors in one dictionary and below one prefix ("model.") that fits. An
/// averaged copy beside the network is left alone and told of; other networks that fit as well are a fault which
/// `choice` settles.
Fit fit_tensors(const WantedNetwork& wanted, const GivenTensors& given, const WeightsChoice& choice = {});

/// The faults as one text, the first few of many.
std::string fault_text(const std::vector<std::string>& faults);

}  // namespace cambium
