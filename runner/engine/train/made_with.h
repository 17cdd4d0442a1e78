#pragma once

#include <map>
#include <string>

#include "engine/train/checkpoint.h"

namespace cambium {

/// What bits depend on: a run goes on only with the same. `network`: the fingerprint of the file that the network was
/// read from, if it was; `plugins`: SHA-256 of the libraries by the plugins' names.
MadeWith made_with(int threads, const std::string& network, const std::map<std::string, std::string>& plugins);

}  // namespace cambium
