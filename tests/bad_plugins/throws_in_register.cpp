#include <stdexcept>

#include "cambium/plugin.h"

// What it registered before it threw must not count.
CAMBIUM_PLUGIN("throws_in_register", "1", registry) {
  registry.add_strategy("half_done", "registered before the throw", cambium::Schema(), {});
  throw std::runtime_error("no licence found");
}
