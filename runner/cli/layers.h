#pragma once

#include <string>

#include "cli/output.h"
#include "plan/resolver.h"

namespace cambium {

/// What of a network that a file says is to be shown.
struct LayersRequest {
  std::string plugin, path;
  std::string units;  ///< empty: the plugin's default
  std::string image;  ///< "3x224x224"; empty: as the file's card says, else that
};

/// Prints the layers of a backbone that takes a `path`: names, shapes, parameters, multiply-adds. Throws Error.
void print_layers(Resolver& resolver, const LayersRequest& request, Format format);

}  // namespace cambium
