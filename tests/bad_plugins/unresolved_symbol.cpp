#include "cambium/plugin.h"

// Declared, used, and nowhere defined: only resolving everything finds it.
void defined_nowhere();

CAMBIUM_PLUGIN("unresolved_symbol", "1", registry) {
  defined_nowhere();
  (void)registry;
}
