#pragma once

#include <string_view>

namespace cambium::page {

/// The text of runner/page/assets/NAME, which is part of the program.
std::string_view asset(std::string_view name);

}  // namespace cambium::page
