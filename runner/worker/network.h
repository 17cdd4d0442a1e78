#pragma once

#include "engine/model/model.h"
#include "protocol/messages.h"

namespace cambium {

/// Runs `model` on an image of the request's shape and adds to `info`, whose plan is known, each layer's output and
/// work, and how many images a batch needs at least. Throws Error{Plugin} where a layer does not take what the one
/// before it gives, where the head does not fit the last, and where a layer that learns cannot run in train mode.
void try_out(Model& model, const NetworkRequest& request, NetworkInfo& info);

}  // namespace cambium
