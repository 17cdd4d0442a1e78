#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "page/page.h"

namespace cambium::page {

/// Draws each figure into `folder` as NAME.FORMAT ("pdf", "svg" or "png"), made where it is absent, with the library's
/// Python, and returns the files. Pictures that measures wrote are files already. Throws Error{System} with what
/// Python said.
std::vector<std::filesystem::path> draw(const std::vector<Figure>& figures, const Library& library,
                                        const std::filesystem::path& folder, const std::string& format);

}  // namespace cambium::page
