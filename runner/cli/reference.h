#pragma once

#include <string>

#include "protocol/messages.h"

namespace cambium {

/// The reference page of all strategies, and of how a stage is trained, in Markdown: docs/strategies.md.
std::string strategies_page(const Description& description);

}  // namespace cambium
