#include "cambium/plugin.h"

CAMBIUM_PLUGIN("duplicate_one", "1", registry) {
  registry.add_strategy("same_name", "registered by two libraries", cambium::Schema(), {});
  registry.add_strategy("only_one", "registered by one", cambium::Schema(), {});
}
