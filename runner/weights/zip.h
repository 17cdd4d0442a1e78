#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "weights/source.h"

namespace cambium {

/// Where a zip's member lies in the file.
struct ZipMember {
  std::size_t begin = 0, size = 0;
  bool stored = true;  ///< as it is, not packed
};

/// The members of a zip (zip64 too) by name, from its central directory. Each lies within the file, before the
/// directory, and apart from the others. Throws Error{Data}.
std::map<std::string, ZipMember> read_zip(const WeightsSource& source);

}  // namespace cambium
