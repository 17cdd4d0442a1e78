#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cambium {

/// A tensor of a network or of a file.
struct TensorShape {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// A tensor of a network, and whether it is to come from the file.
struct WantedTensor {
  TensorShape tensor;
  bool needed = false;
};

/// How a file's tensors go with a network's.
struct Fit {
  std::map<std::string, std::string> from;  ///< the network's name -> the file's, wherever names and shapes agree
  std::vector<std::string> faults;          ///< needed and missing or of another shape, with a near miss suggested
  std::vector<std::string> unknown;         ///< the file's names that the network does not have
};

/// Fits `given` to `wanted`. `own_names`: the network's names for the file's, one each. Where no name agrees and a
/// prefix that all names share ("model.") is all that stands between, it is taken off.
Fit fit_tensors(const std::vector<WantedTensor>& wanted, const std::vector<TensorShape>& given,
                const std::vector<std::string>& own_names);

/// The faults as one text, the first few of many.
std::string fault_text(const std::vector<std::string>& faults);

}  // namespace cambium
